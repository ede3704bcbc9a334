"""`references` edges: every Ref, GetAtt, Sub and DependsOn, and what other stacks provide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.graph.model import Edge, EdgeKind, Evidence, Node
from archlint.graph.text import NodePart
from archlint.template.model import Place, TemplatePath

if TYPE_CHECKING:
    from archlint.graph.link import Linker
    from archlint.graph.stacks import Stack

_VARIABLE = re.compile(r"\$\{([^!}.:][^}.:]*)(?:\.([^}:]*))?\}")
_CROSSING = "Fn::ImportValue"


class ReferenceScanner:
    """Walks every resource and output of one stack once."""

    def __init__(self, linker: Linker, stack: Stack) -> None:
        self._linker = linker
        self._stack = stack
        self._nodes = stack.nodes
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
        self._base: Place | None = None

    def run(self) -> None:
        """Adds the edges of all resources, then asks for what the outputs carry across."""
        for node in self._nodes.values():
            resource = node.resource
            if resource is None:
                continue
            self._source, self._seen = node, {node}
            if resource.body:
                self._base = resource.declared_at
                # The whole body: Properties, but Metadata and update policies may refer too.
                for key, value in resource.body.items():
                    if type(value) is dict or type(value) is list:
                        self._walk(value, (key,))
                self._depends_on(resource.body.get("DependsOn"))
                if resource.properties is not resource.body.get("Properties"):
                    self._walk(resource.properties, ("Properties",))
            else:
                self._base = resource.declared_at
                self._walk(resource.properties, ())
                for logical_id in resource.depends_on:
                    self._reference(logical_id, ("DependsOn",))
        self._source = None
        for name, output in self._stack.template.section("Outputs").items():
            self._base = self._stack.template.place("Outputs", name)
            if isinstance(output, dict):
                self._walk(output.get("Value"), ("Value",))

    def _depends_on(self, value: Any) -> None:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                self._reference(item, ("DependsOn",))

    def _reference(self, logical_id: str, path: TemplatePath) -> None:
        target = self._nodes.get(logical_id)
        if target is None or self._source is None or target in self._seen:
            return
        self._seen.add(target)
        self._add(target, path)

    def _add(self, target: Node, path: TemplatePath) -> None:
        assert self._source is not None and self._base is not None  # noqa: S101, PT018 - run() sets both
        base = self._base
        place = Place(base.document, base.path + path) if path else base
        self._linker.graph.add_edge(Edge(EdgeKind.REFERENCES, self._source, target, Evidence.DECLARED, place))

    def _walk(self, value: Any, path: TemplatePath) -> None:
        if type(value) is dict:
            if len(value) == 1:
                for function, argument in value.items():
                    if function == "Ref":
                        self._ref(value, argument, path)
                        return
                    if function == "Fn::GetAtt":
                        self._get_att(value, argument, path)
                        return
                    if function == "Fn::Sub":
                        self._sub(argument, path)
                        return
                    if function == _CROSSING:
                        self._cross(value, path)
            for key, item in value.items():
                kind = type(item)
                if kind is dict or kind is list:
                    self._walk(item, (*path, key))
                elif (kind is str and "{{resolve:" in item) or (self._has_proton and kind is str):
                    self._cross(item, (*path, key))
        elif type(value) is list:
            for index, item in enumerate(value):
                kind = type(item)
                if kind is dict or kind is list:
                    self._walk(item, (*path, index))
                elif kind is str and (self._has_proton or "{{resolve:" in item):
                    self._cross(item, (*path, index))
        elif self._has_proton and type(value) is str:
            self._cross(value, path)

    def _ref(self, value: Any, name: Any, path: TemplatePath) -> None:
        if type(name) is not str:
            return
        if name in self._nodes:
            self._reference(name, path)
        elif name in self._crossing:
            self._cross(value, path)
        elif "." in name:  # SAM's `Function.Alias`
            self._dotted(*name.split(".", 1), path)

    def _get_att(self, value: Any, argument: Any, path: TemplatePath) -> None:
        if isinstance(argument, str):
            argument = argument.split(".", 1)
        if isinstance(argument, list) and argument and isinstance(argument[0], str):
            if argument[0] in self._nodes:
                self._reference(argument[0], path)
                if len(argument) > 1 and isinstance(argument[1], str) and argument[1].startswith("Outputs."):
                    self._cross(value, path)
            if "." in argument[0]:
                self._dotted(*argument[0].split(".", 1), path)
            for item in argument[1:]:
                if isinstance(item, dict):
                    self._walk(item, path)

    def _dotted(self, head: str, tail: str, path: TemplatePath) -> None:
        if head in self._nodes:
            self._reference(head, path)
            for logical_id, node in self._nodes.items():
                if node.generated_by == head and logical_id.startswith(head + tail):
                    self._reference(logical_id, path)

    def _sub(self, argument: Any, path: TemplatePath) -> None:
        variables: Any = None
        text = argument
        if isinstance(argument, list):
            # Text first, variables second; deploy tools have been seen to write them the other way round.
            text = next((item for item in argument if isinstance(item, str)), None)
            variables = next((item for item in argument if isinstance(item, dict)), None)
        if variables:
            position = argument.index(variables)
            for name, item in variables.items():
                if isinstance(item, (dict, list)):
                    self._walk(item, (*path, "Fn::Sub", position, name))
        if not isinstance(text, str):
            return
        if "${" in text:
            for name, attribute in _VARIABLE.findall(text):
                clean = name.strip()
                if variables and clean in variables:
                    continue
                if clean in self._nodes:
                    self._reference(clean, path)
                    if attribute.startswith("Outputs."):
                        self._cross({"Fn::GetAtt": [clean, attribute]}, path)
                    elif attribute in ("Alias", "Version", "Stage"):
                        self._dotted(clean, attribute, path)
                elif clean in self._crossing:
                    self._cross({"Ref": clean}, path)
        if "{{resolve:" in text:
            self._cross({"Fn::Sub": argument}, path)

    def _cross(self, value: Any, path: TemplatePath) -> None:
        """Follows a value into other stacks: the link is recorded by resolving, the resource becomes a reference."""
        for text in self._linker.texts(self._stack, value):
            for part in text.parts:
                if isinstance(part, NodePart) and self._source is not None and part.node not in self._seen:
                    self._seen.add(part.node)
                    self._add(part.node, path)
