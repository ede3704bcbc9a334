from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind
from tests.unit.graph.drawing import drawn, edge, line

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_bucket_notifications_keep_their_filters_apart(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Files:
            Type: AWS::S3::Bucket
            Properties:
              NotificationConfiguration:
                LambdaConfigurations:
                  - Event: s3:ObjectCreated:*
                    Function: !GetAtt Fn.Arn
                    Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: Suffix, Value: .csv}]}}
                  - Event: s3:ObjectRemoved:*
                    Function: !GetAtt Fn.Arn
                QueueConfigurations: [{Event: "s3:ObjectCreated:Put", Queue: !GetAtt Jobs.Arn}]
                TopicConfigurations: [{Event: "s3:ObjectCreated:Put", Topic: !Ref Told}]
                EventBridgeConfiguration: {EventBridgeEnabled: true}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Jobs: {Type: AWS::SQS::Queue}
          Told: {Type: AWS::SNS::Topic}
        """
    )
    assert drawn(graph) == [
        "Files -delivers-> Jobs",
        "Files -delivers-> Told",
        "Files -triggers:async-> Fn",
        "Files -triggers:async-> Fn",
    ]
    first, second = graph.of_kind(EdgeKind.TRIGGERS)
    assert first.detail == {"events": ["s3:ObjectCreated:*"], "prefix": "in/", "suffix": ".csv"}
    assert second.detail == {"events": ["s3:ObjectRemoved:*"]}
    assert line(first) == ("template.yaml", 9)
    assert line(second) == ("template.yaml", 12)


def test_cdk_bucket_notifications_are_carried_by_the_custom_resource(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Files: {Type: AWS::S3::Bucket}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Handler: {Type: AWS::Lambda::Function, Properties: {}}
          Notes:
            Type: Custom::S3BucketNotifications
            Properties:
              ServiceToken: !GetAtt Handler.Arn
              BucketName: !Ref Files
              NotificationConfiguration:
                LambdaFunctionConfigurations:
                  - Events: ["s3:ObjectCreated:*"]
                    LambdaFunctionArn: !GetAtt Fn.Arn
                    Filter: {Key: {FilterRules: [{Name: suffix, Value: .png}]}}
        """
    )
    assert drawn(graph) == ["Files -triggers:async-> Fn", "Notes -invokes:sync-> Handler"]
    found = edge(graph, "Files -triggers:async-> Fn")
    assert str(found.via) == "Notes"
    assert found.detail["suffix"] == ".png"


def test_subscriptions_inline_and_as_resources(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Mail: {Type: String}}
        Resources:
          Told:
            Type: AWS::SNS::Topic
            Properties:
              Subscription:
                - {Protocol: lambda, Endpoint: !GetAtt Fn.Arn}
                - {Protocol: email, Endpoint: !Ref Mail}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Jobs: {Type: AWS::SQS::Queue}
          Dead: {Type: AWS::SQS::Queue}
          Sub:
            Type: AWS::SNS::Subscription
            Properties:
              TopicArn: !Ref Told
              Protocol: sqs
              Endpoint: !GetAtt Jobs.Arn
              RawMessageDelivery: true
              FilterPolicy: '{"kind": ["a"]}'
              RedrivePolicy: !Sub '{"deadLetterTargetArn": "${Dead.Arn}"}'
        """
    )
    assert drawn(graph) == [
        "Sub -dead_letters-> Dead",
        "Told -delivers-> Jobs",
        "Told -delivers-> template.yaml#Mail",
        "Told -triggers:async-> Fn",
    ]
    assert edge(graph, "Told -triggers:async-> Fn").via is None
    found = edge(graph, "Told -delivers-> Jobs")
    assert str(found.via) == "Sub"
    assert found.detail == {"protocol": "sqs", "raw": True, "filter_policy": {"kind": ["a"]}}


def test_a_topic_that_is_a_parameter_still_triggers(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {TopicArn: {Type: String}}
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Sub:
            Type: AWS::SNS::Subscription
            Properties: {TopicArn: !Ref TopicArn, Protocol: lambda, Endpoint: !GetAtt Fn.Arn}
        """
    )
    assert drawn(graph) == ["template.yaml#TopicArn -triggers:async-> Fn"]


def test_log_subscriptions_and_groups_named_after_functions(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {FunctionName: !Sub "${AWS::StackName}-orders"}}
          Reader: {Type: AWS::Lambda::Function, Properties: {}}
          Stream: {Type: AWS::Kinesis::Stream, Properties: {}}
          Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub "/aws/lambda/${Fn}"}}
          Again:
            Type: AWS::Logs::LogGroup
            Properties: {LogGroupName: !Join ["", [/aws/lambda/, !Ref AWS::StackName, -orders]]}
          Foreign: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/lambda/elsewhere}}
          ToReader:
            Type: AWS::Logs::SubscriptionFilter
            Properties: {LogGroupName: !Ref Group, DestinationArn: !GetAtt Reader.Arn, FilterPattern: ERROR}
          ToStream:
            Type: AWS::Logs::SubscriptionFilter
            Properties: {LogGroupName: !Ref Group, DestinationArn: !GetAtt Stream.Arn, RoleArn: !GetAtt Role.Arn}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
        """
    )
    assert drawn(graph) == [
        "Fn -logs_to-> Again",
        "Fn -logs_to-> Group",
        "Group -assumes-> Role",
        "Group -delivers-> Stream",
        "Group -triggers:async-> Reader",
    ]
    assert edge(graph, "Group -triggers:async-> Reader").detail == {"pattern": "ERROR"}
    assert not [node for node in graph.nodes.values() if node.external]


def test_a_filter_names_the_log_group_that_a_function_makes(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders}}
          Declared: {Type: AWS::Lambda::Function, Properties: {FunctionName: declared}}
          Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/lambda/declared}}
          Errors:
            Type: AWS::Logs::MetricFilter
            Properties: {LogGroupName: !Sub "/aws/lambda/${Fn}", FilterPattern: ERROR}
          Known: {Type: AWS::Logs::MetricFilter, Properties: {LogGroupName: /aws/lambda/declared}}
          Foreign: {Type: AWS::Logs::MetricFilter, Properties: {LogGroupName: /aws/lambda/elsewhere}}
          Other: {Type: AWS::Logs::MetricFilter, Properties: {LogGroupName: /var/log/messages}}
        """
    )
    assert sorted(drawn(graph)) == [
        "Declared -logs_to-> Group",
        "Fn -logs_to-> LogGroup /aws/lambda/${Fn}",
    ]


def test_mail_rules(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Mail:
            Type: AWS::SES::ReceiptRule
            Properties:
              RuleSetName: x
              Rule:
                Actions:
                  - S3Action: {BucketName: !Ref Files, TopicArn: !Ref Told}
                  - LambdaAction: {FunctionArn: !GetAtt Fn.Arn}
                  - LambdaAction: {FunctionArn: !GetAtt Check.Arn, InvocationType: RequestResponse}
          Files: {Type: AWS::S3::Bucket}
          Told: {Type: AWS::SNS::Topic}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Check: {Type: AWS::Lambda::Function, Properties: {}}
        """
    )
    assert drawn(graph) == [
        "Mail -delivers-> Files",
        "Mail -delivers-> Told",
        "Mail -triggers:async-> Fn",
        "Mail -triggers:sync-> Check",
    ]


def test_alarms_watch_and_tell(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Jobs: {Type: AWS::SQS::Queue}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Told: {Type: AWS::SNS::Topic}
          Api: {Type: AWS::ApiGateway::RestApi, Properties: {Body: {info: {title: !Sub "${AWS::StackName}-api"}}}}
          Group: {Type: AWS::Logs::LogGroup}
          Errors:
            Type: AWS::Logs::MetricFilter
            Properties:
              LogGroupName: !Ref Group
              MetricTransformations: [{MetricNamespace: Shop, MetricName: !Sub "${AWS::StackName}-errors"}]
          Old:
            Type: AWS::CloudWatch::Alarm
            Properties:
              Namespace: AWS/SQS
              MetricName: ApproximateAgeOfOldestMessage
              Dimensions: [{Name: QueueName, Value: !GetAtt Jobs.QueueName}]
              AlarmActions: [!Ref Told]
              OKActions: [!GetAtt Fn.Arn]
          Rate:
            Type: AWS::CloudWatch::Alarm
            Properties:
              Metrics:
                - Id: e
                  MetricStat:
                    Metric:
                      {Namespace: AWS/Lambda, MetricName: Errors, Dimensions: [{Name: FunctionName, Value: !Ref Fn}]}
                - {Id: r, Expression: e / 2}
          Custom:
            Type: AWS::CloudWatch::Alarm
            Properties:
              Namespace: Shop
              MetricName: !Sub "${AWS::StackName}-errors"
              Dimensions: [{Name: ServiceName, Value: x}]
          Slow:
            Type: AWS::CloudWatch::Alarm
            Properties:
              Namespace: AWS/ApiGateway
              MetricName: Latency
              Dimensions: [{Name: ApiName, Value: !Sub "${AWS::StackName}-api"}, {Name: FunctionName, Value: !Ref Fn}]
          Any:
            Type: AWS::CloudWatch::CompositeAlarm
            Properties: {AlarmRule: !Sub 'ALARM("${Old}") OR ALARM(${Rate})', AlarmActions: [!Ref Told]}
        """
    )
    assert drawn(graph) == [
        "Any -delivers-> Told",
        "Any -watches-> Old",
        "Any -watches-> Rate",
        "Custom -watches-> Group",
        "Old -delivers-> Told",
        "Old -triggers:async-> Fn",
        "Old -watches-> Jobs",
        "Rate -watches-> Fn",
        "Slow -watches-> Api",
    ]
    assert edge(graph, "Rate -watches-> Fn").detail == {"metric": "Errors"}
    assert str(edge(graph, "Custom -watches-> Group").via) == "Errors"
    assert edge(graph, "Old -triggers:async-> Fn").detail == {"on": "OK"}


def test_an_endpoint_that_is_empty_by_default_still_is_one(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Mail: {Type: String, Default: ""}}
        Resources:
          Told: {Type: AWS::SNS::Topic}
          Sub: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Told, Protocol: email, Endpoint: !Ref Mail}}
        """
    )
    assert drawn(graph) == ["Told -delivers-> template.yaml#Mail"]


def test_an_alarm_on_an_api_of_another_stack_of_the_application(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Stage: {Type: String, Default: dev}}
        Resources:
          Service:
            Type: AWS::CloudFormation::Stack
            Properties: {TemplateURL: service.yaml, Parameters: {Stage: !Ref Stage}}
          High:
            Type: AWS::CloudWatch::Alarm
            Properties:
              Namespace: AWS/ApiGateway
              MetricName: 5XXError
              Dimensions: [{Name: ApiName, Value: !Sub "orders-${Stage}"}]
        """,
        service="""
        Parameters: {Stage: {Type: String}}
        Resources:
          Api:
            Type: AWS::ApiGateway::RestApi
            Properties: {Body: {info: {title: !Sub "orders-${Stage}"}}}
        """,
    )
    assert drawn(graph, EdgeKind.WATCHES) == ["High -watches-> Api"]


def test_a_topic_outside_the_run_is_none_whatever_its_name_speaks_of(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {LambdaErrorTopicArn: {Type: String}, WorkerLambdaArn: {Type: String}}
        Resources:
          Files:
            Type: AWS::S3::Bucket
            Properties:
              NotificationConfiguration:
                TopicConfigurations:
                  - {Event: "s3:ObjectCreated:*", Topic: "arn:aws:sns:eu-west-1:111122223333:lambda-news"}
                  - {Event: "s3:ObjectRemoved:*", Topic: !Ref LambdaErrorTopicArn}
                LambdaConfigurations: [{Event: "s3:ObjectRestore:*", Function: !Ref WorkerLambdaArn}]
        """
    )
    found = {edge.target.logical_id.rpartition("#")[2]: edge.kind for edge in graph.edges if edge.target.external}
    assert found == {
        "arn:aws:sns:eu-west-1:111122223333:lambda-news": EdgeKind.DELIVERS,
        "LambdaErrorTopicArn": EdgeKind.DELIVERS,
        "WorkerLambdaArn": EdgeKind.TRIGGERS,
    }
