"""Owners (teams) and services of stacks: what configuration, metadata, tags and CODEOWNERS say, and no guess."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlint.template.discover import relative_name

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

    from archlint.graph.link import LinkSettings
    from archlint.graph.stacks import Stack

# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/metadata-section-structure.html
CONTEXT = "com.aws.cloudformation.Context"
CODEOWNERS_FOLDERS = ("", ".github", ".gitlab", "docs")


class Owners:
    """Says who owns a stack or a resource; None when nobody says so."""

    def __init__(self, settings: LinkSettings) -> None:
        self._settings = settings
        self._owner_globs = _globs(settings.owners)
        self._service_globs = _globs(settings.services)
        self._non_production = _globs(tuple((pattern, "") for pattern in settings.non_production))
        self._codeowners: dict[str, list[tuple[GitIgnoreSpec, str | None]]] = {}
        self._tag_keys = settings.owner_tags
        self._repositories: dict[str, str | None] = {}
        self._top = _top(settings.root)

    def assign(self, stack: Stack) -> None:
        """Sets owner, service and production of the stack, and the owner of its nodes."""
        template = stack.template
        name = self._glob_name(stack)
        stack.owner = (
            _first(self._owner_globs, name)
            or _context_owner(template.source)
            or self._stack_tags(stack)
            or self._of_codeowners(template.document.path)
            or _proton_role(stack)
        )
        if stack.owner is None and stack.parent is not None:
            stack.owner = stack.parent.owner
        stack.service = _first(self._service_globs, name) or stack.root.folder or stack.root.template.name
        named = [name, stack.nested_id or ""]
        stack.non_production = any(_first(self._non_production, item) is not None for item in named if item)
        configured = bool(self._owner_globs) and _first(self._owner_globs, name) is not None
        for node in stack.nodes.values():
            tagged = None if configured else self._tag(node.properties.get("Tags"))
            node.owner = tagged or stack.owner

    def _glob_name(self, stack: Stack) -> str:
        base = self._settings.glob_root
        if base is None or base == self._settings.root:
            return stack.template.name
        return relative_name(stack.template.document.path, base)

    def _stack_tags(self, stack: Stack) -> str | None:
        """The owner that every tagged resource of the template names, or that the parent tags the nested stack with."""
        if stack.parent is not None and stack.nested_id is not None:
            given = self._tag(stack.parent.nodes[stack.nested_id].properties.get("Tags"))
            if given is not None:
                return given
        globals_section = stack.template.source.get("Globals")
        function = globals_section.get("Function") if isinstance(globals_section, dict) else None
        named = self._tag(function.get("Tags")) if isinstance(function, dict) else None
        if named is not None:
            return named
        owners = {owner for node in stack.nodes.values() if (owner := self._tag(node.properties.get("Tags")))}
        return owners.pop() if len(owners) == 1 else None

    def _tag(self, tags: Any) -> str | None:
        if isinstance(tags, dict):
            found = [tags.get(key) for key in self._tag_keys]
        elif isinstance(tags, list):
            given = {
                tag["Key"]: tag.get("Value")
                for tag in tags
                if isinstance(tag, dict) and isinstance(tag.get("Key"), str)
            }
            found = [given.get(key) for key in self._tag_keys]
        else:
            return None
        return next((value for value in found if isinstance(value, str) and value), None)

    def _of_codeowners(self, path: Path) -> str | None:
        text = str(path)
        top = self._repository(os.path.dirname(text))  # noqa: PTH120 - one call for each template
        if top is None:
            return None
        if top not in self._codeowners:
            self._codeowners[top] = _read_codeowners(Path(top))
        relative = text[len(top) + 1 :].replace(os.sep, "/")
        owner = None
        for spec, owners in self._codeowners[top]:  # the last match wins
            if spec.match_file(relative):
                owner = owners
        return owner

    def _repository(self, folder: str) -> str | None:
        """The nearest folder at or above this one that has a CODEOWNERS, inside the checkout or the run's root."""
        known = self._repositories.get(folder, "")
        if known != "":
            return known
        found: str | None = None
        if any(os.path.isfile(os.path.join(folder, place, "CODEOWNERS")) for place in CODEOWNERS_FOLDERS):  # noqa: PTH113, PTH118
            found = folder
        elif folder != self._top and os.path.dirname(folder) != folder:  # noqa: PTH120
            found = self._repository(os.path.dirname(folder))  # noqa: PTH120
        self._repositories[folder] = found
        return found


def _top(root: Path) -> str:
    """The checkout that the run's root lies in, or the root itself."""
    return str(next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root))


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


def _read_codeowners(top: Path) -> list[tuple[GitIgnoreSpec, str | None]]:
    from pathspec import GitIgnoreSpec

    for place in CODEOWNERS_FOLDERS:
        try:
            text = (top / place / "CODEOWNERS").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        rules: list[tuple[GitIgnoreSpec, str | None]] = []
        section_owners: list[str] = []
        for line in text.splitlines():
            words = line.split("#")[0].split() if not line.startswith("[") and not line.startswith("^[") else []
            if line.startswith(("[", "^[")):  # GitLab sections may carry default owners
                section_owners = [word for word in line.partition("]")[2].split() if "@" in word]
                continue
            if words:
                owners = [word for word in words[1:] if "@" in word] or section_owners
                rules.append((GitIgnoreSpec.from_lines([words[0]]), team_name(owners)))
        return rules
    return []


def team_name(owners: list[str]) -> str | None:
    """The name shown for code owners: `@org/orders` is `orders`; several are one joint owner; none is nobody."""
    names = sorted({owner.lstrip("@").rpartition("/")[2] for owner in owners})
    return " + ".join(names) if names else None
