"""What starts a Lambda function and where its failures go, mounted file systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.edges.paths import EACH, follow, steps
from archlint.graph.edges.sending import BUCKET, BUS, FUNCTION, QUEUE, TOPIC, dead_letters, named, plain, send
from archlint.graph.edges.string_template import decoded
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.template.model import Body, Json

_DESTINATIONS = (QUEUE, TOPIC, FUNCTION, BUS, BUCKET)
_FILTERS = steps("FilterCriteria.Filters[].Pattern")
_MAPPING_DETAIL = {
    "BatchSize": "batch_size",
    "MaximumBatchingWindowInSeconds": "batching_window",
    "Enabled": "enabled",
    "FunctionResponseTypes": "response_types",
    "MaximumRetryAttempts": "maximum_retry_attempts",
    "MaximumRecordAgeInSeconds": "maximum_record_age",
}
_CONSUMER = "AWS::Kinesis::StreamConsumer"


def patterns(linker: Linker, stack: Stack, body: Body, path: tuple[str, ...] = _FILTERS) -> list[Json]:
    """The parsed patterns of a `FilterCriteria`; None stands for one, or a part of one, that is not known here."""
    return [plain(linker, stack, decoded(pattern)) for _, pattern in follow(body, path)]


def event_source_mapping(linker: Linker, node: Node) -> None:
    """`triggers` poll from the source, `dead_letters` of the function to the mapping's OnFailure destination."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    functions = linker.targets(stack, properties.get("FunctionName"), FUNCTION)
    detail: dict[str, Json] = {
        name: plain(linker, stack, properties[given]) for given, name in _MAPPING_DETAIL.items() if given in properties
    }
    filters = patterns(linker, stack, properties)
    if filters:
        detail["filters"] = filters
    for source, extra in _mapping_sources(linker, node):
        for function in functions:
            linker.connect(
                EdgeKind.TRIGGERS,
                source,
                function.node,
                place=node.place("EventSourceArn"),
                mode=Mode.POLL,
                via=node,
                qualifier=function.qualifier,
                detail={**detail, **extra},
            )
    for path, value in follow(properties, ("DestinationConfig", "OnFailure", "Destination")):
        for function in functions:
            dead_letters(linker, function.node, value, *_DESTINATIONS, place=node.place(*path), stack=stack, via=node)


def _mapping_sources(linker: Linker, node: Node) -> list[tuple[Node, dict[str, Json]]]:
    stack, properties = node.stack, node.properties
    assert stack is not None  # noqa: S101 - the caller has looked
    found: list[tuple[Node, dict[str, Json]]] = []
    for target in named(linker, node, "EventSourceArn", properties.get("EventSourceArn")):
        if target.node.type == _CONSUMER and target.node.stack is not None:
            streams = linker.targets(target.node.stack, target.node.properties.get("StreamARN"))
            found += [(stream.node, {"enhanced_fan_out": True}) for stream in streams]
        else:
            found.append((target.node, {}))
    for _, servers in follow(properties, ("SelfManagedEventSource", "Endpoints", "KafkaBootstrapServers")):
        name = ",".join(
            str(text)
            for item in (servers if isinstance(servers, list) else [servers])
            for text in linker.texts(stack, item)
        )
        if name:
            found.append((linker.external(f"kafka {name}"), {}))
    return found


def event_invoke_config(linker: Linker, node: Node) -> None:
    """`dead_letters` to OnFailure, `publishes` (or `invokes` async, for a function) to OnSuccess."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    for function in linker.targets(stack, properties.get("FunctionName"), FUNCTION):
        for path, value in follow(properties, ("DestinationConfig", "OnFailure", "Destination")):
            dead_letters(linker, function.node, value, *_DESTINATIONS, place=node.place(*path), stack=stack, via=node)
        for path, value in follow(properties, ("DestinationConfig", "OnSuccess", "Destination")):
            for target in linker.targets(stack, value, *_DESTINATIONS):
                send(
                    linker,
                    function.node,
                    target,
                    place=node.place(*path),
                    via=node,
                    computes=True,
                    detail={"on": "success"},
                )


def file_systems(linker: Linker, node: Node) -> None:
    """A function `reads` and `writes` the file system behind each access point that it mounts."""
    if node.stack is None:
        return
    for path, value in follow(node.properties, ("FileSystemConfigs", EACH, "Arn")):
        for target in linker.targets(node.stack, value):
            for store, carrier in _file_systems_behind(linker, target.node):
                for kind in (EdgeKind.READS, EdgeKind.WRITES):
                    linker.connect(kind, node, store, place=node.place(*path), via=carrier)


def _file_systems_behind(linker: Linker, access_point: Node) -> list[tuple[Node, Node | None]]:
    if access_point.stack is not None and access_point.type.endswith("::AccessPoint"):
        behind = linker.targets(access_point.stack, access_point.properties.get("FileSystemId"), "AWS::EFS::FileSystem")
        if behind:
            return [(target.node, access_point) for target in behind]
    return [(access_point, None)]


def deployment_hooks(linker: Linker, node: Node) -> None:
    """CodeDeploy `invokes` the hook functions that an alias' update policy names."""
    body: Any = node.resource.body if node.resource is not None else None
    if node.stack is None or not isinstance(body, dict) or "UpdatePolicy" not in body:
        return
    for _, update in follow(body, ("UpdatePolicy", "CodeDeployLambdaAliasUpdate")):
        if not isinstance(update, dict):
            continue
        groups = linker.targets(node.stack, update.get("DeploymentGroupName"), "AWS::CodeDeploy::DeploymentGroup")
        source = groups[0].node if groups else node
        for hook in ("BeforeAllowTrafficHook", "AfterAllowTrafficHook"):
            for target in linker.targets(node.stack, update.get(hook), FUNCTION):
                linker.connect(
                    EdgeKind.INVOKES,
                    source,
                    target.node,
                    place=node.place(),
                    mode=Mode.SYNC,
                    qualifier=target.qualifier,
                )


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::Lambda::EventSourceMapping": (event_source_mapping,),
    "AWS::Lambda::EventInvokeConfig": (event_invoke_config,),
    "AWS::Lambda::Function": (file_systems,),
    "AWS::Lambda::Alias": (deployment_hooks,),
}
