"""A stack asks for a value that nothing here provides, though its neighbours are all here.

A misspelt or removed export is found by CloudFormation only when the importing stack is deployed next, by whoever
happens to deploy it: `No export named … found`. An SSM parameter that is not there fails in the same way.

## How to fix it

Correct the name, or export the value again. When it does come from outside these templates, say so once in the
configuration: `external-imports = ["network-"]` (a beginning or a glob of the name).

## Known exceptions

Names of which no other import resolves here: their stack is probably not part of the run. Imports in one branch of an
`Fn::If`: the stack can be deployed without them. Parameters that AWS provides (`/aws/…`) and names listed in
`external-imports`. Whether these templates are all there are is known only to you, so a
finding is a note; with `closed_world = true` every name that nothing provides is a warning.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from archlint.api import Finding, Import, Param, RuleContext, RuleMeta, Severity, Stack, imports

META = RuleMeta(
    id="ORG002",
    name="unresolved-import",
    severity=Severity.WARNING,
    summary="Stack imports a value that no template here provides",
    help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html",
    pillar="reliability",
    params={
        "closed_world": Param("boolean", default=False, description="these templates are all there are"),
    },
)

WORD = re.compile(r"[^-_:/.]+")
NOUNS = {"export": "exports", "ssm": "declares the SSM parameter", "output": "has the output"}


def check(context: RuleContext) -> Iterator[Finding]:
    for stack in context.graph.stacks:
        found = imports(context.graph, stack)
        resolved = [item for item in found if item.providers]
        if not resolved:
            continue
        answered = {item.place for item in resolved}
        missing: dict[tuple[str, str], list[Import]] = defaultdict(list)
        for item in found:  # of the alternatives that a condition chooses from, one is enough
            if "Fn::If" in item.place.path and not context.params["closed_world"]:
                continue
            if not item.providers and not item.is_external and item.place not in answered:
                missing[item.how, item.name].append(item)
        for items in missing.values():
            neighbour = _neighbour(items[0], resolved, is_closed=context.params["closed_world"])
            if neighbour is not None:
                yield _finding(context, stack, items, neighbour)


def _neighbour(item: Import, resolved: list[Import], *, is_closed: bool) -> Import | None:
    """An import that resolves and comes from the same place, by the beginning of its name; in a closed world any."""
    beginning = _beginning(item.name)
    for other in resolved:
        if other.how == item.how and beginning and _beginning(other.name) == beginning and other.name != item.name:
            return other
    return resolved[0] if is_closed else None


def _beginning(name: str) -> str | None:
    """`network-` of `network-vpc`, `/shop/prod/` of `/shop/prod/table`; None for a name that is one word."""
    words = list(WORD.finditer(name))
    if len(words) < 2:
        return None
    return name[: words[-1].start()] if name.startswith("/") else name[: words[1].start()]


def _finding(context: RuleContext, stack: Stack, items: list[Import], neighbour: Import) -> Finding:
    first = items[0]
    provider = neighbour.providers[0].stack.template.name
    return context.finding(
        first.place,
        f"no template here {NOUNS[first.how]} {first.name}, while {neighbour.name} comes from {provider}",
        related=[
            *((item.place, "asked for here too") for item in items[1:4]),
            (neighbour.place, f"comes from {provider}"),
        ],
        severity=None if context.params["closed_world"] else Severity.NOTE,
        key=(stack.template.name, first.how, first.name),
        owner_of=stack.node,
    )
