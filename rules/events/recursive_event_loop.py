"""A function that starts itself again through what it writes runs without end, and so does the bill.

Lambda stops a loop through SQS, SNS or S3 after about 16 rounds when the SDK is recent enough; loops through DynamoDB
streams, EventBridge, Kinesis and Step Functions run until somebody notices.

## How to fix it

Write to another table, bucket or topic than the one that triggers. Where it must be the same, let a filter keep the
function's own writes out: an S3 prefix, `FilterCriteria` on the event source mapping, an event pattern. A loop that is
meant to be one says so with `RecursiveLoop: Allow`.

## Known exceptions

`RecursiveLoop: Allow`; a filter on the way (prefix or suffix of an S3 notification, `FilterCriteria`, filter policy);
event buses, unless the code or the state machine says source and detail type of what it puts there and the pattern of
the rule lets that through; calls of an API, which name a route or a connected client; messages
that a function receives in its own code, which start nothing; paths through a dead-letter queue (EVT002); resources
that never exist together. A function whose policy alone would let it write to its own trigger is no loop: something
else, such as the name in its environment or a call in its code, has to say so too.
"""

from collections.abc import Iterator

from archlint.api import (
    Edge,
    EdgeKind,
    Evidence,
    Finding,
    Json,
    Node,
    RuleContext,
    RuleMeta,
    Severity,
    cycles,
    strength,
)

META = RuleMeta(
    id="EVT001",
    name="recursive-event-loop",
    severity=Severity.ERROR,
    summary="Function starts itself again through what it writes",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html",
)

FLOW = (EdgeKind.TRIGGERS, EdgeKind.PUBLISHES, EdgeKind.DELIVERS, EdgeKind.WRITES, EdgeKind.INVOKES)
FUNCTION = "AWS::Lambda::Function"
BUCKET = "AWS::S3::Bucket"
BUS = "AWS::Events::EventBus"
RULE = "AWS::Events::Rule"
# Lambda's recursive loop detection covers these: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
STOPPED_BY_LAMBDA = {"AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::S3::Bucket", FUNCTION}
# What calls an API asks for one of its routes, or writes to clients that are connected: which one is not known.
ROUTERS = {"AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::AppSync::GraphQLApi"}
FILTERS = ("prefix", "suffix", "filters", "filter_policy", "pattern")
DELETES = ("s3:deleteobject", "s3:deleteobjectversion")
VERBS = {
    EdgeKind.TRIGGERS: "triggers",
    EdgeKind.PUBLISHES: "publishes to",
    EdgeKind.DELIVERS: "delivers to",
    EdgeKind.WRITES: "writes",
    EdgeKind.INVOKES: "invokes",
}


def check(context: RuleContext) -> Iterator[Finding]:
    def counts(edge: Edge) -> bool:
        return _flows(context, edge) and not (
            _allows_recursion(context, edge.source) or _allows_recursion(context, edge.target)
        )

    for cycle in cycles(context.graph, *FLOW, keep=counts, through=lambda node: node.type == FUNCTION):
        if not context.values.coexist(*cycle.nodes) or not _passes_buses(cycle.edges):
            continue
        between = {node.type for node in cycle.nodes}
        stopped = between <= STOPPED_BY_LAMBDA
        after = "; Lambda stops it after about 16 rounds" if stopped else "; Lambda does not stop it"
        first, *rest = cycle.edges
        yield context.finding(
            cycle.nodes[0],
            "event loop: " + " -> ".join(node.logical_id for node in cycle.closed()) + after,
            related=[(edge, _step(edge)) for edge in (first, *rest)],
            flow=[(edge, _step(edge)) for edge in cycle.edges],
            evidence=cycle.edges,
            severity=Severity.WARNING if stopped else None,
            key=sorted(node.logical_id for node in cycle.nodes),
        )


def _flows(context: RuleContext, edge: Edge) -> bool:
    """True when an event surely can pass: unfiltered, not through an API, known by more than a policy alone."""
    if edge.evidence is Evidence.REFERENCE or edge.source.type in ROUTERS:
        return False
    if edge.kind is EdgeKind.TRIGGERS and edge.evidence is not Evidence.DECLARED:
        return False  # it may receive, but a message does not start it
    if edge.target.type == BUS:
        return edge.source.type != BUS and any(map(_is_known, _put(edge)))
    if edge.source.type == BUS:
        return edge.target.type == RULE and any(
            _admits(edge, event) for put in context.graph.incoming(edge.source) for event in _put(put)
        )
    if edge.source.type == BUCKET and edge.target.type == RULE:
        return _takes_any_object(edge)
    if edge.source.type != RULE and any(edge.detail.get(name) for name in FILTERS):
        return False  # a rule's pattern is that of the edge from its bus
    if edge.source.type == RULE and not edge.detail.get("pattern"):
        return False
    if edge.kind is EdgeKind.WRITES and edge.actions and all(action.lower() in DELETES for action in edge.actions):
        return False
    return not (edge.evidence is Evidence.POLICY and strength(edge) is Evidence.POLICY)


def _takes_any_object(edge: Edge) -> bool:
    """True when a rule takes the event of every object that is written to the bucket."""
    pattern = edge.detail.get("pattern")
    if not isinstance(pattern, dict) or not pattern.keys() <= {"source", "detail-type", "detail"}:
        return False
    kinds, detail = pattern.get("detail-type"), pattern.get("detail")
    is_any = not isinstance(detail, dict) or (detail.keys() <= {"bucket"})
    return is_any and (kinds is None or (isinstance(kinds, list) and "Object Created" in kinds))


def _put(edge: Edge) -> list[Json]:
    """What is known of the events that an edge to a bus carries."""
    events = edge.detail.get("events") if edge.target.type == BUS else None
    return events if isinstance(events, list) else []


def _is_known(event: Json) -> bool:
    return isinstance(event, dict) and isinstance(event.get("source"), str)


def _passes_buses(edges: tuple[Edge, ...]) -> bool:
    """True when each event that a cycle puts on a bus is one that the rule behind it takes."""
    return all(
        any(_admits(after, event) for event in _put(edge))
        for edge, after in zip(edges, (*edges[1:], edges[0]), strict=True)
        if edge.target.type == BUS
    )


def _admits(edge: Edge, event: Json) -> bool:
    """Whether a rule's pattern surely takes an event of which source and detail type are known."""
    pattern = edge.detail.get("pattern")
    if not isinstance(pattern, dict) or not isinstance(event, dict) or not _is_known(event):
        return False
    return all(
        isinstance(allowed, list) and isinstance(event.get(name), str) and event[name] in allowed
        for name, allowed in pattern.items()
    )


def _allows_recursion(context: RuleContext, node: Node) -> bool:
    return node.type == FUNCTION and context.values.value(node, "RecursiveLoop") == "Allow"


def _step(edge: Edge) -> str:
    return f"{edge.source} {VERBS[edge.kind]} {edge.target}"
