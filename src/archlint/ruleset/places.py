"""Where findings point: nodes, edges and properties to locations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from archlint.findings import Location
from archlint.graph.model import Edge, Node
from archlint.template.model import Place

if TYPE_CHECKING:
    from archlint.template.model import TemplatePath

At: TypeAlias = "Node | Edge | Place | Location | tuple[Node, str]"
"""Where a finding points: a pair is a node and the path of one of its properties, `(queue, "VisibilityTimeout")`."""


def locate(at: At, message: str = "") -> Location:
    """The location of a node, an edge or a property, labelled with a message."""
    if isinstance(at, Location):
        return Location(at.file, at.region, at.logical_id, message or at.message)
    if isinstance(at, Place):
        return at.location(_logical_id(at), message)
    if isinstance(at, Edge):
        return _edge_location(at, message)
    node, path = at if isinstance(at, tuple) else (at, "")
    place = node.place(*_present(node, path))
    if place is not None:
        return place.location(node.logical_id, message)
    if node.stack is not None:
        return node.stack.template.place().location(None, message)
    raise ValueError(f"{node} is outside the templates and has no location; point at the edge that names it")


def _edge_location(edge: Edge, message: str) -> Location:
    carrier = edge.via or edge.source
    if edge.place is not None:
        return edge.place.location(carrier.logical_id if carrier.resource else _logical_id(edge.place), message)
    for node in (carrier, edge.source, edge.target):
        if node.stack is not None:
            return locate(node, message)
    raise ValueError(f"no end of {edge} is in a template")


def _logical_id(place: Place) -> str | None:
    """The resource inside which a place lies."""
    if len(place.path) > 1 and place.path[0] == "Resources":
        return str(place.path[1])
    return None


def _present(node: Node, path: str) -> TemplatePath:
    """The longest part of a property path that is written, `()` when its first key is not.

    `Fn::If` is passed over to the branch that has the next key, so that the finding points into it.
    """
    found: list[str | int] = []
    value: Any = node.properties
    for step in path.split(".") if path else ():
        while isinstance(value, dict) and step not in value and (branch := _branch_with(value, step)) is not None:
            found += ["Fn::If", branch]
            value = value["Fn::If"][branch]
        if isinstance(value, dict) and step in value:
            found.append(step)
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            found.append(int(step))
            value = value[int(step)]
        else:
            break
    return tuple(found)


def _branch_with(value: dict[str, Any], step: str) -> int | None:
    branches = value.get("Fn::If")
    if not isinstance(branches, list) or len(branches) != 3:
        return None
    return next((index for index in (1, 2) if isinstance(branches[index], dict) and step in branches[index]), None)


def node_of(at: At) -> Node | None:
    """The node that a place belongs to, None for a bare place or location."""
    if isinstance(at, Node):
        return at
    if isinstance(at, Edge):
        return at.via if at.via is not None and at.via.owner is not None else at.source
    return at[0] if isinstance(at, tuple) and isinstance(at[0], Node) else None


def identities(*places: At) -> tuple[str, ...]:
    """The logical IDs of places, each once: what tells findings of one file apart."""
    found: dict[str, None] = {}
    for at in places:
        if isinstance(at, Edge):
            found.update(dict.fromkeys((at.source.logical_id, at.target.logical_id)))
        elif isinstance(at, Location):
            found[at.logical_id or ""] = None
        elif isinstance(at, Place):
            found[_logical_id(at) or "/".join(map(str, at.path))] = None
        else:
            node = at[0] if isinstance(at, tuple) else at
            found[node.logical_id] = None
    return tuple(found)
