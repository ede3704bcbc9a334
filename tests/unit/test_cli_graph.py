"""`archlint graph` and `archlint query` on a template with every kind of element."""

import json
from pathlib import Path

import pytest

from archlint import cli
from archlint.errors import UsageError
from archlint.graph.model import EdgeKind

TEMPLATE = """\
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 60}
  Slow:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 600}
  Worker:
    Type: AWS::Lambda::Function
    Properties: {Timeout: 30}
  FromJobs:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
  FromSlow:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Slow.Arn, FunctionName: !Ref Worker}
  Alone:
    Type: AWS::SNS::Topic
"""
PATTERN = "(queue:AWS::SQS::Queue)-[edge:triggers]->(function:AWS::Lambda::Function)"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    monkeypatch.chdir(tmp_path)


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run(arguments) == 0
    return capsys.readouterr().out


def test_graph_as_json_keeps_its_promise(capsys: pytest.CaptureFixture[str]) -> None:
    graph = json.loads(output(capsys, "graph", "--format", "json"))
    assert set(graph) == {"version", "nodes", "edges"}
    nodes = {node["logical_id"]: node for node in graph["nodes"]}
    stack = nodes.pop("template.yaml")
    assert (stack["type"], stack["file"], stack["line"]) == ("stack", "template.yaml", None)
    assert set(nodes) == {"Jobs", "Slow", "Worker", "FromJobs", "FromSlow", "Alone"}
    assert nodes["Jobs"] == {
        "id": "template.yaml#Jobs",
        "logical_id": "Jobs",
        "type": "AWS::SQS::Queue",
        "file": "template.yaml",
        "line": 2,
        "stack": "template.yaml",
        "instance": None,
        "owner": None,
        "generated_by": None,
        "external": False,
    }
    edge = next(edge for edge in graph["edges"] if edge["kind"] == "triggers")
    assert (edge["source"], edge["target"]) == ("template.yaml#Jobs", "template.yaml#Worker")
    assert (edge["mode"], edge["evidence"], edge["via"]) == ("poll", "declared", "template.yaml#FromJobs")
    assert (edge["qualifier"], edge["file"], edge["line"]) == (None, "template.yaml", 13)


def test_graph_of_a_nested_stack_names_the_instance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parent = (
        "Resources:\n  Inner:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: template.yaml}\n"
    )
    (tmp_path / "parent.yaml").write_text(parent)
    nodes = {node["logical_id"]: node for node in json.loads(output(capsys, "graph", "--format", "json"))["nodes"]}
    assert nodes["Jobs"]["id"] == "template.yaml#Jobs@parent.yaml#Inner"
    assert nodes["Jobs"]["stack"] == "template.yaml@parent.yaml#Inner"
    assert nodes["Jobs"]["instance"] == "parent.yaml#Inner"


def test_pictures_leave_out_what_no_edge_touches(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("mermaid", "dot"):
        text = output(capsys, "graph", "--format", form)
        assert "Jobs" in text
        assert "Alone" not in text


def test_focus_and_depth(capsys: pytest.CaptureFixture[str]) -> None:
    def near(depth: str) -> set[str]:
        arguments = ("graph", "--format", "json", "--edges", "events", "--focus", "Jobs", "--depth", depth)
        return {node["logical_id"] for node in json.loads(output(capsys, *arguments))["nodes"]}

    assert near("0") == {"Jobs"}
    assert near("1") == {"Jobs", "Worker"}
    assert near("2") == {"Jobs", "Worker", "Slow"}


def test_groups_of_edges() -> None:
    from archlint.cli.graph import edge_kinds

    assert edge_kinds("reads, writes") == (EdgeKind.READS, EdgeKind.WRITES)
    assert set(edge_kinds("all")) == set(EdgeKind)
    groups = ("events", "data", "permissions", "placement", "structure")
    assert sorted(kind for group in groups for kind in edge_kinds(group)) == sorted(EdgeKind)
    with pytest.raises(UsageError, match="did you mean `dead_letters`"):
        edge_kinds("dead-letter")


def test_query(capsys: pytest.CaptureFixture[str]) -> None:
    assert output(capsys, "query", PATTERN).splitlines() == [
        "template.yaml:2: queue=Jobs function=Worker  Jobs -[triggers]-> Worker",
        "template.yaml:5: queue=Slow function=Worker  Slow -[triggers]-> Worker",
    ]


def test_query_with_a_condition(capsys: pytest.CaptureFixture[str]) -> None:
    where = "queue.VisibilityTimeout < 6 * function.Timeout"
    found = json.loads(output(capsys, "query", PATTERN, "--where", where, "--format", "json"))["matches"]
    assert [match["bindings"]["queue"]["logical_id"] for match in found] == ["Jobs"]
    assert found[0]["bindings"]["edge"] == found[0]["edges"][0]


def test_query_that_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(output(capsys, "query", "(a:AWS::S3::Bucket)", "--format", "json")) == {
        "version": 1,
        "matches": [],
    }
    assert output(capsys, "query", "(a:AWS::S3::Bucket)") == ""


def test_services_do_not_share_what_only_a_role_allows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    functions = "".join(
        f"  {name}: {{Type: AWS::Lambda::Function, Properties: {{Role: !GetAtt Role.Arn{environment}}}}}\n"
        for name, environment in (("One", ", Environment: {Variables: {TABLE: !ImportValue orders}}"), ("Two", ""))
    )
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "template.yaml").write_text(
        "Resources:\n"
        "  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      Policies:\n        - PolicyName: p\n"
        "          PolicyDocument:\n"
        "            Statement: [{Effect: Allow, Action: 'dynamodb:GetItem', Resource: !ImportValue orders}]\n"
        + functions
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "template.yaml").write_text(
        "Resources:\n  Orders: {Type: AWS::DynamoDB::Table}\n"
        "Outputs:\n  Orders: {Value: !GetAtt Orders.Arn, Export: {Name: orders}}\n"
    )
    resources = json.loads(output(capsys, "graph", "--format", "json"))
    assert sum(edge["kind"] == "reads" for edge in resources["edges"]) == 2
    picture = output(capsys, "graph", "--level", "stack", "--edges", "reads", "--format", "mermaid")
    assert '"reads"' in picture
    assert "reads 2x" not in picture
