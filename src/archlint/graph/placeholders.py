"""Parameters whose default stands for "not given": a condition of the template tells it from a value that is.

`PermissionsBoundary: {Default: none}` with `UseBoundary: !Not [!Equals [!Ref PermissionsBoundary, none]]` names no
policy called `none`: wherever the parameter is used as a name, somebody has given one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.graph.text import Hole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.stacks import Stack
    from archlint.template.model import Json, Template


_NONE = re.compile(r"(?i)(?:none)+|null|n/?a|nil|unset|undefined|not[-_ ]?(?:set|given|used)")


# What asks to be replaced: `<your-bucket>`, `Insert_your_Kb_id`, `changeme`.
_TO_BE_REPLACED = re.compile(
    r"(?i)<[^<>]+>|(?:insert|enter|replace|put|type)[-_ ](?:your|me|this|with|the)[^@.:/]*"
    r"|your[-_ ][^@.:/]*|change[-_ ]?me"
)


def is_none(value: str) -> bool:
    """True for words that say "nothing" or "fill me in" by themselves: no name is made with them."""
    return _NONE.fullmatch(value) is not None or _TO_BE_REPLACED.fullmatch(value) is not None


class Placeholders:
    """Answers whether a parameter's value is such a default; remembers it per template."""

    def __init__(self) -> None:
        self._known: dict[int, frozenset[str]] = {}

    def unset(self, stack: Stack, name: str) -> Hole | None:
        """The parameter that a name comes from when nothing but such a default is known of it, else None.

        A parameter that the parent sets to one of its own is that one.
        """
        found = False
        while True:
            found |= name in self._of(stack.template) or _is_empty(stack, name)
            passed = stack.arguments.get(name) if stack.parent is not None else None
            if passed is None:
                break
            outer = passed.get("Ref") if isinstance(passed, dict) and len(passed) == 1 else None
            if stack.parent is None or not isinstance(outer, str) or outer in stack.parent.nodes:
                return None
            stack, name = stack.parent, outer
        return Hole(name, stack.id) if found and not _is_given(stack, name) else None

    def _of(self, template: Template) -> frozenset[str]:
        known = self._known.get(id(template))
        if known is None:
            parameters = template.section("Parameters")
            compared = _compared(template.section("Conditions")) if parameters else ()
            known = frozenset(
                name
                for name, other in compared
                if isinstance(declared := parameters.get(name), dict) and str(declared.get("Default")) == other
            )
            self._known[id(template)] = known
        return known


def _is_given(stack: Stack, name: str) -> bool:
    """False also when a parameter file repeats the default: that deployment goes without."""
    declared = stack.template.section("Parameters").get(name)
    default = declared.get("Default") if isinstance(declared, dict) else None
    return name in stack.given and str(stack.given[name]) != str(default)


def _is_empty(stack: Stack, name: str) -> bool:
    """True for a parameter that is empty by default or asks to be filled in: somebody gives it."""
    declared = stack.template.section("Parameters").get(name)
    default = declared.get("Default") if isinstance(declared, dict) else None
    return isinstance(default, str) and (not default or _TO_BE_REPLACED.fullmatch(default) is not None)


def _compared(conditions: Json) -> Iterator[tuple[str, str]]:
    """Parameters with the plain strings that they are compared with."""
    pending: list[Any] = [conditions]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            sides = item.get("Fn::Equals")
            if isinstance(sides, list) and len(sides) == 2:
                for one, other in (sides, sides[::-1]):
                    name = _parameter(one)
                    if name is not None and isinstance(other, (str, int, float)):
                        yield name, str(other)
            else:
                pending.extend(item.values())


def _parameter(value: Any) -> str | None:
    """The name in `Ref`, also of a list that is joined to be compared."""
    if isinstance(value, dict) and len(value) == 1:
        join = value.get("Fn::Join")
        name = value.get("Ref")
        if isinstance(join, list) and len(join) == 2:
            return _parameter(join[1])
        return name if isinstance(name, str) else None
    return None
