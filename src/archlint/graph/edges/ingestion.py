"""OpenSearch Ingestion: what the YAML text of a pipeline names as its sources, processors and sinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.edges.paths import ANY, EACH, Steps, follow
from archlint.graph.edges.sending import BUCKET, FUNCTION, QUEUE, STREAM, TABLES, endpoints, send
from archlint.graph.edges.string_template import flatten
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.edges.string_template import Flat
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.resolve import Target
    from archlint.graph.stacks import Stack

_PIPELINE = "AWS::OSIS::Pipeline"
_ROLE = "AWS::IAM::Role"
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/configure-client.html
_SOURCES: tuple[tuple[Steps, tuple[str, ...]], ...] = (
    (("dynamodb", "tables", EACH, "table_arn"), TABLES),
    (("s3", "sqs", "queue_url"), (QUEUE,)),
    (("s3", "scan", "buckets", EACH, "bucket", "name"), (BUCKET,)),
    (("kinesis", "streams", EACH, "stream_name"), (STREAM,)),
    (("kinesis", "streams", EACH, "stream_arn"), (STREAM,)),
    (("kafka", "aws", "msk", "arn"), ("AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster")),
)
_EXPORT = (("dynamodb", "tables", EACH, "export", "s3_bucket"),)
_ROLES = ("aws", "sts_role_arn")


def pipeline(linker: Linker, node: Node) -> None:
    """Sources → the pipeline → its sinks (`delivers`), its processors (`triggers` sync), the roles it assumes."""
    stack, flat = node.stack, flatten(node.properties.get("PipelineConfigurationBody"))
    if stack is not None and flat is not None:
        for body in _parts(flat):
            _Part(linker, node, stack, flat, body).draw()


def _parts(flat: Flat) -> Iterator[dict[str, Any]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        body = yaml.load(flat.text, Loader=loader)  # noqa: S506 - both are safe loaders
    except yaml.YAMLError:
        return
    for part in body.values() if isinstance(body, dict) else ():
        if isinstance(part, dict):
            yield part


class _Part:
    """One pipeline of the text."""

    def __init__(self, linker: Linker, node: Node, stack: Stack, flat: Flat, body: dict[str, Any]) -> None:
        self._linker, self._node, self._stack, self._flat, self._body = linker, node, stack, flat, body
        self._place = node.place("PipelineConfigurationBody")

    def draw(self) -> None:
        node, source = self._node, self._body.get("source")
        for path, types in _SOURCES:
            for target in self._named(source, path, *types):
                self._linker.connect(EdgeKind.DELIVERS, target.node, node, place=self._place)
        for path in _EXPORT:
            for target in self._named(source, path, BUCKET):
                self._linker.connect(EdgeKind.WRITES, node, target.node, place=self._place)
        for path in ((ANY, *_ROLES), (ANY, "tables", EACH, *_ROLES)):
            self._roles(source, path)
        for target in self._named(self._body.get("processor"), (EACH, "aws_lambda", "function_name"), FUNCTION):
            send(self._linker, node, target, place=self._place, mode=Mode.SYNC)
        self._sinks(self._body.get("sink"))

    def _sinks(self, sinks: Any) -> None:
        node = self._node
        for _, host in follow(sinks, (EACH, "opensearch", "hosts", EACH)):
            for target in endpoints(self._linker, self._stack, self._flat.value(str(host))):
                send(self._linker, node, target, place=self._place)
        for target in self._named(sinks, (EACH, "s3", "bucket"), BUCKET):
            send(self._linker, node, target, place=self._place)
        for target in self._named(sinks, (EACH, ANY, "dlq", "s3", "bucket"), BUCKET):
            self._linker.connect(EdgeKind.DEAD_LETTERS, node, target.node, place=self._place)
        self._roles(sinks, (EACH, ANY, *_ROLES))

    def _roles(self, scope: Any, path: Steps) -> None:
        for target in self._named(scope, path, _ROLE):
            self._linker.connect(EdgeKind.ASSUMES, self._node, target.node, place=self._place)

    def _named(self, scope: Any, path: Steps, *types: str) -> Iterator[Target]:
        for _, value in follow(scope, path):
            if isinstance(value, str):
                yield from self._linker.targets(self._stack, self._flat.value(value), *types)


FINDERS: dict[str, tuple[Finder, ...]] = {_PIPELINE: (pipeline,)}
