"""`AWS::Serverless::WebSocketApi`: routes, integrations, permissions and the authorizer of `$connect`.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-websocketapi.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.template.model import Body, Json, Place
from archlint.template.sam.authorizers import add_authorizer_permission
from archlint.template.sam.intrinsics import mapping, ref, sub, without_none
from archlint.template.sam.lowering import PERMISSION, Lowering

if TYPE_CHECKING:
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.resource import SamResource

_DEFAULT_STAGE = "default"
_PASSED = frozenset(
    {
        "ApiKeySelectionExpression", "Description", "DisableExecuteApiEndpoint", "DisableSchemaValidation",
        "IpAddressType", "Name", "RouteSelectionExpression", "Tags",
    }
)  # fmt: skip
_STAGE_PASSED = ("AccessLogSettings", "DefaultRouteSettings", "RouteSettings", "StageVariables")
_ROUTE_PASSED = (
    "ApiKeyRequired", "ModelSelectionExpression", "OperationName", "RequestModels", "RequestParameters",
    "RouteResponseSelectionExpression",
)  # fmt: skip
_FUNCTION_URI = (
    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${FunctionArn}/invocations"
)


def lower_websocket_api(lowering: Lowering, sam: SamResource) -> None:
    """Adds the WebSocket API and everything that hangs on it."""
    given = sam.properties
    properties = {name: value for name, value in given.items() if name in _PASSED and value is not None}
    properties.setdefault("Name", sam.logical_id)
    properties["ProtocolType"] = "WEBSOCKET"
    lowering.lowered(sam, "AWS::ApiGatewayV2::Api", properties, sam.origins)
    stage: Json = given.get("StageName", _DEFAULT_STAGE)
    auth = mapping(lowering.default(given.get("Auth")))
    routes: list[str] = []
    for key, route in mapping(given.get("Routes")).items():
        if isinstance(route, dict):
            routes.append(_add_route(lowering, sam, key, route, stage, auth))
    stage_id = _add_stage(lowering, sam, stage, routes)
    if isinstance(given.get("Domain"), dict):
        from archlint.template.sam.domains import add_http_domain

        add_http_domain(lowering, sam, given["Domain"], stage_id)
    if auth.get("AuthType") == "CUSTOM":
        _add_authorizer(lowering, sam, auth)


def _add_route(lowering: Lowering, sam: SamResource, key: str, given: Body, stage: Json, auth: Body) -> str:
    stem = sam.logical_id + key.replace("$", "").capitalize()
    at = sam.place("Routes", key)
    route = {name: given[name] for name in _ROUTE_PASSED if given.get(name) is not None}
    route |= {
        "ApiId": ref(sam.logical_id),
        "RouteKey": key,
        "Target": {"Fn::Join": ["/", ["integrations", ref(stem + "Integration")]]},
    }
    if key == "$connect" and auth.get("AuthType"):
        route["AuthorizationType"] = auth["AuthType"]
        if auth["AuthType"] == "CUSTOM":
            route["AuthorizerId"] = ref(sam.logical_id + "ConnectAuthorizer")
    lowering.generated(sam, stem + "Route", "AWS::ApiGatewayV2::Route", route, at, origins={(): at})
    function: Json = given.get("FunctionArn")
    integration: Body = {
        "ApiId": ref(sam.logical_id),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": sub(_FUNCTION_URI, {"FunctionArn": function}),
    }
    if given.get("IntegrationTimeout") is not None:
        integration["TimeoutInMillis"] = given["IntegrationTimeout"]
    origins: Origins = {
        ("IntegrationUri",): _below(at, "FunctionArn"),
        ("TimeoutInMillis",): _below(at, "IntegrationTimeout"),
    }
    kind = "AWS::ApiGatewayV2::Integration"
    lowering.generated(sam, stem + "Integration", kind, integration, at, origins=origins)
    permission = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": function,
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": _route_arn(sam, stage, key),
    }
    lowering.generated(sam, stem + "Permission", PERMISSION, permission, at)
    return stem + "Route"


def _below(at: Place, name: str) -> Place:
    return Place(at.document, (*at.path, name))


def _route_arn(sam: SamResource, stage: Json, key: str) -> Body:
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${" + sam.logical_id + ".ApiId}/"
    if isinstance(stage, str):
        return sub(f"{api}{stage}/{key}")
    return sub(api + "${__StageName__}/" + key, {"__StageName__": stage})


def _add_stage(lowering: Lowering, sam: SamResource, stage: Json, routes: list[str]) -> str:
    given = sam.properties
    name = stage if isinstance(stage, str) else ""
    logical_id = sam.logical_id + ("Default" if name == _DEFAULT_STAGE else name) + "Stage"
    properties = {key: given[key] for key in _STAGE_PASSED if given.get(key) is not None}
    properties |= {"ApiId": ref(sam.logical_id), "StageName": stage, "AutoDeploy": True}
    if isinstance(given.get("Tags"), dict) and given.get("PropagateTags"):
        properties["Tags"] = given["Tags"]
    origins: Origins = {(): sam.place_properties(), **sam.origins}
    lowering.generated(
        sam,
        logical_id,
        "AWS::ApiGatewayV2::Stage",
        properties,
        sam.place(),
        origins=origins,
        depends_on=tuple(routes) if given.get("RouteSettings") else (),
    )
    return logical_id


def _add_authorizer(lowering: Lowering, sam: SamResource, auth: Body) -> None:
    at = sam.place("Auth")
    logical_id = sam.logical_id + "ConnectAuthorizer"
    function: Json = auth.get("AuthArn")
    properties = without_none(
        {
            "ApiId": ref(sam.logical_id),
            "AuthorizerCredentialsArn": auth.get("InvokeRole"),
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": sub(_FUNCTION_URI, {"FunctionArn": function}),
            "IdentitySource": auth.get("IdentitySource"),
            "Name": auth.get("Name") or logical_id,
        }
    )
    lowering.generated(sam, logical_id, "AWS::ApiGatewayV2::Authorizer", properties, at, origins={(): at})
    if not auth.get("InvokeRole"):
        add_authorizer_permission(lowering, sam, sam.logical_id + "AuthorizerPermission", function, at)
