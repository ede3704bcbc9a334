"""IoT topic rules: actions, the error action, and which rule reads what is sent to a topic."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from archlint.graph.edges.paths import EACH, follow, mappings, steps
from archlint.graph.edges.sending import (
    BUCKET,
    FIREHOSE,
    FUNCTION,
    LOG_GROUP,
    MACHINE,
    QUEUE,
    STREAM,
    TABLES,
    TOPIC,
    dead_letters,
    endpoints,
    plain,
    send,
)
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node, ResourceGraph
    from archlint.template.model import Body, Json, TemplatePath

_RULE = "AWS::IoT::TopicRule"

# Action → where its target stands, and its types.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-iot-topicrule-action.html
_ACTIONS = tuple(
    (steps(path), types)
    for path, types in (
        ("Lambda.FunctionArn", (FUNCTION,)),
        ("Sqs.QueueUrl", (QUEUE,)),
        ("Sns.TargetArn", (TOPIC,)),
        ("Kinesis.StreamName", (STREAM,)),
        ("Firehose.DeliveryStreamName", (FIREHOSE,)),
        ("DynamoDB.TableName", TABLES),
        ("DynamoDBv2.PutItem.TableName", TABLES),
        ("S3.BucketName", (BUCKET,)),
        ("StepFunctions.StateMachineName", (MACHINE,)),
        ("CloudwatchLogs.LogGroupName", (LOG_GROUP,)),
        ("CloudwatchAlarm.AlarmName", ("AWS::CloudWatch::Alarm",)),
        ("Kafka.DestinationArn", ("AWS::IoT::TopicRuleDestination",)),
        ("Timestream.TableName", ("AWS::Timestream::Table",)),
    )
)
_URL = steps("Http.Url")
_REPUBLISHED = ("Republish", "Topic")
# https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-from.html
_FROM = re.compile(r"""(?i)\bfrom\s+(['"])(.+?)\1""")
_filters: WeakKeyDictionary[ResourceGraph, list[tuple[str, bool, Node]]] = WeakKeyDictionary()


def topic_rule(linker: Linker, node: Node) -> None:
    """Rule → function or machine (`triggers` async), channel or store (`delivers`); ErrorAction is `dead_letters`."""
    stack = node.stack
    if stack is None:
        return
    for path, payload in mappings(node.properties, "TopicRulePayload"):
        detail = {"sql": plain(linker, stack, payload.get("Sql"))}
        for here, action in mappings(payload, "Actions", EACH):
            for found, value, types in _ends(action, (*path, *here)):
                resolved = endpoints(linker, stack, value) if types is None else linker.targets(stack, value, *types)
                for target in resolved:
                    send(linker, node, target, place=node.place(*found), detail=detail)
            for found, value in follow(action, _REPUBLISHED, (*path, *here)):
                _send_to_topic(linker, node, value, found)
        for here, action in mappings(payload, "ErrorAction"):
            for found, value, types in _ends(action, (*path, *here)):
                if types is not None:
                    dead_letters(linker, node, value, *types, place=node.place(*found))


def _ends(action: Body, path: TemplatePath) -> Iterator[tuple[TemplatePath, Json, tuple[str, ...] | None]]:
    """Path and value of what an action names, with its types; None for a URL."""
    for steps_to, types in _ACTIONS:
        for found, value in follow(action, steps_to, path):
            yield found, value, types
    for found, value in follow(action, _URL, path):
        yield found, value, None


def wireless_destination(linker: Linker, node: Node) -> None:
    """What devices send → the rule that it names, or the rules that read its topic."""
    expression = node.properties.get("Expression")
    if node.properties.get("ExpressionType") == "MqttTopic":
        _send_to_topic(linker, node, expression, ("Expression",))
    elif node.stack is not None:
        for target in linker.targets(node.stack, expression, _RULE):
            linker.connect(EdgeKind.DELIVERS, node, target.node, place=node.place("Expression"))


def _send_to_topic(linker: Linker, node: Node, topic: Json, path: TemplatePath) -> None:
    """`delivers` to the rules of this application whose SQL reads the topic, as a bus does to its rules."""
    stack = node.stack
    for text in linker.texts(stack, topic) if stack is not None else ():
        written = str(text).replace("$$", "$")
        for pattern, is_literal, other in _topic_filters(linker):
            near = _nearness(node, other)
            if other is node or not near or not _reads(pattern, written):
                continue
            if near == _SAME_STACK or (is_literal and text.literal is not None):  # elsewhere `${Prefix}` is another one
                linker.connect(EdgeKind.DELIVERS, node, other, place=node.place(*path), detail={"topic": written})


_SAME_STACK = 2


def _nearness(one: Node, other: Node) -> int:
    """Topics are names of an account, and short: they speak of rules of the same application only."""
    if one.stack is None or other.stack is None:
        return 0
    if one.stack is other.stack:
        return _SAME_STACK
    folder, other_folder = (posixpath.dirname(stack.template.name) for stack in (one.stack, other.stack))
    return int(one.stack.root is other.stack.root or folder == other_folder)


def _topic_filters(linker: Linker) -> list[tuple[str, bool, Node]]:
    """The topic filter of every rule's SQL, and whether it is known to the letter."""
    known = _filters.get(linker.graph)
    if known is None:
        known = _filters[linker.graph] = []
        for node in linker.graph.of_type(_RULE):
            payload = node.properties.get("TopicRulePayload")
            sql = payload.get("Sql") if isinstance(payload, dict) else None
            for text in linker.texts(node.stack, sql) if node.stack is not None else ():
                if source := _FROM.search(str(text)):
                    known.append((source[2], text.literal is not None, node))
    return known


def _reads(pattern: str, topic: str) -> bool:
    """MQTT's match of a topic filter; a level that the rule makes at run time fits a wildcard only.

    https://docs.aws.amazon.com/iot/latest/developerguide/topics.html
    """
    wanted, levels = pattern.split("/"), topic.split("/")
    if levels[0].startswith("$") and not levels[0].startswith("${") and wanted[0] != levels[0]:
        return False
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or (level != levels[index] and (level != "+" or "${topic()}" in levels[index])):
            return False
    return len(wanted) == len(levels)


FINDERS: dict[str, tuple[Finder, ...]] = {
    _RULE: (topic_rule,),
    "AWS::IoTWireless::Destination": (wireless_destination,),
}
