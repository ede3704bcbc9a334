"""What a rule is, and the context in which its check runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from archlint.findings import Confidence, Finding, Location, Severity
from archlint.graph.defaults import property_default
from archlint.graph.model import Edge, Evidence, Node
from archlint.graph.values import UNKNOWN
from archlint.template.model import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from archlint.graph.model import ResourceGraph
    from archlint.graph.values import Unknown, Values
    from archlint.graph.worlds import World
    from archlint.template.model import Json, Template, TemplatePath

Pillar: TypeAlias = Literal[
    "reliability", "security", "performance-efficiency", "cost-optimization", "operational-excellence"
]
"""The pillars of the Well-Architected Framework."""

At: TypeAlias = "Node | Edge | Place | Location | tuple[Node, str]"
"""Where a finding points: a pair is a node and the path of one of its properties, `(queue, "VisibilityTimeout")`."""


@dataclass(frozen=True, slots=True)
class Param:
    """A threshold or list that the configuration may change."""

    type: Literal["integer", "number", "string", "boolean", "list"]
    default: Json
    minimum: float | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class RuleMeta:
    """What a rule says about itself. Texts are Markdown; `summary` is one line of at most 80 characters.

    `enabled` is false for rules that run only when they are selected by name. `precision` is the confidence of a
    finding that rests on no edge.
    """

    id: str
    name: str
    severity: Severity
    summary: str
    help_uri: str
    description: str = ""
    remediation: str = ""
    exceptions: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)
    enabled: bool = True
    pillar: Pillar = "reliability"
    precision: Confidence = Confidence.HIGH


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, whatever form it is written in. `path` is its file, `pack` the name of its pack.

    `params` are the values it runs with, `severity` is what the user sets instead of the rule's own (None: nothing).
    """

    meta: RuleMeta
    check: Callable[[RuleContext], Iterable[Finding]]
    path: Path
    pack: str
    params: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None


_CONFIDENCE = {
    Evidence.REFERENCE: Confidence.LOW,
    Evidence.POLICY: Confidence.MEDIUM,
    Evidence.CODE: Confidence.HIGH,
    Evidence.DECLARED: Confidence.HIGH,
}
REFERENCED = "referenced"
"""Key of an edge's detail: the source also names the target, in its environment for example."""


def strength(edge: Edge) -> Evidence:
    """How sure the flow along an edge is: a policy edge whose target the source also names counts as code."""
    if edge.evidence is Evidence.POLICY and edge.detail.get(REFERENCED) is True:
        return Evidence.CODE
    return edge.evidence


@dataclass(frozen=True, slots=True)
class RuleContext:
    """All that a check sees of the run. It reads and never changes it. `packages` measures deployment packages."""

    rule: Rule
    graph: ResourceGraph
    values: Values
    packages: Any = None
    templates: Sequence[Template] = ()

    @property
    def params(self) -> Mapping[str, Any]:
        """The rule's parameters, as configured."""
        return self.rule.params

    def carrier_value(self, edge: Edge, path: str, world: World | None = None) -> Json | Unknown:
        """A property of what carries an edge (its event source mapping …); AWS's default fits the edge's source.

        UNKNOWN when the edge has no carrier.
        """
        if edge.via is None:
            return UNKNOWN
        found = self.values.value(edge.via, path, world, default=False)
        return property_default(edge.via.type, path, edge.source.type) if found is None else found

    def finding(  # noqa: PLR0913 - the parts of a finding, all but two by name
        self,
        at: At,
        message: str,
        *,
        related: Sequence[tuple[At, str]] = (),
        flow: Sequence[tuple[At, str]] = (),
        evidence: Iterable[Edge] = (),
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        key: Sequence[str] = (),
        owner_of: Node | None = None,
    ) -> Finding:
        """A finding of this rule.

        An absent property points at the logical ID of its resource. The severity is the user's, else `severity`, else
        the rule's, and never above what the weakest of the `evidence` edges allows. `key` tells findings of one file
        apart across runs: the logical IDs of `at` and `related` unless given. The owner is that of `owner_of`, else
        of the node at `at`.
        """
        edges = tuple(evidence)
        weakest = min(map(strength, edges), default=Evidence.DECLARED)
        meta = self.rule.meta
        wanted = self.rule.severity or severity or meta.severity
        owner = owner_of or _node(at)
        return Finding(
            rule_id=meta.id,
            name=meta.name,
            severity=min(wanted, weakest.ceiling, key=lambda level: level.rank),
            confidence=confidence or min(meta.precision, _CONFIDENCE[weakest], key=lambda level: level.rank),
            message=message,
            location=self._locate(at, ""),
            related=tuple(self._locate(place, label) for place, label in related),
            flow=tuple(self._locate(place, label) for place, label in flow),
            key=tuple(key) or _identities(at, *(place for place, _ in related)),
            owner=owner.owner if owner is not None else None,
            help_uri=meta.help_uri,
        )

    def _locate(self, at: At, message: str) -> Location:
        """Like `locate`; an external thing is where the first edge that touches it is written."""
        node = at[0] if isinstance(at, tuple) and isinstance(at[0], Node) else at
        if isinstance(node, Node) and node.stack is None:
            touching = (*self.graph.incoming(node), *self.graph.outgoing(node))
            edge = next((edge for edge in touching if edge.place is not None), None)
            return locate(edge, message) if edge is not None else locate(at, message)
        return locate(at, message)


def locate(at: At, message: str = "") -> Location:
    """The location of a node, an edge or a property, labelled with a message."""
    if isinstance(at, Location):
        return Location(at.file, at.region, at.logical_id, message or at.message)
    if isinstance(at, Place):
        return at.location(_logical_id(at), message)
    if isinstance(at, Edge):
        return _edge_location(at, message)
    node, path = at if isinstance(at, tuple) else (at, "")
    place = node.place(*_present(node, path))
    if place is not None:
        return place.location(node.logical_id, message)
    if node.stack is not None:
        return node.stack.template.place().location(None, message)
    raise ValueError(f"{node} is outside the templates and has no location; point at the edge that names it")


def _edge_location(edge: Edge, message: str) -> Location:
    carrier = edge.via or edge.source
    if edge.place is not None:
        return edge.place.location(carrier.logical_id if carrier.resource else _logical_id(edge.place), message)
    for node in (carrier, edge.source, edge.target):
        if node.stack is not None:
            return locate(node, message)
    raise ValueError(f"no end of {edge} is in a template")


def _logical_id(place: Place) -> str | None:
    """The resource inside which a place lies."""
    if len(place.path) > 1 and place.path[0] == "Resources":
        return str(place.path[1])
    return None


def _present(node: Node, path: str) -> TemplatePath:
    """The longest part of a property path that is written, `()` when its first key is not.

    `Fn::If` is passed over to the branch that has the next key, so that the finding points into it.
    """
    found: list[str | int] = []
    value: Any = node.properties
    for step in path.split(".") if path else ():
        while isinstance(value, dict) and step not in value and (branch := _branch_with(value, step)) is not None:
            found += ["Fn::If", branch]
            value = value["Fn::If"][branch]
        if isinstance(value, dict) and step in value:
            found.append(step)
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            found.append(int(step))
            value = value[int(step)]
        else:
            break
    return tuple(found)


def _branch_with(value: dict[str, Any], step: str) -> int | None:
    branches = value.get("Fn::If")
    if not isinstance(branches, list) or len(branches) != 3:
        return None
    return next((index for index in (1, 2) if isinstance(branches[index], dict) and step in branches[index]), None)


def _node(at: At) -> Node | None:
    if isinstance(at, Node):
        return at
    if isinstance(at, Edge):
        return at.via if at.via is not None and at.via.owner is not None else at.source
    return at[0] if isinstance(at, tuple) and isinstance(at[0], Node) else None


def _identities(*places: At) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for at in places:
        if isinstance(at, Edge):
            found.update(dict.fromkeys((at.source.logical_id, at.target.logical_id)))
        elif isinstance(at, Location):
            found[at.logical_id or ""] = None
        elif isinstance(at, Place):
            found[_logical_id(at) or "/".join(map(str, at.path))] = None
        else:
            node = at[0] if isinstance(at, tuple) else at
            found[node.logical_id] = None
    return tuple(found)
