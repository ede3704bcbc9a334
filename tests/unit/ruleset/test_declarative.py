"""Declarative rules on graphs from template text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.findings import Confidence, Severity

if TYPE_CHECKING:
    from tests.unit.ruleset.conftest import Findings

TEMPLATE = """\
Parameters:
  Stage: {Type: String, AllowedValues: [dev, test, prod]}
  Unknown: {Type: Number}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Equals [!Ref Stage, test]
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: !If [IsProd, 600, 60]
      DelaySeconds: !Ref Unknown
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Failed.Arn, maxReceiveCount: 3}
  Failed: {Type: AWS::SQS::Queue}
  Spare:
    Type: AWS::SQS::Queue
    Properties: {DelaySeconds: 900}
  Work: &work
    Type: AWS::Lambda::Function
    Properties: {Timeout: 20, Code: {S3Bucket: b, S3Key: k}, Role: "arn:aws:iam::123456789012:role/r"}
  Check:
    <<: *work
    Condition: IsProd
  WorkPoll:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Work}
  CheckPoll:
    Type: AWS::Lambda::EventSourceMapping
    Condition: IsProd
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Check, BatchSize: 1}
"""

POLLED = "match: (queue:AWS::SQS::Queue)-[e:triggers]->(function:AWS::Lambda::Function)\n"
AT_QUEUE = 'report: {at: queue, message: "{queue}"}\n'


def messages(findings: Findings, rule: str, template: str = TEMPLATE) -> list[str]:
    return sorted(finding.message for finding in findings(rule, template))


def test_where_decides(findings: Findings) -> None:
    rule = "match: (queue:AWS::SQS::Queue)\nwhere: queue.DelaySeconds > 60\n" + AT_QUEUE
    assert messages(findings, rule) == ["Spare"]


def test_one_world_is_enough_and_named(findings: Findings) -> None:
    rule = "match: (queue:AWS::SQS::Queue)\nwhere: queue.VisibilityTimeout > 100\n" + AT_QUEUE
    assert messages(findings, rule) == ["Jobs (when IsProd)"]
    rule = "match: (queue:AWS::SQS::Queue)\nwhere: queue.VisibilityTimeout > 10\n" + AT_QUEUE
    assert messages(findings, rule) == ["Failed", "Jobs", "Spare"]


def test_only_worlds_in_which_all_nodes_exist_count(findings: Findings) -> None:
    rule = POLLED + "where: queue.VisibilityTimeout < 100\n" + 'report: {at: queue, message: "{queue} {function}"}\n'
    assert messages(findings, rule) == ["Jobs Work (when not IsProd)"]


def test_exists_looks_into_all_worlds(findings: Findings) -> None:
    template = """\
Conditions: {IsProd: !Equals [!Ref AWS::Region, eu-west-1]}
Resources:
  Sometimes:
    Type: AWS::SQS::Queue
    Properties: {RedrivePolicy: !If [IsProd, {maxReceiveCount: 3}, !Ref AWS::NoValue]}
  Never: {Type: AWS::SQS::Queue}
"""
    rule = "match: (queue:AWS::SQS::Queue)\nwhere: not exists(queue.RedrivePolicy)\n" + AT_QUEUE
    assert messages(findings, rule, template) == ["Never"]


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        ("without: (queue)-[dead_letters]->()", ["Failed", "Spare"]),
        ("without: ['(queue)-[dead_letters]->()', '()-[dead_letters]->(queue)']", ["Spare"]),
        ("without: {match: '(queue)-[triggers]->(f)', where: f.Timeout > 10}", ["Failed", "Spare"]),
        ("without: {match: '(queue)-[triggers]->(f)', where: f.Timeout > 30}", ["Failed", "Jobs", "Spare"]),
        ("without: {match: '(queue)-[t:triggers]->()', where: t.via.BatchSize == 1}", ["Failed", "Spare"]),
        ("without: {match: '(queue)-[triggers]->(f)', where: queue.DelaySeconds > 5}", ["Failed", "Spare"]),
    ],
)
def test_without(findings: Findings, without: str, expected: list[str]) -> None:
    """The last one: whether Jobs is delayed is not known, so the thing counts as found."""
    assert messages(findings, f"match: (queue:AWS::SQS::Queue)\n{without}\n" + AT_QUEUE) == expected


def test_same_words_at_the_same_place_are_one_finding_with_all_related_places(findings: Findings) -> None:
    rule = POLLED + 'report: {at: queue, message: "{queue}", related: [{at: function, message: "{function} polls"}]}\n'
    (finding,) = findings(rule, TEMPLATE)
    assert [place.message for place in finding.related] == ["Work polls", "Check polls"]
    assert finding.key == ("Jobs",)


def test_names_in_the_message_tell_findings_apart(findings: Findings) -> None:
    rule = POLLED + 'report: {at: queue, message: "{queue} {function}"}\n'
    assert sorted(finding.key for finding in findings(rule, TEMPLATE)) == [("Jobs", "Check"), ("Jobs", "Work")]


def test_what_has_no_name_only_has_to_be_there(findings: Findings) -> None:
    rule = "match: (queue:AWS::SQS::Queue)-[triggers]->(:AWS::Lambda::Function)\n" + AT_QUEUE
    assert messages(findings, rule) == ["Jobs"]


def test_severity_cases_take_the_worst_world(findings: Findings) -> None:
    rule = """\
match: (queue:AWS::SQS::Queue)
where: queue.VisibilityTimeout > 0
report:
  at: queue.VisibilityTimeout
  message: "{queue} is fine"
  severity:
    - {when: queue.VisibilityTimeout > 500, level: error, message: "{queue} {queue.VisibilityTimeout}"}
    - {when: queue.VisibilityTimeout > 50, level: note}
"""
    found = {finding.message: finding.severity for finding in findings(rule, TEMPLATE)}
    assert found == {
        "Jobs 600": Severity.ERROR,
        "Failed is fine": Severity.WARNING,
        "Spare is fine": Severity.WARNING,
    }


def test_places(findings: Findings) -> None:
    rule = (
        POLLED
        + """\
where: e.via.BatchSize == 1
report:
  at: e.via.BatchSize
  message: "{e.via.BatchSize}"
  related:
    - {at: queue.RedrivePolicy.maxReceiveCount, message: count}
    - {at: function.MemorySize, message: absent}
    - {at: e, message: edge}
  flow: true
"""
    )
    (finding,) = findings(rule, TEMPLATE)
    lines = TEMPLATE.splitlines()

    def text(line: int) -> str:
        return lines[line - 1].strip()

    assert "BatchSize: 1" in text(finding.location.region.start_line)
    assert finding.location.logical_id == "CheckPoll"
    assert [text(place.region.start_line)[:14] for place in finding.related] == [
        "RedrivePolicy:",
        "Check:",
        "Properties: {E",
    ]
    assert [place.message for place in finding.flow] == ["Jobs triggers Check"]


def test_default_of_the_batch_size_fits_the_source(findings: Findings) -> None:
    rule = POLLED + 'report: {at: queue, message: "{function} {e.via.BatchSize}"}\n'
    assert messages(findings, rule) == ["Check 1", "Work 10"]


def test_node_facts(findings: Findings) -> None:
    rule = """\
match: (node:AWS::Lambda::Function)
where: node.condition == "IsProd" and node.type == "AWS::Lambda::Function" and not node.external
report: {at: node, message: "{node.logical_id} {node.file} {node.owner} {node.non_production}"}
"""
    assert messages(findings, rule) == ["Check template.yaml an unknown value false"]


def test_no_owner_is_no_cross_team_finding(findings: Findings) -> None:
    assert messages(findings, POLLED + "where: queue.owner != function.owner\n" + AT_QUEUE) == []


def test_policy_evidence_lowers_severity_and_confidence(findings: Findings) -> None:
    template = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Runtime: python3.13
      CodeUri: src/
      Policies: [{DynamoDBReadPolicy: {TableName: !Ref Table}}]
"""
    rule = """\
match: (function:AWS::Lambda::Function)-[e:reads]->(table)
report: {at: function, message: "{e} {e.evidence}", severity: [{when: true, level: error}]}
"""
    (finding,) = findings(rule, template)
    assert finding.message == "reads policy"
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.MEDIUM)


@pytest.mark.parametrize(
    "odd",
    [
        "[1, 2]",
        "{a: b}",
        "{}",
        "[]",
        "''",
        "true",
        "~",
        "1e400",
        "99999999999999999999999999",
        "!Ref Nothing",
        "!Ref Jobs",
        "!If [Nothing, 1, 2]",
        "!If 5",
        "{Fn::If: {}}",
        "!GetAtt [1, 2]",
        "!Sub ['${x}', 5]",
        "!Select [9, [1]]",
        "!FindInMap [A, B, C]",
        "{Fn::Nothing: 1}",
        "{Ref: [1]}",
    ],
)
def test_odd_values_are_no_crash(findings: Findings, odd: str) -> None:
    template = f"""\
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {{VisibilityTimeout: {odd}, RedrivePolicy: {odd}, FifoQueue: {odd}}}
  Work:
    Type: AWS::Lambda::Function
    Properties: {{Timeout: {odd}, Role: {odd}}}
  Poll:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Work, BatchSize: {odd}}}
"""
    rule = (
        POLLED
        + """\
where: >-
  queue.VisibilityTimeout < function.Timeout * 6 - e.via.BatchSize or queue.RedrivePolicy.maxReceiveCount == 1
  or queue.FifoQueue or "a" in queue.RedrivePolicy or queue.FifoQueue in [1, true] or not exists(queue.RedrivePolicy)
  or queue.VisibilityTimeout == queue.RedrivePolicy or queue.VisibilityTimeout != null or true
report:
  at: queue.RedrivePolicy.maxReceiveCount
  message: "{queue.VisibilityTimeout} {function.Timeout * 6} {e.via.BatchSize} {queue.RedrivePolicy.a.b}"
  related: [{at: e.via.BatchSize.x.y, message: batch}]
"""
    )
    assert len(findings(rule, template)) == 1
