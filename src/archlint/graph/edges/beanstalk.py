"""Elastic Beanstalk: the option settings of an environment name its network, roles, queue and topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.edges.containers import profile_roles
from archlint.graph.edges.paths import EACH, mappings
from archlint.graph.edges.sending import QUEUE, TOPIC, plain
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.template.model import Json

_ROLE = "AWS::IAM::Role"
_PROFILE = "AWS::IAM::InstanceProfile"
_LAUNCH = "aws:autoscaling:launchconfiguration"
# Namespace and name of an option → the edge to what its value names (a list is written with commas).
# https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/command-options-general.html
_OPTIONS: dict[tuple[str, str], tuple[EdgeKind, tuple[str, ...]]] = {
    ("aws:ec2:vpc", "Subnets"): (EdgeKind.RUNS_IN, ()),
    ("aws:ec2:vpc", "ELBSubnets"): (EdgeKind.RUNS_IN, ()),
    ("aws:ec2:vpc", "DBSubnets"): (EdgeKind.RUNS_IN, ()),
    (_LAUNCH, "SecurityGroups"): (EdgeKind.RUNS_IN, ()),
    ("aws:elbv2:loadbalancer", "SecurityGroups"): (EdgeKind.RUNS_IN, ()),
    ("aws:elb:loadbalancer", "SecurityGroups"): (EdgeKind.RUNS_IN, ()),
    (_LAUNCH, "IamInstanceProfile"): (EdgeKind.ASSUMES, (_PROFILE, _ROLE)),
    ("aws:elasticbeanstalk:environment", "ServiceRole"): (EdgeKind.ASSUMES, (_ROLE,)),
    ("aws:elasticbeanstalk:sns:topics", "Notification Topic ARN"): (EdgeKind.DELIVERS, (TOPIC,)),
    ("aws:elasticbeanstalk:sqsd", "WorkerQueueURL"): (EdgeKind.TRIGGERS, (QUEUE,)),
}


def options(linker: Linker, node: Node) -> None:
    """Environment or configuration → subnets, security groups, roles, topic; its worker queue → environment (poll)."""
    stack = node.stack
    if stack is None:
        return
    for path, option in mappings(node.properties, "OptionSettings", EACH):
        name = (str(plain(linker, stack, option.get("Namespace"))), str(plain(linker, stack, option.get("OptionName"))))
        if name not in _OPTIONS:
            continue
        kind, types = _OPTIONS[name]
        place = node.place(*path, "Value")
        for target in linker.targets(stack, _listed(option.get("Value")), *types):
            if kind is EdgeKind.TRIGGERS:
                linker.connect(kind, target.node, node, place=place, mode=Mode.POLL)
            elif kind is EdgeKind.ASSUMES:
                for role in profile_roles(linker, target.node):
                    via = target.node if role is not target.node else None
                    linker.connect(kind, node, role, place=place, via=via)
            else:
                linker.connect(kind, node, target.node, place=place)


def _listed(value: Json) -> Json:
    """The items of a value that holds several with commas between."""
    if isinstance(value, dict) and len(value) == 1:
        joined = value.get("Fn::Join")
        if isinstance(joined, list) and len(joined) == 2 and joined[0] == ",":
            return joined[1]
    return {"Fn::Split": [",", value]} if isinstance(value, (str, dict)) else value


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::ElasticBeanstalk::Environment": (options,),
    "AWS::ElasticBeanstalk::ConfigurationTemplate": (options,),
}
