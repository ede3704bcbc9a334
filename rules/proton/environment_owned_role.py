"""A service runs with a role that its environment owns, and so do the other services of that environment.

The role comes through `environment.outputs`. Whoever needs one more permission asks the owners of the environment, and
what they add is added for every service that uses the role. A change to the role is a change to all of them at once.

## How to fix it

Declare the role in the service's own template, or in the stack of the team that owns the code, and export from the
environment what a role needs to be made: a permissions boundary, a base policy, a log group.

## Known exceptions

Roles that the environment only imports, and outputs that name no single role.
"""

from collections import defaultdict
from collections.abc import Iterator

from archlint.api import Confidence, Finding, Location, Param, RuleContext, RuleMeta, Severity, Template, proton

META = RuleMeta(
    id="PRO005",
    name="environment-owned-role",
    severity=Severity.WARNING,
    summary="Service runs with a role that its environment owns",
    help_uri="https://docs.aws.amazon.com/proton/latest/userguide/ag-template-authoring.html",
    pillar="operational-excellence",
    params={"services": Param("integer", 3, 2, "from this many services on, the role itself is an error")},
)

COMPUTE = (
    "AWS::Lambda::Function",
    "AWS::Serverless::Function",
    "AWS::ECS::TaskDefinition",
    "AWS::ECS::Service",
    "AWS::AppRunner::Service",
    "AWS::StepFunctions::StateMachine",
    "AWS::Serverless::StateMachine",
    "AWS::Batch::JobDefinition",
)


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    users: dict[tuple[Template, str], list[tuple[str, Location, bool]]] = defaultdict(list)
    for bundle, template in proton.parts(context.graph, "service"):
        for at, target in _uses(context, template):
            users[target.template, target.logical_id].append((bundle.template_name, at, target.inferred))
            yield context.finding(
                at,
                f"{at.logical_id} runs with {target.logical_id} of the environment (output {target.output}): its "
                "permissions change only there",
                related=[
                    (target.location(), "the role"),
                    (proton.location(target.template, "Outputs", target.output), "the output that hands it on"),
                ],
                confidence=Confidence.MEDIUM if target.inferred else None,
                key=(at.logical_id or "", target.logical_id),
                owner_of=proton.stack_node(context.graph, template),
            )
    for (environment, role), uses in users.items():
        services = sorted({name for name, _, _ in uses})
        if len(services) > 1:
            yield context.finding(
                proton.location(environment, "Resources", role),
                f"{role} is the role of {len(services)} services ({', '.join(services)}): what one needs, all get",
                related=[(at, f"{name} runs with it") for name, at, _ in uses],
                severity=Severity.ERROR if len(services) >= context.params["services"] else None,
                confidence=Confidence.MEDIUM if any(inferred for _, _, inferred in uses) else None,
                key=(role,),
                owner_of=proton.stack_node(context.graph, environment),
            )


def _uses(context: RuleContext, template: Template) -> Iterator["tuple[Location, proton.OutputTarget]"]:
    """The role properties of compute that read an output which names a role, with that role."""
    for logical_id, body in proton.written_resources(template, *COMPUTE):
        path = ("Resources", logical_id, "Properties")
        found: set[str] = set()
        for where, name in proton.output_reads(template, proton.properties_of(body), path):
            keys = [step for step in where if isinstance(step, str) and not step.startswith("Fn::")]
            if not keys[-1].endswith(("Role", "RoleArn")):
                continue
            target = proton.output_target(context.graph, template, name)
            if target is not None and target.type == "AWS::IAM::Role" and keys[-1] not in found:
                found.add(keys[-1])
                yield proton.location(template, *where), target
