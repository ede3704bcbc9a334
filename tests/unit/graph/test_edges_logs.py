from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.graph.drawing import drawn, edge

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_web_acls_log_through_their_configuration(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Acl: {Type: AWS::WAFv2::WebACL, Properties: {}}
          Group: {Type: AWS::Logs::LogGroup}
          Logging:
            Type: AWS::WAFv2::LoggingConfiguration
            Properties: {ResourceArn: !GetAtt Acl.Arn, LogDestinationConfigs: [!GetAtt Group.Arn]}
          Odd: {Type: AWS::WAFv2::LoggingConfiguration, Properties: {ResourceArn: [], LogDestinationConfigs: {a: 1}}}
        """
    )
    assert drawn(graph) == ["Acl -logs_to-> Group"]
    via = edge(graph, "Acl -logs_to-> Group").via
    assert via is not None
    assert via.logical_id == "Logging"


def test_vended_logs_go_from_what_is_logged_to_where_logs_are_kept(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: orders}}
          Group: {Type: AWS::Logs::LogGroup}
          Source:
            Type: AWS::Logs::DeliverySource
            Properties: {Name: errors, LogType: ERROR_LOGS, ResourceArn: !GetAtt Bus.Arn}
          Destination:
            Type: AWS::Logs::DeliveryDestination
            Properties: {Name: group, DestinationResourceArn: !GetAtt Group.Arn}
          Delivery:
            Type: AWS::Logs::Delivery
            Properties: {DeliverySourceName: errors, DeliveryDestinationArn: !GetAtt Destination.Arn}
          Abroad:
            Type: AWS::Logs::Delivery
            Properties: {DeliverySourceName: !Ref Source, DeliveryDestinationArn: !ImportValue central-logs}
          Odd: {Type: AWS::Logs::Delivery, Properties: {DeliverySourceName: !Ref Bus}}
        """
    )
    assert drawn(graph) == ["Bus -logs_to-> Group", "Bus -logs_to-> central-logs"]


def test_a_subscription_of_the_whole_account_sends_to_its_destination(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Policy:
            Type: AWS::Logs::AccountPolicy
            Properties:
              PolicyType: SUBSCRIPTION_FILTER_POLICY
              PolicyDocument: !Sub '{"DestinationArn": "${Stream.Arn}", "FilterPattern": "ERROR"}'
          Named:
            Type: AWS::Logs::AccountPolicy
            Properties:
              PolicyDocument: !Sub
                '{"DestinationArn": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:tell"}'
          Masking: {Type: AWS::Logs::AccountPolicy, Properties: {PolicyDocument: '{"Name": "mask"}'}}
          Odd: {Type: AWS::Logs::AccountPolicy, Properties: {PolicyDocument: "none"}}
          Stream: {Type: AWS::Kinesis::Stream}
          Tell: {Type: AWS::Lambda::Function, Properties: {FunctionName: tell}}
        """
    )
    assert drawn(graph) == ["Named -triggers:async-> Tell", "Policy -delivers-> Stream"]
    assert edge(graph, "Policy -delivers-> Stream").detail == {"pattern": "ERROR"}


def test_findings_of_data_protection_are_logs(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          App:
            Type: AWS::Logs::LogGroup
            Properties:
              DataProtectionPolicy:
                Statement:
                  - Operation: {Audit: {FindingsDestination: {CloudWatchLogs: {LogGroup: !Ref Audit}}}}
                  - Operation: {Audit: {FindingsDestination: {S3: {Bucket: !Ref Kept}}}}
                  - Operation: {Deidentify: {MaskConfig: {}}}
          Audit: {Type: AWS::Logs::LogGroup}
          Kept: {Type: AWS::S3::Bucket}
        """
    )
    assert drawn(graph) == ["App -logs_to-> Audit", "App -logs_to-> Kept"]


def test_an_alarm_watches_the_filters_of_its_dimension(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          One: {Type: AWS::Lambda::Function, Properties: {}}
          Two: {Type: AWS::Lambda::Function, Properties: {}}
          OneLogs: {Type: AWS::Logs::LogGroup}
          TwoLogs: {Type: AWS::Logs::LogGroup}
          AnyLogs: {Type: AWS::Logs::LogGroup}
          OfOne:
            Type: AWS::Logs::MetricFilter
            Properties:
              LogGroupName: !Ref OneLogs
              FilterPattern: !Sub '{ ($.level = "ERROR") && ($.name = "${One}") }'
              MetricTransformations:
                - &metric
                  MetricNamespace: Own
                  MetricName: Errors
                  Dimensions: [{Key: FunctionName, Value: $.name}]
          OfTwo:
            Type: AWS::Logs::MetricFilter
            Properties:
              LogGroupName: !Ref TwoLogs
              FilterPattern: !Sub '{ $.name = "${Two}" }'
              MetricTransformations: [*metric]
          OfAny:
            Type: AWS::Logs::MetricFilter
            Properties: {LogGroupName: !Ref AnyLogs, FilterPattern: ERROR, MetricTransformations: [*metric]}
          Errors:
            Type: AWS::CloudWatch::Alarm
            Properties: {Namespace: Own, MetricName: Errors, Dimensions: [{Name: FunctionName, Value: !Ref One}]}
        """
    )
    assert drawn(graph) == ["Errors -watches-> AnyLogs", "Errors -watches-> One", "Errors -watches-> OneLogs"]
