"""Findings and what they are made of: severity, confidence, region, location."""

import hashlib
from enum import StrEnum

import msgspec


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


class Region(msgspec.Struct, frozen=True, order=True):
    """A piece of a file: lines and columns 1-based in Unicode code points, end column exclusive."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int


class Location(msgspec.Struct, frozen=True, eq=False):
    """A region of a file. `file` is relative to the root of the run, with `/`; `message` labels it in a report.

    For code that synthesised a template `file` is the code, `template` the template that has the `logical_id`, and
    `construct` the path of the CDK construct. Two that show the reader the same lines are equal, whatever template
    they come from.
    """

    file: str
    region: Region
    logical_id: str | None = None
    message: str = ""
    template: str | None = None
    construct: str | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Location) and self._shown() == other._shown()

    def __hash__(self) -> int:
        return hash(self._shown())

    def _shown(self) -> tuple[str, Region, str | None, str]:
        return (self.file, self.region, self.logical_id, self.message)


class Suppression(msgspec.Struct, frozen=True):
    """Why a finding was accepted: `kind` is SARIF's `inSource` (a comment, Metadata) or `external` (the baseline)."""

    kind: str
    reason: str
    location: Location | None = None


class Finding(msgspec.Struct, frozen=True):
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
    occurrence: int = 0
    """Counts findings that would otherwise share a fingerprint, from 0."""

    @property
    def fingerprint(self) -> str:
        """32 hex digits that stay the same when lines move."""
        parts = [self.rule_id, self.location.file, *self.key, str(self.occurrence)]
        return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Notification(msgspec.Struct, frozen=True):
    """archlint's own trouble (SARIF `toolExecutionNotifications`): a rule that crashed, a file not read."""

    message: str
    level: Severity = Severity.WARNING
    rule_id: str | None = None
    location: Location | None = None
    detail: str = ""
