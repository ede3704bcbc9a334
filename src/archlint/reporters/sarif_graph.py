"""The part of the resource graph that findings rest on, as `run.graphs`, and their paths as `graphTraversals`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from archlint.graph.view import DATA, EVENTS, Level, default_kinds, view
from archlint.reporters.affected import NodeIndex, affected

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archlint.findings import Finding, Location
    from archlint.graph.model import Edge, Node, ResourceGraph
    from archlint.reporters.sarif_places import Places

_MOST_CANDIDATES = 200
"""Edges tried while a path is laid through the graph."""


class GraphPart:
    """Edge ids are given on first use; ask for `run_graph` after all traversals."""

    def __init__(
        self,
        graph: ResourceGraph,
        findings: Sequence[Finding],
        places: Places,
    ) -> None:
        self._graph = graph
        self._location = places.location
        self._index = NodeIndex(graph)
        self._nodes: dict[Node, None] = dict.fromkeys(affected(self._index, findings))
        self._edges: dict[Edge, str] = {}
        for item in view(graph, kinds=default_kinds(Level.STACK), focus=tuple(self._nodes), depth=0).edges:
            if item.edge is not None and self._nodes:
                self._use(item.edge)
        self._at_place = _edges_by_place(graph, findings)

    def _use(self, edge: Edge) -> str:
        self._nodes.setdefault(edge.source)
        self._nodes.setdefault(edge.target)
        return self._edges.setdefault(edge, f"e{len(self._edges)}")

    def run_graph(self) -> dict[str, Any] | None:
        """The graph of the run; None when the findings touch no resource."""
        if not self._nodes:
            return None
        return {
            "description": {"text": "The resources that the findings speak about, and how they are wired."},
            "nodes": [self._node(node) for node in self._nodes],
            "edges": [
                {
                    "id": name,
                    "label": {"text": edge.kind.value},
                    "sourceNodeId": edge.source.id,
                    "targetNodeId": edge.target.id,
                }
                for edge, name in self._edges.items()
            ],
        }

    def _node(self, node: Node) -> dict[str, Any]:
        result: dict[str, Any] = {"id": node.id, "label": {"text": node.logical_id}}
        place = node.place()
        if place is not None:
            result["location"] = self._location(place.location(node.logical_id))
        return result

    def traversal(self, finding: Finding) -> dict[str, Any]:
        """`graphTraversals` of a result: through the run's graph, else through a graph of its own."""
        edges = self._along_places(finding.flow) or self._along_nodes(finding.flow)
        if edges:
            steps = [{"edgeId": self._use(edge)} for edge in edges]
            return {"graphTraversals": [{"runGraphIndex": 0, "edgeTraversals": steps}]}
        return self._own_graph(finding.flow)

    def _along_places(self, flow: Sequence[Location]) -> list[Edge]:
        """Edges declared at the places of the flow, one for each, that hang together."""
        candidates = [self._at_place.get(_place_key(step), []) for step in flow]
        return _connected(candidates) if all(candidates) else []

    def _along_nodes(self, flow: Sequence[Location]) -> list[Edge]:
        """Edges between the resources that the flow names one after the other."""
        nodes = [node for node in map(self._index.at, flow) if node is not None]
        path = [node for number, node in enumerate(nodes) if number == 0 or nodes[number - 1] is not node]
        candidates = [
            [edge for edge in self._graph.outgoing(source, *EVENTS, *DATA) if edge.target is target]
            for source, target in pairwise(path)
        ]
        return [found[0] for found in candidates] if candidates and all(candidates) else []

    def _own_graph(self, flow: Sequence[Location]) -> dict[str, Any]:
        nodes = [
            {
                "id": f"n{number}",
                "label": {"text": step.logical_id or step.message or step.file},
                "location": self._location(step),
            }
            for number, step in enumerate(flow)
        ]
        edges = [
            {"id": f"e{number}", "sourceNodeId": f"n{number}", "targetNodeId": f"n{number + 1}"}
            for number in range(len(flow) - 1)
        ]
        if not edges:
            return {}
        return {
            "graphs": [{"nodes": nodes, "edges": edges}],
            "graphTraversals": [{"resultGraphIndex": 0, "edgeTraversals": [{"edgeId": edge["id"]} for edge in edges]}],
        }


def _place_key(location: Location) -> tuple[str, int, int]:
    return location.file, location.region.start_line, location.region.start_column


def _edges_by_place(graph: ResourceGraph, findings: Iterable[Finding]) -> dict[tuple[str, int, int], list[Edge]]:
    """Edges by where they are declared, in the files that code flows lead through."""
    files = {step.file for finding in findings for step in finding.flow}
    found: dict[tuple[str, int, int], list[Edge]] = {}
    for edge in graph.edges if files else ():
        if edge.place is not None and edge.place.document.name in files and edge.kind in (*EVENTS, *DATA):
            found.setdefault(_place_key(edge.place.location()), []).append(edge)
    return found


def _connected(candidates: Sequence[Sequence[Edge]]) -> list[Edge]:
    """One edge of each step so that each begins where the one before ends; empty when there is no such choice."""
    paths: list[list[Edge]] = [[edge] for edge in candidates[0]] if candidates else []
    for step in candidates[1:]:
        paths = [[*path, edge] for path in paths for edge in step if path[-1].target is edge.source]
        # Wide fans of equal steps would multiply; any of the paths tells the same story.
        paths = paths[:_MOST_CANDIDATES]
    return paths[0] if paths else []
