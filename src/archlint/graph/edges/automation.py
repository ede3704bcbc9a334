"""SSM documents: what the steps of an automation call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.graph.edges.calls import Operation
from archlint.graph.edges.definitions import Definition, definitions
from archlint.graph.edges.operations import arguments, operations
from archlint.graph.edges.sending import FUNCTION, MACHINE
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.template.model import Json, TemplatePath

_DOCUMENT = "AWS::SSM::Document"


def _calls(parameter: str, kind: str, mode: Mode) -> tuple[Operation, ...]:
    return (Operation((EdgeKind.INVOKES,), ((parameter.lower(),),), (kind,), mode),)


# https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html
_ACTIONS = {
    "aws:invokeLambdaFunction": _calls("FunctionName", FUNCTION, Mode.SYNC),
    "aws:executeStateMachine": _calls("stateMachineArn", MACHINE, Mode.ASYNC),
    "aws:executeAutomation": _calls("DocumentName", _DOCUMENT, Mode.SYNC),
    "aws:runCommand": _calls("DocumentName", _DOCUMENT, Mode.SYNC),
}
_API = ("aws:executeAwsApi", "aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty")
_PARAMETER = re.compile(r"^\{\{\s*([\w]+)\s*\}\}$")


def document(linker: Linker, node: Node) -> None:
    """The document → the functions, state machines, documents and resources that its steps work on."""
    for definition in definitions(linker, node, inline=("Content",), text=("Content",)):
        for path, step in _steps(definition):
            _draw(linker, definition, step, (*path, "inputs"))


def _steps(definition: Definition) -> Iterator[tuple[TemplatePath, dict[str, Any]]]:
    listed = definition.data.get("mainSteps")
    for index, step in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(step, dict) and isinstance(step.get("inputs"), dict):
            yield ("mainSteps", index), step


def _draw(linker: Linker, definition: Definition, step: dict[str, Any], path: TemplatePath) -> None:
    node, action, inputs = definition.node, step.get("action"), step["inputs"]
    if node.stack is None:
        return
    found = operations(str(inputs.get("Service")), str(inputs.get("Api"))) if action in _API else ()
    for operation in found or _ACTIONS.get(str(action), ()):
        for parameter in operation.parameters:
            for here, value, _ in arguments(inputs, parameter, path):
                written = definition.value(_default(definition, value))
                for target in linker.targets(node.stack, written, *operation.types):
                    for kind in operation.kinds if target.node is not node else ():
                        linker.connect(
                            kind,
                            node,
                            target.node,
                            place=definition.place(here),
                            mode=_mode(operation, inputs) if kind is EdgeKind.INVOKES else None,
                            qualifier=target.qualifier,
                        )


def _default(definition: Definition, value: Json) -> Json:
    """The default of the document's own parameter that a step names; None for what only its caller knows."""
    if not isinstance(value, str) or "{{" not in value:
        return value
    match = _PARAMETER.match(value.strip())
    parameters = definition.data.get("parameters")
    declared = parameters.get(match[1]) if match and isinstance(parameters, dict) else None
    return declared.get("default") if isinstance(declared, dict) else None


def _mode(operation: Operation, inputs: dict[str, Any]) -> Mode:
    return Mode.ASYNC if inputs.get("InvocationType") == "Event" else operation.mode


FINDERS: dict[str, tuple[Finder, ...]] = {_DOCUMENT: (document,)}
