"""Results on disk: written when a run ends, told again when nothing has changed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archlint.cache.key import key_of
from archlint.cache.snapshot import Reads, Snapshot, take
from archlint.findings import Finding, Notification, Severity
from archlint.lint import LintResult, Summary, run
from archlint.reporters.sources import Sources
from archlint.ruleset.rule import RuleMeta
from archlint.template.discover import root_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archlint.config import Config

FOLDER = ".archlint_cache"
MOST_RESULTS = 16
"""Of more, the oldest are thrown away: one for each hook, folder and set of options in use."""
_SUFFIX = ".msgpack"


class _Rule(msgspec.Struct, frozen=True):
    """What reports say of a rule."""

    id: str
    name: str
    severity: Severity
    summary: str
    help_uri: str
    remediation: str


class _Stored(msgspec.Struct, frozen=True):
    findings: tuple[Finding, ...]
    notifications: tuple[Notification, ...]
    rules: tuple[_Rule, ...]
    summary: Summary
    stale_baseline: tuple[str, ...]
    snapshot: Snapshot


class ResultCache:
    """The results below one folder. Every trouble with it is silent: a run without a cache is merely slower."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, key: str, root: Path, config: Config) -> LintResult | None:
        """The result of an earlier run; None when there is none or something has changed since."""
        try:
            stored = msgspec.msgpack.decode((self.folder / (key + _SUFFIX)).read_bytes(), type=_Stored)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if not stored.snapshot.holds():
            return None
        rules = tuple(
            RuleMeta(rule.id, rule.name, rule.severity, rule.summary, rule.help_uri, remediation=rule.remediation)
            for rule in stored.rules
        )
        return LintResult(
            root,
            stored.findings,
            stored.notifications,
            rules,
            stored.summary,
            None,
            {},
            config,
            stored.stale_baseline,
        )

    def save(self, key: str, result: LintResult, snapshot: Snapshot) -> None:
        """Keeps a result."""
        rules = tuple(
            _Rule(rule.id, rule.name, rule.severity, rule.summary, rule.help_uri, rule.remediation)
            for rule in result.rules
        )
        stored = _Stored(
            result.findings,
            result.notifications,
            rules,
            result.summary,
            result.stale_baseline,
            snapshot,
        )
        with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError):
            content = msgspec.msgpack.encode(stored)
            descriptor, written = tempfile.mkstemp(dir=self.folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                Path(written).replace(self.folder / (key + _SUFFIX))
            finally:
                Path(written).unlink(missing_ok=True)
            self._forget_oldest()

    def prepare(self) -> bool:
        """Makes the folder, which git and backups leave out; False when nothing can be written there.

        A link that somebody put there may lead to a folder of other things: those are not to be thrown away as old.
        """
        try:
            if self.folder.is_symlink():
                return False
            if not self.folder.is_dir():
                self.folder.mkdir()
                (self.folder / ".gitignore").write_text("*\n", encoding="utf-8")
                # https://bford.info/cachedir/
                tag = "Signature: 8a477f597d28d172789f06886806bc55\n"
                (self.folder / "CACHEDIR.TAG").write_text(tag, encoding="utf-8")
            return os.access(self.folder, os.W_OK)
        except OSError:
            return False

    def _forget_oldest(self) -> None:
        results = sorted(self.folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
        for path in results[:-MOST_RESULTS]:
            path.unlink()


def run_cached(
    paths: Sequence[Path], config: Config, *, focus: Sequence[Path] = (), written: Iterable[Path] = ()
) -> LintResult:
    """`lint.run`, or what it said when everything was as it is now; the graph is None then.

    `written` are the files that the command writes its reports to. Results lie below `config.root`.
    """
    cache = ResultCache(config.root / FOLDER)
    try:
        key = key_of(paths, config, focus)
    except UnicodeEncodeError:  # a name that is not UTF-8
        return run(paths, config, focus=focus)
    known = cache.load(key, root_of(paths), config)
    if known is not None:
        return known
    is_ready = cache.prepare()
    with Reads() as reads:
        result = run(paths, config, focus=focus)
    if is_ready and _is_worth_keeping(result):
        ignored = [os.path.abspath(path) for path in written]  # noqa: PTH100 - as the entries of folders are named
        snapshot = take(reads, ignored=ignored)
        if snapshot.is_settled(reads.began):
            cache.save(key, result, snapshot)
    return result


def _is_worth_keeping(result: LintResult) -> bool:
    """No rule crashed, and the files that reports quote say on disk what was read: no other encoding, none outside."""
    if any(note.level is Severity.ERROR for note in result.notifications):
        return False
    on_disk = Sources(msgspec.structs.replace(result, documents={}))
    files = {place.file for finding in result.findings for place in (finding.location, *finding.related, *finding.flow)}
    return all(on_disk.lines(file) == result.documents[file].lines for file in files & result.documents.keys())
