"""`connects`: code that is told an endpoint, a host or a secret of a database, cache, search domain or API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.edges.paths import ANY, EACH, follow
from archlint.graph.model import EdgeKind, Evidence, Node
from archlint.graph.text import NodePart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.edges.paths import Steps
    from archlint.graph.link import Linker
    from archlint.template.model import TemplatePath

# What is connected to, rather than called through an IAM action.
_ENDPOINTS = frozenset(
    {
        "AWS::AmazonMQ::Broker",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGatewayV2::Api",
        "AWS::AppSync::GraphQLApi",
        "AWS::DAX::Cluster",
        "AWS::DocDB::DBCluster",
        "AWS::DocDB::DBInstance",
        "AWS::DocDBElastic::Cluster",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::ElastiCache::ServerlessCache",
        "AWS::ElasticLoadBalancing::LoadBalancer",
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
        "AWS::Timestream::InfluxDBInstance",
        "AWS::VpcLattice::Service",
    }
)
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type
_ATTACHMENT = "AWS::SecretsManager::SecretTargetAttachment"
# Attributes of an API or database that are no endpoint: an ARN in the environment serves IAM, not a connection.
_NO_ENDPOINT = ("Arn", "DBClusterArn", "DBInstanceArn", "DBProxyArn", "RootResourceId")
# Types whose `Ref` and resource ID are names for the control plane: code that stops a database at night has them too.
_NAMED_BY_REF = frozenset(
    {
        "AWS::AmazonMQ::Broker",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::RDS::DBProxy",
        "AWS::RDS::DBProxyEndpoint",
    }
)
_BALANCERS = ("AWS::ElasticLoadBalancing::LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer")
_PORTS = ("Endpoint.Port", "ReadEndpoint.Port", "Port")
_IDENTIFIERS = ("Ref", "DBClusterResourceId", "DbiResourceId", "DBProxyName")


def connections(linker: Linker) -> None:
    """Adds the `connects` edges of all code, containers and instances; each rests on a name alone (`reference`).

    `detail["attributes"]` are all attributes that the code is told, `detail["attribute"]` the first that is no port.
    """
    graph = linker.graph
    databases = _databases_of_secrets(linker)
    if not databases and not any(next(graph.of_type(kind), None) for kind in _ENDPOINTS):
        return
    for node in list(graph.of_type(*_TYPES)):
        told: dict[tuple[Node, Node | None], list[tuple[TemplatePath, str]]] = {}
        for path, value in _environment(node):
            for target, attribute in _named(linker, node, value):
                if target.type in (_SECRET, _ATTACHMENT):
                    for database in databases.get(target, []):
                        told.setdefault((database, target), []).append((path, attribute))
                elif _is_endpoint(target, attribute) and target is not node:
                    told.setdefault((target, None), []).append((path, attribute))
        for path, connection, database, attribute in _through_connections(linker, node, databases):
            told.setdefault((database, connection), []).append((path, attribute))
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


def _through_connections(
    linker: Linker, node: Node, databases: dict[Node, list[Node]]
) -> Iterator[tuple[TemplatePath, Node, Node, str]]:
    """What a Glue job or crawler reaches through the connections that it names: their hosts and secrets."""
    steps = _CONNECTIONS.get(node.type)
    if steps is None or node.stack is None:
        return
    for path, value in follow(node.properties, steps):
        for connection in linker.targets(node.stack, value, _CONNECTION):
            for _, told in _environment(connection.node):
                for target, attribute in _named(linker, connection.node, told):
                    for database in databases.get(target, [target] if _is_endpoint(target, attribute) else []):
                        yield path, connection.node, database, attribute


def _is_endpoint(target: Node, attribute: str) -> bool:
    if target.type in _NAMED_BY_REF and attribute in _IDENTIFIERS:
        return False
    if target.type in _BALANCERS and attribute != "DNSName":
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
    """Values that the code of a compute is told, with their property paths."""
    for steps in _TOLD.get(node.type, ()):
        if steps[0] not in node.properties:
            continue
        for path, value in follow(node.properties, steps):
            if isinstance(value, (dict, str)):
                yield path, value
    if node.type in _WITH_USER_DATA:
        for steps in _USER_DATA:
            for path, value in follow(node.properties, steps):
                yield path, value
        metadata = node.resource.body.get("Metadata") if node.resource is not None else None
        for _, value in _leaves(metadata.get("AWS::CloudFormation::Init") if isinstance(metadata, dict) else None, 0):
            yield (), value


def _leaves(value: Any, depth: int) -> Iterator[tuple[TemplatePath, Any]]:
    """The intrinsic functions in the commands and files that an instance is set up with."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item, depth + 1)
    elif isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in _FUNCTIONS:
            yield (), value
            return
        for item in value.values():
            yield from _leaves(item, depth + 1)


_MAX_DEPTH = 20
_FUNCTIONS = frozenset({"Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::If"})
_WITH_USER_DATA = frozenset({"AWS::EC2::Instance", "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration"})
_USER_DATA = (("UserData", "Fn::Base64"), ("LaunchTemplateData", "UserData", "Fn::Base64"))
_RUNNER = ("SourceConfiguration", "ImageRepository", "ImageConfiguration")
_SOURCE = ("SourceConfiguration", "CodeRepository", "CodeConfiguration", "CodeConfigurationValues")
_PAIR = (EACH, "Value")
_CONNECTION = "AWS::Glue::Connection"
_CONNECTIONS: dict[str, Steps] = {
    "AWS::Glue::Crawler": ("Targets", "JdbcTargets", EACH, "ConnectionName"),
    "AWS::Glue::Job": ("Connections", "Connections", EACH),
}
# Where each type of compute has its environment variables, and its secrets.
_TOLD: dict[str, tuple[Steps, ...]] = {
    "AWS::Lambda::Function": (("Environment", "Variables", ANY),),
    "AWS::ECS::TaskDefinition": (
        ("ContainerDefinitions", EACH, "Environment", *_PAIR),
        ("ContainerDefinitions", EACH, "Secrets", EACH, "ValueFrom"),
    ),
    "AWS::Batch::JobDefinition": (
        ("ContainerProperties", "Environment", *_PAIR),
        ("ContainerProperties", "Secrets", EACH, "ValueFrom"),
        ("EcsProperties", "TaskProperties", EACH, "Containers", EACH, "Environment", *_PAIR),
    ),
    "AWS::AppRunner::Service": (
        (*_RUNNER, "RuntimeEnvironmentVariables", *_PAIR),
        (*_RUNNER, "RuntimeEnvironmentSecrets", *_PAIR),
        (*_SOURCE, "RuntimeEnvironmentVariables", *_PAIR),
    ),
    "AWS::ECS::ExpressGatewayService": (("PrimaryContainer", "Environment", *_PAIR),),
    "AWS::ElasticBeanstalk::ConfigurationTemplate": (("OptionSettings", *_PAIR),),
    "AWS::ElasticBeanstalk::Environment": (("OptionSettings", *_PAIR),),
    "AWS::Glue::Connection": (
        ("ConnectionInput", "ConnectionProperties", ANY),
        ("ConnectionInput", "AuthenticationConfiguration", "SecretArn"),
    ),
    "AWS::Glue::Job": (("DefaultArguments", ANY),),
    "AWS::Synthetics::Canary": (("RunConfig", "EnvironmentVariables", ANY),),
}
_TYPES = (*_TOLD, "AWS::Glue::Crawler", *sorted(_WITH_USER_DATA))


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
