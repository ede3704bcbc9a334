"""Templates that are pieces of one: a build step joins their sections, and what one piece names another declares.

A piece has no parameters and yet names things that nothing in it declares, so it cannot be deployed as it is. Its
whole is the folder of the nearest template above it that has parameters, or its own folder. Within the whole a name
is the one resource of that name; the pieces share their stack name.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.template.model import Body

_VARIABLE = re.compile(r"\$\{([^!}.:]+)[^}:]*\}")
_MAX_DEPTH = 60


class Whole:
    """The template that pieces make together."""

    def __init__(self, folder: str, stacks: list[Stack]) -> None:
        self.folder = folder
        self.stacks = stacks
        self._nodes: dict[str, list[Node]] | None = None

    def node(self, stack: Stack, logical_id: str) -> Node | None:
        """The resource of this name in another piece; of several the one in the nearest folder, else none."""
        if self._nodes is None:
            self._nodes = {}
            for member in self.stacks:
                for name, node in member.nodes.items():
                    self._nodes.setdefault(name, []).append(node)
        found = [node for node in self._nodes.get(logical_id, ()) if node.stack is not stack]
        if len(found) < 2:
            return found[0] if found else None
        near = [node for node in found if node.stack is not None and node.stack.folder == stack.folder]
        return near[0] if len(near) == 1 else None

    def section(self, name: str, key: str) -> tuple[Stack, Body] | None:
        """The one other member whose section of this name has the key, with that section."""
        found = [(member, member.template.section(name)) for member in self.stacks]
        having = [(member, body) for member, body in found if key in body]
        return having[0] if len(having) == 1 else None


def join_pieces(stacks: Sequence[Stack]) -> None:
    """Sets `whole` and the shared `scope` of the stacks that are pieces, and of the templates they belong to."""
    roots = [stack for stack in stacks if stack.parent is None and stack.template.proton is None]
    heads: dict[str, list[Stack]] = {}
    pieces: list[Stack] = []
    for stack in roots if len(roots) > 1 else ():
        if stack.template.section("Parameters"):
            heads.setdefault(stack.folder, []).append(stack)
        elif next(_foreign_names(stack), None) is not None:
            pieces.append(stack)
    wholes: dict[str, list[Stack]] = {}
    for piece in pieces:
        folder = next((folder for folder in _upwards(piece.folder) if folder in heads), piece.folder)
        wholes.setdefault(folder, []).append(piece)
    for folder, members in wholes.items():
        _join(folder, members, heads.get(folder, []))


def _join(folder: str, pieces: list[Stack], heads: list[Stack]) -> None:
    """Makes one whole of these pieces and the one template above them; of those that find what they name there."""
    declared = {name for piece in pieces for name in piece.nodes}
    head = heads[0] if len(heads) == 1 else None
    # A template that declares the same is what the build made of the pieces.
    if head is not None and declared.isdisjoint(head.nodes):
        declared |= head.nodes.keys() | head.template.section("Parameters").keys()
    else:
        head = None
    members = [piece for piece in pieces if any(name in declared for name in _foreign_names(piece))]
    members += [head] if head is not None and members else []
    if len(members) < 2:
        return
    whole = Whole(folder, members)
    scope = head.id if head is not None else members[0].id
    for member in members:
        member.whole, member.scope = whole, scope


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _foreign_names(stack: Stack) -> Iterator[str]:
    """The names that resources refer to and that this template does not declare."""
    nodes = stack.nodes
    for resource in stack.template.resources.values():
        for name in _named(resource.body or resource.properties, 0):
            if name not in nodes and not name.startswith("AWS::"):
                yield name


def _named(value: Any, depth: int) -> Iterator[str]:
    """The logical IDs that a value refers to; variables of a `Sub` that it defines itself are left out."""
    if depth > _MAX_DEPTH:
        return
    if type(value) is dict:
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function in _REFERRING:
                yield from _REFERRING[function](argument, depth)
                return
        value = value.values()
    for item in value:
        if type(item) is dict or type(item) is list:
            yield from _named(item, depth + 1)


def _referred(argument: Any, _depth: int) -> Iterator[str]:
    first = argument[0] if isinstance(argument, list) and argument else argument
    if isinstance(first, str):
        yield first.partition(".")[0]


def _substituted(argument: Any, depth: int) -> Iterator[str]:
    parts = argument if isinstance(argument, list) else [argument]
    own: dict[str, Any] = next((part for part in parts if isinstance(part, dict)), {})
    for part in parts:
        if isinstance(part, str):
            yield from (name for name in _VARIABLE.findall(part) if name not in own)
    yield from _named(own, depth + 1)


_REFERRING: dict[str, Callable[[Any, int], Iterator[str]]] = {
    "Ref": _referred,
    "Fn::GetAtt": _referred,
    "Fn::Sub": _substituted,
}

__all__ = ["Whole", "join_pieces"]
