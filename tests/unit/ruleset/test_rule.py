"""What `context.finding` makes of places, evidence and settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from archlint.errors import ConfigError
from archlint.findings import Confidence, Finding, Severity
from archlint.graph.model import Edge, EdgeKind, Evidence, ResourceGraph
from archlint.graph.values import UNKNOWN, Values
from archlint.packages import Packages
from archlint.ruleset.params import resolve_params
from archlint.ruleset.rule import Param, Rule, RuleContext, RuleMeta, strength

if TYPE_CHECKING:
    from archlint.ruleset.places import At
    from tests.unit.ruleset.conftest import GraphOf

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Conditions: {IsProd: !Equals [!Ref AWS::Region, eu-west-1]}
Globals:
  Function: {Timeout: 30, Runtime: python3.13, Handler: a.b, CodeUri: src/}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy:
        Fn::If:
          - IsProd
          - deadLetterTargetArn: arn:aws:sqs:eu-west-1:123456789012:failed
            maxReceiveCount: 3
          - !Ref AWS::NoValue
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Tags: {Team: orders}
      Events:
        Job:
          Type: SQS
          Properties:
            Queue: !GetAtt Jobs.Arn
            BatchSize: 5
"""
META = RuleMeta("XYZ001", "test-rule", Severity.ERROR, "Summary", "https://example.com/")


@pytest.fixture
def graph(graph_of: GraphOf) -> ResourceGraph:
    return graph_of(TEMPLATE)


def context(graph: ResourceGraph, severity: Severity | None = None, meta: RuleMeta = META) -> RuleContext:
    rule = Rule(meta, lambda _: (), Path("test_rule.py"), "test", severity=severity)
    return RuleContext(rule, graph, Values(graph), Packages(graph, Path.cwd()))


def node(graph: ResourceGraph, logical_id: str) -> At:
    return graph.nodes[f"template.yaml#{logical_id}"]


def trigger(graph: ResourceGraph) -> Edge:
    return next(iter(graph.of_kind(EdgeKind.TRIGGERS)))


def line(finding: Finding) -> str:
    return TEMPLATE.splitlines()[finding.location.region.start_line - 1].strip()


@pytest.mark.parametrize(
    ("logical_id", "path", "expected"),
    [
        ("Jobs", "", "Jobs:"),
        ("Jobs", "VisibilityTimeout", "Jobs:"),
        ("Jobs", "RedrivePolicy", "RedrivePolicy:"),
        ("Jobs", "RedrivePolicy.maxReceiveCount", "maxReceiveCount: 3"),
        ("Jobs", "RedrivePolicy.nothing", "RedrivePolicy:"),
        ("Work", "Timeout", "Function: {Timeout: 30, Runtime: python3.13, Handler: a.b, CodeUri: src/}"),
        ("WorkJob", "BatchSize", "BatchSize: 5"),
    ],
)
def test_places(graph: ResourceGraph, logical_id: str, path: str, expected: str) -> None:
    found = graph.nodes[f"template.yaml#{logical_id}"]
    assert line(context(graph).finding((found, path) if path else found, "message")) == expected


def test_an_edge_is_where_it_is_declared(graph: ResourceGraph) -> None:
    finding = context(graph).finding(trigger(graph), "message", related=[(trigger(graph), "the mapping")])
    assert finding.location.region.start_line >= TEMPLATE.splitlines().index("        Job:") + 1
    assert finding.related[0].message == "the mapping"
    assert finding.key == ("Jobs", "Work")


def test_an_external_thing_is_where_it_is_named(graph: ResourceGraph) -> None:
    (outside,) = (edge.target for edge in graph.of_kind(EdgeKind.DEAD_LETTERS))
    assert outside.external
    finding = context(graph).finding(node(graph, "Jobs"), "message", related=[(outside, "the other queue")])
    assert finding.related[0].file == "template.yaml"


def test_what_the_rule_says_is_stamped(graph: ResourceGraph) -> None:
    finding = context(graph).finding(node(graph, "Work"), "message")
    assert (finding.rule_id, finding.name, finding.severity) == ("XYZ001", "test-rule", Severity.ERROR)
    assert (finding.confidence, finding.owner) == (Confidence.HIGH, "orders")
    assert finding.help_uri == "https://example.com/"
    other = msgspec.structs.replace(graph.nodes["template.yaml#Jobs"], owner="platform")
    assert context(graph).finding(node(graph, "Work"), "message", owner_of=other).owner == "platform"


@pytest.mark.parametrize(
    ("evidence", "severity", "confidence"),
    [
        (Evidence.DECLARED, Severity.ERROR, Confidence.HIGH),
        (Evidence.CODE, Severity.ERROR, Confidence.HIGH),
        (Evidence.POLICY, Severity.WARNING, Confidence.MEDIUM),
        (Evidence.REFERENCE, Severity.NOTE, Confidence.LOW),
    ],
)
def test_the_weakest_evidence_is_the_ceiling(
    graph: ResourceGraph, evidence: Evidence, severity: Severity, confidence: Confidence
) -> None:
    edges = [trigger(graph), msgspec.structs.replace(trigger(graph), evidence=evidence)]
    finding = context(graph).finding(node(graph, "Work"), "message", evidence=edges)
    assert (finding.severity, finding.confidence) == (severity, confidence)
    forced = context(graph, Severity.ERROR).finding(node(graph, "Work"), "message", evidence=edges)
    assert forced.severity == severity
    milder = context(graph).finding(node(graph, "Work"), "message", evidence=edges, severity=Severity.NOTE)
    assert milder.severity == Severity.NOTE


def test_two_kinds_of_evidence_are_one_step_more(graph: ResourceGraph) -> None:
    edge = msgspec.structs.replace(trigger(graph), evidence=Evidence.POLICY, detail={"referenced": True})
    assert strength(edge) is Evidence.CODE
    assert strength(msgspec.structs.replace(edge, detail={"referenced": "true"})) is Evidence.POLICY
    finding = context(graph).finding(node(graph, "Work"), "message", evidence=[edge])
    assert (finding.severity, finding.confidence) == (Severity.ERROR, Confidence.HIGH)


def test_the_users_severity_goes_before_the_rules(graph: ResourceGraph) -> None:
    made = context(graph, Severity.NOTE).finding(node(graph, "Work"), "message", severity=Severity.ERROR)
    assert made.severity == Severity.NOTE


def test_confidence_and_key_can_be_given(graph: ResourceGraph) -> None:
    made = context(graph).finding(node(graph, "Work"), "message", confidence=Confidence.LOW, key=("a", "b"))
    assert (made.confidence, made.key) == (Confidence.LOW, ("a", "b"))


def test_carrier_values(graph: ResourceGraph) -> None:
    edge = trigger(graph)
    assert context(graph).carrier_value(edge, "BatchSize") == 5
    assert context(graph).carrier_value(edge, "MaximumBatchingWindowInSeconds") == 0
    assert context(graph).carrier_value(edge, "FilterCriteria") is None
    assert context(graph).carrier_value(msgspec.structs.replace(edge, via=None), "BatchSize") is UNKNOWN


@pytest.mark.parametrize(
    ("param", "value", "says"),
    [
        (Param("integer", 1), 1.5, "must be an integer, not 1.5"),
        (Param("integer", 1), True, "must be an integer"),
        (Param("number", 1, 0.5), 0.2, "must be at least 0.5"),
        (Param("string", ""), 5, "must be a string"),
        (Param("boolean", False), "false", "must be a boolean"),
        (Param("list", []), "a", "must be a list"),
    ],
)
def test_parameters_that_do_not_fit(param: Param, value: object, says: str) -> None:
    meta = msgspec.structs.replace(META, params={"x": param})
    with pytest.raises(ConfigError, match=says):
        resolve_params(meta, {"x": value})  # type: ignore[dict-item] # what a configuration may hold


def test_parameters() -> None:
    meta = msgspec.structs.replace(META, params={"a": Param("number", 0.8), "b": Param("list", ["x"])})
    assert resolve_params(meta) == {"a": 0.8, "b": ["x"]}
    assert resolve_params(meta, {"a": 1}) == {"a": 1, "b": ["x"]}
