"""`match` patterns: GQL path patterns over the resource graph, for rules and for `archlint query`.

(queue:AWS::SQS::Queue)-[e:triggers]->(function:AWS::Lambda::Function), (function)-[writes*1..3]->(queue)
"""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

import msgspec

from archlint.errors import ArchlintError
from archlint.graph.model import EdgeKind
from archlint.ruleset.matching import search
from archlint.ruleset.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archlint.graph.model import Edge, Node, ResourceGraph

MAXIMUM_LENGTH = 4000
"""Characters of a pattern; patterns of a stranger's rule pack are input like any other."""
MAXIMUM_EDGES = 12
"""Edge patterns of a pattern: the search recurses once for each."""
MAXIMUM_HOPS = 20
"""Upper end of `*1..n`, and what `*` alone stands for."""
RESERVED_NAMES = frozenset({"params", "exists", "true", "false", "null"})

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:::[A-Za-z0-9]+)*(?:::)?\*?")
_NUMBER = re.compile(r"[0-9]{1,4}")


class PatternError(ArchlintError):
    """The text is no pattern; `column` is 1-based and counts from the start of the pattern."""

    def __init__(self, message: str, column: int, hint: str | None = None) -> None:
        super().__init__(message, f"column {column}", hint)
        self.column = column


class NodePattern(msgspec.Struct, frozen=True):
    """`(name:Type|Other)`; no types means any node, a type that ends with `*` is a prefix."""

    name: str | None
    types: tuple[str, ...]


class EdgePattern(msgspec.Struct, frozen=True):
    """`-[name:kind|other]->` from `source` to `target` (indexes of `Pattern.nodes`).

    No kinds means any. A path (`*2..4`) has other hops than 1 to 1 and no name.
    """

    source: int
    target: int
    name: str | None
    kinds: tuple[EdgeKind, ...]
    minimum: int = 1
    maximum: int = 1

    @property
    def is_path(self) -> bool:
        """Whether it stands for several edges in a row."""
        return (self.minimum, self.maximum) != (1, 1)


class Match(msgspec.Struct, frozen=True):
    """One way to find a pattern in a graph.

    `bindings` has the named nodes and edges, `nodes` every node of the pattern (named or not), `edges` every edge in
    the order of the pattern's text; a path contributes all its edges, from its source to its target.
    """

    bindings: Mapping[str, Node | Edge]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class Pattern(msgspec.Struct, frozen=True):
    """A parsed pattern. Equal names are one node; an edge is used once in a match; nodes may coincide."""

    text: str
    nodes: tuple[NodePattern, ...]
    edges: tuple[EdgePattern, ...]

    def matches(self, graph: ResourceGraph, given: Mapping[str, Node | Edge] | None = None) -> Iterator[Match]:
        """Every match, in an order that depends on the graph alone. `given` fixes named nodes beforehand.

        Of a path between two nodes only a shortest one within its bounds counts.
        """
        return search(self, graph, given or {}, Match)

    @property
    def node_names(self) -> frozenset[str]:
        """Names of nodes."""
        return frozenset(node.name for node in self.nodes if node.name)

    @property
    def edge_names(self) -> frozenset[str]:
        """Names of edges."""
        return frozenset(edge.name for edge in self.edges if edge.name)


def parse_pattern(text: str, given: frozenset[str] = frozenset()) -> Pattern:
    """The pattern that this text writes; raises PatternError.

    All parts must hang together by shared names; names in `given` count as known to each other (`without`).
    """
    if len(text) > MAXIMUM_LENGTH:
        raise PatternError(f"pattern is longer than {MAXIMUM_LENGTH} characters", MAXIMUM_LENGTH)
    parser = _Parser(text)
    parser.patterns()
    pattern = Pattern(text, tuple(parser.nodes), tuple(parser.edges))
    _require_connected(pattern, given)
    return pattern


class _Parser:
    """Reads a pattern from left to right; collects nodes (one per name) and edges."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.nodes: list[NodePattern] = []
        self.edges: list[EdgePattern] = []
        self._by_name: dict[str, int] = {}
        self._edge_names: set[str] = set()

    def patterns(self) -> None:
        self._path()
        while self._take(","):
            self._path()
        if self.position < len(self.text):
            raise self._expected('"-[", "<-[", "," or the end')

    def _path(self) -> None:
        left = self._node()
        while True:
            start = self.position
            if self._take("<--"):
                backward, step = True, _Step()
            elif self._take("-->"):
                backward, step = False, _Step()
            elif self._take("<-["):
                backward, step = True, self._inside()
                self._expect("]-")
            elif self._take("-["):
                backward, step = False, self._inside()
                self._expect("]->")
            else:
                return
            right = self._node()
            if len(self.edges) == MAXIMUM_EDGES:
                raise PatternError(f"pattern has more than {MAXIMUM_EDGES} edges", start + 1)
            source, target = (right, left) if backward else (left, right)
            self.edges.append(EdgePattern(source, target, step.name, step.kinds, step.minimum, step.maximum))
            left = right

    def _node(self) -> int:
        self._expect("(")
        start = self.position
        name = self._match(_NAME)
        types: tuple[str, ...] = ()
        if self._take(":"):
            types = self._alternatives(_TYPE, "a resource type")
        self._expect(")")
        if name is None:
            self.nodes.append(NodePattern(None, types))
            return len(self.nodes) - 1
        self._check_name(name, start)
        known = self._by_name.get(name)
        if known is None:
            self._by_name[name] = len(self.nodes)
            self.nodes.append(NodePattern(name, types))
            return len(self.nodes) - 1
        if types and self.nodes[known].types and types != self.nodes[known].types:
            raise PatternError(f"{name} has two different types", start + 1, "give the type once")
        if types:
            self.nodes[known] = NodePattern(name, types)
        return known

    def _inside(self) -> _Step:
        """What stands between the brackets of an edge: `name:kind|kind*1..4`, all of it optional."""
        start = self.position
        name = self._match(_NAME)
        kinds: tuple[EdgeKind, ...] = ()
        if name is not None and self._take(":"):
            self._check_name(name, start)
            if name in self._by_name or name in self._edge_names:
                raise PatternError(f"{name} is used twice", start + 1)
            self._edge_names.add(name)
            kinds = self._kinds()
        elif name is not None:
            self.position, name = start, None
            kinds = self._kinds()
        minimum, maximum = self._hops() if self._take("*") else (1, 1)
        if name is not None and (minimum, maximum) != (1, 1):
            raise PatternError(f"{name} names a path", start + 1, "only a single edge can have a name")
        return _Step(name, kinds, minimum, maximum)

    def _kinds(self) -> tuple[EdgeKind, ...]:
        start = self.position
        names = self._alternatives(_NAME, "an edge kind")
        known = {kind.value: kind for kind in EdgeKind}
        for name in names:
            if name not in known:
                hint = did_you_mean(name, known) or f"kinds are {', '.join(known)}"
                raise PatternError(f'unknown edge kind "{name}"', start + 1, hint)
        return tuple(known[name] for name in names)

    def _hops(self) -> tuple[int, int]:
        start = self.position
        low = self._match(_NUMBER)
        if self._take(".."):
            high = self._match(_NUMBER)
            minimum, maximum = int(low or 1), int(high or MAXIMUM_HOPS)
        else:
            minimum, maximum = int(low or 1), int(low or MAXIMUM_HOPS)
        if not 1 <= minimum <= maximum <= MAXIMUM_HOPS:
            raise PatternError("impossible path length", start + 1, f"lengths go from 1 to {MAXIMUM_HOPS}")
        return minimum, maximum

    def _alternatives(self, what: re.Pattern[str], expected: str) -> tuple[str, ...]:
        found = []
        while True:
            item = self._match(what)
            if item is None:
                raise self._expected(expected)
            found.append(item)
            if not self._take("|"):
                return tuple(found)

    def _check_name(self, name: str, start: int) -> None:
        if name in RESERVED_NAMES or keyword.iskeyword(name):
            raise PatternError(f'"{name}" cannot be a name', start + 1, "it has a meaning in expressions")
        if name in self._edge_names:
            raise PatternError(f"{name} is the name of an edge", start + 1)

    def _match(self, what: re.Pattern[str]) -> str | None:
        found = what.match(self.text, self.position)
        if found is None:
            return None
        self._move(found.end())
        return found.group()

    def _take(self, literal: str) -> bool:
        if not self.text.startswith(literal, self.position):
            return False
        self._move(self.position + len(literal))
        return True

    def _expect(self, literal: str) -> None:
        self._move(self.position)
        if not self._take(literal):
            raise self._expected(f'"{literal}"')

    def _move(self, position: int) -> None:
        space = _SPACE.match(self.text, position)
        self.position = space.end() if space else position

    def _expected(self, what: str) -> PatternError:
        rest = self.text[self.position : self.position + 12]
        found = f'"{rest}"' if rest else "the end"
        return PatternError(f"expected {what}, found {found}", self.position + 1)


class _Step(msgspec.Struct, frozen=True):
    name: str | None = None
    kinds: tuple[EdgeKind, ...] = ()
    minimum: int = 1
    maximum: int = 1


def _require_connected(pattern: Pattern, given: frozenset[str]) -> None:
    """Unconnected parts would be matched as a product: n * m combinations that mean nothing."""
    known = {index for index, node in enumerate(pattern.nodes) if node.name in given} or {0}
    rest = list(pattern.edges)
    while True:
        joined = [edge for edge in rest if edge.source in known or edge.target in known]
        if not joined:
            break
        known.update(index for edge in joined for index in (edge.source, edge.target))
        rest = [edge for edge in rest if edge not in joined]
    if len(known) < len(pattern.nodes):
        names = [node.name or "()" for index, node in enumerate(pattern.nodes) if index not in known]
        raise PatternError(f"{names[0]} is not connected to the rest", 1, "join the parts by a shared name")
