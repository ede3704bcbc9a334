"""Names of generated resources that templates may use: `!Ref Function.Alias`, `${Api.Stage}`.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archlint.template.model import Resource

_NAMES = {
    "AWS::ApiGateway::ApiKey": "ApiKey",
    "AWS::ApiGateway::Deployment": "Deployment",
    "AWS::ApiGateway::DomainName": "DomainName",
    "AWS::ApiGateway::DomainNameV2": "DomainNameV2",
    "AWS::ApiGateway::Stage": "Stage",
    "AWS::ApiGateway::UsagePlan": "UsagePlan",
    "AWS::ApiGateway::UsagePlanKey": "UsagePlanKey",
    "AWS::ApiGatewayV2::DomainName": "DomainName",
    "AWS::ApiGatewayV2::Stage": "Stage",
    "AWS::Lambda::Alias": "Alias",
    "AWS::Lambda::Version": "Version",
    "AWS::SNS::Topic": "DestinationTopic",
    "AWS::SQS::Queue": "DestinationQueue",
}


def derived_references(resources: Mapping[str, Resource]) -> dict[str, str]:
    """`Function.Alias` and the like, to the logical IDs of the generated resources that they stand for.

    `resources` are those of one template after lowering.
    """
    found: dict[str, str] = {}
    for logical_id, resource in resources.items():
        if resource.generated_by is not None:
            name = _NAMES.get(resource.type)
            if name is not None:
                found[f"{resource.generated_by}.{name}"] = logical_id
    return found
