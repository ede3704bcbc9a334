"""The layers that a function names, as nodes of the graph where they are declared in the run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.graph.model import Node, ResourceGraph
from archlint.packages.listing import printable
from archlint.packages.subject import LAYER

if TYPE_CHECKING:
    from archlint.template.model import Json

MAX_DEPTH = 20
_LAYER_ARN = re.compile(
    r"arn:.+?:lambda:.+:(?P<account>\d{12}|\$\{AWS::AccountId\}):layer:(?P<name>[\w-]+):(?P<version>\d+)"
)
# Names rather than accounts: most of these have another account in each region.
# https://docs.aws.amazon.com/powertools/, https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Lambda-Insights.html,
# https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html, https://aws-otel.github.io/
_AWS_LAYERS = re.compile(
    r"AWSLambdaPowertools|LambdaInsightsExtension|aws-otel-|AWSOpenTelemetryDistro|AWS-AppConfig-Extension|"
    r"AWS-Parameters-and-Secrets-Lambda-Extension|AWSSDKPandas-|AWSDataWrangler-|LambdaAdapterLayer|"
    r"AWSLambda-Python|AWSCodeGuruProfiler"
)
_IF_PARTS = 3

Layer = tuple[str, Node | None]
"""How a layer is called in messages, and its node when the run declares it."""


def layer_entries(node: Node, graph: ResourceGraph) -> list[list[list[Layer]]]:
    """The lists of layers that a function may have, each entry as the alternatives that it may be.

    More than one list only where the whole property is conditional; a list that cannot be read is one unknown layer.
    """
    return [_entries(node, items, graph) for items in _lists(node.properties.get("Layers"), 0)]


def _lists(value: Json, depth: int) -> list[list[Any]]:
    if value is None or value == {"Ref": "AWS::NoValue"}:
        return [[]]
    if isinstance(value, list):
        return [value]
    branches = value.get("Fn::If") if isinstance(value, dict) else None
    if isinstance(branches, list) and len(branches) == _IF_PARTS and depth < MAX_DEPTH:
        return _lists(branches[1], depth + 1) + _lists(branches[2], depth + 1)
    return [[value]]


def _entries(node: Node, items: list[Any], graph: ResourceGraph) -> list[list[Layer]]:
    entries = [_alternatives(node, item, graph) for item in items]
    return [entry for entry in entries if entry]


def _alternatives(node: Node, item: Json, graph: ResourceGraph) -> list[Layer]:
    """What one entry may be; empty when it is certainly no layer (`AWS::NoValue`)."""
    if item is None or item == {"Ref": "AWS::NoValue"}:
        return []
    resolver = graph.resolver
    if resolver is None or node.stack is None:
        return [("a layer", None)]
    found = []
    for target in resolver.targets(node.stack, item, LAYER):
        is_known = target.node.type == LAYER and not target.node.external
        found.append((layer_name(target.node), target.node if is_known else None))
    if found:
        return found
    texts = resolver.texts(node.stack, item)
    return [(printable(str(texts[0])), None)] if texts else [("a layer", None)]


class RemoteLayer(msgspec.Struct, frozen=True):
    """A layer that a template names by its ARN. `account` is None when it is the deploying account's own."""

    account: str | None
    name: str
    version: str

    @property
    def is_published_by_aws(self) -> bool:
        """Whether it is one of the layers that AWS documents, from whichever of its regional accounts."""
        return _AWS_LAYERS.match(self.name) is not None


def remote_layers(node: Node, graph: ResourceGraph) -> list[RemoteLayer]:
    """The layers of a function that are pinned by ARN and version, each once."""
    found: dict[RemoteLayer, None] = {}
    resolver, stack = graph.resolver, node.stack
    if resolver is None or stack is None:
        return []
    for items in _lists(node.properties.get("Layers"), 0):
        for item in items:
            for text in resolver.texts(stack, item):
                matched = _LAYER_ARN.fullmatch(str(text))
                if matched is not None:
                    account = matched["account"] if matched["account"].isdecimal() else None
                    found[RemoteLayer(account, matched["name"], matched["version"])] = None
    return list(found)


def repeated_layers(node: Node, graph: ResourceGraph) -> list[str]:
    """Names of layers that one list surely holds twice; two versions of a layer count, Lambda refuses those too."""
    repeated: dict[str, None] = {}
    for entries in layer_entries(node, graph):
        certain = [entry[0] for entry in entries if len(entry) == 1]
        keys = [layer or name.rpartition(":")[0] or name for name, layer in certain]
        for index, (name, _) in enumerate(certain):
            if keys[index] in keys[:index] and keys[index] not in ("a layer", ""):
                repeated[name] = None
    return list(repeated)


def layer_name(layer: Node) -> str:
    """The logical ID, or `name:version` of a layer known by its ARN only."""
    if not layer.external:
        return layer.logical_id
    return printable(layer.logical_id.rpartition(":layer:")[2] or layer.logical_id)
