"""Edges as text, so that a test reads like the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind, Evidence

if TYPE_CHECKING:
    from archlint.graph.model import Edge, ResourceGraph

_STRUCTURE = frozenset(
    {
        EdgeKind.REFERENCES,
        EdgeKind.CONTAINS,
        EdgeKind.IMPORTS,
        EdgeKind.GRANTS,
        EdgeKind.PERMITS,
        EdgeKind.ATTACHES,
        EdgeKind.BOUNDS,
    }
)


def drawn(graph: ResourceGraph, *kinds: EdgeKind) -> list[str]:
    """`Source -kind:mode-> Target`, sorted; declared edges only, of these kinds (all but structure when none)."""
    return sorted(_text(edge) for edge in _declared(graph, kinds))


def edge(graph: ResourceGraph, text: str) -> Edge:
    """The one edge that reads like this."""
    found = [edge for edge in _declared(graph, tuple(EdgeKind)) if _text(edge) == text]
    assert len(found) == 1, [_text(edge) for edge in _declared(graph, ())]
    return found[0]


def line(edge: Edge) -> tuple[str, int]:
    """File and line where the edge is declared."""
    assert edge.place is not None
    location = edge.place.location()
    return location.file, location.region.start_line


def _declared(graph: ResourceGraph, kinds: tuple[EdgeKind, ...]) -> list[Edge]:
    return [
        edge
        for edge in graph.edges
        if edge.evidence is Evidence.DECLARED and (edge.kind in kinds if kinds else edge.kind not in _STRUCTURE)
    ]


def _text(edge: Edge) -> str:
    mode = f":{edge.mode.value}" if edge.mode is not None else ""
    qualifier = f":{edge.qualifier}" if edge.qualifier else ""
    return f"{edge.source} -{edge.kind.value}{mode}-> {edge.target}{qualifier}"
