"""Stage variables: what an API's stages put where its integrations say `${stageVariables.name}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from archlint.graph.edges.string_template import flatten

if TYPE_CHECKING:
    from archlint.graph.edges.string_template import Flat
    from archlint.graph.link import Linker
    from archlint.graph.model import Node, ResourceGraph
    from archlint.template.model import Json

_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
# https://docs.aws.amazon.com/apigateway/latest/developerguide/aws-api-gateway-stage-variables-reference.html
_STAGES = {
    "AWS::ApiGateway::Stage": ("RestApiId", ("Variables",)),
    "AWS::ApiGateway::Deployment": ("RestApiId", ("StageDescription", "Variables")),
    "AWS::ApiGatewayV2::Stage": ("ApiId", ("StageVariables",)),
}
_MAX_STAGES = 20

_VARIABLES: WeakKeyDictionary[ResourceGraph, dict[Node, list[dict[str, Json]]]] = WeakKeyDictionary()


def filled(linker: Linker, api: Node, flat: Flat, piece: str) -> list[Json]:
    """The template values of a piece of text, one for each stage that sets its variables; none when no stage does."""
    names = _VARIABLE.findall(piece)
    if not names:
        return [flat.value(piece)]
    found: list[Json] = []
    for variables in _of(linker).get(api, ()):
        if all(name in variables for name in names):
            value = flat.value(piece.replace("${stageVariables.", "${"), variables)
            if value not in found:
                found.append(value)
    return found


def _of(linker: Linker) -> dict[Node, list[dict[str, Json]]]:
    """The variables of each API's stages, over all stacks; made once per graph."""
    found = _VARIABLES.get(linker.graph)
    if found is not None:
        return found
    found = _VARIABLES[linker.graph] = {}
    for stage in linker.graph.of_type(*_STAGES):
        owner, path = _STAGES[stage.type]
        given: Json = stage.properties
        for step in path:
            given = given.get(step) if isinstance(given, dict) else None
        if not isinstance(given, dict) or stage.stack is None:
            continue
        variables = {name: value for name, value in given.items() if flatten(value) is not None}
        for target in linker.targets(stage.stack, stage.properties.get(owner)):
            known = found.setdefault(target.node, [])
            if len(known) < _MAX_STAGES:
                known.append(variables)
    return found
