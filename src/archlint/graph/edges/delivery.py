"""Firehose, CloudFront and user pools: senders whose targets are spread over many properties."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.graph.edges.paths import EACH, follow, mappings, steps
from archlint.graph.edges.sending import BUCKET, FIREHOSE, FUNCTION, buckets, endpoints, known, send
from archlint.graph.edges.string_template import flatten
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.resolve import Target
    from archlint.template.model import Body, Json, Place, TemplatePath

_DOMAINS = ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain", "AWS::OpenSearchServerless::Collection")
# Inside each `…DestinationConfiguration`.
_DESTINATIONS = tuple(
    (steps(path), types)
    for path, types in (
        ("BucketARN", (BUCKET,)),
        ("S3Configuration.BucketARN", (BUCKET,)),
        ("S3BackupConfiguration.BucketARN", (BUCKET,)),
        ("S3DestinationConfiguration.BucketARN", (BUCKET,)),
        ("DomainARN", _DOMAINS),
        ("CollectionEndpoint", _DOMAINS),
    )
)
_ENDPOINTS = tuple(steps(path) for path in ("EndpointConfiguration.Url", "ClusterEndpoint", "CollectionEndpoint"))
_PROCESSORS = ("ProcessingConfiguration", "Processors", EACH, "Parameters", EACH)


def delivery_stream(linker: Linker, node: Node) -> None:
    """Firehose → destinations and backups (`delivers`), its processors (`triggers` sync)."""
    for name in node.properties:
        if name.endswith("DestinationConfiguration"):
            for path, body in mappings(node.properties, name):
                _destination(linker, node, body, path)


def _destination(linker: Linker, node: Node, body: Body, path: TemplatePath) -> None:
    stack = node.stack
    if stack is None:
        return
    found = [
        (here, target)
        for steps_to, types in _DESTINATIONS
        for here, value in follow(body, steps_to, path)
        for target in linker.targets(stack, value, *types)
    ]
    found += [
        (here, target)
        for steps_to in _ENDPOINTS
        for here, value in follow(body, steps_to, path)
        for target in endpoints(linker, stack, value)
    ]
    for here, target in found:
        linker.connect(EdgeKind.DELIVERS, node, target.node, place=node.place(*here))
    for here, value in follow(body, ("SecretsManagerConfiguration", "SecretARN"), path):
        for target in linker.targets(stack, value, "AWS::SecretsManager::Secret"):
            linker.connect(EdgeKind.READS, node, target.node, place=node.place(*here))
    for here, parameter in mappings(body, *_PROCESSORS):
        if parameter.get("ParameterName") == "LambdaArn":
            place = node.place(*path, *here, "ParameterValue")
            for target in linker.targets(stack, parameter.get("ParameterValue"), FUNCTION):
                _call(linker, node, target, place, {})


def _call(linker: Linker, node: Node, target: Target, place: Place | None, detail: dict[str, Json]) -> None:
    linker.connect(
        EdgeKind.TRIGGERS,
        node,
        target.node,
        place=place,
        mode=Mode.SYNC,
        qualifier=target.qualifier,
        detail=detail,
    )


def distribution(linker: Linker, node: Node) -> None:
    """CloudFront → edge functions (`triggers` sync), origins (`delivers`), its `logs_to` bucket."""
    stack = node.stack
    if stack is None:
        return
    for path, config in mappings(node.properties, "DistributionConfig"):
        for start in (("DefaultCacheBehavior",), ("CacheBehaviors", EACH)):
            for associations, key in _ASSOCIATIONS:
                for here, association in mappings(config, *start, associations, EACH):
                    detail = {"event": association.get("EventType")}
                    for target in linker.targets(stack, association.get(key), FUNCTION):
                        _call(linker, node, target, node.place(*path, *here, key), detail)
        for here, value in follow(config, ("Origins", EACH, "DomainName"), path):
            for target in endpoints(linker, stack, _url(value)) or known(linker, stack, _bucket_name(value), BUCKET):
                send(linker, node, target, place=node.place(*here), mode=Mode.SYNC)
        for here, value in follow(config, ("Logging", "Bucket"), path):
            for target in linker.targets(stack, _bucket_name(value), BUCKET):
                linker.connect(EdgeKind.LOGS_TO, node, target.node, place=node.place(*here))


def _bucket_name(host: Json) -> Json:
    """`name` of `name.s3.amazonaws.com` and `name.s3-website-eu-west-1.amazonaws.com`; any other host as it is."""
    flat = flatten(host)
    return flat.value(_BUCKET_HOST.split(flat.text, maxsplit=1)[0]) if flat is not None else None


_BUCKET_HOST = re.compile(r"\.s3[.-]")
_ASSOCIATIONS = (("LambdaFunctionAssociations", "LambdaFunctionARN"), ("FunctionAssociations", "FunctionARN"))


def _url(value: Json, depth: int = 0) -> Json:
    """The URL inside `Select [2, Split ["/", url]]` and the like, which take the host out of it; else the value."""
    select = value.get("Fn::Select") if isinstance(value, dict) else None
    if isinstance(select, list) and len(select) == 2 and isinstance(select[1], dict) and depth < _MAX_SPLITS:
        split = select[1].get("Fn::Split")
        if isinstance(split, list) and len(split) == 2 and split[0] in ("/", "://"):
            return _url(split[1], depth + 1)
    return value


_MAX_SPLITS = 4


def user_pool(linker: Linker, node: Node) -> None:
    """User pool → its trigger functions (sync), with the trigger's name."""
    stack = node.stack
    if stack is None:
        return
    for path, config in mappings(node.properties, "LambdaConfig"):
        for trigger, given in config.items():
            if trigger == "KMSKeyID":
                continue
            for here, value in follow(given, (), (*path, trigger)):
                named = value.get("LambdaArn") if isinstance(value, dict) and "LambdaArn" in value else value
                for target in linker.targets(stack, named, FUNCTION):
                    _call(linker, node, target, node.place(*here), {"trigger": trigger})


def crawler(linker: Linker, node: Node) -> None:
    """A Glue crawler `reads` the buckets and tables it crawls and `writes` their schemas to its database."""
    stack = node.stack
    if stack is None:
        return
    for path, value in follow(node.properties, ("Targets", "S3Targets", EACH, "Path")):
        for target in buckets(linker, stack, value):
            linker.connect(EdgeKind.READS, node, target.node, place=node.place(*path))
    for path, value in follow(node.properties, ("Targets", "DynamoDBTargets", EACH, "Path")):
        for target in linker.targets(stack, value, "AWS::DynamoDB::Table"):
            linker.connect(EdgeKind.READS, node, target.node, place=node.place(*path))
    for target in linker.targets(stack, node.properties.get("DatabaseName"), "AWS::Glue::Database"):
        linker.connect(EdgeKind.WRITES, node, target.node, place=node.place("DatabaseName"))


FINDERS: dict[str, tuple[Finder, ...]] = {
    FIREHOSE: (delivery_stream,),
    "AWS::CloudFront::Distribution": (distribution,),
    "AWS::Cognito::UserPool": (user_pool,),
    "AWS::Glue::Crawler": (crawler,),
}
