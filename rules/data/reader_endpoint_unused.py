"""The cluster pays for readers, and every function that only reads asks the writer.

`Endpoint.Address` always leads to the writer. Readers answer on `ReadEndpoint.Address`, which spreads connections over
all of them; nothing moves reads there by itself.

## How to fix it

Give functions that only read `ReadEndpoint.Address` of the cluster, or an RDS proxy endpoint with `TargetRole:
READ_ONLY`. Reads from a reader may lag by some ten milliseconds behind the writer: what must see its own write stays.

## Known exceptions

Clusters of which no function that only reads is known, and those with a reader endpoint that is used or handed on
anywhere (an output, a parameter, a DNS record). What only reads is told by its routes (`GET`, GraphQL queries); when
its name alone says so (`ListOrders`) the finding is a note.
"""

from collections.abc import Iterator

from archlint.api import Confidence, Finding, Node, RuleContext, RuleMeta, Severity, databases, listed, strength

META = RuleMeta(
    id="DAT004",
    name="reader-endpoint-unused",
    severity=Severity.WARNING,
    summary="Functions that only read use the writer endpoint of a cluster with readers",
    help_uri="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Overview.Endpoints.html",
    pillar="performance-efficiency",
    precision=Confidence.MEDIUM,
)

READER = "ReadEndpoint.Address"


def check(context: RuleContext) -> Iterator[Finding]:
    for cluster in context.graph.of_type(databases.CLUSTER):
        members = databases.instances(context.graph, cluster)
        if len(members) < 2 or not context.values.coexist(*members[:2]) or _is_handed_on(context, cluster):
            continue
        uses = [use for use in databases.uses(context.graph, cluster) if use.compute.type == databases.FUNCTION]
        sure = [use for use in uses if databases.serves_reads_only(context.graph, use.compute)]
        readers = sure or [use for use in uses if databases.reads_by_name(use.compute)]
        readers = sorted(readers, key=lambda use: -strength(use.edge))
        if not readers or not all(_asks_writer(context, use) for use in readers):
            continue
        names = listed(use.compute for use in readers)
        yield context.finding(
            cluster,
            f"{names} only {'reads' if len(readers) == 1 else 'read'}, but from the writer endpoint of {cluster}; "
            f"its {len(members) - 1} {'reader stands' if len(members) == 2 else 'readers stand'} by",
            related=[(use.edge, f"{use.compute} is told the writer endpoint") for use in readers[:8]],
            evidence=[readers[0].edge],
            severity=None if sure else Severity.NOTE,
            key=(cluster.logical_id,),
        )


def _asks_writer(context: RuleContext, use: databases.Use) -> bool:
    """True when the writer's address (or that of a proxy for it) is all that the function is told."""
    if use.proxy is not None:
        return "Endpoint" in use.attributes and context.values.value(use.proxy, "TargetRole") != "READ_ONLY"
    return "Endpoint.Address" in use.attributes and READER not in use.attributes


def _is_handed_on(context: RuleContext, cluster: Node) -> bool:
    """True when anything in any template names the reader endpoint of this cluster, or there is a proxy for readers."""
    proxies = databases.proxies(context.graph, cluster)
    if any(context.values.value(proxy, "TargetRole") == "READ_ONLY" for proxy in proxies):
        return True
    source = str(cluster.stack.template.source) if cluster.stack is not None else READER
    if f"'{cluster.logical_id}', '{READER}'" in source or f"{cluster.logical_id}.{READER}" in source:
        return True
    return any(READER in use.attributes for use in databases.uses(context.graph, cluster))
