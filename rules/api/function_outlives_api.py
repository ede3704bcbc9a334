"""An API gives up long before the function behind it does: the caller gets a 504, the function runs on and is paid for.

The caller then retries, and a second run starts beside the first. REST and WebSocket APIs wait 29 seconds, HTTP APIs
and AppSync 30, an Application Load Balancer its idle timeout (60 unless set).

## How to fix it

Bring the function's timeout down to the limit, so that it fails where the caller can see it. Work that takes longer
belongs behind a queue or a state machine: the API answers 202 at once. A regional REST API can be given a longer
`TimeoutInMillis` after a quota increase.

## Known exceptions

Up to one second over the limit, asynchronous integrations (`X-Amz-Invocation-Type: Event`), authorizers, function
URLs, integrations that stream the response, paths through Step Functions, and functions that may invoke themselves (or
any function, and call no other here), so that the long run is not the one that the API waits for. Other triggers of
the same function (queues, schedules) may need the time: split it. Behind a WebSocket API a function that posts to the
connections by itself (`execute-api:ManageConnections`) is a note: its answer arrives, after the error that the API
sends. An API whose definition cannot be read (one in S3) may not wait at all.
"""

from collections.abc import Iterator
from typing import NamedTuple

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
    listed,
    number,
    property_default,
    role_permissions,
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
INVOKE = {"lambda:InvokeFunction", "lambda:InvokeAsync"}
MAX_RELATED = 8


class Case(NamedTuple):
    """A function that may run longer than one of the APIs in front of it waits, in seconds."""

    function: Node
    timeout: float
    limit: float
    edge: Edge

    @property
    def over(self) -> float:
        """By how much."""
        return self.timeout - self.limit


def check(context: RuleContext) -> Iterator[Finding]:
    shared: dict[tuple[object, ...], list[Case]] = {}
    behind: dict[Node, list[Edge]] = {}
    for edge in context.graph.of_kind(EdgeKind.TRIGGERS):
        if _is_request(edge) and _is_read(edge):
            behind.setdefault(edge.target, []).append(edge)
    for function in context.graph.of_type("AWS::Lambda::Function"):
        edges = behind.get(function)
        case = _worst(context, function, edges) if edges else None
        if case is None:
            continue
        place = function.place("Timeout")
        if place is None or place.path[:1] != ("Globals",):
            yield _finding(context, [case])
            continue
        key = (place.document.name, case.timeout, _kind(context, case.edge), _posts(context, case))
        shared.setdefault(key, []).append(case)
    yield from (_finding(context, cases) for cases in shared.values())


def _worst(context: RuleContext, function: Node, edges: list[Edge]) -> Case | None:
    """The API that waits least of those that wait too short; None when there is none."""
    if _continues_alone(context, function):
        return None
    found = [
        Case(function, timeout, limit, edge)
        for world in context.values.worlds(function)
        for edge in edges
        if (timeout := number(context.values.value(function, "Timeout", world))) is not None
        and (limit := _limit(context, edge)) is not None
        and timeout > limit + context.params["tolerance"]
    ]
    return max(found, key=lambda case: case.over) if found else None


def _finding(context: RuleContext, cases: list[Case]) -> Finding:
    """One finding for a timeout: that of a function, or one in `Globals` which several functions share."""
    worst = max(cases, key=lambda case: case.over)
    functions = list(dict.fromkeys(case.function for case in cases))
    apis = listed((case.edge.source for case in cases), 2)
    several = " each" if len(functions) > 1 else ""
    kind = _kind(context, worst.edge)
    one_api = len({case.edge.source for case in cases}) == 1
    what = f"{kind if one_api else kind + 's'} {apis} {'gives' if one_api else 'give'} up after {worst.limit:g} s"
    posts = _posts(context, worst)
    aside = "; what it posts to the connection itself still arrives" if posts else ""
    if any(not _is_request(edge) for edge in context.graph.incoming(worst.function, EdgeKind.TRIGGERS)):
        aside = " (its other triggers may need that long)"
    return context.finding(
        (worst.function, "Timeout"),
        f"{listed(functions)} may{several} run {worst.timeout:g} s, but {what}{aside}",
        related=[(case.edge, _route(case)) for case in cases[:MAX_RELATED]],
        evidence=[case.edge for case in cases],
        severity=Severity.NOTE if posts else None,
        key=tuple(function.logical_id for function in functions),
    )


def _posts(context: RuleContext, case: Case) -> bool:
    """True behind a WebSocket API when the function may post to the connections by itself."""
    if not _is_websocket(context, case.edge):
        return False
    roles = [edge.target for edge in context.graph.outgoing(case.function, EdgeKind.ASSUMES)]
    policies = [edge.target for role in roles for edge in context.graph.outgoing(role, EdgeKind.ATTACHES)]
    return any("ManageConnections" in str(node.properties) for node in (*roles, *policies))


def _is_request(edge: Edge) -> bool:
    return edge.mode is Mode.SYNC and edge.source.type in APIS and "authorizer" not in edge.detail


def _is_read(edge: Edge) -> bool:
    """False when only a permission speaks of the request: the definition elsewhere may not wait for the answer."""
    return edge.evidence is not Evidence.POLICY


def _continues_alone(context: RuleContext, function: Node) -> bool:
    """True when the function may start itself again: it answers, and the work goes on in a run of its own."""
    invoked = context.graph.outgoing(function, EdgeKind.INVOKES)
    if any(e.target is function and e.mode is not Mode.SYNC and e.evidence >= Evidence.POLICY for e in invoked):
        return True
    # Frameworks that answer first and work on later invoke the function that they run in, whose name is in no template.
    roles = [edge.target for edge in context.graph.outgoing(function, EdgeKind.ASSUMES)]
    return not any(e.target is not function for e in invoked) and any(
        permission.everything
        and permission.statement.is_allow
        and not permission.holder.external  # policies of AWS allow it by the way
        and INVOKE & set(permission.statement.actions)
        for role in roles
        for permission in role_permissions(context.graph, role)
    )


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


def _route(case: Case) -> str:
    routes = case.edge.detail.get("routes") or case.edge.detail.get("fields")
    shown = ", ".join(map(str, routes[:3])) if isinstance(routes, list) else ""
    return f"{case.edge.source} waits for {case.function}" + (f" ({shown})" if shown else "")
