"""Containers and instances: task definitions, job definitions, instance profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.edges.paths import EACH, follow
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type
_PARAMETER = "AWS::SSM::Parameter"
_PROFILE = "AWS::IAM::InstanceProfile"

_CONTAINERS = (
    ("ContainerDefinitions", EACH),
    ("ContainerProperties",),
    ("EcsProperties", "TaskProperties", EACH, "Containers", EACH),
)
_SECRET_LISTS = (("Secrets", EACH, "ValueFrom"), ("LogConfiguration", "SecretOptions", EACH, "ValueFrom"))


def container_secrets(linker: Linker, node: Node) -> None:
    """A task or job definition `reads` its containers' secrets; SSM parameters are `references`."""
    stack = node.stack
    if stack is None:
        return
    for container in _CONTAINERS:
        if container[0] not in node.properties:
            continue
        for secrets in _SECRET_LISTS:
            for path, value in follow(node.properties, (*container, *secrets)):
                for target in linker.targets(stack, value, _PARAMETER):
                    name = target.node.logical_id
                    secret = target.node.type == _SECRET or (target.node.external and ":secretsmanager:" in name)
                    kind = EdgeKind.READS if secret else EdgeKind.REFERENCES
                    linker.connect(kind, node, target.node, place=node.place(*path))


_VOLUMES = (
    ("Volumes", EACH, "EFSVolumeConfiguration", "FilesystemId"),
    ("ContainerProperties", "Volumes", EACH, "EfsVolumeConfiguration", "FileSystemId"),
)


def container_volumes(linker: Linker, node: Node) -> None:
    """A task or job definition `reads` and `writes` the file systems it mounts."""
    stack = node.stack
    if stack is None:
        return
    for volumes in _VOLUMES:
        for path, value in follow(node.properties, volumes):
            for target in linker.targets(stack, value, "AWS::EFS::FileSystem"):
                for kind in (EdgeKind.READS, EdgeKind.WRITES):
                    linker.connect(kind, node, target.node, place=node.place(*path))


_PROFILE_PROPERTIES = (
    ("IamInstanceProfile",),
    ("LaunchTemplateData", "IamInstanceProfile", "Arn"),
    ("LaunchTemplateData", "IamInstanceProfile", "Name"),
    ("ComputeResources", "InstanceRole"),
    ("InstanceProfileName",),
)


def instance_profile(linker: Linker, node: Node) -> None:
    """What runs with an instance profile `assumes` the profile's role; the profile is the carrier."""
    stack = node.stack
    if stack is None:
        return
    for steps in _PROFILE_PROPERTIES:
        if steps[0] not in node.properties:
            continue
        for path, value in follow(node.properties, steps):
            for target in linker.targets(stack, value, _PROFILE):
                profile = target.node
                for role in profile_roles(linker, profile):
                    via = profile if role is not profile else None
                    linker.connect(EdgeKind.ASSUMES, node, role, place=node.place(*path), via=via)


def network_interfaces(linker: Linker, node: Node) -> None:
    """An instance `runs_in` the subnet and the security groups of the network interfaces that it is given."""
    stack = node.stack
    if stack is None:
        return
    for path, value in follow(node.properties, ("NetworkInterfaces", EACH, "NetworkInterfaceId")):
        for interface in linker.targets(stack, value):
            given = interface.node
            if given.type != "AWS::EC2::NetworkInterface" or given.stack is None:
                continue
            for key in ("SubnetId", "GroupSet"):
                for target in linker.targets(given.stack, given.properties.get(key)):
                    linker.connect(EdgeKind.RUNS_IN, node, target.node, place=node.place(*path), via=given)


def profile_roles(linker: Linker, profile: Node) -> list[Node]:
    """The roles of an instance profile of the run; anything else stands for itself."""
    if profile.type != _PROFILE or profile.stack is None:
        return [profile]
    return [role.node for role in linker.targets(profile.stack, profile.properties.get("Roles"), "AWS::IAM::Role")]


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::ECS::TaskDefinition": (container_secrets, container_volumes),
    "AWS::Batch::JobDefinition": (container_secrets, container_volumes),
    "AWS::EC2::Instance": (instance_profile, network_interfaces),
    "AWS::EC2::LaunchTemplate": (instance_profile,),
    "AWS::AutoScaling::LaunchConfiguration": (instance_profile,),
    "AWS::Batch::ComputeEnvironment": (instance_profile,),
    "AWS::ImageBuilder::InfrastructureConfiguration": (instance_profile,),
}
