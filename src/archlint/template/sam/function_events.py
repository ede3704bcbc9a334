"""Events that push to a function: topics, buckets, logs, user pools, devices, APIs.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.template.model import Body, Json, Place, Resource, TemplatePath
from archlint.template.sam.definitions import ANY_METHOD
from archlint.template.sam.events import Handler, Starter, add_permission
from archlint.template.sam.intrinsics import NO_VALUE, choose, get_att, mapping, named_resource, ref, sub, without_none
from archlint.template.sam.lowering import QUEUE, QUEUE_POLICY, Lowering
from archlint.template.sam.routes import add_api_route, add_http_route, api_of, http_api_of, stage_suffix
from archlint.template.sam.schedules import lower_pattern, lower_schedule, lower_scheduler, queue_policy
from archlint.template.sam.streams import add_queue_poll, lower_poll

if TYPE_CHECKING:
    from archlint.template.sam.resource import Event

_ARN = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"
_API_GATEWAY = "apigateway.amazonaws.com"
_VARIABLE = re.compile(r"\{[a-zA-Z0-9._-]+\+?\}")


def _lower_bucket(lowering: Lowering, starter: Starter, event: Event) -> None:
    account = ref("AWS::AccountId")
    permission = add_permission(lowering, starter, event, "s3.amazonaws.com", {"SourceAccount": account})
    bucket = _made(lowering, event.properties.get("Bucket"))
    if bucket is None:
        return
    given = event.properties.get("Events")
    configurations: list[Any] = []
    for kind in given if isinstance(given, list) else [given]:
        configuration = without_none({"Function": starter.arn, "Filter": event.properties.get("Filter"), "Event": kind})
        condition = starter.owner.condition
        configurations.append(choose(condition, configuration, NO_VALUE) if condition else configuration)
    notifications = mapping(bucket.properties.get("NotificationConfiguration"))
    present = notifications.get("LambdaConfigurations")
    present = present if isinstance(present, list) else []
    configurations = [item for item in configurations if item not in present]
    origins = dict(bucket.origins)
    path = ("NotificationConfiguration", "LambdaConfigurations")
    for index in range(len(configurations)):
        origins[(*path, len(present) + index)] = event.place()
    properties = {
        **bucket.properties,
        path[0]: {**notifications, path[1]: [*present, *configurations]},
    }
    depends_on = bucket.depends_on if starter.owner.condition else (*bucket.depends_on, permission)
    _replace(lowering, bucket, properties, origins, depends_on)


def _made(lowering: Lowering, value: Any) -> Resource | None:
    logical_id = named_resource(value)
    return lowering.made.get(logical_id) if logical_id is not None else None


def _replace(
    lowering: Lowering, old: Resource, properties: Body, origins: dict[Any, Place], depends_on: tuple[str, ...]
) -> None:
    """Puts a changed copy in the place of a resource that shares its properties with the document."""
    lowering.replace(
        Resource(
            old.logical_id,
            old.type,
            properties,
            old.declared_at,
            old.condition,
            depends_on,
            old.body,
            old.generated_by,
            origins,
        )
    )


def _lower_topic(lowering: Lowering, starter: Starter, event: Event) -> None:
    given = event.properties
    topic: Json = given.get("Topic")
    wanted = given.get("SqsSubscription")
    if not wanted:
        add_permission(lowering, starter, event, "sns.amazonaws.com", {"SourceArn": topic})
        _subscribe(lowering, event, "lambda", starter.arn)
        return
    at = event.place("SqsSubscription")
    if isinstance(wanted, dict):
        arn, url = wanted.get("QueueArn"), wanted.get("QueueUrl")
        named = wanted.get("QueuePolicyLogicalId")
        policy_id = named if isinstance(named, str) else event.logical_id + "QueuePolicy"
        batch_size: Json = wanted.get("BatchSize")
    else:
        queue = event.logical_id + "Queue"
        arn, url, policy_id, batch_size = get_att(queue, "Arn"), ref(queue), queue + "Policy", None
        fifo = _made(lowering, topic)
        is_fifo = fifo is not None and bool(lowering.default(fifo.properties.get("FifoTopic")))
        lowering.generated(event.owner, queue, QUEUE, {"FifoQueue": True} if is_fifo else {}, at)
    add_queue_poll(lowering, starter, event, arn, batch_size)
    policy = queue_policy(url, arn, "*", topic)
    lowering.generated(event.owner, policy_id, QUEUE_POLICY, policy, at)
    _subscribe(lowering, event, "sqs", arn)


def _subscribe(lowering: Lowering, event: Event, protocol: str, endpoint: Json) -> None:
    given = event.properties
    properties: Body = {"Protocol": protocol, "Endpoint": endpoint, "TopicArn": given.get("Topic")}
    for name in ("Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"):
        if given.get(name) is not None:
            properties[name] = given[name]
    lowering.from_event(event, event.logical_id, "AWS::SNS::Subscription", properties, {("TopicArn",): "Topic"})


def _lower_logs(lowering: Lowering, starter: Starter, event: Event) -> None:
    group = event.properties.get("LogGroupName")
    source = sub(_ARN % ("logs", "log-group:${__LogGroupName__}:*"), {"__LogGroupName__": group})
    permission = add_permission(lowering, starter, event, "logs.amazonaws.com", {"SourceArn": source})
    properties = without_none(
        {
            "LogGroupName": group,
            "FilterPattern": event.properties.get("FilterPattern"),
            "DestinationArn": starter.arn,
        }
    )
    kind = "AWS::Logs::SubscriptionFilter"
    lowering.from_event(event, event.logical_id, kind, properties, depends_on=(permission,))


def _lower_device_rule(lowering: Lowering, starter: Starter, event: Event) -> None:
    source = sub(_ARN % ("iot", "rule/${RuleName}"), {"RuleName": ref(event.logical_id)})
    narrowed = {"SourceArn": source, "SourceAccount": sub("${AWS::AccountId}")}
    add_permission(lowering, starter, event, "iot.amazonaws.com", narrowed)
    payload = without_none(
        {
            "Sql": event.properties.get("Sql"),
            "RuleDisabled": False,
            "Actions": [{"Lambda": {"FunctionArn": starter.arn}}],
            "AwsIotSqlVersion": event.properties.get("AwsIotSqlVersion"),
        }
    )
    renamed: dict[TemplatePath, str] = {("TopicRulePayload", name): name for name in ("Sql", "AwsIotSqlVersion")}
    lowering.from_event(event, event.logical_id, "AWS::IoT::TopicRule", {"TopicRulePayload": payload}, renamed)


def _lower_skill(lowering: Lowering, starter: Starter, event: Event) -> None:
    token = event.properties.get("SkillId")
    add_permission(lowering, starter, event, "alexa-appkit.amazon.com", {"EventSourceToken": token})


def _lower_user_pool(lowering: Lowering, starter: Starter, event: Event) -> None:
    pool = _made(lowering, event.properties.get("UserPool"))
    if pool is None:
        return
    prefix = starter.logical_id + "Cognito"
    source = {"SourceArn": get_att(pool.logical_id, "Arn")}
    add_permission(lowering, starter, event, "cognito-idp.amazonaws.com", source, prefix=prefix)
    given = event.properties.get("Trigger")
    triggers = [item for item in (given if isinstance(given, list) else [given]) if isinstance(item, str)]
    config = mapping(pool.properties.get("LambdaConfig"))
    origins = dict(pool.origins)
    for trigger in triggers:
        origins[("LambdaConfig", trigger)] = event.place()
    config = {**config, **dict.fromkeys(triggers, starter.arn)}
    _replace(lowering, pool, {**pool.properties, "LambdaConfig": config}, origins, pool.depends_on)


def _lower_api(lowering: Lowering, starter: Starter, event: Event) -> None:
    path, method = event.properties.get("Path"), event.properties.get("Method")
    if not isinstance(path, str) or not isinstance(method, str):
        return
    api = api_of(event)
    source = _invoke_arn(api, "*" if method.lower() == "any" else method.upper(), path)
    suffix = stage_suffix(lowering, api)
    add_permission(lowering, starter, event, _API_GATEWAY, {"SourceArn": source}, suffix=suffix)
    add_api_route(lowering, starter, event)


def _lower_http_api(lowering: Lowering, starter: Starter, event: Event) -> None:
    route = add_http_route(lowering, starter, event)
    if route is None:
        return
    path, method, covered = route
    if covered:
        return
    source = _invoke_arn(http_api_of(event), _method_pattern(method, path), "" if path == "$default" else path)
    add_permission(lowering, starter, event, _API_GATEWAY, {"SourceArn": source})


def _method_pattern(method: str, path: str) -> str:
    """The method in the ARN of a route; an ARN of any method of `/$default` has none."""
    method = method.lower()
    if method == "any" and path == "/$default":
        return ""
    return "*" if method in ("any", ANY_METHOD) else method.upper()


def _invoke_arn(api: Json, method: str, path: str) -> Body:
    """What may invoke the function: any stage of the API, this method and path."""
    trimmed = path[:-1] if len(path) > 1 and path.endswith("/") else path
    resource = "${__ApiId__}/${__Stage__}" + (f"/{method}" if method else "") + _VARIABLE.sub("*", trimmed)
    return sub(_ARN % ("execute-api", resource), {"__ApiId__": api, "__Stage__": "*"})


HANDLERS: dict[str, Handler] = {
    "AlexaSkill": _lower_skill,
    "Api": _lower_api,
    "CloudWatchEvent": lower_pattern,
    "CloudWatchLogs": _lower_logs,
    "Cognito": _lower_user_pool,
    "DocumentDB": lower_poll,
    "DynamoDB": lower_poll,
    "EventBridgeRule": lower_pattern,
    "HttpApi": _lower_http_api,
    "IoTRule": _lower_device_rule,
    "Kinesis": lower_poll,
    "MQ": lower_poll,
    "MSK": lower_poll,
    "S3": _lower_bucket,
    "SNS": _lower_topic,
    "SQS": lower_poll,
    "Schedule": lower_schedule,
    "ScheduleV2": lower_scheduler,
    "SelfManagedKafka": lower_poll,
}
