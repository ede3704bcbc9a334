"""What is a pattern and what is none."""

from __future__ import annotations

import pytest

from archlint.graph.model import EdgeKind
from archlint.ruleset.pattern import MAXIMUM_EDGES, EdgePattern, NodePattern, PatternError, parse_pattern


def test_a_path_of_two_nodes() -> None:
    pattern = parse_pattern("(queue:AWS::SQS::Queue)-[triggers]->(function:AWS::Lambda::Function)")
    assert pattern.nodes == (
        NodePattern("queue", ("AWS::SQS::Queue",)),
        NodePattern("function", ("AWS::Lambda::Function",)),
    )
    assert pattern.edges == (EdgePattern(0, 1, None, (EdgeKind.TRIGGERS,)),)


def test_arrow_to_the_left_swaps_the_ends() -> None:
    pattern = parse_pattern("(a)<-[writes]-(b)")
    assert (pattern.edges[0].source, pattern.edges[0].target) == (1, 0)


def test_alternatives_prefixes_and_names() -> None:
    pattern = parse_pattern(" ( a : AWS::RDS::* | stack ) -[ e : reads | writes ]-> ( : external ) ")
    assert pattern.nodes == (NodePattern("a", ("AWS::RDS::*", "stack")), NodePattern(None, ("external",)))
    assert pattern.edges[0].kinds == (EdgeKind.READS, EdgeKind.WRITES)
    assert [*pattern.node_names, *pattern.edge_names] == ["a", "e"]


@pytest.mark.parametrize(
    ("hops", "expected"),
    [("", (1, 1)), ("*", (1, 20)), ("*3", (3, 3)), ("*1..4", (1, 4)), ("*..4", (1, 4)), ("*2..", (2, 20))],
)
def test_path_lengths(hops: str, expected: tuple[int, int]) -> None:
    edge = parse_pattern(f"(a)-[triggers|publishes{hops}]->(b)").edges[0]
    assert (edge.minimum, edge.maximum) == expected


def test_any_edge_can_be_written_three_ways() -> None:
    assert parse_pattern("(a)-->(b)").edges == parse_pattern("(a)-[]->(b)").edges
    assert parse_pattern("(a)<--(b)").edges == parse_pattern("(a)<-[]-(b)").edges


def test_equal_names_are_one_node() -> None:
    pattern = parse_pattern("(a:AWS::SNS::Topic)-->(b), (b)-->(a)")
    assert len(pattern.nodes) == 2
    assert [(edge.source, edge.target) for edge in pattern.edges] == [(0, 1), (1, 0)]


def test_line_breaks_are_white_space() -> None:
    assert len(parse_pattern("(a)-[triggers]->(b),\n  (b)-[writes]->(c)\n").edges) == 2


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, 'expected "\\("'),
        ("queue", 1, 'expected "\\("'),
        ("(a", 3, 'expected "\\)", found the end'),
        ("(a:)", 4, "expected a resource type"),
        ("(a)-[triggers]-(b)", 14, 'expected "]->"'),
        ("(a)<-[triggers]->(b)", 17, 'expected "\\("'),
        ("(a)-[trigers]->(b)", 6, 'unknown edge kind "trigers".*did you mean "triggers"'),
        ("(a)-[e:nothing]->(b)", 8, "kinds are triggers"),
        ("(a)-[e:reads]->(b)-[e:reads]->(c)", 21, "e is"),
        ("(a)-[a:reads]->(b)", 6, "a is used twice"),
        ("(e)-[reads]->(b)-[e:reads]->(c)", 19, "e is used twice"),
        ("(a)-[e:reads*1..3]->(b)", 6, "e names a path"),
        ("(a)-[reads*0..3]->(b)", 12, "impossible path length"),
        ("(a)-[reads*5..3]->(b)", 12, "impossible path length"),
        ("(a)-[reads*1..99]->(b)", 12, "from 1 to 20"),
        ("(params)", 2, '"params" cannot be a name'),
        ("(lambda:AWS::Lambda::Function)", 2, '"lambda" cannot be a name'),
        ("(a:AWS::SQS::Queue)-->(a:AWS::SNS::Topic)", 24, "two different types"),
        ("(a)-->(b), (c)-->(d)", 1, "c is not connected"),
        ("(a), ()", 1, "\\(\\) is not connected"),
        ("(a)-->(b) where", 11, "the end"),
    ],
)
def test_errors_say_where(text: str, column: int, says: str) -> None:
    with pytest.raises(PatternError, match=says) as error:
        parse_pattern(text)
    assert error.value.column == column


def test_size_is_limited() -> None:
    with pytest.raises(PatternError, match="more than 12 edges"):
        parse_pattern("(a)" + "-->()" * (MAXIMUM_EDGES + 1))
    with pytest.raises(PatternError, match="longer than"):
        parse_pattern("(a)" + " " * 5000)


def test_given_names_connect_the_parts_of_an_absence() -> None:
    assert parse_pattern("(a)-->(), ()-->(b)", frozenset({"a", "b"})).edges
