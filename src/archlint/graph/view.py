"""A part of the graph at one level of detail, ready to be written in any format."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from archlint.graph.model import EdgeKind, Evidence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from archlint.graph.model import Edge, Node, ResourceGraph
    from archlint.graph.teams import Dependence, OwnerGraph, Team

EVENTS = (EdgeKind.TRIGGERS, EdgeKind.INVOKES, EdgeKind.PUBLISHES, EdgeKind.DELIVERS, EdgeKind.DEAD_LETTERS)
DATA = (EdgeKind.READS, EdgeKind.WRITES, EdgeKind.CONNECTS, EdgeKind.REPLICATES, EdgeKind.MEMBER_OF, EdgeKind.PROXIES)
PERMISSIONS = (EdgeKind.ASSUMES, EdgeKind.ATTACHES, EdgeKind.GRANTS, EdgeKind.PERMITS, EdgeKind.BOUNDS)
PLACEMENT = (EdgeKind.RUNS_IN, EdgeKind.USES_LAYER, EdgeKind.LOGS_TO, EdgeKind.WATCHES, EdgeKind.ENCRYPTS)
STRUCTURE = (EdgeKind.CONTAINS, EdgeKind.IMPORTS, EdgeKind.REFERENCES)

EDGE_GROUPS: dict[str, tuple[EdgeKind, ...]] = {
    "events": EVENTS,
    "data": DATA,
    "permissions": PERMISSIONS,
    "placement": PLACEMENT,
    "structure": STRUCTURE,
    "all": tuple(EdgeKind),
}
"""Names for several kinds at once."""


class Level(StrEnum):
    """What one node of a view stands for."""

    RESOURCE = "resource"
    SERVICE = "service"
    STACK = "stack"
    TEAM = "team"


NO_OWNER = "no owner"
_UNNAMED_SERVICE = "."


class ViewNode(msgspec.Struct, frozen=True):
    """One node: a resource, or all resources of a service, stack or team (`resources` counts them)."""

    id: str
    label: str
    type: str
    group: str | None = None
    """What to draw it in: the stack of a resource."""
    node: Node | None = None
    resources: int = 1
    functions: int | None = None
    """How many of the resources are functions, where that is what counts."""


class ViewEdge(msgspec.Struct, frozen=True):
    """One edge, or `count` edges of a kind between two groups; `source` and `target` are node ids."""

    kind: EdgeKind
    source: str
    target: str
    edge: Edge | None = None
    count: int = 1
    label: str | None = None
    """What to write on it instead of kind and count."""


class View(msgspec.Struct, frozen=True):
    """Nodes and edges in the order of the graph, which is the same on every run."""

    level: Level
    nodes: tuple[ViewNode, ...]
    edges: tuple[ViewEdge, ...]
    waits: OwnerGraph | None = None
    """Who waits for whom, where the view was asked for it."""

    def drawn(self) -> View:
        """Without nodes that no edge touches: a picture of them says nothing."""
        touched = {end for edge in self.edges for end in (edge.source, edge.target)}
        nodes = tuple(node for node in self.nodes if node.id in touched)
        return View(self.level, nodes, self.edges, self.waits)


def default_kinds(level: Level) -> tuple[EdgeKind, ...]:
    """The kinds that a picture shows unless told otherwise: how events and data flow, and what teams share."""
    flow = (*EVENTS, *DATA)
    return flow if level is Level.RESOURCE else (*flow, EdgeKind.ASSUMES, EdgeKind.IMPORTS)


def find_nodes(graph: ResourceGraph, name: str) -> list[Node]:
    """The nodes with this id or logical ID, in the order of the graph."""
    exact = graph.nodes.get(name)
    return [exact] if exact is not None else [node for node in graph.nodes.values() if node.logical_id == name]


def view(
    graph: ResourceGraph,
    *,
    level: Level = Level.RESOURCE,
    kinds: Collection[EdgeKind] = tuple(EdgeKind),
    focus: Sequence[Node] = (),
    depth: int = 2,
) -> View:
    """The graph with edges of these kinds, or what lies within `depth` edges (any direction) of the focus."""
    wanted = frozenset(kinds)
    edges = [edge for edge in graph.edges if edge.kind in wanted]
    nodes: Iterable[Node] = graph.nodes.values()
    if focus:
        near = _within(focus, edges, depth)
        nodes = [node for node in nodes if node in near]
        edges = [edge for edge in edges if edge.source in near and edge.target in near]
    if level is Level.RESOURCE:
        return View(level, tuple(map(_resource, nodes)), tuple(map(_edge, edges)))
    return _grouped(level, nodes, edges)


def _within(focus: Sequence[Node], edges: Sequence[Edge], depth: int) -> set[Node]:
    neighbours: dict[Node, list[Node]] = {}
    for edge in edges:
        neighbours.setdefault(edge.source, []).append(edge.target)
        neighbours.setdefault(edge.target, []).append(edge.source)
    distance = dict.fromkeys(focus, 0)
    queue = deque(focus)
    while queue:
        node = queue.popleft()
        if distance[node] == depth:
            continue
        for other in neighbours.get(node, ()):
            if other not in distance:
                distance[other] = distance[node] + 1
                queue.append(other)
    return set(distance)


def _resource(node: Node) -> ViewNode:
    group = node.stack.id if node.stack is not None else None
    return ViewNode(node.id, node.logical_id, node.type, group, node)


def _edge(edge: Edge) -> ViewEdge:
    return ViewEdge(edge.kind, edge.source.id, edge.target.id, edge)


def _is_only_possible(edge: Edge) -> bool:
    """True for what only a role shared by several allows: one such role would be most of what services share."""
    return edge.evidence is Evidence.REFERENCE and edge.kind in _BY_ROLE


_BY_ROLE = frozenset({EdgeKind.READS, EdgeKind.WRITES, EdgeKind.PUBLISHES, EdgeKind.INVOKES, EdgeKind.TRIGGERS})


def _grouped(level: Level, nodes: Iterable[Node], edges: Sequence[Edge]) -> View:
    members: dict[str, list[Node]] = {}
    for node in nodes:
        members.setdefault(_group_of(node, level), []).append(node)
    counts: dict[tuple[EdgeKind, str, str], int] = {}
    for edge in edges:
        if _is_only_possible(edge):
            continue
        source, target = _group_of(edge.source, level), _group_of(edge.target, level)
        if source != target:
            counts[edge.kind, source, target] = counts.get((edge.kind, source, target), 0) + 1
    grouped = []
    for name, inside in members.items():
        is_external = inside[0].external
        kind = "external" if is_external else level.value
        label = inside[0].logical_id if is_external else name.partition(":")[2]
        count = sum(node.resource is not None for node in inside)
        grouped.append(ViewNode(name, label, kind, resources=count))
    return View(level, tuple(grouped), tuple(ViewEdge(*key, count=count) for key, count in counts.items()))


def owner_view(waits: OwnerGraph) -> View:
    """Teams, and on each edge for how many of its functions the one waits for the other or uses it.

    A solid edge is a wait, a dashed one a use.
    """
    return View(
        Level.TEAM,
        tuple(map(_team, waits.teams.values())),
        tuple(_dependence(item, len(waits.teams[item.owner].functions)) for item in waits.dependences),
        waits,
    )


def _team(team: Team) -> ViewNode:
    kind = Level.TEAM.value
    return ViewNode(f"{kind}:{team.name}", team.name, kind, resources=team.resources, functions=len(team.functions))


def _dependence(item: Dependence, functions: int) -> ViewEdge:
    kind = EdgeKind.ASSUMES if item.waiting else EdgeKind.REFERENCES
    says = []
    if item.waiting:
        says.append(f"waits for {counted(len(item.waiting), functions)}")
    if len(item.using) > len(item.waiting):
        says.append(f"uses it in {counted(len(item.using), functions)}")
    if item.values:
        says.append(f"takes {len(item.values)} value{'s' if len(item.values) > 1 else ''}")
    source, target = (f"{Level.TEAM.value}:{name}" for name in (item.owner, item.needs))
    return ViewEdge(kind, source, target, count=len(item.waiting) or len(item.using), label=", ".join(says))


def counted(part: int, whole: int) -> str:
    """`12 of 14 functions`."""
    return f"{part} of {whole} function{'s' if whole != 1 else ''}"


def _group_of(node: Node, level: Level) -> str:
    if node.external or node.stack is None:
        return node.id
    if level is Level.SERVICE:
        name = node.stack.service or _UNNAMED_SERVICE
    elif level is Level.STACK:
        name = node.stack.id
    else:
        name = node.owner or node.stack.owner or NO_OWNER
    return f"{level.value}:{name}"
