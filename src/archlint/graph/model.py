"""Nodes, edges and the resource graph that rules read."""

from __future__ import annotations

from collections import defaultdict
from enum import IntEnum, StrEnum
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.findings import Severity
from archlint.graph.iam.facts import IamFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archlint.graph.imports import Import
    from archlint.graph.resolve import Resolver
    from archlint.graph.stacks import Stack
    from archlint.graph.workflows import Workflow
    from archlint.template.model import Json, Place, ProtonBundle, Resource


class EdgeKind(StrEnum):
    """What happens along an edge; source → target is the way the event, the data or the dependency flows."""

    TRIGGERS = "triggers"
    INVOKES = "invokes"
    PUBLISHES = "publishes"
    DELIVERS = "delivers"
    DEAD_LETTERS = "dead_letters"
    READS = "reads"
    WRITES = "writes"
    CONNECTS = "connects"
    REPLICATES = "replicates"
    MEMBER_OF = "member_of"
    PROXIES = "proxies"
    ASSUMES = "assumes"
    ATTACHES = "attaches"
    GRANTS = "grants"
    PERMITS = "permits"
    BOUNDS = "bounds"
    RUNS_IN = "runs_in"
    USES_LAYER = "uses_layer"
    LOGS_TO = "logs_to"
    WATCHES = "watches"
    ENCRYPTS = "encrypts"
    CONTAINS = "contains"
    IMPORTS = "imports"
    REFERENCES = "references"


class Evidence(IntEnum):
    """How an edge is known; a higher value is surer."""

    REFERENCE = 0
    POLICY = 1
    CODE = 2
    DECLARED = 3

    @property
    def label(self) -> str:
        """The word used in output: `declared`, `code`, `policy`, `reference`."""
        return self.name.lower()

    @property
    def ceiling(self) -> Severity:
        """The highest severity of a finding that rests on this evidence."""
        return _CEILING[self]


_CEILING = {
    Evidence.REFERENCE: Severity.NOTE,
    Evidence.POLICY: Severity.WARNING,
    Evidence.CODE: Severity.ERROR,
    Evidence.DECLARED: Severity.ERROR,
}


class Mode(StrEnum):
    """How a trigger or an invocation runs."""

    POLL = "poll"
    ASYNC = "async"
    SYNC = "sync"
    UNKNOWN = "unknown"


class Node(msgspec.Struct, eq=False):
    """A resource of one stack instance, a stack, or an external thing that templates only name.

    `type` is the CloudFormation type, `stack` for a stack node, `external` for an external one (then
    `logical_id` is its name). Compared and hashed by identity; `id` is unique in a graph.
    """

    id: str
    type: str
    logical_id: str
    stack: Stack | None = None
    resource: Resource | None = None
    external: bool = False
    owner: str | None = None
    service: str | None = None
    """Of a thing outside the run that a parameter names: the service of the ARN around the parameter (`s3`)."""

    def __str__(self) -> str:
        return self.logical_id

    @property
    def properties(self) -> dict[str, Any]:
        """The resource's properties as written (after SAM lowering); empty for stacks and externals."""
        return self.resource.properties if self.resource is not None else {}

    @property
    def generated_by(self) -> str | None:
        """Logical ID of the SAM resource this one was generated from, if it is not written itself."""
        return self.resource.generated_by if self.resource is not None else None

    @property
    def file(self) -> str | None:
        """The template file, relative to the root of the run."""
        return self.stack.template.name if self.stack is not None else None

    def place(self, *property_path: str | int) -> Place | None:
        """Where the resource, or one of its properties, is written."""
        return self.resource.place(property_path) if self.resource is not None else None


# One for all: most edges have none.
_NO_DETAIL: Mapping[str, Json] = MappingProxyType({})


class Edge(msgspec.Struct, eq=False):
    """One relation. `via` is the carrier (event source mapping, subscription …), `place` where it is declared.

    `qualifier` is the alias or version of a function, `access` (of `grants`) the access levels
    (`Read`, `Write`, `List`, `Tagging`, `Permissions management`), `actions` the IAM actions it rests on,
    `detail` what the carrier says about the flow: `filters`, `pattern`, `prefix`, `suffix`, `batch` … as Json.
    """

    kind: EdgeKind
    source: Node
    target: Node
    evidence: Evidence
    place: Place | None = None
    mode: Mode | None = None
    via: Node | None = None
    qualifier: str | None = None
    access: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    detail: Mapping[str, Json] = _NO_DETAIL

    def __str__(self) -> str:
        return f"{self.source} -[{self.kind}]-> {self.target}"


class ResourceGraph:
    """Every resource of the run and how they are wired. Rules get it finished and never change it.

    Edges keep the order in which they were added, which is the same on every run.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self._outgoing: defaultdict[Node, list[Edge]] = defaultdict(list)
        self._incoming: defaultdict[Node, list[Edge]] = defaultdict(list)
        self._by_type: dict[str, list[Node]] = {}
        self._by_kind: defaultdict[EdgeKind, list[Edge]] = defaultdict(list)
        self.stacks: list[Stack] = []
        self.bundles: list[ProtonBundle] = []
        self.iam = IamFacts()
        """What the policies say; `graph/iam/evaluate.py` answers questions about it."""
        self.resolver: Resolver | None = None
        """Answers what a value is, also after linking; rules reach it through `Values`."""
        self.imports: dict[Stack, tuple[Import, ...]] = {}
        """Memory of `imports.imports`."""
        self.run_once: dict[Node, bool] = {}
        """Memory of `databases.runs_once`."""
        self.workflows: dict[Node, list[Workflow]] = {}
        """Definitions of state machines; several for one machine when conditions choose."""

    def add_node(self, node: Node) -> Node:
        """Adds a node; its `id` must be new."""
        self.nodes[node.id] = node
        self._by_type.setdefault(node.type, []).append(node)
        return node

    def add_edge(self, edge: Edge) -> Edge:
        """Adds an edge between two nodes of this graph."""
        self.edges.append(edge)
        self._outgoing[edge.source].append(edge)
        self._incoming[edge.target].append(edge)
        self._by_kind[edge.kind].append(edge)
        return edge

    def of_type(self, *types: str) -> Iterator[Node]:
        """Nodes of these CloudFormation types; a type that ends with `*` is a prefix."""
        for name in types:
            if name.endswith("*"):
                for known in [key for key in self._by_type if key.startswith(name[:-1])]:
                    yield from self._by_type[known]
            else:
                yield from self._by_type.get(name, ())

    def types(self) -> Iterable[str]:
        """The types that occur."""
        return self._by_type.keys()

    def of_kind(self, *kinds: EdgeKind) -> Iterator[Edge]:
        """Edges of these kinds."""
        for kind in kinds:
            yield from self._by_kind.get(kind, ())

    def outgoing(self, node: Node, *kinds: EdgeKind) -> list[Edge]:
        """Edges that leave the node, of these kinds (all when none is named)."""
        found = self._outgoing.get(node)
        if found is None:
            return []
        return [edge for edge in found if edge.kind in kinds] if kinds else list(found)

    def incoming(self, node: Node, *kinds: EdgeKind) -> list[Edge]:
        """Edges that end on the node, of these kinds (all when none is named)."""
        found = self._incoming.get(node)
        if found is None:
            return []
        return [edge for edge in found if edge.kind in kinds] if kinds else list(found)

    def drop_edges(self, edges: Iterable[Edge]) -> None:
        """Takes edges out again: linking learns late that a policy edge is refuted by code."""
        dropped = list(edges)
        if not dropped:
            return
        gone = set(map(id, dropped))
        self.edges = [edge for edge in self.edges if id(edge) not in gone]
        kept = partial(_without, gone)
        self._outgoing |= {edge.source: kept(self._outgoing[edge.source]) for edge in dropped}
        self._incoming |= {edge.target: kept(self._incoming[edge.target]) for edge in dropped}
        self._by_kind |= {kind: kept(self._by_kind[kind]) for kind in {edge.kind for edge in dropped}}


def _without(gone: set[int], edges: list[Edge]) -> list[Edge]:
    return [edge for edge in edges if id(edge) not in gone]
