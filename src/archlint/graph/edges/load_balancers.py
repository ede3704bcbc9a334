"""Load balancers: listeners, rules and target groups are carriers between a balancer and functions or services."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from archlint.graph.edges.paths import EACH, follow, mappings
from archlint.graph.edges.sending import BUCKET, FUNCTION, known, plain, send
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node, ResourceGraph
    from archlint.graph.resolve import Target
    from archlint.template.model import Json

_LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
_LISTENER_RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
_TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_CLASSIC = "AWS::ElasticLoadBalancing::LoadBalancer"


class _Front(msgspec.Struct, frozen=True):
    """A balancer in front of a target group, with what its listener rule lets through."""

    balancer: Node
    conditions: Json


_FRONTS: WeakKeyDictionary[ResourceGraph, dict[Node, list[_Front]]] = WeakKeyDictionary()


def _fronts(linker: Linker) -> dict[Node, list[_Front]]:
    """Balancers by target group, over all stacks; made once per graph."""
    found = _FRONTS.get(linker.graph)
    if found is not None:
        return found
    found = _FRONTS[linker.graph] = {}
    for node in linker.graph.of_type(_LISTENER, _LISTENER_RULE):
        stack = node.stack
        if stack is None:
            continue
        balancers = _balancers(linker, node)
        conditions = plain(linker, stack, node.properties.get("Conditions"))
        for key in ("DefaultActions", "Actions"):
            for _, action in mappings(node.properties, key, EACH):
                named = [action.get("TargetGroupArn")]
                named += [
                    group for _, group in follow(action, ("ForwardConfig", "TargetGroups", EACH, "TargetGroupArn"))
                ]
                for value in named:
                    for target in linker.targets(stack, value):
                        fronts = found.setdefault(target.node, [])
                        fronts += [_Front(balancer, conditions) for balancer in balancers]
    return found


def _balancers(linker: Linker, node: Node) -> list[Node]:
    stack = node.stack
    if stack is None:
        return []
    if node.type == _LISTENER:
        return [target.node for target in linker.targets(stack, node.properties.get("LoadBalancerArn"))]
    found = []
    for listener in linker.targets(stack, node.properties.get("ListenerArn")):
        # A listener of another run still is a front: it stands for its balancer.
        found += [listener.node] if listener.node.type != _LISTENER else _balancers(linker, listener.node)
    return found


_TARGETS = {
    "lambda": (FUNCTION,),
    "alb": (_BALANCER,),
    "instance": ("AWS::EC2::Instance",),
    "ip": ("AWS::EC2::Instance",),
}


_ENDPOINT = "AWS::EC2::VPCEndpoint"
_TARGET_TYPES = frozenset((*(kind for kinds in _TARGETS.values() for kind in kinds), _ENDPOINT))


def target_group(linker: Linker, node: Node) -> None:
    """Load balancer → the functions (`triggers` sync), balancers and instances (`delivers`) of a target group."""
    stack = node.stack
    if stack is None or "Targets" not in node.properties:
        return
    kind = plain(linker, stack, node.properties.get("TargetType", "instance"))
    resolve = linker.targets if kind in ("lambda", "alb", "instance") else partial(known, linker)
    for path, value in follow(node.properties, ("Targets", EACH, "Id")):
        named = resolve(stack, value, *_TARGETS.get(str(kind), ()))
        for target in [each for found in named for each in _looked_up(linker, found)]:
            if not target.node.external and target.node.type not in _TARGET_TYPES:
                continue
            for front in _fronts(linker).get(node, ()):
                send(
                    linker,
                    front.balancer,
                    target,
                    place=node.place(*path),
                    mode=Mode.SYNC,
                    via=node,
                    detail={"conditions": front.conditions},
                )


def _looked_up(linker: Linker, target: Target) -> list[Target]:
    """The VPC endpoint whose addresses a custom resource has looked up; else the target itself."""
    node = target.node
    if node.stack is None or not node.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
        return [target]
    values = [item for value in node.properties.values() for item in (value if isinstance(value, list) else [value])]
    found = [each for value in values for each in known(linker, node.stack, value)]
    return [each for each in found if each.node.type == _ENDPOINT]


def service(linker: Linker, node: Node) -> None:
    """Load balancer → the ECS service that registers with a target group (`triggers` sync)."""
    stack = node.stack
    if stack is None or "LoadBalancers" not in node.properties:
        return
    for path, value in follow(node.properties, ("LoadBalancers", EACH, "TargetGroupArn")):
        for group in linker.targets(stack, value):
            for front in _fronts(linker).get(group.node, ()):
                linker.connect(
                    EdgeKind.TRIGGERS,
                    front.balancer,
                    node,
                    place=node.place(*path),
                    mode=Mode.SYNC,
                    via=group.node,
                    detail={"conditions": front.conditions},
                )
    for path, value in follow(node.properties, ("LoadBalancers", EACH, "LoadBalancerName")):
        for balancer in linker.targets(stack, value, _CLASSIC):
            linker.connect(EdgeKind.TRIGGERS, balancer.node, node, place=node.place(*path), mode=Mode.SYNC)


def classic_instances(linker: Linker, node: Node) -> None:
    """A classic load balancer `delivers` to the instances that it lists."""
    if node.stack is None:
        return
    for path, value in follow(node.properties, ("Instances", EACH)):
        for target in known(linker, node.stack, value):
            linker.connect(EdgeKind.DELIVERS, node, target.node, place=node.place(*path))


def scaling_group(linker: Linker, node: Node) -> None:
    """Load balancer → the Auto Scaling group whose instances register with it (`delivers`)."""
    stack = node.stack
    if stack is None:
        return
    for path, value in follow(node.properties, ("TargetGroupARNs", EACH)):
        for group in linker.targets(stack, value):
            for front in _fronts(linker).get(group.node, ()):
                linker.connect(
                    EdgeKind.DELIVERS,
                    front.balancer,
                    node,
                    place=node.place(*path),
                    via=group.node,
                    detail={"conditions": front.conditions},
                )
    for path, value in follow(node.properties, ("LoadBalancerNames", EACH)):
        for balancer in linker.targets(stack, value, _CLASSIC):
            linker.connect(EdgeKind.DELIVERS, balancer.node, node, place=node.place(*path))


_LOG_BUCKETS = frozenset({"access_logs.s3.bucket", "connection_logs.s3.bucket", "health_check_logs.s3.bucket"})


def logs(linker: Linker, node: Node) -> None:
    """Load balancer → the bucket that its attributes name for its logs (`logs_to`).

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
    """
    stack = node.stack
    if stack is None:
        return
    found = [
        (path, attribute.get("Value"))
        for path, attribute in mappings(node.properties, "LoadBalancerAttributes", EACH)
        if attribute.get("Key") in _LOG_BUCKETS
    ]
    found += follow(node.properties, ("AccessLoggingPolicy", "S3BucketName"))
    for path, value in found:
        for bucket in linker.targets(stack, value, BUCKET):
            linker.connect(EdgeKind.LOGS_TO, node, bucket.node, place=node.place(*path))


def accelerator_endpoints(linker: Linker, node: Node) -> None:
    """Global Accelerator `delivers` to the endpoints of its groups; listener and group are the carriers.

    https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints.html
    """
    stack = node.stack
    if stack is None:
        return
    accelerators = [
        accelerator.node
        for listener in linker.targets(stack, node.properties.get("ListenerArn"))
        for accelerator in _accelerators(linker, listener)
    ]
    for path, value in follow(node.properties, ("EndpointConfigurations", EACH, "EndpointId")):
        for target in linker.targets(stack, value):
            for accelerator in accelerators:
                linker.connect(EdgeKind.DELIVERS, accelerator, target.node, place=node.place(*path), via=node)


def _accelerators(linker: Linker, listener: Target) -> list[Target]:
    node = listener.node
    if node.stack is None or node.type != "AWS::GlobalAccelerator::Listener":
        return [listener]
    return linker.targets(node.stack, node.properties.get("AcceleratorArn"))


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::GlobalAccelerator::EndpointGroup": (accelerator_endpoints,),
    _TARGET_GROUP: (target_group,),
    _BALANCER: (logs,),
    _CLASSIC: (logs, classic_instances),
    "AWS::ECS::Service": (service,),
    "AWS::AutoScaling::AutoScalingGroup": (scaling_group,),
}
