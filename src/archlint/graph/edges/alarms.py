"""CloudWatch alarms: what they watch and whom they tell."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from archlint.graph.edges.paths import EACH, follow, mappings
from archlint.graph.edges.sending import (
    APIS,
    BUCKET,
    BUS,
    FIREHOSE,
    FUNCTION,
    LOG_GROUP,
    MACHINE,
    QUEUE,
    REST_API,
    STREAM,
    TABLES,
    TOPIC,
    endpoints,
    known,
    plain,
    starts_code,
)
from archlint.graph.edges.string_template import flatten
from archlint.graph.model import EdgeKind, Mode
from archlint.graph.resolve import Target
from archlint.graph.text import joined

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node, ResourceGraph
    from archlint.graph.stacks import Stack
    from archlint.graph.text import Text
    from archlint.template.model import Body, Json, TemplatePath

_ALARM = "AWS::CloudWatch::Alarm"
_COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
_LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
# Dimension of a metric → types of the resource that it identifies.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
_DIMENSIONS: dict[str, tuple[str, ...]] = {
    "ActivityArn": ("AWS::StepFunctions::Activity",),
    "ApiId": APIS,
    "ApiName": APIS,
    "AutoScalingGroupName": ("AWS::AutoScaling::AutoScalingGroup",),
    "Broker": ("AWS::AmazonMQ::Broker",),
    "BucketName": (BUCKET,),
    "BackupVaultName": ("AWS::Backup::BackupVault",),
    "CacheClusterId": ("AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup"),
    "Cluster Name": ("AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster"),
    "ClusterIdentifier": ("AWS::Redshift::Cluster",),
    "ClusterName": ("AWS::ECS::Cluster",),
    "DBClusterIdentifier": ("AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"),
    "DBInstanceIdentifier": ("AWS::RDS::DBInstance", "AWS::DocDB::DBInstance"),
    "DeliveryStreamName": (FIREHOSE,),
    "DistributionId": ("AWS::CloudFront::Distribution",),
    "DomainName": ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"),
    "EndpointName": ("AWS::SageMaker::Endpoint",),
    "EventBusName": (BUS,),
    "FileSystemId": ("AWS::EFS::FileSystem",),
    "FunctionName": (FUNCTION,),
    "GraphQLAPIId": ("AWS::AppSync::GraphQLApi",),
    "HealthCheckId": ("AWS::Route53::HealthCheck",),
    "InstanceId": ("AWS::EC2::Instance",),
    "LoadBalancer": (_LOAD_BALANCER,),
    "LoadBalancerName": ("AWS::ElasticLoadBalancing::LoadBalancer",),
    "LogGroupName": (LOG_GROUP,),
    "NatGatewayId": ("AWS::EC2::NatGateway",),
    "PipeName": ("AWS::Pipes::Pipe",),
    "ProjectName": ("AWS::CodeBuild::Project",),
    "ProxyName": ("AWS::RDS::DBProxy",),
    "QueueName": (QUEUE,),
    "ReplicationGroupId": ("AWS::ElastiCache::ReplicationGroup",),
    "Resource": (FUNCTION,),
    "RuleName": ("AWS::Events::Rule", "AWS::IoT::TopicRule"),
    "ScheduleGroup": ("AWS::Scheduler::ScheduleGroup",),
    "ServiceName": ("AWS::ECS::Service",),
    "StateMachineArn": (MACHINE,),
    "StreamName": (STREAM,),
    "TableName": TABLES,
    "TargetGroup": ("AWS::ElasticLoadBalancingV2::TargetGroup",),
    "TopicName": (TOPIC,),
    "TransitGateway": ("AWS::EC2::TransitGateway",),
    "UserPool": ("AWS::Cognito::UserPool",),
    "VolumeId": ("AWS::EC2::Volume",),
    "VpnId": ("AWS::EC2::VPNConnection",),
}
_LAMBDA = "AWS/Lambda"
_CACHE_NODE = re.compile(r"(-\d{4})?-\d{3}$")
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def alarm(linker: Linker, node: Node) -> None:
    """`watches` by dimension, also inside `Metrics[]`; `delivers` to topics, `triggers` functions."""
    alarm_actions(linker, node)
    if node.stack is None:
        return
    _watch(linker, node, node.properties, ())
    _watch_logs(linker, node, node.properties, ())
    for path, metric in mappings(node.properties, "Metrics", EACH, "MetricStat", "Metric"):
        _watch(linker, node, metric, path)
        _watch_logs(linker, node, metric, path)


def _watch(linker: Linker, node: Node, metric: Body, path: TemplatePath) -> None:
    stack = node.stack
    if stack is None or "Dimensions" not in metric:
        return
    metric_name = plain(linker, stack, metric.get("MetricName"))
    namespace = str(metric.get("Namespace"))
    # Dimensions of a metric of one's own may use AWS's names for other things.
    resolve = linker.targets if namespace.startswith("AWS/") else partial(known, linker)
    dimensions = list(mappings(metric, "Dimensions", EACH))
    is_function_named = any(dimension.get("Name") == "FunctionName" for _, dimension in dimensions)
    for here, dimension in dimensions:
        name = str(dimension.get("Name"))
        if name == "Resource" and (namespace != _LAMBDA or is_function_named):  # a path, for API Gateway
            continue
        if name == "FunctionName" and namespace.startswith("AWS/") and namespace != _LAMBDA:  # there is no such metric
            continue
        types = _DIMENSIONS.get(name)
        if types is None:
            continue
        found = (
            _titled(linker, node, dimension)
            or _cache_groups(linker, stack, dimension)
            or resolve(stack, dimension.get("Value"), *types)
        )
        for target in found:
            linker.connect(
                EdgeKind.WATCHES,
                node,
                target.node,
                place=node.place(*path, *here, "Value"),
                qualifier=target.qualifier,
                detail={"metric": metric_name},
            )


class _Filtered(msgspec.Struct, frozen=True):
    """A metric filter, one of its log groups, and what it makes of it."""

    carrier: Node
    group: Target
    metric: Body


_FILTERS: WeakKeyDictionary[ResourceGraph, dict[tuple[Text, Text], list[_Filtered]]] = WeakKeyDictionary()


def _filtered_groups(linker: Linker) -> dict[tuple[Text, Text], list[_Filtered]]:
    """What metric filters make, by the namespace and name of the metric; once per graph."""
    found = _FILTERS.get(linker.graph)
    if found is None:
        found = _FILTERS[linker.graph] = {}
        for node in linker.graph.of_type("AWS::Logs::MetricFilter"):
            stack = node.stack
            if stack is None:
                continue
            groups = linker.targets(stack, node.properties.get("LogGroupName"), LOG_GROUP)
            for _, metric in mappings(node.properties, "MetricTransformations", EACH):
                for key in _metric_keys(linker, stack, metric.get("MetricNamespace"), metric.get("MetricName")):
                    found.setdefault(key, []).extend(_Filtered(node, group, metric) for group in groups)
    return found


def _metric_keys(linker: Linker, stack: Stack, namespace: Json, name: Json) -> list[tuple[Text, Text]]:
    return [(one, other) for one in linker.texts(stack, namespace) for other in linker.texts(stack, name)]


def _watch_logs(linker: Linker, node: Node, metric: Body, path: TemplatePath) -> None:
    """An alarm on the metric of a metric filter watches the filter's log group."""
    stack = node.stack
    if stack is None or str(metric.get("Namespace", "AWS/")).startswith("AWS/"):
        return
    for key in _metric_keys(linker, stack, metric.get("Namespace"), metric.get("MetricName")):
        for filtered in _filtered_groups(linker).get(key, ()):
            if _is_of_another(linker, stack, metric, filtered):
                continue
            linker.connect(
                EdgeKind.WATCHES,
                node,
                filtered.group.node,
                place=node.place(*path, "MetricName"),
                via=filtered.carrier,
                detail={"metric": key[1].literal},
            )


def _is_of_another(linker: Linker, stack: Stack, metric: Body, filtered: _Filtered) -> bool:
    """True when a dimension keeps them apart: the filter takes what has one value, the alarm looks at another.

    A dimension is a field of the log line; which value it has only the filter's pattern tells.
    """
    owner = filtered.carrier.stack
    if owner is None or "Dimensions" not in filtered.metric or "Dimensions" not in metric:
        return False
    wanted = {str(each.get("Name")): each.get("Value") for _, each in mappings(metric, "Dimensions", EACH)}
    pattern = flatten(filtered.carrier.properties.get("FilterPattern"))
    for _, dimension in mappings(filtered.metric, "Dimensions", EACH):
        field, name = str(dimension.get("Value")), str(dimension.get("Key"))
        value = re.search(re.escape(field) + r'\s*=\s*"([^"]*)"', pattern.text) if pattern is not None else None
        if value is not None and pattern is not None and name in wanted:
            taken = linker.texts(owner, pattern.value(value[1]))
            if not {*taken} & {*linker.texts(stack, wanted[name])}:
                return True
    return False


def _titled(linker: Linker, node: Node, dimension: Body) -> list[Target]:
    """The REST API whose OpenAPI title is the dimension's value: that is its name when it has no other.

    One of the alarm's stack, else one of the stacks that are deployed with it.
    """
    stack = node.stack
    if stack is None or dimension.get("Name") != "ApiName":
        return []
    wanted = linker.texts(stack, dimension.get("Value"))
    near: list[Target] = []
    far: list[Target] = []
    for api in linker.graph.of_type(REST_API):
        if api.stack is None or api.stack.root is not stack.root or "Name" in api.properties:
            continue
        for _, title in follow(api.properties, ("Body", "info", "title")):
            if linker.texts(api.stack, title) == wanted:
                (near if api.stack is stack else far).append(Target(api))
    return near or far


def _cache_groups(linker: Linker, stack: Stack, dimension: Body) -> list[Target]:
    """The replication group of a cache cluster that is one of its nodes: `<group>-001`, `<group>-0001-001`."""
    if dimension.get("Name") != "CacheClusterId":
        return []
    found = []
    for text in linker.texts(stack, dimension.get("Value")):
        *parts, last = text.parts or ("",)
        member = _CACHE_NODE.search(last) if isinstance(last, str) else None
        if member is not None:
            name = joined([*parts, member.string[: member.start()]])
            target = linker.target(stack, name, ("AWS::ElastiCache::ReplicationGroup",))
            if target is not None and not target.node.external:
                found.append(target)
    return found


def alarm_actions(linker: Linker, node: Node) -> None:
    """Alarm → what it tells, with the state that does (`ALARM`, `OK`, `INSUFFICIENT_DATA`) in the detail."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    for name in _ACTIONS:
        if name not in properties:
            continue
        for path, value in follow(properties, (name, EACH)):
            for target in linker.targets(stack, value):
                started = starts_code(target.node)
                linker.connect(
                    EdgeKind.TRIGGERS if started else EdgeKind.DELIVERS,
                    node,
                    target.node,
                    place=node.place(*path),
                    mode=Mode.ASYNC if started else None,
                    qualifier=target.qualifier,
                    detail={"on": name.removesuffix("Actions")},
                )


def composite_alarm(linker: Linker, node: Node) -> None:
    """A composite alarm `watches` the alarms that its rule names."""
    flat = flatten(node.properties.get("AlarmRule"))
    if node.stack is None or flat is None:
        return
    for piece in flat.text.split("(")[1:]:
        name = piece.split(")", 1)[0].strip().strip("'\"")
        for target in known(linker, node.stack, flat.value(name), _ALARM, _COMPOSITE):
            linker.connect(EdgeKind.WATCHES, node, target.node, place=node.place("AlarmRule"))


_CHECKED = ("IPAddress", "FullyQualifiedDomainName")


def health_check(linker: Linker, node: Node) -> None:
    """A Route 53 health check `watches` whose address it asks, or the alarm that it follows."""
    if node.stack is None:
        return
    for name in _CHECKED:
        for path, value in follow(node.properties, ("HealthCheckConfig", name)):
            for target in endpoints(linker, node.stack, value):
                linker.connect(EdgeKind.WATCHES, node, target.node, place=node.place(*path))
    for path, value in follow(node.properties, ("HealthCheckConfig", "AlarmIdentifier", "Name")):
        for target in known(linker, node.stack, value, _ALARM):
            linker.connect(EdgeKind.WATCHES, node, target.node, place=node.place(*path))


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::Route53::HealthCheck": (health_check,),
    _ALARM: (alarm,),
    _COMPOSITE: (alarm_actions, composite_alarm),
}
