"""A physical name in the service's template is the same for every instance, so there can be only one.

The second instance of the service (`prod` after `dev`) asks for the same name in the same account and region, and its
deployment fails: the resource already exists. A name that holds the instance's name but not the service's fails
likewise as soon as two services call an instance `dev`.

## How to fix it

Leave the name out: CloudFormation then makes a unique one. If it has to be readable, build it from
`{{ service.name }}` and `{{ service_instance.name }}`, or from `AWS::StackName`.

## Known exceptions

Names made from an input, from `AWS::StackName`, or from other resources and parameters. Names that need not be unique,
such as the family of a task definition. Names with the instance's but not the service's name are notes.
"""

from collections.abc import Iterator

from archlint.api import Finding, Json, RuleContext, RuleMeta, Severity, Template, proton

META = RuleMeta(
    id="PRO014",
    name="single-instance-names",
    severity=Severity.WARNING,
    summary="Fixed name in a service template: a second instance cannot be deployed",
    help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html",
    pillar="reliability",
)

# Several resources may have the same name (a family gets revisions, an API an id); a service only has its cluster's.
NOT_UNIQUE = frozenset({
    "AWS::ApiGateway::RestApi", "AWS::AppSync::GraphQLApi", "AWS::Batch::JobDefinition", "AWS::ECS::TaskDefinition",
    "AWS::ECS::Service", "AWS::Lambda::LayerVersion",
})  # fmt: skip
SAME_EVERYWHERE = frozenset({"AWS::AccountId", "AWS::Region", "AWS::Partition", "AWS::URLSuffix"})


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    for bundle, template in proton.parts(context.graph, "service", "instance"):
        for logical_id, resource in template.resources.items():
            named = proton.physical_name(resource)
            if named is None or resource.generated_by is not None or resource.type in NOT_UNIQUE:
                continue
            key, value = named
            verdicts = {_verdict(template, branch) for branch in proton.alternatives(value)}
            if not verdicts & {"fixed", "instance"}:
                continue
            fixed = "fixed" in verdicts
            shown = proton.readable(template, str(value)) if isinstance(value, str) else "the name"
            why = (
                "a second instance cannot be deployed" if fixed else "two services with an instance of one name collide"
            )
            name = proton.readable(template, logical_id)
            yield context.finding(
                resource.place((key,)).location(name),
                f"{name} is {'always ' if fixed else ''}called {shown}: {why}",
                severity=None if fixed else Severity.NOTE,
                key=(bundle.template_name, logical_id),
                owner_of=proton.stack_node(context.graph, template),
            )


def _verdict(template: Template, value: Json) -> str:
    """`fixed`, `instance` (only the instance's name tells two apart) or `varies` (or cannot be known)."""
    names = proton.names_in(template, value)
    if isinstance(value, dict):
        references = set(proton.referenced_ids(value))
        if not references <= SAME_EVERYWHERE or set(value) - {"Fn::Sub", "Fn::Join"}:
            return "varies"
    elif not isinstance(value, str):
        return "varies"
    if not names and any(proton.readable(template, text) != text for _, text in proton.scalars(value)):
        return "varies"
    if any(name.startswith(("service_instance.inputs", "service_instance.components")) for name in names):
        return "varies"
    if "service_instance.name" in names:
        return "varies" if "service.name" in names else "instance"
    return "fixed" if all(name.startswith(("service.", "environment.")) for name in names) else "varies"
