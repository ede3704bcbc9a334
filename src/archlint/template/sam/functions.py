"""`AWS::Serverless::Function`: the function, its role, its URL, and then versions and events.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.template.sam.events import Starter, lower_events
from archlint.template.sam.intrinsics import choice_of, choose, get_att, is_no_value, mapping, ref, without_none
from archlint.template.sam.locations import s3_location
from archlint.template.sam.lowering import FUNCTION, PERMISSION, Lowering
from archlint.template.sam.policies import VERSION, Role, add_role, allow, role_settings, trust
from archlint.template.sam.tags import propagate_tags, tag_list

if TYPE_CHECKING:
    from archlint.template.model import Body, Json, Place
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.resource import SamResource

_PASSED = frozenset(
    {
        "Architectures", "CodeSigningConfigArn", "Description", "DurableConfig", "Environment", "EphemeralStorage",
        "FileSystemConfigs", "FunctionName", "FunctionScalingConfig", "Handler", "ImageConfig", "KmsKeyArn", "Layers",
        "LoggingConfig", "MemorySize", "PackageType", "PublishToLatestPublished", "RecursiveLoop",
        "ReservedConcurrentExecutions", "Runtime", "RuntimeManagementConfig", "SnapStart", "TenancyConfig", "Timeout",
        "VpcConfig",
    }
)  # fmt: skip
_DEAD_LETTER_ACTIONS = {"SQS": "sqs:SendMessage", "SNS": "sns:Publish"}


def lower_function(lowering: Lowering, sam: SamResource) -> None:
    """Adds everything that SAM makes of a function."""
    given = sam.properties
    properties, origins = _function_properties(lowering, sam)
    lowering.lowered(sam, FUNCTION, properties, origins)
    alias = None
    if given.get("AutoPublishAlias"):
        from archlint.template.sam.deployments import publish_alias

        alias = publish_alias(lowering, sam)
    if given.get("FunctionUrlConfig"):
        _add_url(lowering, sam, alias)
    role = _execution_role(lowering, sam)
    _set_role(lowering, sam, properties, origins, role)
    if isinstance(given.get("EventInvokeConfig"), dict):
        from archlint.template.sam.deployments import add_event_invoke_config

        add_event_invoke_config(lowering, sam, alias, role)
    if "Events" in given:
        name = ref(alias) if alias else ref(sam.logical_id)
        arn = ref(alias) if alias else get_att(sam.logical_id, "Arn")
        lower_events(lowering, Starter(sam, alias or sam.logical_id, name, arn, role))
    propagate_tags(lowering, sam)


def _function_properties(lowering: Lowering, sam: SamResource) -> tuple[Body, Origins]:
    given = sam.properties
    properties = {name: value for name, value in given.items() if name in _PASSED and value is not None}
    origins: Origins = dict(sam.origins)
    code, written = _code(given)
    if code is not None:
        properties["Code"] = code
        origins[("Code",)] = sam.place(written)
    if is_traced(lowering, given):
        properties["TracingConfig"] = {"Mode": given["Tracing"]}
        origins[("TracingConfig",)] = sam.place("Tracing")
    dead_letters = given.get("DeadLetterQueue")
    if isinstance(dead_letters, dict):
        properties["DeadLetterConfig"] = without_none({"TargetArn": dead_letters.get("TargetArn")})
        origins |= sam.origins_of("DeadLetterQueue", ("DeadLetterConfig",))
    provider = given.get("CapacityProviderConfig")
    if isinstance(provider, dict):
        properties["CapacityProviderConfig"] = {"LambdaManagedInstancesCapacityProviderConfig": _provider(provider)}
        origins[("CapacityProviderConfig",)] = sam.place("CapacityProviderConfig")
    properties["Tags"] = tag_list(given.get("Tags"))
    return properties, origins


def is_traced(lowering: Lowering, given: Body) -> bool:
    """Whether `Tracing` turns X-Ray on (or may)."""
    tracing = given.get("Tracing")
    return bool(tracing) and lowering.default(tracing) != "Disabled"


def _code(given: Body) -> tuple[Json, str]:
    """CloudFormation's `Code` and the SAM property that it comes from; a local path stays a string."""
    if given.get("PackageType") == "Image":
        image = given.get("ImageUri")
        return ({"ImageUri": image} if image is not None else None), "ImageUri"
    if given.get("InlineCode") is not None:
        return {"ZipFile": given["InlineCode"]}, "InlineCode"
    if given.get("CodeUri") is None and given.get("ImageUri") is not None:
        return {"ImageUri": given["ImageUri"]}, "ImageUri"
    return s3_location(given.get("CodeUri"), "S3Bucket", "S3Key", "S3ObjectVersion"), "CodeUri"


def _provider(given: Body) -> Body:
    return without_none(
        {
            "CapacityProviderArn": given.get("Arn"),
            "PerExecutionEnvironmentMaxConcurrency": given.get("PerExecutionEnvironmentMaxConcurrency"),
            "ExecutionEnvironmentMemoryGiBPerVCpu": given.get("ExecutionEnvironmentMemoryGiBPerVCpu"),
        }
    )


def _execution_role(lowering: Lowering, sam: SamResource) -> Role:
    """The role as SAM would make it, whether or not the function then uses it."""
    given = sam.properties
    document = given.get("AssumeRolePolicyDocument")
    role = Role(sam.logical_id + "Role", trust("lambda.amazonaws.com") if document is None else document)
    if document is not None:
        role.origins[("AssumeRolePolicyDocument",)] = sam.place("AssumeRolePolicyDocument")
    basic = "AWSLambdaBasicDurableExecutionRolePolicy" if given.get("DurableConfig") else "AWSLambdaBasicExecutionRole"
    role.attach_managed("service-role/" + basic, sam.place())
    if is_traced(lowering, given):
        role.attach_managed("AWSXrayWriteOnlyAccess", sam.place("Tracing"))
    if given.get("VpcConfig"):
        role.attach_managed("service-role/AWSLambdaVPCAccessExecutionRole", sam.place("VpcConfig"))
    dead_letters = given.get("DeadLetterQueue")
    if isinstance(dead_letters, dict):
        kind = dead_letters.get("Type")
        action = _DEAD_LETTER_ACTIONS.get(kind) if isinstance(kind, str) else None
        if action is not None:
            statement = allow(action, dead_letters.get("TargetArn"))
            role.allow("DeadLetterQueuePolicy", [statement], sam.place("DeadLetterQueue"), VERSION)
    role.add_policies(sam)
    role_settings(role, sam, Path="RolePath", PermissionsBoundary="PermissionsBoundary")
    role.properties["Tags"] = tag_list(given.get("Tags"))
    return role


def _set_role(lowering: Lowering, sam: SamResource, properties: Body, origins: Origins, role: Role) -> None:
    given = sam.properties.get("Role")
    if given is None:
        properties["Role"] = role.arn
        origins[("Role",)] = _role_place(sam)
        add_role(lowering, sam, role, _role_place(sam))
        return
    properties["Role"] = given
    choice = choice_of(lowering.default(given))
    if choice is None or not (is_no_value(choice.yes) or is_no_value(choice.no)):
        return
    condition: str | None = None
    if is_no_value(choice.yes) and is_no_value(choice.no):
        properties["Role"] = role.arn
    elif is_no_value(choice.yes):
        condition = choice.condition
        properties["Role"] = choose(choice.condition, role.arn, choice.no)
    else:
        negated = {"Fn::Not": [{"Condition": choice.condition}]}
        condition = lowering.add_condition(f"NOT{choice.condition}", negated)
        properties["Role"] = choose(choice.condition, choice.yes, role.arn)
    add_role(lowering, sam, role, _role_place(sam), condition)


def _role_place(sam: SamResource) -> Place:
    """A generated role is written where its policies are, or else where the function is."""
    return sam.place("Policies") if "Policies" in sam.properties else sam.place()


def _add_url(lowering: Lowering, sam: SamResource, alias: str | None) -> None:
    config = mapping(sam.properties.get("FunctionUrlConfig"))
    at = sam.place("FunctionUrlConfig")
    target = ref(alias or sam.logical_id)
    url = {name: config[name] for name in ("AuthType", "Cors", "InvokeMode") if config.get(name) is not None}
    url["TargetFunctionArn"] = target
    origins = sam.origins_of("FunctionUrlConfig")
    lowering.generated(sam, sam.logical_id + "Url", "AWS::Lambda::Url", url, at, origins=origins)
    if config.get("AuthType") != "NONE":
        return
    public: Body = {"FunctionName": target, "Principal": "*"}
    by_url = {**public, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
    lowering.generated(sam, sam.logical_id + "UrlPublicPermissions", PERMISSION, by_url, at)
    invoked = {**public, "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}
    lowering.generated(sam, sam.logical_id + "URLInvokeAllowPublicAccess", PERMISSION, invoked, at)
