"""The language of `where`: what it means, and that it is nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.graph.values import UNKNOWN, Unknown
from archlint.ruleset.expression import ExpressionError, NamePath, Vocabulary, compile_expression
from archlint.ruleset.message import compile_message, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archlint.ruleset.logic import Value

WORDS = Vocabulary(frozenset({"queue", "function"}), frozenset({"e"}), frozenset({"factor", "names"}))


class FakeScope:
    """Values by `name.path`; whatever is not given is absent."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values = values

    def value(self, name: str, path: NamePath) -> Value:
        return self.values.get(".".join((name, *path)))

    def exists(self, name: str, path: NamePath) -> bool:
        return self.value(name, path) is not None

    def display(self, name: str) -> str:
        return name.title()


def value(text: str, **values: Value) -> Value:
    return compile_expression(text, WORDS).evaluate(FakeScope({key.replace("__", "."): v for key, v in values.items()}))


def holds(text: str, **values: Value) -> bool | Unknown:
    return compile_expression(text, WORDS).holds(FakeScope({key.replace("__", "."): v for key, v in values.items()}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 < 2", True),
        ("2 <= 2 < 3", True),
        ("2 <= 2 < 2", False),
        ("1 + 2 * 3 - 1 == 6", True),
        ("-1 == 0 - 1", True),
        ('"a" in ["a", "b"]', True),
        ('"a" not in ("a", "b")', False),
        ('"aws" in "aws:sqs"', True),
        ("true and not false", True),
        ("null == null", True),
        ("false or null", False),
        ('"a" < "b"', True),
        ("1 != 2", True),
    ],
)
def test_constants(text: str, expected: bool) -> None:
    assert holds(text) is expected


def test_properties_and_params() -> None:
    text = "queue.VisibilityTimeout < params.factor * function.Timeout"
    assert holds(text, queue__VisibilityTimeout=60, params__factor=6, function__Timeout=30) is True
    assert holds(text, queue__VisibilityTimeout=180, params__factor=6, function__Timeout=30) is False


def test_templates_write_numbers_and_booleans_as_text_too() -> None:
    assert holds("queue.A < 5", queue__A="4") is True
    assert holds("queue.A == 4.5", queue__A="4.5") is True
    assert holds("queue.A == true", queue__A="true") is True
    assert holds("queue.A != false", queue__A="False") is False
    assert holds("queue.A", queue__A="true") is True
    assert holds("queue.A == 1", queue__A=True) is False


@pytest.mark.parametrize("other", [True, False, UNKNOWN])
def test_kleene(other: bool | Unknown) -> None:
    assert holds("queue.A and false", queue__A=other) is False
    assert holds("queue.A or true", queue__A=other) is True
    assert holds("queue.A and true", queue__A=other) is other
    assert holds("queue.A or false", queue__A=other) is other
    assert holds("not not queue.A", queue__A=other) is other


@pytest.mark.parametrize(
    "text",
    [
        "queue.A < 5",
        "queue.A == 5",
        "queue.A != 5",
        "queue.A + 1 > 0",
        "-queue.A < 5",
        "not queue.A < 5",
        "queue.A in [1, 2]",
        "queue.A not in [1, 2]",
        "1 in [queue.A, 2]",
        "1 in queue.A",
        "1 not in queue.A",
        "1 < queue.A < 3",
        "queue.A",
    ],
)
def test_unknown_stays_unknown(text: str) -> None:
    assert holds(text, queue__A=UNKNOWN) is UNKNOWN


def test_unknown_does_not_matter_where_the_rest_decides() -> None:
    assert holds("2 in [queue.A, 2]", queue__A=UNKNOWN) is True
    assert holds("5 < queue.A < 3 and 1 > 2", queue__A=UNKNOWN) is False


@pytest.mark.parametrize("odd", [None, "text", {"Ref": "X"}, [1], {}, True])
def test_odd_values_are_never_ordered(odd: Value) -> None:
    assert holds("queue.A < 5", queue__A=odd) is UNKNOWN
    assert holds("queue.A * 2 == 4", queue__A=odd) is UNKNOWN


def test_absent_values() -> None:
    assert holds("queue.A == null") is True
    assert holds("queue.A == 5") is False
    assert holds("1 in queue.A") is False
    assert holds("queue.A") is False
    assert holds("exists(queue.A)") is False
    assert holds("not exists(queue.A)", queue__A=UNKNOWN) is False


def test_lists_and_mappings_with_unresolved_parts() -> None:
    assert holds("queue.A == queue.B", queue__A=[1], queue__B=[1]) is True
    assert holds("queue.A == queue.B", queue__A=[{"Ref": "X"}], queue__B=[1]) is UNKNOWN
    assert holds("1 in queue.A", queue__A=[{"Fn::GetAtt": ["X", "Arn"]}]) is UNKNOWN
    assert holds('"Key" in queue.A', queue__A={"Key": {"Ref": "X"}}) is True


def test_paths_with_indexes_and_odd_keys() -> None:
    assert value("queue.Tags[0].Key", **{"queue__Tags.0.Key": "Team"}) == "Team"
    assert value('function.Environment["A-B"]', **{"function__Environment.A-B": 1}) == 1


def test_edges_have_facts() -> None:
    assert value("e.via.BatchSize", **{"e__via.BatchSize": 10}) == 10
    assert value("e.mode", e__mode="poll") == "poll"
    assert value("e.detail.filters", e__detail__filters=UNKNOWN) is UNKNOWN


def test_names_in_order() -> None:
    assert compile_expression("function.A < queue.B and function.C", WORDS).names == ("function", "queue")


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "invalid syntax|unexpected"),
        ("quue.A < 5", 1, 'unknown name "quue".*did you mean "queue"'),
        ("1 < qeue.A", 5, "unknown name"),
        ("queue.visible < 5", 1, "unknown fact of a node.*begin with a capital"),
        ("queue.ownr == 1", 1, 'did you mean "owner"'),
        ("e.Timeout", 1, "unknown fact of an edge"),
        ("e.via.batch", 1, "unknown fact of a node"),
        ("params.fctor", 1, 'did you mean "factor"'),
        ("params", 1, "unknown parameter"),
        ("params.names.x", 1, "unknown parameter"),
        ("__import__('os')", 1, "exists\\(path\\) is the only function"),
        ("queue.A.upper()", 1, "only function"),
        ("exists(5)", 8, "not a property path"),
        ("exists(queue)", 1, "takes a property path"),
        ("exists(params.factor)", 1, "takes a property path"),
        ("exists(queue.A, queue.B)", 1, "takes one property path"),
        ("lambda: 1", 1, "not allowed"),
        ("[x for x in queue.A]", 1, "not allowed"),
        ("queue.A if true else 1", 1, "not allowed"),
        ("queue.A / 2", 1, "not allowed"),
        ("queue.A ** 9", 1, "not allowed"),
        ("queue.A << 9", 1, "not allowed"),
        ("queue.A is null", 1, '"is" is not allowed'),
        ("{queue.A}", 1, "not allowed"),
        ("f'{queue.A}'", 1, "not allowed"),
        ("(queue.A := 5)", 2, "cannot use assignment"),
        ("(queue := 5)", 2, "not allowed"),
        ("queue[queue.A]", 1, "not a property path"),
        ("queue.A[1:2]", 1, "not a property path"),
        ("b'x' == queue.A", 1, "not allowed"),
        ("1j == queue.A", 1, "not allowed"),
        ("queue.A < 5 # or more", 13, "no comments"),
        ("queue.A = 5", 9, "invalid syntax; one = is no comparison"),
        ("queue.A >", 9, "something is missing at the end"),
        ("  \n  quue.A", 6, "unknown name"),
    ],
)
def test_refusals_say_where(text: str, column: int, says: str) -> None:
    with pytest.raises(ExpressionError, match=says) as error:
        compile_expression(text, WORDS)
    assert error.value.column == column


@pytest.mark.parametrize(
    "text", ["queue.A <", "(" * 300 + "1" + ")" * 300, "not " * 400 + "true", "-" * 1500 + "1", "1" * 5000]
)
def test_half_expressions_size_and_depth_are_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text, WORDS)


def test_strings_are_not_multiplied() -> None:
    assert value('"a" * 1000000') is UNKNOWN


def message(text: str, **values: Value) -> str:
    scope = FakeScope({key.replace("__", "."): v for key, v in values.items()})
    return compile_message(text, WORDS).render(scope)


def test_messages_insert_names_values_and_sums() -> None:
    text = (
        "{queue} waits {queue.A} s, less than {params.factor} x {function.T} s = {params.factor * function.T} s {{ok}}"
    )
    assert (
        message(text, queue__A=1.0, params__factor=6, function__T=30)
        == "Queue waits 1 s, less than 6 x 30 s = 180 s {ok}"
    )


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (None, "nothing"),
        (UNKNOWN, "an unknown value"),
        (True, "true"),
        (2.50, "2.5"),
        (10**40, "a huge number"),
        (["a", 1], "a, 1"),
        ({"a": 1}, "a mapping"),
        ("two\n  lines", "two lines"),
        ("x" * 500, "x" * 119 + "…"),
    ],
)
def test_values_in_messages(found: Value, text: str) -> None:
    assert shown(found) == text


@pytest.mark.parametrize(
    ("text", "column"), [("a {queue", 3), ("a } b", 3), ("see {quue.A}", 6), ("{queue.A} {exists(1)}", 19)]
)
def test_broken_messages_say_where(text: str, column: int) -> None:
    with pytest.raises(ExpressionError) as error:
        compile_message(text, WORDS)
    assert error.value.column == column
