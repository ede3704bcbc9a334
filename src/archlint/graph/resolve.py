"""Values to what they name: intrinsic functions across stacks, symbolic names, ARNs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from archlint.graph.exports import Exports
from archlint.graph.model import Node, ResourceGraph
from archlint.graph.names import NAME_PROPERTY, is_unknown, parse_arn
from archlint.graph.stacks import Stack, closest
from archlint.graph.text import Hole, NodePart, Part, Text, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archlint.template.model import Json

# More alternatives than this say nothing definite any more.
MAX_ALTERNATIVES = 16
MAX_DEPTH = 60
NOTHING = Text(())
_SHARED = frozenset({"AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::URLSuffix"})
_SUB_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
_SUB_LITERAL = re.compile(r"\$\{!([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]*)\}\}")
_QUEUE_URL = re.compile(r"https://(?:sqs\.[^/]*|[^/]*\.queue)\.amazonaws\.com")

# Ref or GetAtt of these are the resource they stand for.
_STANDS_FOR = {
    "AWS::Lambda::Alias": "FunctionName",
    "AWS::Lambda::Version": "FunctionName",
    "AWS::StepFunctions::StateMachineAlias": "",
    "AWS::StepFunctions::StateMachineVersion": "StateMachineArn",
    "AWS::KMS::Alias": "TargetKeyId",
    "AWS::Lambda::Url": "TargetFunctionArn",
}


class Target(NamedTuple):
    """What a value names. `rest` is what an ARN has behind the resource (`/*`, `/index/x`, `:log-stream:*`)."""

    node: Node
    attribute: str | None = None
    qualifier: str | None = None
    rest: str = ""


class Link(NamedTuple):
    """A value that came from another stack: `via` is the export, SSM parameter or nested output that carried it."""

    importer: Stack
    exporter: Stack
    via: Node | None
    how: str
    """`export`, `ssm`, `output`, `parameter` or `proton`."""
    is_sure: bool = True
    """False when several stacks provide the name and nothing tells which one is meant."""


class Resolver:
    """Answers what a value of a stack is, over all stacks of the run."""

    def __init__(self, graph: ResourceGraph, stacks: Sequence[Stack]) -> None:
        self.graph = graph
        self.stacks = stacks
        self.links: dict[tuple[int, int, int, str], Link] = {}
        self.unresolved_imports: dict[tuple[int, str], tuple[Stack, Text]] = {}
        self.proton_output: Callable[[Stack, str], tuple[Stack, str, bool] | None] | None = None
        self._names: dict[str, dict[tuple[Part, ...], list[Node]]] = {}
        self._exports: Exports | None = None
        self._parameters: dict[tuple[int, str], list[Text]] = {}
        self._busy: set[tuple[int, str]] = set()
        self._depth = 0
        self._empty_is_unknown = 0

    # -- values to texts ---------------------------------------------------------------------------------------

    def texts(self, stack: Stack, value: Json) -> list[Text]:
        """The symbolic texts a scalar value can be (several: both branches of an `If`); [] for lists and absence."""
        if isinstance(value, str):
            return self._string(stack, value)
        if isinstance(value, dict):
            if len(value) != 1:
                return []
            if self._depth > MAX_DEPTH:
                return [Text((Hole("too deep", stack.id),))]
            self._depth += 1
            try:
                [(function, argument)] = value.items()
                handler = _FUNCTIONS.get(function)
                return (
                    handler(self, stack, argument)[:MAX_ALTERNATIVES]
                    if handler is not None
                    else self._opaque(stack, function)
                )
            finally:
                self._depth -= 1
        if value is None or isinstance(value, list):
            return []
        return [Text((("true" if value else "false") if isinstance(value, bool) else str(value),))]

    def _opaque(self, stack: Stack, function: str) -> list[Text]:
        return [Text((Hole(function, stack.id),))]

    def _string(self, stack: Stack, value: str) -> list[Text]:
        if not value:
            return [NOTHING]
        if "{{resolve:" in value:
            return self._dynamic(stack, value)
        proton = stack.template.proton
        if proton is not None and proton.expressions:
            return self._proton_string(stack, value)
        return [Text((value,))]

    def _dynamic(self, stack: Stack, value: str) -> list[Text]:
        parts: list[list[Text]] = []
        end = 0
        for match in _DYNAMIC.finditer(value):
            if match.start() > end:
                parts.append([Text((value[end : match.start()],))])
            parts.append(self._dynamic_reference(stack, match.group(1), match.group(2)))
            end = match.end()
        if end < len(value):
            parts.append([Text((value[end:],))])
        return _product(parts)

    def _dynamic_reference(self, stack: Stack, service: str, body: str) -> list[Text]:
        hole = Text((Hole(f"{service}:{body}"),))
        if service == "secretsmanager":
            name = (
                self._string(stack, body.split(":SecretString", maxsplit=1)[0])[0]
                if ":SecretString" in body
                else Text((body,))
            )
            target = self.target(stack, name, ("AWS::SecretsManager::Secret",))
            return [Text((NodePart(target.node, "SecretString"),))] if target and not target.node.external else [hole]
        return self.ssm_value(stack, Text((body.split(":", maxsplit=1)[0],))) or [hole]

    def _proton_string(self, stack: Stack, value: str) -> list[Text]:
        proton = stack.template.proton
        assert proton is not None  # noqa: S101 - the caller has looked
        pieces: list[list[Text]] = []
        position = 0
        found = sorted((value.find(mark), mark) for mark in proton.expressions if mark in value)
        while found:
            start, mark = found.pop(0)
            if start < position:
                continue
            if start > position:
                pieces.append([Text((value[position:start],))])
            pieces.append(self._proton_expression(stack, mark))
            position = start + len(mark)
            again = value.find(mark, position)
            if again >= 0:
                found = sorted([*found, (again, mark)])
        if position < len(value):
            pieces.append([Text((value[position:],))])
        return _product(pieces)

    def _proton_expression(self, stack: Stack, mark: str) -> list[Text]:
        proton = stack.template.proton
        assert proton is not None  # noqa: S101 - the caller has looked
        expression = proton.expressions[mark]
        if self.proton_output is not None and "outputs." in expression:
            for path in proton.paths.get(mark, ()):
                found = self.proton_output(stack, path)
                if found is not None:
                    environment, output, _ = found
                    self._link(stack, environment, self.output_node(environment, output), "proton")
                    texts = self._output(environment, output)
                    if texts:
                        return texts
        return [Text((Hole(expression, stack.root.id),))]

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
            return [Text((Hole(name, stack.id),))]
        if name in stack.template.section("Parameters"):
            return self.parameter(stack, name)
        if "." in name:  # SAM: `Function.Alias`, `Function.Version`, `Api.Stage`
            return self._attribute(stack, name.split(".", 1))
        return [Text((Hole(name, stack.id),))]

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
            for text in texts:
                for part in text.parts:
                    if isinstance(part, NodePart) and part.node.stack not in (None, stack, stack.parent):
                        assert part.node.stack is not None  # noqa: S101 - excluded above
                        self._link(stack, part.node.stack, None, "parameter")
            return texts
        kind = declared.get("Type") if isinstance(declared, dict) else None
        default = declared.get("Default") if isinstance(declared, dict) else None
        value = stack.given.get(name, default)
        is_ssm = isinstance(kind, str) and kind.startswith("AWS::SSM::Parameter::")
        if value is None or isinstance(value, (dict, list)) or (value == "" and self._empty_is_unknown):
            return [hole]
        text = Text((str(value),)) if str(value) else NOTHING
        if is_ssm and "Value<" in str(kind):
            return self.ssm_value(stack, text) or [Text((Hole(f"ssm:{value}"),))]
        return [text]

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
            found: list[Text] = []
            for child in stack.children[logical_id]:
                found.extend(self._output(child, output))
            if found:
                return found
        node = stack.nodes.get(logical_id)
        if node is None and "." in attribute:  # logical IDs of `Fn::GetAtt: [Function.Alias, Arn]`
            head, _, attribute = attribute.partition(".")
            node = stack.nodes.get(f"{logical_id}{head}") or stack.nodes.get(logical_id)
        if node is None:
            return [Text((Hole(f"{logical_id}.{attribute}", stack.id),))]
        if node.type == "AWS::SSM::Parameter" and attribute == "Value":
            return self.texts(stack, node.properties.get("Value")) or [Text((NodePart(node, attribute),))]
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
        variables: Any = {}
        if isinstance(argument, list) and len(argument) == 2:
            argument, variables = argument
        elif isinstance(argument, list) and len(argument) == 1:
            argument = argument[0]
        if not isinstance(argument, str):
            return self._opaque(stack, "Fn::Sub")
        if not isinstance(variables, dict):
            variables = {}
        pieces: list[list[Text]] = []
        end = 0
        for match in _SUB_VARIABLE.finditer(argument):
            if match.start() > end:
                pieces.append(self._string(stack, _SUB_LITERAL.sub(r"${\1}", argument[end : match.start()])))
            pieces.append(self._sub_variable(stack, match.group(1).strip(), variables))
            end = match.end()
        if end < len(argument):
            pieces.append(self._string(stack, _SUB_LITERAL.sub(r"${\1}", argument[end:])))
        texts = _product(pieces)
        if "{{resolve:" in argument:
            texts = [found for text in texts for found in self._late_dynamic(stack, text)]
        return texts

    def _late_dynamic(self, stack: Stack, text: Text) -> list[Text]:
        """`{{resolve:ssm:/${Stage}/bus}}` inside a Sub is whole only after substitution."""
        literal = text.literal
        if literal is not None and "{{resolve:" in literal:
            return self._dynamic(stack, literal)
        if text.startswith("{{resolve:ssm:") and isinstance(text.parts[-1], str) and text.parts[-1].endswith("}}"):
            first, last = text.parts[0], text.parts[-1]
            assert isinstance(first, str)  # noqa: S101 - startswith has looked
            name = joined((first.removeprefix("{{resolve:ssm:"), *text.parts[1:-1], last.removesuffix("}}")))
            return self.ssm_value(stack, name.split(":")[0]) or [text]
        return [text]

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
            listed = self._list(stack, items)
            if listed is None:
                return self._opaque(stack, "Fn::Join")
            items = listed
        pieces: list[list[Text]] = []
        for index, item in enumerate(items):
            if index and argument[0]:
                pieces.append([Text((argument[0],))])
            found = [item] if isinstance(item, Text) else self.texts(stack, item)
            pieces.append(found or [Text((Hole("Fn::Join", stack.id),))])
        return _product(pieces)

    def _list(self, stack: Stack, value: Any) -> list[Any] | None:
        """The items (values or texts) of a list-valued intrinsic, None when unknown."""
        if isinstance(value, list):
            return value
        if isinstance(value, dict) and len(value) == 1:
            [(function, argument)] = value.items()
            if (
                function == "Fn::Split"
                and isinstance(argument, list)
                and len(argument) == 2
                and isinstance(argument[0], str)
            ):
                sources = self.texts(stack, argument[1])
                return list(sources[0].split(argument[0])) if len(sources) == 1 else None
            if function == "Ref":
                sources = self.texts(stack, value)
                if len(sources) == 1 and sources[0].hole is None and sources[0].node is None:
                    return [Text(tuple(p for p in piece.parts)) for piece in sources[0].split(",")]
                passed = (
                    stack.arguments.get(argument) if stack.parent is not None and isinstance(argument, str) else None
                )
                if passed is not None and stack.parent is not None and isinstance(passed, (list, dict)):
                    inner = self._list(stack.parent, passed)
                    if inner is None:
                        return None
                    return [
                        item if isinstance(item, Text) else (self.texts(stack.parent, item) or [NOTHING])[0]
                        for item in inner
                    ]
            if function == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
                return self._list(stack, argument[1]) or self._list(stack, argument[2])
        return None

    def _select(self, stack: Stack, argument: Any) -> list[Text]:
        if isinstance(argument, list) and len(argument) == 2:
            index, value = argument
            items = self._list(stack, value)
            if isinstance(index, str) and index.isdecimal():
                index = int(index)
            if items is not None and isinstance(index, int) and 0 <= index < len(items):
                item = items[index]
                return [item] if isinstance(item, Text) else self.texts(stack, item)
        return self._opaque(stack, "Fn::Select")

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
        if not isinstance(argument, list) or len(argument) < 3:
            return []
        level: list[Any] = [stack.template.section("Mappings")]
        for key in argument[:3]:
            names = {text.literal for text in self.texts(stack, key)}
            following = []
            for mapping in level:
                if isinstance(mapping, dict):
                    known = [mapping[name] for name in sorted(n for n in names if n is not None) if name in mapping]
                    following.extend(mapping.values() if None in names else known)
            level = following
        if not level and len(argument) == 4 and isinstance(argument[3], dict):
            return [argument[3].get("DefaultValue")]
        return level

    # -- across stacks -----------------------------------------------------------------------------------------

    def _import_value(self, stack: Stack, argument: Any) -> list[Text]:
        found: list[Text] = []
        for name in self.import_names(stack, argument):
            if self._exports is None:
                self._exports = Exports(self)
            providers = self._exports.providers(stack, name)
            hole = Text((Hole(f"import:{name}"),))
            for exporter, output in providers:
                self._link(stack, exporter, self.output_node(exporter, output), "export", is_sure=len(providers) == 1)
            if len(providers) == 1:
                found.extend(self._output(*providers[0]) or [hole])
                continue
            if not providers:
                self.unresolved_imports.setdefault((id(stack), str(name)), (stack, name))
            found.append(hole)
        return found

    def import_names(self, stack: Stack, argument: Any) -> list[Text]:
        """The names that an ImportValue asks for. A parameter that is empty by default is not given: unknown."""
        self._empty_is_unknown += 1
        try:
            return self.texts(stack, argument)
        finally:
            self._empty_is_unknown -= 1

    def ssm_value(self, stack: Stack, name: Text) -> list[Text]:
        """What the SSM parameter of this name holds, when exactly one resource of the run declares it."""
        node = self.named(stack, ("AWS::SSM::Parameter",), name)
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
        node_id = f"{stack.template.name}#Outputs.{output}" + (f"@{stack.instance}" if stack.instance else "")
        node = self.graph.nodes.get(node_id)
        return node or self.graph.add_node(Node(node_id, "output", output, stack))

    def _link(self, importer: Stack, exporter: Stack, via: Node | None, how: str, *, is_sure: bool = True) -> None:
        if importer is not exporter:
            key = (id(importer), id(exporter), id(via), how)
            self.links.setdefault(key, Link(importer, exporter, via, how, is_sure))

    # -- texts to resources ------------------------------------------------------------------------------------

    def targets(self, stack: Stack, value: Json, *types: str) -> list[Target]:
        """The resources that a value names; a list names those of its items.

        `types` are the CloudFormation types a bare name may mean. A thing that is named but not part of the run
        comes back as an external node, a value that says nothing as no target.
        """
        if isinstance(value, list):
            return [target for item in value for target in self.targets(stack, item, *types)]
        if isinstance(value, dict) and len(value) == 1:
            if "Fn::If" in value:
                branches = value["Fn::If"]
                if isinstance(branches, list) and len(branches) == 3:
                    return _distinct(
                        [*self.targets(stack, branches[1], *types), *self.targets(stack, branches[2], *types)]
                    )
            if "Ref" in value or "Fn::Split" in value:
                items = self._list(stack, value)
                if items is not None and len(items) > 1:
                    return [t for item in items if isinstance(item, Text) and (t := self.target(stack, item, types))]
        found = []
        for text in self.texts(stack, value):
            target = self.target(stack, text, types)
            if target is not None:
                found.append(target)
        return found if len(found) < 2 else _distinct(found)

    def target(self, stack: Stack, text: Text, types: Sequence[str] = ()) -> Target | None:
        """The resource that a text names, an external node when it lies outside the run, None when it says nothing."""
        if not text.parts:
            return None
        single = text.node
        if single is not None:
            return self._of_node(single)
        hole = text.hole
        if hole is not None:
            return self._of_hole(hole)
        first = text.parts[0]
        if isinstance(first, str) and first.startswith("arn:"):
            return self._of_arn(stack, text)
        if isinstance(first, (NodePart, Hole)) and len(text.parts) > 1 and isinstance(text.parts[1], str):
            return self._of_suffixed(stack, text, types)
        if isinstance(first, str) and first.startswith("https://"):
            return self._of_url(stack, text)
        if types:
            node = self.named(stack, types, text)
            if node is not None:
                return Target(node)
            return self._qualified_name(stack, text, types) or self._external_name(text, types)
        return None

    def _of_node(self, part: NodePart) -> Target | None:
        node, attribute = part
        stands_for = _STANDS_FOR.get(node.type)
        if stands_for and node.stack is not None:
            inner = self.targets(node.stack, node.properties.get(stands_for), "AWS::Lambda::Function", "AWS::KMS::Key")
            if inner:
                name = node.properties.get("Name") if node.type == "AWS::Lambda::Alias" else None
                return Target(inner[0].node, attribute, name if isinstance(name, str) else node.logical_id)
        if node.type == "AWS::StepFunctions::StateMachineAlias" and node.stack is not None:
            routing = node.properties.get("RoutingConfiguration")
            version = (
                routing[0].get("StateMachineVersionArn")
                if isinstance(routing, list) and routing and isinstance(routing[0], dict)
                else None
            )
            inner = self.targets(node.stack, version) if version is not None else []
            if inner:
                return Target(inner[0].node, attribute, node.logical_id)
        return Target(node, attribute)

    def _of_hole(self, hole: Hole) -> Target | None:
        name, scope = hole
        if name.startswith(("AWS::", "Fn::")):
            return None
        if name.startswith(("import:", "ssm:", "secretsmanager:", "ssm-secure:")):
            return Target(self.external(name.partition(":")[2] if name.startswith("import:") else name))
        file = scope.partition("@")[0]
        return Target(self.external(f"{file}#{name}" if scope else name))

    def external(self, name: str) -> Node:
        """The node of a named thing outside the run."""
        node_id = f"external:{name}"
        node = self.graph.nodes.get(node_id)
        return node or self.graph.add_node(Node(node_id, "external", name, external=True))

    def _of_arn(self, stack: Stack, text: Text) -> Target | None:
        fields = text.split(":", 5)
        if len(fields) == 6 and fields[2].literal == "apigateway":
            return self._of_integration(stack, text)
        arn = parse_arn(text)
        if arn is None or is_unknown(arn.name):
            return None
        part = arn.name.node
        if part is not None:
            found = self._of_node(part)
            return found._replace(qualifier=arn.qualifier or found.qualifier, rest=arn.rest) if found else None
        if arn.types:
            node = self.named(stack, arn.types, arn.name)
            if node is None and arn.service == "s3" and isinstance(arn.name.parts[0], NodePart):
                node = None
            if node is not None:
                return Target(node, None, arn.qualifier, arn.rest)
        literal = arn.name.literal
        if literal is not None and ("*" in literal or "?" in literal):
            return None
        return Target(self.external(str(text)), None, arn.qualifier, arn.rest)

    def _of_integration(self, stack: Stack, text: Text) -> Target | None:
        """`arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<function ARN>/invocations`."""
        marker = text.split(":path/2015-03-31/functions/", 1)
        if len(marker) != 2:
            return None
        inner = marker[1].split("/invocations", 1)[0]
        inner = inner.split("/response-streaming-invocations", 1)[0]
        return self.target(stack, inner, ("AWS::Lambda::Function",))

    def _of_suffixed(self, stack: Stack, text: Text, types: Sequence[str]) -> Target | None:
        """`${Bucket.Arn}/*`, `${Function.Arn}:live`, `${TableArn}/index/x`: a resource and what lies below it."""
        if types:
            node = self.named(stack, types, text)
            if node is not None:
                return Target(node)
        first, second = text.parts[0], text.parts[1]
        assert isinstance(second, str)  # noqa: S101 - the caller has looked
        if second[:1] not in ("/", ":"):
            return self._external_name(text, types) if types else None
        found = (
            self._of_node(first)
            if isinstance(first, NodePart)
            else self._of_hole(first)
            if isinstance(first, Hole)
            else None
        )
        if found is None:
            return None
        rest = str(Text(text.parts[1:]))
        is_function = found.node.type == "AWS::Lambda::Function" and second.startswith(":") and second != ":*"
        return found._replace(rest=rest, qualifier=rest[1:] if is_function else found.qualifier)

    def _of_url(self, stack: Stack, text: Text) -> Target | None:
        pieces = text.split("/")
        if len(pieces) >= 5 and _QUEUE_URL.match(str(text)):
            node = self.named(stack, ("AWS::SQS::Queue",), pieces[4])
            return Target(node) if node is not None else Target(self.external(str(text)))
        host = pieces[2].split(".", 1)[0] if len(pieces) > 2 else NOTHING
        part = host.node
        return Target(part.node, part.attribute) if part is not None else None

    def _qualified_name(self, stack: Stack, text: Text, types: Sequence[str]) -> Target | None:
        """`my-function:live` where a function name is expected."""
        if "AWS::Lambda::Function" not in types:
            return None
        name, *qualifier = text.split(":", 1)
        if not qualifier:
            return None
        node = self.named(stack, ("AWS::Lambda::Function",), name)
        return Target(node, None, str(qualifier[0])) if node is not None else None

    def _external_name(self, text: Text, types: Sequence[str]) -> Target | None:
        literal = text.literal
        if literal is not None and (not literal.strip() or "*" in literal or " " in literal.strip()):
            return None
        if is_unknown(text):
            return None
        return Target(self.external(f"{types[0].rpartition('::')[2]} {text}"))

    # -- names -------------------------------------------------------------------------------------------------

    def named(self, stack: Stack, types: Iterable[str], name: Text) -> Node | None:
        """The resource of one of these types whose physical name is this text, nearest to `stack` when several."""
        candidates: list[Node] = []
        key: tuple[Part, ...] | None = None
        for kind in types:
            index = self._names.get(kind)
            if index is None:
                index = self._index_names(kind)
            if index:
                if key is None:
                    key = self._canonical(name)
                candidates.extend(index.get(_ssm_key(key) if kind == "AWS::SSM::Parameter" else key, ()))
        if not candidates:
            return None
        return closest(stack, candidates, lambda node: node.stack)

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
        name_property = NAME_PROPERTY.get(kind)
        for node in list(self.graph.of_type(kind)):
            if name_property is None or node.stack is None:
                continue
            for text in self.texts(node.stack, node.properties.get(name_property)):
                if text.parts and text.hole is None:
                    key = self._canonical(text)
                    index.setdefault(_ssm_key(key) if kind == "AWS::SSM::Parameter" else key, []).append(node)
                elif text.hole is not None and text.hole.scope:
                    index.setdefault(text.parts, []).append(node)  # the parameter itself is the name
        return index

    def _canonical(self, text: Text) -> tuple[Part, ...]:
        """The text with `Ref` of a named resource replaced by that name."""
        if not any(isinstance(part, NodePart) for part in text.parts):
            return text.parts
        parts: list[Part] = []
        for part in text.parts:
            if isinstance(part, NodePart) and part.node.stack is not None:
                name_property = NAME_PROPERTY.get(part.node.type)
                is_name = part.attribute in ("Ref", name_property) and part.node.type not in (
                    "AWS::SQS::Queue",
                    "AWS::SNS::Topic",
                )
                given = part.node.properties.get(name_property) if name_property else None
                if (is_name or part.attribute == name_property) and given is not None:
                    names = self.texts(part.node.stack, given)
                    if len(names) == 1 and part not in names[0].parts:
                        parts.extend(names[0].parts)
                        continue
            parts.append(part)
        return joined(parts).parts


def _ssm_key(key: tuple[Part, ...]) -> tuple[Part, ...]:
    if key and isinstance(key[0], str) and key[0].startswith("/"):
        return joined((key[0][1:], *key[1:])).parts
    return key


def _product(pieces: Sequence[Sequence[Text]]) -> list[Text]:
    """Every concatenation of one alternative of each piece, bounded."""
    if all(len(piece) == 1 for piece in pieces):
        return [joined(part for piece in pieces for part in piece[0].parts)]
    results: list[list[Part]] = [[]]
    for piece in pieces:
        results = [[*result, *alternative.parts] for result in results for alternative in piece][:MAX_ALTERNATIVES]
    return [joined(result) for result in results]


def _distinct(targets: Iterable[Target]) -> list[Target]:
    return list(dict.fromkeys(targets))


_FUNCTIONS: dict[str, Callable[[Resolver, Stack, Any], list[Text]]] = {
    "Ref": Resolver._ref,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::Sub": Resolver._sub,
    "Fn::Join": Resolver._join,
    "Fn::If": Resolver._if,
    "Fn::Select": Resolver._select,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::ImportValue": Resolver._import_value,
}
