from __future__ import annotations

from typing import Any

import pytest

from archlint.graph.edges.string_template import Flat, decoded, flatten, parse_json, quote_placeholders


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        {"Fn::Sub": "a ${B} c ${D.Arn} ${!Left}"},
        {"Fn::Sub": ["${A}-${B}", {"A": {"Fn::Join": ["/", ["x", {"Ref": "Y"}]]}}]},
        {"Fn::Join": [":", ["a", {"Fn::ImportValue": "x"}, {"Fn::Sub": "${C}"}]]},
        {"Ref": "A"},
    ],
)
def test_a_text_becomes_the_value_that_it_was(value: Any) -> None:
    flat = flatten(value)
    assert flat is not None
    again = flatten(flat.value(flat.text))
    assert again is not None
    assert (again.text, again.holes) == (flat.text, flat.holes)


@pytest.mark.parametrize("value", [None, [], ["a"], {}, {"a": 1, "b": 2}])
def test_what_is_no_text(value: Any) -> None:
    assert flatten(value) is None


def test_pieces_and_substitutions() -> None:
    flat = flatten({"Fn::Sub": "arn:${A}:x/${B.Arn}/y"})
    assert flat is not None
    assert flat.value(flat.text.split("/")[1]) == {"Fn::GetAtt": ["B", "Arn"]}
    assert flat.value("literal") == "literal"
    plain = Flat("", [])
    assert plain.value("${Queue}", {"Queue": {"Ref": "Jobs"}}) == {"Ref": "Jobs"}
    assert plain.value("a/${Queue}", {"Queue": {"Ref": "Jobs"}}) == {"Fn::Join": ["", ["a/", {"Ref": "Jobs"}]]}
    assert plain.value("${Other}", {"Queue": 1}) == "${Other}"
    assert plain.value("${!Queue}", {"Queue": 1}) == "${!Queue}"


def test_placeholders_outside_of_strings() -> None:
    assert quote_placeholders('{"a": ${B}, "c": "${D} \\" ${E}"}') == '{"a": "${B}", "c": "${D} \\" ${E}"}'
    assert parse_json('{"a": ${B}}') == {"a": "${B}"}
    assert parse_json("{") is None
    assert parse_json("[" * 100_000) is None


def test_decoded_keeps_what_a_sub_fills_in() -> None:
    value: Any = {"Fn::Sub": '{"source": ["${Name}"], "n": [1]}'}
    assert decoded(value) == {"source": [{"Ref": "Name"}], "n": [1]}
    assert decoded({"source": ["x"]}) == {"source": ["x"]}
    assert decoded('{"a": 1}') == {"a": 1}
    assert decoded("no") is None
