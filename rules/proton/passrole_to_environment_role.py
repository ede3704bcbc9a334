"""A policy of the service passes on a role of the environment by name.

`iam:PassRole` names one role exactly. When the owners of the environment rename that role or split it in two, nothing
in their template tells them that a scheduler of somebody else's service stops working: its next run is refused.

## How to fix it

Pass a role that the same template declares. If the role has to be shared, let the environment hand out a policy that
allows passing it, next to the role: then both change together.

## Known exceptions

Statements that deny, and outputs that name no single role.
"""

from collections.abc import Iterator

from archlint.api import Confidence, Finding, RuleContext, RuleMeta, Severity, proton

META = RuleMeta(
    id="PRO006",
    name="passrole-to-environment-role",
    severity=Severity.WARNING,
    summary="Policy passes on a role that the environment owns",
    help_uri="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
    pillar="reliability",
)


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    for _, template in proton.parts(context.graph, "service"):
        for path, statement in proton.allow_statements(template):
            actions = {str(action).lower() for action in proton.items(statement.get("Action"))}
            if "iam:passrole" not in actions:
                continue
            for _, name in proton.output_reads(template, statement.get("Resource")):
                role = proton.output_target(context.graph, template, name)
                if role is None or role.type != "AWS::IAM::Role":
                    continue
                at = proton.location(template, *path)
                yield context.finding(
                    at,
                    f"{at.logical_id} may pass {role.logical_id} of the environment: when that role is renamed or "
                    "split, this service breaks",
                    related=[(role.location(), "the role")],
                    confidence=Confidence.MEDIUM if role.inferred else None,
                    key=(at.logical_id or "", role.logical_id),
                    owner_of=proton.stack_node(context.graph, template),
                )
