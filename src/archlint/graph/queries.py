"""Questions about the whole graph that a pattern cannot ask: cycles, paths, fan-in and fan-out.

Every answer depends on the graph alone and comes in the graph's own order. All take edge kinds and, where it helps, a
`keep` function that says which edges count at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from archlint.graph.model import Edge, EdgeKind, Evidence, Node, ResourceGraph

Keep: TypeAlias = Callable[[Edge], bool]
Accept: TypeAlias = Callable[[Node], bool]
Outgoing: TypeAlias = dict[Node, list[Edge]]


class Cycle(msgspec.Struct, frozen=True):
    """Edges one after the other, of which the last ends where the first starts."""

    edges: tuple[Edge, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes in order, each once."""
        return tuple(edge.source for edge in self.edges)

    def closed(self) -> tuple[Node, ...]:
        """The nodes in order with the first one again at the end, as a message shows them."""
        return (*self.nodes, self.edges[0].source)

    @property
    def evidence(self) -> Evidence:
        """The weakest evidence on the way."""
        return weakest(self.edges)


def weakest(edges: Iterable[Edge]) -> Evidence:
    """The weakest evidence of these edges; DECLARED of none."""
    return min((edge.evidence for edge in edges), default=Evidence.DECLARED)


def cycles(
    graph: ResourceGraph, *kinds: EdgeKind, keep: Keep | None = None, through: Accept | None = None
) -> list[Cycle]:
    """One cycle for each strongly connected component that has one, over edges of these kinds.

    It is a shortest one of those that rest on the surest evidence; with `through` it passes a node that is accepted.
    It starts at its first (accepted) node in the graph's order. A cycle may be one edge long.
    """
    edges = _Core(edge for edge in _possible(list(graph.of_kind(*kinds))) if keep is None or keep(edge)).edges()
    if not edges:
        return []
    order = {node: index for index, node in enumerate(graph.nodes.values())}
    found = []
    for component in _components(edges):
        inside = [edge for edge in edges if edge.source in component and edge.target in component]
        cycle = _surest(inside, order, through)
        if cycle is not None:
            found.append(_rotated(cycle, order, through))
    return sorted(found, key=lambda cycle: order.get(cycle.edges[0].source, len(order)))


def _possible(edges: list[Edge]) -> list[Edge]:
    """The edges with others before and behind them. Cheaper than `keep`, and hardly any edge passes it."""
    left, entered = {edge.source for edge in edges}, {edge.target for edge in edges}
    return [edge for edge in edges if edge.source in entered and edge.target in left]


def _rotated(cycle: Cycle, order: dict[Node, int], through: Accept | None) -> Cycle:
    nodes = cycle.nodes
    starts = [index for index, node in enumerate(nodes) if through is None or through(node)]
    first = min(starts, key=lambda index: order.get(nodes[index], len(order)))
    return Cycle(cycle.edges[first:] + cycle.edges[:first])


def _surest(edges: list[Edge], order: dict[Node, int], through: Accept | None) -> Cycle | None:
    """A shortest cycle over declared and code edges; failing that, over policy edges too; failing that, over all."""
    for least in (Evidence.CODE, Evidence.POLICY, Evidence.REFERENCE):
        cycle = _shortest([edge for edge in edges if edge.evidence >= least], order, through)
        if cycle is not None:
            return cycle
    return None


def _shortest(edges: list[Edge], order: dict[Node, int], through: Accept | None) -> Cycle | None:
    """A shortest cycle through an accepted node; of equals one through the node that comes first in the graph.

    Once the shortest cycle through a node is known the node is taken out: no other cycle needs it. Together with the
    bound on the length this keeps big components cheap.
    """
    best: Cycle | None = None
    core = _Core(_surest_of_parallel(edges))
    for start in sorted(core.degree_out, key=lambda node: order.get(node, len(order))):
        if start not in core or not (through is None or through(start)):
            continue
        best = _shortest_through(start, core, len(best.edges) - 1 if best else None) or best
        if best is not None and len(best.edges) == 1:
            break
        core.remove(start)
    return best


def _shortest_through(start: Node, core: _Core, limit: int | None) -> Cycle | None:
    """Breadth first from a node back to itself, not farther than `limit` edges."""
    way: dict[Node, Edge] = {}
    frontier = [start]
    length = 0
    while frontier and (limit is None or length < limit):
        length += 1
        reached: list[Node] = []
        for node in frontier:
            for edge in core.outgoing.get(node, ()):
                if edge.target is start:
                    return Cycle((*_trace(way, start, node), edge))
                if edge.target not in way and edge.target in core:
                    way[edge.target] = edge
                    reached.append(edge.target)
        frontier = reached
    return None


def _trace(way: dict[Node, Edge], start: Node, end: Node) -> tuple[Edge, ...]:
    path = []
    while end is not start:
        path.append(way[end])
        end = way[end].source
    return tuple(reversed(path))


def _surest_of_parallel(edges: Iterable[Edge]) -> Iterable[Edge]:
    """Of edges between the same two nodes the surest, the first of equals."""
    surest: dict[tuple[Node, Node], Edge] = {}
    for edge in edges:
        key = (edge.source, edge.target)
        if key not in surest or edge.evidence > surest[key].evidence:
            surest[key] = edge
    return surest.values()


class _Core:
    """What is left of some edges when nodes without a way in or without a way out are taken away, again and again.

    It holds every cycle. Most applications have none: then nothing is left.
    Building it and emptying it node by node is linear.
    """

    def __init__(self, edges: Iterable[Edge]) -> None:
        self.outgoing: dict[Node, list[Edge]] = {}
        self.incoming: dict[Node, list[Edge]] = {}
        for edge in edges:
            self.outgoing.setdefault(edge.source, []).append(edge)
            self.incoming.setdefault(edge.target, []).append(edge)
        names = dict.fromkeys((*self.outgoing, *self.incoming))
        self.degree_in = {node: len(self.incoming.get(node, ())) for node in names}
        self.degree_out = {node: len(self.outgoing.get(node, ())) for node in names}
        self._gone: set[Node] = set()
        self.remove(*(node for node in names if not self.degree_in[node] or not self.degree_out[node]))

    def __contains__(self, node: Node) -> bool:
        return node not in self._gone

    def edges(self) -> list[Edge]:
        """The edges left, by source."""
        return [e for edges in self.outgoing.values() for e in edges if e.source in self and e.target in self]

    def remove(self, *nodes: Node) -> None:
        """Takes nodes out, and then whatever lost its last way in or out."""
        stack = list(nodes)
        while stack:
            node = stack.pop()
            if node in self._gone:
                continue
            self._gone.add(node)
            for edge in self.outgoing.get(node, ()):
                self.degree_in[edge.target] -= 1
                if not self.degree_in[edge.target]:
                    stack.append(edge.target)
            for edge in self.incoming.get(node, ()):
                self.degree_out[edge.source] -= 1
                if not self.degree_out[edge.source]:
                    stack.append(edge.source)


def _components(edges: Iterable[Edge]) -> Iterator[set[Node]]:
    """Strongly connected components that hold an edge (Tarjan's algorithm, without recursion).

    Our own, because importing networkx for it takes as long as checking a hundred templates.
    """
    following: dict[Node, list[Node]] = {}
    for edge in edges:
        following.setdefault(edge.source, []).append(edge.target)
    number: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    open_nodes: list[Node] = []
    for root, first in following.items():
        work = [(root, iter(first))] if root not in number else []
        while work:
            node, targets = work[-1]
            if node not in number:
                number[node] = lowest[node] = len(number)
                open_nodes.append(node)
            for target in targets:
                if target not in number:
                    work.append((target, iter(following.get(target, ()))))
                    break
                if target in lowest:  # still open
                    lowest[node] = min(lowest[node], number[target])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == number[node]:
                    yield from _closed(node, open_nodes, lowest, following)


def _closed(
    root: Node, open_nodes: list[Node], lowest: dict[Node, int], following: Mapping[Node, list[Node]]
) -> Iterator[set[Node]]:
    """Takes the component of `root` off the open nodes; gives it when it holds an edge."""
    start = open_nodes.index(root)
    component = set(open_nodes[start:])
    del open_nodes[start:]
    for node in component:
        del lowest[node]
    if len(component) > 1 or root in following.get(root, ()):
        yield component


class Reach:
    """The nodes that can be reached from a start, nearest first, and how.

    The start itself is among them only when a cycle leads back to it.
    """

    def __init__(self, start: Node, steps: dict[Node, Edge], *, backward: bool) -> None:
        self.start = start
        self._steps = steps
        self._backward = backward

    def __contains__(self, node: Node) -> bool:
        return node in self._steps

    def __iter__(self) -> Iterator[Node]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    def path(self, node: Node) -> tuple[Edge, ...]:
        """The edges of a shortest path between the start and this reachable node, in the direction of the flow."""
        path = [self._steps[node]]
        while (last := path[-1].target if self._backward else path[-1].source) is not self.start:
            path.append(self._steps[last])
        return tuple(path) if self._backward else tuple(reversed(path))


def reachable(
    graph: ResourceGraph, start: Node, *kinds: EdgeKind, keep: Keep | None = None, backward: bool = False
) -> Reach:
    """Every node that `start` reaches over such edges; every node that reaches it, if `backward`. Linear."""
    steps: dict[Node, Edge] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for edge in graph.incoming(node, *kinds) if backward else graph.outgoing(node, *kinds):
            end = edge.source if backward else edge.target
            if end in steps or (keep is not None and not keep(edge)):
                continue
            steps[end] = edge
            if end is not start:
                queue.append(end)
    return Reach(start, steps, backward=backward)


def shortest_path(
    graph: ResourceGraph, start: Node, end: Node, *kinds: EdgeKind, keep: Keep | None = None
) -> tuple[Edge, ...] | None:
    """The edges of a shortest path, None when there is none; from a node to itself a shortest cycle through it."""
    way: dict[Node, Edge] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for edge in graph.outgoing(node, *kinds):
            if keep is not None and not keep(edge):
                continue
            if edge.target is end:
                return (*_trace(way, start, node), edge)
            if edge.target not in way and edge.target is not start:
                way[edge.target] = edge
                queue.append(edge.target)
    return None


def longest_paths(graph: ResourceGraph, *kinds: EdgeKind, keep: Keep | None = None) -> list[tuple[Edge, ...]]:
    """For each node that such edges leave but do not enter: the longest path that starts there. Linear.

    Edges inside a strongly connected component are left out (cycles have no longest path); so a node of a cycle
    that nothing else enters is a start as well.
    """
    edges = [edge for edge in graph.of_kind(*kinds) if keep is None or keep(edge)]
    looping = _Core(edges).edges()
    if looping:
        component = {node: index for index, nodes in enumerate(_components(looping)) for node in nodes}
        edges = [
            edge
            for edge in edges
            if edge.source not in component or component[edge.source] != component.get(edge.target)
        ]
    outgoing: Outgoing = {}
    for edge in _surest_of_parallel(edges):
        outgoing.setdefault(edge.source, []).append(edge)
    entered = {edge.target for edge in edges}
    following = _longest_steps(outgoing)
    return [tuple(_follow(following, node)) for node in outgoing if node not in entered]


def _longest_steps(outgoing: Outgoing) -> dict[Node, Edge]:
    """For each node of an acyclic graph the first edge of a longest path from it."""
    length: dict[Node, int] = {}
    step: dict[Node, Edge] = {}
    for root in outgoing:
        stack = [root]
        while stack:
            node = stack[-1]
            open_ends = [edge.target for edge in outgoing.get(node, ()) if edge.target not in length]
            if open_ends:
                stack.extend(open_ends)
                continue
            stack.pop()
            if node in length:
                continue
            length[node] = 0
            for edge in outgoing.get(node, ()):
                if length[edge.target] + 1 > length[node]:
                    length[node] = length[edge.target] + 1
                    step[node] = edge
    return step


def _follow(following: dict[Node, Edge], node: Node) -> Iterator[Edge]:
    while node in following:
        edge = following[node]
        yield edge
        node = edge.target


def fan_in(graph: ResourceGraph, *kinds: EdgeKind, keep: Keep | None = None) -> dict[Node, list[Node]]:
    """The distinct sources of each node that such edges enter."""
    found: dict[Node, dict[Node, None]] = {}
    for edge in graph.of_kind(*kinds):
        if keep is None or keep(edge):
            found.setdefault(edge.target, {})[edge.source] = None
    return {node: list(sources) for node, sources in found.items()}


def fan_out(graph: ResourceGraph, *kinds: EdgeKind, keep: Keep | None = None) -> dict[Node, list[Node]]:
    """The distinct targets of each node that such edges leave."""
    found: dict[Node, dict[Node, None]] = {}
    for edge in graph.of_kind(*kinds):
        if keep is None or keep(edge):
            found.setdefault(edge.source, {})[edge.target] = None
    return {node: list(targets) for node, targets in found.items()}


def betweenness(pairs: Iterable[tuple[str, str]]) -> dict[str, float]:
    """How much of the shortest paths between others runs through each name, 0 to 1; for graphs of owners or stacks."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from(pairs)
    return dict(sorted(nx.betweenness_centrality(graph).items()))
