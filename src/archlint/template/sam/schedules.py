"""EventBridge rules and schedules, as events of functions and of state machines alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.template.sam.events import Starter, add_permission
from archlint.template.sam.intrinsics import get_att, is_intrinsic, mapping, ref, without_none
from archlint.template.sam.lowering import QUEUE, QUEUE_POLICY, Lowering
from archlint.template.sam.policies import VERSION, Role, add_role, allow, role_settings, trust

if TYPE_CHECKING:
    from archlint.template.model import Body, Json, TemplatePath
    from archlint.template.sam.resource import Event

RULE = "AWS::Events::Rule"
_EVENTS = "events.amazonaws.com"
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
_MAX_TARGET_ID = 64
_TARGET: dict[TemplatePath, str] = {
    ("Targets",): "",
    **{
        ("Targets", 0, name): name
        for name in ("Input", "InputPath", "InputTransformer", "DeadLetterConfig", "RetryPolicy", "RoleArn")
    },
}
_SCHEDULE: dict[TemplatePath, str] = {("ScheduleExpression",): "Schedule", **_TARGET}
_PATTERN: dict[TemplatePath, str] = {("EventPattern",): "Pattern", ("Name",): "RuleName", **_TARGET}
_SCHEDULER_TARGET: dict[TemplatePath, str] = {
    ("Target",): "",
    **{("Target", name): name for name in ("Input", "DeadLetterConfig", "RetryPolicy", "RoleArn")},
}
_SCHEDULER = (
    "ScheduleExpression", "State", "Description", "StartDate", "EndDate", "ScheduleExpressionTimezone", "GroupName",
    "KmsKeyArn",
)  # fmt: skip


def lower_schedule(lowering: Lowering, starter: Starter, event: Event) -> None:
    """Adds the rule of a `Schedule`."""
    given = event.properties
    properties = without_none(
        {
            "ScheduleExpression": given.get("Schedule"),
            "State": _state(given),
            "Name": given.get("Name"),
            "Description": given.get("Description"),
        }
    )
    _add_rule(lowering, starter, event, properties, _SCHEDULE)


def lower_pattern(lowering: Lowering, starter: Starter, event: Event) -> None:
    """Adds the rule of an `EventBridgeRule` or `CloudWatchEvent`."""
    given = event.properties
    properties = without_none(
        {
            "EventBusName": given.get("EventBusName"),
            "EventPattern": given.get("Pattern"),
            "Name": given.get("RuleName"),
            "State": _state(given),
        }
    )
    _add_rule(lowering, starter, event, properties, _PATTERN)


def lower_scheduler(lowering: Lowering, starter: Starter, event: Event) -> None:
    """Adds the schedule of a `ScheduleV2` and its role."""
    given = event.properties
    properties = {name: given[name] for name in _SCHEDULER if given.get(name) is not None}
    if not given.get("OmitName"):
        properties["Name"] = given.get("Name") or event.logical_id
    properties["FlexibleTimeWindow"] = given.get("FlexibleTimeWindow") or {"Mode": "OFF"}
    target: Body = {"Arn": starter.arn}
    properties["Target"] = target
    lowering.from_event(event, event.logical_id, "AWS::Scheduler::Schedule", properties, _SCHEDULER_TARGET)
    dead_letters = _dead_letters(lowering, event, None)
    target["RoleArn"] = given.get("RoleArn") or _scheduler_role(lowering, starter, event, dead_letters)
    _add_delivery(target, event, dead_letters, ("Input", "RetryPolicy"))


def _scheduler_role(lowering: Lowering, starter: Starter, event: Event, dead_letters: Json) -> Json:
    role = Role(event.logical_id + "Role", trust("scheduler.amazonaws.com"))
    name = event.logical_id + ("LambdaPolicy" if starter.role is not None else "StartExecutionPolicy")
    role.allow(name, [_start(starter)], event.place())
    arn = mapping(dead_letters).get("Arn")
    if arn is not None:
        role.allow(event.logical_id + "SQSPolicy", [allow("sqs:SendMessage", arn)], event.place("DeadLetterConfig"))
    boundary = event.properties.get("PermissionsBoundary")
    if boundary:
        role.properties["PermissionsBoundary"] = boundary
    add_role(lowering, event.owner, role, event.place())
    return role.arn


def invoke_role(lowering: Lowering, starter: Starter, event: Event, service: str) -> Role:
    """Adds the role by which a service starts the state machine."""
    role = Role(event.logical_id + "Role", trust(service))
    role.allow(role.logical_id + "StartExecutionPolicy", [_start(starter)], event.place())
    role_settings(role, event.owner, PermissionsBoundary="PermissionsBoundary")
    add_role(lowering, event.owner, role, event.place())
    return role


def _start(starter: Starter) -> Body:
    action = "lambda:InvokeFunction" if starter.role is not None else "states:StartExecution"
    return allow(action, starter.arn)


def _state(given: Body) -> Json:
    """SAM turns anything true, intrinsics included, into ENABLED."""
    if given.get("Enabled") is not None:
        return "ENABLED" if given["Enabled"] else "DISABLED"
    state: Json = given.get("State")
    return state


def _add_rule(
    lowering: Lowering, starter: Starter, event: Event, properties: Body, renamed: dict[TemplatePath, str]
) -> None:
    target: Body = {"Arn": starter.arn, "Id": _target_id(event, starter)}
    properties["Targets"] = [target]
    lowering.from_event(event, event.logical_id, RULE, properties, renamed)
    arn = get_att(event.logical_id, "Arn")
    if starter.role is not None:
        add_permission(lowering, starter, event, _EVENTS, {"SourceArn": arn})
    elif event.type == "Schedule" and event.properties.get("RoleArn") is not None:
        target["RoleArn"] = event.properties["RoleArn"]
    else:
        target["RoleArn"] = invoke_role(lowering, starter, event, _EVENTS).arn
    dead_letters = _dead_letters(lowering, event, arn)
    _add_delivery(target, event, dead_letters, ("Input", "InputPath", "RetryPolicy", "InputTransformer"))


def _add_delivery(target: Body, event: Event, dead_letters: Json, names: tuple[str, ...]) -> None:
    for name in names:
        if event.properties.get(name) is not None:
            target[name] = event.properties[name]
    if dead_letters is not None:
        target["DeadLetterConfig"] = dead_letters


def _target_id(event: Event, starter: Starter) -> Json:
    given = mapping(event.properties.get("Target")).get("Id")
    if given is not None:
        found: Json = given
        return found
    suffix = "LambdaTarget" if starter.role is not None else "StepFunctionsTarget"
    return event.logical_id[: _MAX_TARGET_ID - len(suffix)] + suffix


def _dead_letters(lowering: Lowering, event: Event, rule_arn: Json) -> Json:
    """The target's `DeadLetterConfig`; a queue is made when there is only a `Type`.

    `rule_arn` is what a queue policy lets in; a schedule sends with its role and needs none.
    """
    config = event.properties.get("DeadLetterConfig")
    if not isinstance(config, dict) or is_intrinsic(config) or config.get("Arn") is not None:
        return config if isinstance(config, dict) else None
    at = event.place("DeadLetterConfig")
    named = config.get("QueueLogicalId")
    queue = named if isinstance(named, str) else event.logical_id + "Queue"
    arn = get_att(queue, "Arn")
    lowering.generated(event.owner, queue, QUEUE, {}, at)
    if rule_arn is not None:
        policy = queue_policy(ref(queue), arn, {"Service": _EVENTS}, rule_arn)
        lowering.generated(event.owner, event.logical_id + "QueuePolicy", QUEUE_POLICY, policy, at)
    return {"Arn": arn}


def queue_policy(url: Json, arn: Json, principal: Json, source_arn: Json) -> Body:
    """Properties of a queue policy that lets one source send."""
    statement: Body = {
        "Action": "sqs:SendMessage",
        "Effect": "Allow",
        "Principal": principal,
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
    }
    return {"PolicyDocument": {"Version": VERSION, "Statement": [statement]}, "Queues": [url]}
