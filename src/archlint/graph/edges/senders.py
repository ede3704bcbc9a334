"""Who sends the events that an EventBridge pattern matches: the AWS resources that the pattern names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.edges.paths import EACH, follow, steps
from archlint.graph.edges.sending import BUCKET, MACHINE, TABLES
from archlint.graph.edges.string_template import decoded
from archlint.graph.iam.grants import services_of
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.template.model import Body, Json, TemplatePath

_ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")

# Service of the source → where a pattern names the sender, and the types that a bare name means there.
# https://docs.aws.amazon.com/eventbridge/latest/ref/events.html
_NAMED: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    service: tuple((steps(path), types) for path, types in places)
    for service, places in {
        "athena": (("detail.workgroupName[]", ("AWS::Athena::WorkGroup",)),),
        "batch": (("detail.jobQueue[]", ("AWS::Batch::JobQueue",)),),
        "cloudwatch": (("detail.alarmName[]", _ALARMS),),
        "codebuild": (("detail.project-name[]", ("AWS::CodeBuild::Project",)),),
        "codecommit": (("detail.repositoryName[]", ("AWS::CodeCommit::Repository",)),),
        "codepipeline": (("detail.pipeline[]", ("AWS::CodePipeline::Pipeline",)),),
        "config": (("detail.configRuleName[]", ("AWS::Config::ConfigRule",)),),
        "dynamodb": (("detail.requestParameters.tableName[]", TABLES),),
        "ecr": (
            ("detail.repository-name[]", ("AWS::ECR::Repository",)),
            ("detail.requestParameters.repositoryName[]", ("AWS::ECR::Repository",)),
        ),
        "ecs": (("detail.clusterArn[]", ("AWS::ECS::Cluster",)),),
        "glue": (
            ("detail.jobName[]", ("AWS::Glue::Job",)),
            ("detail.crawlerName[]", ("AWS::Glue::Crawler",)),
        ),
        "s3": (("detail.bucket.name[]", (BUCKET,)), ("detail.requestParameters.bucketName[]", (BUCKET,))),
        "secretsmanager": (("detail.requestParameters.secretId[]", ("AWS::SecretsManager::Secret",)),),
        "ssm": (("detail.name[]", ("AWS::SSM::Parameter",)),),
        "states": (("detail.stateMachineArn[]", (MACHINE,)),),
    }.items()
}
_RESOURCES = ("resources", EACH)
_MAX_DEPTH = 12


def draw_senders(linker: Linker, node: Node, detail: dict[str, Json]) -> None:
    """`delivers` to the rule from each resource of the source's service that its pattern names."""
    for path, written in follow(node.properties, ("EventPattern",)):
        pattern = decoded(written)
        for here, sender in _senders(linker, node, pattern) if isinstance(pattern, dict) else ():
            place = node.place(*path, *(here if written is pattern else ()))
            linker.connect(EdgeKind.DELIVERS, sender, node, place=place, detail=detail)


def _senders(linker: Linker, node: Node, pattern: Body) -> Iterator[tuple[TemplatePath, Node]]:
    stack = node.stack
    if stack is None:
        return
    services = _services(pattern.get("source"))
    seen: set[Node] = set()
    for here, value, types in _named_senders(pattern, services):
        for target in linker.targets(stack, value, *types):
            found = target.node
            if found in seen or found is node:
                continue
            if _sends(found, services) or (found.external and types):
                seen.add(found)
                yield here, found


def _services(sources: Json) -> frozenset[str]:
    """`s3` of `aws.s3`; what others send says nothing of the resources that its details name."""
    listed = sources if isinstance(sources, list) else [sources]
    return frozenset(each[4:] for each in listed if isinstance(each, str) and each.startswith("aws."))


def _sends(node: Node, services: frozenset[str]) -> bool:
    return not node.external and bool((services_of(node) or frozenset()) & services)


def _named_senders(pattern: Body, services: frozenset[str]) -> Iterator[tuple[TemplatePath, Json, tuple[str, ...]]]:
    """Path, value and expected types of whatever a pattern may name as the sender of its events."""
    if not services:
        return
    places = [place for service in services for place in _NAMED.get(service, ())]
    for steps_to, types in [*places, (_RESOURCES, ())]:
        for here, value in follow(pattern, steps_to):
            if not _is_matcher(value):
                yield here, value, types
    # Wherever else in the details: a resource of that service named by reference is the one meant.
    for here, value in _references(pattern.get("detail"), ("detail",), 0):
        yield here, value, ()


def _references(value: Any, path: TemplatePath, depth: int) -> Iterator[tuple[TemplatePath, Json]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, (*path, index), depth + 1)
    elif isinstance(value, dict):
        if not _is_matcher(value):
            yield path, value
            return
        for key, item in value.items():
            if key not in ("anything-but", "exists", "numeric"):
                yield from _references(item, (*path, key), depth + 1)


def _is_matcher(value: Any) -> bool:
    """True for `{"prefix": …}` and other mappings that are no intrinsic function: they name no resource."""
    return isinstance(value, dict) and not any(key == "Ref" or str(key).startswith("Fn::") for key in value)
