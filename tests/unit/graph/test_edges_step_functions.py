from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from archlint.graph.edges.asl import call
from archlint.graph.model import EdgeKind, Evidence, Mode
from tests.unit.graph.drawing import drawn, edge, line

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.graph.conftest import GraphOf

THINGS = """
          Fn: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders}}
          Group: {Type: AWS::Athena::WorkGroup, Properties: {Name: reports}}
          Catalog: {Type: AWS::Glue::Database, Properties: {DatabaseInput: {Name: sales}}}
          Model: {Type: AWS::SageMaker::Endpoint, Properties: {EndpointName: model}}
          Knowledge: {Type: AWS::Bedrock::KnowledgeBase, Properties: {}}
          Emr: {Type: AWS::EMR::Cluster, Properties: {}}
          Jobs: {Type: AWS::SQS::Queue}
          Told: {Type: AWS::SNS::Topic}
          Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: orders}}
          Files: {Type: AWS::S3::Bucket}
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
          Other: {Type: AWS::StepFunctions::StateMachine, Properties: {}}
          Project: {Type: AWS::CodeBuild::Project, Properties: {}}
          Task: {Type: AWS::ECS::TaskDefinition, Properties: {}}
          Manual: {Type: AWS::StepFunctions::Activity, Properties: {Name: manual}}
          Cluster: {Type: AWS::RDS::DBCluster, Properties: {}}
          Secret: {Type: AWS::SecretsManager::Secret}
          Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}
"""


def machine(task: str) -> str:
    """A template with one machine of one task, written as YAML of its fields."""
    return f"""
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              Definition:
                StartAt: T
                States:
                  T: {{Type: Task, End: true, {task}}}
{THINGS}
        """


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("Resource: !GetAtt Fn.Arn", ["invokes:sync-> Fn"]),
        ("Resource: !Ref Manual", ["invokes:async-> Manual"]),
        (
            (
                "Resource: 'arn:aws:states:::sagemaker:createTransformJob.sync', Parameters: {TransformInput: "
                "{DataSource: {S3DataSource: {S3Uri: !Sub 's3://${Files}/in/'}}}, "
                "TransformOutput: {S3OutputPath: 's3://theirs/out'}}"
            ),
            ["reads-> Files", "writes-> Bucket theirs"],
        ),
        (
            (
                "Resource: 'arn:aws:states:::athena:startQueryExecution.sync', Parameters: {WorkGroup: reports, "
                "QueryExecutionContext: {Database: sales}, ResultConfiguration: {OutputLocation: !Sub 's3://${Files}'}}"
            ),
            ["invokes:sync-> Group", "reads-> Catalog", "writes-> Files"],
        ),
        (
            (
                "Resource: 'arn:aws:states:::athena:startQueryExecution', "
                "Parameters: {WorkGroup: primary, QueryExecutionContext: {Database: theirs}}"
            ),
            [],
        ),
        (
            "Resource: 'arn:aws:states:::aws-sdk:sagemakerruntime:invokeEndpoint', Parameters: {EndpointName: model}",
            ["invokes:sync-> Model"],
        ),
        (
            (
                "Resource: 'arn:aws:states:::aws-sdk:bedrockagentruntime:retrieve', "
                "Parameters: {KnowledgeBaseId: !Ref Knowledge}"
            ),
            ["reads-> Knowledge"],
        ),
        (
            "Resource: 'arn:aws:states:::elasticmapreduce:addStep.sync', Parameters: {ClusterId: !Ref Emr}",
            ["invokes:sync-> Emr"],
        ),
        (
            (
                "Resource: 'arn:aws:states:::aws-sdk:textract:startDocumentAnalysis', Parameters: {DocumentLocation: "
                "{S3Object: {Bucket: !Ref Files}}, NotificationChannel: {SNSTopicArn: !Ref Told}}"
            ),
            ["publishes-> Told", "reads-> Files"],
        ),
        (
            "Resource: 'arn:aws:states:::lambda:invoke', Parameters: {FunctionName: !GetAtt Fn.Arn}",
            ["invokes:sync-> Fn"],
        ),
        (
            "Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken', Parameters: {FunctionName: 'orders:live'}",
            ["invokes:sync-> Fn:live"],
        ),
        (
            "Resource: 'arn:aws:states:::lambda:invoke', Parameters: {FunctionName: orders, InvocationType: Event}",
            ["invokes:async-> Fn"],
        ),
        (
            (
                "Resource: !Sub 'arn:${AWS::Partition}:states:::lambda:invoke', "
                "Arguments: {FunctionName: \"{% 'orders' %}\"}"
            ),
            ["invokes:sync-> Fn"],
        ),
        ("Resource: 'arn:aws:states:::lambda:invoke', Parameters: {FunctionName.$: $.fn}", []),
        ("Resource: 'arn:aws:states:::lambda:invoke', Arguments: {FunctionName: '{% $fn %}'}", []),
        (
            "Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken', Parameters: {QueueUrl: !Ref Jobs}",
            ["publishes-> Jobs"],
        ),
        ("Resource: 'arn:aws:states:::sns:publish', Parameters: {TopicArn: !Ref Told}", ["publishes-> Told"]),
        (
            "Resource: 'arn:aws:states:::events:putEvents', Parameters: {Entries: [{EventBusName: shop}, {Source: x}]}",
            ["publishes-> Bus"],
        ),
        ("Resource: 'arn:aws:states:::dynamodb:getItem', Parameters: {TableName: orders}", ["reads-> Table"]),
        ("Resource: 'arn:aws:states:::dynamodb:updateItem', Parameters: {TableName: !Ref Table}", ["writes-> Table"]),
        (
            "Resource: 'arn:aws:states:::aws-sdk:dynamodb:batchWriteItem', Parameters: {RequestItems: {orders: []}}",
            ["writes-> Table"],
        ),
        (
            (
                "Resource: 'arn:aws:states:::aws-sdk:dynamodb:transactWriteItems', "
                "Parameters: {TransactItems: [{Put: {TableName: orders}}, {ConditionCheck: {TableName: orders}}]}"
            ),
            ["reads-> Table", "writes-> Table"],
        ),
        (
            (
                "Resource: 'arn:aws:states:::aws-sdk:s3:copyObject', "
                "Parameters: {Bucket: other, CopySource: !Sub '${Files}'}"
            ),
            ["reads-> Files", "writes-> Bucket other"],
        ),
        (
            "Resource: 'arn:aws:states:::states:startExecution.sync:2', Parameters: {StateMachineArn: !Ref Other}",
            ["invokes:sync-> Other"],
        ),
        (
            "Resource: 'arn:aws:states:::aws-sdk:sfn:startExecution', Parameters: {StateMachineArn: !Ref Other}",
            ["invokes:async-> Other"],
        ),
        (
            "Resource: 'arn:aws:states:::states:startExecution', Parameters: {StateMachineArn.$: $$.StateMachine.Id}",
            ["invokes:async-> Machine"],
        ),
        (
            (
                "Resource: 'arn:aws:states:::states:startExecution', "
                "Arguments: {StateMachineArn: '{% $states.context.StateMachine.Id %}'}"
            ),
            ["invokes:async-> Machine"],
        ),
        (
            "Resource: 'arn:aws:states:::codebuild:startBuild.sync', Parameters: {ProjectName: !Ref Project}",
            ["invokes:sync-> Project"],
        ),
        (
            "Resource: 'arn:aws:states:::ecs:runTask', Parameters: {Cluster: c, TaskDefinition: !Ref Task}",
            ["invokes:async-> Task"],
        ),
        (
            (
                "Resource: 'arn:aws:states:::aws-sdk:rdsdata:executeStatement', "
                "Parameters: {ResourceArn: !GetAtt Cluster.DBClusterArn, SecretArn: !Ref Secret, Sql: insert into a}"
            ),
            ["reads-> Cluster", "reads-> Secret", "writes-> Cluster"],
        ),
        (
            (
                "Resource: 'arn:aws:states:::aws-sdk:rdsdata:executeStatement', "
                "Parameters: {ResourceArn: !GetAtt Cluster.DBClusterArn, Sql: SELECT 1}"
            ),
            ["reads-> Cluster"],
        ),
        (
            (
                "Resource: 'arn:aws:states:::apigateway:invoke', "
                "Parameters: {ApiEndpoint: !Sub '${Api}.execute-api.${AWS::Region}.amazonaws.com'}"
            ),
            ["invokes:sync-> Api"],
        ),
        ("Resource: 'arn:aws:states:::aws-sdk:translate:translateText', Parameters: {Text: x}", []),
        ("Resource: 7, Parameters: [1]", []),
    ],
)
def test_what_a_task_calls(graph_of: GraphOf, task: str, expected: list[str]) -> None:
    assert drawn(graph_of(machine(task))) == [f"Machine -{text}" for text in expected]


def test_a_string_with_substitutions_of_two_kinds(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              DefinitionSubstitutions:
                {Queue: !Ref Jobs, Integration: !Sub "arn:${AWS::Partition}:states:::sqs:sendMessage"}
              DefinitionString: !Sub
                - |
                  {"StartAt": "A", "States": {
                    "A": {"Type": "Task", "Resource": "${Arn}", "TimeoutSeconds": ${Seconds}, "Next": "B"},
                    "B": {"Type": "Task", "Resource": "${!Integration}", "End": true,
                      "Parameters": {"QueueUrl": "${!Queue}"}}}}
                - {Arn: !GetAtt Fn.Arn, Seconds: 5}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Jobs: {Type: AWS::SQS::Queue}
        """
    )
    assert drawn(graph) == ["Machine -invokes:sync-> Fn", "Machine -publishes-> Jobs"]
    assert line(edge(graph, "Machine -publishes-> Jobs")) == ("template.yaml", 8)


def test_a_join_as_cdk_writes_it(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              DefinitionString:
                Fn::Join:
                  - ""
                  - - '{"StartAt":"A","States":{"A":{"Type":"Task","End":true,"Resource":"arn:'
                    - Ref: AWS::Partition
                    - ':states:::lambda:invoke","Parameters":{"FunctionName":"'
                    - Fn::GetAtt: [Fn, Arn]
                    - '"}}}}'
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
        """
    )
    assert drawn(graph) == ["Machine -invokes:sync-> Fn"]


ASL = """\
{
  "StartAt": "Each",
  "States": {
    "Each": {
      "Type": "Map",
      "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "${Bucket}"}},
      "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "${Bucket}"}},
      "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Both",
        "States": {
          "Both": {
            "Type": "Parallel",
            "Branches": [
              {"StartAt": "One", "States": {"One": {"Type": "Task", "End": true,
                "Resource": "${Fn}", "TimeoutSeconds": ${Seconds}}}},
              {"StartAt": "Two", "States": {"Two": {"Type": "Task", "End": true,
                "Resource": "${Fn}", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}]},
                "Failed": {"Type": "Task", "End": true, "Resource": "arn:aws:states:::sqs:sendMessage",
                  "Parameters": {"QueueUrl": "${Unknown}"}}}}
            ],
            "End": true
          }
        }
      },
      "End": true
    }
  }
}
"""


def test_a_file_beside_the_template_with_maps_and_branches(graph_of: GraphOf, tmp_path: Path) -> None:
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines" / "each.asl.json").write_text(ASL, encoding="utf-8")
    graph = graph_of(
        """
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              DefinitionS3Location: machines/each.asl.json
              DefinitionSubstitutions: {Bucket: !Ref Files, Fn: !GetAtt Fn.Arn, Seconds: 3}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Files: {Type: AWS::S3::Bucket}
        """
    )
    assert drawn(graph) == ["Machine -invokes:sync-> Fn", "Machine -reads-> Files", "Machine -writes-> Files"]
    found = edge(graph, "Machine -invokes:sync-> Fn")
    assert found.detail["states"] == ["One", "Two"]
    assert line(found) == ("machines/each.asl.json", 16)
    [workflow] = graph.workflows[found.source]
    assert [state.name for state in workflow.states] == ["Each", "Both", "One", "Two", "Failed"]
    one, two, failed = workflow.tasks
    assert (one.service, one.action, one.pattern, one.targets) == ("lambda", "invoke", "request", (found.target,))
    assert two.scope != one.scope
    assert two.scope == failed.scope
    assert (failed.service, failed.action, failed.targets, failed.dynamic) == ("sqs", "sendMessage", (), True)


def test_a_file_outside_the_root_is_not_read(graph_of: GraphOf, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.json"
    outside.write_text(ASL.replace("${Seconds}", "1"), encoding="utf-8")
    graph = graph_of(
        f"""
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties: {{DefinitionS3Location: ../{outside.name}}}
        """
    )
    assert not drawn(graph)
    assert not graph.workflows


def test_events_that_are_put_on_a_bus_are_told(graph_of: GraphOf) -> None:
    entries = (
        "{EventBusName: shop, Source: orders, DetailType: Placed}, {EventBusName: shop, Source.$: $.s, DetailType: x}"
    )
    graph = graph_of(machine(f"Resource: 'arn:aws:states:::events:putEvents', Parameters: {{Entries: [{entries}]}}"))
    found = edge(graph, "Machine -publishes-> Bus")
    told = [{"source": "orders", "detail-type": "Placed"}, {"source": None, "detail-type": "x"}]
    assert found.detail["events"] == told


def test_the_machine_itself(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              RoleArn: !GetAtt Role.Arn
              LoggingConfiguration: {Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !GetAtt Group.Arn}}]}
              DefinitionString: '{"States": {"A": {"Type": "Pass"}}}'
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
          Group: {Type: AWS::Logs::LogGroup}
        """
    )
    assert drawn(graph) == ["Machine -assumes-> Role", "Machine -logs_to-> Group"]


def test_both_definitions_of_a_condition_are_kept(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Conditions: {Big: !Equals [!Ref AWS::Region, eu-west-1]}
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              DefinitionString: !If
                - Big
                - !Sub '{"States": {"A": {"Type": "Task", "Resource": "${Fn.Arn}"}}}'
                - '{"States": {"B": {"Type": "Pass"}}}'
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
        """
    )
    [found] = graph.of_kind(EdgeKind.INVOKES)
    assert found.mode is Mode.SYNC
    assert [[state.name for state in one.states] for one in graph.workflows[found.source]] == [["A"], ["B"]]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("arn:aws:states:::lambda:invoke", ("lambda", "invoke", "request")),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", ("lambda", "invoke", "token")),
        ("arn:aws:states:::ecs:runTask.sync", ("ecs", "runTask", "sync")),
        ("arn:aws:states:::states:startExecution.sync:2", ("states", "startExecution", "sync")),
        ("arn:aws-cn:states:::aws-sdk:s3:getObject", ("s3", "getObject", "request")),
        ("arn:aws:states:eu-west-1:1:activity:manual", ("activity", "manual", "request")),
        ("arn:aws:lambda:eu-west-1:1:function:f", (None, None, "request")),
        ("", (None, None, "request")),
    ],
)
def test_call(resource: str, expected: tuple[str | None, str | None, str]) -> None:
    assert tuple(call(resource)) == expected


def test_a_definition_whose_name_is_written_in_another_case(graph_of: GraphOf, tmp_path: Path) -> None:
    definition = {"StartAt": "Go", "States": {"Go": {"Type": "Task", "Resource": "${Fn}", "End": True}}}
    (tmp_path / "stateMachine.asl.json").write_text(json.dumps(definition), encoding="utf-8")
    graph = graph_of(
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Flow:
            Type: AWS::Serverless::StateMachine
            Properties:
              DefinitionUri: StateMachine.asl.json
              DefinitionSubstitutions: {Fn: !GetAtt Fn.Arn}
              Role: arn:aws:iam::123456789012:role/flow
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
        """
    )
    assert "Flow -invokes:sync-> Fn" in drawn(graph)


def test_a_definition_that_lies_elsewhere_starts_what_it_is_told_of(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              DefinitionS3Location: {Bucket: code, Key: machine.json}
              DefinitionSubstitutions: {Function: !GetAtt Work.Arn, Table: !Ref Orders, Own: !Ref Machine, Text: x}
          Work: {Type: AWS::Lambda::Function}
          Orders: {Type: AWS::DynamoDB::Table}
        """
    )
    [edge] = [edge for edge in graph.edges if edge.kind is EdgeKind.INVOKES]
    assert (str(edge.source), str(edge.target), edge.mode, edge.evidence) == (
        "Machine",
        "Work",
        Mode.UNKNOWN,
        Evidence.REFERENCE,
    )


def test_a_definition_that_lies_elsewhere_may_do_what_its_role_may(graph_of: GraphOf) -> None:
    graph = graph_of("""
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              DefinitionS3Location: {Bucket: code, Key: machine.json}
              DefinitionSubstitutions: {FunctionArn: !GetAtt Fn.Arn, TopicArn: !Ref News}
              RoleArn: !GetAtt Role.Arn
          Fn: {Type: AWS::Lambda::Function}
          News: {Type: AWS::SNS::Topic}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: all
                  PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: lambda:InvokeFunction, Resource: !GetAtt Fn.Arn}
                      - {Effect: Allow, Action: sns:Publish, Resource: !Ref News}
        """)
    edges = graph.of_kind(EdgeKind.INVOKES, EdgeKind.PUBLISHES)
    assert sorted(f"{edge.kind.value} {edge.target} {edge.evidence.label}" for edge in edges) == [
        "invokes Fn reference",
        "publishes News policy",
    ]
