"""An Aurora cluster with a single instance has no failover target and nothing that scales reads.

When the instance fails, Aurora has to create a new one in its place, which takes minutes; with a reader it promotes
the reader, which takes typically under a minute. The same instance also serves every read.

## How to fix it

Add a second `AWS::RDS::DBInstance` with the same `DBClusterIdentifier`, in another Availability Zone; with Serverless
v2 (`DBInstanceClass: db.serverless`) it scales down when nobody reads. Send reads to `ReadEndpoint.Address`. Where the
data allows it, a DynamoDB table has no instance to lose.

## Known exceptions

Aurora Serverless v1 (`EngineMode: serverless`, see DAT003), Multi-AZ DB clusters (`DBClusterInstanceClass`), Limitless
databases, secondary clusters of a global database and replicas of another cluster, clusters with readers that exist
under some condition or that Application Auto Scaling adds, stacks that the configuration lists as `non-production`.
When no instance at all is in the templates the finding is a note.
"""

from collections.abc import Iterator
from itertools import combinations

from archlint.api import (
    UNKNOWN,
    EdgeKind,
    Evidence,
    Finding,
    Node,
    RuleContext,
    RuleMeta,
    Severity,
    databases,
)

META = RuleMeta(
    id="DAT001",
    name="aurora-without-reader",
    severity=Severity.WARNING,
    summary="Aurora cluster has one instance, so nothing to fail over to",
    help_uri="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html",
)


def check(context: RuleContext) -> Iterator[Finding]:
    for cluster in context.graph.of_type(databases.CLUSTER):
        if cluster.stack is None or cluster.stack.non_production or not _is_aurora_cluster(context, cluster):
            continue
        members = {edge.source: edge for edge in context.graph.incoming(cluster, EdgeKind.MEMBER_OF)}
        if not members:
            yield context.finding(
                cluster,
                f"{cluster} has no instance in these templates, so whether it has a reader cannot be seen",
                severity=Severity.NOTE,
            )
        elif not _has_reader(context, cluster, list(members)):
            functions = _functions(context, cluster)
            users = f"; {len(functions)} functions use it" if len(functions) > 1 else ""
            yield context.finding(
                cluster,
                f"{cluster} has one instance ({' or '.join(map(str, members))}) and no reader: nothing to fail over "
                f"to, nothing that scales reads{users}",
                related=[
                    *((member, "the only instance") for member in members),
                    *((function, "uses the cluster") for function in functions[:5]),
                ],
                evidence=members.values(),
                severity=Severity.ERROR if len(functions) > 1 else None,
                key=(cluster.logical_id,),
            )


def _is_aurora_cluster(context: RuleContext, cluster: Node) -> bool:
    """True when there is a world in which this is a regional Aurora cluster that needs instances of its own."""
    values = context.values
    if databases.is_secondary(cluster) or any(
        values.exists(cluster, name) for name in ("DBClusterInstanceClass", "ClusterScalabilityType")
    ):
        return False  # the first reader of a secondary is in the primary region
    return any(
        str(values.value(cluster, "Engine", world)).startswith("aurora")
        and values.value(cluster, "EngineMode", world) not in ("serverless", UNKNOWN)
        for world in values.worlds(cluster)
    )


def _has_reader(context: RuleContext, cluster: Node, members: list[Node]) -> bool:
    """True when two instances exist together in some world, or scaling adds one."""
    if any(edge.detail.get("scales") for edge in context.graph.incoming(cluster, EdgeKind.REFERENCES)):
        return True
    return any(context.values.coexist(one, other) for one, other in combinations(members, 2))


def _functions(context: RuleContext, cluster: Node) -> list[Node]:
    """Functions that are known to use the cluster at run time."""
    return [
        use.compute
        for use in databases.uses(context.graph, cluster)
        if use.compute.type == databases.FUNCTION
        and use.edge.evidence > Evidence.REFERENCE
        and not databases.runs_once(context.graph, use.compute)
    ]
