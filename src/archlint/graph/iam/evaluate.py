"""What a role may do, asked by rules when the graph is finished."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from archlint.graph.iam.actions import access_levels, expand, matches, service_of
from archlint.graph.iam.facts import Permission
from archlint.graph.iam.managed import aws_managed_name, managed_statements
from archlint.graph.iam.reach import reaches_everything, skeleton
from archlint.graph.iam.statements import Statement, admits, allows, parsed, statements
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archlint.graph.iam.facts import PolicyDocument
    from archlint.graph.model import Edge, Node, ResourceGraph

ROLE_HANDOVER = "iam:PassRole"


def role_permissions(graph: ResourceGraph, role: Node) -> tuple[Permission, ...]:
    """Every statement that holds for a role (or user, group): inline, of attached policies, of AWS-managed policies.

    Each with its place. A policy that AWS manages and the table does not hold contributes nothing.
    """
    known = graph.iam.effective.get(role)
    if known is None:
        known = graph.iam.effective[role] = tuple(_collected(graph, role))
    return known


def _collected(graph: ResourceGraph, role: Node) -> Iterator[Permission]:
    yield from graph.iam.permissions.get(role, ())
    seen = set()
    for edge in graph.outgoing(role, EdgeKind.ATTACHES):
        if edge.target not in seen:
            seen.add(edge.target)
            yield from policy_permissions(graph, edge)


def policy_permissions(graph: ResourceGraph, edge: Edge) -> list[Permission]:
    """The statements of the policy at an `attaches` edge's target or a `bounds` edge's source."""
    policy = edge.source if edge.kind is EdgeKind.BOUNDS else edge.target
    if not policy.external:
        return list(graph.iam.permissions.get(policy, ()))
    return [
        Permission(statement, policy, (), everything_in(statement), edge.place)
        for statement in managed_statements(aws_managed_name(policy.logical_id) or "")
    ]


def is_void(graph: ResourceGraph, role: Node, pattern: str) -> bool:
    """True when the role's permissions boundary lets nothing of this action or pattern through.

    False without a boundary, and when what the boundary says is not known.
    """
    for edge in graph.incoming(role, EdgeKind.BOUNDS):
        boundary = policy_permissions(graph, edge)
        if not boundary:
            continue
        allowed = [each for each in boundary if each.statement.is_allow]
        actions = () if pattern == "*" else expand(pattern)
        if not allowed or (actions and not any(is_allowed(boundary, action) for action in actions)):
            return True
    return False


def trust(graph: ResourceGraph, role: Node) -> list[Permission]:
    """The statements of a role's `AssumeRolePolicyDocument`, with their places."""
    return [
        Permission(statement, role, document.path, everything=False)
        for document in graph.iam.documents.get(role, ())
        if document.kind == "trust"
        for statement in statements(document.body)
    ]


def everything_in(statement: Statement) -> bool:
    """True when the statement reaches all resources of its services."""
    if statement.not_resources:
        return True
    return any(reaches_everything(skeleton(written.value)) for written in statement.resources)


def is_denied(permissions: Iterable[Permission], action: str) -> bool:
    """True when one of these statements denies the action (or pattern) on all resources and without condition."""
    return any(
        not each.statement.is_allow
        and each.everything
        and not each.statement.condition
        and not each.statement.not_resources
        and admits(each.statement, action)
        for each in permissions
    )


def is_allowed(permissions: Iterable[Permission], action: str) -> bool:
    """True when a statement allows the action on some resource and none denies it everywhere."""
    listed = list(permissions)
    return any(allows(each.statement, action) for each in listed) and not is_denied(listed, action)


def unbounded_actions(permission: Permission) -> tuple[str, ...]:
    """What an `Allow` statement leaves unlimited on all resources: `*` (any action), `service:*`, `iam:PassRole`.

    Patterns as written; `NotAction` counts as `*`, a PassRole bound by `iam:PassedToService` not at all.
    """
    statement = permission.statement
    if not statement.is_allow or not permission.everything:
        return ()
    if statement.not_actions:
        return ("*",)
    found = [action for pattern in statement.actions if (action := _unlimited(pattern)) is not None]
    if found and "iam:passedtoservice" in statement.condition_keys():
        return tuple(action for action in found if action != ROLE_HANDOVER)
    return tuple(found)


@lru_cache(maxsize=4096)
def _unlimited(pattern: str) -> str | None:
    service, colon, name = pattern.lower().partition(":")
    if not service.strip("*") and not name.strip("*"):
        return "*"
    if colon and not name.strip("*"):
        return pattern
    return ROLE_HANDOVER if service == "iam" and matches(pattern, ROLE_HANDOVER) else None


def unbounded(graph: ResourceGraph, role: Node) -> list[tuple[Permission, str]]:
    """`unbounded_actions` of all permissions of a role, without those that a `Deny` takes away again."""
    permissions = role_permissions(graph, role)
    found = [(each, pattern) for each in permissions for pattern in unbounded_actions(each)]
    return [(each, pattern) for each, pattern in found if not is_denied(permissions, pattern)]


def services(permissions: Iterable[Permission]) -> frozenset[str]:
    """Service prefixes that the `Allow` statements name; `*` for any action."""
    return frozenset(
        service_of(pattern)
        for each in permissions
        if each.statement.is_allow
        for pattern in (each.statement.actions or ("*",))
    )


def document_size(document: PolicyDocument) -> int:
    """Characters of a policy document as IAM counts them (no white space), at least.

    What only the deployment knows counts as nothing, so the real size is never below.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    return _size(parsed(document.body), 0)


_PSEUDO_LENGTH = {"AWS::AccountId": 12, "AWS::Region": 9, "AWS::Partition": 3, "AWS::URLSuffix": 13}
_MAX_DEPTH = 40


def _size(value: Any, depth: int) -> int:
    if depth > _MAX_DEPTH:
        return 0
    if isinstance(value, str):
        return len("".join(value.split())) + 2
    if isinstance(value, bool):
        return 4 if value else 5
    if isinstance(value, (int, float)):
        return len(str(value))
    if isinstance(value, list):
        return 1 + sum(_size(item, depth + 1) + 1 for item in value) if value else 2
    if not isinstance(value, dict):
        return 0
    if len(value) == 1:
        [(function, argument)] = value.items()
        if function == "Ref" or str(function).startswith("Fn::"):
            return _intrinsic_size(function, argument, depth)
    return 1 + sum(len(str(key)) + 4 + _size(item, depth + 1) for key, item in value.items()) if value else 2


def _intrinsic_size(function: str, argument: Any, depth: int) -> int:
    if function == "Ref":
        return 2 + _PSEUDO_LENGTH.get(argument, 0) if isinstance(argument, str) and argument != "AWS::NoValue" else 0
    if function == "Fn::If" and isinstance(argument, list):
        return min((_size(branch, depth + 1) for branch in argument[1:3]), default=0)
    text = skeleton({function: argument})
    return 2 + len("".join(text.replace("\0", "").split()))


__all__ = [
    "access_levels",
    "admits",
    "allows",
    "document_size",
    "everything_in",
    "expand",
    "is_allowed",
    "is_denied",
    "is_void",
    "policy_permissions",
    "role_permissions",
    "services",
    "trust",
    "unbounded",
    "unbounded_actions",
]
