"""IoT: what is sent to a topic goes to the rules whose SQL reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.graph.model import EdgeKind
from tests.unit.graph.drawing import drawn, edge

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf

READER = """
Parameters: {Stage: {Type: String}}
Resources:
  Jobs: {Type: AWS::SQS::Queue}
  Reader:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload: {Sql: %s, Actions: [{Sqs: {QueueUrl: !Ref Jobs, RoleArn: "arn:aws:iam::123456789012:role/x"}}]}
"""
SENDER = """
  Sender:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload:
        Sql: SELECT * FROM 'raw/#'
        Actions: [{Republish: {Topic: %s, RoleArn: "arn:aws:iam::123456789012:role/x"}}]
"""


@pytest.mark.parametrize(
    ("topic", "sql"),
    [
        ("clean/data", "SELECT * FROM 'clean/data'"),
        ("clean/data", "SELECT * FROM 'clean/+' WHERE temp > 3"),
        ("clean/a/b", 'select *, topic(2) as id from "clean/#"'),
        ('"clean/${topic(2)}/data"', "SELECT * FROM 'clean/+/data'"),
        ("$$aws/things/x/shadow/update", "SELECT * FROM '$aws/things/+/shadow/update'"),
        ('!Sub "${Stage}/data"', "!Sub \"SELECT * FROM '${Stage}/data'\""),
    ],
)
def test_a_rule_reads_what_another_republishes(graph_of: GraphOf, topic: str, sql: str) -> None:
    written = sql if sql.startswith("!") else '"' + sql.replace('"', '\\"') + '"'
    graph = graph_of(READER % written + SENDER % topic)
    assert "Sender -delivers-> Reader" in drawn(graph, EdgeKind.DELIVERS)


@pytest.mark.parametrize(
    ("topic", "sql"),
    [
        ("clean/a/b", "SELECT * FROM 'clean/+'"),
        ("clean", "SELECT * FROM 'clean/+'"),
        ("dirty/data", "SELECT * FROM 'clean/#'"),
        ('"clean/${topic(2)}"', "SELECT * FROM 'clean/data'"),
        ('"clean/${topic()}"', "SELECT * FROM 'clean/+'"),
        ("$$aws/things/x", "SELECT * FROM '#'"),
    ],
)
def test_a_rule_of_other_topics_reads_nothing(graph_of: GraphOf, topic: str, sql: str) -> None:
    graph = graph_of(READER % f'"{sql}"' + SENDER % topic)
    assert drawn(graph, EdgeKind.DELIVERS) == ["Reader -delivers-> Jobs"]


def test_a_parameter_in_a_topic_is_another_one_in_another_template(graph_of: GraphOf) -> None:
    sender = "Parameters: {Stage: {Type: String}}\nResources:" + SENDER
    reader = READER % "!Sub \"SELECT * FROM '${Stage}/data'\""
    assert drawn(graph_of(reader, sender=sender % '!Sub "${Stage}/data"'), EdgeKind.DELIVERS) == [
        "Reader -delivers-> Jobs"
    ]
    graph = graph_of(READER % "\"SELECT * FROM 'clean/data'\"", sender=sender % "clean/data")
    assert edge(graph, "Sender -delivers-> Reader").detail == {"topic": "clean/data"}


def test_wireless_destinations(graph_of: GraphOf) -> None:
    destinations = """
  ByTopic:
    Type: AWS::IoTWireless::Destination
    Properties: {Name: a, ExpressionType: MqttTopic, Expression: app/data, RoleArn: "arn:aws:iam::123456789012:role/x"}
  ByRule:
    Type: AWS::IoTWireless::Destination
    Properties: {Name: b, ExpressionType: RuleName, Expression: !Ref Reader}
"""
    reader = READER % "\"SELECT * as uplink FROM 'app/data'\""
    graph = graph_of(f"{reader}{destinations}")
    assert drawn(graph, EdgeKind.DELIVERS) == [
        "ByRule -delivers-> Reader",
        "ByTopic -delivers-> Reader",
        "Reader -delivers-> Jobs",
    ]


def test_timestream_tables_are_named_by_table_and_database(graph_of: GraphOf) -> None:
    graph = graph_of("""
Resources:
  Uplinks: {Type: AWS::Timestream::Table, Properties: {DatabaseName: plant, TableName: uplinks}}
  Rule:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload:
        Sql: SELECT * FROM 'a'
        Actions: [{Timestream: {DatabaseName: plant, TableName: uplinks, RoleArn: !GetAtt Role.Arn, Dimensions: []}}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: write
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: timestream:WriteRecords
                Resource: !Sub "arn:aws:timestream:${AWS::Region}:${AWS::AccountId}:database/plant/table/uplinks"
""")
    assert drawn(graph, EdgeKind.DELIVERS, EdgeKind.GRANTS) == ["Role -grants-> Uplinks", "Rule -delivers-> Uplinks"]
