"""The code of this container has no role of its own, so it cannot be given any permission at all.

A task without `TaskRoleArn` (and an App Runner service without `InstanceRoleArn`) has no credentials. The first call
to any AWS API needs a template edit, a new version and an update of all instances, or ends with keys in an environment
variable. A permission on the execution or access role does not help: those work for the platform that starts the
container, not for the code in it.

## How to fix it

Declare a role with the trust of `ecs-tasks.amazonaws.com` (App Runner: `tasks.apprunner.amazonaws.com`), name it in
`TaskRoleArn` (`InstanceConfiguration.InstanceRoleArn`), and let the team extend it: see PRO003.

## Known exceptions

A role that is given in one branch of an `{% if %}` or `Fn::If` counts as given. Service bundles that their own service
team owns.
"""

from collections.abc import Iterator

from archlint.api import Finding, Json, RuleContext, RuleMeta, Severity, proton

META = RuleMeta(
    id="PRO004",
    name="compute-without-grantable-role",
    severity=Severity.WARNING,
    summary="Container has no role, so its code cannot be given any permission",
    help_uri="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
    pillar="operational-excellence",
)

# Where each type names the role of the code, not of the platform that starts it.
ROLE_PATHS = {
    "AWS::ECS::TaskDefinition": ("TaskRoleArn",),
    "AWS::AppRunner::Service": ("InstanceConfiguration", "InstanceRoleArn"),
}


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    for bundle, template in proton.parts(context.graph, "service", "instance"):
        if proton.is_own_service(context.graph, bundle):
            continue
        for logical_id, body in proton.written_resources(template, *ROLE_PATHS):
            path = ROLE_PATHS[body["Type"]]
            properties = proton.properties_of(body)
            if proton.is_given(properties, path):
                continue
            at = ("Resources", logical_id, *(("Properties", *path) if _is_written(properties, path) else ()))
            name = proton.readable(template, logical_id)
            yield context.finding(
                proton.location(template, *at),
                f"{name} has no {'.'.join(path)}: its code can be given no permission without a change of "
                f"{bundle.template_name}",
                key=(logical_id,),
                owner_of=proton.stack_node(context.graph, template),
            )


def _is_written(value: Json, path: tuple[str, ...]) -> bool:
    if not path:
        return True
    return isinstance(value, dict) and path[0] in value and _is_written(value[path[0]], path[1:])
