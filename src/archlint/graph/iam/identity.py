"""Edge finders of roles, users, groups and their policies: `attaches`, `bounds`, `assumes`, `grants`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.iam.facts import PolicyDocument
from archlint.graph.iam.grants import add_document
from archlint.graph.iam.managed import AWS_MANAGED, aws_managed_path
from archlint.graph.iam.reach import skeleton
from archlint.graph.iam.statements import spread, statements
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.iam.facts import DocumentKind
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.template.model import Json

ROLE = "AWS::IAM::Role"
_MANAGED = "AWS::IAM::ManagedPolicy"


def principal_policies(linker: Linker, node: Node) -> None:
    """A role, user or group: its inline policies, attached policies and permissions boundary."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    for written in spread(properties.get("Policies"), ("Policies",)):
        if isinstance(written.value, dict):
            path = (*written.path, "PolicyDocument")
            add_document(linker, node, path, written.value.get("PolicyDocument"), kind="inline")
    for written in spread(properties.get("ManagedPolicyArns"), ("ManagedPolicyArns",)):
        for policy in policies(linker, stack, written.value):
            linker.connect(EdgeKind.ATTACHES, node, policy, place=node.place(*written.path))
    for policy in policies(linker, stack, properties.get("PermissionsBoundary")):
        linker.connect(EdgeKind.BOUNDS, policy, node, place=node.place("PermissionsBoundary"))


def policies(linker: Linker, stack: Stack, value: Json) -> list[Node]:
    """The policies that ARNs name; one that AWS manages is `external:arn:aws:iam::aws:policy/…` in every partition."""
    if value is None:
        return []
    path = aws_managed_path(skeleton(value))  # most are, and need no resolving
    if path is not None:
        return [linker.external(AWS_MANAGED + path)]
    paths = [aws_managed_path(str(text)) for text in linker.texts(stack, value)]
    if paths and None not in paths:
        return [linker.external(f"{AWS_MANAGED}{path}") for path in paths]
    found: dict[Node, None] = {}
    for target in linker.targets(stack, value, _MANAGED):
        path = aws_managed_path(target.node.logical_id) if target.node.external else None
        found[linker.external(AWS_MANAGED + path) if path is not None else target.node] = None
    return [*found]


def role(linker: Linker, node: Node) -> None:
    """A role: what every principal has, and which other roles may assume it."""
    principal_policies(linker, node)
    stack = node.stack
    body = node.properties.get("AssumeRolePolicyDocument")
    if stack is None or body is None:
        return
    base = ("AssumeRolePolicyDocument",)
    document = PolicyDocument("trust", body, node, base)
    linker.graph.iam.documents.setdefault(node, []).append(document)
    if _trusts_services_only(body):
        return
    for statement in statements(body, lambda value: linker.literal(stack, value)):
        if not statement.is_allow:
            continue
        for principal in statement.principals:
            if principal.kind != "AWS" or principal.value == "*":
                continue
            for target in linker.targets(stack, principal.value):
                if target.node.type == ROLE and target.node is not node:
                    place = node.place(*base, *principal.path)
                    linker.connect(EdgeKind.ASSUMES, target.node, node, place=place)


def _trusts_services_only(body: Json) -> bool:
    """True for the trust policy that nearly every role has, told without taking it apart."""
    listed = body.get("Statement") if isinstance(body, dict) else None
    for statement in listed if isinstance(listed, list) else [listed]:
        principal = statement.get("Principal") if isinstance(statement, dict) else None
        if not isinstance(principal, dict) or not principal.keys() <= {"Service", "Federated"}:
            return False
    return True


def separate_policy(linker: Linker, node: Node) -> None:
    """A policy that is a resource of its own: what it grants, and whom it is attached to."""
    kind: DocumentKind = "managed" if node.type == _MANAGED else "inline"
    add_document(linker, node, ("PolicyDocument",), node.properties.get("PolicyDocument"), kind=kind)
    stack = node.stack
    if stack is None:
        return
    for name, holder_type in _HOLDERS:
        value = node.properties.get(name)
        if value is None:
            continue
        for written in spread(value, (name,)):
            for target in linker.targets(stack, written.value, holder_type):
                linker.connect(EdgeKind.ATTACHES, target.node, node, place=node.place(*written.path))


_HOLDERS = (
    ("Roles", ROLE),
    ("RoleName", ROLE),
    ("Users", "AWS::IAM::User"),
    ("UserName", "AWS::IAM::User"),
    ("Groups", "AWS::IAM::Group"),
    ("GroupName", "AWS::IAM::Group"),
)

FINDERS: dict[str, tuple[Finder, ...]] = {
    ROLE: (role,),
    "AWS::IAM::User": (principal_policies,),
    "AWS::IAM::Group": (principal_policies,),
    "AWS::IAM::Policy": (separate_policy,),
    _MANAGED: (separate_policy,),
    "AWS::IAM::RolePolicy": (separate_policy,),
    "AWS::IAM::UserPolicy": (separate_policy,),
    "AWS::IAM::GroupPolicy": (separate_policy,),
}
