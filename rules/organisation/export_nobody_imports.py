"""An export that no template imports is an interface without a user.

It looks like something that others rely on, so nobody dares to change or remove what stands behind it.

## How to fix it

Remove `Export` from the output (the output may stay for people to read), or add the importing stack to the run.

## Known exceptions

The importing stack may lie in another repository. The rule is off by default: select it where all stacks are linted
together.
"""

from collections.abc import Iterator

from archlint.api import Finding, RuleContext, RuleMeta, Severity, imports

META = RuleMeta(
    id="ORG003",
    name="export-nobody-imports",
    severity=Severity.NOTE,
    summary="Export that no template here imports",
    help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html",
    pillar="operational-excellence",
    enabled=False,
)


def check(context: RuleContext) -> Iterator[Finding]:
    used = {
        (provider.stack.template.name, provider.via.logical_id)
        for stack in context.graph.stacks
        for item in imports(context.graph, stack)
        if item.how == "export"
        for provider in item.providers
    }
    for stack in context.graph.stacks:
        name = stack.template.name
        for output, body in stack.template.section("Outputs").items():
            if not isinstance(body, dict) or "Export" not in body or (name, output) in used:
                continue
            yield context.finding(
                stack.template.place("Outputs", output, "Export"),
                f"nothing here imports the export of {output}",
                key=(output,),
                owner_of=stack.node,
            )
