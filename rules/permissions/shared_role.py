"""One role for many functions gives each of them what any of them needs.

A bug in the function that only reads can delete, because another one has to. Nobody dares to take a permission away,
since nobody can tell which function needs it, and the role only grows.

## How to fix it

One role per function. In SAM leave out `Role` and list `Policies`; in CloudFormation declare an `AWS::IAM::Role` beside
each function. What all of them need (logs, tracing) is one managed policy.

## Known exceptions

Roles that grant nothing but logs and tracing, and roles whose permissions cannot be seen here. State machines and other
services that use the role do not count.
"""

from collections.abc import Iterator

from archlint.api import Edge, EdgeKind, Finding, Node, Param, RuleContext, RuleMeta, Severity, role_permissions

META = RuleMeta(
    id="IAM002",
    name="shared-role",
    severity=Severity.WARNING,
    summary="One role serves several functions, each with the permissions of all",
    help_uri="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
    pillar="security",
    params={"functions": Param("integer", 3, 2, "functions that must share a role")},
)

# What every function needs to be seen running or to reach its network: nothing that one could do harm with.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html has the actions on network interfaces.
HARMLESS = (
    "logs:",
    "xray:",
    "cloudwatch:putmetricdata",
    "lambda:getlayerversion",
    "ec2:createnetworkinterface",
    "ec2:deletenetworkinterface",
    "ec2:describe",
    "ec2:assignprivateipaddresses",
    "ec2:unassignprivateipaddresses",
)
USES = (EdgeKind.READS, EdgeKind.WRITES, EdgeKind.PUBLISHES, EdgeKind.INVOKES, EdgeKind.CONNECTS)
MAX_NAMED = 6


def check(context: RuleContext) -> Iterator[Finding]:
    least = context.params["functions"]
    by_role: dict[Node, list[Edge]] = {}
    for edge in context.graph.of_kind(EdgeKind.ASSUMES):
        if edge.source.type == "AWS::Lambda::Function" and edge.target.type == "AWS::IAM::Role":
            by_role.setdefault(edge.target, []).append(edge)
    for role, users in by_role.items():
        functions = list(dict.fromkeys(edge.source for edge in users))
        if len(functions) < least or not context.values.coexist(role, *functions[:3]):
            continue
        actions = _actions(context, role)
        if not actions:
            continue
        shown = ", ".join(actions[:MAX_NAMED]) + (
            f" and {len(actions) - MAX_NAMED} more" if len(actions) > MAX_NAMED else ""
        )
        served = f"{len(functions)} functions ({_names(functions)})"
        yield context.finding(
            role,
            f"{role} serves {served}, so each may do what any of them needs: {shown}",
            related=[((function, "Role"), _need(context, function)) for function in functions[:8]],
            evidence=users,
            key=(role.logical_id,),
        )


def _actions(context: RuleContext, role: Node) -> list[str]:
    """The actions that the role allows, harmless ones left out, in the order of the statements."""
    found: dict[str, None] = {}
    for permission in role_permissions(context.graph, role):
        statement = permission.statement
        if statement.is_allow and statement.not_actions:
            found[f"all but {', '.join(statement.not_actions)}"] = None
        for action in statement.actions if statement.is_allow else ():
            if not action.lower().startswith(HARMLESS):
                found[action] = None
    return list(found)


def _need(context: RuleContext, function: Node) -> str:
    targets = [edge for edge in context.graph.outgoing(function, *USES) if edge.detail.get("referenced")]
    if not targets:
        return f"{function} uses the role"
    # Outside the templates a parameter is known by its file too, which says nothing here.
    names = dict.fromkeys(str(edge.target).rpartition("#")[2] for edge in targets[:4])
    return f"{function} names only {', '.join(names)}"


def _names(functions: list[Node]) -> str:
    names = [str(function) for function in functions]
    if len(names) > 3:
        return ", ".join(names[:3]) + f" and {len(names) - 3} more"
    return " and ".join((", ".join(names[:-1]), names[-1]))
