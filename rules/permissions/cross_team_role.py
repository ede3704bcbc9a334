"""A function that runs with a role of another team waits for that team whenever it needs a permission.

The function's own team cannot add `dynamodb:Query` for a new table: it files a request, the owners of the role change
their stack, and a deployment of theirs comes first. The more functions share the arrangement, the longer the queue.

## How to fix it

Declare the role beside the function, in the stack of the team that owns the code (SAM does so by itself when the
function has `Policies` instead of `Role`). What the platform has to guarantee belongs into a permissions boundary,
which it can own without owning every role.

## Known exceptions

Nothing is reported while no owner is known (configuration, CODEOWNERS, tags, Context metadata). Service-linked roles
and roles of AWS services have no owner.
"""

from collections import defaultdict
from collections.abc import Iterator

from archlint.api import Edge, EdgeKind, Finding, Param, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="IAM001",
    name="cross-team-role",
    severity=Severity.WARNING,
    summary="Function runs with a role that another team owns",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
    pillar="operational-excellence",
    params={"functions": Param("integer", 3, 1, "from this many waiting functions on the finding is an error")},
)


def check(context: RuleContext) -> Iterator[Finding]:
    waiting: dict[tuple[str, str, str], list[Edge]] = defaultdict(list)
    for edge in context.graph.of_kind(EdgeKind.ASSUMES):
        function, role = edge.source, edge.target
        if function.type != "AWS::Lambda::Function" or role.type != "AWS::IAM::Role" or role.stack is None:
            continue
        if function.owner is None or role.owner is None or function.owner == role.owner or role.stack is function.stack:
            continue
        waiting[function.owner, role.owner, role.stack.id].append(edge)
    for (waiter, owner, _), edges in waiting.items():
        functions = list(dict.fromkeys(edge.source for edge in edges))
        roles = list(dict.fromkeys(edge.target for edge in edges))
        first = edges[0]
        file = first.target.file
        many = len(functions) > 1
        who = f"{len(functions)} functions of {waiter} run" if many else f"{first.source} of {waiter} runs"
        which = f"{first.target}" if len(roles) == 1 else f"{len(roles)} roles ({', '.join(map(str, roles[:3]))})"
        yield context.finding(
            (first.source, "Role"),
            f"{who} with {which} in {file}, which {owner} owns: each new permission is a request to {owner}",
            related=[
                *((role, f"owned by {owner}") for role in roles[:3]),
                *(((function, "Role"), f"{function} waits too") for function in functions[1:8]),
            ],
            evidence=edges,
            severity=Severity.ERROR if len(functions) >= context.params["functions"] else None,
            key=(waiter, owner, *sorted(role.logical_id for role in roles)),
            owner_of=first.source,
        )
