"""`AWS::Serverless::Api`, written or implied by `Api` events.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-api.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.template.sam.authorizers import add_permissions, authorizers, secure_rest
from archlint.template.sam.definitions import Definition, is_definition
from archlint.template.sam.intrinsics import listed, mapping, ref, suffixed, without_none
from archlint.template.sam.locations import s3_location
from archlint.template.sam.resource import Route, SamResource
from archlint.template.sam.routes import IMPLICIT_HTTP_API, IMPLICIT_REST_API
from archlint.template.sam.tags import plain_tag_list, propagate_tags

if TYPE_CHECKING:
    from archlint.template.model import Body, Json
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.lowering import Lowering

REST_API = "AWS::Serverless::Api"
HTTP_API = "AWS::Serverless::HttpApi"
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
_CALLER = "arn:aws:iam::*:user/*"


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
