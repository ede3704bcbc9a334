"""`references` edges: every Ref, GetAtt, Sub and DependsOn, and what other stacks provide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.graph.functions import TEXT
from archlint.graph.model import Edge, EdgeKind, Evidence, Node
from archlint.graph.text import NodePart
from archlint.template.model import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from archlint.graph.functions import Function
    from archlint.graph.link import Linker
    from archlint.graph.stacks import Stack
    from archlint.template.model import TemplatePath

_VARIABLE = re.compile(r"\$\{([^!}.:{][^}.:{]*)(?:\.([^}:{]*))?\}")


class ReferenceScanner:
    """Looks through every resource and output of one stack once."""

    def __init__(self, linker: Linker, stack: Stack) -> None:
        self._linker = linker
        self._stack = stack
        self._nodes = stack.nodes
        self._whole = stack.whole
        template = stack.template
        parameters = template.section("Parameters")
        # Parameters whose value another stack provides: asked for, so that imports are complete.
        self._crossing = {
            name
            for name, body in parameters.items()
            if (stack.parent is not None and name in stack.arguments)
            or (isinstance(body, dict) and str(body.get("Type")).startswith("AWS::SSM::Parameter::"))
        }
        self._has_proton = template.proton is not None and bool(template.proton.expressions)
        self._source: Node | None = None
        self._seen: set[Node] = set()
        self._document = template.document

    def run(self) -> None:
        """Adds the edges of all resources, then asks for what the outputs carry across."""
        functions, template = self._linker.resolver.functions, self._stack.template
        for node in self._nodes.values():
            resource = node.resource
            if resource is None:
                continue
            self._source, self._seen, self._document = node, {node}, resource.declared_at.document
            self._follow(functions.of(template, resource))
            on = resource.body.get("DependsOn") if resource.body else resource.depends_on
            if on:
                self._depends_on(on, (*resource.declared_at.path, "DependsOn"))
            if added := functions.added_to(template, resource):
                self._follow(added)
        self._source = None
        for name, output in template.section("Outputs").items():
            value = output.get("Value") if isinstance(output, dict) else None
            if value is not None:
                self._follow(functions.inside(template, value, ("Outputs", name, "Value")))

    def _depends_on(self, value: Any, path: TemplatePath) -> None:
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(item, str):
                self._reference(item, path)

    def _follow(self, functions: Iterable[Function]) -> None:
        nodes, seen = self._nodes, self._seen
        for name, argument, path in functions:
            if name == "Ref":
                target = nodes.get(argument)
                if target is None:
                    self._ref(argument, path)
                elif target not in seen:
                    self._add(target, path)
            elif name in _FOLLOWED:
                _FOLLOWED[name](self, argument, path)

    def _reference(self, logical_id: str, path: TemplatePath) -> None:
        target = self._nodes.get(logical_id)
        if target is None and self._whole is not None:
            target = self._whole.node(self._stack, logical_id)
        if target is not None and target not in self._seen:
            self._add(target, path)

    def _add(self, target: Node, path: TemplatePath) -> None:
        source = self._source
        if source is not None:
            self._seen.add(target)
            place = Place(self._document, path)
            self._linker.graph.add_edge(Edge(EdgeKind.REFERENCES, source, target, Evidence.DECLARED, place))

    def _text(self, value: str, path: TemplatePath) -> None:
        if self._has_proton or "{{resolve:" in value:
            self._cross(value, path)

    def _ref(self, name: str, path: TemplatePath) -> None:
        """What a name means that no resource has."""
        if name in self._crossing:
            self._cross({"Ref": name}, path)
        elif "." in name:  # SAM's `Function.Alias`
            self._dotted(name, path)
        elif self._whole is not None:
            self._reference(name, path)

    def _get_att(self, argument: list[Any], path: TemplatePath) -> None:
        name = argument[0]
        if name in self._nodes:
            self._reference(name, path)
            if len(argument) > 1 and isinstance(argument[1], str) and argument[1].startswith("Outputs."):
                self._cross({"Fn::GetAtt": argument}, path)
        elif "." in name:
            self._dotted(name, path)
        elif self._whole is not None:
            self._reference(name, path)

    def _dotted(self, name: str, path: TemplatePath) -> None:
        """`Function.Alias`: the function, and what SAM generates for it under that word."""
        head = name.partition(".")[0]
        if head in self._nodes:
            self._reference(head, path)
            derived = self._stack.derived_names().get(name)
            if derived is not None:
                self._reference(derived, path)

    def _sub(self, argument: Any, path: TemplatePath) -> None:
        variables: Any = None
        text = argument
        if isinstance(argument, list):
            # Text first, variables second; deploy tools have been seen to write them the other way round.
            text = next((item for item in argument if isinstance(item, str)), "")
            variables = next((item for item in argument if isinstance(item, dict)), None)
        if "${" in text:
            for name, attribute in _VARIABLE.findall(text):
                if not variables or name.strip() not in variables:
                    self._variable(name.strip(), attribute, path)
        if "{{resolve:" in text:
            self._cross({"Fn::Sub": argument}, path)

    def _variable(self, name: str, attribute: str, path: TemplatePath) -> None:
        if name in self._nodes:
            self._reference(name, path)
            if attribute.startswith("Outputs."):
                self._cross({"Fn::GetAtt": [name, attribute]}, path)
            elif attribute in ("Alias", "Version", "Stage"):
                self._dotted(f"{name}.{attribute}", path)
        elif name in self._crossing:
            self._cross({"Ref": name}, path)
        elif self._whole is not None:
            self._reference(name, path)

    def _import(self, argument: Any, path: TemplatePath) -> None:
        self._cross({"Fn::ImportValue": argument}, path)

    def _cross(self, value: Any, path: TemplatePath) -> None:
        """Follows a value into other stacks: the link is recorded by resolving, the resource becomes a reference."""
        for text in self._linker.texts(self._stack, value):
            for part in text.parts:
                if isinstance(part, NodePart) and part.node not in self._seen:
                    self._add(part.node, path)


_FOLLOWED: dict[str, Callable[[ReferenceScanner, Any, TemplatePath], None]] = {
    "Fn::GetAtt": ReferenceScanner._get_att,  # noqa: SLF001
    "Fn::Sub": ReferenceScanner._sub,  # noqa: SLF001
    "Fn::ImportValue": ReferenceScanner._import,  # noqa: SLF001
    TEXT: ReferenceScanner._text,  # noqa: SLF001
}
