"""`references` edges: every Ref, GetAtt, Sub and DependsOn, and what other stacks provide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from archlint.graph.model import Edge, EdgeKind, Evidence, Node
from archlint.graph.text import NodePart
from archlint.template.model import Body, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archlint.graph.link import Linker
    from archlint.graph.stacks import Stack

_VARIABLE = re.compile(r"\$\{([^!}.:{][^}.:{]*)(?:\.([^}:{]*))?\}")
Trail: TypeAlias = "tuple[Trail, str | int] | None"
"""A path as linked pairs, innermost last: made for every value, spelled out only for those that refer."""


class ReferenceScanner:
    """Walks every resource and output of one stack once."""

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
        # Strings matter only where a dynamic reference or a Proton expression can stand in them.
        self._reads_strings = self._has_proton or "{{resolve:" in template.document.text
        self._source: Node | None = None
        self._seen: set[Node] = set()
        self._base: Place | None = None

    def run(self) -> None:
        """Adds the edges of all resources, then asks for what the outputs carry across."""
        for node in self._nodes.values():
            resource = node.resource
            if resource is None:
                continue
            self._source, self._seen, self._base = node, {node}, resource.declared_at
            if resource.body:
                # The whole body: Properties, but Metadata and update policies may refer too.
                self._any(resource.body, None)
                self._depends_on(resource.body.get("DependsOn"))
                self._lowered(resource.properties, resource.body.get("Properties"))
            else:
                self._any(resource.properties, None)
                for logical_id in resource.depends_on:
                    self._reference(logical_id, (None, "DependsOn"))
        self._source = None
        for name, output in self._stack.template.section("Outputs").items():
            self._base = self._stack.template.place("Outputs", name)
            if isinstance(output, dict):
                self._any(output.get("Value"), (None, "Value"))

    def _lowered(self, properties: Body, written: Any) -> None:
        """What lowering added to a resource: `Globals`, and what SAM puts in place of a property."""
        if properties is written:
            return
        known = {id(value) for value in written.values()} if isinstance(written, dict) else set()
        for name, value in properties.items():
            if id(value) not in known:
                self._any(value, ((None, "Properties"), name))

    def _depends_on(self, value: Any) -> None:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                self._reference(item, (None, "DependsOn"))

    def _reference(self, logical_id: str, trail: Trail) -> None:
        target = self._nodes.get(logical_id)
        if target is None and self._whole is not None:
            target = self._whole.node(self._stack, logical_id)
        if target is None or self._source is None or target in self._seen:
            return
        self._seen.add(target)
        self._add(target, trail)

    def _add(self, target: Node, trail: Trail) -> None:
        assert self._source is not None and self._base is not None  # noqa: S101, PT018 - run() sets both
        base = self._base
        steps: list[str | int] = []
        while trail is not None:
            trail, step = trail
            steps.append(step)
        place = Place(base.document, (*base.path, *reversed(steps))) if steps else base
        self._linker.graph.add_edge(Edge(EdgeKind.REFERENCES, self._source, target, Evidence.DECLARED, place))

    def _any(self, value: Any, trail: Trail) -> None:
        kind = type(value)
        if kind is dict:
            if len(value) != 1 or not self._function(value, trail):
                self._walk(value.items(), trail)
        elif kind is list:
            self._walk(enumerate(value), trail)
        elif kind is str and self._reads_strings:
            self._text(value, trail)

    def _walk(self, items: Iterable[tuple[str | int, Any]], trail: Trail) -> None:
        """Looks into the values of a mapping or list; like `_any` for each, which would be one call more for each."""
        reads_strings = self._reads_strings
        for key, item in items:
            kind = type(item)
            if kind is dict:
                if len(item) != 1 or not self._function(item, (trail, key)):
                    self._walk(item.items(), (trail, key))
            elif kind is list:
                self._walk(enumerate(item), (trail, key))
            elif reads_strings and kind is str:
                self._text(item, (trail, key))

    def _text(self, value: str, trail: Trail) -> None:
        if self._has_proton or "{{resolve:" in value:
            self._cross(value, trail)

    def _function(self, value: Any, trail: Trail) -> bool:
        """Follows the intrinsic function that `value` is; False when its argument is still to be walked."""
        for function, argument in value.items():
            if function == "Ref":
                self._ref(value, argument, trail)
                return True
            if function == "Fn::GetAtt":
                self._get_att(value, argument, trail)
                return True
            if function == "Fn::Sub":
                self._sub(argument, trail)
                return True
            if function == "Fn::ImportValue":
                self._cross(value, trail)
        return False

    def _ref(self, value: Any, name: Any, trail: Trail) -> None:
        if type(name) is not str:
            return
        if name in self._nodes:
            self._reference(name, trail)
        elif name in self._crossing:
            self._cross(value, trail)
        elif "." in name:  # SAM's `Function.Alias`
            self._dotted(name, trail)
        elif self._whole is not None:
            self._reference(name, trail)

    def _get_att(self, value: Any, argument: Any, trail: Trail) -> None:
        if isinstance(argument, str):
            argument = argument.split(".", 1)
        if not isinstance(argument, list) or not argument or not isinstance(argument[0], str):
            return
        if argument[0] in self._nodes:
            self._reference(argument[0], trail)
            if len(argument) > 1 and isinstance(argument[1], str) and argument[1].startswith("Outputs."):
                self._cross(value, trail)
        elif "." in argument[0]:
            self._dotted(argument[0], trail)
        elif self._whole is not None:
            self._reference(argument[0], trail)
        for item in argument[1:]:
            if isinstance(item, dict):
                self._any(item, trail)

    def _dotted(self, name: str, trail: Trail) -> None:
        """`Function.Alias`: the function, and what SAM generates for it under that word."""
        head = name.partition(".")[0]
        if head in self._nodes:
            self._reference(head, trail)
            derived = self._stack.derived_names().get(name)
            if derived is not None:
                self._reference(derived, trail)

    def _sub(self, argument: Any, trail: Trail) -> None:
        variables: Any = None
        text = argument
        if isinstance(argument, list):
            # Text first, variables second; deploy tools have been seen to write them the other way round.
            text = next((item for item in argument if isinstance(item, str)), None)
            variables = next((item for item in argument if isinstance(item, dict)), None)
        if variables:
            inside = ((trail, "Fn::Sub"), argument.index(variables))
            for name, item in variables.items():
                self._any(item, (inside, name))
        if not isinstance(text, str):
            return
        if "${" in text:
            for name, attribute in _VARIABLE.findall(text):
                if not variables or name.strip() not in variables:
                    self._variable(name.strip(), attribute, trail)
        if "{{resolve:" in text:
            self._cross({"Fn::Sub": argument}, trail)

    def _variable(self, name: str, attribute: str, trail: Trail) -> None:
        if name in self._nodes:
            self._reference(name, trail)
            if attribute.startswith("Outputs."):
                self._cross({"Fn::GetAtt": [name, attribute]}, trail)
            elif attribute in ("Alias", "Version", "Stage"):
                self._dotted(f"{name}.{attribute}", trail)
        elif name in self._crossing:
            self._cross({"Ref": name}, trail)
        elif self._whole is not None:
            self._reference(name, trail)

    def _cross(self, value: Any, trail: Trail) -> None:
        """Follows a value into other stacks: the link is recorded by resolving, the resource becomes a reference."""
        for text in self._linker.texts(self._stack, value):
            for part in text.parts:
                if isinstance(part, NodePart) and self._source is not None and part.node not in self._seen:
                    self._seen.add(part.node)
                    self._add(part.node, trail)
