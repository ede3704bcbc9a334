"""One table, database or bucket that several teams write: a coupling that no interface shows.

Whoever changes the shape of an item breaks the others, and nobody finds out who they are: no contract, no version, no
owner of the whole. Each service should own its data and let others in through an API or events. [Database per
service](https://docs.aws.amazon.com/prescriptive-guidance/latest/modernization-data-persistence/database-per-service.html)

## How to fix it

Let one service own the store. The others call its API, send it events or commands through a queue or bus, or keep a
copy of their own that a stream (`StreamSpecification`, Kinesis) or events keep up to date.

## Known exceptions

One team: several services with the same owner. Without any owner a service is what is deployed by itself: an
application folder or a root stack with all that it nests; roots that nest the same children are alternatives, not
neighbours, and the same template in two regions is one service. The stack that only declares the store is no writer. A
second party that only reads makes it a note; so do policies that name the store by a wildcard only.
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
    are_foreign,
    databases,
    strength,
)

META = RuleMeta(
    id="DAT007",
    name="shared-database",
    severity=Severity.WARNING,
    summary="Several teams or services write the same table, database or bucket",
    help_uri="https://docs.aws.amazon.com/prescriptive-guidance/latest/modernization-data-persistence/database-per-service.html",
    pillar="operational-excellence",
)

STORES = (
    "AWS::DynamoDB::Table",
    "AWS::DynamoDB::GlobalTable",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
)
TABLE_OR_BUCKET = (":dynamodb:", ":s3:::")


class Party:
    """A team or a service, with the surest edge by which it writes and reads the store."""

    def __init__(self) -> None:
        self.writes: Edge | None = None
        self.reads: Edge | None = None
        self.names: set[str] = set()


def check(context: RuleContext) -> Iterator[Finding]:
    homes = _homes(context)
    outside = [node for node in context.graph.of_type("external") if any(arn in node.id for arn in TABLE_OR_BUCKET)]
    for store in (*context.graph.of_type(*STORES), *outside):
        edges = context.graph.incoming(store, EdgeKind.WRITES, EdgeKind.READS)
        if len(edges) < 2:
            continue
        used = [edge for edge in edges if _counts(context, edge)]
        if len(used) < 2:
            continue
        what, parties = "team", _by_owner(used)
        if not parties:
            what, parties = "service", _by_service(used, homes)
        yield from _finding(context, store, what, parties)


def _finding(context: RuleContext, store: Node, what: str, parties: dict[str, Party]) -> Iterator[Finding]:
    writers = {name: party.writes for name, party in parties.items() if party.writes is not None}
    readers = {name: party.reads for name, party in parties.items() if party.reads is not None and name not in writers}
    if not writers or len(writers) + len(readers) < 2:
        return
    shown = sorted(writers.items(), key=lambda item: -strength(item[1]))[:2]
    named = " and ".join(f"{edge.source} ({what} {name})" for name, edge in shown)
    if len(writers) > 1:
        more = f" and {len(writers) - 2} more {what}s" if len(writers) > 2 else ""
        may = "" if min(strength(edge) for _, edge in shown) >= Evidence.CODE else "may "
        message = f"{len(writers)} {what}s {may}write {store}: {named}{more}; none of them can change its data alone"
    else:
        shown += sorted(readers.items(), key=lambda item: -strength(item[1]))[:1]
        name, edge = shown[-1]
        message = f"{store} is written by {named} and read by {edge.source} ({what} {name}) past any interface"
    related = [
        (edge, f"{edge.source} {edge.kind} it ({what} {name})") for name, edge in (*writers.items(), *readers.items())
    ]
    yield context.finding(
        store if store.stack is not None else shown[0][1],
        message,
        related=related[:8],
        evidence=[edge for _, edge in shown],
        severity=None if len(writers) > 1 else Severity.NOTE,
        key=(store.logical_id,),
    )


def _counts(context: RuleContext, edge: Edge) -> bool:
    """True for what a function does at run time."""
    source = edge.source
    return (
        source.type == databases.FUNCTION
        and source.stack is not None
        and not databases.runs_once(context.graph, source)
    )


def _by_owner(edges: list[Edge]) -> dict[str, Party]:
    """Parties by owner, those with a member in common as one; none when nobody owns any of the functions."""
    found: dict[str, Party] = {}
    for edge in edges:
        owner = edge.source.owner
        if owner is not None:
            known = next((name for name in found if not are_foreign(name, owner)), owner)
            _add(found.setdefault(known, Party()), edge)
    return found


def _by_service(edges: list[Edge], homes: dict[str, frozenset[str]]) -> dict[str, Party]:
    """Parties by service; templates that share a root are one."""
    found: dict[str, Party] = {}
    for edge in edges:
        assert edge.source.stack is not None  # noqa: S101 - `_counts` has looked
        services = homes[edge.source.stack.template.name]
        name = next((known for known, party in found.items() if party.names & services), None)
        party = found.setdefault(name or edge.source.stack.service, Party())
        party.names |= services
        _add(party, edge)
    return found


def _add(party: Party, edge: Edge) -> None:
    if edge.kind is EdgeKind.WRITES:
        party.writes = max(filter(None, (party.writes, edge)), key=strength)
    else:
        party.reads = max(filter(None, (party.reads, edge)), key=strength)


def _homes(context: RuleContext) -> dict[str, frozenset[str]]:
    """For each template the services that it is part of: several when several roots nest it."""
    found: dict[str, set[str]] = {}
    for stack in context.graph.stacks:
        found.setdefault(stack.template.name, set()).add(stack.service)
    return {name: frozenset(services) for name, services in found.items()}
