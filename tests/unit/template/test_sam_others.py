"""SAM's other resource types: connectors, GraphQL APIs, tables, layers, stacks and what runs on Lambda."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.template.conftest import Lowered

Lower: TypeAlias = "Callable[[str], Lowered]"

CONNECTED = """
Resources:
  Writer:
    Type: AWS::Serverless::Function
    Connectors:
      ToTable:
        Properties:
          Destination: {Id: Table}
          Permissions: [Read, Write]
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Events: {Jobs: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}}
  Table: {Type: AWS::DynamoDB::Table}
  Jobs: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
  Rule:
    Type: AWS::Events::Rule
    Properties: {Targets: [{Arn: !GetAtt Bus.Arn, Id: a, RoleArn: !GetAtt RuleRole.Arn}]}
  Bus: {Type: AWS::Events::EventBus}
  JobsToReader:
    Type: AWS::Serverless::Connector
    Condition: IsProd
    DependsOn: Table
    Properties: {Source: {Id: Jobs}, Destination: {Id: Reader}, Permissions: [Read, Write]}
  TopicToAll:
    Type: AWS::Serverless::Connector
    Properties:
      Source: {Id: Topic}
      Destination: [{Id: Jobs}, {Id: Reader}]
      Permissions: [Write]
  RuleToBus:
    Type: AWS::Serverless::Connector
    Properties: {Source: {Id: Rule}, Destination: {Id: Bus}, Permissions: [Write]}
  ByArn:
    Type: AWS::Serverless::Connector
    Properties:
      Source: {Type: AWS::Serverless::Function, RoleName: deployer}
      Destination: {Type: AWS::S3::Bucket, Arn: "arn:aws:s3:::files"}
      Permissions: [Read]
  Unknown:
    Type: AWS::Serverless::Connector
    Properties: {Source: {Id: Table}, Destination: {Id: Jobs}, Permissions: [Read]}
"""


def test_connectors_become_policies_and_permissions(lowered: Lower) -> None:
    types = lowered(CONNECTED).types()
    names = ("WriterTo", "JobsTo", "TopicTo", "RuleTo", "ByArn", "Unknown")
    assert {key: kind for key, kind in types.items() if key.startswith(names)} == {
        "WriterToTable": "AWS::Serverless::Connector",
        "WriterToTablePolicy": "AWS::IAM::ManagedPolicy",
        "JobsToReader": "AWS::Serverless::Connector",
        "JobsToReaderPolicy": "AWS::IAM::ManagedPolicy",
        "TopicToAll": "AWS::Serverless::Connector",
        "TopicToAllQueuePolicyDestination0": "AWS::SQS::QueuePolicy",
        "TopicToAllWriteLambdaPermissionDestination1": "AWS::Lambda::Permission",
        "RuleToBus": "AWS::Serverless::Connector",
        "RuleToBusPolicy": "AWS::IAM::ManagedPolicy",
        "ByArn": "AWS::Serverless::Connector",
        "ByArnPolicy": "AWS::IAM::ManagedPolicy",
        "Unknown": "AWS::Serverless::Connector",
    }


def test_an_embedded_connector_grants_the_role_of_its_resource(lowered: Lower) -> None:
    found = lowered(CONNECTED)
    connector = found.resources["WriterToTable"]
    assert list(found.resources)[:4] == ["Writer", "WriterRole", "WriterToTable", "WriterToTablePolicy"]
    assert (connector.generated_by, connector.properties["Source"]) == ("Writer", {"Id": "Writer"})
    policy = found["WriterToTablePolicy"]
    assert policy["Roles"] == [{"Ref": "WriterRole"}]
    read, write = policy["PolicyDocument"]["Statement"]
    assert "dynamodb:GetItem" in read["Action"]
    assert "dynamodb:PutItem" in write["Action"]
    table = {"Fn::GetAtt": ["Table", "Arn"]}
    assert read["Resource"] == [table, {"Fn::Sub": ["${DestinationArn}/index/*", {"DestinationArn": table}]}]
    assert found.line("WriterToTable") == "ToTable:"
    assert found.line("WriterToTable", "Permissions") == "Permissions: [Read, Write]"
    assert found.line("WriterToTablePolicy") == "ToTable:"


def test_a_connector_takes_conditions_and_makes_the_mapping_wait(lowered: Lower) -> None:
    found = lowered(CONNECTED)
    policy = found.resources["JobsToReaderPolicy"]
    assert (policy.condition, policy.depends_on, policy.generated_by) == ("IsProd", ("Table",), "JobsToReader")
    assert found.resources["ReaderJobs"].depends_on == ("JobsToReaderPolicy",)
    assert found["RuleToBusPolicy"]["Roles"] == [{"Ref": "RuleRole"}]
    assert found["TopicToAllQueuePolicyDestination0"]["Queues"] == [{"Ref": "Jobs"}]
    permission = found["TopicToAllWriteLambdaPermissionDestination1"]
    assert permission["FunctionName"] == {"Fn::GetAtt": ["Reader", "Arn"]}
    assert permission["SourceArn"] == {"Ref": "Topic"}
    assert found["ByArnPolicy"]["Roles"] == ["deployer"]


GRAPHQL = """
Resources:
  Shop:
    Type: AWS::Serverless::GraphQLApi
    Properties:
      SchemaUri: schema.graphql
      Auth:
        Type: AWS_LAMBDA
        LambdaAuthorizer: {AuthorizerUri: !GetAtt Check.Arn}
        Additional: [{Type: API_KEY}]
      ApiKeys: {Main: {Description: main}}
      DataSources:
        DynamoDb:
          Orders: {TableName: !Ref Table, Permissions: [Read]}
        Lambda:
          Search: {FunctionArn: !GetAtt Search.Arn}
          Given: {FunctionArn: !GetAtt Search.Arn, ServiceRoleArn: !Ref RoleArn}
      Functions:
        get: {DataSource: Orders, CodeUri: get.js, Runtime: {Name: APPSYNC_JS, Version: 1.0.0}}
        nothing: {DataSource: NONE, InlineCode: x, Runtime: {Name: APPSYNC_JS, Version: 1.0.0}}
        outside: {Id: abc}
      Resolvers:
        Query:
          order: {Pipeline: [get, nothing, outside]}
"""


def test_a_graphql_api_is_appsync_with_roles(lowered: Lower) -> None:
    found = lowered(GRAPHQL)
    assert set(found.resources) == {
        "Shop", "ShopSchema", "ShopToLambdaAuthConnector1WriteLambdaPermission", "ShopCloudWatchRole", "ShopMain",
        "ShopOrdersDynamoDBDataSource", "ShopOrdersDynamoDBDataSourceRole",
        "ShopOrdersDynamoDBDataSourceToTableConnectorPolicy", "ShopSearchLambdaDataSource",
        "ShopSearchLambdaDataSourceRole", "ShopSearchLambdaDataSourceToLambdaConnectorPolicy",
        "ShopGivenLambdaDataSource", "Shopget", "Shopnothing", "ShopNoneDataSource", "ShopQueryorder",
    }  # fmt: skip
    api = found["Shop"]
    assert api["AuthenticationType"] == "AWS_LAMBDA"
    assert api["LambdaAuthorizerConfig"] == {"AuthorizerUri": {"Fn::GetAtt": ["Check", "Arn"]}}
    assert api["AdditionalAuthenticationProviders"] == [{"AuthenticationType": "API_KEY"}]
    assert api["LogConfig"]["CloudWatchLogsRoleArn"] == {"Fn::GetAtt": ["ShopCloudWatchRole", "Arn"]}
    assert found["ShopSchema"]["DefinitionS3Location"] == "schema.graphql"
    policy = found["ShopOrdersDynamoDBDataSourceToTableConnectorPolicy"]
    assert policy["Roles"] == [{"Ref": "ShopOrdersDynamoDBDataSourceRole"}]
    assert len(policy["PolicyDocument"]["Statement"]) == 1
    assert found["ShopGivenLambdaDataSource"]["ServiceRoleArn"] == {"Ref": "RoleArn"}
    assert found["ShopQueryorder"]["PipelineConfig"]["Functions"] == [
        {"Fn::GetAtt": ["Shopget", "FunctionId"]},
        {"Fn::GetAtt": ["Shopnothing", "FunctionId"]},
        "abc",
    ]
    assert found["Shopnothing"]["DataSourceName"] == {"Fn::GetAtt": ["ShopNoneDataSource", "Name"]}
    assert found.line("ShopQueryorder", "PipelineConfig", "Functions", 0).startswith("order: {Pipeline:")


@pytest.mark.parametrize(
    ("kind", "properties", "expected_type", "expected"),
    [
        (
            "SimpleTable",
            "{TableName: orders}",
            "AWS::DynamoDB::Table",
            {"BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]},
        ),
        (
            "SimpleTable",
            "{PrimaryKey: {Name: number, Type: Number}, ProvisionedThroughput: {ReadCapacityUnits: 5}}",
            "AWS::DynamoDB::Table",
            {"AttributeDefinitions": [{"AttributeName": "number", "AttributeType": "N"}]},
        ),
        ("Application", "{Location: nested.yaml}", "AWS::CloudFormation::Stack", {"TemplateURL": "nested.yaml"}),
        (
            "Application",
            "{Location: {ApplicationId: arn, SemanticVersion: 1.0.0}, Parameters: {A: b}}",
            "AWS::CloudFormation::Stack",
            {"Parameters": {"A": "b"}},
        ),
        (
            "LayerVersion",
            "{ContentUri: layer/, CompatibleRuntimes: [python3.12]}",
            "AWS::Lambda::LayerVersion",
            {"Content": "layer/", "LayerName": "R", "CompatibleRuntimes": ["python3.12"]},
        ),
        (
            "CapacityProvider",
            "{VpcConfig: {SubnetIds: [s]}, ScalingConfig: {MaxVCpuCount: 8}}",
            "AWS::Lambda::CapacityProvider",
            {
                "CapacityProviderScalingConfig": {"MaxVCpuCount": 8, "ScalingMode": "Auto"},
                "PermissionsConfig": {"CapacityProviderOperatorRoleArn": {"Fn::GetAtt": ["ROperatorRole", "Arn"]}},
            },
        ),
        (
            "NetworkConnector",
            "{VpcConfig: {SubnetIds: [s]}, OperatorRole: !Ref Given}",
            "AWS::Lambda::NetworkConnector",
            {"OperatorRole": {"Ref": "Given"}},
        ),
        (
            "MicrovmImage",
            "{Name: image, CodeUri: 's3://code/key'}",
            "AWS::Lambda::MicrovmImage",
            {"BuildRoleArn": {"Fn::GetAtt": ["RBuildRole", "Arn"]}},
        ),
    ],
)
def test_one_resource_each(lowered: Lower, kind: str, properties: str, expected_type: str, expected: Any) -> None:
    found = lowered(f"Resources: {{R: {{Type: 'AWS::Serverless::{kind}', Properties: {properties}}}}}")
    assert found.resources["R"].type == expected_type
    assert found.resources["R"].generated_by is None
    assert expected.items() <= found["R"].items()
    assert all(resource.generated_by == "R" for key, resource in found.resources.items() if key != "R")


def test_a_web_function_has_a_revision_and_an_endpoint(lowered: Lower) -> None:
    text = """
Resources:
  Web:
    Type: AWS::Serverless::WebFunction
    Properties:
      CodeUri: s3://code/key
      Runtime: nodejs24.x
      Timeout: 20
"""
    found = lowered(text)
    assert list(found.types()) == ["Web", "WebRole", "WebRevision", "WebEndpoint"]
    assert found["WebRevision"]["ServiceConfig"]["TimeoutSeconds"] == 20
    assert found.resources["WebEndpoint"].depends_on == ("Web", "WebRevision")


def test_a_type_that_nobody_knows_stays_as_it_is(lowered: Lower) -> None:
    found = lowered("Resources: {R: {Type: 'AWS::Serverless::Future', Properties: {A: 1}}}")
    assert found.types() == {"R": "AWS::Serverless::Future"}
    assert found["R"] == {"A": 1}
