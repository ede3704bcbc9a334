"""How a report is to look; decided once, by the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archlint.findings import Finding
    from archlint.lint import LintResult


class Options(msgspec.Struct, frozen=True):
    """`environ` is the process's environment; `to_log` says that a CI system reads what is written, line by line."""

    color: bool = False
    links: bool = False
    show_suppressed: bool = False
    statistics: bool = False
    quiet: bool = False
    verbose: bool = False
    to_log: bool = True
    cwd: Path = msgspec.field(default_factory=Path.cwd)
    environ: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def in_github_actions(self) -> bool:
        """Whether GitHub's runner interprets what is written to the log."""
        return self.to_log and self.environ.get("GITHUB_ACTIONS") == "true"

    def shown(self, result: LintResult) -> tuple[Finding, ...]:
        """The findings to report: without accepted ones unless they are asked for."""
        if self.show_suppressed:
            return result.findings
        return tuple(finding for finding in result.findings if finding.suppression is None)


def git_root(start: Path) -> Path | None:
    """The nearest folder at or above `start` that is the top of a git checkout."""
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)


def repository_root(result_root: Path) -> Path:
    """What paths in machine-readable reports are relative to: the git checkout, else the root of the run.

    Links are resolved, as code hosts do not show files behind them.
    """
    root = result_root.resolve()
    return git_root(root) or root


def relative_to(path: Path, base: Path) -> str:
    """The path relative to a folder, with `/`; with `..` steps when it lies outside."""
    return os.path.relpath(path, base).replace(os.sep, "/")


class Names:
    """Names of the files of a run, relative to another folder than its root."""

    def __init__(self, root: Path, base: Path) -> None:
        self._root = root
        self._base = base
        self._known: dict[str, str] = {}

    def __call__(self, file: str) -> str:
        """What a file of the run is called seen from the base."""
        known = self._known.get(file)
        if known is None:
            known = self._known[file] = relative_to(self._root / file, self._base)
        return known
