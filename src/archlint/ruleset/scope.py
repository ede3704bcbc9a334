"""What names in expressions stand for: the nodes and edges of one match, in one world."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from archlint.graph.model import Edge, Mode, Node
from archlint.graph.values import UNKNOWN
from archlint.ruleset.expression import PARAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from archlint.graph.worlds import World
    from archlint.ruleset.expression import NamePath
    from archlint.ruleset.logic import Value
    from archlint.ruleset.rule import RuleContext
    from archlint.template.model import Json


class MatchScope:
    """A match in one world, for expressions and messages."""

    __slots__ = ("bindings", "context", "world")

    def __init__(self, context: RuleContext, bindings: Mapping[str, Node | Edge], world: World) -> None:
        self.context = context
        self.bindings = bindings
        self.world = world

    def value(self, name: str, path: NamePath) -> Value:
        """The value behind a name; of a bare name the ID of the node, of a bare edge its kind."""
        if name == PARAMS:
            return cast("Json", self.context.params.get(path[0]))
        bound = self.bindings[name]
        return self._edge_value(bound, path) if isinstance(bound, Edge) else self._node_value(bound, path)

    def exists(self, name: str, path: NamePath) -> bool:
        """Whether a property is given in any world, or an edge's detail or carrier is there at all."""
        bound = self.bindings[name]
        if isinstance(bound, Edge):
            if path[0] != "via":
                return self._edge_value(bound, path) is not None
            if bound.via is None or len(path) == 1:
                return bound.via is not None
            bound, path = bound.via, path[1:]
        if path[0][:1].isupper():
            return self.context.values.exists(bound, ".".join(path))
        return self._node_value(bound, path) not in (None, UNKNOWN)

    def display(self, name: str) -> str:
        """The logical ID of a node, the kind of an edge."""
        bound = self.bindings[name]
        return bound.kind.value if isinstance(bound, Edge) else bound.logical_id

    def _node_value(self, node: Node, path: NamePath) -> Value:
        if not path:
            return node.id
        if path[0][:1].isupper():
            return self.context.values.value(node, ".".join(path), self.world)
        return _NODE_FACTS[path[0]](node)

    def _edge_value(self, edge: Edge, path: NamePath) -> Value:
        if not path or path[0] == "kind":
            return edge.kind.value
        match path[0]:
            case "mode":
                return UNKNOWN if edge.mode in (None, Mode.UNKNOWN) else edge.mode.value
            case "evidence":
                return edge.evidence.label
            case "qualifier":
                return edge.qualifier
            case "via":
                return self._carrier_value(edge, path[1:])
            case _:
                return _dig(dict(edge.detail), path[1:])

    def _carrier_value(self, edge: Edge, path: NamePath) -> Value:
        if edge.via is not None and path and path[0][:1].isupper():
            return self.context.carrier_value(edge, ".".join(path), self.world)
        return UNKNOWN if edge.via is None else self._node_value(edge.via, path)


def _owner(node: Node) -> Value:
    return node.owner or UNKNOWN


def _service(node: Node) -> Value:
    return (node.stack.service if node.stack is not None else None) or UNKNOWN


def _condition(node: Node) -> Value:
    return node.resource.condition if node.resource is not None else None


_NODE_FACTS: Mapping[str, Callable[[Node], Value]] = {
    "condition": _condition,
    "external": lambda node: node.external,
    "file": lambda node: node.file,
    "generated_by": lambda node: node.generated_by,
    "id": lambda node: node.id,
    "logical_id": lambda node: node.logical_id,
    "non_production": lambda node: node.stack is not None and node.stack.non_production,
    "owner": _owner,
    "service": _service,
    "stack": lambda node: node.stack.id if node.stack is not None else UNKNOWN,
    "type": lambda node: node.type,
}


def _dig(value: Value, path: NamePath) -> Value:
    """Into an edge's detail: plain data, in which an unresolved intrinsic function is UNKNOWN."""
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
        return UNKNOWN
    return value
