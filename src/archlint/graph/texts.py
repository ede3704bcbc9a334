"""Values to symbolic texts: intrinsic functions, parameters, and what other stacks provide."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from archlint.graph.dynamic import MARK, DynamicReferences
from archlint.graph.exports import Exports, Link
from archlint.graph.functions import Functions
from archlint.graph.lists import Lists
from archlint.graph.maps import Maps
from archlint.graph.model import Node, ResourceGraph
from archlint.graph.name_index import NameIndex
from archlint.graph.placeholders import Placeholders, is_none
from archlint.graph.proton_texts import ProtonTexts
from archlint.graph.text import MAX_ALTERNATIVES, NOTHING, Hole, NodePart, Text, product

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archlint.graph.stacks import Stack
    from archlint.template.model import Json

MAX_DEPTH = 60
_SHARED = frozenset({"AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::URLSuffix"})
# What SAM lets templates write behind a resource: `Ref: Function.Alias`.
DERIVED = frozenset({"Alias", "Version", "Stage", "Deployment", "DestinationQueue", "DestinationTopic"})
_SUB_VARIABLE = re.compile(r"\$\{([^!}{][^}{]*)\}")
_SUB_LITERAL = re.compile(r"\$\{!([^}{]*)\}")


class Texts:
    """What the values of stacks are, over all stacks of the run."""

    def __init__(self, graph: ResourceGraph, stacks: Sequence[Stack]) -> None:
        self.graph = graph
        self.stacks = stacks
        self.functions = Functions()
        self.names = NameIndex(graph, self.texts)
        self.placeholders = Placeholders()
        self.links: dict[tuple[int, int, int, str], Link] = {}
        self.unresolved_imports: dict[tuple[int, str], tuple[Stack, Text]] = {}
        self.external_imports: tuple[str, ...] = ()
        """What the configuration says that something outside the run provides: globs or prefixes of names."""
        self.proton = ProtonTexts(self._of_environment)
        self._exports: Exports | None = None
        self._parameters: dict[tuple[int, str], list[Text]] = {}
        self._substitutions: dict[tuple[int, str], list[Text]] = {}
        self._busy: set[tuple[int, str]] = set()
        self.lists = Lists(self.texts)
        self._maps = Maps(self.texts)
        self._dynamic = DynamicReferences(self)
        self.is_settled = False
        """True when every stack has its arguments: from then on a value stays what it is."""
        self._known: dict[tuple[int, int], tuple[Json, list[Text]]] = {}
        """The texts of a value, by stack and value; the value is kept so that its identity is."""
        self._depth = 0
        self._empty_is_unknown = 0
        self._functions: dict[str, Callable[[Stack, Any], list[Text]]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::If": self._if,
            "Fn::Select": self._select,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
        }

    def texts(self, stack: Stack, value: Json) -> list[Text]:
        """The symbolic texts a scalar value can be (several: both branches of an `If`); [] for lists and absence."""
        if isinstance(value, str):
            return self._string(stack, value)
        if isinstance(value, dict):
            if len(value) != 1:
                return []
            if not self.is_settled or self._depth or self._busy or self._empty_is_unknown:
                return self._function(stack, value)
            key = (id(stack), id(value))
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = (value, self._function(stack, value))
            return known[1]
        if value is None or isinstance(value, list):
            return []
        return [Text((("true" if value else "false") if isinstance(value, bool) else str(value),))]

    def _function(self, stack: Stack, value: dict[str, Any]) -> list[Text]:
        if self._depth > MAX_DEPTH:
            return [Text((Hole("too deep", stack.id),))]
        self._depth += 1
        try:
            [(function, argument)] = value.items()
            handler = self._functions.get(function)
            found = handler(stack, argument) if handler is not None else self._opaque(stack, function)
            return found[:MAX_ALTERNATIVES]
        finally:
            self._depth -= 1

    def _opaque(self, stack: Stack, function: str) -> list[Text]:
        return [Text((Hole(function, stack.id),))]

    def _string(self, stack: Stack, value: str) -> list[Text]:
        if not value:
            return [NOTHING]
        if MARK in value:
            return self._dynamic.string(stack, value)
        proton = stack.template.proton
        if proton is not None and proton.expressions:
            return self.proton.string(stack, proton, value)
        return [Text((value,))]

    def _of_environment(self, stack: Stack, environment: Stack, output: str) -> list[Text]:
        self._link(stack, environment, self.output_node(environment, output), "proton")
        return self._output(environment, output)

    def _ref(self, stack: Stack, name: Any) -> list[Text]:
        if not isinstance(name, str):
            return self._opaque(stack, "Ref")
        node = stack.nodes.get(name)
        if node is not None:
            return [Text((NodePart(node, "Ref"),))]
        if name.startswith("AWS::"):
            if name == "AWS::NoValue":
                return []
            if name in _SHARED:
                return [Text((Hole(name),))]
            return [Text((Hole(name, stack.scope),))]
        if name in stack.template.section("Parameters"):
            return self.parameter(stack, name)
        if "." in name:  # SAM: `Function.Alias`, `Function.Version`, `Api.Stage`
            return self._attribute(stack, name.split(".", 1))
        return self._of_another_piece(stack, name) or [Text((Hole(name, stack.id),))]

    def _of_another_piece(self, stack: Stack, name: str) -> list[Text]:
        """What a name means that this template does not declare but the whole that it is a piece of."""
        if stack.whole is None:
            return []
        node = stack.whole.node(stack, name)
        if node is not None:
            return [Text((NodePart(node, "Ref"),))]
        declared = stack.whole.section("Parameters", name)
        return self.parameter(declared[0], name) if declared is not None else []

    def parameter(self, stack: Stack, name: str) -> list[Text]:
        """What a parameter of this stack instance is: the parent's argument, a given value, the default, a hole."""
        key = (id(stack), name if not self._empty_is_unknown else f"{name} given")
        known = self._parameters.get(key)
        if known is not None:
            return known
        if key in self._busy:
            return [Text((Hole(name, stack.id),))]
        self._busy.add(key)
        try:
            texts = self._parameters[key] = self._parameter(stack, name)
        finally:
            self._busy.discard(key)
        return texts

    def _parameter(self, stack: Stack, name: str) -> list[Text]:
        hole = Text((Hole(name, stack.id),))
        declared = stack.template.section("Parameters").get(name)
        if stack.parent is not None and name in stack.arguments:
            texts = self.texts(stack.parent, stack.arguments[name]) or [hole]
            self._passed(stack, texts)
            return texts
        kind = declared.get("Type") if isinstance(declared, dict) else None
        default = declared.get("Default") if isinstance(declared, dict) else None
        value = stack.given.get(name, default)
        is_ssm = isinstance(kind, str) and kind.startswith("AWS::SSM::Parameter::")
        if value is None or isinstance(value, (dict, list)) or (value == "" and self._empty_is_unknown):
            return [hole]
        if isinstance(value, str) and is_none(value) and self.placeholders.unset(stack, name) is not None:
            return [hole]
        text = Text((str(value),)) if str(value) else NOTHING
        if is_ssm and "Value<" in str(kind):
            return self.ssm_value(stack, text) or [Text((Hole(f"ssm:{value}"),))]
        return self._dynamic.string(stack, value) if isinstance(value, str) and MARK in value else [text]

    def take_arguments(self, stack: Stack) -> None:
        """Records from which stacks the arguments of this one come, whether or not anything here uses them."""
        parent = stack.parent
        for value in stack.arguments.values() if parent is not None else ():
            for item in value if isinstance(value, list) else [value]:
                self._passed(stack, self.texts(parent or stack, item))

    def _passed(self, stack: Stack, texts: Sequence[Text]) -> None:
        for text in texts:
            for part in text.parts:
                if isinstance(part, NodePart) and part.node.stack not in (None, stack, stack.parent):
                    assert part.node.stack is not None  # noqa: S101 - excluded above
                    self._link(stack, part.node.stack, None, "parameter")

    def _get_att(self, stack: Stack, argument: Any) -> list[Text]:
        if isinstance(argument, str):
            argument = argument.split(".", 1)
        if not isinstance(argument, list) or len(argument) < 2 or not isinstance(argument[0], str):
            return self._opaque(stack, "Fn::GetAtt")
        attribute = argument[1] if isinstance(argument[1], str) else "*"
        return self._attribute(stack, [argument[0], attribute])

    def _attribute(self, stack: Stack, names: list[str]) -> list[Text]:
        logical_id, attribute = names
        if attribute.startswith("Outputs.") and logical_id in stack.children:
            output = attribute.removeprefix("Outputs.")
            found = [text for child in stack.children[logical_id] for text in self._output(child, output)]
            if found:
                return found
        node = stack.nodes.get(logical_id)
        if node is not None and node.generated_by is None and attribute in DERIVED:
            derived = stack.derived_names().get(f"{logical_id}.{attribute}")
            if derived is not None:
                return [Text((NodePart(stack.nodes[derived], "Ref"),))]
        if node is None and "." in attribute:  # logical IDs of `Fn::GetAtt: [Function.Alias, Arn]`
            head, _, attribute = attribute.partition(".")
            node = stack.nodes.get(f"{logical_id}{head}") or stack.nodes.get(logical_id)
        if node is None and stack.whole is not None:
            node = stack.whole.node(stack, logical_id)
        if node is None:
            return [Text((Hole(f"{logical_id}.{attribute}", stack.id),))]
        if node.type == "AWS::SSM::Parameter" and attribute == "Value":
            return self.texts(node.stack or stack, node.properties.get("Value")) or [Text((NodePart(node, attribute),))]
        return [Text((NodePart(node, attribute),))]

    def _output(self, stack: Stack, name: str) -> list[Text]:
        output = stack.template.section("Outputs").get(name)
        key = (id(stack), f"Outputs.{name}")
        if not isinstance(output, dict) or key in self._busy:
            return []
        self._busy.add(key)
        try:
            return self.texts(stack, output.get("Value"))
        finally:
            self._busy.discard(key)

    def _sub(self, stack: Stack, argument: Any) -> list[Text]:
        if not isinstance(argument, str) or self._busy or self._empty_is_unknown:
            return self._substituted(stack, argument)
        key = (id(stack), argument)
        known = self._substitutions.get(key)
        if known is None:
            known = self._substitutions[key] = self._substituted(stack, argument)
        return known

    def _substituted(self, stack: Stack, argument: Any) -> list[Text]:
        variables: Any = {}
        if isinstance(argument, list) and len(argument) == 2:
            argument, variables = argument
        elif isinstance(argument, list) and len(argument) == 1:
            argument = argument[0]
        if not isinstance(argument, str):
            return self._opaque(stack, "Fn::Sub")
        if not isinstance(variables, dict):
            variables = {}
        if len(variables) > 1:
            turns = (
                self._substituted(stack, [argument, variables]) for _ in self._maps.together(stack, variables.values())
            )
            if found := list(dict.fromkeys(chain.from_iterable(turns))):
                return found
        pieces: list[list[Text]] = []
        end = 0
        for match in _SUB_VARIABLE.finditer(argument):
            if match.start() > end:
                pieces.append(self._string(stack, _SUB_LITERAL.sub(r"${\1}", argument[end : match.start()])))
            pieces.append(self._sub_variable(stack, match.group(1).strip(), variables))
            end = match.end()
        if end < len(argument):
            pieces.append(self._string(stack, _SUB_LITERAL.sub(r"${\1}", argument[end:])))
        texts = product(pieces)
        if MARK in argument:
            texts = [found for text in texts for found in self._dynamic.late(stack, text)]
        return texts

    def _sub_variable(self, stack: Stack, name: str, variables: dict[str, Any]) -> list[Text]:
        if name in variables:
            return self.texts(stack, variables[name]) or [Text((Hole(name, stack.id),))]
        if "." in name and not name.startswith("AWS::"):
            return self._attribute(stack, name.split(".", 1))
        return self._ref(stack, name)

    def _join(self, stack: Stack, argument: Any) -> list[Text]:
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
            return self._opaque(stack, "Fn::Join")
        items = argument[1]
        if not isinstance(items, list):
            listed = self.lists.items(stack, items)
            if listed is None:  # a list that nobody gives is the parameter itself: with commas, and as the one item
                texts = self.texts(stack, items)
                is_whole = argument[0] == "," or all(text.hole is not None for text in texts)
                return (texts if is_whole else []) or self._opaque(stack, "Fn::Join")
            items = listed
        turns = (self._join(stack, [argument[0], items]) for _ in self._maps.together(stack, items))
        if found := list(dict.fromkeys(chain.from_iterable(turns))):
            return found
        pieces: list[list[Text]] = []
        between = [Text((argument[0],))] if argument[0] else []
        for index, item in enumerate(items):
            if index and between:
                pieces.append(between)
            found = [item] if isinstance(item, Text) else self.texts(stack, item)
            pieces.append(found or [Text((Hole("Fn::Join", stack.id),))])
        return product(pieces)

    def _select(self, stack: Stack, argument: Any) -> list[Text]:
        return self.lists.selected(stack, argument) or self._opaque(stack, "Fn::Select")

    def _if(self, stack: Stack, argument: Any) -> list[Text]:
        if isinstance(argument, list) and len(argument) == 3:
            found = self.texts(stack, argument[1])
            return found + [text for text in self.texts(stack, argument[2]) if text not in found]
        return self._opaque(stack, "Fn::If")

    def _find_in_map(self, stack: Stack, argument: Any) -> list[Text]:
        found: list[Text] = []
        for value in self.map_values(stack, argument):
            for text in self.texts(stack, value):
                if text not in found:
                    found.append(text)
        return found if 0 < len(found) <= MAX_ALTERNATIVES else self._opaque(stack, "Fn::FindInMap")

    def map_values(self, stack: Stack, argument: Any) -> list[Any]:
        """The values that a FindInMap can yield; unknown keys stand for all keys of the map."""
        return self._maps.values(stack, argument)

    # -- across stacks -----------------------------------------------------------------------------------------

    @property
    def exports(self) -> Exports:
        """All exports of the run."""
        if self._exports is None:
            self._exports = Exports(self)
        return self._exports

    def _import_value(self, stack: Stack, argument: Any) -> list[Text]:
        found: list[Text] = []
        for name in self.import_names(stack, argument):
            providers = self.exports.providers(stack, name)
            hole = self._imported(name)
            is_sure = len({id(exporter) for exporter, _ in providers}) == 1
            linked = providers if len(providers) < 2 or is_sure or self.exports.interchangeable(providers) else ()
            for exporter, output in linked:
                self._link(stack, exporter, self.output_node(exporter, output), "export", is_sure=is_sure)
            if is_sure:
                outputs = [text for provider in providers for text in self._output(*provider)]
                found.extend(outputs or [hole])
                continue
            if not providers:
                self.unresolved_imports.setdefault((id(stack), str(name)), (stack, name))
            found.append(hole)
        return found

    @staticmethod
    def _imported(name: Text) -> Text:
        """What nobody in the run exports: known by its name, or by the parameter that alone gives the name."""
        hole = name.hole
        return name if hole is not None and hole.scope and hole.name.isidentifier() else Text((Hole(f"import:{name}"),))

    def import_names(self, stack: Stack, argument: Any) -> list[Text]:
        """The names that an ImportValue asks for. A parameter that is empty by default is not given: unknown."""
        self._empty_is_unknown += 1
        try:
            return self.texts(stack, argument)
        finally:
            self._empty_is_unknown -= 1

    def ssm_value(self, stack: Stack, name: Text) -> list[Text]:
        """What the SSM parameter of this name holds, when exactly one resource of the run declares it."""
        node = self.names.named(stack, ("AWS::SSM::Parameter",), name)
        if node is None or node.stack is None:
            return []
        if node.stack is not stack:
            self._link(stack, node.stack, node, "ssm")
        key = (id(node), "Value")
        if key in self._busy:
            return []
        self._busy.add(key)
        try:
            return self.texts(node.stack, node.properties.get("Value")) or [Text((NodePart(node, "Value"),))]
        finally:
            self._busy.discard(key)

    def output_node(self, stack: Stack, output: str) -> Node:
        """The node of an output that carries a link."""
        node_id = output_id(stack, output)
        node = self.graph.nodes.get(node_id)
        return node or self.graph.add_node(Node(node_id, "output", output, stack))

    def _link(self, importer: Stack, exporter: Stack, via: Node | None, how: str, *, is_sure: bool = True) -> None:
        if importer is not exporter:
            key = (id(importer), id(exporter), id(via), how)
            self.links.setdefault(key, Link(importer, exporter, via, how, is_sure))


def output_id(stack: Stack, output: str) -> str:
    """The id of the node of an output."""
    return f"{stack.template.name}#Outputs.{output}" + (f"@{stack.instance}" if stack.instance else "")
