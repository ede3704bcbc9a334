"""Cycles, paths and fans; hand-made graphs, because the shapes matter and not what the nodes are."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from archlint.graph.model import Edge, EdgeKind, Evidence, Node, ResourceGraph
from archlint.graph.queries import (
    Cycle,
    betweenness,
    cycles,
    fan_in,
    fan_out,
    longest_paths,
    reachable,
    shortest_path,
    weakest,
)

INVOKES, TRIGGERS = EdgeKind.INVOKES, EdgeKind.TRIGGERS


def graph(*edges: str, evidence: str = "") -> ResourceGraph:
    """`graph("ab", "bc")` is a → b → c. Edges in `evidence` rest on a policy, those in capitals on a name."""
    made = ResourceGraph()
    for name in dict.fromkeys("".join(edges)):
        made.add_node(Node(name, "AWS::Lambda::Function", name))
    for edge in edges:
        sureness = Evidence.DECLARED
        if edge in evidence.split():
            sureness = Evidence.POLICY
        elif edge.upper() in evidence.split():
            sureness = Evidence.REFERENCE
        made.add_edge(Edge(INVOKES, made.nodes[edge[0]], made.nodes[edge[1]], sureness))
    return made


def shown(cycle: Cycle) -> str:
    return "".join(str(node) for node in cycle.closed())


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ("ab bc", []),
        ("ab ba", ["aba"]),
        ("aa", ["aa"]),
        ("ab bc ca", ["abca"]),
        ("ab bc ca cb", ["bcb"]),
        ("ab ba cd dc", ["aba", "cdc"]),
        ("ab ba bc cd dc", ["aba", "cdc"]),
        ("xa ab bc ca cx", ["abca"]),
        ("za ab bc ca", ["abca"]),
        ("ab bc cd de ea be eb", ["beb"]),
    ],
)
def test_one_shortest_cycle_for_each_component(edges: str, expected: list[str]) -> None:
    assert [shown(cycle) for cycle in cycles(graph(*edges.split()), INVOKES)] == expected


def test_a_surer_cycle_goes_before_a_shorter_one() -> None:
    made = graph("ab", "ba", "bc", "ca", evidence="ba")
    (cycle,) = cycles(made, INVOKES)
    assert (shown(cycle), cycle.evidence) == ("abca", Evidence.DECLARED)
    made = graph("ab", "ba", "bc", "ca", evidence="BA ca")
    (cycle,) = cycles(made, INVOKES)
    assert (shown(cycle), cycle.evidence) == ("abca", Evidence.POLICY)


def test_of_equal_cycles_the_first_node_in_the_graph_tells_whatever_the_order_of_the_edges() -> None:
    made = graph("dc", "cd", "da", "ad", "bd", "db")
    for name in "abcd":  # the order of the nodes, not that of the edges above
        made.nodes[name] = made.nodes.pop(name)
    assert [shown(cycle) for cycle in cycles(made, INVOKES)] == ["ada"]


def test_of_parallel_edges_the_surest_is_taken() -> None:
    made = graph("ab", "ba")
    made.edges[0].evidence = Evidence.REFERENCE
    sure = made.add_edge(Edge(INVOKES, made.nodes["a"], made.nodes["b"], Evidence.DECLARED))
    assert cycles(made, INVOKES)[0].edges[0] is sure


def test_kinds_keep_and_through() -> None:
    made = graph("ab", "ba", "bc", "cb")
    assert cycles(made, TRIGGERS) == []
    assert [shown(c) for c in cycles(made, INVOKES, keep=lambda edge: str(edge.source) != "b")] == []
    assert [shown(c) for c in cycles(made, INVOKES, through=lambda node: str(node) == "c")] == ["cbc"]
    assert cycles(made, INVOKES, through=lambda _: False) == []


def test_a_ring_and_a_clique_are_cheap() -> None:
    """Both are quick only if a node leaves once its shortest cycle is known; a quadratic search takes minutes."""
    size = 20_000
    ring = ResourceGraph()
    nodes = [ring.add_node(Node(str(i), "T", str(i))) for i in range(size)]
    for index, node in enumerate(nodes):
        ring.add_edge(Edge(INVOKES, node, nodes[(index + 1) % size], Evidence.DECLARED))
    (cycle,) = cycles(ring, INVOKES)
    assert len(cycle.edges) == size
    clique = ResourceGraph()
    nodes = [clique.add_node(Node(str(i), "T", str(i))) for i in range(150)]
    for source in nodes:
        for target in nodes:
            if source is not target:
                clique.add_edge(Edge(INVOKES, source, target, Evidence.DECLARED))
    assert [len(cycle.edges) for cycle in cycles(clique, INVOKES)] == [2]


def test_shortest_cycles_agree_with_networkx() -> None:
    import networkx as nx

    chance = random.Random(5)  # noqa: S311 - shapes, not secrets
    for _ in range(60):
        letters = "abcdefgh"
        edges = sorted({chance.choice(letters) + chance.choice(letters) for _ in range(chance.randint(2, 14))})
        found = {frozenset(map(str, cycle.nodes)): len(cycle.edges) for cycle in cycles(graph(*edges), INVOKES)}
        reference: nx.DiGraph[str] = nx.DiGraph(tuple(edge) for edge in edges)
        shortest: dict[frozenset[str], int] = {}
        for component in nx.strongly_connected_components(reference):
            lengths = [len(cycle) for cycle in nx.simple_cycles(reference.subgraph(component))]
            if lengths:
                shortest[frozenset(component)] = min(lengths)
        assert len(found) == len(shortest)
        for nodes, length in found.items():
            assert [least for component, least in shortest.items() if nodes <= component] == [length]


def test_networkx_is_not_imported_without_a_cycle() -> None:
    code = (
        "import sys\n"
        "from archlint.graph.model import Edge, EdgeKind, Evidence, Node, ResourceGraph\n"
        "from archlint.graph.queries import cycles, longest_paths\n"
        "graph = ResourceGraph()\n"
        "a, b = (graph.add_node(Node(name, 'T', name)) for name in 'ab')\n"
        "graph.add_edge(Edge(EdgeKind.INVOKES, a, b, Evidence.DECLARED))\n"
        "assert cycles(graph, EdgeKind.INVOKES) == []\n"
        "assert len(longest_paths(graph, EdgeKind.INVOKES)) == 1\n"
        "assert 'networkx' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_reachable() -> None:
    made = graph("ab", "bc", "cd", "ac", "da", "ef")
    found = reachable(made, made.nodes["a"], INVOKES)
    assert [str(node) for node in found] == ["b", "c", "d", "a"]
    assert [str(edge.target) for edge in found.path(made.nodes["d"])] == ["c", "d"]
    assert [str(edge.target) for edge in found.path(made.nodes["a"])] == ["c", "d", "a"]
    assert made.nodes["f"] not in found
    assert len(reachable(made, made.nodes["f"], INVOKES)) == 0


def test_reachable_backward_keeps_the_direction_of_the_flow() -> None:
    made = graph("ab", "bc")
    found = reachable(made, made.nodes["c"], INVOKES, backward=True)
    assert [str(edge.source) for edge in found.path(made.nodes["a"])] == ["a", "b"]


def test_shortest_path() -> None:
    made = graph("ab", "bc", "ac", "ca", "cd")
    nodes = made.nodes

    def path(start: str, end: str) -> str | None:
        found = shortest_path(made, nodes[start], nodes[end], INVOKES)
        return None if found is None else start + "".join(str(edge.target) for edge in found)

    assert path("a", "d") == "acd"
    assert path("a", "a") == "aca"
    assert path("d", "a") is None
    assert (
        shortest_path(made, nodes["a"], nodes["d"], INVOKES, keep=lambda edge: str(edge) != "c -[invokes]-> d") is None
    )


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ("ab bc ac", ["abc"]),
        ("ab bc xc cd", ["abcd", "xcd"]),
        ("ab ba", []),
        ("ab ba bc cd", ["bcd"]),
        ("sa ab ba bt", ["sa", "bt"]),
    ],
)
def test_longest_paths(edges: str, expected: list[str]) -> None:
    paths = longest_paths(graph(*edges.split()), INVOKES)
    assert ["".join([str(path[0].source), *(str(edge.target) for edge in path)]) for path in paths] == expected


def test_fans_count_distinct_ends_in_order() -> None:
    made = graph("ab", "cb", "ab", "ad")
    assert {str(node): "".join(map(str, ends)) for node, ends in fan_in(made, INVOKES).items()} == {"b": "ac", "d": "a"}
    assert {str(node): "".join(map(str, ends)) for node, ends in fan_out(made, INVOKES).items()} == {
        "a": "bd",
        "c": "b",
    }
    assert fan_in(made, INVOKES, keep=lambda edge: str(edge.source) == "z") == {}


def test_weakest_and_betweenness() -> None:
    made = graph("ab", "bc", evidence="bc")
    assert weakest(made.edges) is Evidence.POLICY
    assert weakest([]) is Evidence.DECLARED
    assert betweenness([("a", "b"), ("b", "c")]) == {"a": 0.0, "b": 0.5, "c": 0.0}
