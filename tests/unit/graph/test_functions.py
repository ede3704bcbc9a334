from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.functions import TEXT

if TYPE_CHECKING:
    from archlint.graph.functions import Function
    from archlint.graph.model import ResourceGraph
    from tests.unit.graph.conftest import GraphOf


def _written(graph: ResourceGraph, logical_id: str) -> list[Function]:
    [stack] = graph.stacks
    assert graph.resolver is not None
    return [*graph.resolver.functions.of(stack.template, stack.template.resources[logical_id])]


def _added(graph: ResourceGraph, logical_id: str) -> list[Function]:
    [stack] = graph.stacks
    assert graph.resolver is not None
    return [*graph.resolver.functions.added_to(stack.template, stack.template.resources[logical_id])]


def test_every_function_that_names_something_comes_with_its_path(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Jobs:
            Type: AWS::SQS::Queue
            Metadata: {Owner: !Ref Team}
            Properties:
              QueueName: !If [Named, !Join ["-", [!Ref Stage, jobs]], !Ref AWS::NoValue]
              KmsMasterKeyId: !GetAtt Key.Arn
              Tags: [{Key: size, Value: !FindInMap [Sizes, small, n]}]
        """
    )
    at = ("Resources", "Jobs")
    name = (*at, "Properties", "QueueName")
    found = _written(graph, "Jobs")
    assert [(function, path) for function, _, path in found] == [
        ("Ref", (*at, "Metadata", "Owner")),
        ("Fn::If", name),
        ("Ref", (*name, "Fn::If", 1, "Fn::Join", 1, 0)),
        ("Ref", (*name, "Fn::If", 2)),
        ("Fn::GetAtt", (*at, "Properties", "KmsMasterKeyId")),
        ("Fn::FindInMap", (*at, "Properties", "Tags", 0, "Value")),
    ]
    assert found[4][1] == ["Key", "Arn"]


def test_a_sub_comes_behind_what_its_variables_are(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Jobs:
            Type: AWS::SQS::Queue
            Properties:
              QueueName: !Sub ["${A}-jobs", {A: !ImportValue stage}]
        """
    )
    assert [name for name, _, _ in _written(graph, "Jobs")] == ["Fn::ImportValue", "Fn::Sub"]


def test_texts_are_told_where_a_dynamic_reference_can_stand_in_them(graph_of: GraphOf) -> None:
    plain = "Resources:\n  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: %s}}\n"
    assert _written(graph_of(plain % "jobs"), "Jobs") == []
    found = _written(graph_of(plain % "'{{resolve:ssm:/jobs}}'"), "Jobs")
    assert (TEXT, "{{resolve:ssm:/jobs}}", ("Resources", "Jobs", "Properties", "QueueName")) in found


def test_what_lowering_adds_is_told_apart(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Transform: AWS::Serverless-2016-10-31
        Globals: {Function: {KmsKeyArn: !GetAtt Key.Arn}}
        Resources:
          Key: {Type: AWS::KMS::Key}
          Worker:
            Type: AWS::Serverless::Function
            Properties: {Handler: a.b, Runtime: python3.12, CodeUri: s3://b/k, FunctionName: !Ref Name}
        """
    )
    assert [argument for _, argument, _ in _written(graph, "Worker")] == ["Name"]
    assert ["Key", "Arn"] in [argument for _, argument, _ in _added(graph, "Worker")]
    assert _added(graph, "Key") == []
