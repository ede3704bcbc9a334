"""SAM's types that run code on Lambda without being functions, and what they need to run.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-resources-and-properties.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.template.sam.intrinsics import get_att, mapping, sub, without_none
from archlint.template.sam.locations import s3_location
from archlint.template.sam.policies import VERSION, Role, add_role, allow, trust
from archlint.template.sam.tags import tag_list

if TYPE_CHECKING:
    from archlint.template.model import Body, Json
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.lowering import Lowering
    from archlint.template.sam.resource import SamResource

_LAMBDA = "lambda.amazonaws.com"


def lower_capacity_provider(lowering: Lowering, sam: SamResource) -> None:
    """`AWS::Serverless::CapacityProvider`, with an operator role unless one is given."""
    given = sam.properties
    requirements = mapping(given.get("InstanceRequirements"))
    role = _given_role(lowering, sam, "OperatorRole", "AWSLambdaManagedEC2ResourceOperator")
    properties = without_none(
        {
            "CapacityProviderName": given.get("CapacityProviderName"),
            "VpcConfig": given.get("VpcConfig"),
            "PermissionsConfig": {"CapacityProviderOperatorRoleArn": role},
            "KmsKeyArn": given.get("KmsKeyArn"),
            "Tags": tag_list(given.get("Tags")),
        }
    )
    if requirements:
        renamed = {"Architectures": "Architectures", "AllowedTypes": "AllowedInstanceTypes"}
        renamed["ExcludedTypes"] = "ExcludedInstanceTypes"
        properties["InstanceRequirements"] = {
            name: requirements[written] for written, name in renamed.items() if requirements.get(written) is not None
        }
    if isinstance(given.get("ScalingConfig"), dict):
        properties["CapacityProviderScalingConfig"] = _scaling(given["ScalingConfig"])
    if given.get("LoggingConfig"):
        properties["TelemetryConfig"] = {"LoggingConfig": given["LoggingConfig"]}
    origins: Origins = {
        **sam.origins,
        ("CapacityProviderScalingConfig",): sam.place("ScalingConfig"),
        ("PermissionsConfig",): sam.place("OperatorRole"),
        ("TelemetryConfig",): sam.place(),
    }
    lowering.lowered(sam, "AWS::Lambda::CapacityProvider", properties, origins)


def _scaling(given: Body) -> Body:
    utilization = given.get("AverageCPUUtilization")
    scaling = without_none({"MaxVCpuCount": given.get("MaxVCpuCount")})
    if utilization is None:
        return {**scaling, "ScalingMode": "Auto"}
    metric = "LambdaCapacityProviderAverageCPUUtilization"
    policy = {"PredefinedMetricType": metric, "TargetValue": utilization}
    return {**scaling, "ScalingMode": "Manual", "ScalingPolicies": [policy]}


def lower_network_connector(lowering: Lowering, sam: SamResource) -> None:
    """`AWS::Serverless::NetworkConnector`, with an operator role unless one is given."""
    given = sam.properties
    role = _given_role(lowering, sam, "OperatorRole", "AWSLambdaNetworkConnectorOperatorPolicy")
    types = given.get("ComputeTypes") or ["MicroVm"]
    egress = {**mapping(given.get("VpcConfig")), "AssociatedComputeResourceTypes": types}
    properties = without_none(
        {
            "Name": given.get("Name"),
            "Configuration": {"VpcEgressConfiguration": egress},
            "OperatorRole": role,
            "Tags": tag_list(given.get("Tags")),
        }
    )
    origins: Origins = {**sam.origins, ("Configuration", "VpcEgressConfiguration"): sam.place("VpcConfig")}
    lowering.lowered(sam, "AWS::Lambda::NetworkConnector", properties, origins)


def _given_role(lowering: Lowering, sam: SamResource, name: str, managed: str) -> Json:
    given: Json = sam.properties.get(name)
    if given:
        return given
    role = Role(sam.logical_id + name, trust(_LAMBDA))
    role.attach_managed(managed, sam.place())
    add_role(lowering, sam, role, sam.place())
    return role.arn


_IMAGE: dict[str, Any] = {
    "AdditionalOsCapabilities": [],
    "BaseImageArn": None,
    "BaseImageVersion": None,
    "CpuConfigurations": [],
    "Description": None,
    "EgressNetworkConnectors": [],
    "Hooks": {},
    "Logging": {},
    "Name": None,
    "Resources": [],
}


def lower_microvm_image(lowering: Lowering, sam: SamResource) -> None:
    """`AWS::Serverless::MicrovmImage`, with a role for its build unless one is given."""
    given = sam.properties
    role_arn: Json = given.get("BuildRoleArn")
    if not role_arn:
        role = Role(sam.logical_id + "BuildRole", trust(_LAMBDA))
        actions: Json = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        statements = [allow(["s3:GetObject"], _bucket_objects(given.get("CodeUri"))), allow(actions, "*")]
        role.allow("MicrovmImageBuildPolicy", statements, sam.place("CodeUri"), VERSION)
        add_role(lowering, sam, role, sam.place())
        role_arn = role.arn
    properties = without_none({name: given.get(name) or default for name, default in _IMAGE.items()})
    properties["CodeArtifact"] = {"Uri": given.get("CodeUri")}
    properties["BuildRoleArn"] = role_arn
    variables = mapping(given.get("EnvironmentVariables"))
    properties["EnvironmentVariables"] = [{"Key": key, "Value": value} for key, value in variables.items()]
    properties["Tags"] = tag_list(given.get("Tags"))
    origins: Origins = {**sam.origins, ("CodeArtifact",): sam.place("CodeUri")}
    lowering.lowered(sam, "AWS::Lambda::MicrovmImage", properties, origins)


def _bucket_objects(uri: Json) -> Json:
    location = s3_location(uri, "Bucket", "Key", "Version")
    bucket = location.get("Bucket") if isinstance(location, dict) else None
    if isinstance(bucket, str):
        return sub("arn:${AWS::Partition}:s3:::" + bucket + "/*")
    name = {"Fn::Select": [2, {"Fn::Split": ["/", uri]}]}
    return sub("arn:${AWS::Partition}:s3:::${Bucket}/*", {"Bucket": name})


def lower_web_function(lowering: Lowering, sam: SamResource) -> None:
    """`AWS::Serverless::WebFunction`: function, revision and endpoint."""
    given = sam.properties
    role_arn: Json = given.get("ExecutionRoleArn")
    if role_arn is None:
        role = Role(sam.logical_id + "Role", trust(_LAMBDA))
        role.attach_managed("service-role/AWSLambdaBasicExecutionRole", sam.place())
        add_role(lowering, sam, role, sam.place())
        role_arn = role.arn
    name: Json = given.get("FunctionName") or sam.logical_id
    properties = {"FunctionName": name, "Tags": tag_list(given.get("Tags"))}
    lowering.lowered(sam, "AWS::Lambda::WebFunction", properties, sam.origins)
    origins: Origins = {(): sam.place_properties(), **sam.origins}
    revision_id, endpoint_id = sam.logical_id + "Revision", sam.logical_id + "Endpoint"
    kind = "AWS::Lambda::WebFunctionRevision"
    revision = _revision(given, name, role_arn)
    needed = (sam.logical_id,)
    lowering.generated(sam, revision_id, kind, revision, sam.place(), origins=origins, depends_on=needed)
    weights = mapping(given.get("RevisionWeights"))
    routed = [{"RevisionId": key, "Weight": weight} for key, weight in weights.items()]
    regions = given.get("ReplicaRegions")
    endpoint = without_none(
        {
            "FunctionName": name,
            "EndpointName": given.get("EndpointName") or "prod",
            "EndpointType": given.get("EndpointType") or "HomeRegion",
            "AuthType": given.get("AuthType"),
            "RevisionWeights": routed or [{"RevisionId": get_att(revision_id, "RevisionId"), "Weight": 100}],
            "Regions": mapping(regions).get("IncludeRegions") if isinstance(regions, dict) else regions,
            "Description": given.get("EndpointDescription"),
            "ScalingConfig": given.get("ScalingConfig"),
            "ThrottleConfig": given.get("ThrottleConfig"),
        }
    )
    kind = "AWS::Lambda::WebFunctionEndpoint"
    lowering.generated(
        sam, endpoint_id, kind, endpoint, sam.place(), origins=origins, depends_on=(sam.logical_id, revision_id)
    )


def _revision(given: Body, name: Json, role_arn: Json) -> Body:
    code = s3_location(given.get("CodeUri"), "Bucket", "Key", "VersionId")
    telemetry = {"LoggingConfig": given["LoggingConfig"]} if given.get("LoggingConfig") else None
    service = {
        "ExecutionRoleArn": role_arn,
        "EnvironmentVariables": given.get("EnvironmentVariables"),
        "TelemetryConfig": telemetry,
        "MaxConcurrencyPerEnvironment": given.get("MaxConcurrencyPerEnvironment"),
        "EgressNetworkConnectorArn": given.get("EgressNetworkConnectorArn"),
        "TimeoutSeconds": given.get("Timeout") or 30,
    }
    return without_none(
        {
            "FunctionName": name,
            "Description": given.get("RevisionDescription"),
            "KmsKeyArn": given.get("KmsKeyArn"),
            "BuildConfig": {"CodeConfig": {"S3Object": code}, "RuntimeConfig": {"Runtime": given.get("Runtime")}},
            "ServiceConfig": without_none(service),
        }
    )
