"""Another team's permissions boundary takes away what this role is granted.

A permission counts only if the role's policies and its boundary both allow it. The role's own team sees the grant in
its template, deploys it, and the call is still refused at run time; the reason stands in a stack of somebody else, who
has to be asked before the permission works.

## How to fix it

Agree on the boundary as an interface: one that lists what may never be done (`Allow *` with a `Deny`) does not have to
grow with each role. Until it allows the action, leave the grant out, so that the template says what is true.

## Known exceptions

Nothing is reported while no owner is known, nor between owners that have a member in common. A boundary whose text is
not in these templates, or that allows the action on some resource, is none.
"""

from collections.abc import Iterator

from archlint.api import (
    Edge,
    EdgeKind,
    Finding,
    RuleContext,
    RuleMeta,
    Severity,
    are_foreign,
    is_void,
    role_permissions,
)

META = RuleMeta(
    id="IAM007",
    name="boundary-of-another-team",
    severity=Severity.NOTE,
    summary="Permissions boundary of another team voids what the role is granted",
    help_uri="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    pillar="operational-excellence",
)

MAX_NAMED = 4


def check(context: RuleContext) -> Iterator[Finding]:
    for edge in context.graph.of_kind(EdgeKind.BOUNDS):
        boundary, role = edge.source, edge.target
        if boundary.stack in (None, role.stack) or not are_foreign(boundary.owner, role.owner):
            continue
        void = _void(context, edge)
        if void:
            more = f" and {len(void) - MAX_NAMED} more" if len(void) > MAX_NAMED else ""
            these = "these permissions count" if len(void) > 1 else "this permission counts"
            yield context.finding(
                (role, "PermissionsBoundary"),
                f"{boundary} of {boundary.owner} does not allow {', '.join(void[:MAX_NAMED])}{more}, which {role} is "
                f"granted: {these} for nothing until {boundary.owner} changes the boundary",
                related=[(boundary, "the boundary")],
                evidence=[edge],
                key=(role.logical_id, boundary.logical_id),
                owner_of=role,
            )


def _void(context: RuleContext, edge: Edge) -> list[str]:
    found: dict[str, None] = {}
    for permission in role_permissions(context.graph, edge.target):
        if permission.statement.is_allow:
            for pattern in permission.statement.actions:
                if is_void(context.graph, edge.target, pattern):
                    found[pattern] = None
    return list(found)
