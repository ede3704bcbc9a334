"""A database of fixed size behind functions that come and go: it is paid for at night and too small at noon.

Functions scale from nothing to a thousand runs and back; an instance class stays. Aurora Serverless v2 follows the load
in half-ACU steps, within seconds.

## How to fix it

Aurora: `DBInstanceClass: db.serverless` for the instances and `ServerlessV2ScalingConfiguration` on the cluster, which
also works beside provisioned instances, one at a time. RDS for MySQL or PostgreSQL: restore a snapshot into Aurora.
Where the access paths are known, DynamoDB on demand needs neither size nor connections.

## Known exceptions

Databases that anything but functions uses or may use: tasks, servers, exported endpoints, DNS records. Replicas of any
kind: they say that the size was thought about. Tags that speak of reserved instances. Engines without Serverless v2.
"""

from collections.abc import Iterator

from archlint.api import (
    Confidence,
    EdgeKind,
    Finding,
    Node,
    RuleContext,
    RuleMeta,
    Severity,
    capacity,
    databases,
    listed,
    strength,
)

META = RuleMeta(
    id="DAT008",
    name="provisioned-database-behind-functions",
    severity=Severity.NOTE,
    summary="Database of fixed size is used by functions only",
    help_uri="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.html",
    pillar="cost-optimization",
    precision=Confidence.MEDIUM,
)

ENGINES = ("mysql", "postgres", "aurora", "aurora-mysql", "aurora-postgresql")
# What names a database without using its data.
NO_CONSUMERS = (
    "AWS::CloudWatch::",
    "AWS::Lambda::",
    "AWS::RDS::",
    "AWS::SecretsManager::",
    "AWS::CloudFormation::",
    "AWS::IAM::",
    "AWS::Backup::",
    "AWS::ApplicationAutoScaling::",
    "Custom::",
)


def check(context: RuleContext) -> Iterator[Finding]:
    for database in context.graph.of_type(databases.CLUSTER, databases.INSTANCE):
        sizes = _sizes(context, database)
        if not sizes or _has_others(context, database) or "reserved" in str(database.properties.get("Tags")).lower():
            continue
        uses = databases.uses(context.graph, database)
        functions = [use for use in uses if not databases.runs_once(context.graph, use.compute)]
        if not functions or any(use.compute.type != databases.FUNCTION for use in functions):
            continue
        if databases.admits_others(context.graph, database, [use.compute for use in uses]):
            continue
        surest = sorted(functions, key=lambda use: -strength(use.edge))
        yield context.finding(
            database,
            f"{database} is provisioned ({listed(sizes)}), but only functions use it: "
            f"{listed(use.compute for use in surest)}",
            related=[(use.edge, f"{use.compute} uses it") for use in surest[:5]],
            key=(database.logical_id,),
        )


def _sizes(context: RuleContext, database: Node) -> list[str]:
    """The instance classes, when all are known to be provisioned and nothing is replicated; else none."""
    values, graph = context.values, context.graph
    nodes = databases.instances(graph, database) if database.type == databases.CLUSTER else [database]
    if database.type == databases.INSTANCE and values.exists(database, "DBClusterIdentifier"):
        return []
    if len(nodes) != 1 or any(values.exists(database, name) for name in ("GlobalClusterIdentifier", "EngineMode")):
        return []
    replicas = graph.incoming(database, EdgeKind.REPLICATES) or graph.outgoing(database, EdgeKind.REPLICATES)
    if replicas or not any(str(engine).lower() in ENGINES for engine in values.possible(database, "Engine")):
        return []
    sizes = values.possible(nodes[0], "DBInstanceClass")
    known = [size for size in sizes if isinstance(size, str) and size != capacity.SERVERLESS_CLASS]
    return known if len(known) == len(sizes) else []


def _has_others(context: RuleContext, database: Node) -> bool:
    """True when something that is no function names the database, or an export hands it to other stacks."""
    parts = [database, *databases.instances(context.graph, database), *databases.proxies(context.graph, database)]
    for part in parts:
        for edge in context.graph.incoming(part, EdgeKind.REFERENCES):
            if not edge.source.type.startswith(NO_CONSUMERS):
                return True
        outputs = part.stack.template.section("Outputs").values() if part.stack is not None else ()
        if any(
            "Export" in output and f"'{part.logical_id}'" in str(output)
            for output in outputs
            if isinstance(output, dict)
        ):
            return True
    return False
