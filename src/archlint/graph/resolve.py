"""Texts to resources: ARNs, names, URLs and what stands for another resource."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from archlint.graph.exports import Link
from archlint.graph.model import Node
from archlint.graph.names import is_unknown, parse_arn, whole_arn
from archlint.graph.placeholders import is_none
from archlint.graph.text import NOTHING, Hole, NodePart, Text
from archlint.graph.texts import DERIVED, Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archlint.graph.model import ResourceGraph
    from archlint.graph.names import ArnName
    from archlint.graph.stacks import Stack
    from archlint.template.model import Json

_LIST_TYPE = re.compile(r"List<|^CommaDelimitedList$")
# An ARN that ends, or goes on below the resource, where the name of its resource belongs.
_NAMELESS = re.compile(
    r"arn:[^:]*:(?:[^:]*:[^:]*:[^:]*:(?:[A-Za-z-]+[/:])?(?:[/:]\*?)?|s3:::/.*|dynamodb:[^:]*:[^:]*:table//.*)"
)
# IDs that EC2 gave: like an ARN, they name one thing whatever is asked for.
_NETWORK_ID = re.compile(r"(?:vpc|subnet|sg)-(?:[0-9a-f]{17}|[0-9a-f]{8})")
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


def _plain(stack: Stack, value: dict[str, Any]) -> NodePart | None:
    """What a `Ref` or `GetAtt` of a resource of the stack is: most values are, and need no text."""
    [(function, argument)] = value.items()
    if function == "Ref":
        node = stack.nodes.get(argument) if isinstance(argument, str) else None
        return NodePart(node, "Ref") if node is not None else None
    if function != "Fn::GetAtt" or not isinstance(argument, list) or len(argument) != 2:
        return None
    name, attribute = argument
    node = stack.nodes.get(name) if isinstance(name, str) and isinstance(attribute, str) else None
    if node is None or attribute in DERIVED or attribute.startswith("Outputs.") or node.type == "AWS::SSM::Parameter":
        return None
    return NodePart(node, attribute)


class Resolver(Texts):
    """Answers what a value of a stack names, over all stacks of the run."""

    def __init__(self, graph: ResourceGraph, stacks: Sequence[Stack]) -> None:
        super().__init__(graph, stacks)
        self._arns: dict[Text, ArnName | None] = {}

    def arn(self, text: Text) -> ArnName | None:
        """`parse_arn`, once for each text: templates repeat their ARNs."""
        if text not in self._arns:
            self._arns[text] = parse_arn(text)
        return self._arns[text]

    def named(self, stack: Stack, types: Iterable[str], name: Text) -> Node | None:
        """The resource of one of these types whose physical name is this text, nearest to `stack` when several."""
        return self.names.named(stack, types, name)

    def targets(self, stack: Stack, value: Json, *types: str) -> list[Target]:
        """The resources that a value names; a list names those of its items.

        `types` are the CloudFormation types a bare name may mean. A thing that is named but not part of the run
        comes back as an external node, a value that says nothing as no target.
        """
        if isinstance(value, list):
            return [target for item in value for target in self.targets(stack, item, *types)]
        if isinstance(value, dict) and len(value) == 1:
            plain = _plain(stack, value)
            if plain is not None:
                found = self._of_node(plain)
                return [found] if found is not None else []
            if "Fn::If" in value:
                branches = value["Fn::If"]
                if isinstance(branches, list) and len(branches) == 3:
                    return _distinct(
                        [*self.targets(stack, branches[1], *types), *self.targets(stack, branches[2], *types)]
                    )
            if "Ref" in value or "Fn::Split" in value:
                unset = self._unset(stack, value["Ref"], types) if "Ref" in value else None
                if unset is not None:
                    return [unset]
                items = self.items(stack, value)
                if "Fn::Split" in value and not all(item.parts for item in items):
                    items = self._given_items(stack, value)
                if len(items) > 1 or (items and "Fn::Split" in value):
                    return self._listed(stack, value, items, types)
            if "Fn::Select" in value:
                return self._selected(stack, value, types)
        texts = self.texts(stack, value)
        return self._named_by(stack, texts, types) or self._named_by(stack, self.given(stack, value, texts), types)

    def _listed(
        self, stack: Stack, value: dict[str, Json], items: Sequence[Text], types: Sequence[str]
    ) -> list[Target]:
        found = _distinct(t for item in items if (t := self.target(stack, item, types)))
        if found or not any(map(_is_nameless, items)):
            return found
        self._empty_is_unknown += 1
        try:
            return _distinct(t for item in self.items(stack, value) if (t := self.target(stack, item, types)))
        finally:
            self._empty_is_unknown -= 1

    def given(self, stack: Stack, value: Json, texts: Sequence[Text]) -> list[Text]:
        """The texts of an ARN that lacks its name only because a parameter is empty by default; else none.

        Whoever uses such an ARN gives the parameter: `arn:aws:s3:::${LogBucket}/*` is of the bucket that it names.
        """
        return self.filled(stack, value) if isinstance(value, dict) and any(map(_is_nameless, texts)) else []

    def filled(self, stack: Stack, value: Json) -> list[Text]:
        """The texts of a value whose parameters somebody gives, also those that are empty by default."""
        self._empty_is_unknown += 1
        try:
            return self.texts(stack, value)
        finally:
            self._empty_is_unknown -= 1

    def _given_items(self, stack: Stack, value: dict[str, Json]) -> list[Text]:
        """The items of a list whose parameters are given: nothing is named by an item that is empty by default."""
        self._empty_is_unknown += 1
        try:
            return self.items(stack, value)
        finally:
            self._empty_is_unknown -= 1

    def _named_by(self, stack: Stack, texts: Iterable[Text], types: Sequence[str]) -> list[Target]:
        found = []
        for text in texts:
            target = self.target(stack, text, types)
            if target is not None:
                found.append(target)
        return found if len(found) < 2 else _distinct(found)

    def _selected(self, stack: Stack, value: dict[str, Json], types: Sequence[str]) -> list[Target]:
        """What an item of a list names; of a parameter that nobody gives, it is known by the parameter."""
        found = self._named_by(stack, self.texts(stack, value), types)
        argument = value["Fn::Select"]
        whole = argument[1] if isinstance(argument, list) and len(argument) == 2 else None
        if found or not isinstance(whole, dict):
            return found
        split = whole.get("Fn::Split")
        texts = self.texts(stack, split[-1] if isinstance(split, list) and split else whole)
        return self._named_by(stack, [text for text in texts if text.hole is not None and text.hole.scope], ())

    def _unset(self, stack: Stack, name: Json, types: Sequence[str]) -> Target | None:
        """The external node of a parameter whose default says that it is not given, and names nothing of the run."""
        if not isinstance(name, str) or name in stack.nodes:
            return None
        hole = self.placeholders.unset(stack, name)
        if hole is None or any(self.names.named(stack, types, text) for text in self.parameter(stack, name)):
            return None
        return self._of_hole(hole)

    def items(self, stack: Stack, value: dict[str, Json]) -> list[Text]:
        """The items of a `Split` or of a parameter that is a list, in all its alternatives; [] for other values."""
        listed = self.lists.items(stack, value)
        if listed is not None:
            return [item for item in listed if isinstance(item, Text)]
        [(function, argument)] = value.items()
        if function == "Fn::Split" and isinstance(argument, list) and len(argument) == 2:
            separator, whole = argument
            pieces = self.texts(stack, whole) if isinstance(separator, str) and separator else []
            return [piece for text in pieces for piece in text.split(str(separator))]
        declared = stack.template.section("Parameters").get(argument) if isinstance(argument, str) else None
        if isinstance(declared, dict) and _LIST_TYPE.search(str(declared.get("Type"))):
            return [piece for text in self.texts(stack, value) for piece in text.split(",")]
        return []

    def target(self, stack: Stack, text: Text, types: Sequence[str] = ()) -> Target | None:
        """The resource that a text names, an external node when it lies outside the run, None when it says nothing."""
        if not text.parts:
            return None
        single = text.node
        if single is not None:
            return self._of_node(single)
        hole = text.hole
        if hole is not None:
            same = self.names.named(stack, types, text) if types and hole.scope else None
            return Target(same) if same is not None else self._of_hole(hole)
        first = text.parts[0]
        if isinstance(first, str) and first.startswith("arn:"):
            return self._of_arn(stack, text)
        if isinstance(first, (NodePart, Hole)) and len(text.parts) > 1 and isinstance(text.parts[1], str):
            return self._of_suffixed(stack, text, types)
        if isinstance(first, str) and first.startswith("https://"):
            return self._of_url(stack, text)
        if types:
            node = self.names.named(stack, types, text)
            if node is not None:
                return self._of_node(NodePart(node, "Ref")) if node.type in _STANDS_FOR else Target(node)
            return self._qualified_name(stack, text, types) or self._external_name(text, types)
        given = text.literal
        return Target(self.external(given)) if given is not None and _NETWORK_ID.fullmatch(given) else None

    def _of_node(self, part: NodePart) -> Target | None:
        node, attribute = part.node, part.attribute
        stands_for = _STANDS_FOR.get(node.type)
        if stands_for and node.stack is not None:
            inner = self.targets(node.stack, node.properties.get(stands_for), "AWS::Lambda::Function", "AWS::KMS::Key")
            if inner:
                return Target(inner[0].node, attribute, _qualifier(node) or inner[0].qualifier)
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
        name, scope = hole.name, hole.scope
        if name.startswith(("AWS::", "Fn::")):
            return None
        file = scope.partition("@")[0]
        if name.startswith(("import:", "ssm:", "secretsmanager:", "ssm-secure:")):
            if scope and "${" in name.replace("${AWS::", ""):  # a parameter is part of the name: each stack's own
                return Target(self.external(f"{file}#{name}", name))
            return Target(self.external(name.partition(":")[2] if name.startswith("import:") else name))
        return Target(self.external(f"{file}#{name}" if scope else name))

    def external(self, name: str, shown: str = "") -> Node:
        """The node of a named thing outside the run; `shown` where people read less than the whole name."""
        node_id = f"external:{name}"
        node = self.graph.nodes.get(node_id)
        return node or self.graph.add_node(Node(node_id, "external", shown or name, external=True))

    def _of_arn(self, stack: Stack, text: Text) -> Target | None:
        arn = self.arn(text)
        if arn is not None and arn.service == "apigateway":
            return self._of_integration(stack, text)
        if arn is None or not arn.name.parts:
            return None
        part = arn.name.node
        if part is not None:
            found = self._of_node(part)
            return found._replace(qualifier=arn.qualifier or found.qualifier, rest=arn.rest) if found else None
        if arn.types:
            node = self.names.named(stack, arn.types, arn.name)
            if node is not None and node.type in _STANDS_FOR:
                return self._of_node(NodePart(node, "Ref"))
            if node is not None:
                return Target(node, None, arn.qualifier, arn.rest)
        hole = arn.name.hole
        if hole is None and is_unknown(arn.name) and not _is_made_of_parameters(arn.name):
            return None
        if hole is not None:  # an ARN around a parameter is the thing that the parameter names
            found = self._of_hole(hole)
            if found is None:
                return None
            found.node.service = found.node.service or arn.service
            return found._replace(qualifier=arn.qualifier, rest=arn.rest)
        literal = arn.name.literal
        if literal is not None and ("*" in literal or "?" in literal):
            return None
        return Target(self.external(whole_arn(text, arn)), None, arn.qualifier, arn.rest)

    def _of_integration(self, stack: Stack, text: Text) -> Target | None:
        """`arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<function ARN>/invocations`.

        `arn:aws:apigateway:<region>::/apikeys/<key>` is what the API Gateway's own actions are granted on.
        """
        marker = text.split(":path/2015-03-31/functions/", 1)
        if len(marker) != 2:
            steps = text.split(":", 5)[5].split("/", 3)
            part = steps[2].node if len(steps) > 2 and not steps[0].parts else None
            return Target(part.node, rest=f"/{steps[3]}" if len(steps) > 3 else "") if part is not None else None
        inner = marker[1].split("/invocations", 1)[0]
        inner = inner.split("/response-streaming-invocations", 1)[0]
        return self.target(stack, inner, ("AWS::Lambda::Function",))

    def _of_suffixed(self, stack: Stack, text: Text, types: Sequence[str]) -> Target | None:
        """`${Bucket.Arn}/*`, `${Function.Arn}:live`, `${TableArn}/index/x`: a resource and what lies below it."""
        if types:
            node = self.names.named(stack, types, text)
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
            node = self.names.named(stack, ("AWS::SQS::Queue",), pieces[4])
            return Target(node) if node is not None else Target(self.external(str(text)))
        host = pieces[2].split(".", 1)[0] if len(pieces) > 2 else NOTHING
        part = host.node
        return Target(part.node, part.attribute) if part is not None else None

    def _qualified_name(self, stack: Stack, text: Text, types: Sequence[str]) -> Target | None:
        """`my-function:live` where a function name is expected."""
        if "AWS::Lambda::Function" not in types:
            return None
        name, *qualifier = text.split(":", 1)
        if name.literal == "function" and qualifier:  # `function:my-function:live`
            name, *qualifier = qualifier[0].split(":", 1)
            qualifier = qualifier or [NOTHING]
        if not qualifier:
            return None
        part = name.node
        node = part.node if part is not None else self.names.named(stack, ("AWS::Lambda::Function",), name)
        return Target(node, None, str(qualifier[0]) or None) if node is not None else None

    def _external_name(self, text: Text, types: Sequence[str]) -> Target | None:
        literal = text.literal
        if literal is not None and (not literal.strip() or "*" in literal or " " in literal.strip()):
            return None
        if is_unknown(text) or (literal is not None and is_none(literal)):
            return None
        return Target(self.external(f"{types[0].rpartition('::')[2]} {text}"))


def _is_made_of_parameters(name: Text) -> bool:
    """True for a name that parameters and what stands between them make, `${Prefix}-${Region}`: somebody has it."""
    holes = [part for part in name.parts if isinstance(part, Hole)]
    plain = "".join(part for part in name.parts if isinstance(part, str))
    return "*" not in plain and any(hole.scope and not hole.name.startswith(("AWS::", "Fn::")) for hole in holes)


def _is_nameless(text: Text) -> bool:
    first = text.parts[0] if text.parts else None
    if not isinstance(first, str) or not first.startswith("arn:"):
        return False
    return _NAMELESS.fullmatch("".join(part if isinstance(part, str) else "\0" for part in text.parts)) is not None


def _qualifier(node: Node) -> str | None:
    """The alias or version that a resource which stands for another one means."""
    if node.type in ("AWS::KMS::Alias", "AWS::Lambda::Url"):
        given = node.properties.get("Qualifier")
        return given if isinstance(given, str) else None
    name = node.properties.get("Name") if node.type == "AWS::Lambda::Alias" else None
    return name if isinstance(name, str) else node.logical_id


def _distinct(targets: Iterable[Target]) -> list[Target]:
    return list(dict.fromkeys(targets))


__all__ = ["Link", "Resolver", "Target"]
