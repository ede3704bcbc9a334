"""The `Globals` section: merged into each resource, with a note of what came from there.

Mappings merge deep, lists are concatenated (Globals first), anything else is overridden by the resource.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from archlint.template.model import Body, Place, TemplatePath
from archlint.template.sam.intrinsics import is_intrinsic, mapping

Locate: TypeAlias = Callable[[TemplatePath], Place]
"""Where the value at a template path was really written."""

Origins: TypeAlias = dict[TemplatePath, Place]

# The exceptions that SAM makes from its own rules.
_REPLACED: frozenset[tuple[str, TemplatePath]] = frozenset(
    {
        ("Function", ("Architectures",)),
        ("CapacityProvider", ("InstanceRequirements", "Architectures")),
    }
)
_PREFIX = "AWS::Serverless::"


class Globals:
    """The `Globals` of one template, by resource type."""

    def __init__(self, source: Body, locate: Locate) -> None:
        self._sections = mapping(source.get("Globals"))
        self._locate = locate
        self._shared: dict[str, Origins] = {}

    def merge(self, kind: str, own: Body, base: TemplatePath, ignored: Any = None) -> tuple[Body, Origins]:
        """The properties of a resource of this SAM type, and where those that it does not hold itself are written.

        `base` is the path of `own`; `ignored` is the resource's `IgnoreGlobals`.
        """
        section = kind.removeprefix(_PREFIX)
        given = mapping(self._sections.get(section))
        if not given or ignored == "*":
            return own, {}
        if isinstance(ignored, list):
            given = {key: value for key, value in given.items() if key not in ignored}
        shared = self._origins(section, given) if ignored is None else self._made(section, given)
        both = given.keys() & own.keys()
        merged = {**given, **own}
        if not both:
            return merged, shared
        origins = {path: place for path, place in shared.items() if path[0] not in own}
        merge = _Merge(section, base, self._locate, origins)
        for key in given:
            if key in both:
                merged[key] = merge.value(given[key], own[key], (key,))
        return merged, origins

    def _origins(self, section: str, given: Body) -> Origins:
        known = self._shared.get(section)
        if known is None:
            known = self._shared[section] = self._made(section, given)
        return known

    def _made(self, section: str, given: Body) -> Origins:
        return {(key,): self._locate(("Globals", section, key)) for key in given}


class _Merge:
    """Joins one value from Globals with the resource's own and notes what came from Globals."""

    def __init__(self, section: str, base: TemplatePath, locate: Locate, origins: Origins) -> None:
        self.section = section
        self.base = base
        self.locate = locate
        self.origins = origins

    def value(self, given: Any, own: Any, path: TemplatePath) -> Any:
        if (self.section, path) in _REPLACED:
            return own
        if isinstance(given, list) and isinstance(own, list):
            return self._joined(given, own, path)
        if isinstance(given, dict) and isinstance(own, dict) and not (is_intrinsic(given) or is_intrinsic(own)):
            if self.section == "CapacityProvider" and path == ("ManagedResourceTags",):
                given = {key: value for key, value in given.items() if key in own} if own else given
            return self._united(given, own, path)
        return own

    def _united(self, given: Body, own: Body, path: TemplatePath) -> Body:
        merged = {**given, **own}
        for key, value in given.items():
            below = (*path, key)
            if key in own:
                merged[key] = self.value(value, own[key], below)
            else:
                self.origins[below] = self.locate(("Globals", self.section, *below))
        return merged

    def _joined(self, given: list[Any], own: list[Any], path: TemplatePath) -> list[Any]:
        for index in range(len(given)):
            self.origins[(*path, index)] = self.locate(("Globals", self.section, *path, index))
        for index in range(len(own)):
            self.origins[(*path, len(given) + index)] = self.locate((*self.base, *path, index))
        return [*given, *own]


def place_within(origins: Mapping[TemplatePath, Place], path: TemplatePath) -> Place | None:
    """Where the value at `path` is written, when `origins` knows it or something that holds it."""
    for length in range(len(path), 0, -1):
        origin = origins.get(path[:length])
        if origin is not None:
            return Place(origin.document, origin.path + path[length:])
    return None
