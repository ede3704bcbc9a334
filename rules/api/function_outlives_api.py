"""An API gives up long before the function behind it does: the caller gets a 504, the function runs on and is paid for.

The caller then retries, and a second run starts beside the first. REST and WebSocket APIs wait 29 seconds, HTTP APIs
and AppSync 30, an Application Load Balancer its idle timeout (60 unless set).

## How to fix it

Bring the function's timeout down to the limit, so that it fails where the caller can see it. Work that takes longer
belongs behind a queue or a state machine: the API answers 202 at once. A regional REST API can be given a longer
`TimeoutInMillis` after a quota increase.

## Known exceptions

Up to one second over the limit, asynchronous integrations (`X-Amz-Invocation-Type: Event`), authorizers, function URLs,
integrations that stream the response, paths through Step Functions, and functions that may invoke themselves, so that
the long run is not the one that the API waits for. Other triggers of the same function (queues,
schedules) may need the time: split it.
"""

from collections.abc import Iterator

from archlint.api import (
    UNKNOWN,
    Edge,
    EdgeKind,
    Evidence,
    Finding,
    Mode,
    Node,
    Param,
    RuleContext,
    RuleMeta,
    Severity,
    number,
    property_default,
)

META = RuleMeta(
    id="API001",
    name="function-outlives-api",
    severity=Severity.WARNING,
    summary="Function may run longer than the API in front of it waits",
    help_uri="https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
    params={"tolerance": Param("number", 1, 0, "seconds over the limit that are accepted")},
)

APIS = {
    "AWS::ApiGateway::RestApi": "REST API",
    "AWS::ApiGatewayV2::Api": "HTTP API",
    "AWS::AppSync::GraphQLApi": "AppSync API",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "load balancer",
}


def check(context: RuleContext) -> Iterator[Finding]:
    for function in context.graph.of_type("AWS::Lambda::Function"):
        edges = [e for e in context.graph.incoming(function, EdgeKind.TRIGGERS) if _is_request(e)]
        if not edges or _continues_alone(context, function):
            continue
        found = [
            (timeout, limit, edge)
            for world in context.values.worlds(function)
            for edge in edges
            if (timeout := number(context.values.value(function, "Timeout", world))) is not None
            and (limit := _limit(context, edge)) is not None
            and timeout > limit + context.params["tolerance"]
        ]
        if not found:
            continue
        timeout, limit, edge = max(found, key=lambda case: case[0] - case[1])
        api = f"{_kind(context, edge)} {edge.source}"
        others = sum(1 for e in context.graph.incoming(function, EdgeKind.TRIGGERS) if not _is_request(e))
        beside = " (its other triggers may need that long)" if others else ""
        yield context.finding(
            (function, "Timeout"),
            f"{function} may run {timeout:g} s, but {api} gives up after {limit:g} s{beside}",
            related=[(edge, _route(edge))],
            evidence=[edge],
            key=(function.logical_id,),
        )


def _is_request(edge: Edge) -> bool:
    return edge.mode is Mode.SYNC and edge.source.type in APIS and "authorizer" not in edge.detail


def _continues_alone(context: RuleContext, function: Node) -> bool:
    """True when the function may start itself again: it answers, and the work goes on in a run of its own."""
    invoked = context.graph.outgoing(function, EdgeKind.INVOKES)
    return any(e.target is function and e.mode is not Mode.SYNC and e.evidence >= Evidence.POLICY for e in invoked)


def _limit(context: RuleContext, edge: Edge) -> float | None:
    """Seconds that the integration waits; None when it cannot be told."""
    given = edge.detail.get("timeout")
    if isinstance(given, (int, float)):
        return given / 1000
    if edge.detail.get("streams"):
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html: up to 15 minutes
        return None
    api = edge.source
    if api.type == "AWS::ApiGateway::RestApi":
        return _seconds(property_default("AWS::ApiGateway::Method", "Integration.TimeoutInMillis"), 1000)
    if api.type == "AWS::ApiGatewayV2::Api":
        name = "websocket_timeout_millis" if _is_websocket(context, edge) else "TimeoutInMillis"
        return _seconds(property_default("AWS::ApiGatewayV2::Integration", name), 1000)
    if api.type == "AWS::AppSync::GraphQLApi":
        return _seconds(property_default("AWS::AppSync::GraphQLApi", "request_timeout_seconds"), 1)
    return _idle_timeout(context, edge)


def _seconds(value: object, divisor: int) -> float | None:
    return value / divisor if isinstance(value, (int, float)) else None


def _is_websocket(context: RuleContext, edge: Edge) -> bool:
    return context.values.value(edge.source, "ProtocolType") == "WEBSOCKET"


def _idle_timeout(context: RuleContext, edge: Edge) -> float | None:
    attributes = context.values.value(edge.source, "LoadBalancerAttributes")
    if attributes is UNKNOWN:
        return None
    for attribute in attributes if isinstance(attributes, list) else ():
        if isinstance(attribute, dict) and attribute.get("Key") == "idle_timeout.timeout_seconds":
            return number(attribute.get("Value"))
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
    return 60.0


def _kind(context: RuleContext, edge: Edge) -> str:
    return "WebSocket API" if _is_websocket(context, edge) else APIS[edge.source.type]


def _route(edge: Edge) -> str:
    routes = edge.detail.get("routes") or edge.detail.get("fields")
    shown = ", ".join(map(str, routes[:3])) if isinstance(routes, list) else ""
    return f"{edge.source} waits for it" + (f" ({shown})" if shown else "")
