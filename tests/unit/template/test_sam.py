"""SAM functions: what they become, what Globals and Policies add, and where all of it is written."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from archlint.template.document import Document
from archlint.template.model import Place
from archlint.template.sam import lower
from archlint.template.sam.references import derived_references

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.template.conftest import Lowered

Lower: TypeAlias = "Callable[[str], Lowered]"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

FUNCTION = """
Parameters:
  AliasName: {Type: String, Default: live}
Globals:
  Function:
    Timeout: 30
    Runtime: python3.12
    Layers: [!Ref Shared]
    VpcConfig: {SubnetIds: [subnet-1]}
    Environment:
      Variables:
        STAGE: prod
        LEVEL: info
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Condition: IsProd
    DependsOn: Table
    Metadata: {BuildMethod: esbuild}
    Properties:
      CodeUri: src/orders
      Handler: app.handler
      Tracing: Active
      Layers:
        - !Ref Own
      Environment:
        Variables:
          LEVEL: debug
          TABLE: !Ref Table
      Tags: {Team: orders}
      DeadLetterQueue:
        Type: SQS
        TargetArn: !GetAtt Failed.Arn
  Table:
    Type: AWS::DynamoDB::Table
"""


def test_plain_cloudformation_passes_unchanged(lowered: Lower) -> None:
    text = """
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Condition: IsProd
    DependsOn: [Topic, Role]
    DeletionPolicy: Retain
    Properties:
      VisibilityTimeout: 60
  Topic: {Type: AWS::SNS::Topic}
"""
    found = lowered(text)
    jobs = found.resources["Jobs"]
    assert list(found.resources) == ["Jobs", "Topic"]
    assert (jobs.condition, jobs.depends_on, jobs.generated_by) == ("IsProd", ("Topic", "Role"), None)
    assert jobs.properties is found.document.data["Resources"]["Jobs"]["Properties"]  # type: ignore[index,call-overload]  # known shape
    assert jobs.body["DeletionPolicy"] == "Retain"
    assert found.line("Jobs", "VisibilityTimeout") == "VisibilityTimeout: 60"


def test_function_becomes_a_lambda_function_with_its_own_intrinsics(lowered: Lower) -> None:
    found = lowered(FUNCTION)
    orders = found.resources["Orders"]
    assert list(found.resources) == ["Orders", "OrdersRole", "Table"]
    assert (orders.type, orders.generated_by) == ("AWS::Lambda::Function", None)
    assert (orders.condition, orders.depends_on) == ("IsProd", ("Table",))
    assert orders.body["Metadata"] == {"BuildMethod": "esbuild"}
    properties = found["Orders"]
    assert properties["Code"] == "src/orders"
    assert properties["TracingConfig"] == {"Mode": "Active"}
    assert properties["DeadLetterConfig"] == {"TargetArn": {"Fn::GetAtt": ["Failed", "Arn"]}}
    assert properties["Role"] == {"Fn::GetAtt": ["OrdersRole", "Arn"]}
    assert {"Key": "Team", "Value": "orders"} in properties["Tags"]


def test_globals_merge_deep_concatenate_lists_and_give_way(lowered: Lower) -> None:
    properties = lowered(FUNCTION)["Orders"]
    assert properties["Timeout"] == 30
    assert properties["Layers"] == [{"Ref": "Shared"}, {"Ref": "Own"}]
    assert properties["Environment"] == {"Variables": {"STAGE": "prod", "LEVEL": "debug", "TABLE": {"Ref": "Table"}}}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("Timeout",), "Timeout: 30"),
        (("VpcConfig", "SubnetIds", 0), "VpcConfig: {SubnetIds: [subnet-1]}"),
        (("Layers", 0), "Layers: [!Ref Shared]"),
        (("Layers", 1), "- !Ref Own"),
        (("Environment", "Variables", "STAGE"), "STAGE: prod"),
        (("Environment", "Variables", "LEVEL"), "LEVEL: debug"),
        (("Environment", "Variables", "TABLE"), "TABLE: !Ref Table"),
        (("Code",), "CodeUri: src/orders"),
        (("TracingConfig", "Mode"), "Tracing: Active"),
        (("DeadLetterConfig", "TargetArn"), "TargetArn: !GetAtt Failed.Arn"),
        (("Handler",), "Handler: app.handler"),
        ((), "Orders:"),
    ],
)
def test_properties_point_at_where_they_are_written(lowered: Lower, path: tuple[Any, ...], line: str) -> None:
    assert lowered(FUNCTION).line("Orders", *path) == line


def test_globals_are_ignored_where_the_resource_says_so(lowered: Lower) -> None:
    text = """
Globals:
  Function: {Timeout: 30, MemorySize: 512, Architectures: [x86_64]}
Resources:
  None:
    Type: AWS::Serverless::Function
    IgnoreGlobals: "*"
  Some:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [Timeout]
  Arm:
    Type: AWS::Serverless::Function
    Properties: {Architectures: [arm64], Timeout: !Ref Limit}
"""
    found = lowered(text)
    assert "Timeout" not in found["None"]
    assert "Timeout" not in found["Some"]
    assert found["Some"]["MemorySize"] == 512
    assert found["Arm"]["Architectures"] == ["arm64"]
    assert found["Arm"]["Timeout"] == {"Ref": "Limit"}
    assert found.line("Some", "MemorySize").startswith("Function: {Timeout: 30")


POLICIES = """
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      RolePath: /apps/
      PermissionsBoundary: !Ref Boundary
      VpcConfig: {SubnetIds: [subnet-1]}
      DeadLetterQueue: {Type: SNS, TargetArn: !Ref Failed}
      Policies:
        - AmazonS3ReadOnlyAccess
        - AWSLambdaRole
        - arn:aws:iam::123456789012:policy/Own
        - !Ref Managed
        - Statement:
            - Effect: Allow
              Action: sqs:SendMessage
              Resource: !GetAtt Jobs.Arn
        - DynamoDBReadPolicy:
            TableName: !Ref Table
        - !If [IsProd, AmazonSNSFullAccess, !Ref AWS::NoValue]
        - !If [IsProd, {S3ReadPolicy: {BucketName: !Ref Bucket}}, !Ref AWS::NoValue]
        - NoSuchPolicy: {}
        - Effect: Allow
          Action: ses:SendEmail
          Resource: "*"
"""


def test_policies_in_every_spelling(lowered: Lower) -> None:
    role = lowered(POLICIES)["FRole"]
    assert role["ManagedPolicyArns"] == [
        BASIC,
        "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
        "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaRole",
        "arn:aws:iam::123456789012:policy/Own",
        {"Ref": "Managed"},
        {"Fn::If": ["IsProd", "arn:aws:iam::aws:policy/AmazonSNSFullAccess", {"Ref": "AWS::NoValue"}]},
    ]
    assert (role["Path"], role["PermissionsBoundary"]) == ("/apps/", {"Ref": "Boundary"})
    dead_letters, inline, template, chosen, bare = role["Policies"]
    assert dead_letters["PolicyDocument"]["Statement"] == [
        {"Action": "sns:Publish", "Effect": "Allow", "Resource": {"Ref": "Failed"}}
    ]
    assert inline["PolicyDocument"]["Statement"][0]["Resource"] == {"Fn::GetAtt": ["Jobs", "Arn"]}
    (read,) = template["PolicyDocument"]["Statement"]
    assert "dynamodb:Query" in read["Action"]
    assert read["Resource"][0]["Fn::Sub"][1] == {"tableName": {"Ref": "Table"}}
    assert chosen["Fn::If"][2] == {"Ref": "AWS::NoValue"}
    assert "s3:GetObject" in chosen["Fn::If"][1]["PolicyDocument"]["Statement"][0]["Action"]
    assert bare["PolicyDocument"]["Statement"][0]["Action"] == "ses:SendEmail"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), "Policies:"),
        (("ManagedPolicyArns", 1), "VpcConfig: {SubnetIds: [subnet-1]}"),
        (("ManagedPolicyArns", 2), "- AmazonS3ReadOnlyAccess"),
        (("ManagedPolicyArns", 5), "- !Ref Managed"),
        (("Policies", 0), "DeadLetterQueue: {Type: SNS, TargetArn: !Ref Failed}"),
        (("Policies", 1, "PolicyDocument", "Statement", 0, "Action"), "Action: sqs:SendMessage"),
        (("Policies", 2, "PolicyDocument", "Statement", 0), "- DynamoDBReadPolicy:"),
        (("PermissionsBoundary",), "PermissionsBoundary: !Ref Boundary"),
        (("Path",), "RolePath: /apps/"),
    ],
)
def test_a_role_points_at_the_policies_of_its_function(lowered: Lower, path: tuple[Any, ...], line: str) -> None:
    found = lowered(POLICIES)
    assert found.line("FRole", *path) == line
    assert found.resources["FRole"].generated_by == "F"


@pytest.mark.parametrize(
    "policies",
    [
        "AmazonS3FullAccess",
        "[AmazonS3FullAccess]",
        "!If [C, [AmazonS3FullAccess, AmazonSNSFullAccess], !Ref AWS::NoValue]",
        "{Version: '2012-10-17', Statement: {Effect: Allow, Action: '*', Resource: '*'}}",
        "{S3ReadPolicy: {BucketName: b}}",
        "{S3ReadPolicy: }",
        "[{S3ReadPolicy: {}}, 5, null, [], {}]",
        "!Ref Managed",
    ],
)
def test_policies_of_any_shape_make_a_role(lowered: Lower, policies: str) -> None:
    text = f"Resources: {{F: {{Type: 'AWS::Serverless::Function', Properties: {{Policies: {policies}}}}}}}"
    role = lowered(text)["FRole"]
    assert role["ManagedPolicyArns"][0] == BASIC
    assert len(role["ManagedPolicyArns"]) + len(role.get("Policies", [])) >= 1


def test_a_policy_that_is_not_of_aws_keeps_its_name(lowered: Lower) -> None:
    text = (
        "Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {Policies: [OwnPolicy, AdministratorAccess]}}}"
    )
    arns = lowered(text)["FRole"]["ManagedPolicyArns"]
    assert arns[1:] == ["OwnPolicy", "arn:aws:iam::aws:policy/AdministratorAccess"]


def test_a_given_role_is_used_and_one_that_may_be_missing_is_made(lowered: Lower) -> None:
    text = """
Resources:
  Given:
    Type: AWS::Serverless::Function
    Properties: {Role: !GetAtt Shared.Arn, Policies: AmazonS3FullAccess}
  Maybe:
    Type: AWS::Serverless::Function
    Properties: {Role: !If [HasRole, !Ref RoleArn, !Ref AWS::NoValue]}
"""
    found = lowered(text)
    assert list(found.resources) == ["Given", "Maybe", "MaybeRole"]
    assert found["Given"]["Role"] == {"Fn::GetAtt": ["Shared", "Arn"]}
    made = {"Fn::GetAtt": ["MaybeRole", "Arn"]}
    assert found["Maybe"]["Role"] == {"Fn::If": ["HasRole", {"Ref": "RoleArn"}, made]}
    assert found.resources["MaybeRole"].condition == "NOTHasRole"
    assert found.conditions == {"NOTHasRole": {"Fn::Not": [{"Condition": "HasRole"}]}}


PUBLISHED = """
Parameters:
  AliasName: {Type: String, Default: live-1}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      AutoPublishAlias: !Ref AliasName
      ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 5}
      FunctionUrlConfig:
        AuthType: NONE
      DeploymentPreference:
        Type: Canary10Percent5Minutes
        Alarms: [!Ref Errors]
        Hooks: {PreTraffic: !Ref Check}
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        DestinationConfig:
          OnFailure:
            Type: SQS
          OnSuccess:
            Type: Lambda
            Destination: !GetAtt Next.Arn
      Events:
        Jobs:
          Type: SQS
          Properties: {Queue: !GetAtt Jobs.Arn}
"""


def test_a_published_alias_takes_events_url_and_deployments(lowered: Lower) -> None:
    found = lowered(PUBLISHED)
    alias = {"Ref": "FAliasliveD1"}
    assert found.types() == {
        "F": "AWS::Lambda::Function",
        "FVersion": "AWS::Lambda::Version",
        "FAliasliveD1": "AWS::Lambda::Alias",
        "FUrl": "AWS::Lambda::Url",
        "FUrlPublicPermissions": "AWS::Lambda::Permission",
        "FURLInvokeAllowPublicAccess": "AWS::Lambda::Permission",
        "FRole": "AWS::IAM::Role",
        "FEventInvokeConfigOnFailureQueue": "AWS::SQS::Queue",
        "FEventInvokeConfig": "AWS::Lambda::EventInvokeConfig",
        "FJobs": "AWS::Lambda::EventSourceMapping",
        "ServerlessDeploymentApplication": "AWS::CodeDeploy::Application",
        "CodeDeployServiceRole": "AWS::IAM::Role",
        "FDeploymentGroup": "AWS::CodeDeploy::DeploymentGroup",
    }
    assert found["FAliasliveD1"]["FunctionVersion"] == {"Fn::GetAtt": ["FVersion", "Version"]}
    assert found["FUrl"]["TargetFunctionArn"] == alias
    assert found["FJobs"]["FunctionName"] == alias
    update = found.resources["FAliasliveD1"].body["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["BeforeAllowTrafficHook"] == {"Ref": "Check"}
    assert found["FDeploymentGroup"]["AlarmConfiguration"] == {"Enabled": True, "Alarms": [{"Name": {"Ref": "Errors"}}]}
    assert found.line("FAliasliveD1", "ProvisionedConcurrencyConfig").startswith("ProvisionedConcurrencyConfig:")
    assert derived_references(found.resources)["F.Alias"] == "FAliasliveD1"


def test_asynchronous_destinations_are_made_and_allowed(lowered: Lower) -> None:
    found = lowered(PUBLISHED)
    queue = {"Fn::GetAtt": ["FEventInvokeConfigOnFailureQueue", "Arn"]}
    config = found["FEventInvokeConfig"]
    assert config["DestinationConfig"]["OnFailure"] == {"Destination": queue}
    assert (config["MaximumRetryAttempts"], config["Qualifier"]) == (1, "live-1")
    statements = [policy["PolicyDocument"]["Statement"][0] for policy in found["FRole"]["Policies"]]
    assert {"Action": "sqs:SendMessage", "Effect": "Allow", "Resource": queue} in statements
    assert statements[0]["Action"] == "lambda:InvokeFunction" or statements[1]["Action"] == "lambda:InvokeFunction"
    assert found.line("FEventInvokeConfigOnFailureQueue") == "OnFailure:"
    assert found.line("FEventInvokeConfig", "MaximumRetryAttempts") == "MaximumRetryAttempts: 1"


def test_functions_share_the_destination_that_globals_ask_for(lowered: Lower) -> None:
    text = """
Globals:
  Function: {EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SNS}}}}
Resources:
  A: {Type: AWS::Serverless::Function}
  B: {Type: AWS::Serverless::Function}
"""
    found = lowered(text)
    topic = {"Ref": "AEventInvokeConfigOnFailureTopic"}
    assert found["BEventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == topic
    assert "BEventInvokeConfigOnFailureTopic" not in found.resources


def test_parts_of_a_setting_point_at_globals_and_at_the_function(lowered: Lower) -> None:
    text = """
Globals:
  Function:
    EventInvokeConfig:
      MaximumRetryAttempts: 2
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      EventInvokeConfig:
        MaximumEventAgeInSeconds: 60
"""
    found = lowered(text)
    assert found.line("FEventInvokeConfig", "MaximumRetryAttempts") == "MaximumRetryAttempts: 2"
    assert found.line("FEventInvokeConfig", "MaximumEventAgeInSeconds") == "MaximumEventAgeInSeconds: 60"


def test_a_destination_that_may_be_missing_is_made_under_a_condition(lowered: Lower) -> None:
    text = """
Resources:
  F:
    Type: AWS::Serverless::Function
    Condition: IsEu
    Properties:
      EventInvokeConfig:
        DestinationConfig:
          OnFailure: {Type: SQS, Destination: !If [HasQueue, !Ref QueueArn, !Ref AWS::NoValue]}
"""
    found = lowered(text)
    queue = found.resources["FEventInvokeConfigOnFailureQueue"]
    assert queue.condition == "IsEuANDNOTHasQueue"
    assert set(found.conditions) == {"NOTHasQueue", "IsEuANDNOTHasQueue"}


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ("{InlineCode: 'x = 1'}", {"ZipFile": "x = 1"}),
        ("{PackageType: Image, ImageUri: repo:tag}", {"ImageUri": "repo:tag"}),
        ("{CodeUri: 's3://b/a/key.zip?versionId=7'}", {"S3Bucket": "b", "S3Key": "a/key.zip", "S3ObjectVersion": "7"}),
        ("{CodeUri: {Bucket: b, Key: !Ref K}}", {"S3Bucket": "b", "S3Key": {"Ref": "K"}}),
        ("{CodeUri: ./src}", "./src"),
        ("{PackageType: Image}", None),
    ],
)
def test_code_is_where_the_function_says(lowered: Lower, properties: str, code: object) -> None:
    text = f"Resources: {{F: {{Type: 'AWS::Serverless::Function', Properties: {properties}}}}}"
    assert lowered(text)["F"].get("Code") == code


def test_places_go_through_the_given_function(tmp_path: Path) -> None:
    document = Document(tmp_path / "a.yaml", "a.yaml", "", {})
    moved = Document(tmp_path / "b.yaml", "b.yaml", "", {})
    source: Any = {"Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "src"}}}}
    found = lower(source, document, lambda path: Place(moved, ("Copy", *path[1:])))
    assert found["F"].declared_at == Place(moved, ("Copy", "F"))
    assert found["F"].place(("Code",)) == Place(moved, ("Copy", "F", "Properties", "CodeUri"))
    assert found["FRole"].declared_at.document is moved


@pytest.mark.parametrize("odd", [None, 5, "x", [], ["x"], {}, {"Ref": None}, {"Fn::If": ["C", 1]}, {"a": {"b": []}}])
def test_nothing_odd_raises_or_changes_the_source(tmp_path: Path, odd: Any) -> None:
    names = [
        "Policies", "Events", "Tags", "DeadLetterQueue", "EventInvokeConfig", "Environment", "VpcConfig", "Role",
        "AutoPublishAlias", "DeploymentPreference", "FunctionUrlConfig", "Layers", "Tracing", "CodeUri",
        "Auth", "Domain", "DefinitionBody", "DefinitionUri", "StageName", "Routes", "Source", "Destination",
        "DataSources", "Resolvers", "Functions", "PrimaryKey", "Location", "ContentUri", "InstanceRequirements",
    ]  # fmt: skip
    kinds = [
        "Api", "Application", "CapacityProvider", "Connector", "Function", "GraphQLApi", "HttpApi", "LayerVersion",
        "MicrovmImage", "NetworkConnector", "SimpleTable", "StateMachine", "Unheard", "WebFunction", "WebSocketApi",
    ]  # fmt: skip
    resources: Any = {
        f"R{kind}": {"Type": f"AWS::Serverless::{kind}", "Properties": dict.fromkeys(names, odd)} for kind in kinds
    }
    resources |= {f"Bare{kind}": {"Type": f"AWS::Serverless::{kind}", "Properties": odd} for kind in kinds}
    resources |= {"Odd": odd, "NoType": {"Properties": {}}, "OddType": {"Type": odd}}
    source: Any = {"Resources": resources, "Globals": {"Function": odd, "Api": {"Auth": odd}}, "Parameters": odd}
    before = copy.deepcopy(source)
    found = lower(source, Document(tmp_path / "a.yaml", "a.yaml", "", {}))
    assert source == before
    assert found["RUnheard"].type == "AWS::Serverless::Unheard"
    assert {"RFunction", "RApi", "RHttpApi", "RStateMachine"} <= set(found)
    assert lower({"Resources": odd}, Document(tmp_path / "a.yaml", "a.yaml", "", {})) == {}
