"""Findings and what they are made of: severity, confidence, region, location."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """SARIF `level` values; ordered by `rank`."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for note, 1 for warning, 2 for error."""
        return _SEVERITY_RANK[self.value]


class Confidence(StrEnum):
    """How sure a finding is: the weakest evidence it rests on (SARIF rule property `precision`)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low, 1 for medium, 2 for high."""
        return _CONFIDENCE_RANK[self.value]


_SEVERITY_RANK = {"note": 0, "warning": 1, "error": 2}
_CONFIDENCE_RANK = {"low": 0, "medium": 1, "high": 2}


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A piece of a file: lines and columns 1-based in Unicode code points, end column exclusive."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Location:
    """A region of a file. `file` is relative to the root of the run, with `/`; `message` labels it in a report.

    For code that synthesised a template `file` is the code, `template` the template that has the `logical_id`, and
    `construct` the path of the CDK construct.
    """

    file: str
    region: Region
    logical_id: str | None = None
    message: str = ""
    template: str | None = field(default=None, compare=False)
    construct: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding was accepted: `kind` is SARIF's `inSource` (a comment, Metadata) or `external` (the baseline)."""

    kind: str
    reason: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of one rule.

    `message` starts with the logical ID or lower case and has no final period. `related` are the other ends,
    `flow` the ordered locations of the path the finding speaks about (empty when it speaks about none).
    `key` is what the fingerprint adds to rule and file: the logical IDs, and whatever else tells two findings
    of one rule in one file apart; never a line.
    """

    rule_id: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    location: Location
    related: tuple[Location, ...] = ()
    flow: tuple[Location, ...] = ()
    key: tuple[str, ...] = ()
    owner: str | None = None
    help_uri: str | None = None
    suppression: Suppression | None = None
    occurrence: int = field(default=0)
    """Counts findings that would otherwise share a fingerprint, from 0."""

    @property
    def fingerprint(self) -> str:
        """32 hex digits that stay the same when lines move."""
        parts = [self.rule_id, self.location.file, *self.key, str(self.occurrence)]
        return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Notification:
    """archlint's own trouble (SARIF `toolExecutionNotifications`): a rule that crashed, a file not read."""

    message: str
    level: Severity = Severity.WARNING
    rule_id: str | None = None
    location: Location | None = None
    detail: str = ""
