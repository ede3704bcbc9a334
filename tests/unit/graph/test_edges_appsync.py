from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.graph.drawing import drawn, edge

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.graph.conftest import GraphOf


def source(config: str, resolvers: str = "") -> str:
    """An API with one data source of this configuration, and resolvers."""
    return f"""
        Resources:
          Api: {{Type: AWS::AppSync::GraphQLApi, Properties: {{Name: a}}}}
          Source:
            Type: AWS::AppSync::DataSource
            Properties: {{ApiId: !GetAtt Api.ApiId, Name: source, {config}}}
          Fn: {{Type: AWS::Lambda::Function, Properties: {{}}}}
          Table: {{Type: AWS::DynamoDB::Table, Properties: {{}}}}
          Cluster: {{Type: AWS::RDS::DBCluster, Properties: {{}}}}
          Secret: {{Type: AWS::SecretsManager::Secret}}
          Bus: {{Type: AWS::Events::EventBus, Properties: {{Name: b}}}}
          Rest: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: r}}}}
          Role: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{}}}}}}
{resolvers}
        """


TABLE = "DynamoDBConfig: {AwsRegion: x, TableName: !Ref Table}"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("LambdaConfig: {LambdaFunctionArn: !GetAtt Fn.Arn}", ["triggers:sync-> Fn"]),
        (TABLE, ["reads-> Table", "writes-> Table"]),
        (
            (
                "RelationalDatabaseConfig: {RdsHttpEndpointConfig: "
                "{DbClusterIdentifier: !Ref Cluster, AwsSecretStoreArn: !Ref Secret}}"
            ),
            ["reads-> Cluster", "reads-> Secret", "writes-> Cluster"],
        ),
        ("EventBridgeConfig: {EventBusArn: !GetAtt Bus.Arn}", ["publishes-> Bus"]),
        (
            "HttpConfig: {Endpoint: !Sub 'https://${Rest}.execute-api.${AWS::Region}.amazonaws.com'}",
            ["delivers-> Rest"],
        ),
        ("HttpConfig: {Endpoint: 'https://example.com'}", []),
        ("Type: NONE", []),
    ],
)
def test_what_a_data_source_calls(graph_of: GraphOf, config: str, expected: list[str]) -> None:
    graph = graph_of(source(config))
    assert drawn(graph) == [f"Api -{text}" for text in expected]
    for text in expected:
        assert str(edge(graph, f"Api -{text}").via) == "Source"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('\'{"operation": "GetItem", "key": {}}\'', ["reads"]),
        ('\'{"operation": "PutItem"}\'', ["writes"]),
        ("\"export function request(ctx) { return { operation: 'Query' } }\"", ["reads"]),
        ('"return ddb.update({ key })"', ["writes"]),
        ('"return get({ key })"', ["reads"]),
        ('"something else"', ["reads", "writes"]),
        ("!Ref Parameter", ["reads", "writes"]),
    ],
)
def test_resolvers_tell_reads_from_writes(graph_of: GraphOf, template: str, expected: list[str]) -> None:
    graph = graph_of(
        source(
            TABLE,
            f"""
          Get:
            Type: AWS::AppSync::Resolver
            Properties:
              ApiId: !GetAtt Api.ApiId
              TypeName: Query
              FieldName: order
              DataSourceName: !GetAtt Source.Name
              RequestMappingTemplate: {template}
            """,
        )
    )
    assert drawn(graph) == [f"Api -{kind}-> Table" for kind in expected]
    assert edge(graph, f"Api -{expected[0]}-> Table").detail == {"fields": ["Query.order"]}


def test_pipelines_and_code_in_files(graph_of: GraphOf, tmp_path: Path) -> None:
    (tmp_path / "get.js").write_text("import { get } from '@aws-appsync/utils/dynamodb'\nreturn get({ key })\n")
    graph = graph_of(
        source(
            TABLE,
            """
          Step:
            Type: AWS::AppSync::FunctionConfiguration
            Properties: {ApiId: !GetAtt Api.ApiId, Name: step, DataSourceName: source, CodeS3Location: get.js}
          Get:
            Type: AWS::AppSync::Resolver
            Properties:
              ApiId: !GetAtt Api.ApiId
              TypeName: Query
              FieldName: order
              Kind: PIPELINE
              PipelineConfig: {Functions: [!GetAtt Step.FunctionId]}
            """,
        )
    )
    assert drawn(graph) == ["Api -reads-> Table"]
    assert edge(graph, "Api -reads-> Table").detail == {"fields": ["Query.order"]}


def test_a_data_source_assumes_its_role(graph_of: GraphOf) -> None:
    graph = graph_of(source("Type: NONE, ServiceRoleArn: !GetAtt Role.Arn"))
    assert drawn(graph) == ["Source -assumes-> Role"]


def test_an_event_invocation_is_asynchronous(graph_of: GraphOf) -> None:
    graph = graph_of(
        source(
            "LambdaConfig: {LambdaFunctionArn: !GetAtt Fn.Arn}",
            """
          Put:
            Type: AWS::AppSync::Resolver
            Properties:
              ApiId: !GetAtt Api.ApiId
              TypeName: Mutation
              FieldName: put
              DataSourceName: !GetAtt Source.Name
              Code: "return { operation: 'Invoke', invocationType: 'Event' }"
            """,
        )
    )
    assert drawn(graph) == ["Api -triggers:async-> Fn"]


def test_authorizers_and_event_apis(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Api:
            Type: AWS::AppSync::GraphQLApi
            Properties:
              AuthenticationType: AWS_LAMBDA
              LambdaAuthorizerConfig: {AuthorizerUri: !GetAtt Fn.Arn}
              AdditionalAuthenticationProviders: [{LambdaAuthorizerConfig: {AuthorizerUri: !GetAtt Other.Arn}}]
          Events: {Type: AWS::AppSync::Api, Properties: {Name: e}}
          Source:
            Type: AWS::AppSync::DataSource
            Properties: {ApiId: !GetAtt Events.ApiId, Name: s, LambdaConfig: {LambdaFunctionArn: !GetAtt Fn.Arn}}
          Space:
            Type: AWS::AppSync::ChannelNamespace
            Properties:
              ApiId: !GetAtt Events.ApiId
              HandlerConfigs:
                OnPublish: {Integration: {DataSourceName: !GetAtt Source.Name, LambdaConfig: {InvokeType: EVENT}}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Other: {Type: AWS::Lambda::Function, Properties: {}}
        """
    )
    assert drawn(graph) == [
        "Api -triggers:sync-> Fn",
        "Api -triggers:sync-> Other",
        "Events -triggers:async-> Fn",
        "Events -triggers:sync-> Fn",
    ]
