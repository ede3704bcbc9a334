"""`Metadata: {archlint: {ignore: [{id, reason}]}}` of a resource or of the whole template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.findings import Location
from archlint.suppressions.comments import id_complaint, is_rule_id
from archlint.suppressions.model import Malformed, Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.document import Document
    from archlint.template.model import TemplatePath

_SPELLING = "Metadata: {archlint: {ignore: [{id: EVT101, reason: …}]}}"


def metadata_marks(document: Document) -> Iterator[Mark | Malformed]:
    """The suppressions in a document's Metadata sections, in order."""
    data = document.data
    if not isinstance(data, dict):
        return
    yield from _section(document, data, (), None)
    resources = data.get("Resources")
    if isinstance(resources, dict):
        for logical_id, resource in resources.items():
            if isinstance(resource, dict) and "Metadata" in resource:
                yield from _section(document, resource, ("Resources", str(logical_id)), str(logical_id))


def _section(
    document: Document, holder: dict[str, Any], start: TemplatePath, logical_id: str | None
) -> Iterator[Mark | Malformed]:
    metadata = holder.get("Metadata")
    if not isinstance(metadata, dict) or "archlint" not in metadata:
        return
    path: TemplatePath = (*start, "Metadata", "archlint")
    ours = metadata["archlint"]
    if not isinstance(ours, dict) or "ignore" not in ours:
        yield _malformed(document, path, f"nothing is ignored here: {_SPELLING}")
        return
    for key in ours:
        if key != "ignore":
            yield _malformed(document, (*path, str(key)), f"unknown key `{key}`: {_SPELLING}")
    entries = ours["ignore"]
    if not isinstance(entries, list):
        yield _malformed(document, (*path, "ignore"), f"`ignore` must be a list: {_SPELLING}")
        return
    for index, entry in enumerate(entries):
        yield _entry(document, (*path, "ignore", index), entry, logical_id)


def _entry(document: Document, path: TemplatePath, entry: Any, logical_id: str | None) -> Mark | Malformed:
    if not isinstance(entry, dict):
        return _malformed(document, path, f"an entry must be a mapping: {_SPELLING}")
    for key in entry:
        if key not in ("id", "reason"):
            return _malformed(document, (*path, str(key)), f"unknown key `{key}`: {_SPELLING}")
    rule_id, reason = entry.get("id"), entry.get("reason")
    if not isinstance(rule_id, str) or not is_rule_id(rule_id):
        return _malformed(document, path, id_complaint(rule_id if isinstance(rule_id, str) else ""))
    if not isinstance(reason, str) or not reason.strip():
        return _malformed(document, path, f"the reason is missing: {_SPELLING}")
    location = Location(document.name, document.region((*path, "id"), "value"), logical_id)
    return Mark(rule_id, " ".join(reason.split()), location, logical_id=logical_id)


def _malformed(document: Document, path: TemplatePath, message: str) -> Malformed:
    return Malformed(message, Location(document.name, document.region(path)))
