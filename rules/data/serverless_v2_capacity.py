"""A capacity range of Aurora Serverless v2 that cannot do what it is there for.

The instances scale between `MinCapacity` and `MaxCapacity` (1 ACU is about 2 GiB of memory). When both are equal
nothing scales; when the range is narrow several consumers are soon at its end. Readers in promotion tier 0 or 1 follow
the size of the writer; those in tiers 2 to 15 scale by their own load, so a failover to one lands on a small instance,
with a cold cache, in the busiest minute. And `MinCapacity: 0` pauses an idle cluster: a
[resume](https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html) takes about
15 seconds, 30 and more after a day, and behind an RDS proxy it never pauses: the proxy keeps its connections open.

## How to fix it

Set `MaxCapacity` to what the peak needs and `MinCapacity` to what the cache needs, at least a factor of two apart. Give
one reader `PromotionTier: 1`. Behind an API or a proxy set `MinCapacity: 0.5`; keep zero for clusters whose callers can
wait. Where the pause is the point, a DynamoDB table costs nothing while idle and answers at once.

## Known exceptions

Capacities that only the deployment knows, clusters whose readers have a fixed size, secondary clusters of
a global database, functions that reach the cluster
through a queue. Stacks that the configuration lists as `non-production` may pause.
"""

from collections.abc import Iterator

from archlint.api import (
    Edge,
    EdgeKind,
    Finding,
    Mode,
    Node,
    Param,
    RuleContext,
    RuleMeta,
    Severity,
    databases,
    number,
    strength,
)

META = RuleMeta(
    id="DAT005",
    name="serverless-v2-capacity",
    severity=Severity.WARNING,
    summary="Capacity range of Aurora Serverless v2 does not fit its use",
    help_uri="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html",
    params={
        "factor": Param("number", 2, 1, "how many times the minimum the maximum should be"),
        "consumers": Param("integer", 3, 1, "consumers from which a narrow range counts"),
    },
    pillar="performance-efficiency",
)

RANGE = "ServerlessV2ScalingConfiguration"
APIS = ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::AppSync::GraphQLApi")
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
RESUME = "resuming takes about 15 s, after a day 30 s and more"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
API_SECONDS = 29


def check(context: RuleContext) -> Iterator[Finding]:
    for cluster in context.graph.of_type(databases.CLUSTER):
        if not context.values.exists(cluster, RANGE):
            continue
        yield from _narrow(context, cluster)
        if not databases.is_secondary(cluster):
            yield from _small_failover(context, cluster)
        if cluster.stack is not None and not cluster.stack.non_production:
            yield from _pausing(context, cluster)


def _narrow(context: RuleContext, cluster: Node) -> Iterator[Finding]:
    """The range is a point, or too narrow for the number of consumers, in some world."""
    consumers = databases.uses(context.graph, cluster)
    for world in context.values.worlds(cluster):
        least = number(context.values.value(cluster, f"{RANGE}.MinCapacity", world))
        most = number(context.values.value(cluster, f"{RANGE}.MaxCapacity", world))
        if least is None or most is None or not least:
            continue
        factor = context.params["factor"]
        few = len(consumers) < context.params["consumers"]
        if least != most and (few or most >= factor * least):
            continue
        problem = "so it never scales"
        if least != most:
            problem = f"less than {factor:g} x, for {len(consumers)} consumers"
        yield context.finding(
            (cluster, f"{RANGE}.MaxCapacity"),
            f"{cluster} has {least:g} ACUs at least and {most:g} at most, {problem}",
            related=[(use.edge, f"{use.compute} uses it") for use in consumers[:5]] if least != most else [],
            evidence=[use.edge for use in sorted(consumers, key=lambda use: -strength(use.edge))[:3]]
            if least != most
            else [],
            key=(cluster.logical_id, "range"),
        )
        return


def _small_failover(context: RuleContext, cluster: Node) -> Iterator[Finding]:
    """No reader follows the size of the writer."""
    members = {edge.source: edge for edge in context.graph.incoming(cluster, EdgeKind.MEMBER_OF)}
    tiers = {node: number(context.values.value(node, "PromotionTier")) for node in members}
    high = {node: tier for node, tier in tiers.items() if tier is not None and tier >= 2}
    if len(members) < 2 or len(high) < len(members) - 1 or not all(tier is not None for tier in tiers.values()):
        return
    if not context.values.coexist(*members):
        return
    target = min(high, key=lambda node: high[node])
    if any(context.values.value(node, "DBInstanceClass") != "db.serverless" for node in high):
        return
    yield context.finding(
        (target, "PromotionTier"),
        f"{target} takes over when the writer of {cluster} fails, but in promotion tier {high[target]:g} it scales by "
        f"its own load; tiers 0 and 1 keep the size of the writer",
        related=[(cluster, "the cluster")],
        evidence=[members[target]],
        key=(cluster.logical_id, "tier"),
    )


def _pausing(context: RuleContext, cluster: Node) -> Iterator[Finding]:
    """The minimum is zero, and something in front of the cluster cannot wait or keeps it awake."""
    if 0 not in context.values.possible(cluster, f"{RANGE}.MinCapacity"):
        return
    at = (cluster, f"{RANGE}.MinCapacity")
    fronts = databases.proxies(context.graph, cluster)
    if fronts:
        yield context.finding(
            at,
            f"{cluster} never pauses although MinCapacity is 0: the open connections of {fronts[0]} keep it awake",
            related=[(fronts[0], "keeps connections open")],
            key=(cluster.logical_id, "pause"),
        )
        return
    waiting = [
        (use, edge, seconds)
        for use in databases.uses(context.graph, cluster)
        for edge in _requests(context, use.compute)
        if (seconds := _patience(context, use.compute)) is not None
    ]
    if waiting:
        use, edge, seconds = min(waiting, key=lambda item: (-strength(item[0].edge), item[2]))
        yield context.finding(
            at,
            f"{cluster} pauses at MinCapacity 0 and {RESUME}; {use.compute} behind {edge.source} gives up after "
            f"{seconds:g} s",
            related=[(use.edge, f"{use.compute} uses it"), (edge, f"{edge.source} waits for {use.compute}")],
            evidence=[use.edge, edge],
            key=(cluster.logical_id, "pause"),
        )


def _requests(context: RuleContext, compute: Node) -> list[Edge]:
    incoming = context.graph.incoming(compute, EdgeKind.TRIGGERS)
    return [e for e in incoming if e.mode is Mode.SYNC and e.source.type in APIS and "authorizer" not in e.detail]


def _patience(context: RuleContext, function: Node) -> float | None:
    """Seconds after which the function or the API in front of it stops waiting."""
    timeout = number(context.values.value(function, "Timeout"))
    return None if timeout is None else min(timeout, API_SECONDS)
