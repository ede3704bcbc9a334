"""`AWS::Serverless::StateMachine`: the machine, its role, version and alias, and its events.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.template.sam.events import Handler, Starter
from archlint.template.sam.intrinsics import get_att, mapping, ref
from archlint.template.sam.locations import s3_location
from archlint.template.sam.policies import Role, add_role, role_settings, trust
from archlint.template.sam.routes import add_machine_route
from archlint.template.sam.schedules import invoke_role, lower_pattern, lower_schedule, lower_scheduler
from archlint.template.sam.tags import propagate_tags, tag_list

if TYPE_CHECKING:
    from archlint.template.model import Body, Json
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.lowering import Lowering
    from archlint.template.sam.resource import Event, SamResource

_RENAMED = {
    "Definition": "Definition",
    "DefinitionSubstitutions": "DefinitionSubstitutions",
    "Logging": "LoggingConfiguration",
    "Name": "StateMachineName",
    "Role": "RoleArn",
    "Tracing": "TracingConfiguration",
    "Type": "StateMachineType",
}
_CREATED_BY_SAM: Body = {"Key": "stateMachine:createdBy", "Value": "SAM"}


def lower_state_machine(lowering: Lowering, sam: SamResource) -> None:
    """Adds everything that SAM makes of a state machine."""
    given = sam.properties
    properties: Body = {}
    origins: Origins = dict(sam.origins)
    for name, value in given.items():
        renamed = _RENAMED.get(name)
        if renamed is not None and value is not None:
            properties[renamed] = value
            if renamed != name:
                origins[(renamed,)] = sam.place(name)
    if given.get("DefinitionUri") is not None:
        properties["DefinitionS3Location"] = s3_location(given["DefinitionUri"], "Bucket", "Key", "Version")
        origins[("DefinitionS3Location",)] = sam.place("DefinitionUri")
    properties["Tags"] = tag_list(given.get("Tags"), _CREATED_BY_SAM)
    lowering.lowered(sam, "AWS::StepFunctions::StateMachine", properties, origins)
    if not given.get("Role"):
        role = _execution_role(lowering, sam)
        properties["RoleArn"] = role.arn
        origins[("RoleArn",)] = sam.place("Policies") if "Policies" in given else sam.place()
    alias = _publish_alias(lowering, sam) if given.get("AutoPublishAlias") else None
    target = alias if alias and given.get("UseAliasAsEventTarget") else sam.logical_id
    starter = Starter(sam, target, ref(target), ref(target))
    for event in sam.events():
        handler = _HANDLERS.get(event.type)
        if handler is not None:
            handler(lowering, starter, event)
    propagate_tags(lowering, sam)


def _execution_role(lowering: Lowering, sam: SamResource) -> Role:
    role = Role(sam.logical_id + "Role", trust("states.amazonaws.com"))
    role.add_policies(sam)
    if mapping(sam.properties.get("Tracing")).get("Enabled") is True:
        role.attach_managed("AWSXrayWriteOnlyAccess", sam.place("Tracing"))
    role_settings(role, sam, Path="RolePath", PermissionsBoundary="PermissionsBoundary")
    role.properties["Tags"] = tag_list(sam.properties.get("Tags"), _CREATED_BY_SAM)
    add_role(lowering, sam, role, sam.place("Policies") if "Policies" in sam.properties else sam.place())
    return role


def _publish_alias(lowering: Lowering, sam: SamResource) -> str:
    at = sam.place("AutoPublishAlias")
    version_id = sam.logical_id + "Version"
    version = {
        "StateMachineArn": ref(sam.logical_id),
        "StateMachineRevisionId": get_att(sam.logical_id, "StateMachineRevisionId"),
    }
    lowering.generated(sam, version_id, "AWS::StepFunctions::StateMachineVersion", version, at)
    name: Json = lowering.default(sam.properties["AutoPublishAlias"])
    preference = sam.properties.get("DeploymentPreference")
    preference = preference if isinstance(preference, dict) else {"Type": "ALL_AT_ONCE"}
    alias = {
        "Name": sam.properties["AutoPublishAlias"],
        "DeploymentPreference": {**preference, "StateMachineVersionArn": ref(version_id)},
    }
    logical_id = f"{sam.logical_id}Alias{name if isinstance(name, str) else ''}"
    origins: Origins = {("DeploymentPreference",): sam.place("DeploymentPreference")}
    lowering.generated(sam, logical_id, "AWS::StepFunctions::StateMachineAlias", alias, at, origins=origins)
    return logical_id


def _lower_api(lowering: Lowering, starter: Starter, event: Event) -> None:
    if not isinstance(event.properties.get("Path"), str) or not isinstance(event.properties.get("Method"), str):
        return
    role = invoke_role(lowering, starter, event, "apigateway.amazonaws.com")
    add_machine_route(lowering, starter, event, role.arn)


_HANDLERS: dict[str, Handler] = {
    "Api": _lower_api,
    "CloudWatchEvent": lower_pattern,
    "EventBridgeRule": lower_pattern,
    "Schedule": lower_schedule,
    "ScheduleV2": lower_scheduler,
}
