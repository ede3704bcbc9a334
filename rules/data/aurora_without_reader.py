"""An Aurora cluster with a single instance has no failover target and nothing that scales reads.

When the instance fails, Aurora has to create a new one in its place, which takes minutes; with a reader it promotes
the reader, which takes typically under a minute. The same instance also serves every read.

## How to fix it

Add a second `AWS::RDS::DBInstance` with the same `DBClusterIdentifier`, in another Availability Zone; with Serverless
v2 (`DBInstanceClass: db.serverless`) it scales down when nobody reads. Send reads to `ReadEndpoint.Address`. Where the
data allows it, a DynamoDB table has no instance to lose.

## Known exceptions

Aurora Serverless v1 (`EngineMode: serverless`, see DAT003), Multi-AZ DB clusters (`DBClusterInstanceClass`), secondary
clusters of a global database, clusters whose reader exists under some condition, stacks that the configuration lists
as `non-production`. When no instance at all is in the templates the finding is a note.
"""

from collections.abc import Iterator

from archlint.api import UNKNOWN, EdgeKind, Finding, Node, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="DAT001",
    name="aurora-without-reader",
    severity=Severity.WARNING,
    summary="Aurora cluster has one instance, so nothing to fail over to",
    help_uri="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html",
)

CONSUMES = (EdgeKind.CONNECTS, EdgeKind.READS, EdgeKind.WRITES)


def check(context: RuleContext) -> Iterator[Finding]:
    for cluster in context.graph.of_type("AWS::RDS::DBCluster"):
        if cluster.stack is None or cluster.stack.non_production or not _is_aurora_cluster(context, cluster):
            continue
        instances = {edge.source: edge for edge in context.graph.incoming(cluster, EdgeKind.MEMBER_OF)}
        if len(instances) > 1:
            continue
        if not instances:
            yield context.finding(
                cluster,
                f"{cluster} has no instance in these templates, so whether it has a reader cannot be seen",
                severity=Severity.NOTE,
            )
            continue
        [(writer, membership)] = instances.items()
        functions = _functions(context, cluster, writer)
        loss = "nothing to fail over to, nothing that scales reads"
        users = f"; {len(functions)} functions use it" if len(functions) > 1 else ""
        yield context.finding(
            cluster,
            f"{cluster} has one instance ({writer}) and no reader: {loss}{users}",
            related=[(writer, "the only instance"), *((function, "uses the cluster") for function in functions[:5])],
            evidence=[membership],
            severity=Severity.ERROR if len(functions) > 1 else None,
            key=(cluster.logical_id,),
        )


def _is_aurora_cluster(context: RuleContext, cluster: Node) -> bool:
    """True when there is a world in which this is a regional Aurora cluster that needs instances of its own."""
    values = context.values
    if values.exists(cluster, "DBClusterInstanceClass"):
        return False
    starts_empty = not any(
        values.exists(cluster, name)
        for name in ("MasterUsername", "ManageMasterUserPassword", "SnapshotIdentifier", "SourceDBClusterIdentifier")
    )
    if values.exists(cluster, "GlobalClusterIdentifier") and starts_empty:
        return False  # a secondary: its first reader is in the primary region
    return any(
        str(values.value(cluster, "Engine", world)).startswith("aurora")
        and values.value(cluster, "EngineMode", world) not in ("serverless", UNKNOWN)
        for world in values.worlds(cluster)
    )


def _functions(context: RuleContext, cluster: Node, writer: Node) -> list[Node]:
    """Functions that use the cluster, its instance or a proxy in front of it, each once."""
    proxies = [edge.source for edge in context.graph.incoming(cluster, EdgeKind.PROXIES)]
    edges = [edge for node in (cluster, writer, *proxies) for edge in context.graph.incoming(node, *CONSUMES)]
    return list(dict.fromkeys(edge.source for edge in edges if edge.source.type == "AWS::Lambda::Function"))
