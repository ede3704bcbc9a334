"""`AWS::Serverless::HttpApi`, written or implied by `HttpApi` events.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-httpapi.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.template.sam.apis import stage_logical_id
from archlint.template.sam.authorizers import add_permissions, authorizers, secure_http
from archlint.template.sam.definitions import ANY_METHOD, Definition, is_definition
from archlint.template.sam.intrinsics import NO_VALUE, choose, mapping, ref
from archlint.template.sam.locations import s3_location

if TYPE_CHECKING:
    from archlint.template.model import Body
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.lowering import Lowering
    from archlint.template.sam.resource import Route, SamResource

_DEFAULT_STAGE = "$default"
_PASSED = frozenset({"CorsConfiguration", "Description", "DisableExecuteApiEndpoint", "FailOnWarnings", "Name", "Tags"})
_STAGE_PASSED = ("AccessLogSettings", "DefaultRouteSettings", "RouteSettings", "StageVariables", "Tags")


def lower_http_api(lowering: Lowering, sam: SamResource) -> None:
    """Adds the HTTP API, its stage, and what `Auth` and `Domain` ask for."""
    given = sam.properties
    auth = mapping(given.get("Auth"))
    routes = lowering.routes.get(sam.logical_id, [])
    properties, origins = _api_properties(sam, auth, routes)
    lowering.lowered(sam, "AWS::ApiGatewayV2::Api", properties, origins)
    name = given.get("StageName") or _DEFAULT_STAGE
    stage = {key: given[key] for key in _STAGE_PASSED if given.get(key) is not None}
    stage |= {"ApiId": ref(sam.logical_id), "StageName": name, "AutoDeploy": True}
    settings = _route_settings(routes, mapping(given.get("RouteSettings")))
    if settings:
        stage["RouteSettings"] = settings
    is_default = name == _DEFAULT_STAGE
    stage_id = sam.logical_id + "ApiGatewayDefaultStage" if is_default else stage_logical_id(sam, name)
    stage_origins: Origins = {(): sam.place_properties(), **sam.origins}
    lowering.generated(sam, stage_id, "AWS::ApiGatewayV2::Stage", stage, sam.place(), origins=stage_origins)
    functions = [
        key
        for key, body in authorizers(auth).items()
        if body.get("FunctionArn") and body.get("EnableFunctionDefaultPermissions")
    ]
    add_permissions(lowering, sam, auth, functions)
    if isinstance(given.get("Domain"), dict):
        from archlint.template.sam.domains import add_http_domain

        add_http_domain(lowering, sam, given["Domain"], stage_id)


def _api_properties(sam: SamResource, auth: Body, routes: list[Route]) -> tuple[Body, Origins]:
    given = sam.properties
    properties = {name: value for name, value in given.items() if name in _PASSED and value is not None}
    properties["ProtocolType"] = "HTTP"
    if properties.get("CorsConfiguration") is True:
        properties["CorsConfiguration"] = {"AllowOrigins": ["*"]}
    origins: Origins = dict(sam.origins)
    own, uri = given.get("DefinitionBody"), given.get("DefinitionUri")
    if uri:
        properties["BodyS3Location"] = s3_location(uri, "Bucket", "Key", "Version")
        origins[("BodyS3Location",)] = sam.place("DefinitionUri")
    elif own and not is_definition(own):
        properties["Body"] = own
        origins[("Body",)] = sam.place("DefinitionBody")
    else:
        definition = Definition(own or None, sam.place("DefinitionBody") if own else None)
        for route in routes:
            definition.add(route, override=False)
        if auth:
            secure_http(definition, sam, auth, routes)
        properties["Body"] = definition.body
        origins |= definition.origins
    return properties, origins


def _route_settings(routes: list[Route], own: Body) -> Body:
    """The `RouteSettings` of the API and of events, by the route key of the stage."""
    settings = dict(own)
    for route in routes:
        given = route.event.properties.get("RouteSettings")
        if isinstance(given, dict):
            key = route.path if route.method == ANY_METHOD else f"{route.method.upper()} {route.path}"
            condition = route.event.owner.condition
            added = choose(condition, given, NO_VALUE) if condition else given
            settings[key] = {**mapping(settings.get(key)), **added}
    return settings
