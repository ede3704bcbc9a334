"""EventBridge: rules, buses, schedules and pipes, none of which are collapsed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.edges.functions import patterns
from archlint.graph.edges.operations import arguments, operations
from archlint.graph.edges.paths import EACH, follow, mappings, steps
from archlint.graph.edges.senders import draw_senders
from archlint.graph.edges.sending import (
    BUS,
    FUNCTION,
    QUEUE,
    TOPIC,
    dead_letters,
    endpoints,
    is_default_bus,
    named,
    plain,
    send,
)
from archlint.graph.edges.string_template import decoded, flatten
from archlint.graph.edges.string_template import parse_json as parse_flat
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.resolve import Target
    from archlint.graph.stacks import Stack
    from archlint.template.model import Body, Json, TemplatePath

# A target's parameters that name what really starts; its ARN is then only where it runs.
_TASK = (
    ("EcsParameters", "TaskDefinitionArn", "AWS::ECS::TaskDefinition"),
    ("EcsTaskParameters", "TaskDefinitionArn", "AWS::ECS::TaskDefinition"),
    ("BatchParameters", "JobDefinition", "AWS::Batch::JobDefinition"),
    ("BatchJobParameters", "JobDefinition", "AWS::Batch::JobDefinition"),
)


def rule(linker: Linker, node: Node) -> None:
    """Bus and bucket → rule, rule → targets and their dead-letter queues."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    detail: dict[str, Json] = {}
    if "EventPattern" in properties:
        detail["pattern"] = plain(linker, stack, decoded(properties["EventPattern"]))
        draw_senders(linker, node, detail)
    if "ScheduleExpression" in properties:
        detail["schedule"] = plain(linker, stack, properties["ScheduleExpression"])
    if "EventBusName" in properties:
        for target in event_bus(linker, stack, properties["EventBusName"]):
            linker.connect(EdgeKind.DELIVERS, target.node, node, place=node.place("EventBusName"), detail=detail)
    for path, body in mappings(properties, "Targets", EACH):
        _rule_target(linker, node, body, path, detail)


def event_bus(linker: Linker, stack: Stack, value: Json) -> list[Target]:
    """The buses that a name or ARN means; none for the default bus."""
    return [target for target in linker.targets(stack, value, BUS) if not is_default_bus(target.node)]


def _rule_target(linker: Linker, node: Node, body: Body, path: TemplatePath, detail: dict[str, Json]) -> None:
    stack = node.stack
    assert stack is not None  # noqa: S101 - the caller has looked
    given = {key: plain(linker, stack, body[key]) for key in ("Input", "InputPath") if key in body}
    target_detail: dict[str, Json] = {**detail, "target": plain(linker, stack, body.get("Id"))}
    target_detail.update({"input": given["Input"]} if "Input" in given else {})
    target_detail["dead_letters"] = False
    for here, value in follow(body, ("DeadLetterConfig", "Arn")):
        target_detail["dead_letters"] = True
        dead_letters(
            linker, node, value, QUEUE, place=node.place(*path, *here), detail={"target": target_detail["target"]}
        )
    for target, key in started_by(linker, node, body, "Arn"):
        if not is_default_bus(target.node):
            send(linker, node, target, place=node.place(*path, *key), detail=target_detail)


def started_by(linker: Linker, node: Node, body: Body, key: str) -> list[tuple[Target, TemplatePath]]:
    """What a target (of a rule, schedule or pipe) starts: its task or job definition, else what its ARN names."""
    stack = node.stack
    assert stack is not None  # noqa: S101 - the callers have looked
    for parameters, name, kind in _TASK:
        found = [
            (target, path)
            for path, value in follow(body, (parameters, name))
            for target in linker.targets(stack, value, kind)
        ]
        if found:
            return found
    return [(target, (key,)) for target in named(linker, node, key, body.get(key), FUNCTION)]


def schedule(linker: Linker, node: Node) -> None:
    """Schedule → target and its dead-letter queue; a universal target's resource stands in its input."""
    stack = node.stack
    if stack is None:
        return
    expression = plain(linker, stack, node.properties.get("ScheduleExpression"))
    for group in linker.targets(stack, node.properties.get("GroupName"), "AWS::Scheduler::ScheduleGroup"):
        if not group.node.logical_id.endswith("ScheduleGroup default"):  # every account's own, which groups nothing
            linker.connect(EdgeKind.MEMBER_OF, node, group.node, place=node.place("GroupName"))
    for path, body in mappings(node.properties, "Target"):
        dead: list[Any] = list(follow(body, ("DeadLetterConfig", "Arn")))
        detail: dict[str, Json] = {"schedule": expression, "dead_letters": bool(dead)}
        for here, value in dead:
            dead_letters(linker, node, value, QUEUE, place=node.place(*path, *here))
        flat = flatten(body.get("Arn"))
        service, separator, action = (flat.text if flat else "").partition(":::aws-sdk:")[2].partition(":")
        if separator:
            _universal(linker, node, body, path, service, action, detail)
            continue
        for target, key in started_by(linker, node, body, "Arn"):
            send(linker, node, target, place=node.place(*path, *key), detail=detail)


def _universal(
    linker: Linker, node: Node, body: Body, path: TemplatePath, service: str, action: str, detail: dict[str, Json]
) -> None:
    stack = node.stack
    flat = flatten(body.get("Input"))
    given = parse_flat(flat.text) if flat is not None else None
    if stack is None or flat is None or not isinstance(given, dict):
        return
    for operation in operations(service, action):
        if EdgeKind.READS in operation.kinds or EdgeKind.REFERENCES in operation.kinds:
            continue
        for parameter in operation.parameters:
            for _, value, dynamic in arguments(given, parameter):
                if dynamic or not isinstance(value, str):
                    continue
                for target in linker.targets(stack, flat.value(value), *operation.types):
                    send(linker, node, target, place=node.place(*path, "Input"), detail=detail)


_PIPE_FAILURES = tuple(
    steps(f"SourceParameters.{name}.DeadLetterConfig.Arn")
    for name in ("DynamoDBStreamParameters", "KinesisStreamParameters")
)
_PIPE_FILTERS = steps("SourceParameters.FilterCriteria.Filters[].Pattern")


def pipe(linker: Linker, node: Node) -> None:
    """Source → pipe (`triggers` poll), pipe → enrichment and target, stream failures → dead-letter destination.

    What a pipe calls runs in mode `poll`, `async` when the target is invoked fire-and-forget.
    """
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    detail: dict[str, Json] = {}
    filters = patterns(linker, stack, properties, _PIPE_FILTERS)
    if filters:
        detail["filters"] = filters
    for _, body in mappings(properties, "SourceParameters", "*"):
        if "BatchSize" in body:
            detail["batch_size"] = plain(linker, stack, body["BatchSize"])
    for target in named(linker, node, "Source", properties.get("Source")):
        linker.connect(EdgeKind.TRIGGERS, target.node, node, place=node.place("Source"), mode=Mode.POLL, detail=detail)
    for target in linker.targets(stack, properties.get("Enrichment"), FUNCTION):
        send(linker, node, target, place=node.place("Enrichment"), mode=Mode.POLL, detail={"enrichment": True})
    invocation = plain(linker, stack, next((value for _, value in follow(properties, _INVOCATION)), None))
    mode = Mode.ASYNC if invocation == "FIRE_AND_FORGET" else Mode.POLL
    parameters: Any = properties.get("TargetParameters")
    given = {**(parameters if isinstance(parameters, dict) else {}), "Target": properties.get("Target")}
    for target, key in started_by(linker, node, given, "Target"):
        path = key if key == ("Target",) else ("TargetParameters", *key)
        send(linker, node, target, place=node.place(*path), mode=mode)
    for steps_to in _PIPE_FAILURES:
        for path, value in follow(properties, steps_to):
            dead_letters(linker, node, value, QUEUE, TOPIC, place=node.place(*path))


_INVOCATION = ("TargetParameters", "*", "InvocationType")


def api_destination(linker: Linker, node: Node) -> None:
    """An API destination `delivers` to its endpoint: an API, load balancer or function URL of the run, else the URL."""
    stack, url = node.stack, node.properties.get("InvocationEndpoint")
    if stack is None:
        return
    for target in endpoints(linker, stack, url) or named(linker, node, "InvocationEndpoint", url):
        send(linker, node, target, place=node.place("InvocationEndpoint"), mode=Mode.SYNC)


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::Events::Rule": (rule,),
    "AWS::Events::ApiDestination": (api_destination,),
    "AWS::Scheduler::Schedule": (schedule,),
    "AWS::Pipes::Pipe": (pipe,),
}
