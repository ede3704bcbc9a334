"""What `Api` and `HttpApi` events ask of an API: a path, a method and an integration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archlint.template.sam.definitions import ANY_METHOD, INTEGRATION, method_name
from archlint.template.sam.intrinsics import mapping, ref, sub
from archlint.template.sam.resource import Event, Route

if TYPE_CHECKING:
    from archlint.template.model import Body, Json
    from archlint.template.sam.events import Starter
    from archlint.template.sam.lowering import Lowering

IMPLICIT_REST_API = "ServerlessRestApi"
IMPLICIT_HTTP_API = "ServerlessHttpApi"
_DEFAULT_PATH = "$default"
_LAMBDA_URI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/%s/functions/%s/%s"


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
