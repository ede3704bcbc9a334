"""What a pattern finds in a graph."""

from __future__ import annotations

import itertools

import pytest

from archlint.graph.model import Edge, EdgeKind, Evidence, Node, ResourceGraph
from archlint.ruleset.pattern import Match, parse_pattern

QUEUE, FUNCTION, TOPIC = "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::SNS::Topic"


def graph(nodes: str, edges: str) -> ResourceGraph:
    """`graph("q:queue f:function", "q-triggers->f")`; hand-made, for shapes that no short template has."""
    types = {"queue": QUEUE, "function": FUNCTION, "topic": TOPIC}
    made = ResourceGraph()
    for name, kind in (item.split(":") for item in nodes.split()):
        made.add_node(Node(name, types[kind], name))
    for item in edges.split():
        source, _, rest = item.partition("-")
        kind, _, target = rest.partition("->")
        made.add_edge(Edge(EdgeKind(kind), made.nodes[source], made.nodes[target], Evidence.DECLARED))
    return made


def found(text: str, made: ResourceGraph, **given: str) -> list[str]:
    bound = {name: made.nodes[node] for name, node in given.items()}
    return [_shown(match) for match in parse_pattern(text, frozenset(given)).matches(made, bound)]


def _shown(match: Match) -> str:
    return " ".join(f"{name}={bound}" for name, bound in match.bindings.items() if isinstance(bound, Node))


SHOP = graph(
    "orders:queue spare:queue ship:function bill:function news:topic",
    "orders-triggers->ship orders-triggers->bill ship-publishes->news bill-writes->news news-triggers->ship "
    "ship-publishes->orders",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(q:AWS::SQS::Queue)", ["q=orders", "q=spare"]),
        ("(q:AWS::S*)", ["q=orders", "q=spare", "q=news"]),
        ("(q:AWS::SQS::Queue)-[triggers]->(f)", ["q=orders f=ship", "q=orders f=bill"]),
        ("(f)<-[triggers]-(q:AWS::SQS::Queue)", ["f=ship q=orders", "f=bill q=orders"]),
        ("(f)-[publishes|writes]->(t:AWS::SNS::Topic)", ["f=ship t=news", "f=bill t=news"]),
        ("(q:AWS::SQS::Queue)-[dead_letters]->()", []),
        ("(t:AWS::Kinesis::Stream)-->()", []),
        ("(a)-[triggers]->(b)-[publishes]->(a)", ["a=orders b=ship", "a=news b=ship"]),
        ("(a:AWS::SQS::Queue)-->(b), (b)-->(c:AWS::SNS::Topic)", ["a=orders b=ship c=news", "a=orders b=bill c=news"]),
        ("(b:AWS::Lambda::Function)-[writes]->(t)-[triggers*1..2]->(f)", ["b=bill t=news f=ship"]),
    ],
)
def test_matches(text: str, expected: list[str]) -> None:
    assert sorted(found(text, SHOP)) == sorted(expected)


def test_an_edge_is_used_once_but_nodes_may_coincide() -> None:
    made = graph("q:queue f:function", "q-triggers->f")
    assert found("(a)-[triggers]->(f)<-[triggers]-(b)", made) == []
    double = graph("q:queue f:function", "q-triggers->f q-triggers->f")
    assert found("(a)-[triggers]->(f)<-[triggers]-(b)", double) == ["a=q f=f b=q"] * 2


def test_parallel_edges_are_matches_of_their_own() -> None:
    made = graph("q:queue f:function", "q-triggers->f q-triggers->f")
    pattern = parse_pattern("(q)-[e:triggers]->(f)")
    assert [match.bindings["e"] for match in pattern.matches(made)] == made.edges


def test_bound_edge_and_all_edges_in_order() -> None:
    pattern = parse_pattern("(c:AWS::SNS::Topic)<-[e:publishes]-(b)<-[triggers]-(a:AWS::SQS::Queue)")
    (match,) = pattern.matches(SHOP)
    assert [str(edge) for edge in match.edges] == ["ship -[publishes]-> news", "orders -[triggers]-> ship"]
    assert match.bindings["e"] is match.edges[0]
    assert [str(node) for node in match.nodes] == ["news", "ship", "orders"]


def test_a_path_takes_a_shortest_way_within_its_bounds() -> None:
    chain = graph("a:function b:function c:function d:function", "a-invokes->b b-invokes->c c-invokes->d a-invokes->c")
    pattern = parse_pattern("(x:AWS::Lambda::Function)-[invokes*2..3]->(y:AWS::Lambda::Function)")
    ways = {(str(m.nodes[0]), str(m.nodes[1])): [str(e.target) for e in m.edges] for m in pattern.matches(chain)}
    assert ways == {("a", "c"): ["b", "c"], ("a", "d"): ["c", "d"], ("b", "d"): ["c", "d"]}


def test_a_path_backwards_keeps_the_direction_of_the_flow() -> None:
    chain = graph("a:queue b:function c:topic", "a-triggers->b b-publishes->c")
    (match,) = parse_pattern("(c:AWS::SNS::Topic)<-[triggers|publishes*2]-(a)").matches(chain)
    assert [str(edge.source) for edge in match.edges] == ["a", "b"]


def test_a_path_can_lead_back_to_its_start() -> None:
    ring = graph("a:queue b:function", "a-triggers->b b-publishes->a")
    assert found("(a:AWS::SQS::Queue)-[triggers|publishes*1..4]->(a)", ring) == ["a=a"]


def test_given_nodes_restrict_the_matches() -> None:
    assert found("(q)-[triggers]->()", SHOP, q="orders") == ["q=orders", "q=orders"]
    assert found("(q)-[triggers]->()", SHOP, q="spare") == []
    assert found("()-[triggers]->(f)", SHOP, f="bill") == ["f=bill"]
    assert found("(q:AWS::SNS::Topic)-[triggers]->()", SHOP, q="orders") == []


def test_hubs_are_looked_at_once() -> None:
    """Work is counted, not timed: neighbours of a hub are asked for once, however many matches pass it."""
    spokes = 200
    made = graph("hub:topic " + " ".join(f"f{i}:function" for i in range(spokes)), "")
    for index in range(spokes):
        made.add_edge(Edge(EdgeKind.PUBLISHES, made.nodes[f"f{index}"], made.nodes["hub"], Evidence.DECLARED))
    calls = itertools.count()
    incoming = made.incoming

    def counted(node: Node, *kinds: EdgeKind) -> list[Edge]:
        next(calls)
        return incoming(node, *kinds)

    made.incoming = counted  # type: ignore[method-assign] # counting is the test
    matches = sum(1 for _ in parse_pattern("(a)-[publishes]->(h:AWS::SNS::Topic)<-[publishes]-(b)").matches(made))
    assert matches == spokes * (spokes - 1)
    assert next(calls) == 2
