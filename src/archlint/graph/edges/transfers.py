"""Services that move data from one store to another: DataSync and DMS tasks, and properties that hold an S3 URL."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archlint.graph.edges.paths import ANY, Steps, follow, steps
from archlint.graph.edges.sending import BUCKET, STREAM, buckets, endpoints
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.template.model import TemplatePath

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type
_READS, _WRITES, _LOGS_TO = EdgeKind.READS, EdgeKind.WRITES, EdgeKind.LOGS_TO
_SIDES = {"SourceLocationArn": _READS, "DestinationLocationArn": _WRITES}
# What a location is a place in. https://docs.aws.amazon.com/datasync/latest/userguide/transferring-aws-storage.html
_STORES = (("S3BucketArn",), ("EfsFilesystemArn",), ("FsxFilesystemArn",))


def data_sync_task(linker: Linker, node: Node) -> None:
    """A DataSync task `reads` the store of its source location and `writes` the one of its destination."""
    if node.stack is None:
        return
    for key, kind in _SIDES.items():
        for path, value in follow(node.properties, (key,)):
            for location in linker.targets(node.stack, value):
                for store in _behind(linker, location.node, _STORES) or [location.node]:
                    linker.connect(kind, node, store, place=node.place(*path), via=_carrier(location.node, store))


# https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.html
_ENDS: tuple[Steps, ...] = (
    ("S3Settings", "BucketName"),
    ("KinesisSettings", "StreamArn"),
    ("NeptuneSettings", "S3BucketName"),
)
_HOSTS: tuple[Steps, ...] = (("ServerName",), (ANY, "ServerName"), ("ElasticsearchSettings", "EndpointUri"))


def replication_task(linker: Linker, node: Node) -> None:
    """A DMS task `reads` what its source endpoint leads to and `writes` what the target endpoint does.

    An endpoint whose host nothing of the run has stands for the store behind it. A stream is written by `publishes`.
    """
    if node.stack is None:
        return
    for key, kind in (("SourceEndpointArn", _READS), ("TargetEndpointArn", _WRITES)):
        for path, value in follow(node.properties, (key,)):
            for endpoint in linker.targets(node.stack, value):
                for store in _behind(linker, endpoint.node, _ENDS) or _hosts(linker, endpoint.node) or [endpoint.node]:
                    drawn = EdgeKind.PUBLISHES if kind is _WRITES and store.type == STREAM else kind
                    linker.connect(drawn, node, store, place=node.place(*path), via=_carrier(endpoint.node, store))


def endpoint_secret(linker: Linker, node: Node) -> None:
    """A DMS endpoint `reads` the secret with its password."""
    if node.stack is None:
        return
    for path, value in follow(node.properties, (ANY, "SecretsManagerSecretId")):
        for secret in linker.targets(node.stack, value, _SECRET):
            linker.connect(_READS, node, secret.node, place=node.place(*path))


def _behind(linker: Linker, place: Node, paths: tuple[Steps, ...]) -> list[Node]:
    """The resources that these properties of a location or endpoint name."""
    if place.stack is None:
        return []
    found = [value for path in paths for _, value in follow(place.properties, path)]
    return [target.node for value in found for target in linker.targets(place.stack, value, BUCKET)]


def _hosts(linker: Linker, endpoint: Node) -> list[Node]:
    if endpoint.stack is None:
        return []
    found = [value for path in _HOSTS for _, value in follow(endpoint.properties, path)]
    return [target.node for value in found for target in endpoints(linker, endpoint.stack, value)]


def _carrier(place: Node, store: Node) -> Node | None:
    return place if place is not store and not place.external else None


# Type → properties with an `s3://` URL, and the edge to its bucket.
_URLS: dict[str, tuple[tuple[str, EdgeKind], ...]] = {
    "AWS::Athena::WorkGroup": (("WorkGroupConfiguration.ResultConfiguration.OutputLocation", _WRITES),),
    "AWS::EMR::Cluster": (("LogUri", _LOGS_TO),),
    "AWS::EMR::Studio": (("DefaultS3Location", _WRITES),),
    "AWS::EMRServerless::Application": (("MonitoringConfiguration.S3MonitoringConfiguration.LogUri", _LOGS_TO),),
    "AWS::Glue::Job": (("Command.ScriptLocation", _READS),),
    "AWS::SageMaker::EndpointConfig": (
        ("AsyncInferenceConfig.OutputConfig.S3OutputPath", _WRITES),
        ("DataCaptureConfig.DestinationS3Uri", _WRITES),
    ),
    "AWS::SageMaker::Model": (("PrimaryContainer.ModelDataUrl", _READS), ("Containers[].ModelDataUrl", _READS)),
    "AWS::Synthetics::Canary": (("ArtifactS3Location", _WRITES),),
}


def _url(linker: Linker, node: Node, rows: tuple[tuple[Steps, EdgeKind], ...]) -> None:
    for path, kind in rows:
        for here, bucket in _buckets(linker, node, path):
            linker.connect(kind, node, bucket, place=node.place(*here))


def _buckets(linker: Linker, node: Node, path: Steps) -> Iterator[tuple[TemplatePath, Node]]:
    for here, value in follow(node.properties, path) if node.stack is not None else ():
        for target in buckets(linker, node.stack, value) if node.stack is not None else ():
            yield here, target.node


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::DataSync::Task": (data_sync_task,),
    "AWS::DMS::ReplicationTask": (replication_task,),
    "AWS::DMS::Endpoint": (endpoint_secret,),
    **{kind: (partial(_url, rows=tuple((steps(path), edge) for path, edge in rows)),) for kind, rows in _URLS.items()},
}
