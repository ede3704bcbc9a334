"""Writes `src/archlint/data/property_edges.json`: properties that name a role, key, subnet, group or log group.

    python scripts/generate_property_edges.py

The source is the resource provider schemas that come with cfn-lint (MIT): a property whose `format` is the ARN of a
role, of a key and so on, or, where a schema leaves the format out, whose name says so. Types whose properties are
carriers' (an API's method, a data source) are left to the edge finders and to `graph/edges.yaml`.
"""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "src" / "archlint" / "data" / "property_edges.json"
SCHEMAS = files("cfnlint.data.schemas")

FORMATS = {
    "AWS::IAM::Role.Arn": "assumes",
    "AWS::KMS::Key.Arn": "encrypts",
    "AWS::KMS::Key.Id": "encrypts",
    "AWS::KMS::Key.Arn.Id": "encrypts",
    "AWS::EC2::Subnet.Id": "runs_in",
    "AWS::EC2::SecurityGroup.Id": "runs_in",
    "AWS::EC2::SecurityGroup.GroupId": "runs_in",
    "AWS::Logs::LogGroup.Name": "logs_to",
    "AWS::Logs::LogGroup.Arn": "logs_to",
}
NAMES = (
    (re.compile(r"(?:Role|ROLE)(?:_?A(?:rn|RN)|s\[\])?$|^DeliverLogsPermissionArn$"), "assumes"),
    (re.compile(r"(?i)kms.*key|key.*kms|encryption_?key(?:arn)?$"), "encrypts"),
    (re.compile(r"^(?:Vpc|VPC)?Subnets?(?:Ids?)?(?:\[\])?$"), "runs_in"),
    (re.compile(r"^(?:Vpc|VPC)?SecurityGroups?(?:Ids?)?(?:\[\])?$"), "runs_in"),
    (re.compile(r"(?i)log_?group(?:arn|name)?$"), "logs_to"),
)
# Where the last word alone does not say it.
PATHS = (
    (
        re.compile(r"(?:Encryption\w*|SSEKMS)\.KeyId$|EncryptionKey\.Id$|EncryptionConfig\[\]\.Provider\.KeyArn$"),
        "encrypts",
    ),
)
# Here a role is a part that something plays, not an IAM role; or the name is one of another service.
NO_ROLE = re.compile(
    r"^AWS::(?:QuickSight|Transcribe|Grafana|MediaLive::Node|ElastiCache|Bedrock::Prompt|RDS::DBProxyEndpoint|EKS::Capability)"
    r"|SAMLOptions|SnowflakeRole$|DomainIAMRoleName$|ApproverRoles|PrincipalRole|ComputeResources\.InstanceRole$"
)
# The key of a secret that RDS keeps, not of the database.
NO_KEY = re.compile(r"MasterUserSecret\.KmsKeyId$")
CARRIERS = re.compile(
    r"^AWS::(?:IAM::|ApiGateway::(?:Method|Authorizer)|ApiGatewayV2::(?:Integration|Authorizer)|AppSync::DataSource"
    r"|ECS::(?:Daemon)?TaskDefinition|Batch::JobDefinition|SNS::Subscription|Logs::SubscriptionFilter|KMS::|Events::EventBusPolicy)"
)
# In the network itself a subnet or group is what the resource is about; instances run there.
NETWORK = re.compile(r"^AWS::EC2::(?!Instance$|LaunchTemplate$|NetworkInterface$)|^AWS::RDS::DBSecurityGroup")
LOG_SETTINGS = re.compile(
    r"^AWS::(?:Logs|ApplicationInsights|CloudWatch|BackupGateway|MGN)::|^AWS::(?:IoT::TopicRule|SSM::MaintenanceWindowTask)$"
)
# Deeper properties are those of dashboards and the like.
MAX_DEPTH = 9


def leaves(schema: Any, root: Any, path: str, seen: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Path and format of every string property."""
    if not isinstance(schema, dict) or path.count(".") > MAX_DEPTH:
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        if name not in seen:
            yield from leaves(root.get("definitions", {}).get(name), root, path, seen | {name})
        return
    for word in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(word, ()):
            yield from leaves(part, root, path, seen)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for key, value in properties.items():
            yield from leaves(value, root, f"{path}.{key}" if path else key, seen)
    elif isinstance(schema.get("items"), dict):
        yield from leaves(schema["items"], root, f"{path}[]", seen)
    elif isinstance(schema.get("patternProperties"), dict):
        for value in schema["patternProperties"].values():
            yield from leaves(value, root, f"{path}.*", seen)
    elif "string" in schema.get("type", "string"):
        yield path, schema.get("format", "")


def beginnings(pointer: str) -> tuple[str, str]:
    """How property paths begin that are this JSON pointer of a schema or below it: `/properties/A/*/B` is `A[].B`."""
    path = pointer.removeprefix("/properties/").replace("/*", "[]").replace("/", ".")
    return f"{path}.", f"{path}["


def kind_of(resource: str, path: str, given: str) -> str | None:
    """The edge kind that a property says, None when it says none."""
    name = path.rpartition(".")[2]
    kind = FORMATS.get(given)
    if kind is None and not given:
        kind = next((found for pattern, found in NAMES if pattern.search(name)), None)
        kind = kind or next((found for pattern, found in PATHS if pattern.search(path)), None)
    if kind == "assumes" and NO_ROLE.search(f"{resource}.{path}"):
        return None
    if kind == "encrypts" and NO_KEY.search(path):
        return None
    if kind == "runs_in" and NETWORK.search(resource):
        return None
    if kind == "logs_to" and LOG_SETTINGS.search(resource):
        return None
    return kind


def table() -> dict[str, list[str]]:
    """Resource type to `kind path` lines."""
    found: dict[str, list[str]] = {}
    index = json.loads(SCHEMAS.joinpath("providers", "us-east-1.json").read_text(encoding="utf-8"))
    for resource, digest in sorted(index.items()):
        if CARRIERS.search(resource):
            continue
        schema = json.loads(SCHEMAS.joinpath("resources", f"{digest}.json").read_text(encoding="utf-8"))
        read_only = tuple(start for pointer in schema.get("readOnlyProperties", ()) for start in beginnings(pointer))
        rows = set()
        for path, given in leaves(schema, schema, "", frozenset()):
            kind = kind_of(resource, path, given)
            if kind is not None and not f"{path}.".startswith(read_only):
                rows.add(f"{kind} {path}")
        if rows:
            found[resource] = sorted(rows)
    return found


if __name__ == "__main__":
    entries = table()
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in entries.items()]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(entries)} types, {TARGET.stat().st_size} bytes")
