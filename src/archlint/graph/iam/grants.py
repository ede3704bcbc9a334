"""Identity policies: statements to facts and `grants` edges."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from archlint.graph.iam.actions import access_levels, service_of
from archlint.graph.iam.facts import Permission, PolicyDocument
from archlint.graph.iam.naming import reached
from archlint.graph.iam.statements import statements
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from archlint.graph.iam.facts import DocumentKind
    from archlint.graph.iam.naming import Named
    from archlint.graph.iam.statements import Statement
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.template.model import Json, TemplatePath

# Service prefixes of the actions on a type, where they are not the second word of the type in lower case.
_SERVICES: dict[str, frozenset[str]] = {
    name: frozenset(prefixes.split())
    for name, prefixes in {
        "ACMPCA": "acm-pca",
        "AmazonMQ": "mq",
        "ApiGateway": "execute-api apigateway",
        "ApiGatewayV2": "execute-api apigateway",
        "Bedrock": "bedrock bedrock-agentcore",
        "BedrockAgentCore": "bedrock-agentcore",
        "CertificateManager": "acm",
        "CodeStarConnections": "codestar-connections codeconnections",
        "Cognito": "cognito-idp cognito-identity cognito-sync",
        "DocDB": "rds docdb-elastic",
        "DynamoDB": "dynamodb dax",
        "EC2": "ec2 ssm ec2-instance-connect",  # Systems Manager runs its commands on instances
        "EFS": "elasticfilesystem",
        "EMR": "elasticmapreduce",
        "EMRContainers": "emr-containers",
        "EMRServerless": "emr-serverless",
        "ElasticLoadBalancingV2": "elasticloadbalancing",
        "Elasticsearch": "es",
        "IAM": "iam sts",
        "KinesisAnalyticsV2": "kinesisanalytics",
        "KinesisFirehose": "firehose",
        "Location": "geo",
        "MSK": "kafka kafka-cluster",
        "MWAA": "airflow",
        "Neptune": "neptune-db rds",
        "OpenSearchServerless": "aoss",
        "OpenSearchService": "es opensearch",
        "Pinpoint": "mobiletargeting",
        "RDS": "rds rds-data rds-db",
        "Redshift": "redshift redshift-data",
        "RedshiftServerless": "redshift-serverless redshift-data",
        "StepFunctions": "states",
    }.items()
}


# Service prefixes of the actions on an ARN of a service, where there are others than its own.
_ARN_SERVICES: dict[str, frozenset[str]] = {
    name: frozenset({name, *prefixes.split()})
    for name, prefixes in {
        "dynamodb": "dax",
        "ec2": "ssm ec2-instance-connect",
        "es": "opensearch",
        "iam": "sts",
        "kafka": "kafka-cluster",
        "rds": "rds-data",
        "redshift": "redshift-data",
        "redshift-serverless": "redshift-data",
    }.items()
}


def services_of(node: Node) -> frozenset[str] | None:
    """Service prefixes whose actions work on this resource; None when any may (an external thing without ARN)."""
    if not node.external:
        return services_of_type(node.type)
    fields = node.logical_id.replace("${AWS::Partition}", "aws", 1).split(":", 3)
    service = fields[2] if fields[0] == "arn" and len(fields) > 3 else node.service
    return _ARN_SERVICES.get(service, frozenset({service})) if service is not None else None


@lru_cache(maxsize=1024)
def services_of_type(kind: str) -> frozenset[str]:
    """Service prefixes of the actions that work on resources of this type."""
    _, _, rest = kind.partition("::")
    service = rest.partition("::")[0]
    return _SERVICES.get(service) or frozenset({service.lower()})


@lru_cache(maxsize=4096)
def actions_on(actions: tuple[str, ...], services: frozenset[str] | None) -> frozenset[str]:
    """Those of the actions (patterns as written) that belong to one of these services.

    With no service known, all of them when they belong to one service, else none: which one is meant is open.
    """
    if services is None:
        return frozenset(actions) if len({service_of(action) for action in actions}) == 1 else frozenset()
    found = []
    for action in actions:
        service = service_of(action)
        if service in services or "*" in service:
            found.append(action)
    return frozenset(found)


@lru_cache(maxsize=4096)
def levels_of(actions: frozenset[str]) -> frozenset[str]:
    """`access_levels`, remembered."""
    return access_levels(actions)


def add_document(linker: Linker, holder: Node, path: TemplatePath, body: Json, *, kind: DocumentKind) -> None:
    """Records an identity policy of this role, user, group or policy resource, and adds its `grants` edges.

    `path` leads from the holder's properties to the document.
    """
    stack = holder.stack
    if stack is None or body is None:
        return
    facts = linker.graph.iam
    facts.documents.setdefault(holder, []).append(PolicyDocument(kind, body, holder, path))
    permissions = facts.permissions.setdefault(holder, [])
    for statement in statements(body, lambda value: linker.literal(stack, value)):
        permissions.append(Permission(statement, holder, path, _grant(linker, holder, path, statement)))


def _grant(linker: Linker, holder: Node, path: TemplatePath, statement: Statement) -> bool:
    """Adds the edges of one statement; true when it reaches everything."""
    assert holder.stack is not None  # noqa: S101 - the caller has looked
    everything = bool(statement.not_resources)
    rests: dict[Node, list[Named]] = {}
    paths: dict[Node, TemplatePath] = {}
    for written in statement.resources:
        found = reached(linker, holder.stack, written.value)
        everything |= found.everything
        for named in found.named:
            rests.setdefault(named.node, []).append(named)
            paths.setdefault(named.node, written.path)
    if not statement.is_allow:
        return everything
    actions = statement.actions or ("*",)
    for node, names in rests.items():
        admitted = actions_on(actions, services_of(node))
        if admitted and node is not holder:
            linker.connect(
                EdgeKind.GRANTS,
                holder,
                node,
                place=holder.place(*path, *paths[node]),
                qualifier=next((named.qualifier for named in names if named.qualifier), None),
                access=levels_of(admitted),
                actions=admitted,
                detail=_detail(names, statement),
            )
    return everything


def _detail(names: list[Named], statement: Statement) -> dict[str, Json]:
    """`paths`: what the ARNs have behind the resource; `family`: by a name pattern; `conditions`: condition keys."""
    detail: dict[str, Json] = {}
    below: list[Json] = [_below(named) for named in names]
    if any(below):
        detail["paths"] = below
    if all(named.family for named in names):
        detail["family"] = True
    if statement.condition:
        detail["conditions"] = [*sorted(statement.condition_keys())]
    return detail


def _below(named: Named) -> str:
    """`/*`, `/index/x`; `/stream/` for a stream named by attribute, nothing for a `*` right behind the name."""
    if named.attribute == "StreamArn" and not named.rest:
        return "/stream/"
    return named.rest if named.rest.startswith(("/", ":")) else ""
