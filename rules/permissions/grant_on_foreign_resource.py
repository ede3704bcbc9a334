"""A team lets its own code write a resource of another team, which has offered it to nobody.

The other team reads its own template, sees who writes its table, and is wrong: the permission stands in a stack it has
never seen, on a name that was written down there. It cannot rename the table, change its key or split it without
breaking a stranger, and what the stranger writes is no part of any interface that both have agreed on.

## How to fix it

Let the owner offer a way in and use that: an export or an SSM parameter with the ARN (then both sides know of each
other), a resource policy that names the role, or best an API, a queue or an event bus instead of the data itself.

## Known exceptions

Nothing is reported while no owner is known, nor between owners that have a member in common. A resource policy that
admits the role (or its account), and any export, SSM parameter, output of a nested stack or parameter for one by which
the owner hands out the resource, is an offer; so is a trust policy that lets accounts or roles assume a role. Grants
that only read are no finding, nor are those of a deployment: roles that CloudFormation assumes, and statements that
create the resource itself. A name pattern that fits several resources is a note.
"""

from collections.abc import Iterator

from archlint.api import (
    Edge,
    EdgeKind,
    Finding,
    Json,
    Node,
    Principal,
    RuleContext,
    RuleMeta,
    Severity,
    Stack,
    access_levels,
    are_foreign,
    trust,
)

META = RuleMeta(
    id="IAM004",
    name="grant-on-foreign-resource",
    severity=Severity.WARNING,
    summary="Policy grants write access to a resource of another team that never offered it",
    help_uri="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html",
    pillar="security",
)

ROLE = "AWS::IAM::Role"
WRITE = frozenset({"Write", "Permissions management"})
MAX_ACTIONS = 3


def check(context: RuleContext) -> Iterator[Finding]:
    offered: dict[Node, list[Stack]] | None = None
    seen: set[tuple[Node, Node]] = set()
    for edge in context.graph.of_kind(EdgeKind.GRANTS):
        holder, resource = edge.source, edge.target
        if not edge.access & WRITE or holder.stack is None or resource.stack in (None, holder.stack):
            continue
        if not are_foreign(holder.owner, resource.owner) or (holder, resource) in seen or _deploys(context, edge):
            continue
        seen.add((holder, resource))
        if offered is None:
            offered = _offers(context)
        if any(stack.owner != holder.owner for stack in offered.get(resource, ())) or _is_permitted(context, edge):
            continue
        is_family = bool(edge.detail.get("family"))
        yield context.finding(
            edge,
            f"{holder} of {holder.owner} may write {resource} of {resource.owner} ({_actions(edge)})"
            f"{' by a pattern of its name' if is_family else ''}: {resource.owner} has neither exported it nor "
            "permitted this in a resource policy",
            related=[(resource, f"declared by {resource.owner}")],
            severity=Severity.NOTE if is_family else None,
            key=(holder.logical_id, resource.logical_id),
            owner_of=holder,
        )


def _deploys(context: RuleContext, grant: Edge) -> bool:
    """True for a permission to deploy the resource: it says nothing of who uses what is deployed."""
    create = f":create{grant.target.type.rpartition('::')[2]}".lower()
    if any(action.lower().endswith(create) for action in grant.actions):
        return True
    holder = grant.source
    roles = [holder, *(edge.source for edge in context.graph.incoming(holder, EdgeKind.ATTACHES))]
    trusted = (principal for role in roles if role.type == ROLE for principal in _trusted(context, role))
    return any(
        principal.kind == "Service" and str(principal.value).startswith("cloudformation.") for principal in trusted
    )


def _actions(edge: Edge) -> str:
    actions = sorted(action for action in edge.actions if access_levels([action]) & WRITE)
    more = f" and {len(actions) - MAX_ACTIONS} more" if len(actions) > MAX_ACTIONS else ""
    return ", ".join(actions[:MAX_ACTIONS]) + more


def _offers(context: RuleContext) -> dict[Node, list[Stack]]:
    """The resources that stacks hand out, and which stacks do."""
    found: dict[Node, list[Stack]] = {}
    resolver = context.graph.resolver
    for stack in context.graph.stacks:
        for giver, value in _handed_out(stack):
            for target in resolver.targets(giver, value) if resolver is not None else ():
                found.setdefault(target.node, []).append(giver)
    return found


def _handed_out(stack: Stack) -> Iterator[tuple[Stack, Json]]:
    """Exports, SSM parameters, outputs of nested stacks and Proton parts, and what a parent passes to this stack."""
    is_read_by_others = stack.parent is not None or stack.template.proton is not None
    for output in stack.template.section("Outputs").values():
        if isinstance(output, dict) and (is_read_by_others or "Export" in output):
            yield stack, output.get("Value")
    for node in stack.nodes.values():
        if node.type == "AWS::SSM::Parameter":
            yield stack, node.properties.get("Value")
    if stack.parent is not None:
        yield from ((stack.parent, value) for value in stack.arguments.values())


def _is_permitted(context: RuleContext, grant: Edge) -> bool:
    """Whether a resource policy admits the role, code that runs with it, or the account as a whole."""
    holder = grant.source
    if grant.target.type == ROLE and any(principal.kind == "AWS" for principal in _trusted(context, grant.target)):
        return True
    attached = [edge.source for edge in context.graph.incoming(holder, EdgeKind.ATTACHES)]
    roles = [holder, *attached]
    users = {edge.source for role in roles for edge in context.graph.incoming(role, EdgeKind.ASSUMES)}
    for permit in context.graph.incoming(grant.target, EdgeKind.PERMITS):
        source = permit.source
        if permit.access and not permit.access & grant.access:
            continue
        if source in users or source in roles or (source.external and _is_account(source.logical_id)):
            return True
    return False


def _trusted(context: RuleContext, role: Node) -> Iterator[Principal]:
    for permission in trust(context.graph, role):
        yield from permission.statement.principals if permission.statement.is_allow else ()


def _is_account(principal: str) -> bool:
    """`*`, an account, or `arn:aws:iam::<account>:root`; a service is none."""
    return principal == "*" or principal.endswith(":root") or principal.isdecimal() or principal == "${AWS::AccountId}"
