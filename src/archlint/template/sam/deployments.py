"""Publishing a function: version, alias, CodeDeploy, and the configuration of asynchronous invocation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from archlint.template.sam.intrinsics import (
    choice_of,
    choose,
    get_att,
    is_no_value,
    mapping,
    ref,
    sub,
    without_none,
)
from archlint.template.sam.lowering import QUEUE, ROLE, Lowering
from archlint.template.sam.policies import Role, allow, trust

if TYPE_CHECKING:
    from archlint.template.model import Body, Json, Place, Resource
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.resource import SamResource

APPLICATION = "ServerlessDeploymentApplication"
SERVICE_ROLE = "CodeDeployServiceRole"
_PREDEFINED = frozenset(
    {
        "AllAtOnce", "Canary10Percent10Minutes", "Canary10Percent15Minutes", "Canary10Percent30Minutes",
        "Canary10Percent5Minutes", "Linear10PercentEvery10Minutes", "Linear10PercentEvery1Minute",
        "Linear10PercentEvery2Minutes", "Linear10PercentEvery3Minutes",
    }
)  # fmt: skip
_ROLLBACK = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
_TRUE = (True, "true", "True")


class Preference(msgspec.Struct, frozen=True):
    """A function's `DeploymentPreference` that is switched on."""

    sam: SamResource
    config: Body
    condition: str | None


def publish_alias(lowering: Lowering, sam: SamResource) -> str:
    """Adds version and alias; the logical ID of the alias."""
    given = sam.properties
    at = sam.place("AutoPublishAlias")
    function = ref(sam.logical_id)
    version_id = sam.logical_id + "Version"
    version = without_none({"FunctionName": function, "Description": given.get("VersionDescription")})
    if given.get("CapacityProviderConfig") and given.get("FunctionScalingConfig"):
        version["FunctionScalingConfig"] = given["FunctionScalingConfig"]
    lowering.generated(sam, version_id, "AWS::Lambda::Version", version, at)
    name = lowering.default(given["AutoPublishAlias"])
    stem = name.replace("-", "D").replace("_", "U") if isinstance(name, str) else ""
    alias: Body = {
        "Name": given["AutoPublishAlias"],
        "FunctionName": function,
        "FunctionVersion": get_att(version_id, "Version"),
    }
    origins: Origins = {("Name",): at}
    if given.get("ProvisionedConcurrencyConfig"):
        alias["ProvisionedConcurrencyConfig"] = given["ProvisionedConcurrencyConfig"]
        origins[("ProvisionedConcurrencyConfig",)] = sam.place("ProvisionedConcurrencyConfig")
    alias_id = f"{sam.logical_id}Alias{stem}"
    resource = lowering.generated(sam, alias_id, "AWS::Lambda::Alias", alias, at, origins=origins)
    _prefer(lowering, sam, resource)
    return alias_id


def _prefer(lowering: Lowering, sam: SamResource, alias: Resource) -> None:
    config = sam.properties.get("DeploymentPreference")
    if not isinstance(config, dict) or not config:
        return
    enabled = lowering.mapped(config.get("Enabled", True))
    if not enabled or enabled in ("false", "False"):
        return
    passed = lowering.mapped(config.get("PassthroughCondition")) in _TRUE
    lowering.preferences.append(Preference(sam, config, sam.condition if passed else None))
    hooks = mapping(config.get("Hooks"))
    update = {
        "ApplicationName": ref(APPLICATION),
        "DeploymentGroupName": ref(sam.logical_id + "DeploymentGroup"),
        "BeforeAllowTrafficHook": hooks.get("PreTraffic"),
        "AfterAllowTrafficHook": hooks.get("PostTraffic"),
    }
    alias.body = {"UpdatePolicy": {"CodeDeployLambdaAliasUpdate": without_none(update)}}


def add_code_deploy(lowering: Lowering) -> None:
    """Adds what all deployment preferences share, and a deployment group for each."""
    preferences = lowering.preferences
    if not preferences:
        return
    first = preferences[0].sam
    at = first.place("DeploymentPreference")
    condition = lowering.any_condition([item.condition for item in preferences], "ServerlessCodeDeployCondition")

    def shared(logical_id: str, kind: str, properties: Body) -> None:
        resource = lowering.generated(first, logical_id, kind, properties, at)
        resource.condition = condition

    shared(APPLICATION, "AWS::CodeDeploy::Application", {"ComputePlatform": "Lambda"})
    if not all(item.config.get("Role") for item in preferences):
        policy = "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"
        document = trust("codedeploy.amazonaws.com")
        shared(SERVICE_ROLE, ROLE, {"AssumeRolePolicyDocument": document, "ManagedPolicyArns": [policy]})
    for item in preferences:
        group = lowering.generated(
            item.sam,
            item.sam.logical_id + "DeploymentGroup",
            "AWS::CodeDeploy::DeploymentGroup",
            _deployment_group(item.config),
            item.sam.place("DeploymentPreference"),
        )
        group.condition = item.condition


def _deployment_group(config: Body) -> Body:
    group = {
        "AlarmConfiguration": _alarms(config.get("Alarms")),
        "ApplicationName": ref(APPLICATION),
        "AutoRollbackConfiguration": {"Enabled": True, "Events": _ROLLBACK},
        "DeploymentConfigName": _deployment_config(config.get("Type")),
        "DeploymentStyle": {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"},
        "ServiceRoleArn": config.get("Role") or get_att(SERVICE_ROLE, "Arn"),
        "TriggerConfigurations": config.get("TriggerConfigurations"),
    }
    return without_none(group)


def _deployment_config(kind: Any) -> Json:
    choice = choice_of(kind)
    if choice is not None:
        return choose(choice.condition, _deployment_config(choice.yes), _deployment_config(choice.no))
    if isinstance(kind, str) and kind in _PREDEFINED:
        return sub("CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": kind})
    named: Json = kind
    return named


def _alarms(alarms: Any) -> Json:
    choice = choice_of(alarms)
    if choice is not None:
        return choose(choice.condition, _alarms(choice.yes), _alarms(choice.no))
    if not isinstance(alarms, list):
        return None
    named: list[Json] = [{"Name": alarm} for alarm in alarms if not is_no_value(alarm)]
    return {"Enabled": True, "Alarms": named} if named else {}


def add_event_invoke_config(lowering: Lowering, sam: SamResource, alias: str | None, role: Role) -> None:
    """Adds the `EventInvokeConfig`, its automatic destinations, and what the role needs to send there."""
    config = mapping(sam.properties.get("EventInvokeConfig"))
    at = sam.place("EventInvokeConfig")
    logical_id = sam.logical_id + "EventInvokeConfig"
    qualifier = lowering.default(sam.properties.get("AutoPublishAlias")) if alias else "$LATEST"
    properties: Body = {"FunctionName": ref(sam.logical_id), "Qualifier": qualifier, "DestinationConfig": {}}
    for name in ("MaximumEventAgeInSeconds", "MaximumRetryAttempts"):
        if config.get(name) is not None:
            properties[name] = config[name]
    destinations = mapping(config.get("DestinationConfig"))
    for outcome in ("OnSuccess", "OnFailure"):
        destination = destinations.get(outcome)
        if isinstance(destination, dict):
            place = sam.place("EventInvokeConfig", "DestinationConfig", outcome)
            arn = _destination(lowering, sam, destination, logical_id + outcome, place)
            properties["DestinationConfig"][outcome] = without_none({"Destination": arn})
            allow_destination(role, destination.get("Type"), arn, logical_id + outcome, place)
    lowering.generated(
        sam,
        logical_id,
        "AWS::Lambda::EventInvokeConfig",
        properties,
        at,
        origins=sam.origins_of("EventInvokeConfig"),
        depends_on=(alias,) if alias else (),
    )


def _destination(lowering: Lowering, sam: SamResource, config: Body, stem: str, at: Place) -> Json:
    """The ARN of the destination; SQS and SNS destinations without one are made."""
    given: Json = config.get("Destination")
    kind = config.get("Type")
    choice = choice_of(lowering.default(given))
    one_sided = choice is not None and is_no_value(choice.yes) != is_no_value(choice.no)
    if kind not in ("SQS", "SNS") or not (given is None or one_sided):
        return given
    made = stem + ("Queue" if kind == "SQS" else "Topic")
    arn: Json = get_att(made, "Arn") if kind == "SQS" else ref(made)
    # Functions that take one destination from Globals share what SAM makes for the first of them.
    known = lowering.destinations.setdefault(id(config), arn)
    if known is not arn:
        return known
    condition = None
    if choice is not None and one_sided:
        condition, arn = _one_sided(lowering, sam, choice.condition, choice.yes, choice.no, arn)
    lowering.generated(sam, made, QUEUE if kind == "SQS" else "AWS::SNS::Topic", {}, at, condition=condition)
    lowering.destinations[id(config)] = arn
    return arn


def _one_sided(
    lowering: Lowering, sam: SamResource, condition: str, yes: Json, no: Json, made: Json
) -> tuple[str | None, Json]:
    """The condition under which the destination is made, and the ARN in both cases."""
    if is_no_value(yes):
        needed: str | None = condition
        arn = choose(condition, made, no)
    else:
        needed = lowering.add_condition("NOT" + condition, {"Fn::Not": [{"Condition": condition}]})
        arn = choose(condition, yes, made)
    if needed is not None and sam.condition is not None:
        both = {"Fn::And": [{"Condition": sam.condition}, {"Condition": needed}]}
        needed = lowering.add_condition(f"{sam.condition}AND{needed}", both)
    return needed, arn


def allow_destination(role: Role, kind: Any, arn: Json, stem: str, at: Place) -> None:
    """Lets the role send to a destination of this `Type`."""
    if arn is None:
        return
    if kind == "SQS":
        role.allow(stem + "SQSPolicy", [allow("sqs:SendMessage", arn)], at)
    elif kind == "SNS":
        role.allow(stem + "SNSPolicy", [allow("sns:publish", arn)], at)
    elif kind == "EventBridge":
        role.allow(stem + "EventBridgePolicy", [allow("events:PutEvents", arn)], at)
    elif kind == "Lambda":
        role.allow(stem + "LambdaPolicy", [allow("lambda:InvokeFunction", arn)], at)
    elif kind in ("S3", "S3Bucket"):
        objects: Json = {"Fn::Join": ["/", [arn, "*"]]}
        statements = [allow("s3:PutObject", objects), allow("s3:ListBucket", arn)]
        role.allow(stem + "S3Policy", statements, at)
