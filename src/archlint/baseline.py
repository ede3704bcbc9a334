"""The file of accepted findings: sorted JSON, one entry per line, never a line number."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from archlint.errors import BaselineError
from archlint.findings import Finding, Suppression
from archlint.reads import looked_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

DEFAULT_NAME = ".archlint-baseline.json"
DEFAULT_REASON = "accepted in the baseline"
_VERSION = 1
_SURROGATE = re.compile("[\ud800-\udfff]")


class Key(NamedTuple):
    """What identifies an accepted finding: `file` relative to the baseline's folder, `names` the finding's key."""

    rule_id: str
    file: str
    names: tuple[str, ...]


class Entry(msgspec.Struct, frozen=True):
    """So many findings with this key are accepted, for this reason."""

    count: int
    reason: str = ""


class Baseline(msgspec.Struct, frozen=True):
    """Accepted findings. `path` is the file; the findings it is used with name files relative to `root`.

    Entries name files relative to `folder`, that of the file. Links in `root` and `folder` are resolved.
    """

    path: Path
    folder: Path
    root: Path
    entries: Mapping[Key, Entry]

    def key(self, finding: Finding) -> Key:
        """The key of a finding of the run."""
        return Key(finding.rule_id, self.name(finding.location.file), finding.key)

    def name(self, file: str) -> str:
        """A file of the run relative to the baseline's folder, with `/`."""
        return os.path.relpath(self.root / file, self.folder).replace(os.sep, "/")


def read_baseline(path: Path, root: Path) -> Baseline:
    """Reads a baseline file for a run whose findings name files relative to `root`; raises BaselineError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = "make it with `archlint baseline write`" if isinstance(error, FileNotFoundError) else None
        raise BaselineError(f"cannot read the baseline: {error.strerror}", str(path), hint) from error
    except UnicodeDecodeError as error:
        raise BaselineError("the baseline is not UTF-8 text", str(path)) from error
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}:{error.colno}"
        raise BaselineError(f"the baseline is not valid JSON: {error.msg}", where) from error
    if not isinstance(data, dict) or data.get("version") != _VERSION or not isinstance(data.get("entries"), list):
        raise BaselineError(
            "this is not a baseline of version 1", str(path), "write it anew with `archlint baseline write`"
        )
    entries: dict[Key, Entry] = {}
    for index, item in enumerate(data["entries"]):
        key, entry = _entry(item, path, index)
        known = entries.get(key)
        entries[key] = Entry(known.count + entry.count, known.reason or entry.reason) if known else entry
    return Baseline(path, path.resolve().parent, root.resolve(), entries)


def _entry(item: Any, path: Path, index: int) -> tuple[Key, Entry]:
    fields = item if isinstance(item, dict) else {}
    rule_id, file, names = fields.get("rule"), fields.get("file"), fields.get("key", [])
    count, reason = fields.get("count", 1), fields.get("reason", "")
    if isinstance(rule_id, str) and isinstance(file, str) and isinstance(reason, str) and isinstance(names, list):
        is_counted = isinstance(count, int) and not isinstance(count, bool) and count >= 1
        if is_counted and all(isinstance(name, str) for name in names):
            return Key(rule_id, file, tuple(names)), Entry(count, reason)
    hint = 'an entry is {"rule": …, "file": …, "key": […], "count": 1, "reason": …}'
    raise BaselineError(f"entry {index + 1} of the baseline is malformed", str(path), hint)


def apply(findings: Iterable[Finding], baseline: Baseline) -> list[Finding]:
    """The findings, accepted ones with an external `suppression`; those already suppressed use up no entry."""
    left = {key: entry.count for key, entry in baseline.entries.items()}
    result = []
    for finding in findings:
        key = baseline.key(finding)
        if finding.suppression is None and left.get(key, 0) > 0:
            left[key] -= 1
            reason = baseline.entries[key].reason or DEFAULT_REASON
            finding = msgspec.structs.replace(finding, suppression=Suppression("external", reason))  # noqa: PLW2901 - the same finding, accepted
        result.append(finding)
    return result


def stale(baseline: Baseline, findings: Iterable[Finding], linted: Collection[str] | None = None) -> dict[Key, int]:
    """Entries, with how often, that no finding of the run uses, by key.

    `linted` are the files of the run, relative to its root: entries of other files are not stale while the file
    exists, as this run says nothing about them. None: every file was linted.
    """
    used = Counter(baseline.key(item) for item in findings if item.suppression and item.suppression.kind == "external")
    files = None if linted is None else set(map(baseline.name, linted))
    return {
        key: entry.count - used[key]
        for key, entry in sorted(baseline.entries.items())
        if entry.count > used[key] and (files is None or key.file in files or not _is_there(baseline.folder / key.file))
    }


def _is_there(path: Path) -> bool:
    looked_for(str(path))
    return path.exists()


def describe(key: Key) -> str:
    """An entry in words: `EVT101 in shop/template.yaml (Jobs, Worker)`."""
    return f"{key.rule_id} in {key.file}" + (f" ({', '.join(key.names)})" if key.names else "")


def without_stale(baseline: Baseline, stale_entries: Mapping[Key, int]) -> Baseline:
    """The baseline with these counts taken out."""
    entries = {
        key: msgspec.structs.replace(entry, count=entry.count - stale_entries.get(key, 0))
        for key, entry in baseline.entries.items()
        if entry.count > stale_entries.get(key, 0)
    }
    return msgspec.structs.replace(baseline, entries=entries)


def from_findings(
    path: Path, root: Path, findings: Iterable[Finding], *, known: Baseline | None, reason: str
) -> Baseline:
    """A baseline that accepts these findings; those suppressed in their template need no entry.

    Reasons of `known`, the baseline that is replaced, stay; entries without one get `reason`.
    """
    empty = Baseline(path, path.resolve().parent, root.resolve(), {})
    is_ours = (item for item in findings if item.suppression is None or item.suppression.kind == "external")
    counts = Counter(empty.key(item) for item in is_ours)
    old = known.entries if known else {}
    entries = {key: Entry(count, (old[key].reason if key in old else "") or reason) for key, count in counts.items()}
    return msgspec.structs.replace(empty, entries=entries)


def text_of(baseline: Baseline) -> str:
    """The file's text: sorted by file, rule and names, so that two branches merge line by line."""
    lines = []
    for key, entry in sorted(baseline.entries.items(), key=lambda item: (item[0].file, item[0].rule_id, item[0].names)):
        fields: dict[str, Any] = {"file": key.file, "rule": key.rule_id, "key": list(key.names), "count": entry.count}
        if entry.reason:
            fields["reason"] = entry.reason
        line = json.dumps(fields, ensure_ascii=False)
        # Halves of surrogate pairs, which JSON templates may hold, survive as escapes only.
        lines.append(_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", line))
    inside = ",\n".join(lines)
    return (
        f'{{"version": {_VERSION}, "entries": [\n{inside}\n]}}\n'
        if lines
        else f'{{"version": {_VERSION}, "entries": []}}\n'
    )


def write_baseline(baseline: Baseline) -> None:
    """Writes the file; raises BaselineError."""
    try:
        baseline.path.write_text(text_of(baseline), encoding="utf-8")
    except OSError as error:
        raise BaselineError(f"cannot write the baseline: {error.strerror}", str(baseline.path)) from error
