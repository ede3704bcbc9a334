"""IoT topic rules: actions and the error action."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.template.model import Body, Json, TemplatePath

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


FINDERS: dict[str, tuple[Finder, ...]] = {"AWS::IoT::TopicRule": (topic_rule,)}
