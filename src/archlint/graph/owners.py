"""Owners (teams) and services of stacks: what configuration, metadata, tags and CODEOWNERS say, and no guess."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from archlint.graph.codeowners import FILE_NAME, FOLDERS, CodeOwners, find_code_owners
from archlint.reads import looked_for
from archlint.template.discover import is_checkout, relative_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pathspec import GitIgnoreSpec

    from archlint.graph.link import LinkSettings
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.template.model import Json

    Literal: TypeAlias = Callable[[Stack, Json], Any]
    """The plain value of a template value, None when it is not known."""

# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/metadata-section-structure.html
CONTEXT = "com.aws.cloudformation.Context"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TAG_PROPERTIES = ("Tags", "UserPoolTags", "FileSystemTags", "HostedZoneTags")


class Owners:
    """Says who owns a stack or a resource; None when nobody says so.

    The first of these that answers: the configuration, Context metadata, tags, CODEOWNERS, Proton's division of
    labour; a nested stack of which nothing is said belongs to its parent's owner.
    """

    def __init__(self, settings: LinkSettings, literal: Literal) -> None:
        self._settings = settings
        self._literal = literal
        self._owner_globs = _globs(settings.owners)
        self._service_globs = _globs(settings.services)
        self._non_production = _globs(tuple((pattern, "") for pattern in settings.non_production))
        self._codeowners: dict[str, CodeOwners | None] = {}
        self._repositories: dict[str, str | None] = {}
        self._top = _top(settings.root)

    def assign(self, stack: Stack) -> None:
        """Sets owner, service and production of the stack, and the owner of its nodes; parents come first."""
        template = stack.template
        name = self._glob_name(stack)
        configured = _first(self._owner_globs, name)
        stack.owner = (
            configured
            or _context_owner(template.source)
            or self._team(stack, self._stack_tag(stack))
            or self._of_codeowners(template.document.path)
            or _proton_role(stack)
        )
        if stack.owner is None and stack.parent is not None:
            stack.owner = stack.parent.owner
        stack.service = _first(self._service_globs, name) or stack.root.folder or stack.root.template.name
        named = [name, stack.nested_id or ""]
        stack.non_production = any(_first(self._non_production, item) is not None for item in named if item)
        tagged = not configured and self._may_tag(template.document.text)
        for node in stack.nodes.values():
            node.owner = (self._team(stack, self._node_tag(node)) if tagged else None) or stack.owner

    def _team(self, stack: Stack, tag: str | None) -> str | None:
        """The owner in a tag. An e-mail address is a contact: where CODEOWNERS names the team, it is that team's."""
        is_contact = tag is not None and _ADDRESS.fullmatch(tag) is not None
        return self._of_codeowners(stack.template.document.path) or tag if is_contact else tag

    def _glob_name(self, stack: Stack) -> str:
        base = self._settings.glob_root
        if base is None or base == self._settings.root:
            return stack.template.name
        return relative_name(stack.template.document.path, base)

    def _stack_tag(self, stack: Stack) -> str | None:
        """The owner that the stack is tagged with: by its parent, by the deployment, or resource by resource."""
        if stack.parent is not None and stack.nested_id is not None:
            given = self._node_tag(stack.parent.nodes[stack.nested_id])
            if given is not None:
                return given
        deployed = self._tag(stack, self._settings.stack_tags.get(stack.template.name))
        return deployed or self._common_tag(stack)

    def _common_tag(self, stack: Stack) -> str | None:
        """The one owner that resources name, when all of a type do if one does: a single tagged one owns no stack."""
        if not self._may_tag(stack.template.document.text):
            return None
        owners: dict[str, set[str | None]] = {}
        for node in stack.nodes.values():
            owners.setdefault(node.type, set()).add(self._node_tag(node))
        named = [found for found in owners.values() if found != {None}]
        distinct = {owner for found in named for owner in found}
        return distinct.pop() if len(distinct) == 1 else None

    def _may_tag(self, text: str) -> bool:
        """False for most templates: every name of a tag property has `Tags` in it, and a tag its key."""
        return "Tags" in text and any(key in text for key in self._settings.owner_tags)

    def _node_tag(self, node: Node) -> str | None:
        """The owner in the tags of a resource, or of the SAM resource that it was made from."""
        stack = node.stack
        if stack is None:
            return None
        for name in _TAG_PROPERTIES:
            found = self._tag(stack, node.properties.get(name))
            if found is not None:
                return found
        maker = stack.nodes.get(node.generated_by) if node.generated_by is not None else None
        return self._node_tag(maker) if maker is not None and maker is not node and not maker.generated_by else None

    def _tag(self, stack: Stack, tags: Json | Mapping[str, str]) -> str | None:
        if not tags:
            return None
        given: dict[Any, Json] = {}
        if isinstance(tags, list):
            for tag in tags:
                if isinstance(tag, dict) and isinstance(tag.get("Key"), str):
                    given[tag["Key"]] = tag.get("Value")
        elif isinstance(tags, dict):
            given = dict(tags)
        values = (given[key] for key in self._settings.owner_tags if key in given)
        plain = (value if isinstance(value, str) else self._literal(stack, value) for value in values)
        return next((value for value in plain if isinstance(value, str) and value), None)

    def _of_codeowners(self, path: Path) -> str | None:
        text = str(path)
        top = self._repository(os.path.dirname(text))  # noqa: PTH120 - one call for each template
        if top is None:
            return None
        if top not in self._codeowners:
            self._codeowners[top] = find_code_owners(Path(top))
        found = self._codeowners[top]
        return found.owner(text[len(top) + 1 :].replace(os.sep, "/")) if found is not None else None

    def _repository(self, folder: str) -> str | None:
        """The nearest folder at or above this one that has a CODEOWNERS, inside the checkout or the run's root."""
        known = self._repositories.get(folder, "")
        if known != "":
            return known
        found: str | None = None
        above = os.path.dirname(folder)  # noqa: PTH120
        # The file in `docs/` speaks for the folder above it.
        places = [place for place in FOLDERS if place or os.path.basename(folder) not in FOLDERS]  # noqa: PTH119
        may_hold = self._settings.folders.may_hold
        if any(
            may_hold(folder, place or FILE_NAME) and _is_file(os.path.join(folder, place, FILE_NAME))  # noqa: PTH118
            for place in places
        ):
            found = folder
        elif folder not in (self._top, above):
            found = self._repository(above)
        self._repositories[folder] = found
        return found


def _is_file(path: str) -> bool:
    looked_for(path)
    return os.path.isfile(path)  # noqa: PTH113 - one call for each folder


def _top(root: Path) -> str:
    """The checkout that the run's root lies in, or the root itself."""
    return str(next((folder for folder in (root, *root.parents) if is_checkout(folder)), root))


def _globs(pairs: tuple[tuple[str, str], ...]) -> list[tuple[GitIgnoreSpec, str]]:
    if not pairs:
        return []
    from pathspec import GitIgnoreSpec

    return [(GitIgnoreSpec.from_lines([pattern]), value) for pattern, value in pairs]


def _first(globs: list[tuple[GitIgnoreSpec, str]], name: str) -> str | None:
    return next((value for spec, value in globs if spec.match_file(name)), None)


def _context_owner(source: dict[str, Any]) -> str | None:
    metadata = source.get("Metadata")
    context = metadata.get(CONTEXT) if isinstance(metadata, dict) else None
    owner = context.get("owner") if isinstance(context, dict) else None
    return owner if isinstance(owner, str) else None


def _proton_role(stack: Stack) -> str | None:
    """Administrators author environment and service templates, developers author components.

    https://docs.aws.amazon.com/proton/latest/userguide/ag-template-authoring.html
    """
    proton = stack.template.proton
    if proton is None:
        return None
    return "developer" if proton.bundle.kind == "component" else "platform"
