"""Counts and short texts that several formats share."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from archlint.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archlint.findings import Finding, Location
    from archlint.lint import LintResult
    from archlint.reporters.options import Names
    from archlint.ruleset.rule import RuleMeta

_SENTENCE = re.compile(r"(?<=[.!?])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\betc\.)\s+(?=[A-Z`(\[])")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"\*\*|__")

LEVELS = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def plural(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def by_severity(findings: Iterable[Finding]) -> str:
    """`2 errors, 9 warnings`; empty when there are none."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(plural(counts[level], level.value) for level in LEVELS if counts[level])


def by_rule(findings: Iterable[Finding]) -> list[tuple[str, str, int]]:
    """ID, name and count of each rule that found something, most first."""
    counts = Counter((finding.rule_id, finding.name) for finding in findings)
    return [(*rule, count) for rule, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def by_team(findings: Iterable[Finding]) -> list[tuple[str, int]]:
    """Owner and count, most first, findings without owner last; empty when nothing has an owner."""
    counts = Counter(finding.owner for finding in findings)
    if not any(counts):
        return []
    owned = sorted(((owner, count) for owner, count in counts.items() if owner), key=lambda item: (-item[1], item[0]))
    return owned + ([("no owner", counts[None])] if counts[None] else [])


def accepted(result: LintResult) -> str:
    """`3 suppressed, 4 in the baseline`; empty when nothing was accepted."""
    summary = result.summary
    parts = [f"{summary.suppressed} suppressed"] if summary.suppressed else []
    return ", ".join(parts + ([f"{summary.baselined} in the baseline"] if summary.baselined else []))


def first_sentence(markdown: str) -> str:
    """The first sentence of a Markdown text as plain text on one line."""
    paragraph = markdown.strip().split("\n\n")[0]
    plain = " ".join(_EMPHASIS.sub("", _LINK.sub(r"\1", paragraph)).split())
    return _SENTENCE.split(plain, 1)[0]


def fixes(rules: Iterable[RuleMeta]) -> dict[str, str]:
    """One-line fix of each rule that says how to repair."""
    return {rule.id: first_sentence(rule.remediation) for rule in rules if rule.remediation.strip()}


def chain(finding: Finding) -> str:
    """The path that a finding speaks about, `Jobs -> Worker -> Jobs`; empty when its message says it already."""
    steps = _labelled_steps(finding.flow) or [_step(location) for location in finding.flow]
    distinct = [step for number, step in enumerate(steps) if number == 0 or steps[number - 1] != step]
    text = " -> ".join(distinct)
    return text if len(distinct) > 1 and text not in finding.message else ""


def _labelled_steps(flow: Sequence[Location]) -> list[str]:
    """The ends of edges whose labels (`Jobs triggers Worker`) follow one another; empty when they do not."""
    ends = [words for words in (location.message.split() for location in flow) if len(words) > 1]
    follow = all(before[-1] == after[0] for before, after in pairwise(ends))
    return [ends[0][0], *(words[-1] for words in ends)] if ends and len(ends) == len(flow) and follow else []


def _step(location: Location) -> str:
    return location.logical_id or location.message or f"{location.file}:{location.region.start_line}"


def repository_fingerprint(finding: Finding, names: Names) -> str:
    """The fingerprint with the file as the repository knows it, whatever folder was linted."""
    location = msgspec.structs.replace(finding.location, file=names(finding.location.file))
    return msgspec.structs.replace(finding, location=location).fingerprint
