"""Who waits for whom: what the functions of one owner need of another, and who is everybody's bottleneck.

`A` *waits for* `B` for a function that runs with a role of `B`'s: each new permission is a request to `B`. `A` *uses*
`B` for a function that names anything that `B` declares, itself or through its own role, event source or rule.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from archlint.graph.imports import imports
from archlint.graph.model import EdgeKind, Evidence
from archlint.graph.queries import betweenness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archlint.graph.model import Edge, Node, ResourceGraph

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


@dataclass(frozen=True, slots=True)
class Dependence:
    """What one owner needs of another. `using` holds the functions that are `waiting` too."""

    owner: str
    needs: str
    waiting: tuple[Node, ...]
    using: tuple[Node, ...]
    values: tuple[str, ...]
    """The exports, SSM parameters and outputs that stacks of the first take from stacks of the second."""
    through: tuple[str, ...]
    """Types of what the functions use, the most used first."""


@dataclass(frozen=True, slots=True)
class Team:
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


@dataclass(frozen=True, slots=True)
class OwnerGraph:
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
            tuple(sorted(values.get((owner, needs), ()))),
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
        for node in graph.nodes.values():
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
    """The function, its role when no other code runs with it, what carries its events and the rules that start it."""
    yield function
    parts: dict[Node, None] = {}
    for role in _roles(graph, function):
        if is_own(role) and len({edge.source for edge in graph.incoming(role, EdgeKind.ASSUMES)}) == 1:
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


def _values(graph: ResourceGraph, group_of: GroupOf) -> dict[tuple[str, str], set[str]]:
    """What stacks of each group take from stacks of another, by name."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for edge in graph.of_kind(EdgeKind.IMPORTS):
        importer, exporter = group_of(edge.source), group_of(edge.target)
        if importer is None or exporter is None or not are_foreign(importer, exporter):
            continue
        if edge.evidence is Evidence.DECLARED:
            taken = [edge.via] if edge.via is not None else _referenced(graph, edge.source, edge.target)
            found[importer, exporter].update(node.id.partition("@")[0] for node in taken)
    return found


def _referenced(graph: ResourceGraph, importer: Node, exporter: Node) -> list[Node]:
    """Resources of one stack that those of another name, through parameters that their parent passes on."""
    inside = importer.stack.nodes.values() if importer.stack is not None else ()
    edges = (edge for node in inside for edge in graph.outgoing(node, EdgeKind.REFERENCES))
    return [edge.target for edge in edges if edge.target.stack is exporter.stack]


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
