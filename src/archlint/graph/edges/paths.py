"""Walking template data along property paths, through `Fn::If` and lists, whatever shape it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.model import Body, Json, TemplatePath

Steps: TypeAlias = tuple[str, ...]

EACH = "[]"
"""Step: every item of a list. A list that is an intrinsic function or a single item stands for itself."""
ANY = "*"
"""Step: every value of a mapping."""

_NO_VALUE = {"Ref": "AWS::NoValue"}
# An If inside an If inside an If … is bounded so that a hostile template cannot exhaust the stack.
_MAX_DEPTH = 60


def steps(path: str) -> Steps:
    """`VpcConfig.SubnetIds[]` as steps; `.` and the empty path are the value itself."""
    found: list[str] = []
    for word in path.split("."):
        name, bracket, _ = word.partition(EACH)
        if name:
            found.append(name)
        if bracket:
            found.append(EACH)
    return tuple(found)


def branches(value: Json, path: TemplatePath = (), depth: int = 0) -> Iterator[tuple[TemplatePath, Any]]:
    """The value, or each branch of an `Fn::If` (also nested) with its path; `AWS::NoValue` and null are left out."""
    if isinstance(value, dict) and len(value) == 1:
        if _is_choice(value):
            choice: Any = value["Fn::If"]
            if depth < _MAX_DEPTH:
                yield from branches(choice[1], (*path, "Fn::If", 1), depth + 1)
                yield from branches(choice[2], (*path, "Fn::If", 2), depth + 1)
            return
        if value == _NO_VALUE:
            return
    if value is not None:
        yield path, value


def _chooses(value: Body) -> bool:
    """True for what `branches` replaces."""
    return _is_choice(value) or value == _NO_VALUE


def _is_choice(value: Body) -> bool:
    if "Fn::If" not in value:
        return False
    choice = value["Fn::If"]
    return isinstance(choice, list) and len(choice) == 3


def follow(value: Json, path: Steps, at: TemplatePath = ()) -> list[tuple[TemplatePath, Any]]:
    """Every value that these steps lead to, with its template path."""
    found: list[tuple[TemplatePath, Any]] = []
    _walk(value, path, 0, at, found)
    return found


def _walk(value: Any, path: Steps, index: int, at: TemplatePath, found: list[tuple[TemplatePath, Any]]) -> None:
    """Collects into `found`. A loop where the way is straight: this runs for every property that may name something."""
    for step in path[index:] if index else path:
        kind = type(value)
        if kind is dict and len(value) == 1 and _chooses(value):
            break
        index += 1
        if (kind is list and step == EACH) or (kind is dict and step == ANY):
            for key, item in value.items() if kind is dict else enumerate(value):
                _walk(item, path, index, (*at, key), found)
            return
        if step != EACH:
            if kind is not dict:
                return
            value = value.get(step)
            at = (*at, step)
    if type(value) is dict and len(value) == 1 and _chooses(value):
        for here, branch in branches(value, at):
            _walk(branch, path, index, here, found)
    elif value is not None:
        found.append((at, value))


def mappings(value: Json, *path: str) -> Iterator[tuple[TemplatePath, Body]]:
    """The mappings among the values that these steps lead to."""
    for here, found in follow(value, path):
        if isinstance(found, dict):
            yield here, found


def first_text(body: Body, *path: str) -> str | None:
    """The first plain string that these steps lead to."""
    return next((found for _, found in follow(body, path) if isinstance(found, str)), None)
