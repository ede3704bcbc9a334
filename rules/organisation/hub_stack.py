"""So many stacks of so many teams import from one stack that a change to it is everybody's change.

CloudFormation refuses to change or remove an export while one stack imports it. With ten importers of three teams the
owner of the hub has to find and convince all of them first; so nothing changes any more, and what is added is added
beside the old.

## How to fix it

Split the stack by what changes together, so that each part has few importers. Hand out names through SSM parameters
where a value may change under its users, and keep as exports only what is meant to stay for ever.

## Known exceptions

Foundations that are meant to be shared and hardly ever change, such as networks and DNS zones: list their templates in
the parameter `foundations`. Nothing is reported while no owner is known.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from archlint.api import EdgeKind, Evidence, Finding, Node, Param, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="ORG004",
    name="hub-stack",
    severity=Severity.WARNING,
    summary="Stack that stacks of several teams import from",
    help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html",
    pillar="operational-excellence",
    params={
        "stacks": Param("integer", 10, 1, "stacks that import from it"),
        "owners": Param("integer", 3, 1, "teams that own these stacks"),
        "foundations": Param("list", [], description="globs of templates that are meant to be imported by all"),
    },
)


def check(context: RuleContext) -> Iterator[Finding]:
    importers: dict[Node, dict[Node, None]] = {}
    for edge in context.graph.of_kind(EdgeKind.IMPORTS):
        source, target = edge.source.stack, edge.target.stack
        if source is None or target is None or source.root is target.root:
            continue
        if edge.evidence is Evidence.DECLARED:
            importers.setdefault(edge.target, {})[edge.source] = None
    for hub, stacks in importers.items():
        owners = sorted({stack.owner for stack in stacks if stack.owner is not None})
        if len(stacks) < context.params["stacks"] or len(owners) < context.params["owners"] or hub.stack is None:
            continue
        template = hub.stack.template
        if any(fnmatchcase(template.name, str(glob)) for glob in context.params["foundations"]):
            continue
        shown = ", ".join(owners[:5]) + (f" and {len(owners) - 5} more" if len(owners) > 5 else "")
        edges = [edge for edge in context.graph.incoming(hub, EdgeKind.IMPORTS) if edge.source in stacks]
        yield context.finding(
            template.place("Outputs"),
            f"{len(stacks)} stacks of {len(owners)} teams ({shown}) import from {template.name}: a change here is a "
            "change for all of them",
            related=[(edge, f"{edge.source.file} takes {edge.via or 'a value'}") for edge in edges[:12]],
            key=(template.name,),
            owner_of=hub,
        )
