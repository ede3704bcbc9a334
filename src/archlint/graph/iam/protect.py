"""Edge finders of resource policies: `permits` from whom they name to the resource that carries them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

import msgspec

from archlint.graph.iam.facts import Permission, PolicyDocument
from archlint.graph.iam.grants import actions_on, levels_of, services_of
from archlint.graph.iam.naming import reached
from archlint.graph.iam.statements import Written, spread, statements
from archlint.graph.model import EdgeKind
from archlint.graph.text import NodePart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.edges.table import Finder
    from archlint.graph.iam.statements import Statement
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.graph.text import Part
    from archlint.template.model import Json, TemplatePath

_SOURCE_KEYS = frozenset({"aws:sourcearn", "aws:principalarn"})
_ALLOWING_TESTS = ("arn", "string", "foranyvalue:", "forallvalues:")


class Carrier(msgspec.Struct, frozen=True):
    """Where a type has its resource policy, and which property names what it protects (None: the resource itself)."""

    policy: str
    target: str | None = None
    type: str = ""


_CARRIERS: dict[str, tuple[Carrier, ...]] = {
    "AWS::SQS::QueuePolicy": (Carrier("PolicyDocument", "Queues", "AWS::SQS::Queue"),),
    "AWS::SQS::QueueInlinePolicy": (Carrier("PolicyDocument", "Queue", "AWS::SQS::Queue"),),
    "AWS::SNS::TopicPolicy": (Carrier("PolicyDocument", "Topics", "AWS::SNS::Topic"),),
    "AWS::SNS::TopicInlinePolicy": (Carrier("PolicyDocument", "TopicArn", "AWS::SNS::Topic"),),
    "AWS::S3::BucketPolicy": (Carrier("PolicyDocument", "Bucket", "AWS::S3::Bucket"),),
    "AWS::S3Express::BucketPolicy": (Carrier("PolicyDocument", "Bucket", "AWS::S3Express::DirectoryBucket"),),
    "AWS::S3::AccessPoint": (Carrier("Policy", "Bucket", "AWS::S3::Bucket"),),
    "AWS::S3::AccessPointPolicy": (Carrier("Policy", "Bucket", "AWS::S3::AccessPoint"),),
    "AWS::S3Tables::TableBucketPolicy": (Carrier("ResourcePolicy", "TableBucketARN", "AWS::S3Tables::TableBucket"),),
    "AWS::S3Vectors::VectorBucketPolicy": (Carrier("Policy", "VectorBucketArn", "AWS::S3Vectors::VectorBucket"),),
    "AWS::KMS::Key": (Carrier("KeyPolicy"),),
    "AWS::KMS::ReplicaKey": (Carrier("KeyPolicy"),),
    "AWS::ECR::Repository": (Carrier("RepositoryPolicyText"),),
    "AWS::ECR::PublicRepository": (Carrier("RepositoryPolicyText"),),
    "AWS::CodeArtifact::Domain": (Carrier("PermissionsPolicyDocument"),),
    "AWS::CodeArtifact::Repository": (Carrier("PermissionsPolicyDocument"),),
    "AWS::MediaStore::Container": (Carrier("Policy"),),
    "AWS::SecretsManager::ResourcePolicy": (Carrier("ResourcePolicy", "SecretId", "AWS::SecretsManager::Secret"),),
    "AWS::Kinesis::ResourcePolicy": (Carrier("ResourcePolicy", "ResourceArn", "AWS::Kinesis::Stream"),),
    "AWS::DynamoDB::Table": (Carrier("ResourcePolicy.PolicyDocument"),),
    "AWS::EFS::FileSystem": (Carrier("FileSystemPolicy"),),
    "AWS::ApiGateway::RestApi": (Carrier("Policy"), Carrier("Body.x-amazon-apigateway-policy")),
    "AWS::ApiGateway::DomainNameV2": (Carrier("Policy"),),
    "AWS::OpenSearchService::Domain": (Carrier("AccessPolicies"),),
    "AWS::Elasticsearch::Domain": (Carrier("AccessPolicies"),),
    "AWS::Backup::BackupVault": (Carrier("AccessPolicy"),),
    "AWS::Events::EventBus": (Carrier("Policy"),),
}


_Source: TypeAlias = "tuple[Node, TemplatePath, dict[str, Json]]"


class _Permit(msgspec.Struct, frozen=True):
    """What one policy lets one source do with one resource."""

    actions: set[str]
    path: TemplatePath
    detail: dict[str, Json]


def carried_policy(linker: Linker, node: Node) -> None:
    """A resource with a policy on itself, or a policy resource that names what it protects."""
    stack = node.stack
    if stack is None:
        return
    for carrier in _CARRIERS[node.type]:
        path: TemplatePath = tuple(carrier.policy.split("."))
        body: Json = node.properties
        for step in path:
            body = body.get(str(step)) if isinstance(body, dict) else None
        if body is None:
            continue
        protected = [node]
        if carrier.target is not None:
            value = node.properties.get(carrier.target)
            protected = [target.node for target in linker.targets(stack, value, carrier.type)]
        _resource_policy(linker, node, protected, path, body)


def _resource_policy(linker: Linker, node: Node, protected: list[Node], path: TemplatePath, body: Json) -> None:
    """Facts and edges of one document on these resources."""
    stack = node.stack
    assert stack is not None  # noqa: S101 - the caller has looked
    facts = linker.graph.iam
    facts.documents.setdefault(node, []).append(PolicyDocument("resource", body, node, path))
    permits: dict[tuple[Node, Node], _Permit] = {}
    for statement in statements(body, lambda value: linker.literal(stack, value)):
        everything, covered = _covered(linker, stack, statement, protected)
        permission = Permission(statement, node, path, everything)
        for resource in covered:
            facts.resource_policies.setdefault(resource, []).append(permission)
        if not statement.is_allow:
            continue
        for source, at, detail in _sources(linker, stack, statement):
            for resource in covered:
                _permit(permits, source, resource, statement, at, detail)
    _connect(linker, node, permits, path)


def _covered(linker: Linker, stack: Stack, statement: Statement, protected: list[Node]) -> tuple[bool, list[Node]]:
    """Those of the policy's resources that a statement speaks of; what it names in a way nobody here knows are all."""
    if not statement.resources:
        return True, protected
    named: set[Node] = set()
    for written in statement.resources:
        found = reached(linker, stack, written.value)
        if found.everything or not found.named:
            return found.everything, protected
        named.update(each.node for each in found.named)
    covered = [node for node in protected if node in named]
    return False, covered or [node for node in protected if any(other.external for other in named)]


def _sources(linker: Linker, stack: Stack, statement: Statement) -> Iterator[_Source]:
    """Whom a statement lets in: the resources of its SourceArn conditions, else its principals as external nodes."""
    detail: dict[str, Json] = {
        "principals": [_shown(linker, stack, principal.value) for principal in statement.principals]
    }
    keys = statement.condition_keys() - _SOURCE_KEYS
    if keys:
        detail["conditions"] = [*sorted(keys)]
    found = False
    for written in _source_arns(statement):
        sources = reached(linker, stack, written.value)
        shown: dict[str, Json] = {**detail, "source": str(sources.text)}
        for named in sources.named:
            found = True
            yield named.node, written.path, shown
        if not found:
            detail.setdefault("source", str(sources.text))
    if found:
        return
    for principal in statement.principals:
        for node in principal_nodes(linker, stack, principal.kind, principal.value):
            yield node, principal.path, detail


def _source_arns(statement: Statement) -> Iterator[Written]:
    for test, keys in statement.condition.items():
        if not isinstance(keys, dict) or not test.lower().startswith(_ALLOWING_TESTS) or "not" in test.lower():
            continue
        for key, value in keys.items():
            if key.lower() in _SOURCE_KEYS:
                yield from spread(value, (*statement.path, "Condition", test, key))


def principal_nodes(linker: Linker, stack: Stack, kind: str, value: Json) -> Iterator[Node]:
    """A role or user of the run, else the external node of the principal: service, account, ARN or `*`."""
    if value == "*":
        yield linker.external("*")
        return
    texts = linker.texts(stack, value)
    identities = [part.node for text in texts for part in text.parts if _is_origin_access_identity(part)]
    if identities:  # an ARN of CloudFront's own account that ends with the identity
        yield from identities
        return
    if kind != "Service":
        targets = linker.targets(stack, value)
        yield from (target.node for target in targets)
        if targets:
            return
    for text in texts:
        if text.hole is not None and text.hole.name.startswith("Fn::"):  # says nothing at all
            continue
        shown = str(text)
        if shown:
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
            yield linker.external(f"arn:aws:iam::{shown}:root" if _ACCOUNT.fullmatch(shown) else shown)


# An account by its number is the same principal as by the ARN of its root.
_ACCOUNT = re.compile(r"[0-9]{12}|\$\{AWS::AccountId\}")


def _is_origin_access_identity(part: Part) -> TypeGuard[NodePart]:
    return isinstance(part, NodePart) and part.node.type == "AWS::CloudFront::CloudFrontOriginAccessIdentity"


def _permit(
    permits: dict[tuple[Node, Node], _Permit],
    source: Node,
    resource: Node,
    statement: Statement,
    at: TemplatePath,
    detail: dict[str, Json],
) -> None:
    if source is resource:
        return
    admitted = actions_on(statement.actions or ("*",), services_of(resource)) or frozenset(statement.actions)
    known = permits.get((source, resource))
    if known is None:
        permits[source, resource] = _Permit(set(admitted), at, detail)
    else:
        known.actions.update(admitted)


def _connect(linker: Linker, node: Node, permits: dict[tuple[Node, Node], _Permit], path: TemplatePath) -> None:
    for (source, resource), permit in permits.items():
        actions = frozenset(permit.actions)
        linker.connect(
            EdgeKind.PERMITS,
            source,
            resource,
            place=node.place(*path, *permit.path),
            via=node if node is not resource else None,
            access=levels_of(actions),
            actions=actions,
            detail=permit.detail,
        )


def lambda_permission(linker: Linker, node: Node) -> None:
    """`AWS::Lambda::Permission`: the resource of SourceArn, else the principal, may call the function."""
    properties = node.properties
    arn = Written(("SourceArn",), properties.get("SourceArn"))
    principal = Written(("Principal",), properties.get("Principal"))
    _single(linker, node, ("FunctionName", "AWS::Lambda::Function"), arn, principal)


def layer_permission(linker: Linker, node: Node) -> None:
    """`AWS::Lambda::LayerVersionPermission`: an account or organization may use the layer."""
    principal = Written(("Principal",), node.properties.get("Principal"))
    _single(linker, node, ("LayerVersionArn", "AWS::Lambda::LayerVersion"), Written((), None), principal)


def authority_permission(linker: Linker, node: Node) -> None:
    """`AWS::ACMPCA::Permission`: a service may issue certificates of the authority."""
    principal = Written(("Principal",), node.properties.get("Principal"))
    authority = ("CertificateAuthorityArn", "AWS::ACMPCA::CertificateAuthority")
    _single(linker, node, authority, Written((), None), principal)


def _single(linker: Linker, node: Node, target: tuple[str, str], arn: Written, principal: Written) -> None:
    """The edges of a permission that is a resource: `target` is the property and type of what it opens."""
    stack = node.stack
    if stack is None:
        return
    targets = linker.targets(stack, node.properties.get(target[0]), target[1])
    detail: dict[str, Json] = {
        "principals": [_shown(linker, stack, each.value) for each in spread(principal.value, ())]
    }
    sources: list[Node] = []
    if arn.value is not None:
        for each in spread(arn.value, ()):
            found = reached(linker, stack, each.value)
            detail.setdefault("source", str(found.text))
            sources += [named.node for named in found.named]
    place = node.place(*(arn if sources else principal).path)
    if not sources:
        for each in spread(principal.value, ()):
            sources += principal_nodes(linker, stack, "AWS", each.value)
    action = node.properties.get("Action")
    actions = frozenset({action}) if isinstance(action, str) else frozenset()
    for opened in targets:
        for source in sources:
            linker.connect(
                EdgeKind.PERMITS,
                source,
                opened.node,
                place=place,
                via=node,
                qualifier=opened.qualifier,
                access=levels_of(actions),
                actions=actions,
                detail=detail,
            )


def event_bus_policy(linker: Linker, node: Node) -> None:
    """`AWS::Events::EventBusPolicy`, in both of its spellings; a policy on the default bus protects no resource."""
    stack, properties = node.stack, node.properties
    if stack is None or properties.get("EventBusName") is None:
        return
    protected = [target.node for target in linker.targets(stack, properties["EventBusName"], "AWS::Events::EventBus")]
    protected = [bus for bus in protected if not bus.logical_id.endswith("default") or not bus.external]
    statement = properties.get("Statement")
    if statement is None:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": properties.get("Principal")},
            "Action": properties.get("Action"),
            "Condition": properties.get("Condition"),
        }
    if protected:
        _resource_policy(linker, node, protected, (), {"Statement": statement})


def log_policy(linker: Linker, node: Node) -> None:
    """`AWS::Logs::ResourcePolicy`: a service may write to the log groups that its statements name."""
    stack, body = node.stack, node.properties.get("PolicyDocument")
    if stack is None or body is None:
        return
    named = [
        each.node
        for statement in statements(body, lambda value: linker.literal(stack, value))
        for written in statement.resources
        for each in reached(linker, stack, written.value).named
    ]
    protected = [each for each in dict.fromkeys(named) if each.type == "AWS::Logs::LogGroup"]
    if protected:
        _resource_policy(linker, node, protected, ("PolicyDocument",), body)


def _shown(linker: Linker, stack: Stack, value: Json) -> str:
    """The value for a reader, `${Name}` for what is not known."""
    if isinstance(value, str):
        return value
    texts = linker.texts(stack, value)
    return str(texts[0]) if texts else ""


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::Lambda::Permission": (lambda_permission,),
    "AWS::Lambda::LayerVersionPermission": (layer_permission,),
    "AWS::ACMPCA::Permission": (authority_permission,),
    "AWS::Events::EventBusPolicy": (event_bus_policy,),
    "AWS::Logs::ResourcePolicy": (log_policy,),
    **dict.fromkeys(_CARRIERS, (carried_policy,)),
}
