"""Any value may stand anywhere: no edge finder may fail on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.graph.edges import FINDERS, table
from archlint.graph.edges.string_template import decoded, flatten, parse_json
from tests.unit.graph.test_edges_table import INDEX, SCHEMAS

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf

ODD: dict[str, Any] = {
    "null": None,
    "empty": {},
    "list": [],
    "number": 7,
    "true": True,
    "text": "x",
    "nested": {"a": {"b": [{"c": None}]}},
    "lists": [[[]], [None], ["x", {"y": 1}]],
    "if": {"Fn::If": ["Nothing", {"Ref": "AWS::NoValue"}, [1]]},
    "half if": {"Fn::If": ["C"]},
    "join": {"Fn::Join": ["", {"Ref": "Missing"}]},
    "sub": {"Fn::Sub": ["${A", {"A": None}, 3]},
    "att": {"Fn::GetAtt": "NoDot"},
    "split": {"Fn::Select": [0, {"Fn::Split": [{"Ref": "A"}, {"Fn::GetAtt": ["A", "B"]}]}]},
    "reference": {"Fn::Join": ["", ["arn:", {"Ref": {"a": 1}}]]},
    "unknown function": {"Fn::Whatever": [{}]},
    "mark": "\ue0009\ue001 ${x} {{resolve:ssm:}}",
}
# Names inside properties that finders look for, so that odd values also stand deeper.
INNER = [
    "Arn",
    "Id",
    "Actions",
    "Targets",
    "Target",
    "Rule",
    "Rules",
    "Filters",
    "Pattern",
    "Endpoint",
    "Protocol",
    "Type",
    "Name",
    "Value",
    "Destination",
    "OnFailure",
    "Uri",
    "Integration",
    "Properties",
    "Definition",
    "States",
    "Resource",
    "Parameters",
    "Bucket",
    "paths",
    "Configuration",
    "ActionTypeId",
    "Stages",
    "Dimensions",
]


def property_names(kind: str) -> list[str]:
    if kind not in INDEX:
        return ["ServiceToken", "NotificationConfiguration", "BucketName"]
    schema = json.loads(SCHEMAS.joinpath("resources", f"{INDEX[kind]}.json").read_text(encoding="utf-8"))
    return sorted(schema.get("properties", {}))


# The types that the generated table alone knows are all alike: a few stand for them.
ALIKE = sorted(
    set(table.generated()) - set(table.blocks()) - {kind for kind, found in FINDERS.items() if len(found) > 1}
)
KINDS = {
    kind if not kind.endswith("*") else "Custom::S3BucketNotifications": property_names(kind)
    for kind in sorted((set(FINDERS) - set(ALIKE)) | set(ALIKE[::40]))
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_values_of_every_property(graph_of: GraphOf, odd: str) -> None:
    value = ODD[odd]
    inside = dict.fromkeys(INNER, value)
    shapes = (value, inside, [inside])
    resources = {
        f"R{index}": {"Type": kind, "Properties": {name: shapes[(index + at) % 3] for at, name in enumerate(names)}}
        for index, (kind, names) in enumerate(KINDS.items())
    }
    assert len(graph_of(json.dumps({"Resources": resources})).nodes) >= len(resources)


@pytest.mark.parametrize("odd", ODD)
def test_odd_values_in_a_definition(graph_of: GraphOf, odd: str) -> None:
    value = ODD[odd]
    task = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem"}
    states = [
        {"A": value},
        {"A": {**task, "Parameters": value}},
        {"A": {**task, "Arguments": {"TableName": value}}},
        {"A": {"Type": "Task", "Resource": value}},
        {"A": {"Type": "Map", "Iterator": value, "ItemReader": value, "Branches": value}},
        {"A": {"Type": "Map", "ItemReader": {"Parameters": {"Bucket": value}}, "Branches": [value]}},
    ]
    resources: dict[str, Any] = {
        f"M{index}": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"Definition": {"States": one}}}
        for index, one in enumerate(states)
    }
    integration = {"type": "aws", "uri": "arn:aws:apigateway:x:sqs:action/SendMessage", "requestParameters": value}
    bodies = [
        {"paths": value},
        {"paths": {"/a": value}},
        {"paths": {"/a": {"get": value}}},
        {"paths": {"/a": {"get": {"x-amazon-apigateway-integration": value}}}},
        {"paths": {"/a": {"get": {"x-amazon-apigateway-integration": integration}}}},
        {"paths": {"/a": {"get": {"x-amazon-apigateway-integration": {"uri": value, "requestTemplates": value}}}}},
        {"securityDefinitions": value, "components": {"securitySchemes": {"a": value}}},
    ]
    for index, body in enumerate(bodies):
        resources[f"A{index}"] = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body}}
    assert graph_of(json.dumps({"Resources": resources})).nodes


@given(st.text(alphabet='"\\{}[]$:,a1 \ue000\ue001', max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    parse_json(text)
    decoded(text)
    flat = flatten({"Fn::Sub": text})
    assert flat is not None
    flat.value(flat.text, {"a": {"Ref": "A"}})


def test_a_hostile_text_is_read_in_time() -> None:
    parse_json('{"a": "' + "\\" * 50_000 + "${" * 50_000)
    decoded("${" * 100_000 + "}")
