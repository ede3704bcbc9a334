"""Logs that another resource than their writer sends on: web ACLs, vended logs, subscriptions of a whole account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.edges.paths import EACH, follow
from archlint.graph.edges.sending import FIREHOSE, FUNCTION, LOG_GROUP, STREAM, send
from archlint.graph.edges.string_template import flatten, parse_json
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node

_SOURCE = "AWS::Logs::DeliverySource"
_DESTINATION = "AWS::Logs::DeliveryDestination"


def web_acl_logs(linker: Linker, node: Node) -> None:
    """The logging configuration of a web ACL or a firewall: the ACL `logs_to` each destination."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    for source in linker.targets(stack, properties.get("ResourceArn")):
        for path, value in follow(properties, ("LogDestinationConfigs", EACH)):
            for target in linker.targets(stack, value, LOG_GROUP):
                linker.connect(EdgeKind.LOGS_TO, source.node, target.node, place=node.place(*path), via=node)


def delivery(linker: Linker, node: Node) -> None:
    """A delivery of vended logs: what the delivery source names `logs_to` what the delivery destination names."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    sources = linker.targets(stack, properties.get("DeliverySourceName"), _SOURCE)
    destinations = linker.targets(stack, properties.get("DeliveryDestinationArn"), _DESTINATION)
    for one in sources:
        for other in destinations:
            for source in _behind(linker, one.node, _SOURCE, "ResourceArn"):
                for target in _behind(linker, other.node, _DESTINATION, "DestinationResourceArn"):
                    linker.connect(EdgeKind.LOGS_TO, source, target, place=node.place(), via=node)


def _behind(linker: Linker, node: Node, kind: str, key: str) -> list[Node]:
    """What this property of the carrier names; a carrier outside the run stands for itself."""
    if node.type != kind or node.stack is None:
        return [node] if node.external else []
    return [target.node for target in linker.targets(node.stack, node.properties.get(key), LOG_GROUP)]


def account_policy(linker: Linker, node: Node) -> None:
    """A subscription of all log groups of the account: policy → function (`triggers`), stream or Firehose."""
    stack, flat = node.stack, flatten(node.properties.get("PolicyDocument"))
    document = parse_json(flat.text) if flat is not None else None
    if stack is None or flat is None or not isinstance(document, dict):
        return
    destination = document.get("DestinationArn")
    for target in linker.targets(stack, flat.value(str(destination or "")), FUNCTION, STREAM, FIREHOSE):
        send(
            linker, node, target, place=node.place("PolicyDocument"), detail={"pattern": document.get("FilterPattern")}
        )


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::WAFv2::LoggingConfiguration": (web_acl_logs,),
    "AWS::Logs::Delivery": (delivery,),
    "AWS::Logs::AccountPolicy": (account_policy,),
}
