"""Who waits for whom, counted in functions; and how that reads."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from archlint import cli
from archlint.config import Config
from archlint.graph.tables import to_table
from archlint.graph.teams import OwnerGraph, are_foreign, owner_graph
from archlint.lint import build

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.graph.model import ResourceGraph

TRUST = """
              AssumeRolePolicyDocument:
                Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
"""
PLATFORM = f"""
        Resources:
          FunctionRole:
            Type: AWS::IAM::Role
            Properties:
{TRUST}
          Bus: {{Type: AWS::Events::EventBus, Properties: {{Name: shop}}}}
          BusName:
            Type: AWS::SSM::Parameter
            Properties: {{Type: String, Name: /shop/bus, Value: !Ref Bus}}
        Outputs:
          Role: {{Value: !GetAtt FunctionRole.Arn, Export: {{Name: function-role}}}}
          Stage: {{Value: prod, Export: {{Name: stage}}}}
"""
FUNCTION = "Runtime: python3.13, Handler: index.handler, CodeUri: s3://shop/code.zip"
ORDERS = f"""
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Checkout: {{Type: AWS::Serverless::Function, Properties: {{{FUNCTION}, Role: !ImportValue function-role}}}}
          Refund: {{Type: AWS::Serverless::Function, Properties: {{{FUNCTION}, Role: !ImportValue function-role}}}}
          Report:
            Type: AWS::Serverless::Function
            Properties:
              {FUNCTION.replace(", ", chr(10) + " " * 14)}
              Events:
                Placed:
                  Type: EventBridgeRule
                  Properties: {{EventBusName: "{{{{resolve:ssm:/shop/bus}}}}", Pattern: {{source: [shop]}}}}
          Alone: {{Type: AWS::Serverless::Function, Properties: {{{FUNCTION}}}}}
"""
BILLING = f"""
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Invoice:
            Type: AWS::Serverless::Function
            Properties:
              {FUNCTION.replace(", ", chr(10) + " " * 14)}
              Environment: {{Variables: {{STAGE: !ImportValue stage}}}}
"""
OWNERS = "/platform.yaml @shop/platform\n/orders.yaml @shop/orders\n/billing.yaml @shop/billing\n"


def write(root: Path, /, **files: str) -> None:
    for name, text in files.items():
        path = root / (name if name == "CODEOWNERS" else f"{name}.yaml")
        path.write_text(textwrap.dedent(text), encoding="utf-8")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write(tmp_path, platform=PLATFORM, orders=ORDERS, billing=BILLING, CODEOWNERS=OWNERS)
    return tmp_path


def graph(root: Path) -> ResourceGraph:
    return build([root], Config()).graph


def rows(found: OwnerGraph) -> list[tuple[str, str, list[str], list[str], list[str]]]:
    return [
        (
            item.owner,
            item.needs,
            [node.logical_id for node in item.waiting],
            [node.logical_id for node in item.using],
            [value.name for value in item.values],
        )
        for item in found.dependences
    ]


def test_waits_uses_and_values(shop: Path) -> None:
    found = owner_graph(graph(shop))
    assert rows(found) == [
        (
            "orders",
            "platform",
            ["Checkout", "Refund"],
            ["Checkout", "Refund", "Report"],
            ["platform.yaml#BusName", "platform.yaml#Outputs.Role"],
        ),
        ("billing", "platform", [], ["Invoice"], ["platform.yaml#Outputs.Stage"]),
    ]
    assert found.dependences[0].through == ("AWS::IAM::Role", "AWS::Events::EventBus")
    assert {name: len(team.functions) for name, team in found.teams.items()} == {
        "billing": 1,
        "orders": 4,
        "platform": 0,
    }


def test_the_ranking_names_the_worst_bottleneck_first(shop: Path) -> None:
    write(shop, orders=ORDERS + "        Outputs:\n          X: {Value: x, Export: {Name: orders-x}}\n")
    write(shop, billing=BILLING.replace("!ImportValue stage", "!ImportValue orders-x"))
    found = owner_graph(graph(shop))
    assert [(team.name, team.fan_in, team.waiting) for team in found.ranking()] == [
        ("platform", 1, 2),
        ("orders", 1, 0),
    ]
    assert found.teams["orders"].betweenness == 0.5


def test_nobody_waits_where_nobody_owns_anything(shop: Path) -> None:
    (shop / "CODEOWNERS").unlink()
    assert owner_graph(graph(shop)) == OwnerGraph({}, ())


@pytest.mark.parametrize(
    ("one", "other", "foreign"),
    [
        ("a", "b", True),
        ("a", "a", False),
        ("a", None, False),
        (None, None, False),
        ("a + b", "b + c", False),
        ("a + b", "c", True),
    ],
)
def test_joint_owners_are_not_foreign(one: str | None, other: str | None, foreign: bool) -> None:
    assert are_foreign(one, other) is foreign


def test_a_template_deployed_twice_has_its_functions_once(tmp_path: Path) -> None:
    nested = "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: orders.yaml}}"
    root = f"Resources:\n  One: {nested}\n  Two: {nested}\n"
    write(tmp_path, root=root, platform=PLATFORM, orders=ORDERS, CODEOWNERS="* @shop/orders\n" + OWNERS)
    [item] = owner_graph(graph(tmp_path)).dependences
    assert len(item.waiting) == 2
    assert [value.name for value in item.values] == ["platform.yaml#BusName", "platform.yaml#Outputs.Role"]


def test_values_that_a_parent_passes(tmp_path: Path) -> None:
    root = """
        Resources:
          Jobs: {Type: AWS::SQS::Queue}
          Inner:
            Type: AWS::CloudFormation::Stack
            Properties:
              TemplateURL: inner.yaml
              Parameters: {Queue: !GetAtt Jobs.Arn, Stage: prod}
          Alarm:
            Type: AWS::CloudWatch::Alarm
            Properties: {AlarmActions: [!GetAtt Inner.Outputs.Topic]}
    """
    inner = """
        Parameters: {Queue: {Type: String}, Stage: {Type: String}}
        Resources:
          Topic: {Type: AWS::SNS::Topic}
          Subscription:
            Type: AWS::SNS::Subscription
            Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !Ref Queue}
        Outputs:
          Topic: {Value: !Ref Topic}
    """
    write(tmp_path, root=root, inner=inner, CODEOWNERS="/root.yaml @shop/platform\n/inner.yaml @shop/orders\n")
    found = owner_graph(graph(tmp_path))
    assert rows(found) == [
        ("orders", "platform", [], [], ["root.yaml#Jobs.Arn"]),
        ("platform", "orders", [], [], ["inner.yaml#Outputs.Topic"]),
    ]
    places = [item.values[0].place for item in found.dependences]
    assert [place.location().region.start_line for place in places if place is not None] == [8, 11]


def test_what_a_pattern_reaches_is_no_use(tmp_path: Path) -> None:
    tables = """
        Resources:
          One: {Type: AWS::DynamoDB::Table, Properties: {TableName: shop-one}}
          Two: {Type: AWS::DynamoDB::Table, Properties: {TableName: shop-two}}
    """
    orders = f"""
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Checkout:
            Type: AWS::Serverless::Function
            Properties:
              {FUNCTION.replace(", ", chr(10) + " " * 14)}
              Policies:
                - Statement:
                    - Effect: Allow
                      Action: dynamodb:GetItem
                      Resource: !Sub arn:aws:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/shop-*
    """
    write(tmp_path, platform=tables, orders=orders, CODEOWNERS=OWNERS)
    assert owner_graph(graph(tmp_path)).dependences == ()


def test_stacks_can_be_told_apart_as_well(shop: Path) -> None:
    found = owner_graph(graph(shop), lambda node: node.stack.id if node.stack is not None else None)
    assert [(item.owner, item.needs, len(item.waiting)) for item in found.dependences] == [
        ("orders.yaml", "platform.yaml", 2),
        ("billing.yaml", "platform.yaml", 0),
    ]


TABLE = """\
| team    | needs    | waits for its roles | uses it          | takes    | through                     |
|---------|----------|---------------------|------------------|----------|-----------------------------|
| orders  | platform | 2 of 4 functions    | 3 of 4 functions | 2 values | IAM::Role, Events::EventBus |
| billing | platform |                     | 1 of 1 function  | 1 value  | export                      |

orders waits for platform for 2 of 4 functions

| bottleneck | needed by     | waited for by | betweenness |
|------------|---------------|---------------|-------------|
| platform   | 2 of 2 others | 2 functions   | 0.00        |
"""


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run(arguments) == 0
    return capsys.readouterr().out


def test_the_table(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert output(capsys, "graph", "--level", "team", "--format", "table", str(shop)) == TABLE
    stacks = output(capsys, "graph", "--level", "stack", "--format", "table", str(shop))
    assert "orders.yaml waits for platform.yaml for 2 of 4 functions" in stacks


def test_the_picture(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mermaid = output(capsys, "graph", "--level", "team", str(shop))
    assert 'n1["orders<br/>4 functions, ' in mermaid
    assert 'n1 -->|"waits for 2 of 4 functions, uses it in 3 of 4 functions, takes 2 values"| n2' in mermaid
    assert 'n0 -.->|"uses it in 1 of 1 function, takes 1 value"| n2' in mermaid
    dot = output(capsys, "graph", "--level", "team", "--format", "dot", str(shop))
    assert '[label="uses it in 1 of 1 function, takes 1 value", style=dashed];' in dot


def test_json_has_the_waits_beside_the_edges(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(output(capsys, "graph", "--level", "team", "--format", "json", str(shop)))
    assert set(found) == {"version", "level", "nodes", "edges", "waits"}
    assert found["waits"][0] == {
        "owner": "orders",
        "needs": "platform",
        "functions": 4,
        "waiting": ["orders.yaml#Checkout", "orders.yaml#Refund"],
        "using": ["orders.yaml#Checkout", "orders.yaml#Refund", "orders.yaml#Report"],
        "values": ["platform.yaml#BusName", "platform.yaml#Outputs.Role"],
    }


def test_kinds_of_edges_bring_the_counted_edges_back(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "graph", "--level", "team", "--edges", "assumes", str(shop))
    assert '|"assumes 2x"|' in text


def test_without_owners_the_run_says_what_to_do(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "CODEOWNERS").unlink()
    assert cli.run(("graph", "--level", "team", "--format", "table", str(shop))) == 0
    captured = capsys.readouterr()
    assert captured.out == "no team needs another\n"
    assert "name the owners in archlint.toml" in captured.err


@pytest.mark.parametrize("arguments", [("--level", "resource"), ("--level", "team", "--edges", "reads")])
def test_a_table_of_anything_else_is_refused(
    shop: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert cli.run(("graph", "--format", "table", *arguments, str(shop))) == 2
    assert "table" in capsys.readouterr().err


def test_names_from_tags_break_no_table(tmp_path: Path) -> None:
    odd = 'Metadata: {com.aws.cloudformation.Context: {owner: "a|b\\nc"}}\n'
    write(tmp_path, platform=odd + textwrap.dedent(PLATFORM), orders=ORDERS, CODEOWNERS=OWNERS)
    text = to_table(owner_graph(graph(tmp_path)))
    assert "orders waits for a/b c for 2 of 4 functions" in text
    assert {line.count("|") for line in text.splitlines() if line.startswith("| orders")} == {7}
