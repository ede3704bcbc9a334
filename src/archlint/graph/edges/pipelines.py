"""CodePipeline: what the stages of a pipeline call, read and write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from archlint.graph.edges.paths import EACH, follow, mappings
from archlint.graph.edges.sending import BUCKET, FUNCTION, MACHINE, TOPIC, buckets, plain
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.template.model import Body, TemplatePath


class _Action(msgspec.Struct, frozen=True):
    """Where an action names its resource in `Configuration`, and the edge of the pipeline with it."""

    key: str
    types: tuple[str, ...]
    kind: EdgeKind
    mode: Mode | None = None


# The role of the action, and the one that CloudFormation takes on to deploy.
_ROLES = (("RoleArn",), ("Configuration", "RoleArn"))
_DEPLOYMENT = ("AWS::CodeDeploy::DeploymentGroup",)
# What starts a pipeline with every change of it.
_REPOSITORIES = {"CodeCommit": "AWS::CodeCommit::Repository", "ECR": "AWS::ECR::Repository"}
# (category, provider) → edges. https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html
_ACTIONS: dict[tuple[str, str], tuple[_Action, ...]] = {
    ("Build", "CodeBuild"): (_Action("ProjectName", ("AWS::CodeBuild::Project",), EdgeKind.INVOKES, Mode.SYNC),),
    ("Test", "CodeBuild"): (_Action("ProjectName", ("AWS::CodeBuild::Project",), EdgeKind.INVOKES, Mode.SYNC),),
    ("Invoke", "Lambda"): (_Action("FunctionName", (FUNCTION,), EdgeKind.INVOKES, Mode.ASYNC),),
    ("Invoke", "StepFunctions"): (_Action("StateMachineArn", (MACHINE,), EdgeKind.INVOKES, Mode.SYNC),),
    ("Deploy", "ECS"): (_Action("ServiceName", ("AWS::ECS::Service",), EdgeKind.INVOKES, Mode.SYNC),),
    ("Deploy", "CodeDeploy"): (_Action("DeploymentGroupName", _DEPLOYMENT, EdgeKind.INVOKES, Mode.SYNC),),
    ("Deploy", "CodeDeployToECS"): (_Action("DeploymentGroupName", _DEPLOYMENT, EdgeKind.INVOKES, Mode.SYNC),),
    ("Deploy", "ElasticBeanstalk"): (
        _Action("EnvironmentName", ("AWS::ElasticBeanstalk::Environment",), EdgeKind.INVOKES, Mode.SYNC),
    ),
    ("Deploy", "S3"): (_Action("BucketName", (BUCKET,), EdgeKind.WRITES),),
    ("Source", "S3"): (_Action("S3Bucket", (BUCKET,), EdgeKind.READS),),
    ("Approval", "Manual"): (_Action("NotificationArn", (TOPIC,), EdgeKind.PUBLISHES),),
}


def pipeline(linker: Linker, node: Node) -> None:
    """Pipeline → projects and functions (`invokes`), buckets, topics; repository → pipeline (`triggers` async)."""
    for path, action in mappings(node.properties, "Stages", EACH, "Actions", EACH):
        _action(linker, node, action, path)
    stack = node.stack
    if stack is None:
        return
    stores = (("ArtifactStore", "Location"), ("ArtifactStores", EACH, "ArtifactStore", "Location"))
    for steps in stores:
        for path, value in follow(node.properties, steps):
            for target in linker.targets(stack, value, BUCKET):
                for kind in (EdgeKind.READS, EdgeKind.WRITES):
                    linker.connect(kind, node, target.node, place=node.place(*path))


def _action(linker: Linker, node: Node, action: Body, path: TemplatePath) -> None:
    stack = node.stack
    if stack is None:
        return
    for role in _ROLES:
        for here, value in follow(action, role, path):
            for target in linker.targets(stack, value, "AWS::IAM::Role"):
                linker.connect(EdgeKind.ASSUMES, node, target.node, place=node.place(*here))
    kind = plain(linker, stack, action.get("ActionTypeId"))
    if not isinstance(kind, dict):
        return
    category, provider = str(kind.get("Category")), str(kind.get("Provider"))
    detail = {"action": plain(linker, stack, action.get("Name"))}
    for known in _ACTIONS.get((category, provider), ()):
        for here, value in follow(action, ("Configuration", known.key), path):
            for target in linker.targets(stack, value, *known.types):
                linker.connect(
                    known.kind,
                    node,
                    target.node,
                    place=node.place(*here),
                    mode=known.mode,
                    qualifier=target.qualifier,
                    detail=detail,
                )
    if category == "Source" and provider in _REPOSITORIES:
        for here, value in follow(action, ("Configuration", "RepositoryName"), path):
            for target in linker.targets(stack, value, _REPOSITORIES[provider]):
                linker.connect(
                    EdgeKind.TRIGGERS, target.node, node, place=node.place(*here), mode=Mode.ASYNC, detail=detail
                )


def project(linker: Linker, node: Node) -> None:
    """A build project `reads` the bucket of its source; it `reads` and `writes` the one of its cache.

    Both are a bucket's name or ARN with a path behind it.
    https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectCache.html
    """
    stack = node.stack
    if stack is None:
        return
    for key, kinds in _BUCKETS.items():
        for path, body in (*mappings(node.properties, key), *mappings(node.properties, key, EACH)):
            if plain(linker, stack, body.get("Type")) != "S3":
                continue
            for target in buckets(linker, stack, body.get("Location")):
                for kind in kinds:
                    linker.connect(kind, node, target.node, place=node.place(*path, "Location"))


_BUCKETS = {
    "Source": (EdgeKind.READS,),
    "SecondarySources": (EdgeKind.READS,),
    "Cache": (EdgeKind.READS, EdgeKind.WRITES),
}

FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::CodePipeline::Pipeline": (pipeline,),
    "AWS::CodeBuild::Project": (project,),
}
