"""A stack is so big that the next addition may be refused.

A template may declare 500 resources, 200 parameters and 200 outputs, and may be 1 MB long. SAM multiplies what is
written: each function brings a role, each event a permission. The deployment that goes over a limit fails as a whole,
and splitting a stack that is in use is slow and risky work, which is then in the way of whatever was urgent.

## How to fix it

Split the stack before the limit does, along what is deployed together: by service, by data and code, by team. Nested
stacks only move the numbers; separate stacks with few exports also deploy separately.

## Known exceptions

The size is that of the file as it is here; a transform can make it bigger.
"""

from collections.abc import Iterator

from archlint.api import Finding, Param, RuleContext, RuleMeta, Severity, Template

META = RuleMeta(
    id="ORG008",
    name="stack-near-limit",
    severity=Severity.WARNING,
    summary="Stack is near a limit of CloudFormation",
    help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html",
    pillar="reliability",
    params={"ratio": Param("number", 0.9, 0, "share of a limit from which on it is reported")},
)

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_RESOURCES = 500
MAX_PARAMETERS = 200
MAX_OUTPUTS = 200
MAX_BYTES = 1_000_000


def check(context: RuleContext) -> Iterator[Finding]:
    ratio = context.params["ratio"]
    owners = {stack.template.name: stack.node for stack in context.graph.stacks}
    for template in context.templates:
        measured = (
            ("Resources", len(template.resources), MAX_RESOURCES, "resources"),
            ("Parameters", len(template.section("Parameters")), MAX_PARAMETERS, "parameters"),
            ("Outputs", len(template.section("Outputs")), MAX_OUTPUTS, "outputs"),
            ("", len(template.document.text.encode()), MAX_BYTES, "bytes"),
        )
        for section, count, limit, name in measured:
            if count >= ratio * limit:
                detail = _made(template) if section == "Resources" else ""
                yield context.finding(
                    template.place(section) if section else template.place(),
                    f"the stack has {count:,} {name}{detail}, {count / limit:.0%} of the {limit:,} that CloudFormation "
                    "accepts",
                    key=(name,),
                    owner_of=owners.get(template.name),
                )


def _made(template: Template) -> str:
    written = len(template.section("Resources"))
    made = len(template.resources) - written
    return f" ({written:,} written, {made:,} made of them by SAM)" if made > 0 else ""
