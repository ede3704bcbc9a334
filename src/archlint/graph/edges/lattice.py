"""VPC Lattice: listeners, rules and target groups are carriers between a service and what it forwards to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from archlint.graph.edges.paths import EACH, follow
from archlint.graph.edges.sending import FUNCTION, known, plain, send
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node, ResourceGraph

_LISTENER = "AWS::VpcLattice::Listener"
_RULE = "AWS::VpcLattice::Rule"
_SERVICE = "AWS::VpcLattice::Service"
_GROUP = "AWS::VpcLattice::TargetGroup"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-vpclattice-targetgroup.html
_TARGETS = {
    "LAMBDA": (FUNCTION,),
    "ALB": ("AWS::ElasticLoadBalancingV2::LoadBalancer",),
    "INSTANCE": ("AWS::EC2::Instance",),
}

_FRONTS: WeakKeyDictionary[ResourceGraph, dict[Node, list[Node]]] = WeakKeyDictionary()


def _fronts(linker: Linker) -> dict[Node, list[Node]]:
    """Services by target group, over all stacks; made once per graph."""
    found = _FRONTS.get(linker.graph)
    if found is not None:
        return found
    found = _FRONTS[linker.graph] = {}
    for node in linker.graph.of_type(_LISTENER, _RULE):
        stack = node.stack
        if stack is None:
            continue
        services = _services(linker, node)
        for action in ("DefaultAction", "Action"):
            steps = (action, "Forward", "TargetGroups", EACH, "TargetGroupIdentifier")
            for _, value in follow(node.properties, steps):
                for group in linker.targets(stack, value, _GROUP):
                    known_fronts = found.setdefault(group.node, [])
                    known_fronts += [service for service in services if service not in known_fronts]
    return found


def _services(linker: Linker, node: Node) -> list[Node]:
    stack = node.stack
    if stack is None:
        return []
    if node.properties.get("ServiceIdentifier") is not None:
        return [target.node for target in linker.targets(stack, node.properties["ServiceIdentifier"], _SERVICE)]
    listeners = linker.targets(stack, node.properties.get("ListenerIdentifier"), _LISTENER)
    return [
        service
        for listener in listeners
        if listener.node.type == _LISTENER and listener.node is not node
        for service in _services(linker, listener.node)
    ]


def target_group(linker: Linker, node: Node) -> None:
    """Service → the functions (`triggers` sync), balancers and instances (`delivers`) of a target group."""
    stack = node.stack
    if stack is None:
        return
    types = _TARGETS.get(str(plain(linker, stack, node.properties.get("Type"))), ())
    resolve = linker.targets if FUNCTION in types else partial(known, linker)
    for path, value in follow(node.properties, ("Targets", EACH, "Id")) if types else ():
        for target in resolve(stack, value, *types):
            for service in _fronts(linker).get(node, ()):
                send(linker, service, target, place=node.place(*path), mode=Mode.SYNC, via=node)


def ecs_service(linker: Linker, node: Node) -> None:
    """Service → the ECS service that registers with a target group (`triggers` sync)."""
    stack = node.stack
    if stack is None or "VpcLatticeConfigurations" not in node.properties:
        return
    for path, value in follow(node.properties, ("VpcLatticeConfigurations", EACH, "TargetGroupArn")):
        for group in linker.targets(stack, value, _GROUP):
            for service in _fronts(linker).get(group.node, ()):
                linker.connect(
                    EdgeKind.TRIGGERS, service, node, place=node.place(*path), mode=Mode.SYNC, via=group.node
                )


FINDERS: dict[str, tuple[Finder, ...]] = {_GROUP: (target_group,), "AWS::ECS::Service": (ecs_service,)}
