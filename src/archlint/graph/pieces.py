"""Templates that are pieces of one: a build step joins their sections, and what one piece names another declares.

A piece has no parameters and yet names things that nothing in it declares, so it cannot be deployed as it is. Its
whole is the folder of the nearest template above it that has parameters, or its own folder. Within the whole a name
is the one resource of that name; the pieces share their stack name.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archlint.graph.functions import Functions
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.template.model import Body

_VARIABLE = re.compile(r"\$\{([^!}.:${]+)(?:\.[^}:${]*)?\}")
_SECTIONS = ("Conditions", "Mappings")


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


def join_pieces(stacks: Sequence[Stack], functions: Functions) -> None:
    """Sets `whole` and the shared `scope` of the stacks that are pieces, and of the templates they belong to."""
    roots = [stack for stack in stacks if stack.parent is None and stack.template.proton is None]
    heads: dict[str, list[Stack]] = {}
    without: list[Stack] = []
    for stack in roots if len(roots) > 1 else ():
        if stack.template.section("Parameters"):
            heads.setdefault(stack.folder, []).append(stack)
        else:
            without.append(stack)
    foreign = {id(stack): set(_foreign_names(stack, functions)) for stack in without}
    if not any(foreign.values()):
        return
    groups: dict[str, list[Stack]] = {}
    for stack in without:
        folder = next((folder for folder in _upwards(stack.folder) if folder in heads), stack.folder)
        groups.setdefault(folder, []).append(stack)
    for folder, members in groups.items():
        if any(foreign[id(member)] for member in members):
            _join(folder, members, heads.get(folder, []), foreign)


def _join(folder: str, stacks: list[Stack], heads: list[Stack], foreign: dict[int, set[str]]) -> None:
    """Makes one whole of those that find there what they name, those that are named, and the one template above."""
    own = {id(stack): _declared(stack) for stack in stacks}
    times = Counter(name for names in own.values() for name in names)
    declared = {name for name, count in times.items() if count == 1}
    head = heads[0] if len(heads) == 1 else None
    # A template that declares the same is what the build made of the pieces.
    if head is not None and times.keys().isdisjoint(head.nodes):
        declared |= _declared(head) | head.template.section("Parameters").keys()
    else:
        head = None
    wanted = {name for stack in stacks for name in foreign[id(stack)] if name in declared}
    joined = [stack for stack in stacks if not wanted.isdisjoint(foreign[id(stack)] | own[id(stack)])]
    # Who needs the same condition or map as these, declared where archlint does not look, belongs to them.
    wanted |= {name for stack in joined for name in foreign[id(stack)] if "." in name}
    members = [stack for stack in stacks if not wanted.isdisjoint(foreign[id(stack)] | own[id(stack)])]
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


def _declared(stack: Stack) -> set[str]:
    """The names that a template declares for others: of resources, and of conditions and maps with their section."""
    sections = {f"{section}.{name}" for section in _SECTIONS for name in stack.template.section(section)}
    return sections | stack.nodes.keys()


def _foreign_names(stack: Stack, functions: Functions) -> Iterator[str]:
    """The names that resources refer to and that this template does not declare."""
    declared = _declared(stack)
    for resource in stack.template.resources.values():
        condition = (resource.body or resource.properties).get("Condition")
        if isinstance(condition, str) and f"Conditions.{condition}" not in declared:
            yield f"Conditions.{condition}"
        for name, argument, _ in functions.of(stack.template, resource):
            if name == "Ref" and argument in declared:
                continue
            for referred in _NAMES[name](argument) if name in _NAMES else ():
                if referred not in declared and not referred.startswith("AWS::"):
                    yield referred


def _referred(argument: str) -> list[str]:
    return [argument.partition(".")[0]]


def _gotten(argument: list[Any]) -> list[str]:
    return _referred(argument[0])


def _substituted(argument: Any) -> list[str]:
    """Variables that a `Sub` defines itself are left out."""
    parts = argument if isinstance(argument, list) else [argument]
    own: dict[str, Any] = next((part for part in parts if isinstance(part, dict)), {})
    texts = [part for part in parts if isinstance(part, str)]
    return [name for text in texts for name in _VARIABLE.findall(text) if name not in own]


def _chosen(argument: Any) -> list[str]:
    return _keyed("Conditions", argument)


def _looked_up(argument: Any) -> list[str]:
    return _keyed("Mappings", argument)


def _keyed(section: str, argument: Any) -> list[str]:
    key = argument[0] if isinstance(argument, list) and argument else None
    return [f"{section}.{key}"] if isinstance(key, str) else []


_NAMES: dict[str, Callable[[Any], list[str]]] = {
    "Ref": _referred,
    "Fn::GetAtt": _gotten,
    "Fn::Sub": _substituted,
    "Fn::If": _chosen,
    "Fn::FindInMap": _looked_up,
}

__all__ = ["Whole", "join_pieces"]
