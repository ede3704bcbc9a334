"""One database instance answers the reads of several functions, and nothing shares the load.

Functions scale out within seconds, the instance does not: reads queue behind writes and behind each other. A Multi-AZ
standby does not help, it serves no reads.

## How to fix it

Add an `AWS::RDS::DBInstance` with `SourceDBInstanceIdentifier` and give its endpoint to the functions that only read.
With several readers Aurora is simpler: one reader endpoint in front of up to 15 replicas, without a copy of the data
for each. Where the access paths are known, a DynamoDB table scales reads by itself.

## Known exceptions

Replicas themselves, and sources with a replica under some condition. Functions that read through a proxy endpoint for
reading. Editions without read replicas (SQL Server and Oracle other than Enterprise). Functions that run once for a
deployment do not count.
"""

from collections.abc import Iterator

from archlint.api import EdgeKind, Finding, Node, Param, RuleContext, RuleMeta, Severity, databases, listed, strength

META = RuleMeta(
    id="DAT002",
    name="database-without-read-replica",
    severity=Severity.WARNING,
    summary="Several functions read from a database instance that has no replica",
    help_uri="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html",
    params={
        "readers": Param("integer", 3, 1, "functions that must use the database"),
        "services": Param("integer", 2, 2, "services that must use it, however few functions"),
    },
    pillar="performance-efficiency",
)

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.RDS_Fea_Regions_DB-eng.Feature.ReadReplicas.html
ENGINES = ("mysql", "mariadb", "postgres", "oracle-ee", "sqlserver-ee")


def check(context: RuleContext) -> Iterator[Finding]:
    for database in context.graph.of_type(databases.INSTANCE):
        if not _may_have_replica(context, database):
            continue
        readers = _readers(context, database)
        services = {use.compute.stack.service: use for use in readers if use.compute.stack is not None}
        if any(_is_read_endpoint(context, use.proxy) for use in readers):
            continue
        if len(readers) >= context.params["readers"]:
            count, counted = f"{len(readers)} functions", readers
        elif len(services) >= context.params["services"]:
            count, counted = f"functions of {len(services)} services", list(services.values())
        else:
            continue
        needed = counted[: max(context.params["readers"], context.params["services"])]
        yield context.finding(
            database,
            f"{count} use {database}, which has no read replica: {listed(use.compute for use in readers)}",
            related=[(use.edge, f"{use.compute} uses it") for use in readers[:8]],
            evidence=[use.edge for use in needed],
            key=(database.logical_id,),
        )


def _may_have_replica(context: RuleContext, database: Node) -> bool:
    """True for a single instance of an engine with read replicas that neither is one nor has one."""
    values = context.values
    names = ("DBClusterIdentifier", "SourceDBInstanceIdentifier", "SourceDBClusterIdentifier")
    if any(values.exists(database, name) for name in names):
        return False
    if context.graph.incoming(database, EdgeKind.REPLICATES) or context.graph.outgoing(database, EdgeKind.REPLICATES):
        return False
    return any(str(engine).lower().startswith(ENGINES) for engine in values.possible(database, "Engine"))


def _readers(context: RuleContext, database: Node) -> list[databases.Use]:
    """Functions that use the database at run time, the surest first."""
    found = [
        use
        for use in databases.uses(context.graph, database)
        if use.compute.type == databases.FUNCTION and not databases.runs_once(context.graph, use.compute)
    ]
    return sorted(found, key=lambda use: -strength(use.edge))


def _is_read_endpoint(context: RuleContext, proxy: Node | None) -> bool:
    return proxy is not None and context.values.value(proxy, "TargetRole") == "READ_ONLY"
