"""The permissions boundary does not allow what the role is given, so the permission exists on paper only.

A permission counts only if the role's policies *and* its boundary allow it. Here the template grants an action and
bounds it away: the call is refused at run time, with a policy in the template that says it should work. Each new
permission now needs two edits, and the second one is easily forgotten.

## How to fix it

Add the action to the boundary, or take it out of the role. A boundary that lists what may never be done (a `Deny` with
an `Allow *`) does not have to grow with the roles.

## Known exceptions

Boundaries of other stacks, statements with `NotAction`, actions that are filled in by Jinja or parameters, and
actions that the boundary allows in part.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from archlint.api import Finding, RuleContext, RuleMeta, Severity, Template, proton

META = RuleMeta(
    id="PRO007",
    name="boundary-denies-own-role",
    severity=Severity.WARNING,
    summary="Permissions boundary voids what the role's own policies allow",
    help_uri="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    pillar="reliability",
)


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    for kind in ("environment", "service", "component"):
        for _, template in proton.parts(context.graph, kind):
            yield from _part(context, template)


def _part(context: RuleContext, template: Template) -> Iterator[Finding]:
    policies = dict(proton.written_resources(template, "AWS::IAM::ManagedPolicy"))
    for logical_id, body in proton.written_resources(template, "AWS::IAM::Role"):
        bound_by = set(proton.referenced_ids(proton.properties_of(body).get("PermissionsBoundary"))) & set(policies)
        if len(bound_by) != 1:
            continue
        [boundary] = bound_by
        allowed = proton.allowed_actions(template, boundary)
        if allowed is None:
            continue
        void: dict[str, None] = {}
        for holder in (logical_id, *proton.policies_of(template, logical_id)):
            for action in proton.allowed_actions(template, holder) or ():
                if holder != boundary and not any(_overlap(action, pattern) for pattern in allowed):
                    void[action] = None
        if void:
            name = proton.readable(template, logical_id)
            yield context.finding(
                proton.location(template, "Resources", logical_id),
                f"{boundary} does not allow {', '.join(void)}, which {name} is granted: "
                f"{'these permissions are' if len(void) > 1 else 'this permission is'} void",
                related=[
                    (
                        proton.location(template, "Resources", logical_id, "Properties", "PermissionsBoundary"),
                        "bound here",
                    ),
                    (proton.location(template, "Resources", boundary), "the boundary"),
                ],
                key=(logical_id, boundary),
                owner_of=proton.stack_node(context.graph, template),
            )


def _overlap(action: str, pattern: str) -> bool:
    return fnmatchcase(action.lower(), pattern.lower()) or fnmatchcase(pattern.lower(), action.lower())
