"""Whether a resource policy lets a service deliver: asked by rules when the graph is finished."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.graph.iam.actions import matches
from archlint.graph.iam.reach import HOLE, reaches_everything
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from archlint.graph.model import Edge, Node, ResourceGraph

_VARIABLE = re.compile(r"\$\{[^}{]*\}")

# The service principal's first word by the service in the sender's type, where the two differ.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
_PRINCIPALS = {
    "ApiGateway": "apigateway",
    "ApiGatewayV2": "apigateway",
    "CloudWatch": "lambda.alarms.cloudwatch",
    "Cognito": "cognito-idp",
    "ElasticLoadBalancingV2": "elasticloadbalancing",
    "StepFunctions": "states",
}
DELIVERY_ACTIONS = {
    "AWS::Lambda::Function": "lambda:InvokeFunction",
    "AWS::SQS::Queue": "sqs:SendMessage",
    "AWS::SNS::Topic": "sns:Publish",
    "AWS::Events::EventBus": "events:PutEvents",
}
"""What a sender needs on a receiver of each type."""


def may_deliver(graph: ResourceGraph, source: Node, target: Node) -> bool | None:
    """True when the target's resource policy or Lambda permission admits the source by its `DELIVERY_ACTIONS`.

    None when it cannot be told: the target lies outside the run or is of another type, or a policy names its source in
    a way that nobody here knows.
    """
    action = DELIVERY_ACTIONS.get(target.type)
    if target.external or action is None:
        return None
    found: bool | None = False
    for edge in graph.incoming(target, EdgeKind.PERMITS):
        if any(matches(pattern, action) for pattern in edge.actions):
            answer = _admits(edge, source)
            if answer:
                return True
            if answer is None:
                found = None
    return found


def _admits(edge: Edge, source: Node) -> bool | None:
    """Whether one permit is for this source."""
    named = edge.source
    if named is source:
        return True
    if not named.external:
        return False
    principals = edge.detail.get("principals")
    listed = [str(each) for each in principals] if isinstance(principals, list) else []
    if listed and not any(each == "*" or "${" in each or _is_principal_of(each, source) for each in listed):
        return False
    arn = edge.detail.get("source")
    if not isinstance(arn, str):
        return True
    return True if reaches_everything(_VARIABLE.sub(HOLE, arn)) else None


def _is_principal_of(principal: str, source: Node) -> bool:
    """`events.amazonaws.com` for a rule, also in its regional form and with another domain."""
    if source.external:
        return True
    service = source.type.split("::")[1] if source.type.count("::") > 1 else ""
    return principal.startswith(_PRINCIPALS.get(service, service.lower()) + ".")
