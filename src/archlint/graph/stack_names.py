"""Names that another stack makes with its own name: `ais-main-Queue` is its `${AWS::StackName}-Queue`.

What the deployed stack is called stands in no template. It is taken for the beginning of a name when a parameter of
the asking template says so (`MainStackName: {Default: ais-main}`, `${CoreStackName}-Queue`) or when it has the name of
the folder or file of the other template, and when one stack of the run alone has a name that goes on like that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from archlint.graph.stacks import closest
from archlint.graph.text import Hole, Part, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack

_STACK_NAME = "AWS::StackName"
_WORD = re.compile(r"[^\W_]+")
_SAYS_STACK = re.compile(r"(?i)stack")
_SEPARATORS = "-_/.:"
Key = tuple[Part, ...]
Index: TypeAlias = "dict[str, list[tuple[Key, Sequence[Node]]]]"


def by_end(names: Mapping[Key, Sequence[Node]]) -> Index:
    """The names that have the name of their stack in them, by what stands behind it."""
    found: Index = {}
    for key, nodes in names.items():
        end = key[-1] if len(key) in (2, 3) and any(map(_is_stack_name, key[:2])) else None
        if isinstance(end, str):
            found.setdefault(end, []).append((key, nodes))
    return found


def of_other_stack(stack: Stack, name: Key, index: Index) -> Node | None:
    """The resource of another stack whose name, with that stack's name in it, is `name`."""
    if not index or not name or not all(isinstance(part, (str, Hole)) for part in name):
        return None
    last = name[-1]
    if not isinstance(last, str):
        return None
    # A name that is all text can end wherever a separator stands in it.
    starts = [start for start, letter in enumerate(last) if letter in _SEPARATORS] if len(name) == 1 else [0]
    found = [
        node
        for start in starts
        for key, nodes in index.get(last[start:], ())
        if (beginning := _beginning(name, key)) is not None
        for node in nodes
        if node.stack is not None and node.stack is not stack and _names(stack, node.stack, beginning)
    ]
    return closest(stack, found, lambda node: node.stack)


def _is_stack_name(part: Part) -> bool:
    return isinstance(part, Hole) and part.name == _STACK_NAME


def _beginning(name: Key, key: Key) -> Part | None:
    """What stands in `name` where `key` has the name of its stack, when all else is the same."""
    lead, rest = ("", key) if key and isinstance(key[0], Hole) else (key[0] if key else "", key[1:])
    if not rest or not isinstance(rest[0], Hole) or rest[0].name != _STACK_NAME or not isinstance(lead, str):
        return None
    if lead.strip(_SEPARATORS) or len(rest) != 2 or not isinstance(rest[1], str):  # no more than a slash before it
        return None
    tail = rest[1]
    if tail[0] not in _SEPARATORS or not _WORD.search(tail):
        return None
    if len(name) == 1 and isinstance(name[0], str):
        whole = name[0]
        between = whole[len(lead) : -len(tail)]
        return between if whole.startswith(lead) and whole.endswith(tail) and _WORD.search(between) else None
    lead_of, rest_of = ("", name) if isinstance(name[0], Hole) else (name[0], name[1:])
    is_same = lead_of == lead and len(rest_of) == 2 and rest_of[1] == tail
    return rest_of[0] if is_same and isinstance(rest_of[0], Hole) else None


def _names(stack: Stack, other: Stack, beginning: Part) -> bool:
    """True when the asking template, or where the other one lies, says that the other stack is called this."""
    if isinstance(beginning, Hole):
        return _SAYS_STACK.search(beginning.name) is not None and beginning.name != _STACK_NAME
    text = str(Text((beginning,)))
    for name, declared in stack.template.section("Parameters").items():
        default = declared.get("Default") if isinstance(declared, dict) else None
        if _SAYS_STACK.search(name) and text in (stack.given.get(name), default):
            return True
    *folders, file = other.template.name.split("/")
    words = {word.lower() for word in _WORD.findall(text)}
    called = {file.split(".")[0].lower(), *(folder.lower() for folder in folders[-1:])}
    return bool(words & (called - {"template", "src", "infrastructure", "infra", "cloudformation"}))
