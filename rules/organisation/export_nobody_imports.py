"""An export that no template imports is an interface without a user.

It looks like something that others rely on, so nobody dares to change or remove what stands behind it.

## How to fix it

Remove `Export` from the output (the output may stay for people to read), or add the importing stack to the run.

## Known exceptions

The importing stack may lie in another repository. The rule is off by default: select it where all stacks are linted
together. An import that nothing here provides may mean any export that its name fits, when the export's own name is
known only in part (`${AWS::StackName}-Queue`). A template that cannot be read, or has to be rendered first, imports
what it speaks of.
"""

import re
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

UNKNOWN = re.compile(r"\$\{[^}{]*\}")


def check(context: RuleContext) -> Iterator[Finding]:
    used: set[tuple[str, str]] = set()
    unanswered: set[str] = set()
    for item in (item for stack in context.graph.stacks for item in imports(context.graph, stack)):
        if item.how == "export":
            used.update((provider.stack.template.name, provider.via.logical_id) for provider in item.providers)
            if not item.providers or UNKNOWN.search(item.name):  # which stack is meant, only the deployment knows
                unanswered.add(item.name)
    unread = [
        template.document.text
        for template in context.templates
        if not template.resources and "ImportValue" in template.document.text
    ]
    resolver = context.graph.resolver
    for stack in context.graph.stacks:
        for output, body in stack.template.section("Outputs").items():
            export = body.get("Export") if isinstance(body, dict) else None
            if not isinstance(export, dict) or (stack.template.name, output) in used or resolver is None:
                continue
            names = [str(text) for text in resolver.texts(stack, export.get("Name"))]
            if not names or any(_is_named(name, text) for name in names for text in unread):
                continue
            if not any(_may_be(name, asked) for name in names for asked in unanswered):
                yield context.finding(
                    stack.template.place("Outputs", output, "Export"),
                    f"nothing here imports {names[0]}",
                    key=(output,),
                    owner_of=stack.node,
                )


def _is_named(name: str, text: str) -> bool:
    """Whether a text holds all that is known of a name."""
    return all(piece in text for piece in UNKNOWN.split(name))


def _may_be(name: str, asked: str) -> bool:
    """Whether an import can mean an export of which parts of the name are unknown: the fixed ends fit."""
    pieces = UNKNOWN.split(name)
    return len(pieces) > 1 and asked.startswith(pieces[0]) and asked.endswith(pieces[-1])
