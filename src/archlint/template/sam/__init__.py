"""Templates to resources: plain CloudFormation as it is, AWS SAM as the resources that it makes.

Logical IDs and types are those of `aws-sam-translator`, except that deployments, versions and layers keep their
stem without the hash of their content. Values keep the user's own intrinsic functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.template.model import Body, Place, Resource, TemplatePath

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.template.document import Document

SAM_PREFIX = "AWS::Serverless::"


def lower(
    source: Body,
    document: Document,
    place: Callable[[TemplatePath], Place] | None = None,
    conditions: Body | None = None,
) -> dict[str, Resource]:
    """All resources of a parsed template by logical ID, in the order of the document.

    What SAM makes of a resource follows right behind it and names it in `generated_by`. `place` says where the value
    at a path of `source` was really written. `conditions` takes the conditions that SAM adds to the template; without
    it, resources that would need one are unconditional. Entries that are no resources are left out; a SAM resource
    that cannot be lowered stays as it is. Never raises on odd input, and never changes `source`.
    """
    written = source.get("Resources")
    if not isinstance(written, dict):
        return {}
    found: dict[str, Resource] = {}
    is_sam = False
    for logical_id, body in written.items():
        if not isinstance(body, dict):
            continue
        kind = body.get("Type")
        if not isinstance(kind, str):
            continue
        path = ("Resources", logical_id)
        properties = body.get("Properties")
        condition = body.get("Condition")
        resource = Resource(
            logical_id,
            kind,
            properties if isinstance(properties, dict) else {},
            place(path) if place is not None else Place(document, path),
            condition if isinstance(condition, str) else None,
            _names(body["DependsOn"]) if "DependsOn" in body else (),
            body,
        )
        found[logical_id] = resource
        is_sam = is_sam or kind.startswith(SAM_PREFIX)
    if not is_sam:
        return found

    def locate(path: TemplatePath) -> Place:
        return Place(document, path)

    from archlint.template.sam.translate import translate

    return translate(source, found, place or locate, conditions)


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
