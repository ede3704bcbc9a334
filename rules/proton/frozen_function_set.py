"""Each function of the service is written out in the platform's template: no new function without a new version.

The team that writes the code cannot add a function: function n+1 is a change to a template that it does not own, a new
version, and an update of every instance, even of those that need no new function.

## How to fix it

Move the functions into a stack of the team that owns the code (`archlint proton export` writes the template as plain
CloudFormation to begin with). If the bundle has to stay, declare functions in a `{% for %}` over an input, or open the
template for components (PRO001).

## Known exceptions

Functions inside a `{% for %}` over an input, service templates that components can extend (PRO001 is satisfied), and
service bundles that their own service team owns.
"""

from collections.abc import Iterator

from archlint.api import Finding, RuleContext, RuleMeta, Severity, proton

META = RuleMeta(
    id="PRO002",
    name="frozen-function-set",
    severity=Severity.WARNING,
    summary="Functions are fixed in a platform template: one more needs a new version",
    help_uri="https://docs.aws.amazon.com/proton/latest/userguide/ag-template-versions.html",
    pillar="operational-excellence",
)


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    for bundle, template in proton.parts(context.graph, "service", "instance"):
        if all(proton.is_extensible(bundle)) or proton.is_own_service(context.graph, bundle):
            continue
        fixed = [
            logical_id
            for logical_id, _ in proton.written_resources(template, *proton.FUNCTIONS)
            if not any(
                guard.startswith("for ") and ".inputs." in guard
                for guard in proton.guards_of(template, "Resources", logical_id)
            )
        ]
        for position, logical_id in enumerate(fixed, 1):
            name = proton.readable(template, logical_id)
            yield context.finding(
                proton.location(template, "Resources", logical_id),
                f"{name} is function {position} of {len(fixed)} fixed in the template of {bundle.template_name}: "
                f"function {len(fixed) + 1} needs a new template version",
                key=(logical_id,),
                owner_of=proton.stack_node(context.graph, template),
            )
