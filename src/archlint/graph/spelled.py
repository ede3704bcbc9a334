"""What `Ref` and `GetAtt` look like where their form is known: needed when a template takes an ARN or a URL apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.names import arn_form
from archlint.graph.text import Hole, NodePart, Text

if TYPE_CHECKING:
    from archlint.graph.text import Part

_REGION, _ACCOUNT, _PARTITION = Hole("AWS::Region"), Hole("AWS::AccountId"), Hole("AWS::Partition")
_QUEUE = "AWS::SQS::Queue"
# `Ref` of these is an ARN, not a name.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-intrinsic-functions-reference.html
_REF_IS_ARN = frozenset(
    {
        "AWS::Batch::JobDefinition",
        "AWS::Batch::JobQueue",
        "AWS::ECS::TaskDefinition",
        "AWS::IAM::ManagedPolicy",
        "AWS::Lambda::LayerVersion",
        "AWS::MSK::Cluster",
        "AWS::SNS::Topic",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::Activity",
        "AWS::StepFunctions::StateMachine",
    }
)
# Services whose ARNs have no region (and S3's no account either).
_GLOBAL = frozenset({"iam", "s3"})


def spelled(part: NodePart) -> Text | None:
    """The ARN or URL as a text around the resource's name; None for what is a name or of a form nobody here knows."""
    node, attribute = part.node, part.attribute
    if node.type == _QUEUE and attribute in ("Ref", "QueueUrl"):
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
        name = NodePart(node, "QueueName")
        return Text(("https://sqs.", _REGION, ".", Hole("AWS::URLSuffix"), "/", _ACCOUNT, "/", name))
    if attribute == "StreamArn":
        table = _arn(part)
        return Text((*table.parts, "/stream/", Hole("label", node.id))) if table is not None else None
    if attribute in ("Arn", "TopicArn", "DBProxyArn") or (attribute == "Ref" and node.type in _REF_IS_ARN):
        return _arn(part)
    return None


def _arn(part: NodePart) -> Text | None:
    form = arn_form(part.node.type)
    if form is None:
        return None
    service, word = form
    region: tuple[Part, ...] = () if service in _GLOBAL else (_REGION,)
    account: tuple[Part, ...] = () if service == "s3" else (_ACCOUNT,)
    name = NodePart(part.node, "Name")
    return Text(("arn:", _PARTITION, f":{service}:", *region, ":", *account, f":{word}", name))
