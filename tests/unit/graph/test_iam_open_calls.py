"""Targets that no statement names: chosen by a request, or told to code that may use everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind, Evidence

if TYPE_CHECKING:
    from archlint.graph.model import ResourceGraph
    from tests.unit.graph.conftest import GraphOf

_KINDS = frozenset(
    {EdgeKind.READS, EdgeKind.WRITES, EdgeKind.PUBLISHES, EdgeKind.INVOKES, EdgeKind.TRIGGERS, EdgeKind.CONNECTS}
)


def _allowed(graph: ResourceGraph) -> list[str]:
    return sorted(
        f"{edge.source.logical_id} {edge.kind.value} {edge.target.logical_id}"
        for edge in graph.edges
        if edge.kind in _KINDS and edge.evidence is Evidence.POLICY
    )


_API = """
        Resources:
          Api: {Type: AWS::ApiGateway::RestApi}
          Stream: {Type: AWS::Kinesis::Stream}
          Bucket: {Type: AWS::S3::Bucket}
          Machine: {Type: AWS::StepFunctions::StateMachine}
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: orders}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: "kinesis:PutRecord*", Resource: !GetAtt Stream.Arn}
                      - {Effect: Allow, Action: "s3:*", Resource: !Sub "${Bucket.Arn}/*"}
                      - {Effect: Allow, Action: "states:StartExecution", Resource: !Ref Machine}
                      - {Effect: Allow, Action: "events:PutEvents", Resource: !GetAtt Bus.Arn}
"""


def test_a_request_chooses_among_what_the_role_of_an_integration_may_reach(graph_of: GraphOf) -> None:
    graph = graph_of(
        _API
        + """
          Put:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref Api
              HttpMethod: PUT
              Integration:
                Credentials: !GetAtt Role.Arn
                Uri: !Sub "arn:aws:apigateway:${AWS::Region}:kinesis:action/PutRecord"
                RequestTemplates: {application/json: '{"StreamName": "$input.params(''name'')"}'}
          Get:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref Api
              HttpMethod: GET
              Integration:
                Credentials: !GetAtt Role.Arn
                IntegrationHttpMethod: GET
                Uri: !Sub "arn:aws:apigateway:${AWS::Region}:s3:path/{bucket}/{key}"
                RequestParameters: {integration.request.path.bucket: method.request.path.folder}
          Start:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref Api
              HttpMethod: POST
              Integration:
                Credentials: !GetAtt Role.Arn
                Uri: !Sub "arn:aws:apigateway:${AWS::Region}:states:action/StartExecution"
          Tell:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref Api
              HttpMethod: POST
              Integration:
                Credentials: !GetAtt Role.Arn
                Uri: !Sub "arn:aws:apigateway:${AWS::Region}:events:action/PutEvents"
        """
    )
    assert _allowed(graph) == ["Api publishes Stream", "Api reads Bucket", "Api triggers Machine"]


def test_a_named_target_is_the_only_one(graph_of: GraphOf) -> None:
    graph = graph_of(
        _API
        + """
          Put:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref Api
              HttpMethod: PUT
              Integration:
                Credentials: !GetAtt Role.Arn
                Uri: !Sub "arn:aws:apigateway:${AWS::Region}:kinesis:action/PutRecord"
                RequestTemplates: {application/json: !Sub '{"StreamName": "${Stream}"}'}
        """
    )
    assert _allowed(graph) == []


def test_what_is_allowed_with_everything_is_allowed_with_what_code_is_told_of(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Table: {Type: AWS::DynamoDB::Table}
          Other: {Type: AWS::DynamoDB::Table}
          Topic: {Type: AWS::SNS::Topic}
          Queue: {Type: AWS::SQS::Queue}
          Writer:
            Type: AWS::Lambda::Function
            Properties:
              Role: !GetAtt Role.Arn
              Environment: {Variables: {TABLE: !Ref Table, TOPIC: !Ref Topic, QUEUE: !Ref Queue}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: ["dynamodb:PutItem", "sns:Publish"], Resource: "*"}
                      - {Effect: Deny, Action: "sns:Publish", Resource: "*"}
                      - {Effect: Allow, Action: "sqs:SendMessage", NotResource: !GetAtt Queue.Arn}
        """
    )
    assert _allowed(graph) == ["Writer writes Table"]


def test_all_of_a_service_with_one_flow_is_that_flow(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Topic: {Type: AWS::SNS::Topic}
          Other: {Type: AWS::SNS::Topic}
          Files: {Type: AWS::S3::Bucket}
          Fn:
            Type: AWS::Lambda::Function
            Properties:
              Role: !GetAtt Role.Arn
              Environment: {Variables: {TOPIC: !Ref Topic, FILES: !Ref Files}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyDocument: {Statement: [{Effect: Allow, Action: ["sns:*", "s3:*"], Resource: "*"}]}
        """
    )
    assert _allowed(graph) == ["Fn publishes Topic"]


def test_code_may_post_to_the_connections_of_an_api(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: a, ProtocolType: WEBSOCKET}}
          Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: execute-api:ManageConnections
                        Resource: !Sub "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"
        """
    )
    assert _allowed(graph) == ["Fn connects Api"]
