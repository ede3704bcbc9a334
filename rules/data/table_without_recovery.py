"""A table that functions write has nothing to go back to: one bad deployment overwrites it, one `DeleteItem` too many.

DynamoDB keeps three copies of every item, and all three take the bad write. Point-in-time recovery restores the table
to any second of the last 35 days; it is off unless it is asked for. [How it works](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html)

## How to fix it

Set `PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}` on the table (of a global table, on its
replicas), or let an AWS Backup plan select it.

## Known exceptions

Recovery that is on under some condition, a backup selection of the run that names the table, its tag or every table.
Tables that only a custom resource or a migration writes: the next deployment writes them again. It is a note when items
expire (TTL), when a tag speaks of backups, and when the name is that of a cache, sessions, locks or tests. Stacks that
the configuration lists as `non-production`.
"""

from collections.abc import Iterator

from archlint.api import (
    Edge,
    EdgeKind,
    Evidence,
    Finding,
    Node,
    RuleContext,
    RuleMeta,
    Severity,
    databases,
    listed,
    strength,
)

META = RuleMeta(
    id="DAT010",
    name="table-without-recovery",
    severity=Severity.WARNING,
    summary="Table that functions write has no point-in-time recovery and no backup",
    help_uri="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html",
)

GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable"
SPECIFICATION = "PointInTimeRecoverySpecification"
ENABLED = "PointInTimeRecoveryEnabled"


def check(context: RuleContext) -> Iterator[Finding]:
    for table in context.graph.of_type("AWS::DynamoDB::Table", GLOBAL_TABLE):
        if table.stack is None or table.stack.non_production:
            continue
        writes = _writes(context, table)
        if not writes or _is_recoverable(context, table):
            continue
        hint = _hint(context, table)
        who = listed((edge.source for edge in writes), 2)
        yield context.finding(
            table,
            f"{table} has no point-in-time recovery and no backup plan in these templates: "
            f"what {who} may overwrite or delete is lost{hint}",
            related=[(edge, f"{edge.source} may write it") for edge in writes[:4]],
            evidence=[max(writes, key=strength)],
            severity=Severity.NOTE if hint else None,
            key=(table.logical_id,),
        )


def _writes(context: RuleContext, table: Node) -> list[Edge]:
    """What functions write at run time, each once, the surest first.

    Those of which a policy alone says so, while they read by their name, do not count: a shared role lets all write.
    """
    found: dict[Node, Edge] = {}
    for edge in context.graph.incoming(table, EdgeKind.WRITES):
        source = edge.source
        if source.type == databases.FUNCTION and (source not in found or strength(edge) > strength(found[source])):
            found[source] = edge
    surest = max(map(strength, found.values()), default=Evidence.REFERENCE)
    return sorted(
        (
            edge
            for edge in found.values()
            if _is_writer(context, edge) and min(surest, Evidence.POLICY) <= edge.evidence
        ),
        key=lambda edge: -strength(edge),
    )


def _is_writer(context: RuleContext, edge: Edge) -> bool:
    if databases.runs_once(context.graph, edge.source):
        return False
    return edge.evidence >= Evidence.CODE or not databases.reads_by_name(edge.source)


def _is_recoverable(context: RuleContext, table: Node) -> bool:
    """True when recovery is on in some world or left to a parameter, or when a backup selection takes the table."""
    if any(edge.detail.get("backs_up") for edge in context.graph.incoming(table, EdgeKind.REFERENCES)):
        return True
    given = [table.properties.get(SPECIFICATION)]
    if table.type == GLOBAL_TABLE:
        replicas = table.properties.get("Replicas")
        if not isinstance(replicas, list):
            return True
        given = [replica.get(SPECIFICATION) if isinstance(replica, dict) else {"Ref": ""} for replica in replicas]
    return any(value is not None and _is_on_or_open(value) for value in given)


def _is_on_or_open(specification: object) -> bool:
    """True unless the switch is a plain `false`: what a parameter or a condition decides can be on."""
    if not isinstance(specification, dict):
        return True
    if ENABLED in specification:
        return str(specification[ENABLED]).lower() != "false"
    return any(str(key).startswith(("Fn::", "Ref")) for key in specification)


def _hint(context: RuleContext, table: Node) -> str:
    """Why this is a note only; empty when it is not."""
    if context.values.exists(table, "TimeToLiveSpecification.AttributeName"):
        return "; its items expire"
    if "backup" in str(table.properties.get("Tags")).lower():
        return "; a tag speaks of backups, but no selection here takes it"
    return "; by its name it holds what comes again by itself" if databases.is_transient(table) else ""
