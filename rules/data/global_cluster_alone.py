"""A database that is set up to be global has one region: the limits of a global one, and nothing to fail over to.

An `AWS::RDS::GlobalCluster` serves reads in other regions and survives the loss of one, once a second cluster has
joined. A `AWS::DynamoDB::GlobalTable` with one entry in `Replicas` is a table.

## How to fix it

Add the second region: an `AWS::RDS::DBCluster` with the same `GlobalClusterIdentifier` in a stack of that region, or a
further entry in `Replicas`. If one region is all that is wanted, drop the global cluster and write an
`AWS::DynamoDB::Table`.

## Known exceptions

Replicas and members that exist under some condition, and a secondary cluster in the same folder that joins by a
parameter. A global cluster whose name other stacks can know (given, exported, an output) may have members outside these
templates: a note. So is a table that the CDK wrote, since its `TableV2` makes a global table of every table.
"""

from collections.abc import Iterable, Iterator

from archlint.api import EdgeKind, Finding, Node, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="DAT009",
    name="global-cluster-alone",
    severity=Severity.WARNING,
    summary="Global database or table with a single region",
    help_uri="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.html",
)

CLUSTERS = ("AWS::RDS::GlobalCluster", "AWS::DocDB::GlobalCluster")


def check(context: RuleContext) -> Iterator[Finding]:
    for cluster in context.graph.of_type(*CLUSTERS):
        members = {edge.source: edge for edge in context.graph.incoming(cluster, EdgeKind.MEMBER_OF)}
        if len(members) != 1 or _is_awaited(context, cluster, members):
            continue
        [(member, membership)] = members.items()
        name = str(member).rpartition("#")[2]  # a parameter outside the templates is known by its file too
        others = "; members in other stacks cannot be seen here" if _is_known_outside(cluster) else ""
        yield context.finding(
            cluster,
            f"{cluster} has one member cluster ({name}), so no second region takes over{others}",
            related=[(member, "the only member")],
            evidence=[membership],
            severity=Severity.NOTE if others else None,
            key=(cluster.logical_id,),
        )
    for table in context.graph.of_type("AWS::DynamoDB::GlobalTable"):
        regions = _regions(context, table)
        if len(regions) == 1:
            yield context.finding(
                (table, "Replicas"),
                f"{table} is a global table with one replica ({regions[0]}), so no second region takes over",
                severity=Severity.NOTE if _is_written_by_cdk(table) else None,
                key=(table.logical_id,),
            )


def _is_awaited(context: RuleContext, cluster: Node, members: Iterable[Node]) -> bool:
    """True when a secondary cluster of the same folder joins a global cluster that only the deployment names."""
    folder = cluster.stack.root.folder if cluster.stack is not None else None
    return any(
        other not in members and other.stack is not None and other.stack.root.folder == folder
        for other in context.graph.of_type("AWS::RDS::DBCluster", "AWS::DocDB::DBCluster")
        if "GlobalClusterIdentifier" in other.properties  # given under some condition, it may be a secondary one
        and all(edge.target.external for edge in context.graph.outgoing(other, EdgeKind.MEMBER_OF))
    )


def _is_known_outside(cluster: Node) -> bool:
    """True when another stack can name the cluster: its name is given, or handed on by an output."""
    if cluster.stack is None or "GlobalClusterIdentifier" in cluster.properties:
        return True
    return f"'{cluster.logical_id}'" in str(cluster.stack.template.section("Outputs"))


def _regions(context: RuleContext, table: Node) -> list[str]:
    """The regions of the replicas in the world with most of them; [] when they cannot be counted."""
    largest: list[str] = []
    for replicas in context.values.possible(table, "Replicas"):
        found = replicas if isinstance(replicas, list) else []
        regions = [replica.get("Region") for replica in found if isinstance(replica, dict)]
        if not regions or len(regions) < len(found):
            return []
        largest = max(largest, [region if isinstance(region, str) else "this region" for region in regions], key=len)
    return largest


def _is_written_by_cdk(table: Node) -> bool:
    metadata = table.resource.body.get("Metadata") if table.resource is not None else None
    return isinstance(metadata, dict) and "aws:cdk:path" in metadata
