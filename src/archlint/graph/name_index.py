"""Which resource a physical name means: an index by type and symbolic text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.names import NAME_PROPERTY, given_name
from archlint.graph.stack_names import Index, by_end, of_other_stack
from archlint.graph.stacks import Stack, closest
from archlint.graph.text import NodePart, Part, Text, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archlint.graph.model import Node, ResourceGraph
    from archlint.template.model import Json

_REF_IS_NO_NAME = frozenset(
    {
        "AWS::Batch::ComputeEnvironment",
        "AWS::EC2::LaunchTemplate",
        "AWS::EC2::SecurityGroup",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::StepFunctions::StateMachine",
        "AWS::Timestream::Table",
    }
)
# Attributes that yield the name and are not called like the property.
_NAMED_BY = {"AWS::StepFunctions::StateMachine": "Name", "AWS::Timestream::Table": "Name"}


class NameIndex:
    """Physical names of the run's resources; built per type when first asked for."""

    def __init__(self, graph: ResourceGraph, texts: Callable[[Stack, Json], list[Text]]) -> None:
        self._graph = graph
        self._texts = texts
        self._names: dict[str, dict[tuple[Part, ...], list[Node]]] = {}
        self._of_stacks: dict[str, Index] = {}

    def named(self, stack: Stack, types: Iterable[str], name: Text) -> Node | None:
        """The resource of one of these types whose physical name is this text, nearest to `stack` when several."""
        types = tuple(types)
        candidates: list[Node] = []
        key: tuple[Part, ...] | None = None
        for kind in types:
            index = self._names.get(kind)
            if index is None:
                index = self._index_names(kind)
            if index:
                if key is None:
                    key = self.canonical(name)
                candidates.extend(index.get(_ssm_key(key) if kind == "AWS::SSM::Parameter" else key, ()))
        if not candidates:
            return self._of_other_stack(stack, types, key) if key else None
        return closest(stack, candidates, lambda node: node.stack)

    def _of_other_stack(self, stack: Stack, types: Iterable[str], key: tuple[Part, ...]) -> Node | None:
        for kind in types:
            written = _ssm_key(key) if kind == "AWS::SSM::Parameter" else key
            found = of_other_stack(stack, written, self._with_stack_name(kind))
            if found is not None:
                return found
        return None

    def _with_stack_name(self, kind: str) -> Index:
        """The names that have the name of their stack in them."""
        known = self._of_stacks.get(kind)
        if known is None:
            known = self._of_stacks[kind] = by_end(self._names.get(kind, {}))
        return known

    def names_of(self, kind: str) -> Iterator[tuple[Text, Node]]:
        """Physical names of all resources of a type that have one."""
        index = self._names.get(kind)
        if index is None:
            index = self._index_names(kind)
        for parts, nodes in index.items():
            for node in nodes:
                yield Text(parts), node

    def _index_names(self, kind: str) -> dict[tuple[Part, ...], list[Node]]:
        index: dict[tuple[Part, ...], list[Node]] = {}
        self._names[kind] = index
        if kind not in NAME_PROPERTY:
            return index
        for node in list(self._graph.of_type(kind)):
            if node.stack is None:
                continue
            for text in self._texts(node.stack, given_name(kind, node.properties)):
                if text.parts and text.hole is None:
                    key = self.canonical(text)
                    index.setdefault(_ssm_key(key) if kind == "AWS::SSM::Parameter" else key, []).append(node)
                elif text.hole is not None and text.hole.scope:
                    index.setdefault(text.parts, []).append(node)  # the parameter itself is the name
        return index

    def canonical(self, text: Text) -> tuple[Part, ...]:
        """The parts of the text with `Ref` of a named resource replaced by that name."""
        if not any(isinstance(part, NodePart) for part in text.parts):
            return text.parts
        parts: list[Part] = []
        for part in text.parts:
            if isinstance(part, NodePart) and part.node.stack is not None:
                name_property = NAME_PROPERTY.get(part.node.type)
                is_name = part.attribute in ("Ref", name_property) and part.node.type not in _REF_IS_NO_NAME
                is_name |= part.attribute == _NAMED_BY.get(part.node.type)
                given = given_name(part.node.type, part.node.properties)
                if (is_name or part.attribute == name_property) and given is not None:
                    names = self._texts(part.node.stack, given)
                    if len(names) == 1 and part not in names[0].parts:
                        parts.extend(names[0].parts)
                        continue
            parts.append(part)
        return joined(parts).parts


def _ssm_key(key: tuple[Part, ...]) -> tuple[Part, ...]:
    if key and isinstance(key[0], str) and key[0].startswith("/"):
        return joined((key[0][1:], *key[1:])).parts
    return key
