"""SAM's smaller resource types: one CloudFormation resource each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.template.sam.intrinsics import mapping
from archlint.template.sam.locations import s3_location
from archlint.template.sam.tags import tag_list

if TYPE_CHECKING:
    from archlint.template.model import Body, Json
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.lowering import Lowering
    from archlint.template.sam.resource import SamResource

_ATTRIBUTE_TYPES = {"String": "S", "Number": "N", "Binary": "B"}
_STACK = ("NotificationARNs", "Parameters", "TimeoutInMinutes")
_LAYER = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LayerName", "LicenseInfo")
_TABLE = ("PointInTimeRecoverySpecification", "ProvisionedThroughput", "SSESpecification", "TableName")


def lower_table(lowering: Lowering, sam: SamResource) -> None:
    """`AWS::Serverless::SimpleTable`: a table with one key."""
    given = sam.properties
    key = mapping(given.get("PrimaryKey"))
    name: Json = key.get("Name", "id")
    kind = key.get("Type", "String")
    attribute = {
        "AttributeName": name,
        "AttributeType": _ATTRIBUTE_TYPES.get(kind, "S") if isinstance(kind, str) else kind,
    }
    properties = _copied(given, _TABLE)
    properties["AttributeDefinitions"] = [attribute]
    properties["KeySchema"] = [{"AttributeName": name, "KeyType": "HASH"}]
    if not given.get("ProvisionedThroughput"):
        properties["BillingMode"] = "PAY_PER_REQUEST"
    if isinstance(given.get("Tags"), dict):
        properties["Tags"] = tag_list(given["Tags"])[1:]
    origins: Origins = dict(sam.origins)
    if key:
        origins[("AttributeDefinitions",)] = origins[("KeySchema",)] = sam.place("PrimaryKey")
    lowering.lowered(sam, "AWS::DynamoDB::Table", properties, origins)


def lower_application(lowering: Lowering, sam: SamResource) -> None:
    """`AWS::Serverless::Application`: a nested stack; one from the repository has no `TemplateURL`."""
    given = sam.properties
    properties = _copied(given, _STACK)
    location = given.get("Location")
    properties["Tags"] = tag_list(given.get("Tags"))
    origins: Origins = dict(sam.origins)
    if isinstance(location, str):
        properties["TemplateURL"] = location
        origins[("TemplateURL",)] = sam.place("Location")
    elif isinstance(location, dict):
        names = {"ApplicationId": "serverlessrepo:applicationId", "SemanticVersion": "serverlessrepo:semanticVersion"}
        tags = [{"Key": tag, "Value": location[name]} for name, tag in names.items() if name in location]
        properties["Tags"] = [*properties["Tags"], *tags]
    lowering.lowered(sam, "AWS::CloudFormation::Stack", properties, origins)


def lower_layer(lowering: Lowering, sam: SamResource) -> None:
    """`AWS::Serverless::LayerVersion`."""
    properties = _copied(sam.properties, _LAYER)
    properties.setdefault("LayerName", sam.logical_id)
    origins: Origins = dict(sam.origins)
    content = s3_location(sam.properties.get("ContentUri"), "S3Bucket", "S3Key", "S3ObjectVersion")
    if content is not None:
        properties["Content"] = content
        origins[("Content",)] = sam.place("ContentUri")
    lowering.lowered(sam, "AWS::Lambda::LayerVersion", properties, origins)


def _copied(given: Body, names: tuple[str, ...]) -> Body:
    return {name: given[name] for name in names if given.get(name) is not None}
