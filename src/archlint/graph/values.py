"""Property values for rules: resolved in worlds, AWS defaults included, UNKNOWN where nobody can tell."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Any, Final

from archlint.graph.defaults import property_default
from archlint.graph.worlds import ANY_WORLD, OTHER, Conditions, Variable, World

if TYPE_CHECKING:
    from archlint.graph.model import Node, ResourceGraph
    from archlint.graph.stacks import Stack
    from archlint.template.model import Json


class Unknown(enum.Enum):
    """The value exists but cannot be told from the templates. Never None: None means absent."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN

_FUNCTION = "AWS::Lambda::Function"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?")


class Values:
    """What properties of the graph's resources are."""

    def __init__(self, graph: ResourceGraph) -> None:
        assert graph.resolver is not None  # noqa: S101 - link() sets it
        self._resolver = graph.resolver
        self._conditions = Conditions(self._resolver)

    def worlds(self, *nodes: Node) -> list[World]:
        """Consistent worlds in which all these nodes exist; [] when their conditions exclude each other.

        More than 64 become one world in which conditional values are UNKNOWN.
        """
        return self._conditions.worlds(nodes)

    def coexist(self, *nodes: Node) -> bool:
        """True unless the conditions of these nodes exclude each other."""
        return bool(self._conditions.worlds(nodes))

    def value(self, node: Node, path: str, world: World | None = None, *, default: bool = True) -> Json | Unknown:
        """The property at `path` (`A.B`, `A.0.B`); None when absent.

        AWS's default stands in for an absent property when `default`. Without a world, a value that differs
        between worlds is UNKNOWN. Strings that read as numbers or booleans are numbers and booleans.
        """
        if world is None:
            found = self.possible(node, path, default=default)
            return found[0] if len(found) == 1 else UNKNOWN
        value: Any = node.properties
        stack = node.stack
        if stack is None:
            return UNKNOWN
        for step in path.split("."):
            value = self.resolve(stack, value, world, shallow=True)
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isdecimal():
                value = value[int(step)] if int(step) < len(value) else None
            elif value is not UNKNOWN:
                value = None
            if value is None or value is UNKNOWN:
                break
        resolved: Json | Unknown = self.resolve(stack, value, world)
        return self._default(node, path) if resolved is None and default else resolved

    def possible(self, node: Node, path: str, *, default: bool = True) -> list[Json | Unknown]:
        """The distinct values over all worlds in which the node exists."""
        if path.split(".", 1)[0] not in node.properties and "Fn::If" not in node.properties:
            return [self._default(node, path) if default else None]
        found: list[Json | Unknown] = []
        for world in self.worlds(node) or [ANY_WORLD]:
            value = self.value(node, path, world, default=default)
            if value not in found:
                found.append(value)
        return found

    def exists(self, node: Node, path: str) -> bool:
        """True when the property is given in at least one world; an unknown value counts as given."""
        return any(value is not None for value in self.possible(node, path, default=False))

    def resolve(self, stack: Stack, value: Any, world: World, *, shallow: bool = False) -> Any:
        """`value` with its intrinsic functions evaluated in a world; a shallow result keeps those of its items."""
        if type(value) is dict:
            if len(value) == 1:
                [(function, argument)] = value.items()
                if function == "Fn::If":
                    return self._if(stack, argument, world, shallow=shallow)
                if function == "Ref":
                    return self._ref(stack, argument, world)
                if function.startswith("Fn::"):
                    return self._function(stack, value, function, argument, world)
            return value if shallow else {key: self.resolve(stack, item, world) for key, item in value.items()}
        if type(value) is list:
            if shallow:
                return value
            items = [self.resolve(stack, item, world) for item in value]
            return [item for item in items if item is not None]
        if type(value) is str and stack.template.proton is not None and stack.template.proton.expressions:
            texts = self._resolver.texts(stack, value)  # a placeholder is no value
            return UNKNOWN if len(texts) != 1 or texts[0].literal is None else _plain(texts[0].literal)
        return _plain(value)

    def _if(self, stack: Stack, argument: Any, world: World, *, shallow: bool) -> Any:
        if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
            return UNKNOWN
        truth = self._conditions.truth(stack, argument[0], world)
        if truth is None:
            first, second = (self.resolve(stack, branch, world, shallow=shallow) for branch in argument[1:])
            return first if first == second else UNKNOWN
        return self.resolve(stack, argument[1 if truth else 2], world, shallow=shallow)

    def _ref(self, stack: Stack, name: Any, world: World) -> Any:
        if not isinstance(name, str) or name in stack.nodes:
            return UNKNOWN
        if name == "AWS::NoValue":
            return None
        operand = self._conditions.operand(stack, {"Ref": name})
        if isinstance(operand, Variable) and operand in world.assigned:
            assigned = world.assigned[operand]
            if assigned != OTHER:
                return _plain(assigned)
            default = self._resolver.texts(stack, {"Ref": name})
            literal = default[0].literal if len(default) == 1 else None
            domain = self._conditions._domain(operand)  # noqa: SLF001 - the two classes are one mechanism
            return UNKNOWN if literal is None or literal in domain else _plain(literal)
        texts = self._resolver.texts(stack, {"Ref": name})
        literal = texts[0].literal if len(texts) == 1 else None
        return UNKNOWN if literal is None else _plain(literal)

    def _function(self, stack: Stack, value: Any, function: str, argument: Any, world: World) -> Any:
        if function == "Fn::FindInMap":
            return self._find_in_map(stack, argument, world)
        texts = self._resolver.texts(stack, value)
        if len(texts) == 1 and (literal := texts[0].literal) is not None:
            return _plain(literal)
        return UNKNOWN

    def _find_in_map(self, stack: Stack, argument: Any, world: World) -> Any:
        if not isinstance(argument, list) or len(argument) < 3:
            return UNKNOWN
        keys = [self.resolve(stack, key, world) for key in argument[:3]]
        settled = [
            key if isinstance(raw, str) or key is UNKNOWN else _spelled(key)
            for key, raw in zip(keys, argument, strict=False)
        ]
        pinned = [raw if key is UNKNOWN else key for key, raw in zip(settled, argument, strict=False)]
        found: list[Any] = []
        for item in self._resolver.map_values(stack, [*pinned, *argument[3:]]):
            plain = self.resolve(stack, item, world)
            if plain not in found:
                found.append(plain)
        return found[0] if len(found) == 1 else UNKNOWN

    def _default(self, node: Node, path: str) -> Json | Unknown:
        stack = node.stack
        if node.type == _FUNCTION and stack is not None and stack.whole and not stack.template.section("Globals"):
            return UNKNOWN  # the Globals of another piece count once a build has joined them
        return property_default(node.type, path)


def _spelled(key: Any) -> Any:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key) if isinstance(key, (int, float)) else key


def _plain(value: Any) -> Any:
    if type(value) is str and value:
        if _NUMBER.fullmatch(value):
            return float(value) if "." in value else int(value)
        if value in ("true", "True"):
            return True
        if value in ("false", "False"):
            return False
        if "{{resolve:" in value:
            return UNKNOWN
    return value
