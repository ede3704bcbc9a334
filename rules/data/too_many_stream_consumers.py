"""Too many readers of one stream throttle each other: each shard lets only so many read it at the same time.

A DynamoDB stream takes two readers of a shard; with a third the requests of all are throttled and records arrive late.
A Kinesis shard answers five reads and 2 MB in a second, for all readers without enhanced fan-out together, and every
event source mapping asks once a second. It shows only over all stacks: each team adds one function to the stream of
another.

## How to fix it

Read the stream once and pass the events on: one function or pipe that puts them on an event bus or a topic, which take
any number of consumers. On Kinesis give readers enhanced fan-out (`AWS::Kinesis::StreamConsumer`, its ARN in the
mapping). DynamoDB can also feed a Kinesis stream (`KinesisStreamSpecification`).

## Known exceptions

Enhanced fan-out consumers, mappings that are disabled, readers whose conditions exclude each other.
"""

from collections.abc import Iterator

from archlint.api import Edge, EdgeKind, Finding, Mode, Node, Param, RuleContext, RuleMeta, Severity, listed

META = RuleMeta(
    id="DAT013",
    name="too-many-stream-consumers",
    severity=Severity.WARNING,
    summary="More functions read one stream than its shards serve",
    help_uri="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html",
    params={
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-dynamodb-streams
        "dynamodb": Param("integer", 2, 1, "readers of one DynamoDB stream"),
        # https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
        "kinesis": Param("integer", 5, 1, "readers of one Kinesis stream that share its throughput"),
    },
    pillar="performance-efficiency",
)

STREAM = "AWS::Kinesis::Stream"
TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
# Services that read a Kinesis stream by themselves.
READERS = ("AWS::KinesisFirehose::DeliveryStream", "AWS::Pipes::Pipe", "AWS::KinesisAnalyticsV2::Application")


def check(context: RuleContext) -> Iterator[Finding]:
    for source in context.graph.of_type(*TABLES, STREAM):
        is_kinesis = source.type == STREAM
        limit = context.params["kinesis" if is_kinesis else "dynamodb"]
        readers = [edge for edge in context.graph.outgoing(source) if _reads(context, edge)]
        if len(readers) <= limit:
            continue
        readers = _together(context, readers)
        if len(readers) <= limit:
            continue
        names = listed((edge.target for edge in readers), 4)
        what = "readers share the throughput of" if is_kinesis else "readers poll the stream of"
        yield context.finding(
            source,
            f"{len(readers)} {what} {source}, more than the {limit} that a shard serves: {names}",
            related=[(edge, f"{edge.target} reads it") for edge in readers[:10]],
            evidence=readers,
            key=(source.logical_id,),
        )


def _reads(context: RuleContext, edge: Edge) -> bool:
    """True for a poller of the stream that is switched on and shares its throughput."""
    if edge.kind is EdgeKind.DELIVERS:
        return edge.source.type == STREAM and edge.target.type in READERS
    if edge.kind is not EdgeKind.TRIGGERS or edge.mode is not Mode.POLL:
        return False
    via = edge.via
    if via is None:
        return True
    if via.type == "AWS::Kinesis::StreamConsumer" or context.carrier_value(edge, "Enabled") is False:
        return False
    return "StreamConsumer" not in _types_named(context, via)


def _types_named(context: RuleContext, mapping: Node) -> set[str]:
    """Last words of the types of what an event source mapping refers to: the consumer, when it has one."""
    return {edge.target.type.rpartition("::")[2] for edge in context.graph.outgoing(mapping, EdgeKind.REFERENCES)}


def _together(context: RuleContext, readers: list[Edge]) -> list[Edge]:
    """The readers that exist in the world that has most of them."""
    nodes = {edge: [edge.target, *([edge.via] if edge.via is not None else [])] for edge in readers}
    conditional = [edge for edge in readers if any(node.resource and node.resource.condition for node in nodes[edge])]
    if not conditional:
        return readers
    best = max(
        ([o for o in readers if context.values.coexist(*nodes[edge], *nodes[o])] for edge in conditional), key=len
    )
    always = [edge for edge in readers if edge not in conditional]
    return best if len(best) >= len(always) else always
