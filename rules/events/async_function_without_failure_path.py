"""An asynchronous event that keeps failing is dropped: Lambda retries twice, then nobody ever sees it again.

S3, SNS, EventBridge, IoT, SES and log subscriptions hand the event to Lambda and forget it. After two retries within
six hours Lambda throws it away, unless the function has a dead-letter queue or an `OnFailure` destination. A
dead-letter queue of the sender does not help: the sender has delivered.

## How to fix it

Give the function an `OnFailure` destination (`EventInvokeConfig` in SAM, `AWS::Lambda::EventInvokeConfig` in
CloudFormation): it keeps the event, the error and the number of tries. `DeadLetterQueue` / `DeadLetterConfig` keeps the
event only. Put an alarm on the queue.

## Known exceptions

Functions that are only polled for (SQS, streams) or called synchronously, custom resources, and functions whose
failure path exists under some condition. Actions of a pipeline (CodePipeline): the pipeline waits for the function's
answer and fails without it. A schedule, also that of an AWS Config rule, carries no data and comes again:
a note; one that only keeps a function warm is not reported.
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
    RuleContext,
    RuleMeta,
    Severity,
    strength,
)

META = RuleMeta(
    id="EVT107",
    name="async-function-without-failure-path",
    severity=Severity.WARNING,
    summary="Function loses asynchronous events that keep failing",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
)

SCHEDULED = "ScheduledNotification"  # of AWS Config
SCHEDULES = {"AWS::Scheduler::Schedule"}
# https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html
WAITING = {"AWS::CodePipeline::Pipeline"}
MAX_NAMED = 4


def check(context: RuleContext) -> Iterator[Finding]:
    called = {
        edge.target for edge in context.graph.of_kind(EdgeKind.TRIGGERS, EdgeKind.INVOKES) if edge.mode is Mode.ASYNC
    }
    for function in context.graph.of_type("AWS::Lambda::Function"):
        if function not in called:
            continue
        events = _asynchronous(context, function)
        if not events or context.graph.outgoing(function, EdgeKind.DEAD_LETTERS):
            continue
        if context.values.exists(function, "DeadLetterConfig.TargetArn"):
            continue
        data = [edge for edge in events if not _is_schedule(context, edge.source)]
        named = _named(data or events)
        loss = f"drops an event from {named} when it still fails on the last retry"
        if not data:
            loss = f"leaves no trace when a run scheduled by {named} fails"
        yield context.finding(
            function,
            f"{function} {loss}: no dead-letter queue, no OnFailure destination",
            related=[(edge, f"{_named([edge])} invokes it asynchronously") for edge in (data or events)[:MAX_NAMED]],
            evidence=[max(data or events, key=strength)],
            severity=None if data else Severity.NOTE,
            key=(function.logical_id,),
        )


def _asynchronous(context: RuleContext, function: Node) -> list[Edge]:
    edges = context.graph.incoming(function, EdgeKind.TRIGGERS, EdgeKind.INVOKES)
    found = [edge for edge in edges if edge.mode is Mode.ASYNC and edge.evidence is not Evidence.REFERENCE]
    sure = [edge for edge in found if edge.kind is EdgeKind.TRIGGERS or strength(edge) >= Evidence.CODE]
    return [edge for edge in sure if not _keeps_warm(edge) and edge.source.type not in WAITING]


def _keeps_warm(edge: Edge) -> bool:
    """True when the event says that it is a ping: its failure costs nothing."""
    return "warm" in str(edge.detail.get("input", "")).lower()


def _is_schedule(context: RuleContext, source: Node) -> bool:
    if source.type in SCHEDULES:
        return True
    if source.type == "AWS::Config::ConfigRule":
        details = context.values.value(source, "Source.SourceDetails")
        listed = details if isinstance(details, list) else []
        return {item.get("MessageType") if isinstance(item, dict) else None for item in listed} == {SCHEDULED}
    if source.type != "AWS::Events::Rule":
        return False
    pattern = context.values.value(source, "EventPattern")
    return pattern is None or (pattern is not UNKNOWN and not pattern)


def _sender(edge: Edge) -> str:
    """The name that users know: of an event in SAM its own, of a parameter outside the run not the file's."""
    name = edge.source.logical_id.rpartition("#")[2]
    return (name.removeprefix(edge.target.logical_id) or name) if edge.source.generated_by else name


def _named(edges: list[Edge]) -> str:
    names = list(dict.fromkeys(map(_sender, edges)))
    if len(names) > MAX_NAMED:
        return ", ".join(names[:MAX_NAMED]) + f" and {len(names) - MAX_NAMED} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
