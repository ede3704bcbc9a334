"""What keeps tables and databases: scaling targets and backup selections, as `references` of what they look after.

`detail["scales"]` is the dimension of a scalable target; `detail["backs_up"]` is true for a backup selection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.edges.paths import EACH, follow, mappings
from archlint.graph.model import EdgeKind
from archlint.graph.text import NodePart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.edges.paths import Steps
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.template.model import TemplatePath

TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
CLUSTER = "AWS::RDS::DBCluster"
# What AWS Backup takes care of among the types that rules ask about, by the service in an ARN.
# https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html
_BACKED_UP = {
    "dynamodb": TABLES,
    "rds": (CLUSTER, "AWS::RDS::DBInstance", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"),
    "s3": ("AWS::S3::Bucket",),
}
_TAG = "aws:ResourceTag/"


def scalable_target(linker: Linker, node: Node) -> None:
    """Scalable target → the table (of `table/orders` or `table/orders/index/by-day`) or Aurora cluster it scales.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
    """
    stack = node.stack
    if stack is None:
        return
    dimension = node.properties.get("ScalableDimension")
    for text in linker.texts(stack, node.properties.get("ResourceId")):
        for word, separator, types in (("table", "/", TABLES), ("cluster", ":", (CLUSTER,))):
            pieces = text.split(separator, 2)
            if len(pieces) < 2 or pieces[0].literal != word:
                continue
            target = linker.target(stack, pieces[1], types)
            if target is not None and target.node.type in types:
                linker.connect(
                    EdgeKind.REFERENCES,
                    node,
                    target.node,
                    place=node.place("ResourceId"),
                    via=node,
                    detail={"scales": dimension if isinstance(dimension, str) else ""},
                )


def backup_selection(linker: Linker, node: Node) -> None:
    """Backup selection → every table, database and bucket that it names, by ARN, by pattern or by tag.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html
    """
    if node.stack is None:
        return
    for path, body in mappings(node.properties, "BackupSelection"):
        selected: dict[Node, TemplatePath] = {}
        listed = follow(body, ("Resources", EACH), path)
        if not listed and "NotResources" in body:
            listed = [(path, "*")]
        for here, value in listed:
            for target in _named(linker, node, value):
                selected.setdefault(target, here)
        wanted = [*_wanted_tags(body)]
        for target in _taggable(linker) if wanted else ():
            tags = _tags(linker, target)
            if any(key in tags and (value is None or tags[key] in (value, None)) for key, value in wanted):
                selected.setdefault(target, path)
        for target, here in selected.items():
            linker.connect(
                EdgeKind.REFERENCES, node, target, place=node.place(*here), via=node, detail={"backs_up": True}
            )


def _named(linker: Linker, node: Node, value: Any) -> Iterator[Node]:
    """The resources of an entry of `Resources`; a pattern stands for all that it fits."""
    assert node.stack is not None  # noqa: S101 - the caller has looked
    for text in linker.texts(node.stack, value):
        target = linker.target(node.stack, text)
        if target is not None and not target.node.external:
            yield target.node
            continue
        written = str(text)
        if "*" not in written:
            continue
        fields = text.split(":", 3)
        service = str(fields[2]) if len(fields) > 2 else "*"
        for name, types in _BACKED_UP.items():
            if service in (name, "*"):
                yield from linker.graph.of_type(*types)


def _taggable(linker: Linker) -> Iterator[Node]:
    for types in _BACKED_UP.values():
        yield from linker.graph.of_type(*types)


def _wanted_tags(body: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Tags of `ListOfTags` and `Conditions` that select a resource; None is any value."""
    for _, entry in mappings(body, "ListOfTags", EACH):
        yield from _tag(entry)
    for operator in ("StringEquals", "StringLike"):
        for _, entry in mappings(body, "Conditions", operator, EACH):
            yield from _tag(entry)


def _tag(entry: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    key, value = entry.get("ConditionKey"), entry.get("ConditionValue")
    if isinstance(key, str):
        yield key.removeprefix(_TAG), value if isinstance(value, str) and "*" not in value else None


def _tags(linker: Linker, node: Node) -> dict[str, str | None]:
    """Tags of a resource; None is a value that cannot be told."""
    found: dict[str, str | None] = {}
    for _, entry in (
        *mappings(node.properties, "Tags", EACH),
        *mappings(node.properties, "Replicas", EACH, "Tags", EACH),
    ):
        key = entry.get("Key")
        value = linker.literal(node.stack, entry.get("Value")) if node.stack is not None else None
        if isinstance(key, str):
            found[key] = value if isinstance(value, str) else None
    return found


_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type
# Where the credentials of a store stand.
_CREDENTIALS: dict[str, tuple[Steps, ...]] = {
    "AWS::RDS::DBInstance": (("MasterUsername",), ("MasterUserPassword",)),
    CLUSTER: (("MasterUsername",), ("MasterUserPassword",)),
    "AWS::DocDB::DBCluster": (("MasterUsername",), ("MasterUserPassword",)),
    "AWS::DocDBElastic::Cluster": (("AdminUserName",), ("AdminUserPassword",)),
    "AWS::Redshift::Cluster": (("MasterUsername",), ("MasterUserPassword",)),
    "AWS::RedshiftServerless::Namespace": (("AdminUsername",), ("AdminUserPassword",)),
    "AWS::ElastiCache::ReplicationGroup": (("AuthToken",),),
    "AWS::AmazonMQ::Broker": (("Users", EACH, "Username"), ("Users", EACH, "Password")),
    "AWS::OpenSearchService::Domain": (
        ("AdvancedSecurityOptions", "MasterUserOptions", "MasterUserName"),
        ("AdvancedSecurityOptions", "MasterUserOptions", "MasterUserPassword"),
    ),
    "AWS::DMS::Endpoint": (("Username",), ("Password",)),
}


def credentials(linker: Linker, node: Node) -> None:
    """A database `reads` the secret of the run that `{{resolve:secretsmanager:…}}` takes its credentials from.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
    """
    stack = node.stack
    if stack is None:
        return
    for steps in _CREDENTIALS[node.type]:
        for path, value in follow(node.properties, steps):
            for text in linker.texts(stack, value):
                for part in text.parts:
                    for secret in _secrets(linker, part) if isinstance(part, NodePart) else ():
                        linker.connect(EdgeKind.READS, node, secret, place=node.place(*path))


def _secrets(linker: Linker, part: NodePart) -> list[Node]:
    """The secret, also when the reference waits for its attachment."""
    node = part.node
    if node.type == "AWS::SecretsManager::SecretTargetAttachment" and node.stack is not None:
        return [each.node for each in linker.targets(node.stack, node.properties.get("SecretId"), _SECRET)]
    return [node] if node.type == _SECRET else []


FINDERS: dict[str, tuple[Finder, ...]] = {
    **dict.fromkeys(_CREDENTIALS, (credentials,)),
    "AWS::ApplicationAutoScaling::ScalableTarget": (scalable_target,),
    "AWS::Backup::BackupSelection": (backup_selection,),
}
