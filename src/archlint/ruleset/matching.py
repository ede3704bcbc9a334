"""The search behind a pattern: start at the rarest element, follow the graph's indexes, go back when stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from archlint.graph.model import Edge, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from archlint.graph.model import ResourceGraph
    from archlint.ruleset.pattern import EdgePattern, NodePattern, Pattern

Found = TypeVar("Found")
Path = tuple[Edge, ...]


def search(
    pattern: Pattern,
    graph: ResourceGraph,
    given: Mapping[str, Node | Edge],
    result: Callable[[Mapping[str, Node | Edge], tuple[Node, ...], tuple[Edge, ...]], Found],
) -> Iterator[Found]:
    """Every match of the pattern, as `result(bindings, nodes, edges)`."""
    return _Search(pattern, graph, result).run(given)


class _Search(Generic[Found]):
    """One search. Neighbours are looked up once per node and edge pattern, so hubs cost what they have edges."""

    def __init__(
        self,
        pattern: Pattern,
        graph: ResourceGraph,
        result: Callable[[Mapping[str, Node | Edge], tuple[Node, ...], tuple[Edge, ...]], Found],
    ) -> None:
        self.pattern = pattern
        self.graph = graph
        self.result = result
        self.nodes: list[Node | None] = [None] * len(pattern.nodes)
        self.paths: list[Path] = [()] * len(pattern.edges)
        self._neighbours: dict[tuple[int, bool, Node], list[tuple[Node, Path]]] = {}
        self._between: dict[int, dict[tuple[Node, Node], list[tuple[Node, Path]]]] = {}

    def run(self, given: Mapping[str, Node | Edge]) -> Iterator[Found]:
        for index, node in enumerate(self.pattern.nodes):
            fixed = given.get(node.name) if node.name else None
            if isinstance(fixed, Node):
                if not _admits(node, fixed):
                    return
                self.nodes[index] = fixed
        if not any(self.nodes):
            yield from self._from_rarest()
        else:
            yield from self._extend(self._plan())

    def _from_rarest(self) -> Iterator[Found]:
        """Starts with the node pattern that fewest nodes satisfy, or with an edge when no node has a type."""
        typed = [(index, list(self.graph.of_type(*n.types))) for index, n in enumerate(self.pattern.nodes) if n.types]
        if not all(nodes for _, nodes in typed):
            return
        if any(edge.kinds and not any(self.graph.of_kind(*edge.kinds)) for edge in self.pattern.edges):
            return
        if typed:
            index, candidates = min(typed, key=lambda item: len(item[1]))
        else:
            index, candidates = self._sources()
        self.nodes[index] = candidates[0] if candidates else None
        plan = self._plan()
        for node in dict.fromkeys(candidates):
            self.nodes[index] = node
            yield from self._extend(plan)
        self.nodes[index] = None

    def _sources(self) -> tuple[int, list[Node]]:
        """For a pattern without types: the sources of the edge pattern that has fewest edges."""
        if not self.pattern.edges:
            return 0, list(self.graph.nodes.values())
        choices = [
            (list(self.graph.of_kind(*edge.kinds)) if edge.kinds else self.graph.edges, edge.source)
            for edge in self.pattern.edges
        ]
        edges, index = min(choices, key=lambda item: len(item[0]))
        return index, [edge.source for edge in edges]

    def _plan(self) -> list[int]:
        """The order of the edge patterns: always one that touches what is bound, closed ones first."""
        bound = {index for index, node in enumerate(self.nodes) if node is not None}
        rest = list(range(len(self.pattern.edges)))
        plan = []
        while rest:
            rank = {index: self._bound_ends(self.pattern.edges[index], bound) for index in rest}
            best = max(rest, key=lambda index: (rank[index], not self.pattern.edges[index].is_path))
            edge = self.pattern.edges[best]
            bound |= {edge.source, edge.target}
            rest.remove(best)
            plan.append(best)
        return plan

    @staticmethod
    def _bound_ends(edge: EdgePattern, bound: set[int]) -> int:
        return (edge.source in bound) + (edge.target in bound)

    def _extend(self, plan: list[int], depth: int = 0) -> Iterator[Found]:
        if depth == len(plan):
            yield self._build()
            return
        index = plan[depth]
        edge = self.pattern.edges[index]
        source, target = self.nodes[edge.source], self.nodes[edge.target]
        end = edge.source if source is None else edge.target
        was = self.nodes[end]
        for node, path in self._candidates(index, source, target):
            if not _admits(self.pattern.nodes[end], node) or self._is_used(edge, path):
                continue
            self.nodes[end] = node
            self.paths[index] = path
            yield from self._extend(plan, depth + 1)
        self.nodes[end] = was
        self.paths[index] = ()

    def _candidates(self, index: int, source: Node | None, target: Node | None) -> list[tuple[Node, Path]]:
        """The nodes at the open end of an edge pattern (its target when both are bound), with the way there."""
        edge = self.pattern.edges[index]
        if source is not None and target is not None:
            if not edge.is_path:
                return self._edges_between(index).get((source, target), [])
            return [item for item in self._around(index, source, forward=True) if item[0] is target]
        if source is not None:
            return self._around(index, source, forward=True)
        return self._around(index, target, forward=False) if target is not None else []

    def _around(self, index: int, node: Node, *, forward: bool) -> list[tuple[Node, Path]]:
        key = (index, forward, node)
        found = self._neighbours.get(key)
        if found is None:
            edge = self.pattern.edges[index]
            if edge.is_path:
                found = _reach(self.graph, node, edge, forward=forward)
            else:
                found = [(end, (step,)) for end, step in _steps(self.graph, node, edge, forward=forward)]
            self._neighbours[key] = found
        return found

    def _edges_between(self, index: int) -> dict[tuple[Node, Node], list[tuple[Node, Path]]]:
        found = self._between.get(index)
        if found is None:
            found = self._between[index] = {}
            kinds = self.pattern.edges[index].kinds
            for edge in self.graph.of_kind(*kinds) if kinds else self.graph.edges:
                found.setdefault((edge.source, edge.target), []).append((edge.target, (edge,)))
        return found

    def _is_used(self, edge: EdgePattern, path: Path) -> bool:
        """Whether another edge pattern already stands for this edge (two paths may share edges)."""
        if edge.is_path:
            return False
        return any(
            taken == path
            for taken, other in zip(self.paths, self.pattern.edges, strict=True)
            if other is not edge and not other.is_path
        )

    def _build(self) -> Found:
        bindings: dict[str, Node | Edge] = {}
        nodes = tuple(node for node in self.nodes if node is not None)
        for pattern, node in zip(self.pattern.nodes, nodes, strict=True):
            if pattern.name:
                bindings[pattern.name] = node
        for step, path in zip(self.pattern.edges, self.paths, strict=True):
            if step.name:
                bindings[step.name] = path[0]
        return self.result(bindings, nodes, tuple(edge for path in self.paths for edge in path))


def _admits(pattern: NodePattern, node: Node) -> bool:
    return not pattern.types or any(
        node.type.startswith(name[:-1]) if name.endswith("*") else node.type == name for name in pattern.types
    )


def _steps(graph: ResourceGraph, node: Node, pattern: EdgePattern, *, forward: bool) -> list[tuple[Node, Edge]]:
    if forward:
        return [(edge.target, edge) for edge in graph.outgoing(node, *pattern.kinds)]
    return [(edge.source, edge) for edge in graph.incoming(node, *pattern.kinds)]


def _reach(graph: ResourceGraph, start: Node, pattern: EdgePattern, *, forward: bool) -> list[tuple[Node, Path]]:
    """Nodes at `minimum` to `maximum` steps, each with one shortest such way (edges in the direction of the flow).

    Layer by layer: a node enters a layer once, so the work is at most `maximum` times the edges around.
    """
    layers: list[dict[Node, tuple[Node, Edge] | None]] = [{start: None}]
    found: dict[Node, int] = {}
    for length in range(1, pattern.maximum + 1):
        layer: dict[Node, tuple[Node, Edge] | None] = {}
        for node in layers[-1]:
            for end, edge in _steps(graph, node, pattern, forward=forward):
                layer.setdefault(end, (node, edge))
        layers.append(layer)
        if not layer:
            break
        if length >= pattern.minimum:
            for end in layer:
                found.setdefault(end, length)
    return [(end, _way_back(layers, end, length, forward=forward)) for end, length in found.items()]


def _way_back(
    layers: list[dict[Node, tuple[Node, Edge] | None]], end: Node, length: int, *, forward: bool
) -> tuple[Edge, ...]:
    path = []
    node = end
    for layer in reversed(layers[1 : length + 1]):
        step = layer[node]
        if step is None:
            break
        node, edge = step
        path.append(edge)
    return tuple(reversed(path)) if forward else tuple(path)
