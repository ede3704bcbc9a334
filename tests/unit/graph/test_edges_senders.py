from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.graph.model import EdgeKind
from tests.unit.graph.drawing import drawn

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf

THINGS = """
          Files: {Type: AWS::S3::Bucket, Properties: {BucketName: files}}
          Machine: {Type: AWS::StepFunctions::StateMachine, Properties: {StateMachineName: orders}}
          Project: {Type: AWS::CodeBuild::Project, Properties: {Name: build}}
          Job: {Type: AWS::Glue::Job, Properties: {Name: nightly}}
          Images: {Type: AWS::ECR::Repository, Properties: {RepositoryName: web}}
          Cluster: {Type: AWS::ECS::Cluster}
          Partner: {Type: AWS::B2BI::Partnership, Properties: {}}
          Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: high}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
"""


@pytest.mark.parametrize(
    ("pattern", "senders"),
    [
        ("source: [aws.states], detail: {stateMachineArn: [!Ref Machine]}", ["Machine"]),
        (
            (
                "source: [aws.states], "
                "detail: {stateMachineArn: ['arn:aws:states:eu-west-1:123456789012:stateMachine:orders']}"
            ),
            ["Machine"],
        ),
        ("source: [aws.states], detail: {executionArn: [{prefix: !Sub '${Machine}:'}]}", ["Machine"]),
        ("source: [aws.states], detail: {stateMachineArn: [{anything-but: !Ref Machine}]}", []),
        ("source: [aws.codebuild], detail: {project-name: [build]}", ["Project"]),
        ("source: [aws.glue], detail: {jobName: [nightly], state: [FAILED]}", ["Job"]),
        ("source: [aws.ecr], detail: {repository-name: [!Ref Images]}", ["Images"]),
        ("source: [aws.ecs], detail: {clusterArn: [!GetAtt Cluster.Arn], lastStatus: [STOPPED]}", ["Cluster"]),
        ("source: [aws.b2bi], detail: {trading-partner-id: [!GetAtt Partner.TradingPartnerId]}", ["Partner"]),
        ("source: [aws.cloudwatch], resources: [!GetAtt Alarm.Arn]", ["Alarm"]),
        ("source: [aws.s3], detail: {bucket: {name: [files]}}", ["Files"]),
        ("source: [aws.codepipeline], detail: {pipeline: [theirs]}", ["Pipeline theirs"]),
        # The resource is one that another service speaks of, or the sender is none of AWS's services.
        ("source: [aws.ecs], detail: {stoppedReason: [!Ref Machine]}", []),
        ("source: [shop.orders], detail: {machine: [!Ref Machine]}", []),
        ("detail: {stateMachineArn: [!Ref Machine]}", []),
    ],
)
def test_a_pattern_names_the_senders_of_its_events(graph_of: GraphOf, pattern: str, senders: list[str]) -> None:
    graph = graph_of(
        f"""
        Resources:
          Rule:
            Type: AWS::Events::Rule
            Properties:
              EventPattern: {{{pattern}}}
              Targets: [{{Id: a, Arn: !GetAtt Fn.Arn}}]
{THINGS}
        """
    )
    assert drawn(graph, EdgeKind.DELIVERS) == [f"{sender} -delivers-> Rule" for sender in senders]


def test_a_pattern_that_is_made_of_data(graph_of: GraphOf) -> None:
    graph = graph_of(
        f"""
        Resources:
          Rule:
            Type: AWS::Events::Rule
            Properties:
              EventPattern:
                Fn::ToJsonString: {{source: [aws.states], detail: {{stateMachineArn: [!Ref Machine]}}}}
              Targets: [{{Id: a, Arn: !GetAtt Fn.Arn}}]
{THINGS}
        """
    )
    assert drawn(graph, EdgeKind.DELIVERS) == ["Machine -delivers-> Rule"]
