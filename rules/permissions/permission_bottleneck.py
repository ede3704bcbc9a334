"""One team declares the roles that most functions of several other teams run with.

Then every new permission of all of them goes through one backlog and one deployment. The wait is not in any template:
it shows when a team counts for how many of its functions it cannot add `s3:GetObject` by itself. The finding counts
them, and says how central the owner of the roles is: how many other owners need it (fan-in), and how many of the
shortest ways between two others lead over it (betweenness). `archlint graph --level team --format table` has the whole
ranking.

## How to fix it

Move the roles to the functions they belong to, the team that waits most first. What made the platform keep them can
stay with it: a permissions boundary that each role has to carry caps what any team can grant itself.

## Known exceptions

Nothing is reported while no owner is known. A team whose roles serve only one other team is no bottleneck; the rule
`cross-team-role` reports it.
"""

from collections import Counter
from collections.abc import Iterator

from archlint.api import (
    Dependence,
    Edge,
    EdgeKind,
    Finding,
    Node,
    OwnerGraph,
    Param,
    RuleContext,
    RuleMeta,
    Severity,
    Team,
    owner_graph,
)

META = RuleMeta(
    id="IAM003",
    name="permission-bottleneck",
    severity=Severity.WARNING,
    summary="One team declares the roles of most functions of several others",
    help_uri="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    pillar="operational-excellence",
    params={
        "share": Param("number", 0.5, 0, "share of a team's functions that run with roles of the other, 0 to 1"),
        "owners": Param("integer", 2, 1, "teams that have to wait to that degree"),
    },
)


def check(context: RuleContext) -> Iterator[Finding]:
    if _most_waiting(context) < context.params["owners"]:
        return  # the owner graph of a large estate takes longer than this look
    owners = owner_graph(context.graph)
    for rank, team in enumerate(owners.ranking(), 1):
        waits = [
            item
            for item in owners.dependences
            if item.needs == team.name
            and item.waiting
            and len(item.waiting) >= context.params["share"] * len(owners.teams[item.owner].functions)
        ]
        if len(waits) >= context.params["owners"]:
            yield _finding(context, owners, team, rank, waits)


def _most_waiting(context: RuleContext) -> int:
    """How many owners at most have functions that run with roles of one and the same other owner."""
    waiting: dict[str, set[str]] = {}
    for edge in context.graph.of_kind(EdgeKind.ASSUMES):
        waiter, owner = edge.source.owner, edge.target.owner
        is_function = edge.source.type == "AWS::Lambda::Function"
        if is_function and waiter is not None and owner is not None and waiter != owner:
            waiting.setdefault(owner, set()).add(waiter)
    return max(map(len, waiting.values()), default=0)


def _finding(context: RuleContext, owners: OwnerGraph, team: Team, rank: int, waits: list[Dependence]) -> Finding:
    edges = [edge for item in waits for function in item.waiting for edge in _assumes(context, function, team.name)]
    used = Counter(edge.target for edge in edges)
    role = max(used, key=lambda node: (_roles_beside(used, node), used[node]))
    counted = [f"{len(item.waiting)} of {len(owners.teams[item.owner].functions)} of {item.owner}" for item in waits]
    teams = f"{len(waits)} other team{'s' if len(waits) > 1 else ''}"
    return context.finding(
        role,
        f"{team.name} declares the roles of most functions of {teams} ({', '.join(counted)}): each "
        f"new permission waits for {team.name}, bottleneck {rank} of {len(owners.ranking())} (fan-in {team.fan_in}, "
        f"betweenness {team.betweenness:.2f})",
        related=[
            *((other, f"a role of {team.name}") for other in list(used)[:5] if other is not role),
            *(
                ((item.waiting[0], "Role"), f"functions of {item.owner} that wait: {len(item.waiting)}")
                for item in waits
            ),
        ],
        evidence=edges,
        key=(team.name,),
    )


def _assumes(context: RuleContext, function: Node, owner: str) -> list[Edge]:
    return [edge for edge in context.graph.outgoing(function, EdgeKind.ASSUMES) if edge.target.owner == owner]


def _roles_beside(used: Counter[Node], node: Node) -> int:
    """How many functions wait for roles of this role's stack: the finding stands where most of the work is."""
    return sum(count for other, count in used.items() if other.stack is node.stack)
