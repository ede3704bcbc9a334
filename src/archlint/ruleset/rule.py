"""What a rule is, and the context in which its check runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from archlint.findings import Confidence, Finding, Location, Severity
from archlint.graph.defaults import property_default
from archlint.graph.model import Edge, Evidence, Node
from archlint.graph.values import UNKNOWN
from archlint.ruleset.places import At, identities, locate, node_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from archlint.graph.model import ResourceGraph
    from archlint.graph.values import Unknown, Values
    from archlint.graph.worlds import World
    from archlint.packages import Packages
    from archlint.template.model import Json, Template

Pillar: TypeAlias = Literal[
    "reliability", "security", "performance-efficiency", "cost-optimization", "operational-excellence"
]
"""The pillars of the Well-Architected Framework."""


class Param(msgspec.Struct, frozen=True):
    """A threshold or list that the configuration may change."""

    type: Literal["integer", "number", "string", "boolean", "list"]
    default: Json
    minimum: float | None = None
    description: str = ""


class RuleMeta(msgspec.Struct, frozen=True):
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
    params: Mapping[str, Param] = msgspec.field(default_factory=dict)
    enabled: bool = True
    pillar: Pillar = "reliability"
    precision: Confidence = Confidence.HIGH


class Rule(msgspec.Struct, frozen=True):
    """A rule, whatever form it is written in. `path` is its file, `pack` the name of its pack.

    `params` are the values it runs with, `severity` is what the user sets instead of the rule's own (None: nothing).
    """

    meta: RuleMeta
    check: Callable[[RuleContext], Iterable[Finding]]
    path: Path
    pack: str
    params: Mapping[str, Any] = msgspec.field(default_factory=dict)
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


class RuleContext(msgspec.Struct, frozen=True):
    """All that a check sees of the run. It reads and never changes it. `packages` measures deployment packages."""

    rule: Rule
    graph: ResourceGraph
    values: Values
    packages: Packages
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
        owner = owner_of or node_of(at)
        return Finding(
            rule_id=meta.id,
            name=meta.name,
            severity=min(wanted, weakest.ceiling, key=lambda level: level.rank),
            confidence=confidence or min(meta.precision, _CONFIDENCE[weakest], key=lambda level: level.rank),
            message=message,
            location=self._locate(at, ""),
            related=tuple(self._locate(place, label) for place, label in related),
            flow=tuple(self._locate(place, label) for place, label in flow),
            key=tuple(key) or identities(at, *(place for place, _ in related)),
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
