"""`connects`: code that is told an endpoint, a host or a secret of a database, cache, search domain or API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.model import EdgeKind, Evidence, Node
from archlint.graph.text import NodePart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.link import Linker
    from archlint.template.model import TemplatePath

# What is connected to, rather than called through an IAM action.
_ENDPOINTS = frozenset(
    {
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGatewayV2::Api",
        "AWS::AppSync::GraphQLApi",
        "AWS::DAX::Cluster",
        "AWS::DocDB::DBCluster",
        "AWS::DocDB::DBInstance",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::ElastiCache::ServerlessCache",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::Elasticsearch::Domain",
        "AWS::Lambda::Url",
        "AWS::MemoryDB::Cluster",
        "AWS::Neptune::DBCluster",
        "AWS::Neptune::DBInstance",
        "AWS::OpenSearchServerless::Collection",
        "AWS::OpenSearchService::Domain",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::RDS::DBProxy",
        "AWS::RDS::DBProxyEndpoint",
        "AWS::Redshift::Cluster",
        "AWS::RedshiftServerless::Workgroup",
        "AWS::VpcLattice::Service",
    }
)
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type
_ATTACHMENT = "AWS::SecretsManager::SecretTargetAttachment"
# Attributes of an API or database that are no endpoint: an ARN in the environment serves IAM, not a connection.
_NO_ENDPOINT = ("Arn", "DBClusterArn", "DBInstanceArn", "DBProxyArn", "RootResourceId")
# Types whose `Ref` and resource ID are names for the control plane: code that stops a database at night has them too.
_NAMED_BY_REF = frozenset(
    {"AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::RDS::DBProxy", "AWS::RDS::DBProxyEndpoint"}
)
_PORTS = ("Endpoint.Port", "ReadEndpoint.Port", "Port")
_IDENTIFIERS = ("Ref", "DBClusterResourceId", "DbiResourceId", "DBProxyName")


def connections(linker: Linker) -> None:
    """Adds the `connects` edges of all functions and task definitions; each rests on a name alone (`reference`).

    `detail["attributes"]` are all attributes that the code is told, `detail["attribute"]` the first that is no port.
    """
    graph = linker.graph
    databases = _databases_of_secrets(linker)
    if not databases and not any(next(graph.of_type(kind), None) for kind in _ENDPOINTS):
        return
    for node in [*graph.of_type("AWS::Lambda::Function"), *graph.of_type("AWS::ECS::TaskDefinition")]:
        told: dict[tuple[Node, Node | None], list[tuple[TemplatePath, str]]] = {}
        for path, value in _environment(node):
            for target, attribute in _named(linker, node, value):
                if target.type in (_SECRET, _ATTACHMENT):
                    for database in databases.get(target, []):
                        told.setdefault((database, target), []).append((path, attribute))
                elif _is_endpoint(target, attribute) and target is not node:
                    told.setdefault((target, None), []).append((path, attribute))
        for (endpoint, via), names in told.items():
            path, attribute = next((name for name in names if name[1] not in _PORTS), names[0])
            linker.connect(
                EdgeKind.CONNECTS,
                node,
                endpoint,
                place=node.place(*path),
                evidence=Evidence.REFERENCE,
                via=via,
                detail={"attribute": attribute, "attributes": [*dict.fromkeys(name for _, name in names)]},
            )


def _is_endpoint(target: Node, attribute: str) -> bool:
    if target.type in _NAMED_BY_REF and attribute in _IDENTIFIERS:
        return False
    return target.type in _ENDPOINTS and attribute not in _NO_ENDPOINT


def _named(linker: Linker, node: Node, value: Any) -> list[tuple[Node, str]]:
    if node.stack is None:
        return []
    return [
        (part.node, part.attribute)
        for text in linker.texts(node.stack, value)
        for part in text.parts
        if isinstance(part, NodePart)
    ]


def _environment(node: Node) -> Iterator[tuple[TemplatePath, Any]]:
    """Values that the code of a function or container is told, with their property paths."""
    properties = node.properties
    environment = properties.get("Environment")
    variables = environment.get("Variables") if isinstance(environment, dict) else None
    if isinstance(variables, dict):
        for name, value in variables.items():
            if isinstance(value, (dict, str)):
                yield ("Environment", "Variables", name), value
    containers = properties.get("ContainerDefinitions")
    for index, container in enumerate(containers if isinstance(containers, list) else ()):
        if not isinstance(container, dict):
            continue
        for key, field in (("Environment", "Value"), ("Secrets", "ValueFrom")):
            entries = container.get(key)
            for position, entry in enumerate(entries if isinstance(entries, list) else ()):
                if isinstance(entry, dict):
                    yield ("ContainerDefinitions", index, key, position, field), entry.get(field)


def _databases_of_secrets(linker: Linker) -> dict[Node, list[Node]]:
    """Databases by the secret (or attachment) that holds their endpoint."""
    found: dict[Node, list[Node]] = {}
    for attachment in linker.graph.of_type(_ATTACHMENT):
        if attachment.stack is None:
            continue
        properties = attachment.properties
        databases = [
            t.node for t in linker.targets(attachment.stack, properties.get("TargetId")) if t.node.type in _ENDPOINTS
        ]
        for secret in linker.targets(attachment.stack, properties.get("SecretId"), _SECRET):
            for node in (attachment, secret.node):
                found.setdefault(node, []).extend(database for database in databases if database not in found[node])
    return found
