"""A function that runs with a role of another team waits for that team whenever it needs a permission.

The function's own team cannot add `dynamodb:Query` for a new table: it files a request, the owners of the role change
their stack, and a deployment of theirs comes first. The more functions share the arrangement, the longer the queue.
It makes no difference how the role gets there: as an imported export, an SSM parameter, a parameter of a nested stack,
an output of a Proton environment, or a literal ARN.

## How to fix it

Declare the role beside the function, in the stack of the team that owns the code (SAM does so by itself when the
function has `Policies` instead of `Role`). What the platform has to guarantee belongs into a permissions boundary,
which it can own without owning every role.

## Known exceptions

Nothing is reported while no owner is known (configuration, CODEOWNERS, tags, Context metadata), nor between owners that
have a member in common. Service-linked roles and roles of AWS services have no owner.
"""

from collections import defaultdict
from collections.abc import Iterator

from archlint.api import Edge, EdgeKind, Finding, Node, Param, RuleContext, RuleMeta, Severity, are_foreign

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
    waiting: dict[tuple[str | None, str | None, str], list[Edge]] = defaultdict(list)
    for edge in context.graph.of_kind(EdgeKind.ASSUMES):
        function, role = edge.source, edge.target
        if function.type != "AWS::Lambda::Function" or role.type != "AWS::IAM::Role" or role.stack is None:
            continue
        if are_foreign(function.owner, role.owner) and role.stack is not function.stack:
            waiting[function.owner, role.owner, role.stack.id].append(edge)
    for (waiter, owner, _), edges in waiting.items():
        functions = list({(edge.source.file, edge.source.logical_id): edge.source for edge in edges}.values())
        roles = list(dict.fromkeys(edge.target for edge in edges))
        yield context.finding(
            (functions[0], "Role"),
            f"{_runs(functions, waiter)} with {_named(roles)} in {roles[0].file}, which {owner} owns: each new "
            f"permission is a request to {owner}",
            related=[
                *((role, f"owned by {owner}") for role in roles[:3]),
                *(((function, "Role"), f"{function} waits too") for function in functions[1:8]),
            ],
            evidence=edges,
            severity=Severity.ERROR if len(functions) >= context.params["functions"] else None,
            key=(str(waiter), str(owner), *sorted({role.logical_id for role in roles})),
            owner_of=functions[0],
        )


def _runs(functions: list[Node], owner: str | None) -> str:
    if len(functions) > 1:
        return f"{len(functions)} functions of {owner} run"
    return f"{functions[0]} of {owner} runs"


def _named(roles: list[Node]) -> str:
    names = list(dict.fromkeys(map(str, roles)))
    if len(names) == 1:
        return names[0]
    return f"{len(names)} roles ({', '.join(names[:3])}{' …' if len(names) > 3 else ''})"
