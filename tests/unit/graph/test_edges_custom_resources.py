"""What custom resources set up between others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.graph.model import EdgeKind, Evidence
from tests.unit.graph.drawing import drawn, edge

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf

_SENT = (EdgeKind.TRIGGERS, EdgeKind.DELIVERS, EdgeKind.PERMITS)


def test_existing_senders_of_the_serverless_framework(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {FunctionName: shop-dev-fn}}
          Setup: {Type: AWS::Lambda::Function, Properties: {}}
          FromBucket:
            Type: Custom::S3
            Properties:
              ServiceToken: !GetAtt Setup.Arn
              FunctionName: shop-dev-fn
              BucketName: uploads
              BucketConfigs: [{Event: "s3:ObjectCreated:*", Rules: [{Prefix: in/}, {Suffix: .csv}]}]
          FromPool:
            Type: Custom::CognitoUserPool
            Properties:
              ServiceToken: !GetAtt Setup.Arn
              FunctionName: shop-dev-fn
              UserPoolName: customers
              UserPoolConfigs: [{Trigger: PostConfirmation}]
          FromBus:
            Type: Custom::EventBridge
            Properties:
              ServiceToken: !GetAtt Setup.Arn
              FunctionName: shop-dev-fn
              EventBridgeConfig: {EventBus: orders, RuleName: r, Pattern: {source: [shop]}}
          Odd: {Type: Custom::S3, Properties: {FunctionName: [3], BucketConfigs: nonsense}}
        """
    )
    assert drawn(graph, *_SENT) == [
        "Bucket uploads -permits-> Fn",
        "Bucket uploads -triggers:async-> Fn",
        "EventBus orders -delivers-> FromBus",
        "FromBus -permits-> Fn",
        "FromBus -triggers:async-> Fn",
        "UserPool customers -permits-> Fn",
        "UserPool customers -triggers:sync-> Fn",
    ]
    found = edge(graph, "Bucket uploads -triggers:async-> Fn")
    assert found.detail == {"events": ["s3:ObjectCreated:*"], "prefix": "in/", "suffix": ".csv"}
    assert str(found.via) == "FromBucket"
    assert edge(graph, "UserPool customers -triggers:sync-> Fn").detail == {"trigger": "PostConfirmation"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("s3.put_bucket_notification_configuration(Bucket=b)", ["Files delivers Jobs", "Files triggers Fn"]),
        ("s3.putBucketNotificationConfiguration(params)", ["Files delivers Jobs", "Files triggers Fn"]),
        ("s3.get_bucket_notification_configuration(Bucket=b)", []),
    ],
)
def test_inline_code_that_sets_the_notifications_of_a_bucket(graph_of: GraphOf, code: str, expected: list[str]) -> None:
    graph = graph_of(
        f"""
        Resources:
          Files: {{Type: AWS::S3::Bucket}}
          Jobs: {{Type: AWS::SQS::Queue}}
          Fn: {{Type: AWS::Lambda::Function, Properties: {{}}}}
          Setup: {{Type: AWS::Lambda::Function, Properties: {{Code: {{ZipFile: "{code}"}}}}}}
          Notify:
            Type: Custom::Notify
            Properties:
              ServiceToken: !GetAtt Setup.Arn
              Bucket: !Ref Files
              QueueArn: !GetAtt Jobs.Arn
              LambdaArn: !GetAtt Fn.Arn
        """
    )
    found = [each for each in graph.edges if each.evidence is Evidence.CODE]
    assert sorted(f"{each.source} {each.kind.value} {each.target}" for each in found) == expected


def test_two_buckets_leave_open_which_one_is_meant(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          One: {Type: AWS::S3::Bucket}
          Two: {Type: AWS::S3::Bucket}
          Jobs: {Type: AWS::SQS::Queue}
          Setup: {Type: AWS::Lambda::Function, Properties: {Code: {ZipFile: "s3.put_bucket_notification(x)"}}}
          Notify:
            Type: Custom::Notify
            Properties: {ServiceToken: !GetAtt Setup.Arn, A: !Ref One, B: !Ref Two, QueueArn: !GetAtt Jobs.Arn}
        """
    )
    assert not [each for each in graph.edges if each.evidence is Evidence.CODE]
