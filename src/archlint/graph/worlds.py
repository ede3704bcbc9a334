"""Conditions and worlds: which truth assignments a template's conditions can have together."""

from __future__ import annotations

import itertools
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from archlint.graph.text import Hole, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archlint.graph.model import Node
    from archlint.graph.resolve import Resolver
    from archlint.graph.stacks import Stack

# Beyond this many combinations a conditional value is unknown (ARCHITECTURE: worlds).
MAX_WORLDS = 64
MAX_ASSIGNMENTS = 4096
OTHER = "\0other"
"""A value of a variable that no condition names."""


_NAME = itemgetter(0)


class Variable(NamedTuple):
    """Something conditions compare: a parameter of the stack that takes it, or a pseudo parameter."""

    stack_id: str
    name: str


class World:
    """One consistent assignment; `assumptions` says it in words: `IsProd is true`."""

    __slots__ = ("assigned", "opaque", "truths")

    def __init__(
        self,
        assigned: Mapping[Variable, str] | None = None,
        opaque: Mapping[tuple[str, str], bool] | None = None,
        truths: tuple[tuple[str, bool], ...] = (),
    ) -> None:
        self.assigned = assigned or {}
        self.opaque = opaque or {}
        self.truths = truths

    @property
    def assumptions(self) -> list[str]:
        """The conditions of this world, each `Name` or `not Name`."""
        return [name if truth else f"not {name}" for name, truth in self.truths]


ANY_WORLD = World()


class Conditions:
    """Evaluates the conditions of all stacks. Answers are Kleene's: None is unknown."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._variables: dict[tuple[str, str], tuple[frozenset[Variable], frozenset[tuple[str, str]]]] = {}
        self._domains: dict[str, dict[Variable, tuple[str, ...]]] = {}
        self._mentions: dict[int, frozenset[str]] = {}

    def worlds(self, nodes: Iterable[Node]) -> list[World]:
        """The worlds in which all these nodes exist; [] when they exclude each other."""
        required: list[tuple[Stack, str]] = []
        mentioned: list[tuple[Stack, str]] = []
        for node in nodes:
            stack, resource = node.stack, node.resource
            if stack is None or resource is None:
                continue
            if resource.condition is not None:
                required.append((stack, resource.condition))
            mentioned.extend((stack, name) for name in self.mentions(node))
            for below in stack.lineage():
                if below.parent is not None and below.nested_id is not None:
                    condition = below.parent.template.resources[below.nested_id].condition
                    if condition is not None:
                        required.append((below.parent, condition))
        if not required and not mentioned:
            return [ANY_WORLD]
        return self._enumerate(list(dict.fromkeys(required)), list(dict.fromkeys(mentioned)))

    def mentions(self, node: Node) -> frozenset[str]:
        """Conditions that `Fn::If` in the properties of a resource names."""
        resource, stack = node.resource, node.stack
        if resource is None or stack is None:
            return frozenset()
        known = self._mentions.get(id(resource))
        if known is None:
            functions, template = self._resolver.functions, stack.template
            chooses = any(
                "Fn::If" in map(_NAME, found)
                for found in (functions.of(template, resource), functions.added_to(template, resource))
            )
            known = self._mentions[id(resource)] = frozenset(_if_names(resource.properties) if chooses else ())
        return known

    def _enumerate(self, required: list[tuple[Stack, str]], mentioned: list[tuple[Stack, str]]) -> list[World]:
        variables: dict[Variable, tuple[str, ...]] = {}
        opaque: dict[tuple[str, str], None] = {}
        for stack, name in (*required, *mentioned):
            found, atoms = self._needs(stack, name, ())
            for variable in sorted(found):
                variables[variable] = self._domain(variable)
            opaque.update(dict.fromkeys(sorted(atoms)))
        size = 2 ** len(opaque)
        for domain in variables.values():
            size *= len(domain)
        if size > MAX_ASSIGNMENTS:
            return [World()]
        seen: dict[tuple[object, ...], World] = {}
        names, atoms_list = list(variables), list(opaque)
        everything = list(dict.fromkeys((*required, *mentioned)))
        for values in itertools.product(*variables.values()):
            for bits in itertools.product((True, False), repeat=len(atoms_list)):
                world = World(dict(zip(names, values, strict=True)), dict(zip(atoms_list, bits, strict=True)))
                truths = tuple(self.truth(stack, name, world) for stack, name in everything)
                if any(truths[index] is False for index in range(len(required))):
                    continue
                # Values tell worlds apart too: a property may be the parameter that a condition compares.
                key: tuple[object, ...] = (*truths, *values) if len(values) < 4 else truths
                if key not in seen:
                    world.truths = tuple(
                        (name, truth) for (_, name), truth in zip(everything, truths, strict=True) if truth is not None
                    )
                    seen[key] = world
        return list(seen.values()) if len(seen) <= MAX_WORLDS else [World()]

    def _domain(self, variable: Variable) -> tuple[str, ...]:
        domains = self._domains.get(variable.stack_id)
        if domains is None:
            domains = self._domains[variable.stack_id] = {}
        return domains.get(variable) or (OTHER,)

    # -- evaluation --------------------------------------------------------------------------------------------

    def truth(self, stack: Stack, name: str, world: World) -> bool | None:
        """The truth of a condition of this stack in a world; None when it cannot be told."""
        body = stack.template.section("Conditions").get(name)
        return self._evaluate(stack, body, world, name, 0)

    def _evaluate(self, stack: Stack, body: Any, world: World, name: str, depth: int) -> bool | None:
        if isinstance(body, bool):
            return body
        if not isinstance(body, dict) or len(body) != 1 or depth > 40:
            return world.opaque.get((stack.id, name))
        [(function, argument)] = body.items()
        if function == "Condition" and isinstance(argument, str):
            inner = stack.template.section("Conditions").get(argument)
            return self._evaluate(stack, inner, world, argument, depth + 1)
        if function == "Fn::Not" and isinstance(argument, list) and len(argument) == 1:
            value = self._evaluate(stack, argument[0], world, f"{name}!", depth + 1)
            return None if value is None else not value
        if function in ("Fn::And", "Fn::Or") and isinstance(argument, list):
            values = [self._evaluate(stack, item, world, f"{name}.{i}", depth + 1) for i, item in enumerate(argument)]
            decisive: bool = function == "Fn::Or"
            if any(value is decisive for value in values):
                return decisive
            return None if None in values else not decisive
        if function == "Fn::Equals" and isinstance(argument, list) and len(argument) == 2:
            left, right = (self.operand(stack, item) for item in argument)
            if isinstance(left, Variable):
                left = world.assigned.get(left)
            if isinstance(right, Variable):
                right = world.assigned.get(right)
            if left is not None and right is not None:
                return left == right and left != OTHER
        return world.opaque.get((stack.id, name))

    def _needs(
        self, stack: Stack, name: str, path: tuple[str, ...]
    ) -> tuple[frozenset[Variable], frozenset[tuple[str, str]]]:
        key = (stack.id, name)
        known = self._variables.get(key)
        if known is None:
            variables: set[Variable] = set()
            opaque: set[tuple[str, str]] = set()
            self._collect(stack, stack.template.section("Conditions").get(name), name, variables, opaque, path)
            known = self._variables[key] = (frozenset(variables), frozenset(opaque))
        return known

    def _collect(
        self,
        stack: Stack,
        body: Any,
        name: str,
        variables: set[Variable],
        opaque: set[tuple[str, str]],
        path: tuple[str, ...],
    ) -> None:
        if isinstance(body, bool):
            return
        if isinstance(body, dict) and len(body) == 1 and len(path) < 40:
            [(function, argument)] = body.items()
            if function == "Condition" and isinstance(argument, str) and argument not in path:
                inner = stack.template.section("Conditions").get(argument)
                self._collect(stack, inner, argument, variables, opaque, (*path, argument))
                return
            if function == "Fn::Not" and isinstance(argument, list) and len(argument) == 1:
                self._collect(stack, argument[0], f"{name}!", variables, opaque, (*path, name))
                return
            if function in ("Fn::And", "Fn::Or") and isinstance(argument, list):
                for index, item in enumerate(argument):
                    self._collect(stack, item, f"{name}.{index}", variables, opaque, (*path, name))
                return
            if function == "Fn::Equals" and isinstance(argument, list) and len(argument) == 2:
                operands = [self.operand(stack, item) for item in argument]
                if None not in operands:
                    self._remember(operands, variables)
                    return
        opaque.add((stack.id, name))

    def _remember(self, operands: list[Variable | str | None], variables: set[Variable]) -> None:
        literals = [item for item in operands if isinstance(item, str)]
        for variable in operands:
            if not isinstance(variable, Variable):
                continue
            variables.add(variable)
            domain = self._domains.setdefault(variable.stack_id, {})
            known = domain.get(variable) or (() if self._allowed(variable) else (OTHER,))
            domain[variable] = tuple(dict.fromkeys((*self._allowed(variable), *literals, *known)))

    def _allowed(self, variable: Variable) -> tuple[str, ...]:
        stack = (
            next((s for s in self._resolver.stacks if s.id == variable.stack_id), None) if variable.stack_id else None
        )
        if stack is None:
            return ()
        declared = stack.template.section("Parameters").get(variable.name)
        allowed = declared.get("AllowedValues") if isinstance(declared, dict) else None
        return tuple(_text(item) for item in allowed) if isinstance(allowed, list) and len(allowed) <= 12 else ()

    def operand(self, stack: Stack, value: Any) -> Variable | str | None:
        """One side of an Equals: a literal, a variable, or None when it is neither."""
        if isinstance(value, (str, int, float, bool)):
            return _text(value)
        if not isinstance(value, dict) or len(value) != 1:
            return None
        [(function, argument)] = value.items()
        if function == "Ref" and isinstance(argument, str):
            if argument.startswith("AWS::"):
                shared = argument in ("AWS::Region", "AWS::Partition", "AWS::AccountId", "AWS::URLSuffix")
                return Variable("" if shared else stack.id, argument)
            if stack.parent is not None and argument in stack.arguments:
                return self.operand(stack.parent, stack.arguments[argument])
            if argument in stack.given:
                return stack.given[argument]
            # What Jinja tests in a Proton part is as good as a parameter, and nowhere declared.
            if argument in stack.template.section("Parameters") or stack.template.proton is not None:
                return Variable(stack.id, argument)
            return None
        texts = self._resolver.texts(stack, value) if function != "Fn::If" else []
        if len(texts) == 1:
            return texts[0].literal if _pure(texts[0]) else None
        return None


def _pure(text: Text) -> bool:
    return not any(isinstance(part, Hole) for part in text.parts)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _if_names(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if type(item) is dict:
            branches = item.get("Fn::If")
            if isinstance(branches, list) and branches and isinstance(branches[0], str):
                yield branches[0]
            pending.extend(item.values())
        elif type(item) is list:
            pending.extend(item)
