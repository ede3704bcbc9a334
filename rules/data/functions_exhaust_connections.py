"""Every concurrent run of a function holds a connection of its own, and a database takes only so many.

A burst of a thousand requests is a thousand runs and a thousand connections: the small instance that was fine for the
web server refuses them, also to everyone else. Nothing closes the connections of a run that is frozen.

## How to fix it

Put an RDS proxy in between (`AWS::RDS::DBProxy`), which shares connections among the runs, or use the Data API
(`EnableHttpEndpoint`), which needs none. Else bound the runs: `ReservedConcurrentExecutions` on each function, or
`ScalingConfig.MaximumConcurrency` on its queue, with a sum below what the database takes. DynamoDB has no connections.

## Known exceptions

Functions that go through a proxy or may call the Data API (`rds-data` in their role), that have no way to the
database (no VPC), that run once for a deployment (custom resources, migrations), on a
schedule, or with as many runs as a stream has shards. Concurrency that only the deployment knows counts as a bound. It
is a note when the database takes more connections than an account has runs by default (1,000).
"""

from collections.abc import Iterator

from archlint.api import (
    UNKNOWN,
    Edge,
    EdgeKind,
    Finding,
    Mode,
    Node,
    Param,
    RuleContext,
    RuleMeta,
    Severity,
    capacity,
    databases,
    listed,
    number,
    strength,
)

META = RuleMeta(
    id="DAT006",
    name="functions-exhaust-connections",
    severity=Severity.WARNING,
    summary="Functions may open more connections than their database takes",
    help_uri="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.html",
    params={
        "connections": Param("integer", 100, 1, "connections that a database takes whose class does not tell"),
        # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
        "concurrency": Param("integer", 1000, 1, "concurrent runs of all functions of the account"),
    },
)

MAPPING = "AWS::Lambda::EventSourceMapping"
# What starts a function once at a time, or as often as it has shards.
STEADY = (
    "AWS::Scheduler::Schedule",
    "AWS::CodePipeline::Pipeline",
    "AWS::CloudWatch::Alarm",
    "AWS::Config::ConfigRule",
    "AWS::DynamoDB::",
    "AWS::Kinesis::",
    "AWS::DocDB::",
)


def check(context: RuleContext) -> Iterator[Finding]:
    for database in context.graph.of_type(databases.CLUSTER, databases.INSTANCE):
        if context.values.exists(database, "DBClusterIdentifier") and database.type == databases.INSTANCE:
            continue
        is_public = context.values.value(database, "PubliclyAccessible") is True
        uses = [
            use
            for use in databases.uses(context.graph, database)
            if _connects(context, use) and (use.is_in_network or (is_public and use.attributes))
        ]
        bounds = {use.compute: _bound(context, use.compute) for use in uses}
        loose = [use for use in uses if bounds[use.compute] is None]
        total = sum(bound for bound in bounds.values() if bound is not None)
        limit = capacity.connection_limit(context.graph, context.values, database)
        most = limit.connections if limit is not None else context.params["connections"]
        if not uses or (not loose and total <= most):
            continue
        counted = sorted(loose or uses, key=lambda use: -strength(use.edge))
        is_large = bool(loose) and limit is not None and most >= context.params["concurrency"]
        yield context.finding(
            database,
            _message(context, database, counted, total if not loose else None, limit),
            related=[(use.edge, f"{use.compute} connects to it") for use in counted[:8]],
            evidence=[counted[0].edge],
            severity=Severity.NOTE if is_large else None,
            key=(database.logical_id,),
        )


def _message(
    context: RuleContext,
    database: Node,
    uses: list[databases.Use],
    total: float | None,
    limit: capacity.ConnectionLimit | None,
) -> str:
    names = listed(use.compute for use in uses)
    verb, whose = ("connects", "its") if len(uses) == 1 else ("connect", "their")
    runs = f"and nothing bounds {whose} runs" if total is None else f"with up to {total:g} runs at a time"
    if limit is None:
        takes = "" if total is None else f", more than {context.params['connections']} connections"
    else:
        takes = f"; it takes about {limit.connections:,} connections ({limit.reason})"
    return f"{names} {verb} to {database} without a proxy or the Data API, {runs}{takes}"


def _connects(context: RuleContext, use: databases.Use) -> bool:
    """True for a function that opens connections of its own, as often as it is called."""
    if use.compute.type != databases.FUNCTION or use.proxy is not None or use.may_use_data_api:
        return False
    if databases.runs_once(context.graph, use.compute):
        return False
    starts = context.graph.incoming(use.compute, EdgeKind.TRIGGERS, EdgeKind.INVOKES)
    return not starts or not all(_is_steady(context, edge) for edge in starts)


def _is_steady(context: RuleContext, edge: Edge) -> bool:
    if edge.source.type == "AWS::Events::Rule":
        return context.values.value(edge.source, "EventPattern") is None
    return edge.source.type.startswith(STEADY)


def _bound(context: RuleContext, function: Node) -> float | None:
    """The most runs of a function at a time; None when nothing bounds them, 0 when only the deployment knows."""
    found = context.values.possible(function, "ReservedConcurrentExecutions")
    if None not in found:
        return max((number(value) or 0 for value in found), default=0)
    if found != [None]:
        return 0  # bounded under some condition
    starts = context.graph.incoming(function, EdgeKind.TRIGGERS, EdgeKind.INVOKES)
    sums = [_mapped(context, edge) for edge in starts]
    return sum(bound or 0 for bound in sums) if sums and None not in sums else None


def _mapped(context: RuleContext, edge: Edge) -> float | None:
    """`MaximumConcurrency` of the event source mapping that carries a trigger."""
    if edge.mode is not Mode.POLL or edge.via is None or edge.via.type != MAPPING:
        return None
    value = context.carrier_value(edge, "ScalingConfig.MaximumConcurrency")
    return 0 if value is UNKNOWN else number(value)
