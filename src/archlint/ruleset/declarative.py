"""Declarative rules: a pattern, a condition over worlds, what must be absent, and what to report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from archlint.graph.model import Edge, Evidence, Node
from archlint.ruleset.rule import strength
from archlint.ruleset.scope import MatchScope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archlint.findings import Finding, Severity
    from archlint.graph.worlds import World
    from archlint.ruleset.expression import Expression
    from archlint.ruleset.message import Message
    from archlint.ruleset.pattern import Match, Pattern
    from archlint.ruleset.places import At
    from archlint.ruleset.rule import RuleContext


class Spot(msgspec.Struct, frozen=True):
    """Where to point: a bound name, a property of it, or (`via`) the carrier of a bound edge."""

    name: str
    path: str = ""
    via: bool = False

    def resolve(self, bindings: Mapping[str, Node | Edge]) -> At:
        """The place for one match; an edge without a carrier stands for itself."""
        bound: Node | Edge = bindings[self.name]
        if self.via and isinstance(bound, Edge):
            bound = bound.via or bound
        return (bound, self.path) if self.path and isinstance(bound, Node) else bound


class Related(msgspec.Struct, frozen=True):
    """One of the other ends, with its label."""

    at: Spot
    message: Message


class Case(msgspec.Struct, frozen=True):
    """A severity (and a message, if it has its own) for the matches where `when` is true."""

    when: Expression
    level: Severity
    message: Message | None = None


class Absence(msgspec.Struct, frozen=True):
    """What must not be found for a match; with `where`, only what may satisfy it counts as found."""

    pattern: Pattern
    where: Expression | None = None

    def is_violated(self, context: RuleContext, match: Match) -> bool:
        """Whether the thing is there in some world."""
        shared = {name: bound for name, bound in match.bindings.items() if name in self.pattern.node_names}
        for found in self.pattern.matches(context.graph, shared):
            if self.where is None:
                return True
            bindings = {**match.bindings, **found.bindings}
            worlds = context.values.worlds(*_elements(found))
            if any(self.where.holds(MatchScope(context, bindings, world)) is not False for world in worlds):
                return True
        return False


class _Draft(msgspec.Struct):
    """A finding in the making. Matches that would say the same at the same place share one."""

    match: Match
    message: str
    severity: Severity | None
    related: dict[tuple[object, ...], tuple[At, str]] = msgspec.field(default_factory=dict)


class Declaration(msgspec.Struct, frozen=True):
    """The checking part of a declarative rule."""

    pattern: Pattern
    at: Spot
    message: Message
    where: Expression | None = None
    absences: tuple[Absence, ...] = ()
    related: tuple[Related, ...] = ()
    cases: tuple[Case, ...] = ()
    has_flow: bool = False

    def check(self, context: RuleContext) -> Iterator[Finding]:
        """One finding for each combination of the named nodes and edges that satisfies the rule.

        Findings that would say the same at the same place are one, with the related places of all.
        """
        drafts: dict[tuple[object, ...], _Draft] = {}
        for candidates in self._candidates(context).values():
            draft = next(filter(None, (self._draft(context, match) for match in candidates)), None)
            if draft is None:
                continue
            key = (_place_key(self.at.resolve(draft.match.bindings)), draft.message)
            known = drafts.setdefault(key, draft)
            if known is not draft:
                known.related.update(draft.related)
                if _sureness(draft.match) > _sureness(known.match):
                    known.match, known.severity = draft.match, draft.severity
        for draft in drafts.values():
            yield self._finding(context, draft)

    def _candidates(self, context: RuleContext) -> dict[tuple[int, ...], list[Match]]:
        """Matches by what they bind, the surest first: what has no name only has to be there."""
        groups: dict[tuple[int, ...], list[Match]] = {}
        for match in self.pattern.matches(context.graph):
            groups.setdefault(tuple(map(id, match.bindings.values())), []).append(match)
        for group in groups.values():
            group.sort(key=_sureness, reverse=True)
        return groups

    def _draft(self, context: RuleContext, match: Match) -> _Draft | None:
        worlds = context.values.worlds(*_elements(match))
        scopes = [MatchScope(context, match.bindings, world) for world in worlds]
        true = [scope for scope in scopes if self.where is None or self.where.holds(scope) is True]
        if not true or any(absence.is_violated(context, match) for absence in self.absences):
            return None
        scope, case = max(((scope, self._case(scope)) for scope in true), key=lambda pair: _rank(context, pair[1]))
        message = (case.message if case is not None else None) or self.message
        text = message.render(scope) + _when(worlds, [scope.world for scope in true])
        draft = _Draft(match, text, case.level if case is not None else None)
        for related in self.related:
            place, label = related.at.resolve(match.bindings), related.message.render(scope)
            draft.related[(_place_key(place), label)] = (place, label)
        return draft

    def _case(self, scope: MatchScope) -> Case | None:
        return next((case for case in self.cases if case.when.holds(scope) is True), None)

    def _finding(self, context: RuleContext, draft: _Draft) -> Finding:
        edges = draft.match.edges
        bindings = draft.match.bindings
        return context.finding(
            self.at.resolve(bindings),
            draft.message,
            related=tuple(draft.related.values()),
            flow=[(edge, f"{edge.source} {edge.kind.replace('_', ' ')} {edge.target}") for edge in edges]
            if self.has_flow
            else (),
            evidence=edges,
            severity=draft.severity,
            key=[identity for name in self._subjects() for identity in _identity(bindings[name])],
        )

    def _subjects(self) -> list[str]:
        """The names the findings speak about: they tell findings apart across runs, unlike the other ends."""
        messages = [self.message, *(case.message for case in self.cases if case.message is not None)]
        return list(dict.fromkeys([self.at.name, *(name for message in messages for name in message.names)]))


def _elements(match: Match) -> list[Node]:
    """The nodes that must exist together: those of the match and the carriers of its edges."""
    return [*match.nodes, *(edge.via for edge in match.edges if edge.via is not None)]


def _sureness(match: Match) -> Evidence:
    return min(map(strength, match.edges), default=Evidence.DECLARED)


def _rank(context: RuleContext, case: Case | None) -> int:
    return (case.level if case is not None else context.rule.meta.severity).rank


def _identity(bound: Node | Edge) -> tuple[str, ...]:
    if isinstance(bound, Node):
        return (bound.logical_id,)
    return (bound.via.logical_id,) if bound.via is not None else (bound.source.logical_id, bound.target.logical_id)


def _place_key(at: At) -> tuple[object, ...]:
    return (id(at[0]), at[1]) if isinstance(at, tuple) and isinstance(at[0], Node) else (id(at),)


def _when(worlds: Sequence[World], true: Sequence[World]) -> str:
    """The conditions under which a finding holds, when it does not hold in all worlds."""
    if len(true) == len(worlds):
        return ""
    shared = [claim for claim in true[0].assumptions if all(claim in world.assumptions for world in true)]
    decisive = [claim for claim in shared if any(claim not in world.assumptions for world in worlds)]
    covered = [world for world in worlds if all(claim in world.assumptions for claim in decisive)]
    claims = decisive if decisive and len(covered) == len(true) else true[0].assumptions
    return f" (when {' and '.join(claims)})" if claims else ""
