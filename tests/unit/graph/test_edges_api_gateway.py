from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.graph.model import EdgeKind, Evidence, Mode
from tests.unit.graph.drawing import drawn, edge, line

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.graph.conftest import GraphOf

FUNCTIONS = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function"
BODY = f"""\
openapi: 3.0.1
paths:
  /orders:
    post:
      x-amazon-apigateway-integration:
        type: aws_proxy
        httpMethod: POST
        timeoutInMillis: 10000
        credentials: arn:aws:iam::123456789012:role/caller
        uri: {FUNCTIONS}:orders/invocations
    get:
      x-amazon-apigateway-integration: {{$ref: "#/components/x-amazon-apigateway-integrations/orders"}}
  /files/{{key}}:
    x-amazon-apigateway-any-method:
      x-amazon-apigateway-integration:
        type: aws
        httpMethod: PUT
        uri: arn:aws:apigateway:eu-west-1:s3:path/files/{{key}}
components:
  x-amazon-apigateway-integrations:
    orders:
      type: aws_proxy
      uri: {FUNCTIONS}:orders:live/invocations
  securitySchemes:
    check:
      type: apiKey
      x-amazon-apigateway-authorizer:
        type: token
        authorizerUri: {FUNCTIONS}:check/invocations
"""


def test_a_document_in_a_file(graph_of: GraphOf, tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(BODY, encoding="utf-8")
    graph = graph_of(
        """
        Resources:
          Api: {Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: api.yaml}}
          Fn: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders}}
          Check: {Type: AWS::Lambda::Function, Properties: {FunctionName: check}}
          Files: {Type: AWS::S3::Bucket, Properties: {BucketName: files}}
        """
    )
    assert drawn(graph) == [
        "Api -assumes-> arn:aws:iam::123456789012:role/caller",
        "Api -triggers:sync-> Check",
        "Api -triggers:sync-> Fn",
        "Api -triggers:sync-> Fn:live",
        "Api -writes-> Files",
    ]
    found = edge(graph, "Api -triggers:sync-> Fn")
    assert found.detail == {"timeout": 10000, "routes": ["POST /orders"]}
    assert line(found) == ("api.yaml", 10)
    assert edge(graph, "Api -triggers:sync-> Check").detail == {"authorizer": "check"}
    assert edge(graph, "Api -writes-> Files").detail == {"routes": ["ANY /files/{key}"]}


def test_an_inline_document_counts_the_routes_of_a_function(graph_of: GraphOf) -> None:
    uri = "{Fn::Sub: 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations'}"
    call = f"x-amazon-apigateway-integration: {{type: aws_proxy, uri: {uri}}}"
    graph = graph_of(
        f"""
        Conditions: {{Extra: !Equals [!Ref AWS::Region, a]}}
        Resources:
          Api:
            Type: AWS::ApiGatewayV2::Api
            Properties:
              Body:
                paths:
                  /a: {{get: {{{call}}}}}
                  /b: !If [Extra, {{get: {{{call}}}}}, !Ref AWS::NoValue]
                  $default: {{x-amazon-apigateway-any-method: {{{call}}}}}
                  /mock: {{get: {{x-amazon-apigateway-integration: {{type: mock}}}}}}
          Fn: {{Type: AWS::Lambda::Function, Properties: {{}}}}
        """
    )
    assert drawn(graph) == ["Api -triggers:sync-> Fn"]
    assert edge(graph, "Api -triggers:sync-> Fn").detail == {"routes": ["GET /a", "GET /b", "$default"]}


def rest(integration: str) -> str:
    """A REST API with one method `POST /orders/{id}` and this integration."""
    return f"""
        Resources:
          Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: shop}}}}
          Orders:
            Type: AWS::ApiGateway::Resource
            Properties: {{RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: orders}}
          One:
            Type: AWS::ApiGateway::Resource
            Properties: {{RestApiId: !Ref Api, ParentId: !Ref Orders, PathPart: "{{id}}"}}
          Post:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref Api
              ResourceId: !Ref One
              HttpMethod: POST
              Integration: {{{integration}}}
          Fn: {{Type: AWS::Lambda::Function, Properties: {{}}}}
          Jobs: {{Type: AWS::SQS::Queue}}
          Told: {{Type: AWS::SNS::Topic}}
          Table: {{Type: AWS::DynamoDB::Table, Properties: {{TableName: orders}}}}
          Clicks: {{Type: AWS::Kinesis::Stream, Properties: {{}}}}
          Bus: {{Type: AWS::Events::EventBus, Properties: {{Name: shop}}}}
          Machine: {{Type: AWS::StepFunctions::StateMachine, Properties: {{}}}}
          Files: {{Type: AWS::S3::Bucket}}
          Balancer: {{Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {{}}}}
          Link: {{Type: AWS::ApiGateway::VpcLink, Properties: {{Name: l, TargetArns: [!Ref Balancer]}}}}
        """


LAMBDA = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"
SERVICE = "Type: AWS, IntegrationHttpMethod: POST, Uri: !Sub 'arn:aws:apigateway:${AWS::Region}:"


@pytest.mark.parametrize(
    ("integration", "expected"),
    [
        (f"Type: AWS_PROXY, Uri: !Sub '{LAMBDA}'", ["triggers:sync-> Fn"]),
        (
            (
                "Type: AWS_PROXY, Uri: !Join ['', ['arn:', !Ref AWS::Partition, ':apigateway:', !Ref AWS::Region, "
                "':lambda:path/2015-03-31/functions/', !GetAtt Fn.Arn, '/invocations']]"
            ),
            ["triggers:sync-> Fn"],
        ),
        (
            (
                f"Type: AWS, Uri: !Sub '{LAMBDA}', "
                "RequestParameters: {integration.request.header.X-Amz-Invocation-Type: \"'Event'\"}"
            ),
            ["triggers:async-> Fn"],
        ),
        (
            (
                f"Type: AWS, Uri: !Sub '{LAMBDA}', "
                "RequestParameters: {integration.request.header.X-Amz-Invocation-Type: method.request.header.Mode}"
            ),
            ["triggers:unknown-> Fn"],
        ),
        (
            (
                "Type: AWS_PROXY, Uri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
                "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${!stageVariables.fn}/invocations'"
            ),
            [],
        ),
        ("Type: MOCK", []),
        (SERVICE + "sqs:path/${AWS::AccountId}/${Jobs.QueueName}'", ["publishes-> Jobs"]),
        (
            SERVICE + "sqs:path/${AWS::AccountId}/${Jobs.QueueName}', "
            "RequestParameters: {integration.request.querystring.Action: \"'ReceiveMessage'\"}",
            [],
        ),
        (
            SERVICE + "sqs:action/SendMessage', "
            "RequestParameters: {integration.request.querystring.QueueUrl: !Sub \"'${Jobs}'\"}",
            ["publishes-> Jobs"],
        ),
        (
            SERVICE + "sns:path//', RequestTemplates: {application/json: !Sub "
            "\"Action=Publish&TopicArn=$util.urlEncode('${Told}')&Message=$input.body\"}",
            ["publishes-> Told"],
        ),
        (
            SERVICE + "states:action/StartExecution', RequestTemplates: {application/json: !Sub "
            '\'{"input": "$util.escapeJavaScript($input.body)", "stateMachineArn": "${Machine}"}\'}',
            ["triggers:async-> Machine"],
        ),
        (
            SERVICE + "states:action/StartSyncExecution', RequestTemplates: {application/json: !Sub "
            '\'{\\"stateMachineArn\\": \\"${Machine.Arn}\\"}\'}',
            ["triggers:sync-> Machine"],
        ),
        (
            (
                "Type: AWS, IntegrationHttpMethod: POST, "
                "Uri: 'arn:aws:apigateway:${AWS::Region}:dynamodb:action/Scan', "
                'RequestTemplates: {application/json: \'{"TableName": "orders"}\'}'
            ),
            ["reads-> Table"],
        ),
        (
            SERVICE + 'dynamodb:action/PutItem\', RequestTemplates: {application/json: \'{"TableName": "orders"}\'}',
            ["writes-> Table"],
        ),
        (
            SERVICE
            + 'dynamodb:action/Query\', RequestTemplates: {application/json: !Sub \'{"TableName":"${Table}"}\'}',
            ["reads-> Table"],
        ),
        (
            SERVICE + "kinesis:action/PutRecord', RequestTemplates: {application/json: !Sub "
            '\'{"StreamName": "${Clicks}", "Data": "$util.base64Encode($input.body)"}\'}',
            ["publishes-> Clicks"],
        ),
        (
            SERVICE + "kinesis:action/PutRecord', RequestTemplates: {application/json: "
            '\'{"StreamName": "$input.params(1)"}\'}',
            [],
        ),
        (
            SERVICE + "events:action/PutEvents', RequestTemplates: {application/json: "
            '\'{"Entries": [{"EventBusName": "shop", "Source": "x"}]}\'}',
            ["publishes-> Bus"],
        ),
        (
            "Type: AWS, IntegrationHttpMethod: GET, Uri: !Sub 'arn:aws:apigateway:x:s3:path/${Files}/{key}'",
            ["reads-> Files"],
        ),
        (
            (
                "Type: AWS, IntegrationHttpMethod: PUT, Uri: !Sub 'arn:aws:apigateway:x:s3:path/{bucket}/{key}', "
                "RequestParameters: {integration.request.path.bucket: !Sub \"'${Files}'\"}"
            ),
            ["writes-> Files"],
        ),
        (
            (
                "Type: AWS, IntegrationHttpMethod: PUT, Uri: !Sub 'arn:aws:apigateway:x:s3:path/{bucket}/{key}', "
                "RequestParameters: {integration.request.path.bucket: method.request.path.bucket}"
            ),
            [],
        ),
        ("Type: HTTP_PROXY, Uri: !Sub 'http://${Balancer.DNSName}/x'", ["delivers-> Balancer"]),
        ("Type: HTTP_PROXY, Uri: 'https://example.com'", []),
        (
            "Type: HTTP_PROXY, ConnectionType: VPC_LINK, ConnectionId: !Ref Link, Uri: 'http://example.com'",
            ["delivers-> Balancer"],
        ),
    ],
)
def test_what_a_method_calls(graph_of: GraphOf, integration: str, expected: list[str]) -> None:
    graph = graph_of(rest(integration))
    assert drawn(graph) == [f"Api -{text}" for text in expected]
    if expected:
        found = edge(graph, f"Api -{expected[0]}")
        assert str(found.via) == "Post"
        assert found.detail["routes"] == ["POST /orders/{id}"]


def test_http_api_resources(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: a, ProtocolType: HTTP}}
          Call:
            Type: AWS::ApiGatewayV2::Integration
            Properties:
              {ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Fn.Arn, TimeoutInMillis: 5000}
          Get:
            Type: AWS::ApiGatewayV2::Route
            Properties: {ApiId: !Ref Api, RouteKey: GET /a, Target: !Sub "integrations/${Call}"}
          Rest:
            Type: AWS::ApiGatewayV2::Route
            Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Join [/, [integrations, !Ref Call]]}
          Put:
            Type: AWS::ApiGatewayV2::Integration
            Properties:
              ApiId: !Ref Api
              IntegrationType: AWS_PROXY
              IntegrationSubtype: EventBridge-PutEvents
              CredentialsArn: !GetAtt Role.Arn
              RequestParameters: {EventBusName: !Ref Bus, Source: shop}
          Inside:
            Type: AWS::ApiGatewayV2::Integration
            Properties:
              {ApiId: !Ref Api, IntegrationType: HTTP_PROXY, ConnectionId: !Ref Link, IntegrationUri: !Ref Listener}
          Check:
            Type: AWS::ApiGatewayV2::Authorizer
            Properties:
              ApiId: !Ref Api
              AuthorizerUri: !Sub arn:aws:apigateway:x:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations
          Stage:
            Type: AWS::ApiGatewayV2::Stage
            Properties: {ApiId: !Ref Api, AccessLogSettings: {DestinationArn: !GetAtt Logs.Arn}}
          Quick: {Type: AWS::ApiGatewayV2::Api, Properties: {Target: !GetAtt Fn.Arn, RouteKey: ANY /}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: b}}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
          Logs: {Type: AWS::Logs::LogGroup}
          Link: {Type: AWS::ApiGatewayV2::VpcLink, Properties: {Name: l, SubnetIds: []}}
          Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {}}
          Listener: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Balancer}}
        """
    )
    texts = drawn(graph)
    assert texts == [
        "Api -assumes-> Role",
        "Api -delivers-> Balancer",
        "Api -logs_to-> Logs",
        "Api -publishes-> Bus",
        "Api -triggers:sync-> Fn",
        "Api -triggers:sync-> Fn",
        "Quick -triggers:sync-> Fn",
    ]
    by_carrier = {
        str(found.via): found.detail for found in graph.edges if found.target.logical_id == "Fn" and found.mode
    }
    assert by_carrier["Call"] == {"timeout": 5000, "routes": ["GET /a", "$default"]}
    assert by_carrier["Check"] == {"authorizer": "Check"}
    assert by_carrier["None"] == {"routes": ["ANY /"]}


def test_a_websocket_api(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: a, ProtocolType: WEBSOCKET}}
          Send:
            Type: AWS::ApiGatewayV2::Integration
            Properties:
              ApiId: !Ref Api
              IntegrationType: AWS
              IntegrationMethod: POST
              IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:sqs:path/${AWS::AccountId}/${Jobs.QueueName}
              RequestTemplates: {$default: "Action=SendMessage&MessageBody=$input.body"}
          Route:
            Type: AWS::ApiGatewayV2::Route
            Properties: {ApiId: !Ref Api, RouteKey: send, Target: !Sub "integrations/${Send}"}
          Jobs: {Type: AWS::SQS::Queue}
        """
    )
    assert drawn(graph) == ["Api -publishes-> Jobs"]
    assert edge(graph, "Api -publishes-> Jobs").detail["routes"] == ["send"]


def test_a_method_of_another_stack(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop}}
        Outputs: {Api: {Value: !Ref Api, Export: {Name: shop-api}}}
        """,
        orders="""
        Resources:
          Get:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !ImportValue shop-api
              ResourceId: !ImportValue shop-root
              HttpMethod: GET
              Integration:
                Type: AWS_PROXY
                Uri: !Sub arn:aws:apigateway:x:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
        """,
    )
    assert drawn(graph) == ["Api -triggers:sync-> Fn"]
    assert edge(graph, "Api -triggers:sync-> Fn").detail["routes"] == ["GET /…"]


def test_a_permission_stands_for_a_definition_that_is_not_here(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Api: {Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: absent.yaml}}
          Read: {Type: AWS::ApiGateway::RestApi, Properties: {Body: {paths: {}}}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Call:
            Type: AWS::Lambda::Permission
            Properties:
              FunctionName: !Ref Fn
              Action: lambda:InvokeFunction
              Principal: apigateway.amazonaws.com
              SourceArn: !Sub "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/GET/a"
          Other:
            Type: AWS::Lambda::Permission
            Properties:
              FunctionName: !Ref Fn
              Action: lambda:InvokeFunction
              Principal: apigateway.amazonaws.com
              SourceArn: !Sub "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Read}/*/GET/a"
        """
    )
    assert not drawn(graph)
    [found] = graph.of_kind(EdgeKind.TRIGGERS)
    assert (str(found.source), found.evidence, found.mode, str(found.via)) == (
        "Api",
        Evidence.POLICY,
        Mode.SYNC,
        "Call",
    )


def test_stage_variables_name_the_link_and_the_function(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}
          Stage:
            Type: AWS::ApiGateway::Stage
            Properties: {RestApiId: !Ref Api, Variables: {link: !Ref Link, function: orders, unused: x}}
          Behind:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref Api
              HttpMethod: GET
              Integration:
                Type: HTTP_PROXY
                ConnectionType: VPC_LINK
                ConnectionId: "${stageVariables.link}"
                Uri: http://internal.example.com
          Chosen:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref Api
              HttpMethod: POST
              Integration:
                Type: AWS_PROXY
                Uri:
                  Fn::Sub: >-
                    arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${!stageVariables.function}/invocations
          Unset:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref Api
              HttpMethod: PUT
              Integration: {Type: HTTP_PROXY, ConnectionId: "${stageVariables.other}", Uri: "http://a.example.com"}
          Link: {Type: AWS::ApiGateway::VpcLink, Properties: {TargetArns: [!Ref Balancer]}}
          Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Type: network}}
          Fn: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders}}
        """
    )
    assert drawn(graph, EdgeKind.DELIVERS, EdgeKind.TRIGGERS) == [
        "Api -delivers-> Balancer",
        "Api -triggers:sync-> Fn",
    ]


def test_an_endpoint_named_in_the_path(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}
          Method:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref Api
              HttpMethod: POST
              Integration:
                Type: AWS
                IntegrationHttpMethod: POST
                Uri: !Sub "arn:aws:apigateway:x:runtime.sagemaker:path/endpoints/${Model.EndpointName}/invocations"
          Model: {Type: AWS::SageMaker::Endpoint, Properties: {EndpointConfigName: c}}
        """
    )
    assert drawn(graph, EdgeKind.TRIGGERS) == ["Api -triggers:sync-> Model"]
