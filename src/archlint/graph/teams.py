"""Who waits for whom: what the functions of one owner need of another, and who is everybody's bottleneck.

`A` *waits for* `B` for a function that runs with a role of `B`'s: each new permission is a request to `B`. `A` *uses*
`B` for a function that names anything that `B` declares, itself or through its own role, event source or rule.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from archlint.graph.imports import imports
from archlint.graph.model import EdgeKind, Evidence
from archlint.graph.queries import betweenness
from archlint.graph.stacks import NESTED_STACK
from archlint.graph.text import NodePart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archlint.graph.model import Edge, Node, ResourceGraph
    from archlint.graph.stacks import Stack
    from archlint.template.model import Place

    GroupOf: TypeAlias = Callable[[Node], str | None]

FUNCTION = "AWS::Lambda::Function"
ROLE = "AWS::IAM::Role"
JOINT = " + "
"""Between the owners of what several own together."""

# They pass on what starts a function, and nothing else: part of the function of whoever declares them.
_WIRING = (
    "AWS::Events::Rule",
    "AWS::Scheduler::Schedule",
    "AWS::Pipes::Pipe",
    "AWS::IoT::TopicRule",
)
_CARRIERS = ("output", "AWS::SSM::Parameter")
_STRUCTURE = frozenset({EdgeKind.CONTAINS, EdgeKind.IMPORTS})


class Value(msgspec.Struct, frozen=True):
    """A value that a stack takes from one of another owner: an export, an SSM parameter, an output, a passed resource.

    `name` is the id of what provides it (`file#Outputs.Name`), `place` where it is first asked for.
    """

    name: str
    place: Place | None


class Dependence(msgspec.Struct, frozen=True):
    """What one owner needs of another. `using` holds the functions that are `waiting` too."""

    owner: str
    needs: str
    waiting: tuple[Node, ...]
    using: tuple[Node, ...]
    values: tuple[Value, ...]
    through: tuple[str, ...]
    """Types of what the functions use, the most used first."""


class Team(msgspec.Struct, frozen=True):
    """An owner, and how much of the others' work runs through it.

    `fan_in` counts the owners that wait for it or use it, `waiting` the functions that run with its roles;
    `betweenness` is the share (0 to 1) of the shortest ways between two others that lead over it.
    """

    name: str
    functions: tuple[Node, ...]
    resources: int
    fan_in: int
    waiting: int
    betweenness: float


class OwnerGraph(msgspec.Struct, frozen=True):
    """All owners by name, and what they need of each other: those that most functions wait for come first."""

    teams: dict[str, Team]
    dependences: tuple[Dependence, ...]

    def ranking(self) -> list[Team]:
        """The owners that others need, the worst bottleneck first."""
        needed = [team for team in self.teams.values() if team.fan_in]
        return sorted(needed, key=lambda team: (-team.waiting, -team.fan_in, -team.betweenness, team.name))


def owner_of(node: Node) -> str | None:
    """The owner of a resource, or of its stack; None when nobody knows."""
    return node.owner or (node.stack.owner if node.stack is not None else None)


def are_foreign(one: str | None, other: str | None) -> bool:
    """True when both owners are known and have no member in common: who owns a thing jointly waits for nobody."""
    if one is None or other is None:
        return False
    return set(one.split(JOINT)).isdisjoint(other.split(JOINT))


def owner_graph(graph: ResourceGraph, group_of: GroupOf = owner_of) -> OwnerGraph:
    """What owners (or whatever `group_of` tells nodes apart by) need of each other.

    A function is counted once, however many stacks its template is deployed as.
    """
    survey = _Survey(graph, group_of)
    values = _values(graph, group_of)
    found = [
        Dependence(
            owner,
            needs,
            tuple(survey.waiting.get((owner, needs), ())),
            tuple(survey.using.get((owner, needs), ())),
            tuple(value for _, value in sorted(values.get((owner, needs), {}).items())),
            survey.types(owner, needs),
        )
        for owner, needs in {**dict.fromkeys(survey.using), **dict.fromkeys(values)}
    ]
    found.sort(key=lambda item: (-len(item.waiting), -len(item.using), -len(item.values), item.owner, item.needs))
    return OwnerGraph(_teams(survey, found), tuple(found))


class _Survey:
    """The functions of each group, and what they use of others."""

    def __init__(self, graph: ResourceGraph, group_of: GroupOf) -> None:
        self._graph = graph
        self._group_of = group_of
        self.functions: dict[str, dict[tuple[str, str], Node]] = defaultdict(dict)
        self.resources: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self.waiting: dict[tuple[str, str], list[Node]] = defaultdict(list)
        self.using: dict[tuple[str, str], list[Node]] = defaultdict(list)
        self._types: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for node in list(graph.nodes.values()):
            group = group_of(node)
            if group is None or node.resource is None or node.stack is None:
                continue
            written = (node.stack.template.name, node.logical_id)
            self.resources[group].add(written)
            if node.type == FUNCTION and written not in self.functions[group]:
                self.functions[group][written] = node
                self._add(node, group)

    def types(self, owner: str, needs: str) -> tuple[str, ...]:
        """Types of what the functions of the one use of the other, the most used first."""
        counted = self._types[owner, needs]
        return tuple(sorted(counted, key=lambda kind: (-counted[kind], kind)))

    def _add(self, function: Node, group: str) -> None:
        used: dict[str, set[str]] = defaultdict(set)
        parts = list(_parts(self._graph, function, lambda other: self._group_of(other) == group))
        for node in (*_named(self._graph, parts), *self._imported(parts)):
            other = self._group_of(node)
            if other is None or not are_foreign(group, other) or (used[other] and node.type in _CARRIERS):
                continue
            used[other].add(node.type)
        roles = {self._group_of(role) for role in _roles(self._graph, function)}
        for other, types in used.items():
            self.using[group, other].append(function)
            self._types[group, other].update(types)
            if other in roles:
                self.waiting[group, other].append(function)

    def _imported(self, parts: list[Node]) -> Iterator[Node]:
        """The exports and SSM parameters that stand in what is written for these parts, `Globals` included."""
        function = parts[0]
        if function.stack is None:
            return
        written = {part.generated_by or part.logical_id for part in parts if part.stack is function.stack}
        is_sam = function.resource is not None and function.resource.body.get("Type") != FUNCTION
        for found in imports(self._graph, function.stack):
            path = found.place.path
            is_here = path[1] in written if path[0] == "Resources" else is_sam and path[0] == "Globals"
            if is_here and len(found.providers) == 1:
                yield found.providers[0].via


def _roles(graph: ResourceGraph, function: Node) -> list[Node]:
    return [edge.target for edge in graph.outgoing(function, EdgeKind.ASSUMES) if edge.target.type == ROLE]


def _named(graph: ResourceGraph, parts: Iterable[Node]) -> Iterator[Node]:
    """Everything that these resources name."""
    for part in parts:
        for edge in graph.outgoing(part):
            if edge.kind not in _STRUCTURE and _is_sure(edge):
                yield edge.target
        for edge in graph.incoming(part):
            # Wiring is written by the one who needs it: a rule names the bus, not the bus the rule.
            if edge.kind not in _STRUCTURE and _is_sure(edge) and _is_written_by(part, edge):
                yield edge.source


def _parts(graph: ResourceGraph, function: Node, is_own: Callable[[Node], bool]) -> Iterator[Node]:
    """The function, and of what its owner declares: its role, what carries its events, the rules that start it."""
    yield function
    parts: dict[Node, None] = {}
    for role in _roles(graph, function):
        if is_own(role):
            policies = [edge.target for edge in graph.outgoing(role, EdgeKind.ATTACHES)]
            parts |= dict.fromkeys((role, *filter(is_own, policies)))
    for edge in (*graph.incoming(function, EdgeKind.TRIGGERS), *graph.outgoing(function, EdgeKind.DEAD_LETTERS)):
        if edge.via is not None and is_own(edge.via):
            parts[edge.via] = None
        if edge.source.type in _WIRING and is_own(edge.source):
            parts[edge.source] = None
    yield from parts


def _is_sure(edge: Edge) -> bool:
    return edge.evidence >= Evidence.POLICY and not edge.detail.get("family")


def _is_written_by(node: Node, edge: Edge) -> bool:
    return edge.place is not None and node.stack is not None and edge.place.document is node.stack.template.document


def _values(graph: ResourceGraph, group_of: GroupOf) -> dict[tuple[str, str], dict[str, Value]]:
    """What stacks of each group take from stacks of another: by name, as parameters of nested stacks, as outputs."""
    found: dict[tuple[str, str], dict[str, Value]] = defaultdict(dict)
    for stack in graph.stacks:
        group = group_of(stack.node) if stack.node is not None else None
        if group is None:
            continue
        for node, name, place in (*_by_name(graph, stack), *_passed(graph, stack)):
            other = group_of(node)
            if other is not None and are_foreign(group, other):
                found[group, other].setdefault(name, Value(name, place))
    return found


def _by_name(graph: ResourceGraph, stack: Stack) -> Iterator[tuple[Node, str, Place | None]]:
    """The carriers of what a stack takes, as far as it is sure; a nested output that is only passed on is not taken."""
    for link in graph.outgoing(stack.node, EdgeKind.IMPORTS) if stack.node is not None else ():
        if link.evidence is Evidence.DECLARED and link.via is not None:
            yield link.via, _plain(link.via.id), link.place
    for asked in imports(graph, stack):
        holder = stack.nodes.get(str(asked.place.path[1])) if len(asked.place.path) > 1 else None
        if asked.how == "output" and (holder is None or holder.type != NESTED_STACK):
            yield from ((provider.via, _plain(provider.via.id), asked.place) for provider in asked.providers)


def _passed(graph: ResourceGraph, stack: Stack) -> Iterator[tuple[Node, str, Place | None]]:
    """The resources that the parent passes to a nested stack."""
    if stack.parent is None or stack.nested_id is None or graph.resolver is None:
        return
    nested = stack.parent.nodes[stack.nested_id]
    for name, value in stack.arguments.items():
        for text in graph.resolver.texts(stack.parent, value):
            for part in text.parts:
                if isinstance(part, NodePart):
                    yield part.node, f"{_plain(part.node.id)}.{part.attribute}", nested.place("Parameters", name)


def _plain(node_id: str) -> str:
    """Without the stack instance: what every instance of a template takes is one value."""
    return node_id.partition("@")[0]


def _teams(survey: _Survey, found: list[Dependence]) -> dict[str, Team]:
    between = betweenness((item.owner, item.needs) for item in found) if found else {}
    return {
        name: Team(
            name,
            tuple(survey.functions[name].values()),
            len(survey.resources[name]),
            sum(item.needs == name for item in found),
            sum(len(item.waiting) for item in found if item.needs == name),
            between.get(name, 0.0),
        )
        for name in sorted(survey.resources)
    }


__all__ = ["Dependence", "OwnerGraph", "Team", "are_foreign", "owner_graph", "owner_of"]
