"""Names that begin with the name of another stack, and names that a parameter gives which is empty by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.graph.model import EdgeKind, Evidence
from tests.unit.graph.drawing import drawn

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf

MAIN = """
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: !Sub "${AWS::StackName}-api"}}
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${AWS::StackName}-Orders"}}
  OrdersName:
    Type: AWS::SSM::Parameter
    Properties: {Name: !Sub "/${AWS::StackName}/Orders/Name", Type: String, Value: !GetAtt Orders.QueueName}
"""


def alarm(parameters: str, name: str) -> str:
    """A template with one alarm on a queue of this name."""
    return f"""
Parameters: {{{parameters}}}
Resources:
  Late:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/SQS
      MetricName: ApproximateAgeOfOldestMessage
      Dimensions: [{{Name: QueueName, Value: {name}}}]
"""


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("MainStackName: {Type: String, Default: ais-prod}", '!Sub "${MainStackName}-Orders"'),
        ("MainStackName: {Type: String}", '!Sub "${MainStackName}-Orders"'),
        ("Shop: {Type: String, Default: ais-main}", '!Sub "${Shop}-Orders"'),
        ("Q: {Type: AWS::SSM::Parameter::Value<String>, Default: /ais-main/Orders/Name}", "!Ref Q"),
    ],
)
def test_the_name_of_another_stack_begins_a_name(graph_of: GraphOf, parameters: str, name: str) -> None:
    graph = graph_of(alarm(parameters, name), main=MAIN)
    assert drawn(graph, EdgeKind.WATCHES) == ["Late -watches-> Orders"]


@pytest.mark.parametrize(
    ("parameters", "name", "shown"),
    [
        ("Shop: {Type: String, Default: other}", '!Sub "${Shop}-Orders"', "Queue other-Orders"),
        ("MainStackName: {Type: String, Default: ais}", '!Sub "${MainStackName}-Payments"', "Queue ais-Payments"),
    ],
)
def test_what_no_stack_is_called_stays_outside(graph_of: GraphOf, parameters: str, name: str, shown: str) -> None:
    graph = graph_of(alarm(parameters, name), main=MAIN)
    assert drawn(graph, EdgeKind.WATCHES) == [f"Late -watches-> {shown}"]


def test_parameters_that_are_empty_by_default_are_whoever_they_name(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters:
          Buckets: {Type: CommaDelimitedList, Default: ""}
          Topics: {Type: CommaDelimitedList, Default: ""}
          Group: {Type: String, Default: ""}
        Resources:
          Jobs: {Type: AWS::SQS::Queue}
          Policy:
            Type: AWS::SQS::QueuePolicy
            Properties:
              Queues: [!Ref Jobs]
              PolicyDocument:
                Statement:
                  - Effect: Allow
                    Action: sqs:SendMessage
                    Resource: !GetAtt Jobs.Arn
                    Principal: {Service: sns.amazonaws.com}
                    Condition: {ArnEquals: {"aws:SourceArn": !Ref Topics}}
                  - Effect: Allow
                    Action: sqs:SendMessage
                    Resource: !GetAtt Jobs.Arn
                    Principal: {Service: s3.amazonaws.com}
                    Condition:
                      ArnEquals:
                        aws:SourceArn: !Split
                          - ","
                          - !Sub ["arn:aws:s3:::${All}", {All: !Join [",arn:aws:s3:::", !Ref Buckets]}]
          Fn:
            Type: AWS::Lambda::Function
            Properties: {VpcConfig: {SecurityGroupIds: [!Ref Group]}}
        """
    )
    assert drawn(graph, EdgeKind.PERMITS, EdgeKind.RUNS_IN) == [
        "Fn -runs_in-> template.yaml#Group",
        "template.yaml#Buckets -permits-> Jobs",
        "template.yaml#Topics -permits-> Jobs",
    ]


def test_a_function_and_its_log_group_with_one_choice_of_a_name(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Name: {Type: String, Default: ""}}
        Conditions: {Plain: !Equals [!Ref Name, ""]}
        Resources:
          Group:
            Type: AWS::Logs::LogGroup
            Properties:
              LogGroupName: !Join ["", [/aws/lambda/, !If [Plain, !Ref AWS::StackName, !Ref Name]]]
          Fn:
            Type: AWS::Lambda::Function
            Properties: {FunctionName: !If [Plain, !Ref AWS::StackName, !Ref Name]}
        """
    )
    assert drawn(graph, EdgeKind.LOGS_TO) == ["Fn -logs_to-> Group"]


def test_functions_by_parts_of_their_arn_and_keys_by_theirs(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Jobs: {Type: AWS::SQS::Queue}
          Key: {Type: AWS::ApiGateway::ApiKey}
          Fn: {Type: AWS::Lambda::Function}
          Permission:
            Type: AWS::Lambda::Permission
            Properties:
              FunctionName: !Join [":", [function, !Select [6, !Split [":", !GetAtt Fn.Arn]], live]]
              Action: lambda:InvokeFunction
              Principal: sqs.amazonaws.com
              SourceArn: !GetAtt Jobs.Arn
          Policy:
            Type: AWS::IAM::ManagedPolicy
            Properties:
              PolicyDocument:
                Statement:
                  Effect: Allow
                  Action: apigateway:GET
                  Resource: !Sub "arn:aws:apigateway:${AWS::Region}::/apikeys/${Key}"
          Errors:
            Type: AWS::CloudWatch::Alarm
            Properties:
              Namespace: AWS/Lambda
              MetricName: Errors
              Dimensions:
                - {Name: Resource, Value: !Sub "${AWS::StackName}-Fn:live"}
                - {Name: FunctionName, Value: !Ref Fn}
        """
    )
    assert drawn(graph, EdgeKind.PERMITS, EdgeKind.GRANTS, EdgeKind.WATCHES) == [
        "Errors -watches-> Fn",
        "Jobs -permits-> Fn:live",
        "Policy -grants-> Key",
    ]


def test_a_policy_of_aws_for_one_service_allows_it_with_what_the_code_is_told(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Items: {Type: AWS::DynamoDB::Table, Properties: {TableName: items}}
          Other: {Type: AWS::DynamoDB::Table}
          Alerts: {Type: AWS::SNS::Topic, Properties: {TopicName: alerts}}
          Files: {Type: AWS::S3::Bucket}
          Role:
            Type: AWS::IAM::Role
            Properties:
              ManagedPolicyArns:
                - arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess
                - arn:aws:iam::aws:policy/AmazonSNSFullAccess
                - arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess
          Fn:
            Type: AWS::Lambda::Function
            Properties:
              Role: !GetAtt Role.Arn
              Environment:
                Variables:
                  TABLE: items
                  TOPIC: !Sub "arn:aws:sns:${AWS::Region}:${AWS::AccountId}:alerts"
                  BUCKET: !Ref Files
        """
    )
    told = {(edge.kind.value, edge.target.logical_id) for edge in graph.edges if edge.evidence is Evidence.POLICY}
    assert told == {("publishes", "Alerts"), ("reads", "Files"), ("reads", "Items"), ("writes", "Items")}


def test_analytics_applications_by_name(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          App: {Type: AWS::KinesisAnalytics::Application, Properties: {ApplicationName: scores}}
          Out: {Type: AWS::KinesisFirehose::DeliveryStream}
          Output:
            Type: AWS::KinesisAnalytics::ApplicationOutput
            Properties:
              ApplicationName: scores
              Output: {KinesisFirehoseOutput: {ResourceARN: !GetAtt Out.Arn}}
        """
    )
    assert drawn(graph, EdgeKind.DELIVERS) == ["App -delivers-> Out"]


def test_exports_of_a_stack_whose_name_goes_on_from_the_importer_s(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Fn:
            Type: AWS::Lambda::Function
            Properties:
              VpcConfig: {SubnetIds: [Fn::ImportValue: !Sub "${AWS::StackName}-VPC-Testing-SubnetId"]}
        """,
        vpc="""
        Resources: {Subnet: {Type: AWS::EC2::Subnet}}
        Outputs: {SubnetId: {Value: !Ref Subnet, Export: {Name: !Sub "${AWS::StackName}-SubnetId"}}}
        """,
    )
    assert drawn(graph, EdgeKind.RUNS_IN) == ["Fn -runs_in-> Subnet"]


@pytest.mark.parametrize("default", ["Insert_your_Kb_id", "<your base>", "your-base-id", "changeme"])
def test_a_default_that_asks_to_be_filled_in_names_nothing(graph_of: GraphOf, default: str) -> None:
    graph = graph_of(
        f"""
        Parameters: {{Group: {{Type: String, Default: "{default}"}}}}
        Resources:
          Fn: {{Type: AWS::Lambda::Function, Properties: {{VpcConfig: {{SecurityGroupIds: [!Ref Group]}}}}}}
        """
    )
    assert drawn(graph, EdgeKind.RUNS_IN) == ["Fn -runs_in-> template.yaml#Group"]
