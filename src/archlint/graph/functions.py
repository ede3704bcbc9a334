"""The intrinsic functions in the resources of the templates: found in one walk, for everybody who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archlint.template.model import Resource, Template, TemplatePath

TEXT = ""
"""Instead of a function's name: a text that may hold a dynamic reference or a Proton expression."""

Function: TypeAlias = "tuple[str, Any, TemplatePath]"
"""Name, argument and path. Of `Ref` the argument is a string, of `Fn::GetAtt` a list that begins with one."""
Found: TypeAlias = list[Function]
"""In the order of the template, but a `Sub` behind what its variables are."""


class Functions:
    """Finds the functions that name something, and remembers those of each resource."""

    def __init__(self) -> None:
        self._written: dict[int, Found] = {}
        self._added: dict[int, Found] = {}
        self._walks: dict[int, _Walk] = {}

    def of(self, template: Template, resource: Resource) -> Sequence[Function]:
        """Those of a resource as it is written: of its properties, but metadata and update policies may refer too."""
        found = self._written.get(id(resource))
        if found is None:
            whole = resource.body or resource.properties
            found = self._written[id(resource)] = []
            self._walk(template).items(whole.items(), resource.declared_at.path, found)
        return found

    def added_to(self, template: Template, resource: Resource) -> Sequence[Function]:
        """Those that lowering added to a resource: of `Globals`, and of what SAM puts in place of a property."""
        properties, body = resource.properties, resource.body
        if not body or properties is (written := body.get("Properties")):
            return ()
        found = self._added.get(id(resource))
        if found is None:
            known = set(map(id, written.values())) if isinstance(written, dict) else ()
            added = [(name, value) for name, value in properties.items() if id(value) not in known]
            found = self._added[id(resource)] = []
            self._walk(template).items(added, (*resource.declared_at.path, "Properties"), found)
        return found

    def inside(self, template: Template, value: Any, path: TemplatePath) -> Found:
        """Those of a value that stands at this path of the template."""
        found: Found = []
        self._walk(template).value(value, path, found)
        return found

    def _walk(self, template: Template) -> _Walk:
        walk = self._walks.get(id(template))
        if walk is None:
            # Texts matter only where a dynamic reference or a Proton expression can stand in them.
            has_proton = template.proton is not None and bool(template.proton.expressions)
            walk = self._walks[id(template)] = _Walk(with_texts=has_proton or "{{resolve:" in template.document.text)
        return walk


class _Walk:
    """Goes through values."""

    __slots__ = ("_with_texts",)

    def __init__(self, *, with_texts: bool) -> None:
        self._with_texts = with_texts

    def value(self, value: Any, path: TemplatePath, found: Found) -> None:
        kind = type(value)
        if kind is dict:
            if len(value) == 1:
                [(name, argument)] = value.items()
                if name in _READERS:
                    _READERS[name](self, name, argument, path, found)
                    return
            self.items(value.items(), path, found)
        elif kind is list:
            self.items(enumerate(value), path, found)
        elif kind is str and self._with_texts:
            found.append((TEXT, value, path))

    def items(self, items: Iterable[tuple[str | int, Any]], path: TemplatePath, found: Found) -> None:
        """The values of a mapping or list; like `value` for each, which would be one call more for each."""
        with_texts = self._with_texts
        for key, item in items:
            kind = type(item)
            if kind is str:
                if with_texts:
                    found.append((TEXT, item, (*path, key)))
            elif kind is dict:
                if len(item) == 1:
                    [(name, argument)] = item.items()
                    reader = _READERS.get(name)
                    if reader is not None:
                        reader(self, name, argument, (*path, key), found)
                        continue
                self.items(item.items(), (*path, key), found)
            elif kind is list:
                self.items(enumerate(item), (*path, key), found)


def _ref(_walk: _Walk, name: str, argument: Any, path: TemplatePath, found: Found) -> None:
    if type(argument) is str:
        found.append((name, argument, path))


def _get_att(walk: _Walk, name: str, argument: Any, path: TemplatePath, found: Found) -> None:
    if type(argument) is str:
        argument = argument.split(".", 1)
    if type(argument) is not list or not argument or type(argument[0]) is not str:
        return
    found.append((name, argument, path))
    for item in argument[1:]:
        if type(item) is dict:
            walk.value(item, path, found)


def _sub(walk: _Walk, name: str, argument: Any, path: TemplatePath, found: Found) -> None:
    if type(argument) is list:
        variables = next((item for item in argument if isinstance(item, dict)), None)
        if variables:
            walk.items(variables.items(), (*path, name, argument.index(variables)), found)
    elif type(argument) is not str:
        return
    found.append((name, argument, path))


def _keyed(walk: _Walk, name: str, argument: Any, path: TemplatePath, found: Found) -> None:
    found.append((name, argument, path))
    walk.value(argument, (*path, name), found)


_READERS: dict[str, Callable[[_Walk, str, Any, TemplatePath, Found], None]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::If": _keyed,
    "Fn::FindInMap": _keyed,
    "Fn::ImportValue": _keyed,
}
