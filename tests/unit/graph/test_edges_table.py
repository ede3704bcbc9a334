from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from archlint.graph.edges import FINDERS, table
from archlint.graph.edges.paths import follow, steps
from archlint.graph.model import EdgeKind, Evidence
from tests.unit.graph.drawing import drawn, edge, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.graph.conftest import GraphOf

SCHEMAS = files("cfnlint.data.schemas")
INDEX: dict[str, str] = json.loads(SCHEMAS.joinpath("providers", "us-east-1.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ({"A": {"B": 1}}, "A.B", [(("A", "B"), 1)]),
        ({"A": [{"B": 1}, {"C": 2}, {"B": 3}]}, "A[].B", [(("A", 0, "B"), 1), (("A", 2, "B"), 3)]),
        ({"A": {"B": 1}}, "A[].B", [(("A", "B"), 1)]),
        ({"A": {"x": {"B": 1}, "y": {"B": 2}}}, "A.*.B", [(("A", "x", "B"), 1), (("A", "y", "B"), 2)]),
        ({"A": {"Ref": "List"}}, "A[]", [(("A",), {"Ref": "List"})]),
        ({"A": {"Ref": "AWS::NoValue"}}, "A", []),
        ({"A": None}, "A", []),
        ({"A": 1}, "A.B", []),
        ([1, 2], "A", []),
        (
            {"A": {"Fn::If": ["C", {"B": 1}, {"Fn::If": ["D", {"B": 2}, {"Ref": "AWS::NoValue"}]}]}},
            "A.B",
            [(("A", "Fn::If", 1, "B"), 1), (("A", "Fn::If", 2, "Fn::If", 1, "B"), 2)],
        ),
        (
            {"A": [{"Fn::If": ["C", {"B": 1}, {"B": 2}]}]},
            "A[].B",
            [(("A", 0, "Fn::If", 1, "B"), 1), (("A", 0, "Fn::If", 2, "B"), 2)],
        ),
        ({"A": {"Fn::If": ["C"]}}, "A.B", []),
    ],
)
def test_follow(value: Any, path: str, expected: list[Any]) -> None:
    assert follow(value, steps(path)) == expected


def test_ids_that_ec2_gave_name_a_place_outside(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Given: {Type: String, Default: subnet-0123abcd}}
        Resources:
          Fn:
            Type: AWS::Lambda::Function
            Properties:
              VpcConfig:
                SubnetIds: [subnet-08afaaea0b1e4f825, !Ref Given, subnet-of-mine]
                SecurityGroupIds: [sg-003fd8c2326289ec4, sg-xxxxxxxx, '']
        """
    )
    assert drawn(graph) == [
        "Fn -runs_in-> sg-003fd8c2326289ec4",
        "Fn -runs_in-> subnet-0123abcd",
        "Fn -runs_in-> subnet-08afaaea0b1e4f825",
    ]


def test_a_row_of_the_resource_itself(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Jobs:
            Type: AWS::SQS::Queue
            Properties:
              RedrivePolicy:
                deadLetterTargetArn: !GetAtt Dead.Arn
                maxReceiveCount: 3
          Dead: {Type: AWS::SQS::Queue}
        """
    )
    assert drawn(graph) == ["Jobs -dead_letters-> Dead"]
    found = edge(graph, "Jobs -dead_letters-> Dead")
    assert (found.via, found.evidence, line(found)) == (None, Evidence.DECLARED, ("template.yaml", 7))


def test_a_row_of_a_carrier_joins_what_it_names(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Proxy: {Type: AWS::RDS::DBProxy, Properties: {DBProxyName: shop}}
          Group:
            Type: AWS::RDS::DBProxyTargetGroup
            Properties: {DBProxyName: shop, DBClusterIdentifiers: [!Ref Cluster]}
          Cluster: {Type: AWS::RDS::DBCluster, Properties: {}}
        """
    )
    found = edge(graph, "Proxy -proxies-> Cluster")
    assert found.via is not None
    assert found.via.logical_id == "Group"


def test_both_branches_of_a_condition_count(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Conditions: {Production: !Equals [!Ref AWS::Region, eu-west-1]}
        Resources:
          Jobs:
            Type: AWS::SQS::Queue
            Properties:
              RedrivePolicy: !If [Production, {deadLetterTargetArn: !GetAtt Dead.Arn}, !Ref AWS::NoValue]
          Dead: {Type: AWS::SQS::Queue}
        """
    )
    assert drawn(graph) == ["Jobs -dead_letters-> Dead"]


def test_generated_rows_point_the_way_the_kind_reads(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}}
        Resources:
          Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {}}}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
          Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: x}}
          Fn:
            Type: AWS::Lambda::Function
            Properties:
              Role: !GetAtt Role.Arn
              KmsKeyArn: !GetAtt Key.Arn
              VpcConfig: {SubnetIds: !Ref Subnets, SecurityGroupIds: [!Ref Group]}
        """
    )
    assert drawn(graph) == [
        "Fn -assumes-> Role",
        "Fn -runs_in-> Group",
        "Fn -runs_in-> template.yaml#Subnets",
        "Key -encrypts-> Fn",
    ]


def test_every_row_compiles_and_names_a_kind() -> None:
    for kind in table.blocks():
        assert table.rows(kind), kind
        for row in table.rows(kind):
            assert row.source.path or row.target.path, kind
    lines = [line for lines in table.generated().values() for line in lines]
    assert len(lines) > 700
    assert {line.partition(" ")[0] for line in lines} == {"assumes", "encrypts", "runs_in", "logs_to"}


@pytest.mark.parametrize("kind", sorted(table.blocks()))
def test_paths_of_the_table_exist_in_the_provider_schemas(kind: str) -> None:
    schema = json.loads(SCHEMAS.joinpath("resources", f"{INDEX[kind]}.json").read_text(encoding="utf-8"))
    for row in table.rows(kind):
        for end in (row.source, row.target):
            assert _exists(schema, schema, (*row.each, *end.path)), (kind, end.path)


def test_types_of_the_table_exist() -> None:
    for kind in table.blocks():
        for row in table.rows(kind):
            for name in (*row.source.types, *row.target.types):
                assert name in INDEX, (kind, name)


def test_generated_types_exist_and_carriers_are_left_out() -> None:
    assert set(table.generated()) <= set(INDEX)
    assert "AWS::ApiGateway::Method" not in table.generated()
    assert not [kind for kind in table.generated() if kind.startswith("AWS::IAM::")]


def test_finders_are_registered_for_custom_resources_and_ordinary_types() -> None:
    assert FINDERS["Custom::*"]
    assert set(table.blocks()) <= set(FINDERS)
    assert "AWS::EC2::VPC" not in FINDERS


@pytest.mark.parametrize("entry", [{"to": "A", "kind": "triggers", "vai": "x"}, {"to": "A", "kind": "shouts"}])
def test_a_wrong_row_is_a_bug(entry: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        table._compiled(entry)


def test_all_kinds_of_rows_are_edge_kinds() -> None:
    assert {row.kind for kind in table.blocks() for row in table.rows(kind)} <= set(EdgeKind)


def _exists(schema: Any, root: Any, path: tuple[str, ...]) -> bool:
    if not path:
        return True
    return any(_step(option, root, path) for option in _options(schema, root, 0))


def _step(schema: Any, root: Any, path: tuple[str, ...]) -> bool:
    step, rest = path[0], path[1:]
    if step == "[]":
        return _exists(schema["items"], root, rest) if "items" in schema else False
    properties = {**schema.get("properties", {})}
    patterns = list(schema.get("patternProperties", {}).values())
    if step == "*":
        return any(_exists(value, root, rest) for value in (*properties.values(), *patterns))
    if step in properties:
        return _exists(properties[step], root, rest)
    return any(_exists(value, root, rest) for value in patterns) or _is_open(schema)


def _is_open(schema: Any) -> bool:
    """True for JSON of any shape, such as a redrive policy."""
    kinds = schema.get("type", [])
    is_object = "object" in ([kinds] if isinstance(kinds, str) else kinds)
    return is_object and not schema.get("properties") and not schema.get("patternProperties")


def _options(schema: Any, root: Any, depth: int) -> Iterator[Any]:
    if depth > 6 or not isinstance(schema, dict):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield from _options(root["definitions"][reference.rpartition("/")[2]], root, depth + 1)
    yield schema
    for word in ("anyOf", "oneOf", "allOf"):
        for option in schema.get(word, ()):
            yield from _options(option, root, depth + 1)
