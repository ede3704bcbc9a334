"""Two teams take so many values from each other that neither can change anything alone.

Each value is a promise: an ARN, a name, an endpoint that must not change while the other uses it. With many of them in
both directions there is no order in which to deploy, no side that can be tested without the other, and every change is
a meeting.

## How to fix it

Look for what is in the wrong place: often a few resources of the one belong to the other. What is left should go in one
direction, and through something made for it: an API, an event bus, a queue.

## Known exceptions

Nothing is reported while no owner is known, nor between owners that have a member in common. Values that flow in one
direction only are a dependence, not a coupling.
"""

from collections.abc import Iterator

from archlint.api import (
    Dependence,
    EdgeKind,
    Finding,
    Param,
    RuleContext,
    RuleMeta,
    Severity,
    owner_graph,
)

META = RuleMeta(
    id="ORG005",
    name="team-coupling",
    severity=Severity.WARNING,
    summary="Two teams take many values from each other's stacks",
    help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html",
    pillar="operational-excellence",
    params={"values": Param("integer", 8, 1, "values that each of the two takes from the other")},
)


def check(context: RuleContext) -> Iterator[Finding]:
    if not _may_couple(context):
        return
    taken = {(item.owner, item.needs): item for item in owner_graph(context.graph).dependences}
    least = context.params["values"]
    for (owner, needs), there in taken.items():
        back = taken.get((needs, owner))
        if owner < needs and back is not None and min(len(there.values), len(back.values)) >= least:
            yield _finding(context, there, back)


def _may_couple(context: RuleContext) -> bool:
    """Whether any two owners import from each other or nest stacks together: the owner graph takes much longer."""
    pairs = {(edge.source.owner, edge.target.owner) for edge in context.graph.of_kind(EdgeKind.IMPORTS)}
    nested: dict[str, set[str | None]] = {}
    for stack in context.graph.stacks:
        nested.setdefault(stack.root.id, set()).add(stack.owner)
    return any(len(owners - {None}) > 1 for owners in nested.values()) or any(
        None not in pair and pair[0] != pair[1] and (pair[1], pair[0]) in pairs for pair in pairs
    )


def _finding(context: RuleContext, there: Dependence, back: Dependence) -> Finding:
    asked = [(item.owner, value) for item in (there, back) for value in item.values if value.place is not None]
    places = [(value.place, f"{owner} takes {value.name}") for owner, value in asked if value.place is not None]
    stack = next(stack for stack in context.graph.stacks if stack.owner == there.owner)
    first = places[0][0] if places else stack.template.place()
    return context.finding(
        first,
        f"{there.owner} takes {_counted(there)} from stacks of {there.needs}, and {there.needs} takes "
        f"{len(back.values)} from stacks of {there.owner}: neither can change its stacks alone",
        related=[place for place in places[1:] if place[0] != first][:10],
        key=(there.owner, there.needs),
        owner_of=stack.node,
    )


def _counted(taken: Dependence) -> str:
    return f"{len(taken.values)} value{'s' if len(taken.values) > 1 else ''}"
