"""A role's policies are so big that the next permission may not fit.

IAM refuses what is over its quotas, and it does so during a deployment: the inline policies of a role may have 10,240
characters together, a managed policy 6,144, a trust policy 2,048 (white space does not count), and 10 managed policies
may be attached. Only the last two can be raised. The day the limit is met somebody needs one more statement, and has to
restructure the policies first.

## How to fix it

Split the role: functions that share one rarely need the same things. Name families of resources by a prefix instead of
one by one, drop what nothing uses, and move what several roles have in common into a managed policy.

## Known exceptions

Parts that only the deployment knows count as nothing, so the real size is never below the one reported.
"""

from collections import Counter
from collections.abc import Iterator

from archlint.api import (
    Edge,
    EdgeKind,
    Finding,
    Node,
    Param,
    PolicyDocument,
    RuleContext,
    RuleMeta,
    Severity,
    document_size,
)

META = RuleMeta(
    id="IAM006",
    name="policy-near-limit",
    severity=Severity.WARNING,
    summary="Policies of a role are near the size that IAM accepts",
    help_uri="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
    pillar="reliability",
    params={
        "ratio": Param("number", 0.9, 0, "share of the quota for inline policies from which on it is reported"),
        "managed": Param("integer", 10, 1, "managed policies that may be attached; the account's quota"),
        "trust": Param("integer", 2048, 1, "characters of a trust policy; the account's quota"),
    },
)

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, white space not counted
INLINE = {"AWS::IAM::Role": 10_240, "AWS::IAM::Group": 5_120, "AWS::IAM::User": 2_048}
MANAGED = 6_144


def check(context: RuleContext) -> Iterator[Finding]:
    ratio, limit = context.params["ratio"], context.params["managed"]
    by_holder: dict[Node, list[Edge]] = {}
    for edge in context.graph.of_kind(EdgeKind.ATTACHES):
        by_holder.setdefault(edge.source, []).append(edge)
    for holder in context.graph.of_type(*INLINE):
        attached = by_holder.get(holder, [])
        yield from _inline(context, holder, attached, ratio)
        if len(attached) > limit:
            yield from _attached(context, holder, attached, limit)
    limits = {"managed": MANAGED, "trust": context.params["trust"]}
    for held in context.graph.iam.documents.values():
        for document in held:
            if document.kind in limits and _at_most(document) > limits[document.kind]:
                yield from _single(context, document, limits[document.kind])


def _coexisting(context: RuleContext, holder: Node, policies: list[Node]) -> list[Node]:
    """The holder and the inline policies that are resources of their own, without those that exclude the others."""
    found = [holder]
    for policy in dict.fromkeys(policies):
        if context.values.coexist(*found, policy):
            found.append(policy)
    return found


def _inline(context: RuleContext, holder: Node, attached: list[Edge], ratio: float) -> Iterator[Finding]:
    limit = INLINE[holder.type]
    least = ratio * limit
    policies = [edge.target for edge in attached if edge.target.type != "AWS::IAM::ManagedPolicy"]
    if sum(map(_at_most, _documents(context, [holder, *policies]))) < least:
        return
    documents = _documents(context, _coexisting(context, holder, policies))
    size = _sum(documents)
    if size < least:
        return
    number = f"{len(documents)} inline policies" if len(documents) > 1 else "its inline policy"
    yield context.finding(
        holder,
        f"{holder} has {size:,} characters in {number}, {size / limit:.0%} of the {limit:,} that IAM accepts",
        related=[(place, f"{document_size(each):,} characters") for each in documents[:8] if (place := each.place)],
        key=(holder.logical_id, "inline"),
    )


def _documents(context: RuleContext, nodes: list[Node]) -> list[PolicyDocument]:
    known = context.graph.iam.documents
    return [document for node in nodes for document in known.get(node, ()) if document.kind == "inline"]


def _sum(documents: list[PolicyDocument]) -> int:
    """Characters of all; of two branches of an `Fn::If` only the bigger one is ever deployed."""
    sizes: dict[tuple[object, ...], Counter[object]] = {}
    for document in documents:
        path = (document.holder.id, *document.path)
        index = path.index("Fn::If") if "Fn::If" in path else len(path) - 1
        sizes.setdefault(path[:index], Counter())[path[index + 1] if "Fn::If" in path else None] += document_size(
            document
        )
    return sum(max(branches.values()) for branches in sizes.values())


def _at_most(document: PolicyDocument) -> int:
    """No less than `document_size`, and cheap: nearly all policies are far from any limit."""
    return len(repr(document.body))


def _single(context: RuleContext, document: PolicyDocument, limit: int) -> Iterator[Finding]:
    size = document_size(document)
    if size <= limit:
        return
    kind = "policy" if document.kind == "managed" else "trust policy"
    whose = f"{document.holder}" if document.kind == "managed" else f"the trust policy of {document.holder}"
    yield context.finding(
        document.place or document.holder,
        f"{whose} has {size:,} characters, more than the {limit:,} that IAM accepts in a {kind}",
        key=(document.holder.logical_id, document.kind),
        owner_of=document.holder,
    )


def _attached(context: RuleContext, holder: Node, edges: list[Edge], limit: int) -> Iterator[Finding]:
    """Managed policies in the world that has most of them."""
    themselves = [edge.target for edge in edges if _attaches_itself(edge)]
    own = [context.values.value(holder, "ManagedPolicyArns", world) for world in context.values.worlds(holder)]
    count = max((len(listed) for listed in own if isinstance(listed, list)), default=0)
    count += len(_coexisting(context, holder, themselves)) - 1
    if count > limit:
        yield context.finding(
            (holder, "ManagedPolicyArns"),
            f"{holder} has {count} managed policies attached, more than the {limit} that IAM accepts unless the "
            "account's quota was raised",
            key=(holder.logical_id, "attached"),
        )


def _attaches_itself(edge: Edge) -> bool:
    """True for a managed policy that names the role, not the other way round."""
    if edge.target.type != "AWS::IAM::ManagedPolicy" or edge.place is None:
        return False
    places = [edge.target.place(name) for name in ("Roles", "Users", "Groups")]
    return any(place is not None and edge.place.path[: len(place.path)] == place.path for place in places)
