"""Events of SAM functions and state machines: carriers, permissions, and what the role gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.template.conftest import Lowered

Lower: TypeAlias = "Callable[[str], Lowered]"
ARN = {"Fn::GetAtt": ["F", "Arn"]}
NAME = {"Ref": "F"}


def function_with(event: str) -> str:
    """A function with one event `E`; the event's lines stand at column 0."""
    indented = "\n".join("          " + line for line in event.strip().split("\n"))
    return f"""
Resources:
  F:
    Type: AWS::Serverless::Function
    Condition: IsProd
    Properties:
      Events:
        E:
{indented}
  Bucket: {{Type: AWS::S3::Bucket, Properties: {{BucketName: files}}}}
  Pool: {{Type: AWS::Cognito::UserPool}}
  Fifo: {{Type: AWS::SNS::Topic, Properties: {{FifoTopic: true}}}}
"""


def made(found: Lowered) -> dict[str, str]:
    """What was generated for the event, in the role's company."""
    return {key: resource.type for key, resource in found.resources.items() if resource.generated_by and key != "FRole"}


@pytest.mark.parametrize(
    ("kind", "properties", "source", "managed"),
    [
        ("SQS", "Queue: !GetAtt Q.Arn", {"Fn::GetAtt": ["Q", "Arn"]}, "AWSLambdaSQSQueueExecutionRole"),
        ("Kinesis", "Stream: !GetAtt S.Arn", {"Fn::GetAtt": ["S", "Arn"]}, "AWSLambdaKinesisExecutionRole"),
        (
            "DynamoDB",
            "Stream: !GetAtt T.StreamArn",
            {"Fn::GetAtt": ["T", "StreamArn"]},
            "AWSLambdaDynamoDBExecutionRole",
        ),
        ("MSK", "Stream: !Ref Cluster", {"Ref": "Cluster"}, "AWSLambdaMSKExecutionRole"),
    ],
)
def test_polled_sources_become_mappings(lowered: Lower, kind: str, properties: str, source: Any, managed: str) -> None:
    found = lowered(function_with(f"Type: {kind}\nProperties:\n  {properties}\n  BatchSize: 5"))
    assert made(found) == {"FE": "AWS::Lambda::EventSourceMapping"}
    assert found["FE"] == {"EventSourceArn": source, "FunctionName": NAME, "BatchSize": 5}
    assert found.resources["FE"].condition == "IsProd"
    assert any(str(arn).endswith("/" + managed) for arn in found["FRole"]["ManagedPolicyArns"])
    assert found.line("FE") == "E:"
    assert found.line("FE", "BatchSize") == "BatchSize: 5"
    assert found.line("FE", "EventSourceArn") == properties
    assert found.line("FRole", "ManagedPolicyArns", 1) == "E:"


@pytest.mark.parametrize(
    ("event", "actions", "config"),
    [
        (
            (
                "Type: MQ\nProperties: {Broker: !Ref B, Queues: [q],"
                " SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: s}]}"
            ),
            {"secretsmanager:GetSecretValue", "mq:DescribeBroker"},
            {"Queues": ["q"]},
        ),
        (
            (
                "Type: SelfManagedKafka\nProperties: {KafkaBootstrapServers: [k], Topics: [t], ConsumerGroupId: g,"
                " SecretsManagerKmsKeyId: key, SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: s},"
                " {Type: VPC_SUBNET, URI: n}, {Type: VPC_SECURITY_GROUP, URI: g}]}"
            ),
            {"secretsmanager:GetSecretValue", "ec2:CreateNetworkInterface", "kms:Decrypt"},
            {"SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g"}},
        ),
        (
            (
                "Type: DocumentDB\nProperties: {Cluster: !Ref C, DatabaseName: d,"
                " SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: s}]}"
            ),
            {"secretsmanager:GetSecretValue", "rds:DescribeDBClusters", "ec2:DescribeVpcs"},
            {"DocumentDBEventSourceConfig": {"DatabaseName": "d"}},
        ),
        (
            (
                "Type: MSK\nProperties: {Stream: !Ref C, SchemaRegistryConfig: {SchemaRegistryURI:"
                " 'arn:aws:glue:eu-west-1:1:registry/orders', AccessConfigs: [{Type: BASIC_AUTH, URI: s}]}}"
            ),
            {"secretsmanager:GetSecretValue", "glue:GetRegistry", "glue:GetSchemaVersion"},
            {},
        ),
    ],
)
def test_brokers_need_secrets_and_networks(lowered: Lower, event: str, actions: set[str], config: Any) -> None:
    found = lowered(function_with(event))
    (policy,) = found["FRole"]["Policies"]
    granted: set[str] = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        granted |= {statement["Action"]} if isinstance(statement["Action"], str) else set(statement["Action"])
    assert actions <= granted
    assert config.items() <= found["FE"].items()


def test_a_stream_may_send_failures_where_the_role_lets_it(lowered: Lower) -> None:
    text = """
Type: Kinesis
Properties:
  Stream: !GetAtt S.Arn
  DestinationConfig:
    OnFailure:
      Type: SQS
      Destination: !GetAtt Failed.Arn
"""
    found = lowered(function_with(text))
    failed = {"Fn::GetAtt": ["Failed", "Arn"]}
    assert found["FE"]["DestinationConfig"] == {"OnFailure": {"Destination": failed}}
    assert found["FRole"]["Policies"][0]["PolicyDocument"]["Statement"] == [
        {"Action": "sqs:SendMessage", "Effect": "Allow", "Resource": failed}
    ]
    assert found.line("FRole", "Policies", 0) == "OnFailure:"
    assert found.line("FE", "DestinationConfig", "OnFailure", "Destination") == "Destination: !GetAtt Failed.Arn"


def test_a_bucket_is_told_to_notify(lowered: Lower) -> None:
    event = "Type: S3\nProperties:\n  Bucket: !Ref Bucket\n  Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*']"
    found = lowered(function_with(event))
    assert made(found) == {"FEPermission": "AWS::Lambda::Permission"}
    assert found["FEPermission"]["SourceAccount"] == {"Ref": "AWS::AccountId"}
    bucket = found["Bucket"]
    assert bucket["BucketName"] == "files"
    first, second = bucket["NotificationConfiguration"]["LambdaConfigurations"]
    assert first == {"Fn::If": ["IsProd", {"Function": ARN, "Event": "s3:ObjectCreated:*"}, {"Ref": "AWS::NoValue"}]}
    assert second["Fn::If"][1]["Event"] == "s3:ObjectRemoved:*"
    assert found.line("Bucket", "NotificationConfiguration", "LambdaConfigurations", 1) == "E:"
    assert found.line("Bucket", "BucketName").startswith("Bucket: {Type: AWS::S3::Bucket")
    source: Any = found.document.data
    assert "NotificationConfiguration" not in source["Resources"]["Bucket"]["Properties"]


def test_a_topic_subscribes_the_function(lowered: Lower) -> None:
    found = lowered(function_with("Type: SNS\nProperties: {Topic: !Ref Topic, FilterPolicy: {kind: [a]}}"))
    assert made(found) == {"FEPermission": "AWS::Lambda::Permission", "FE": "AWS::SNS::Subscription"}
    assert found["FE"] == {
        "Protocol": "lambda",
        "Endpoint": ARN,
        "TopicArn": {"Ref": "Topic"},
        "FilterPolicy": {"kind": ["a"]},
    }
    assert found["FEPermission"]["SourceArn"] == {"Ref": "Topic"}


def test_a_topic_may_go_through_a_queue_of_its_own(lowered: Lower) -> None:
    found = lowered(function_with("Type: SNS\nProperties: {Topic: !Ref Fifo, SqsSubscription: true}"))
    assert made(found) == {
        "FEQueue": "AWS::SQS::Queue",
        "FEEventSourceMapping": "AWS::Lambda::EventSourceMapping",
        "FEQueuePolicy": "AWS::SQS::QueuePolicy",
        "FE": "AWS::SNS::Subscription",
    }
    assert found["FEQueue"] == {"FifoQueue": True}
    assert found["FE"]["Endpoint"] == {"Fn::GetAtt": ["FEQueue", "Arn"]}
    assert found["FEEventSourceMapping"]["BatchSize"] == 10


def test_a_topic_may_go_through_a_queue_that_is_there(lowered: Lower) -> None:
    event = """
Type: SNS
Properties:
  Topic: !Ref Topic
  SqsSubscription: {QueueArn: !GetAtt Q.Arn, QueueUrl: !Ref Q, QueuePolicyLogicalId: Shared, BatchSize: 3}
"""
    found = lowered(function_with(event))
    assert set(made(found)) == {"FEEventSourceMapping", "Shared", "FE"}
    assert found["Shared"]["Queues"] == [{"Ref": "Q"}]
    assert found["FEEventSourceMapping"]["BatchSize"] == 3
    assert found.line("Shared").startswith("SqsSubscription:")


def test_rules_and_their_dead_letters(lowered: Lower) -> None:
    event = """
Type: EventBridgeRule
Properties:
  EventBusName: !Ref Bus
  Pattern: {source: [orders]}
  DeadLetterConfig: {Type: SQS}
  RetryPolicy: {MaximumRetryAttempts: 2}
"""
    found = lowered(function_with(event))
    assert made(found) == {
        "FE": "AWS::Events::Rule",
        "FEPermission": "AWS::Lambda::Permission",
        "FEQueue": "AWS::SQS::Queue",
        "FEQueuePolicy": "AWS::SQS::QueuePolicy",
    }
    assert found["FE"]["EventPattern"] == {"source": ["orders"]}
    (target,) = found["FE"]["Targets"]
    assert target["Arn"] == ARN
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["FEQueue", "Arn"]}}
    assert found["FEPermission"]["SourceArn"] == {"Fn::GetAtt": ["FE", "Arn"]}
    assert found.line("FE", "Targets", 0) == "E:"
    assert found.line("FE", "EventPattern", "source") == "Pattern: {source: [orders]}"
    assert found.line("FE", "Targets", 0, "RetryPolicy", "MaximumRetryAttempts").startswith("RetryPolicy:")


@pytest.mark.parametrize(
    ("enabled", "state"), [("true", "ENABLED"), ("false", "DISABLED"), ("!Ref On", "ENABLED"), ("null", None)]
)
def test_a_schedule_is_a_rule(lowered: Lower, enabled: str, state: str | None) -> None:
    found = lowered(function_with(f"Type: Schedule\nProperties: {{Schedule: rate(5 minutes), Enabled: {enabled}}}"))
    assert made(found) == {"FE": "AWS::Events::Rule", "FEPermission": "AWS::Lambda::Permission"}
    assert found["FE"]["ScheduleExpression"] == "rate(5 minutes)"
    assert found["FE"].get("State") == state


def test_a_new_schedule_has_a_role(lowered: Lower) -> None:
    event = "Type: ScheduleV2\nProperties:\n  ScheduleExpression: rate(1 day)\n  DeadLetterConfig: {Arn: !Ref Dead}"
    found = lowered(function_with(event))
    assert made(found) == {"FE": "AWS::Scheduler::Schedule", "FERole": "AWS::IAM::Role"}
    assert found["FE"]["Target"]["RoleArn"] == {"Fn::GetAtt": ["FERole", "Arn"]}
    statements = [policy["PolicyDocument"]["Statement"][0] for policy in found["FERole"]["Policies"]]
    assert statements == [
        {"Action": "lambda:InvokeFunction", "Effect": "Allow", "Resource": ARN},
        {"Action": "sqs:SendMessage", "Effect": "Allow", "Resource": {"Ref": "Dead"}},
    ]
    assert found.line("FERole", "Policies", 1).startswith("DeadLetterConfig:")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            "Type: CloudWatchLogs\nProperties: {LogGroupName: !Ref Logs, FilterPattern: ERROR}",
            {"FEPermission": "AWS::Lambda::Permission", "FE": "AWS::Logs::SubscriptionFilter"},
        ),
        (
            "Type: IoTRule\nProperties: {Sql: SELECT * FROM 'a'}",
            {"FEPermission": "AWS::Lambda::Permission", "FE": "AWS::IoT::TopicRule"},
        ),
        ("Type: AlexaSkill\nProperties: {SkillId: amzn1}", {"FEPermission": "AWS::Lambda::Permission"}),
        ("Type: AlexaSkill", {"FEPermission": "AWS::Lambda::Permission"}),
        (
            "Type: CloudWatchEvent\nProperties: {Pattern: {source: [a]}}",
            {"FE": "AWS::Events::Rule", "FEPermission": "AWS::Lambda::Permission"},
        ),
        ("Type: NoSuchEvent\nProperties: {}", {}),
        ("Type: [SQS]", {}),
    ],
)
def test_every_other_event(lowered: Lower, event: str, expected: dict[str, str]) -> None:
    assert made(lowered(function_with(event))) == expected


def test_a_user_pool_gets_its_triggers(lowered: Lower) -> None:
    found = lowered(
        function_with("Type: Cognito\nProperties:\n  UserPool: !Ref Pool\n  Trigger: [PreSignUp, PostLogin]")
    )
    assert made(found) == {"FCognitoPermission": "AWS::Lambda::Permission"}
    assert found["Pool"]["LambdaConfig"] == {"PreSignUp": ARN, "PostLogin": ARN}
    assert found.line("Pool", "LambdaConfig", "PreSignUp") == "E:"


MACHINE = """
Resources:
  M:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: flow.asl.json
      DefinitionSubstitutions: {Fn: !GetAtt F.Arn}
      Name: flow
      Type: EXPRESS
      Tracing: {Enabled: true}
      Logging: {Level: ALL}
      PermissionsBoundary: !Ref Boundary
      Policies:
        - LambdaInvokePolicy: {FunctionName: !Ref F}
      AutoPublishAlias: live
      UseAliasAsEventTarget: true
      Events:
        Daily: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Given: {Type: Schedule, Properties: {Schedule: rate(1 day), RoleArn: !Ref RoleArn}}
        Order: {Type: EventBridgeRule, Properties: {Pattern: {source: [orders]}}}
        Later: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}
        Start:
          Type: Api
          Properties: {Path: /start, Method: post}
"""


def test_a_state_machine_has_roles_for_itself_and_for_its_events(lowered: Lower) -> None:
    found = lowered(MACHINE)
    alias = {"Ref": "MAliaslive"}
    machine = found["M"]
    assert machine["DefinitionS3Location"] == "flow.asl.json"
    assert (machine["StateMachineName"], machine["StateMachineType"]) == ("flow", "EXPRESS")
    assert machine["RoleArn"] == {"Fn::GetAtt": ["MRole", "Arn"]}
    assert found.line("M", "DefinitionS3Location") == "DefinitionUri: flow.asl.json"
    assert found.line("M", "TracingConfiguration", "Enabled") == "Tracing: {Enabled: true}"
    assert found["MRole"]["ManagedPolicyArns"] == ["arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"]
    assert found["MRole"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Action"] == ["lambda:InvokeFunction"]
    assert set(found.resources) == {
        "M", "MRole", "MVersion", "MAliaslive", "MDaily", "MDailyRole", "MGiven", "MOrder", "MOrderRole", "MLater",
        "MLaterRole", "MStartRole", "ServerlessRestApi", "ServerlessRestApiDeployment", "ServerlessRestApiProdStage",
    }  # fmt: skip
    assert found["MDaily"]["Targets"][0]["Arn"] == alias
    assert found["MGiven"]["Targets"][0]["RoleArn"] == {"Ref": "RoleArn"}
    start = {"Action": "states:StartExecution", "Effect": "Allow", "Resource": alias}
    for role in ("MDailyRole", "MOrderRole", "MLaterRole", "MStartRole"):
        assert found[role]["Policies"][0]["PolicyDocument"]["Statement"] == [start]
    assert found["MOrderRole"]["PermissionsBoundary"] == {"Ref": "Boundary"}
    assert found.line("MStartRole") == "Start:"


def test_a_state_machine_may_be_written_inline_with_a_role(lowered: Lower) -> None:
    text = """
Resources:
  M:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: !GetAtt R.Arn
      Definition:
        StartAt: One
        States: {One: {Type: Task, Resource: !GetAtt F.Arn, End: true}}
"""
    found = lowered(text)
    assert list(found.resources) == ["M"]
    assert found["M"]["Definition"]["States"]["One"]["Resource"] == ARN
    assert found["M"]["RoleArn"] == {"Fn::GetAtt": ["R", "Arn"]}
    assert found.line("M", "RoleArn") == "Role: !GetAtt R.Arn"
    assert found.line("M", "Definition", "StartAt") == "StartAt: One"
