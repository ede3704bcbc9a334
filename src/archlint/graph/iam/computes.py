"""Code that runs under a role: which role it is, and what the code is told by its environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.graph.iam.identity import ROLE
from archlint.graph.iam.shortcut import direct
from archlint.graph.iam.statements import spread
from archlint.graph.model import EdgeKind
from archlint.graph.names import given_name
from archlint.graph.text import NodePart, Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.graph.text import Part
    from archlint.template.model import Json

_PROFILE = "AWS::IAM::InstanceProfile"
_MAX_DEPTH = 30

# Type → the steps to the role that its code runs with (not the one the service itself needs to start it).
_ROLES: dict[str, tuple[tuple[str, ...], ...]] = {
    "AWS::Lambda::Function": (("Role",),),
    "AWS::ECS::TaskDefinition": (("TaskRoleArn",),),
    "AWS::Batch::JobDefinition": (
        ("ContainerProperties", "JobRoleArn"),
        ("EcsProperties", "TaskProperties", "TaskRoleArn"),
        ("NodeProperties", "NodeRangeProperties", "Container", "JobRoleArn"),
    ),
    "AWS::Glue::Job": (("Role",),),
    "AWS::CodeBuild::Project": (("ServiceRole",),),
    "AWS::SageMaker::NotebookInstance": (("RoleArn",),),
    "AWS::SageMaker::Model": (("ExecutionRoleArn",),),
    "AWS::ECS::ExpressGatewayService": (("TaskRoleArn",),),
    "AWS::MWAA::Environment": (("ExecutionRoleArn",),),
    "AWS::EMR::Cluster": (("JobFlowRole",),),
    "AWS::AppRunner::Service": (("InstanceConfiguration", "InstanceRoleArn"),),
    "AWS::KinesisAnalyticsV2::Application": (("ServiceExecutionRole",),),
    "AWS::Synthetics::Canary": (("ExecutionRoleArn",),),
    "AWS::BedrockAgentCore::Runtime": (("RoleArn",),),
    "AWS::EC2::Instance": (("IamInstanceProfile",),),
    "AWS::EC2::LaunchTemplate": (
        ("LaunchTemplateData", "IamInstanceProfile", "Arn"),
        ("LaunchTemplateData", "IamInstanceProfile", "Name"),
    ),
    "AWS::AutoScaling::LaunchConfiguration": (("IamInstanceProfile",),),
}
# What the code is told. Other types are told by any of their properties but the role.
_TOLD = {"AWS::Lambda::Function": ("Environment", "FileSystemConfigs")}
# Variables that say what the code calls itself in logs, traces and metrics: a function's own name there is no target.
# https://docs.powertools.aws.dev/lambda/python/latest/environment_variables/ has the first three.
_LABELS = frozenset(
    {
        "POWERTOOLS_SERVICE_NAME",
        "POWERTOOLS_METRICS_NAMESPACE",
        "POWERTOOLS_METRICS_FUNCTION_NAME",
        "OTEL_SERVICE_NAME",
        "AWS_XRAY_TRACING_NAME",
        "DD_SERVICE",
    }
)
# The settings of tracers: `DD_TRACE_DYNAMODB_TABLE_PRIMARY_KEYS` names tables, and the code need not write to them.
# https://docs.datadoghq.com/tracing/trace_collection/library_config/ and https://opentelemetry.io/docs/languages/sdk-configuration/
_TRACING = ("DD_TRACE_", "OTEL_")
COMPUTE_TYPES = tuple(_ROLES)
_FUNCTION = "AWS::Lambda::Function"
_CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")


def roles_of(linker: Linker, compute: Node) -> list[Node]:
    """The roles a compute's code runs with: one, or one for each branch of a condition."""
    stack = compute.stack
    if stack is None:
        return []
    found: list[Node] = []
    for steps in _ROLES[compute.type]:
        for value in _values(compute.properties, steps):
            named = direct(stack, value)
            if named is not None:
                found += _behind_profile(linker, named.node)
                continue
            for target in linker.targets(stack, value, ROLE, _PROFILE):
                found += _behind_profile(linker, target.node)
    return list(dict.fromkeys(found))


def _behind_profile(linker: Linker, node: Node) -> list[Node]:
    if node.type != _PROFILE or node.stack is None:
        return [node]
    return [target.node for target in linker.targets(node.stack, node.properties.get("Roles"), ROLE)]


def _values(body: Json, steps: tuple[str, ...]) -> Iterator[Json]:
    for written in spread(body, ()):
        if not steps:
            yield written.value
        elif isinstance(written.value, dict):
            yield from _values(written.value.get(steps[0]), steps[1:])


class Told:
    """What one compute is told by its environment: resources by reference, and texts that may be their names.

    A function of custom resources is told their properties.
    """

    def __init__(self, linker: Linker, compute: Node) -> None:
        self._linker = linker
        self._nodes: set[Node] = set()
        self._texts: set[tuple[Part, ...]] = set()
        self._variables: dict[tuple[Part, ...], str] = {}
        self._externals: set[str] | None = None
        self._stack = compute.stack
        if compute.stack is None:
            return
        names = _TOLD.get(compute.type)
        roles = {steps[0] for steps in _ROLES[compute.type] if len(steps) == 1}
        for name, value in compute.properties.items():
            if name in names if names is not None else name not in roles:
                self._read(compute.stack, value, 0)
        metadata = compute.resource.body.get("Metadata") if compute.resource is not None else None
        if isinstance(metadata, dict):  # the files and commands that an instance is set up with
            self._read(compute.stack, metadata.get("AWS::CloudFormation::Init"), 0)
        for edge in linker.graph.incoming(compute, EdgeKind.INVOKES) if compute.type == _FUNCTION else ():
            if edge.source.stack is not None and edge.source.type.startswith(_CUSTOM):
                for name, value in edge.source.properties.items():
                    if name != "ServiceToken":
                        self._read(edge.source.stack, value, 0)

    def _read(self, stack: Stack, value: Any, depth: int, variable: str = "") -> None:
        if depth > _MAX_DEPTH:
            return
        if isinstance(value, list):
            for item in value:
                self._read(stack, item, depth + 1)
        elif isinstance(value, dict) and not _is_function(value):
            for name, item in value.items():
                told = str(value.get("Name")) if name == "Value" else name  # ECS and CodeBuild write `Name` and `Value`
                if told not in _LABELS and not told.startswith(_TRACING):
                    self._read(stack, item, depth + 1, told)
        elif isinstance(value, (str, dict)):
            for text in self._linker.texts(stack, value):
                self._texts.add(text.parts)
                if text.hole is not None:
                    self._variables.setdefault(text.parts, variable)
                self._nodes.update(part.node for part in text.parts if isinstance(part, NodePart))

    def of_types(self, types: AbstractSet[str]) -> list[Node]:
        """The resources of these types that the environment refers to or names, in the order of their ids."""
        found = {node for node in self._nodes if node.type in types}
        named = self._linker.resolver.named
        for parts in self._texts if self._stack is not None else ():
            text = Text(parts)
            arn = self._linker.resolver.arn(text) if text.startswith("arn:") else None
            node = named(self._stack, sorted(types), arn.name if arn is not None else text) if self._stack else None
            if node is not None:
                found.add(node)
        return sorted(found, key=lambda node: node.id)

    def outside(self, service: str) -> list[Node]:
        """The things outside the run that the environment has by an ARN of this service; no default bus.

        Or by a parameter or import that nobody gives, under the name of such a thing: `EVENT_BUS_NAME`.
        """
        word = _WORDS.get(service)
        found: list[Node] = []
        for parts, variable in self._variables.items() if word is not None and self._stack is not None else ():
            hole = Text(parts).hole
            if word is None or self._stack is None or hole is None or not _is_of(word, variable, hole.name):
                continue
            target = self._linker.target(self._stack, Text(parts))
            if target is not None and target.node.external:
                found.append(target.node)
        for parts in self._texts if self._stack is not None else ():
            arn = self._linker.resolver.arn(Text(parts)) if Text(parts).startswith("arn:") else None
            if arn is None or arn.service != service or self._stack is None:
                continue
            target = self._linker.target(self._stack, Text(parts))
            if target is not None and target.node.external and not target.node.logical_id.endswith("event-bus/default"):
                found.append(target.node)
        return sorted(found, key=lambda node: node.id)

    def names(self, node: Node) -> bool:
        """True when the environment refers to this resource or holds its physical name."""
        if node in self._nodes:
            return True
        if node.external:
            return self._holds_external(node)
        given = given_name(node.type, node.properties)
        if given is None or node.stack is None:
            return False
        if any(text.parts and text.parts in self._texts for text in self._linker.texts(node.stack, given)):
            return True
        return any(Text(parts).startswith("arn:") for parts in self._texts) and node in self.of_types({node.type})

    def _holds_external(self, node: Node) -> bool:
        """True when the same parameter, import or ARN stands in the environment."""
        if self._externals is None:
            self._externals = {_external_name(Text(parts)) for parts in self._texts}
        return node.logical_id in self._externals


# What the variable that holds a thing of this service is called, before `_NAME`, `_ARN`, `_URL` or nothing.
_WORDS = {
    service: re.compile(rf"(?i)(?:{words})[_-]?(?:name|arn|url|id)?$")
    for service, words in (
        ("dynamodb", "table"),
        ("events", "event[_-]?bus|(?<![a-z])bus|Bus"),
        ("firehose", "firehose|delivery[_-]?stream"),
        ("kinesis", "stream"),
        ("lambda", "function|lambda"),
        ("s3", "bucket"),
        ("secretsmanager", "secret"),
        ("sns", "topic"),
        ("sqs", "queue"),
        ("states", "state[_-]?machine"),
    )
}


def _is_of(word: re.Pattern[str], variable: str, given_by: str) -> bool:
    return word.search(variable) is not None or word.search(given_by.removeprefix("import:")) is not None


def _external_name(text: Text) -> str:
    """The name that the linker gives to the external node of this text."""
    hole = text.hole
    if hole is None:
        return str(text)
    name = hole.name.removeprefix("import:")
    return f"{hole.scope.partition('@')[0]}#{name}" if hole.scope else name


def _is_function(value: dict[str, Any]) -> bool:
    if len(value) != 1:
        return False
    name = next(iter(value))
    return name == "Ref" or (isinstance(name, str) and name.startswith("Fn::"))
