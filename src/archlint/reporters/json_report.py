"""JSON for scripts: stable and versioned, docs/json.md and report.schema.json describe it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from archlint.reporters.json_text import write_json
from archlint.reporters.options import Names, Options, repository_root
from archlint.reporters.summary import repository_fingerprint

if TYPE_CHECKING:
    from archlint.findings import Finding, Location, Notification
    from archlint.lint import LintResult

VERSION = 1
"""Raised when a reader would have to change; new keys do not raise it."""


def report(result: LintResult, stream: TextIO, options: Options) -> None:
    """Writes one JSON object."""
    names = Names(result.root.resolve(), repository_root(result.root))
    data = {
        "version": VERSION,
        "findings": [_finding(finding, names) for finding in options.shown(result)],
        "notifications": [_notification(note) for note in result.notifications],
        "summary": msgspec.structs.asdict(result.summary),
    }
    write_json(data, stream)


def _finding(finding: Finding, names: Names) -> dict[str, Any]:
    place, suppression = finding.location, finding.suppression
    region = place.region
    return {
        "rule": finding.rule_id,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "file": place.file,
        "line": region.start_line,
        "column": region.start_column,
        "end_line": region.end_line,
        "end_column": region.end_column,
        "logical_id": place.logical_id,
        "related": [_place(other) for other in finding.related],
        "flow": [_place(other) for other in finding.flow],
        "fingerprint": repository_fingerprint(finding, names),
        "owner": finding.owner,
        "help_uri": finding.help_uri,
        "suppressed": suppression is not None,
        "suppression": {"kind": suppression.kind, "reason": suppression.reason} if suppression is not None else None,
    }


def _place(place: Location) -> dict[str, Any]:
    return {
        "file": place.file,
        "line": place.region.start_line,
        "logical_id": place.logical_id,
        "message": place.message,
    }


def _notification(note: Notification) -> dict[str, Any]:
    return {
        "level": note.level.value,
        "message": note.message,
        "rule": note.rule_id,
        "file": note.location.file if note.location is not None else None,
        "line": note.location.region.start_line if note.location is not None else None,
    }
