"""Polled queue without a dead-letter queue: what the consumer cannot handle is tried again until it expires.

A message that the consumer cannot handle comes back after every visibility timeout and is tried again until the
retention period ends (4 days by default, 14 at most). Then it is deleted and nobody knows it existed. Until then it
costs invocations, and in a FIFO queue it holds up everything behind it in its message group. A `DeadLetterQueue` or
`OnFailure` destination of the function does not help: both are for asynchronous invocations, and a queue is polled.

## How to fix it

Give the queue a `RedrivePolicy` with a second queue as `deadLetterTargetArn`, a `maxReceiveCount` of 5 or more, and an
alarm on that second queue.

## Known exceptions

A queue that is itself the place where failed messages go, of a queue, function, event source mapping, rule, schedule,
subscription, pipe or state machine, needs no further one. So does one that calls itself a dead-letter queue, or says in
a `RedriveAllowPolicy` for whom it is one. A `RedrivePolicy` that is given under some condition only is accepted. A
function that something else starts and that only has the permission to receive, without an event source mapping or a
mention of the queue, is no consumer.
"""

import re
from collections.abc import Iterator

from archlint.api import Edge, EdgeKind, Evidence, Finding, Mode, Node, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="EVT102",
    name="queue-without-dead-letters",
    severity=Severity.WARNING,
    summary="Polled queue has no dead-letter queue",
    help_uri="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html",
    pillar="reliability",
)

CONSUMERS = ("AWS::Lambda::Function", "AWS::Pipes::Pipe")
CALLED = re.compile(r"dlq|dead[-_ ]?letter", re.IGNORECASE)


def check(context: RuleContext) -> Iterator[Finding]:
    for queue in context.graph.of_type("AWS::SQS::Queue"):
        polls = [edge for edge in context.graph.outgoing(queue, EdgeKind.TRIGGERS) if _polls(context, edge)]
        if not polls or context.values.exists(queue, "RedrivePolicy") or _takes_failures(context, queue):
            continue
        yield context.finding(
            queue,
            f"{queue} has no dead-letter queue: a message that fails is retried until it expires",
            related=[(edge.target, f"{edge.target} polls {queue}") for edge in polls],
            evidence=[max(polls, key=lambda edge: edge.evidence)],
            key=(queue.logical_id,),
        )


def _polls(context: RuleContext, edge: Edge) -> bool:
    """True for a consumer; a permission alone makes none of a function that something else starts."""
    consumer = edge.target
    if consumer.type not in CONSUMERS:
        return False
    if edge.evidence is not Evidence.POLICY:
        return edge.evidence is not Evidence.REFERENCE
    started = context.graph.incoming(consumer, EdgeKind.TRIGGERS)
    if all(other.mode is Mode.POLL and other.evidence is Evidence.POLICY for other in started):
        return True
    return _knows(context, consumer, edge.source)


def _knows(context: RuleContext, function: Node, queue: Node) -> bool:
    """True when an environment variable of the function names the queue."""
    environment = function.properties.get("Environment")
    variables = environment.get("Variables") if isinstance(environment, dict) else None
    resolver, stack = context.graph.resolver, function.stack
    if resolver is None or stack is None or not isinstance(variables, dict):
        return False
    found = (target for value in variables.values() for target in resolver.targets(stack, value, queue.type))
    return any(target.node is queue for target in found)


def _takes_failures(context: RuleContext, queue: Node) -> bool:
    """True for the end of a failure path, and for a queue that says that it is one."""
    if context.graph.outgoing(queue, EdgeKind.DEAD_LETTERS) or context.graph.incoming(queue, EdgeKind.DEAD_LETTERS):
        return True
    if CALLED.search(f"{queue.logical_id} {queue.properties.get('QueueName', '')}"):
        return True
    allowed = queue.properties.get("RedriveAllowPolicy")
    if allowed is not None and "denyAll" not in str(allowed):
        return True
    sent = context.graph.incoming(queue, EdgeKind.PUBLISHES)
    return any(edge.detail.get("caught") for edge in sent if edge.source.type == "AWS::StepFunctions::StateMachine")
