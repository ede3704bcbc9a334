"""Connectors, embedded and as resources of their own: the permissions between two resources.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/managing-permissions-connectors.html
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.template.sam.intrinsics import listed, mapping, named_resource, ref, sub
from archlint.template.sam.lowering import PERMISSION, QUEUE_POLICY, Lowering
from archlint.template.sam.policies import VERSION
from archlint.template.sam.resource import SamResource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.model import Body, Json, Place, TemplatePath

CONNECTOR = "AWS::Serverless::Connector"
_SAM_TYPES = {
    "AWS::Serverless::Api": "AWS::ApiGateway::RestApi",
    "AWS::Serverless::Function": "AWS::Lambda::Function",
    "AWS::Serverless::HttpApi": "AWS::ApiGatewayV2::Api",
    "AWS::Serverless::SimpleTable": "AWS::DynamoDB::Table",
    "AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine",
}
_VARIABLE = re.compile(r"%\{([\w.]+)\}")


class _UnknownValueError(Exception):
    """The template does not say what a profile needs."""


class End(msgspec.Struct, frozen=True):
    """One end of a connector; what is not known is None."""

    type: str
    logical_id: str | None
    known: Body
    """`Arn`, `Name`, `Qualifier`, `ResourceId`, and for policies `Url` and `RoleName`."""


def embedded_connectors(lowering: Lowering) -> Iterator[SamResource]:
    """The entries of `Connectors` of all resources."""
    for source, body in lowering.written.items():
        connectors = body.get("Connectors") if isinstance(body, dict) else None
        for name, connector in mapping(connectors).items():
            given = mapping(connector).get("Properties")
            if isinstance(given, dict):
                base: TemplatePath = ("Resources", source, "Connectors", name)
                end = {"Id": source, **mapping(given.get("SourceReference"))}
                condition = connector.get("Condition")
                yield SamResource(
                    source + name,
                    CONNECTOR,
                    {},
                    {**given, "Source": end},
                    base,
                    lowering.locate(base),
                    lowering.locate,
                    {},
                    condition if isinstance(condition, str) else None,
                    tuple(item for item in listed(connector.get("DependsOn")) if isinstance(item, str)),
                    implicit_for=source,
                )


def lower_connector(lowering: Lowering, sam: SamResource) -> None:
    """Adds the connector itself and the policies and permissions that it stands for."""
    lowering.lowered(sam, CONNECTOR, sam.properties, {(): sam.place_properties()})
    given = sam.properties
    source, destination = given.get("Source"), given.get("Destination")
    several = isinstance(destination, list)
    for index, end in enumerate(listed(destination)):
        if isinstance(source, dict) and isinstance(end, dict):
            suffix = f"Destination{index}" if several else ""
            connect(
                lowering,
                sam,
                sam.logical_id,
                (end_of(lowering, source, end), end_of(lowering, end, source)),
                [str(item) for item in listed(given.get("Permissions"))],
                sam.place(),
                suffix,
            )


def connect(
    lowering: Lowering,
    parent: SamResource,
    stem: str,
    ends: tuple[End, End],
    permissions: list[str],
    at: Place,
    suffix: str = "",
) -> None:
    """Adds what lets the first end use the second; nothing when SAM has no profile for the two."""
    source, destination = ends
    profile = _profiles().get(f"{source.type} {destination.type}")
    if profile is None:
        return
    known = {f"Source.{name}": value for name, value in source.known.items()}
    known |= {f"Destination.{name}": value for name, value in destination.known.items()}
    properties = profile["Properties"]
    holder = source if properties["SourcePolicy"] else destination
    wanted = {name: body for name, body in properties["AccessCategories"].items() if name in permissions}
    try:
        access = {name: _filled(body, known) for name, body in wanted.items()}
    except _UnknownValueError:
        return
    if profile["Type"] == "AWS_LAMBDA_PERMISSION":
        for name, permission in access.items():
            function = {**permission, "FunctionName": holder.known.get("Arn")}
            permission_id = f"{stem}{name}LambdaPermission{suffix}"
            lowering.generated(parent, permission_id, PERMISSION, function, at, depends_on=parent.depends_on)
        return
    kind, name, target, attribute = _POLICIES[profile["Type"]]
    granted = holder.known.get(attribute)
    statements = [statement for body in access.values() for statement in body["Statement"]]
    if granted is None or not statements:
        return
    document = {"Version": VERSION, "Statement": statements}
    policy_id = f"{stem}{name}{suffix}"
    policy = {"PolicyDocument": document, target: [granted]}
    lowering.generated(parent, policy_id, kind, policy, at, depends_on=parent.depends_on)
    _depend(lowering, properties.get("DependedBy"), policy_id, source, destination)


_POLICIES = {
    "AWS_IAM_ROLE_MANAGED_POLICY": ("AWS::IAM::ManagedPolicy", "Policy", "Roles", "RoleName"),
    "AWS_SQS_QUEUE_POLICY": (QUEUE_POLICY, "QueuePolicy", "Queues", "Url"),
    "AWS_SNS_TOPIC_POLICY": ("AWS::SNS::TopicPolicy", "TopicPolicy", "Topics", "Arn"),
}


def _depend(lowering: Lowering, who: Any, policy: str, source: End, destination: End) -> None:
    """The mapping (or the source) must wait for the policy."""
    waiting = []
    if who == "SOURCE" and source.logical_id is not None:
        waiting = [source.logical_id]
    elif who == "DESTINATION_EVENT_SOURCE_MAPPING":
        waiting = [
            logical_id
            for logical_id, resource in lowering.made.items()
            if resource.type == "AWS::Lambda::EventSourceMapping"
            and named_resource(resource.properties.get("FunctionName")) == destination.logical_id
            and named_resource(resource.properties.get("EventSourceArn")) == source.logical_id
        ]
    for logical_id in waiting[:1]:
        resource = lowering.made.get(logical_id)
        if resource is not None and policy not in resource.depends_on:
            resource.depends_on = (*resource.depends_on, policy)


def end_of(lowering: Lowering, reference: Body, other: Body) -> End:
    """What a resource reference says, or what the resource that it names has."""
    logical_id = reference.get("Id")
    if not isinstance(logical_id, str):
        kind = reference.get("Type")
        kind = kind if isinstance(kind, str) else ""
        known = {name: reference.get(name) for name in ("Arn", "Name", "Qualifier", "ResourceId", "RoleName")}
        return End(_SAM_TYPES.get(kind, kind), None, {**known, "Url": reference.get("QueueUrl")})
    resource = lowering.made.get(logical_id)
    if resource is None:
        return End("", logical_id, {})
    profile = _profiles().get(resource.type, {})
    outputs = _filled(profile.get("Outputs", {}), {"logicalId": logical_id})
    role = _role(profile.get("Inputs", {}).get("Role"), resource.properties, other)
    known = {
        "Arn": outputs.get("Arn"),
        "Name": outputs.get("Name"),
        "Qualifier": reference.get("Qualifier", outputs.get("Qualifier")),
        "ResourceId": outputs.get("Id"),
        "RoleName": ref(role) if role is not None else None,
        "Url": outputs.get("Url"),
    }
    return End(resource.type, logical_id, known)


def _role(source: Any, properties: Body, other: Body) -> str | None:
    """The logical ID of the role that the resource uses."""
    if isinstance(source, str):
        return named_resource(properties.get(source))
    if source is None:
        return None
    for target in listed(properties.get("Targets")):
        arn = mapping(target).get("Arn")
        named = named_resource(arn)
        if (named is not None and named == other.get("Id")) or (arn is not None and arn == other.get("Arn")):
            return named_resource(mapping(target).get("RoleArn"))
    return None


def _filled(value: Any, known: Body) -> Any:
    """The profile's value with `%{Source.Arn}` and the like replaced."""
    if isinstance(value, dict):
        return {key: _filled(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    return _filled_text(value, known) if isinstance(value, str) and ("%{" in value or "${" in value) else value


def _filled_text(text: str, known: Body) -> Json:
    names = _VARIABLE.findall(text)
    if any(known.get(name) is None for name in names):
        raise _UnknownValueError
    if len(names) == 1 and text == "%{" + names[0] + "}":
        whole: Json = known[names[0]]
        return whole
    variables = {name.replace(".", ""): known[name] for name in names}
    return sub(_VARIABLE.sub(lambda match: "${" + match[1].replace(".", "") + "}", text), variables)


@lru_cache(maxsize=1)
def _profiles() -> dict[str, Any]:
    return dict(json.loads(Path(__file__).with_name("connector_profiles.json").read_bytes()))
