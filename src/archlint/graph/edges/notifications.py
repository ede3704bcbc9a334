"""Who is told about what: S3 notifications, SNS subscriptions, log subscriptions, mail rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.edges.paths import EACH, follow, mappings, steps
from archlint.graph.edges.sending import (
    BUCKET,
    FIREHOSE,
    FUNCTION,
    LOG_GROUP,
    QUEUE,
    STREAM,
    TOPIC,
    dead_letters,
    endpoints,
    known,
    named,
    plain,
    send,
    starts_code,
)
from archlint.graph.edges.string_template import decoded, flatten
from archlint.graph.model import Edge, EdgeKind, Evidence, Mode
from archlint.graph.resolve import Target

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.graph.text import Text
    from archlint.template.model import Body, Json, TemplatePath

# Configuration → the property that names the target, in CloudFormation and in S3's own API (CDK's custom resource).
_S3_TARGETS = (
    ("LambdaConfigurations", "Function", FUNCTION),
    ("LambdaFunctionConfigurations", "LambdaFunctionArn", FUNCTION),
    ("QueueConfigurations", "Queue", QUEUE),
    ("QueueConfigurations", "QueueArn", QUEUE),
    ("TopicConfigurations", "Topic", TOPIC),
    ("TopicConfigurations", "TopicArn", TOPIC),
)
_S3_RULES = (steps("Filter.S3Key.Rules[]"), steps("Filter.Key.FilterRules[]"))


def bucket_notifications(linker: Linker, node: Node) -> None:
    """Bucket → function (`triggers` async), queue or topic (`delivers`), each with events, prefix and suffix."""
    if "NotificationConfiguration" in node.properties and node.stack is not None:
        for path, body in mappings(node.properties, "NotificationConfiguration"):
            _notify(linker, node, node, body, path)


def bucket_notifications_resource(linker: Linker, node: Node) -> None:
    """The same for CDK's `Custom::S3BucketNotifications`, which is the carrier."""
    if node.stack is None:
        return
    for target in linker.targets(node.stack, node.properties.get("BucketName"), BUCKET):
        for path, body in mappings(node.properties, "NotificationConfiguration"):
            _notify(linker, target.node, node, body, path)


def _notify(linker: Linker, bucket: Node, owner: Node, body: Body, path: TemplatePath) -> None:
    stack = owner.stack
    assert stack is not None  # noqa: S101 - the callers have looked
    for name, key, kind in _S3_TARGETS:
        if name not in body:
            continue
        for here, entry in mappings(body[name], EACH):
            for target in linker.targets(stack, entry.get(key), kind):
                started = starts_code(target.node) or kind == FUNCTION
                # Not through `connect`: two notifications of one bucket to one function let different things through.
                linker.graph.add_edge(
                    Edge(
                        EdgeKind.TRIGGERS if started else EdgeKind.DELIVERS,
                        bucket,
                        target.node,
                        Evidence.DECLARED,
                        owner.place(*path, name, *here, key),
                        Mode.ASYNC if started else None,
                        None if owner is bucket else owner,
                        target.qualifier,
                        detail=_s3_filter(linker, stack, entry),
                    )
                )


def _s3_filter(linker: Linker, stack: Stack, entry: Body) -> dict[str, Json]:
    events = [plain(linker, stack, event) for key in ("Event", "Events") for _, event in follow(entry, (key, EACH))]
    detail: dict[str, Json] = {"events": events}
    for path in _S3_RULES:
        for _, rule in follow(entry, path):
            if isinstance(rule, dict) and isinstance(rule.get("Name"), str):
                detail[rule["Name"].lower()] = plain(linker, stack, rule.get("Value"))
    return detail


_PROTOCOL_TYPES = {"lambda": (FUNCTION,), "sqs": (QUEUE,), "firehose": (FIREHOSE,)}
_SUBSCRIPTION_DETAIL = {
    "FilterPolicy": "filter_policy",
    "FilterPolicyScope": "filter_scope",
    "RawMessageDelivery": "raw",
}


def topic_subscriptions(linker: Linker, node: Node) -> None:
    """Inline subscriptions of a topic."""
    if node.stack is None:
        return
    for path, body in mappings(node.properties, "Subscription", EACH):
        _subscribe(linker, node, node, body, path)


def subscription(linker: Linker, node: Node) -> None:
    """A subscription resource: topic → endpoint, and from the subscription to its dead-letter queue."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    for topic in named(linker, node, "TopicArn", properties.get("TopicArn"), TOPIC):
        _subscribe(linker, topic.node, node, properties, ())
    for path, policy in follow(properties, ("RedrivePolicy",)):
        given = decoded(policy)
        if isinstance(given, dict):
            place = node.place(*path)
            dead_letters(linker, node, given.get("deadLetterTargetArn"), QUEUE, place=place, stack=stack)


def _subscribe(linker: Linker, topic: Node, owner: Node, body: Body, path: TemplatePath) -> None:
    stack = owner.stack
    assert stack is not None  # noqa: S101 - the callers have looked
    protocol = plain(linker, stack, body.get("Protocol"))
    protocol = protocol.lower() if isinstance(protocol, str) else None
    detail: dict[str, Json] = {"protocol": protocol}
    for given, name in _SUBSCRIPTION_DETAIL.items():
        if given in body:
            value = decoded(body[given]) if name == "filter_policy" else body[given]
            detail[name] = plain(linker, stack, value)
    endpoint = body.get("Endpoint")
    for target in _endpoint_targets(linker, owner, protocol, endpoint):
        via = None if owner is topic else owner
        place = owner.place(*path, "Endpoint")
        if protocol == "lambda":
            linker.connect(
                EdgeKind.TRIGGERS,
                topic,
                target.node,
                place=place,
                mode=Mode.ASYNC,
                via=via,
                qualifier=target.qualifier,
                detail=detail,
            )
        else:
            send(linker, topic, target, place=place, via=via, detail=detail)


def _endpoint_targets(linker: Linker, owner: Node, protocol: str | None, endpoint: Json) -> list[Target]:
    stack = owner.stack
    assert stack is not None  # noqa: S101 - the callers have looked
    if protocol is not None and protocol not in _PROTOCOL_TYPES:
        found = endpoints(linker, stack, endpoint) if protocol.startswith("http") else []
        names = [_address(owner, protocol, endpoint, text) for text in linker.texts(stack, endpoint)]
        return found or [Target(linker.external(name)) for name in names]
    return named(linker, owner, "Endpoint", endpoint, *_PROTOCOL_TYPES.get(protocol or "", (FUNCTION, QUEUE)))


def _address(owner: Node, protocol: str, endpoint: Json, text: Text) -> str:
    """The address as it is written; where a parameter gives it, or its default is empty, the parameter."""
    hole = text.hole
    if hole is not None and hole.scope:
        return f"{hole.scope.partition('@')[0]}#{hole.name}"
    if text.parts:
        return f"{protocol} {text}"
    reference = endpoint.get("Ref") if isinstance(endpoint, dict) else None
    return f"{owner.file}#{reference or f'{owner.logical_id}.Endpoint'}"


_LOG_TARGETS = (FUNCTION, STREAM, FIREHOSE)


def log_subscription(linker: Linker, node: Node) -> None:
    """Log group → function (`triggers` async), stream or Firehose (`delivers`)."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    detail = {"pattern": plain(linker, stack, properties.get("FilterPattern"))}
    for group in named(linker, node, "LogGroupName", properties.get("LogGroupName"), LOG_GROUP):
        for target in named(linker, node, "DestinationArn", properties.get("DestinationArn"), *_LOG_TARGETS):
            send(linker, group.node, target, place=node.place("DestinationArn"), via=node, detail=detail)


# Log groups are named after what writes to them; the prefix tells the type.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
_LOG_PREFIXES = (
    ("/aws/lambda/", FUNCTION),
    ("/aws/codebuild/", "AWS::CodeBuild::Project"),
    ("/aws/kinesisfirehose/", FIREHOSE),
    ("API-Gateway-Execution-Logs_", "AWS::ApiGateway::RestApi"),
    ("/aws/appsync/apis/", "AWS::AppSync::GraphQLApi"),
)


def log_group(linker: Linker, node: Node) -> None:
    """A function (project, stream, API) `logs_to` the group that is named after it."""
    if node.stack is None:
        return
    for path, value in follow(node.properties, ("LogGroupName",)):
        for writer in _writers(linker, node.stack, value):
            linker.connect(EdgeKind.LOGS_TO, writer, node, place=node.place(*path))


def log_filter(linker: Linker, node: Node) -> None:
    """The group that a filter names and no template has: made by the first line that the function writes."""
    if node.stack is None:
        return
    for path, value in follow(node.properties, ("LogGroupName",)):
        writers = _writers(linker, node.stack, value)
        for group in linker.targets(node.stack, value, LOG_GROUP) if writers else ():
            for writer in writers if group.node.external else ():
                linker.connect(EdgeKind.LOGS_TO, writer, group.node, place=node.place(*path))


def _writers(linker: Linker, stack: Stack, name: Json) -> list[Node]:
    """What writes to a log group of this name, told by its prefix."""
    flat = flatten(name)
    prefix, kind = next((row for row in _LOG_PREFIXES if flat is not None and flat.text.startswith(row[0])), ("", ""))
    if flat is None or not prefix:
        return []
    writer = flat.text.removeprefix(prefix).split("/", 1)[0]
    return [target.node for target in known(linker, stack, flat.value(writer), kind) if target.node.type == kind]


_MAIL_ACTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("LambdaAction", "FunctionArn", (FUNCTION,)),
    ("LambdaAction", "TopicArn", (TOPIC,)),
    ("S3Action", "BucketName", (BUCKET,)),
    ("S3Action", "TopicArn", (TOPIC,)),
    ("SNSAction", "TopicArn", (TOPIC,)),
    ("BounceAction", "TopicArn", (TOPIC,)),
    ("WorkmailAction", "TopicArn", (TOPIC,)),
    ("StopAction", "TopicArn", (TOPIC,)),
    ("AddHeaderAction", "TopicArn", (TOPIC,)),
)


def receipt_rule(linker: Linker, node: Node) -> None:
    """A mail rule `triggers` its functions (`async` unless it says otherwise), `delivers` to buckets and topics."""
    stack = node.stack
    if stack is None:
        return
    for path, action in mappings(node.properties, "Rule", "Actions", EACH):
        for name, key, types in _MAIL_ACTIONS:
            body: Any = action.get(name)
            if not isinstance(body, dict) or key not in body:
                continue
            mode = Mode.SYNC if body.get("InvocationType") == "RequestResponse" else Mode.ASYNC
            for target in linker.targets(stack, body[key], *types):
                send(linker, node, target, place=node.place(*path, name, key), mode=mode)


FINDERS: dict[str, tuple[Finder, ...]] = {
    BUCKET: (bucket_notifications,),
    TOPIC: (topic_subscriptions,),
    "AWS::SNS::Subscription": (subscription,),
    "AWS::Logs::SubscriptionFilter": (log_subscription, log_filter),
    "AWS::Logs::MetricFilter": (log_filter,),
    LOG_GROUP: (log_group,),
    "AWS::SES::ReceiptRule": (receipt_rule,),
}
