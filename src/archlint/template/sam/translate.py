"""The order in which the resources of a SAM template are lowered, and which module does it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from archlint.template.sam.lowering import Lowering

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.template.model import Body, Resource
    from archlint.template.sam.globals import Locate
    from archlint.template.sam.resource import SamResource

_CONNECTOR = "AWS::Serverless::Connector"
# Modules are imported when a template first needs them: most templates need two.
_LOWERED_BY = {
    "AWS::Serverless::Function": ("functions", "lower_function"),
    "AWS::Serverless::StateMachine": ("statemachines", "lower_state_machine"),
    "AWS::Serverless::Application": ("others", "lower_application"),
    "AWS::Serverless::CapacityProvider": ("compute", "lower_capacity_provider"),
    "AWS::Serverless::GraphQLApi": ("graphql", "lower_graphql_api"),
    "AWS::Serverless::LayerVersion": ("others", "lower_layer"),
    "AWS::Serverless::MicrovmImage": ("compute", "lower_microvm_image"),
    "AWS::Serverless::NetworkConnector": ("compute", "lower_network_connector"),
    "AWS::Serverless::SimpleTable": ("others", "lower_table"),
    "AWS::Serverless::WebFunction": ("compute", "lower_web_function"),
    "AWS::Serverless::WebSocketApi": ("websockets", "lower_websocket_api"),
}
# Events add routes to APIs, so APIs come after everything that has events.
_APIS_LOWERED_BY = {
    "AWS::Serverless::Api": ("apis", "lower_api"),
    "AWS::Serverless::HttpApi": ("http_apis", "lower_http_api"),
}


def translate(source: Body, plain: dict[str, Resource], locate: Locate, conditions: Body | None) -> dict[str, Resource]:
    """The resources that SAM makes of `plain`, the resources of the template as they are written."""
    lowering = Lowering(source, locate, conditions)
    connectors: list[SamResource] = []
    has_embedded = False
    for resource in plain.values():
        has_embedded = has_embedded or "Connectors" in resource.body
        if resource.type in _LOWERED_BY or resource.type in _APIS_LOWERED_BY:
            lowering.sam_resource(resource)
        elif resource.type == _CONNECTOR:
            connectors.append(lowering.sam_resource(resource))
        else:
            lowering.keep(resource)
    for sam in lowering.sam.values():
        if sam.type in _LOWERED_BY:
            _function(*_LOWERED_BY[sam.type])(lowering, sam)
    _lower_apis(lowering)
    if lowering.preferences:
        from archlint.template.sam.deployments import add_code_deploy

        add_code_deploy(lowering)
    if connectors or has_embedded:
        from archlint.template.sam.connectors import embedded_connectors, lower_connector

        for sam in [*connectors, *embedded_connectors(lowering)]:
            lower_connector(lowering, sam)
    return lowering.result()


def _lower_apis(lowering: Lowering) -> None:
    apis = {sam.logical_id: sam for sam in lowering.sam.values() if sam.type in _APIS_LOWERED_BY}
    if lowering.routes:
        from archlint.template.sam.apis import implicit_apis

        apis |= {sam.logical_id: sam for sam in implicit_apis(lowering)}
    for sam in apis.values():
        _function(*_APIS_LOWERED_BY[sam.type])(lowering, sam)


@cache
def _function(module: str, name: str) -> Callable[[Lowering, SamResource], None]:
    found: Callable[[Lowering, SamResource], None] = getattr(import_module(f"archlint.template.sam.{module}"), name)
    return found
