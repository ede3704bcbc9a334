"""`AWS::Serverless::Api`, written or implied by `Api` events, and the routes of both kinds of API.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-api.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archlint.template.sam.authorizers import add_permissions, authorizers, secure_rest
from archlint.template.sam.definitions import ANY_METHOD, INTEGRATION, Definition, is_definition, method_name
from archlint.template.sam.intrinsics import listed, mapping, ref, sub, suffixed, without_none
from archlint.template.sam.locations import s3_location
from archlint.template.sam.resource import Event, Route, SamResource
from archlint.template.sam.tags import plain_tag_list, propagate_tags

if TYPE_CHECKING:
    from archlint.template.model import Body, Json
    from archlint.template.sam.events import Starter
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.lowering import Lowering

REST_API = "AWS::Serverless::Api"
HTTP_API = "AWS::Serverless::HttpApi"
IMPLICIT_REST_API = "ServerlessRestApi"
IMPLICIT_HTTP_API = "ServerlessHttpApi"
_DEFAULT_PATH = "$default"
_PASSED = frozenset(
    {
        "ApiKeySourceType", "BinaryMediaTypes", "Description", "DisableExecuteApiEndpoint", "EndpointAccessMode",
        "FailOnWarnings", "MinimumCompressionSize", "Mode", "Name", "Policy", "SecurityPolicy",
    }
)  # fmt: skip
_STAGE_PASSED = (
    "AccessLogSetting", "CacheClusterEnabled", "CacheClusterSize", "CanarySetting", "MethodSettings", "StageName",
    "TracingEnabled", "Variables",
)  # fmt: skip
_LAMBDA_URI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/%s/functions/%s/%s"
_CALLER = "arn:aws:iam::*:user/*"


def api_of(event: Event) -> Json:
    """The REST API of an `Api` event: the implicit one when none is named."""
    found: Json = event.properties.get("RestApiId", ref(IMPLICIT_REST_API))
    return found


def http_api_of(event: Event) -> Json:
    """The HTTP API of an `HttpApi` event: the implicit one when none is named."""
    found: Json = event.properties.get("ApiId", ref(IMPLICIT_HTTP_API))
    return found


def api_id(api: Json) -> str | None:
    """The logical ID in a reference to an API."""
    target = api.get("Ref") if isinstance(api, dict) else api
    return target if isinstance(target, str) else None


def stage_suffix(lowering: Lowering, api: Json) -> str:
    """How SAM ends the logical ID of a permission for this API: the name of its stage when that is plain text."""
    logical_id = api_id(api)
    if logical_id is None:
        return "AllStages"
    if logical_id == IMPLICIT_REST_API:
        return "Prod"
    sam = lowering.sam.get(logical_id)
    body = mapping(lowering.written.get(logical_id))
    stage = (sam.properties if sam is not None else mapping(body.get("Properties"))).get("StageName")
    return stage if isinstance(stage, str) else "Stage"


def add_api_route(lowering: Lowering, starter: Starter, event: Event) -> None:
    """Notes the integration that an `Api` event of a function asks for."""
    given = event.properties
    streamed = given.get("ResponseTransferMode") == "RESPONSE_STREAM"
    integration: Body = {"type": "aws_proxy", "httpMethod": "POST", "uri": _function_uri(starter, streamed=streamed)}
    if streamed:
        integration["responseTransferMode"] = "STREAM"
    if given.get("TimeoutInMillis"):
        integration["timeoutInMillis"] = given["TimeoutInMillis"]
    _note_route(lowering, api_of(event), given.get("Path"), given.get("Method"), integration, event)


def add_machine_route(lowering: Lowering, starter: Starter, event: Event, role_arn: Json) -> None:
    """Notes the integration that an `Api` event of a state machine asks for."""
    machine = "${" + starter.logical_id + "}"
    template = json.dumps({"input": "$util.escapeJavaScript($input.json('$'))", "stateMachineArn": machine})
    integration: Body = {
        "type": "aws",
        "httpMethod": "POST",
        "uri": sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution"),
        "credentials": role_arn,
        "requestTemplates": {"application/json": sub(template)},
    }
    _note_route(
        lowering, api_of(event), event.properties.get("Path"), event.properties.get("Method"), integration, event
    )


def add_http_route(lowering: Lowering, starter: Starter, event: Event) -> tuple[str, str, bool] | None:
    """Notes the integration that an `HttpApi` event asks for.

    Path, method, and whether the permission of the function's own `$default` route covers this one; None when
    the event is malformed.
    """
    given = event.properties
    path, method = given.get("Path"), given.get("Method")
    if not path and not method:
        path, method = _DEFAULT_PATH, ANY_METHOD
    if not isinstance(path, str) or not isinstance(method, str):
        return None
    integration: Body = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "payloadFormatVersion": given.get("PayloadFormatVersion") or "2.0",
        "uri": _function_uri(starter),
    }
    if given.get("TimeoutInMillis"):
        integration["timeoutInMillis"] = given["TimeoutInMillis"]
    _note_route(lowering, http_api_of(event), path, method, integration, event)
    return path, method, path != _DEFAULT_PATH and _is_default(lowering, starter, http_api_of(event))


def _is_default(lowering: Lowering, starter: Starter, api: Json) -> bool:
    """Whether the function itself (not its alias) is behind the API's catch-all route."""
    if starter.logical_id != starter.owner.logical_id:
        return False
    for event in starter.owner.events():
        given = event.properties
        method = given.get("Method")
        is_any = method_name(method) == ANY_METHOD if isinstance(method, str) else not method
        named = given.get("Path") == _DEFAULT_PATH or not (given.get("Path") or method)
        if event.type == "HttpApi" and is_any and named and http_api_of(event) == api:
            return True
    sam = lowering.sam.get(api_id(api) or "")
    paths = mapping(mapping(sam.properties.get("DefinitionBody")).get("paths")) if sam is not None else {}
    default = mapping(mapping(paths.get(_DEFAULT_PATH)).get(ANY_METHOD))
    uri = mapping(mapping(default.get(INTEGRATION)).get("uri")).get("Fn::Sub")
    return isinstance(uri, str) and "${" + starter.logical_id + ".Arn}" in uri


def _function_uri(starter: Starter, *, streamed: bool = False) -> Body:
    named = "${" + starter.logical_id + ("}" if "Ref" in starter.arn else ".Arn}")
    if streamed:
        return sub(_LAMBDA_URI % ("2021-11-15", named, "response-streaming-invocations"))
    return sub(_LAMBDA_URI % ("2015-03-31", named, "invocations"))


def _note_route(lowering: Lowering, api: Json, path: Any, method: Any, integration: Body, event: Event) -> None:
    logical_id = api_id(api)
    if logical_id is not None and isinstance(path, str) and isinstance(method, str):
        route = Route(path, method_name(method), integration, event)
        lowering.routes.setdefault(logical_id, []).append(route)


def implicit_apis(lowering: Lowering) -> list[SamResource]:
    """The APIs that nobody wrote but that events without an API imply."""
    found = []
    for logical_id, kind in ((IMPLICIT_REST_API, REST_API), (IMPLICIT_HTTP_API, HTTP_API)):
        routes = lowering.routes.get(logical_id)
        if routes:
            found.append(_implicit(lowering, logical_id, kind, routes))
    return found


def _implicit(lowering: Lowering, logical_id: str, kind: str, routes: list[Route]) -> SamResource:
    first = routes[0].event.owner
    own: Body = {"StageName": "Prod"} if kind == REST_API else {}
    for owner in {route.event.owner.logical_id: route.event.owner for route in routes}.values():
        tags = owner.properties.get("Tags")
        if isinstance(tags, dict) and owner.properties.get("PropagateTags"):
            own["Tags"] = {**mapping(own.get("Tags")), **tags}
            own["PropagateTags"] = True
    base = (*first.base, "Properties", "Events", routes[0].event.name)
    properties, origins = lowering.globals.merge(kind, own, (*base, "Properties"))
    condition = lowering.any_condition([route.event.owner.condition for route in routes], logical_id + "Condition")
    return SamResource(
        logical_id,
        kind,
        {},
        properties,
        base,
        lowering.locate(base),
        lowering.locate,
        origins,
        condition,
        implicit_for=first.logical_id,
    )


def lower_api(lowering: Lowering, sam: SamResource) -> None:
    """Adds the REST API, its deployment and stage, and what `Auth` and `Domain` ask for."""
    given = sam.properties
    auth = mapping(lowering.default(given.get("Auth")))
    routes = lowering.routes.get(sam.logical_id, [])
    properties, origins = _api_properties(lowering, sam, auth, routes)
    lowering.lowered(sam, "AWS::ApiGateway::RestApi", properties, origins)
    deployment = sam.logical_id + "Deployment"
    api = ref(sam.logical_id)
    lowering.generated(sam, deployment, "AWS::ApiGateway::Deployment", {"RestApiId": api}, sam.place())
    stage = {name: given[name] for name in _STAGE_PASSED if given.get(name) is not None}
    stage |= {"RestApiId": api, "DeploymentId": ref(deployment)}
    if given.get("Tags"):
        stage["Tags"] = plain_tag_list(given["Tags"])
    stage_id = stage_logical_id(sam, given.get("StageName"))
    stage_origins: Origins = {(): sam.place_properties(), **sam.origins}
    lowering.generated(sam, stage_id, "AWS::ApiGateway::Stage", stage, sam.place(), origins=stage_origins)
    functions = [
        name
        for name, body in authorizers(auth).items()
        if body.get("FunctionArn") and not body.get("DisableFunctionDefaultPermissions")
    ]
    add_permissions(lowering, sam, auth, functions)
    if isinstance(given.get("Domain"), dict):
        from archlint.template.sam.domains import add_rest_domain

        add_rest_domain(lowering, sam, given["Domain"], stage_id)
    if isinstance(auth.get("UsagePlan"), dict):
        from archlint.template.sam.usage_plans import add_usage_plan

        add_usage_plan(lowering, sam, auth["UsagePlan"], stage_id)
    propagate_tags(lowering, sam)


def stage_logical_id(sam: SamResource, stage: Any) -> str:
    """The logical ID of a stage: with its name when that is plain text."""
    if isinstance(stage, str) and stage.isalnum():
        return f"{sam.logical_id}{stage}Stage"
    return suffixed(sam.logical_id + "Stage", stage if isinstance(stage, str) else "")


def _api_properties(lowering: Lowering, sam: SamResource, auth: Body, routes: list[Route]) -> tuple[Body, Origins]:
    given = sam.properties
    properties = {name: value for name, value in given.items() if name in _PASSED and value is not None}
    origins: Origins = dict(sam.origins)
    endpoint = given.get("EndpointConfiguration")
    if endpoint:
        properties["EndpointConfiguration"] = _endpoint(endpoint)
    own, uri = given.get("DefinitionBody"), given.get("DefinitionUri")
    if uri:
        properties["BodyS3Location"] = s3_location(uri, "Bucket", "Key", "Version")
        origins[("BodyS3Location",)] = sam.place("DefinitionUri")
    elif own and not is_definition(own):
        properties["Body"] = own
        origins[("Body",)] = sam.place("DefinitionBody")
    else:
        definition = Definition(own or None, sam.place("DefinitionBody") if own else None)
        _complete(lowering, sam, definition, auth, routes, managed=not own or bool(given.get("MergeDefinitions")))
        properties["Body"] = definition.body
        origins |= definition.origins
    return properties, origins


def _complete(
    lowering: Lowering, sam: SamResource, definition: Definition, auth: Body, routes: list[Route], *, managed: bool
) -> None:
    """Adds routes, security and resource policy; a definition that the user manages keeps its own routes."""
    if managed:
        for route in routes:
            definition.add(_with_credentials(route, auth))
    else:
        routes = [route for route in routes if route.auth.get("OverrideApiAuth")]
    if auth or any(route.auth for route in routes):
        secure_rest(definition, sam, auth, routes)
    if "ResourcePolicy" in auth or any("ResourcePolicy" in route.auth for route in routes):
        from archlint.template.sam.resource_policies import add_resource_policy

        add_resource_policy(lowering, definition, sam, auth, routes)


def _endpoint(given: Any) -> Json:
    if not isinstance(given, dict) or "Type" not in given:
        return {"Types": listed(given)}
    endpoints = given.get("VPCEndpointIds", given.get("VpcEndpointIds"))
    return without_none(
        {"Types": [given["Type"]], "VpcEndpointIds": endpoints, "IpAddressType": given.get("IpAddressType")}
    )


def _with_credentials(route: Route, auth: Body) -> Route:
    """With IAM authorization the function is invoked as the caller, or as the role that `InvokeRole` names."""
    own = route.auth
    uses_iam = own.get("Authorizer") == "AWS_IAM" or (auth.get("DefaultAuthorizer") == "AWS_IAM" and not own)
    if not uses_iam or route.integration.get("type") != "aws_proxy":
        return route
    roles = [body["InvokeRole"] or "NONE" for body in (own, auth) if "InvokeRole" in body]
    role = roles[0] if roles else "CALLER_CREDENTIALS"
    if role == "NONE":
        return route
    credentials = _CALLER if role == "CALLER_CREDENTIALS" else role
    return Route(route.path, route.method, {**route.integration, "credentials": credentials}, route.event)
