"""What a stack takes from others by name: imported exports, SSM parameters, outputs of nested stacks."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from archlint.graph.exports import shape
from archlint.graph.functions import TEXT
from archlint.graph.model import Node
from archlint.graph.texts import output_id
from archlint.template.model import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archlint.graph.functions import Function
    from archlint.graph.model import ResourceGraph
    from archlint.graph.resolve import Resolver
    from archlint.graph.stacks import Stack
    from archlint.graph.text import Text
    from archlint.template.model import Json, TemplatePath

How: TypeAlias = Literal["export", "ssm", "output"]

_PARAMETER = "AWS::SSM::Parameter"
# What an import is written with; a transform may bring one in from another file.
_IMPORTING_ANYWHERE = ("ImportValue", "{{resolve:ssm:", "Fn::Transform", "!Transform")
_IMPORTING = ("AWS::SSM::Parameter::Value", *_IMPORTING_ANYWHERE)
_RESOLVE = "{{resolve:ssm:"
_DYNAMIC = re.compile(r"\{\{resolve:ssm:((?>\$\{[^}]*\}|[^}])*)\}\}")
_NESTED_OUTPUT = re.compile(r"\$\{([A-Za-z0-9]+)\.(Outputs\.[A-Za-z0-9]+)\}")
_SAYS_NOTHING = "\0-_:/."
# Names that AWS or its tools provide in every account.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
# https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
_PROVIDED = ("/aws/", "aws/", "/cdk-bootstrap/", "cdk-bootstrap/")


class Provider(msgspec.Struct, frozen=True):
    """The stack that provides a value, and its export (output), SSM parameter or nested output."""

    stack: Stack
    via: Node


class Import(msgspec.Struct, frozen=True):
    """One place where a stack takes a value from another by name.

    `providers` are the stacks of the run that offer it: none, one, or several when nothing tells which is meant.
    """

    stack: Stack
    how: How
    name: str
    """The name asked for, unknown parts as `${…}`; `Nested.Outputs.X` for a nested output."""
    place: Place
    providers: tuple[Provider, ...] = ()
    is_external: bool = False
    """True when the configuration or AWS says that something outside the templates provides it."""
    is_conditional: bool = False
    """True when the stack can be deployed without it: inside an `Fn::If`, or in a resource with a condition."""


def imports(graph: ResourceGraph, stack: Stack) -> tuple[Import, ...]:
    """Everything that a stack takes from others by name, in the order of the template.

    Names of which nothing is known (a parameter without default) are left out. The template's own exports and SSM
    parameters are no imports.
    """
    known = graph.imports.get(stack)
    if known is None:
        assert graph.resolver is not None  # noqa: S101 - link() sets it
        found = _Scan(graph.resolver, stack).run() if _may_import(stack) else ()
        known = graph.imports[stack] = tuple(found)
    return known


def _may_import(stack: Stack) -> bool:
    """False when nothing in the text can be an import: saves the walk through most templates of an estate."""
    text = stack.template.document.text
    return bool(stack.children) or any(word in text for word in _IMPORTING)


def is_external_name(name: str, patterns: tuple[str, ...]) -> bool:
    """True for names that AWS provides, and for those that begin with one of the patterns or match it as a glob."""
    return name.startswith(_PROVIDED) or any(
        name.startswith(pattern) or fnmatchcase(name, pattern) for pattern in patterns if pattern
    )


class _Scan:
    """Looks through a template's source once."""

    def __init__(self, resolver: Resolver, stack: Stack) -> None:
        self._resolver = resolver
        self._stack = stack
        self._template = stack.template
        self._reads_texts = _RESOLVE in stack.template.document.text
        self._is_conditional = False

    def run(self) -> Iterator[Import]:
        for name in self._template.section("Parameters"):
            yield from self._parameter(name)
        text = self._template.document.text
        if not self._stack.children and not any(word in text for word in _IMPORTING_ANYWHERE):
            return
        for section in ("Resources", "Outputs"):
            for logical_id, body in self._template.section(section).items():
                self._is_conditional = isinstance(body, dict) and "Condition" in body
                yield from self._imported(self._written(section, logical_id, body))
        self._is_conditional = False
        yield from self._imported(self._inside(self._template.source.get("Globals"), ("Globals",)))

    def _written(self, section: str, logical_id: str, body: Json) -> Sequence[Function]:
        path = (section, logical_id)
        resource = self._template.resources.get(logical_id)
        if resource is not None and resource.body is body and resource.declared_at.path == path:
            return self._resolver.functions.of(self._template, resource)
        return self._inside(body, path)

    def _inside(self, value: Json, path: TemplatePath) -> Sequence[Function]:
        return self._resolver.functions.inside(self._template, value, path)

    def _imported(self, functions: Sequence[Function]) -> Iterator[Import]:
        for name, argument, path in functions:
            if name == "Fn::ImportValue":
                yield from self._export(argument, (*path, name))
            elif name == "Fn::GetAtt":
                if len(argument) == 2 and isinstance(argument[1], str):
                    yield from self._output(argument[0], argument[1], path)
            elif name == "Fn::Sub":
                yield from self._substituted(argument, path)
            elif name == TEXT and self._reads_texts:
                for piece in _DYNAMIC.findall(argument):
                    yield from self._ssm(piece, path)

    def _substituted(self, argument: Any, path: TemplatePath) -> Iterator[Import]:
        text = argument[0] if isinstance(argument, list) and argument else argument
        if isinstance(text, str):
            for nested, output in _NESTED_OUTPUT.findall(text):
                yield from self._output(nested, output, path)
            for piece in _DYNAMIC.findall(text):
                variables = argument[1:] if isinstance(argument, list) else []
                yield from self._ssm({"Fn::Sub": [piece, *variables] if variables else piece}, path)

    def _export(self, argument: Json, path: TemplatePath) -> Iterator[Import]:
        for name in self._resolver.import_names(self._stack, argument):
            found = self._resolver.exports.providers(self._stack, name)
            nodes = [(exporter, self._carrier(exporter, output)) for exporter, output in found]
            yield from self._made("export", name, path, nodes)

    def _parameter(self, name: str) -> Iterator[Import]:
        body = self._template.section("Parameters")[name]
        kind = body.get("Type") if isinstance(body, dict) else None
        is_ssm = isinstance(kind, str) and kind.startswith("AWS::SSM::Parameter::Value<")
        stack = self._stack
        self._is_conditional = False
        if not is_ssm:
            default = stack.given.get(name, body.get("Default")) if isinstance(body, dict) else None
            if name not in stack.arguments:
                yield from self._imported(self._inside(default, ("Parameters", name, "Default")))
            return
        if stack.parent is not None and name in stack.arguments:
            for text in self._resolver.texts(stack.parent, stack.arguments[name]):
                yield from self._of_name(text, ("Parameters", name))
            return
        value = stack.given.get(name, body.get("Default"))
        if isinstance(value, str) and value:
            yield from self._ssm(value, ("Parameters", name, "Default"))

    def _ssm(self, value: Json, path: TemplatePath) -> Iterator[Import]:
        for text in self._resolver.texts(self._stack, value):
            yield from self._of_name(text.split(":")[0], path)

    def _of_name(self, name: Text, path: TemplatePath) -> Iterator[Import]:
        node = self._resolver.named(self._stack, (_PARAMETER,), name)
        found = [(node.stack, node)] if node is not None and node.stack is not None else []
        yield from self._made("ssm", name, path, found)

    def _output(self, nested: str, attribute: str, path: TemplatePath) -> Iterator[Import]:
        if not attribute.startswith("Outputs.") or nested not in self._stack.children:
            return
        output = attribute.removeprefix("Outputs.")
        found = [
            Provider(child, self._carrier(child, output))
            for child in self._stack.children[nested]
            if output in child.template.section("Outputs")
        ]
        yield self._import("output", f"{nested}.{attribute}", path, tuple(found))

    def _carrier(self, stack: Stack, output: str) -> Node:
        """The node of an output; one apart when linking made none, as the graph is finished."""
        node_id = output_id(stack, output)
        return self._resolver.graph.nodes.get(node_id) or Node(node_id, "output", output, stack)

    def _made(self, how: How, name: Text, path: TemplatePath, found: list[tuple[Stack, Node]]) -> Iterator[Import]:
        """Nothing for a name that says nothing, or that this stack provides itself."""
        others = tuple(Provider(stack, via) for stack, via in found if stack is not self._stack)
        if shape(name).strip(_SAYS_NOTHING) and (others or not found):
            yield self._import(how, str(name), path, others)

    def _import(self, how: How, name: str, path: TemplatePath, providers: tuple[Provider, ...]) -> Import:
        return Import(
            self._stack,
            how,
            name,
            Place(self._template.document, path),
            providers,
            not providers and is_external_name(name, self._resolver.external_imports),
            self._is_conditional or "Fn::If" in path,
        )
