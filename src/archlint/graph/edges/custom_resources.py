"""Custom resources: the function behind them, and what well-known ones set up between other resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.edges.paths import EACH, follow, mappings
from archlint.graph.edges.sending import BUCKET, BUS, FUNCTION, QUEUE, TOPIC, known, plain
from archlint.graph.edges.string_template import flatten
from archlint.graph.model import EdgeKind, Evidence, Mode

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.template.model import Body, Json

_POOL = "AWS::Cognito::UserPool"
_TOLD = (FUNCTION, QUEUE, TOPIC)
# What sets the notifications of a bucket, in boto3 and in JavaScript's SDK.
_SETS_NOTIFICATIONS = (
    "put_bucket_notification",
    "putBucketNotification",
    "PutBucketNotification",
    ".BucketNotification(",
)
_PERMITS = ("add_permission", "addPermission", "AddPermission")


def custom_resource(linker: Linker, node: Node) -> None:
    """`invokes` sync from the custom resource to the function of its service token; to a topic it `delivers`."""
    if node.stack is None:
        return
    if node.type == "Custom::S3BucketNotifications":
        from archlint.graph.edges.notifications import bucket_notifications_resource

        bucket_notifications_resource(linker, node)
        set_up = True
    else:
        set_up = _serverless_framework(linker, node)
    for path, value in follow(node.properties, ("ServiceToken",)):
        for target in linker.targets(node.stack, value, FUNCTION, TOPIC):
            topic = target.node.type == TOPIC or ":sns:" in target.node.logical_id or target.node.service == "sns"
            linker.connect(
                EdgeKind.DELIVERS if topic else EdgeKind.INVOKES,
                node,
                target.node,
                place=node.place(*path),
                mode=None if topic else Mode.SYNC,
                qualifier=target.qualifier,
            )
            if not set_up and not topic:
                _inline_notifications(linker, node, target.node)


def _serverless_framework(linker: Linker, node: Node) -> bool:
    """What `existing: true` of the Serverless Framework sets up: sender → function, which it also permits to call.

    https://www.serverless.com/framework/docs/providers/aws/events/s3#using-existing-buckets
    """
    stack, properties = node.stack, node.properties
    senders: list[tuple[Node, Mode, dict[str, Json]]] = []
    if stack is None or "FunctionName" not in properties:
        return False
    if node.type == "Custom::S3":
        details = [_bucket_detail(linker, node, entry) for _, entry in mappings(properties, "BucketConfigs", EACH)]
        found = linker.targets(stack, properties.get("BucketName"), BUCKET)
        senders += [(target.node, Mode.ASYNC, detail) for target in found for detail in details]
    elif node.type == "Custom::CognitoUserPool":
        pools = linker.targets(stack, properties.get("UserPoolName"), _POOL)
        for _, entry in mappings(properties, "UserPoolConfigs", EACH):
            senders += [(target.node, Mode.SYNC, {"trigger": entry.get("Trigger")}) for target in pools]
    elif node.type == "Custom::EventBridge":  # it stands for the rule that it makes
        senders.append((node, Mode.ASYNC, {}))
        for path, bus in follow(properties, ("EventBridgeConfig", "EventBus")):
            for target in linker.targets(stack, bus, BUS) if bus != "default" else ():
                linker.connect(EdgeKind.DELIVERS, target.node, node, place=node.place(*path))
    for sender, mode, detail in senders:
        via = node if sender is not node else None
        place = node.place("FunctionName")
        for target in linker.targets(stack, properties["FunctionName"], FUNCTION):
            called = target.node
            linker.connect(EdgeKind.TRIGGERS, sender, called, place=place, mode=mode, via=via, detail=detail)
            linker.connect(EdgeKind.PERMITS, sender, called, place=place, via=via)
    return bool(senders)


def _bucket_detail(linker: Linker, node: Node, entry: Body) -> dict[str, Json]:
    assert node.stack is not None  # noqa: S101 - the caller has looked
    detail: dict[str, Json] = {"events": [plain(linker, node.stack, entry.get("Event"))]}
    for _, rule in mappings(entry, "Rules", EACH):
        detail.update({key.lower(): plain(linker, node.stack, value) for key, value in rule.items()})
    return detail


def _inline_notifications(linker: Linker, node: Node, function: Node) -> None:
    """Bucket → what it tells, where inline code behind a custom resource sets the notifications of one bucket."""
    stack, code = node.stack, function.properties.get("Code")
    flat = flatten(code.get("ZipFile")) if isinstance(code, dict) and "ZipFile" in code else None
    if stack is None or flat is None or not any(call in flat.text for call in _SETS_NOTIFICATIONS):
        return
    given = [
        (key, target)
        for key, value in node.properties.items()
        if key != "ServiceToken"
        for target in known(linker, stack, value, BUCKET)
    ]
    buckets = {target.node for _, target in given if target.node.type == BUCKET}
    if len(buckets) != 1:
        return
    [bucket] = buckets
    for key, target in given:
        if target.node.type in _TOLD:
            if any(call in flat.text for call in _PERMITS):
                linker.connect(EdgeKind.PERMITS, bucket, target.node, place=node.place(key), via=node)
            linker.connect(
                EdgeKind.TRIGGERS if target.node.type == FUNCTION else EdgeKind.DELIVERS,
                bucket,
                target.node,
                place=node.place(key),
                evidence=Evidence.CODE,
                mode=Mode.ASYNC if target.node.type == FUNCTION else None,
                via=node,
                qualifier=target.qualifier,
                detail={"events": [None], "filters": [None]},  # the code says which, but not here
            )


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::CloudFormation::CustomResource": (custom_resource,),
    "Custom::*": (custom_resource,),
}
