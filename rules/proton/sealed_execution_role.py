"""The code runs with a role whose permissions only the platform's template can change.

A developer who needs `dynamodb:Query` on one more table cannot get it: neither an input nor a component reaches the
role's policies. The request goes to the administrators, who widen the template for everybody or refuse.

## How to fix it

Give the role to the team: in its own stack, the role stands beside the function, and the platform keeps a permissions
boundary. In a bundle, pass policy ARNs in: an input over which `ManagedPolicyArns` loops, or
`{{ service_instance.components.default.outputs | proton_cfn_iam_policy_arns }}`.

## Known exceptions

Roles whose policies read an input or a component output, or stand under a test of one; roles that serve only as ECS
`ExecutionRoleArn` (they pull the image and write the log, the code never has them); service bundles that their own
service team owns.
"""

from collections.abc import Iterator

from archlint.api import Finding, RuleContext, RuleMeta, Severity, proton

META = RuleMeta(
    id="PRO003",
    name="sealed-execution-role",
    severity=Severity.WARNING,
    summary="No input and no component can extend what an execution role allows",
    help_uri="https://docs.aws.amazon.com/proton/latest/userguide/ag-components-iac.html",
    pillar="operational-excellence",
)


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    for bundle, template in proton.parts(context.graph, "service", "instance"):
        if proton.is_own_service(context.graph, bundle):
            continue
        for role in proton.execution_roles(template):
            if any(".inputs." in name or ".components." in name for name in role.names):
                continue
            name = proton.readable(template, role.logical_id)
            which = f"the implicit role of {name}" if role.is_implicit else name
            reached = sorted({found for path in role.names if (found := proton.output_name(path)) is not None})
            limit = (
                f"of the environment it reaches only {', '.join(reached)}"
                if reached
                else "it reaches nothing of the environment"
            )
            yield context.finding(
                proton.location(template, *role.anchor),
                f"{which} is sealed: no input or component can add a permission; {limit}",
                key=(role.logical_id,),
                owner_of=proton.stack_node(context.graph, template),
            )
