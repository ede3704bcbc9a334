"""Resource policies that name a role, CloudFront's identity or a service on log groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind, Evidence, Mode

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_a_role_that_the_queue_policy_lets_receive_polls(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Jobs: {Type: AWS::SQS::Queue}
          Role: {Type: AWS::IAM::Role, Properties: {}}
          Task: {Type: AWS::ECS::TaskDefinition, Properties: {TaskRoleArn: !GetAtt Role.Arn}}
          Policy:
            Type: AWS::SQS::QueuePolicy
            Properties:
              Queues: [!Ref Jobs]
              PolicyDocument:
                Statement:
                  - Effect: Allow
                    Principal: {AWS: !GetAtt Role.Arn}
                    Action: [sqs:ReceiveMessage, sqs:DeleteMessage]
                    Resource: !GetAtt Jobs.Arn
        """
    )
    [trigger] = graph.of_kind(EdgeKind.TRIGGERS)
    assert (str(trigger), trigger.mode, trigger.evidence) == ("Jobs -[triggers]-> Task", Mode.POLL, Evidence.POLICY)


def test_cloudfront_identities_in_both_spellings(graph_of: GraphOf) -> None:
    for principal in (
        "{CanonicalUser: !GetAtt Identity.S3CanonicalUserId}",
        '{AWS: !Sub "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${Identity}"}',
    ):
        graph = graph_of(
            f"""
            Resources:
              Site: {{Type: AWS::S3::Bucket}}
              Identity: {{Type: AWS::CloudFront::CloudFrontOriginAccessIdentity, Properties: {{}}}}
              Policy:
                Type: AWS::S3::BucketPolicy
                Properties:
                  Bucket: !Ref Site
                  PolicyDocument:
                    Statement:
                      [{{Effect: Allow, Principal: {principal}, Action: "s3:*", Resource: !GetAtt Site.Arn}}]
            """
        )
        assert [str(edge) for edge in graph.of_kind(EdgeKind.PERMITS)] == ["Identity -[permits]-> Site"]


def test_a_service_may_write_to_log_groups(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Group: {Type: AWS::Logs::LogGroup}
          Policy:
            Type: AWS::Logs::ResourcePolicy
            Properties:
              PolicyName: events
              PolicyDocument: !Sub |
                {"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                                "Action": "logs:PutLogEvents", "Resource": "${Group.Arn}"}]}
          Odd: {Type: AWS::Logs::ResourcePolicy, Properties: {PolicyDocument: "not json"}}
        """
    )
    assert [str(edge) for edge in graph.of_kind(EdgeKind.PERMITS)] == ["events.amazonaws.com -[permits]-> Group"]


def test_an_account_by_number_is_its_root(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Jobs: {Type: AWS::SQS::Queue}
          Policy:
            Type: AWS::SQS::QueuePolicy
            Properties:
              Queues: [!Ref Jobs]
              PolicyDocument:
                Statement:
                  - {Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: sqs:*, Resource: "*"}
                  - Effect: Allow
                    Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}
                    Action: sqs:*
                    Resource: "*"
                  - {Effect: Allow, Principal: {AWS: "123456789012"}, Action: sqs:SendMessage, Resource: "*"}
        """
    )
    permits = sorted(edge.source.logical_id for edge in graph.edges if edge.kind is EdgeKind.PERMITS)
    assert permits == ["arn:aws:iam::${AWS::AccountId}:root", "arn:aws:iam::123456789012:root"]
