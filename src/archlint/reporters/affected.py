"""The resources that findings speak about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archlint.findings import Finding, Location
    from archlint.graph.model import Node, ResourceGraph


class NodeIndex:
    """Nodes by file and logical ID; of a template that is nested several times, the first instance."""

    def __init__(self, graph: ResourceGraph) -> None:
        self._nodes: dict[tuple[str | None, str], Node] = {}
        for node in graph.nodes.values():
            self._nodes.setdefault((node.file, node.logical_id), node)

    def at(self, location: Location) -> Node | None:
        """The resource that a location names."""
        file = location.template or location.file
        return self._nodes.get((file, location.logical_id)) if location.logical_id is not None else None


def affected(index: NodeIndex, findings: Iterable[Finding]) -> list[Node]:
    """The resources of the findings' locations, in the order of the findings, each once."""
    found: dict[Node, None] = {}
    for finding in findings:
        for location in (finding.location, *finding.related, *finding.flow):
            node = index.at(location)
            if node is not None:
                found[node] = None
    return list(found)
