"""A function may do everything in a service, or everything there is.

With `dynamodb:*` on `*` a bug or a stolen token reaches every table of the account, those of other teams included. And
nobody can tell any more what the function depends on: in the graph of the system every edge becomes possible.
`iam:PassRole` on `*` is the same in one more step: the function can hand any role to anything it starts.

AWS's own `…FullAccess`, `PowerUserAccess` and `AdministratorAccess` policies are such statements; they are looked into,
also when a SAM function lists them in `Policies`.

## How to fix it

Name the actions and the resources. In SAM a policy template such as `DynamoDBCrudPolicy: {TableName: !Ref Table}` says
both. Bind `iam:PassRole` to the roles that are passed, or at least to a service with `iam:PassedToService`.

## Known exceptions

Logs, X-Ray and CloudWatch metrics, `iam:PassRole` with `iam:PassedToService`, statements that a condition on tags,
principals or the calling service narrows, and what a `Deny` or the permissions boundary takes away again.
"""

from collections.abc import Iterator

from archlint.api import (
    EdgeKind,
    Finding,
    Node,
    Param,
    Permission,
    RuleContext,
    RuleMeta,
    Severity,
    is_void,
    unbounded,
)

META = RuleMeta(
    id="IAM005",
    name="unbounded-role",
    severity=Severity.WARNING,
    summary="Function's role allows a whole service, or everything",
    help_uri="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
    pillar="security",
    params={
        "harmless": Param(
            "list",
            ["logs", "xray", "cloudwatch"],
            description="services of which a role may be allowed everything",
        )
    },
)

# What these keys test is the same for every call that the function can make: they narrow nothing.
IDLE_KEYS = frozenset(
    {
        "aws:requestedregion",
        "aws:securetransport",
        "aws:resourceaccount",
        "aws:principalaccount",
        "aws:resourceorgid",
        "aws:principalorgid",
        "s3:resourceaccount",
    }
)
MAX_NAMED = 6


def check(context: RuleContext) -> Iterator[Finding]:
    users: dict[Node, dict[Node, None]] = {}
    for edge in context.graph.of_kind(EdgeKind.ASSUMES):
        if edge.source.type == "AWS::Lambda::Function" and edge.target.type == "AWS::IAM::Role":
            users.setdefault(edge.target, {})[edge.source] = None
    for role, functions in users.items():
        found = list(_unbounded(context, role))
        if found:
            yield _finding(context, role, list(functions), found)


def _unbounded(context: RuleContext, role: Node) -> Iterator[tuple[Permission, str]]:
    harmless = {f"{service}:*" for service in context.params["harmless"]}
    for permission, pattern in unbounded(context.graph, role):
        narrowed = permission.statement.condition_keys() - IDLE_KEYS
        if pattern not in harmless and not narrowed and not is_void(context.graph, role, pattern):
            yield permission, pattern


def _finding(context: RuleContext, role: Node, functions: list[Node], found: list[tuple[Permission, str]]) -> Finding:
    patterns = list(dict.fromkeys(pattern for _, pattern in found))
    if "*" in patterns:
        patterns = ["*"]
    worst = next(permission for permission, pattern in found if pattern == patterns[0])
    places = list(
        dict.fromkeys(each.place for each, _ in found if each.place is not None and each.place != worst.place)
    )
    what = "do anything" if patterns == ["*"] else f"use {', '.join(patterns[:MAX_NAMED])}"
    more = f" and {len(patterns) - MAX_NAMED} more" if len(patterns) > MAX_NAMED else ""
    others = f" and {len(functions) - 1} more function{'s' if len(functions) > 2 else ''}"
    who = f"{functions[0]}{others if len(functions) > 1 else ''}"
    managed = dict.fromkeys(each.holder.logical_id.rpartition("/")[2] for each, _ in found if each.holder.external)
    source = f" ({', '.join(managed)})" if managed else ""
    return context.finding(
        worst.place or role,
        f"{role} lets {who} {what}{more} on every resource{source}",
        related=[
            *((place, "this too") for place in places[:4]),
            *(((function, "Role"), f"{function} runs with {role}") for function in functions[:4]),
        ],
        key=(role.logical_id,),
        owner_of=role,
    )
