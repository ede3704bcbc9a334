"""GitHub Actions: annotations on the changed lines and a job summary.

Facts: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands and actions/runner
(ActionCommand.cs, ActionCommandManager.cs, ExecutionContext.cs, FileCommandManager.cs).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from archlint.findings import Severity
from archlint.reporters.options import Names, Options, repository_root
from archlint.reporters.paint import clean
from archlint.reporters.summary import LEVELS, chain, fixes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archlint.findings import Finding, Region
    from archlint.lint import LintResult

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_MOST_OF_A_KIND = 10
"""The runner drops further ones without a word (`_maxCountPerIssueType`)."""
_MOST_CHARACTERS = 4096
"""Of a message; the runner cuts it there."""


def report(result: LintResult, stream: TextIO, options: Options) -> None:
    """Writes annotations to the stream and the summary to the file that GITHUB_STEP_SUMMARY names."""
    findings = options.shown(result)
    names = Names(result.root.resolve(), _workspace(result, options.environ))
    stream.write("".join(f"{line}\n" for line in _annotations(findings, names, fixes(result.rules))))
    summary_file = options.environ.get("GITHUB_STEP_SUMMARY")
    if summary_file:
        from archlint.reporters.job_summary import write_job_summary

        write_job_summary(Path(summary_file), result, findings, names, options.environ)


def guarded(text: str, options: Options) -> str:
    """Text for the log; in GitHub Actions the runner is told to obey nothing in it, as templates are quoted.

    The token must not stand in the text. A digest of the text cannot, and it is the same on every run.
    """
    if not text or not options.in_github_actions:
        return text
    token = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return f"::stop-commands::{token}\n{text}::{token}::\n"


def _workspace(result: LintResult, environ: Mapping[str, str]) -> Path:
    """What the runner takes relative paths from: the workspace, if the run lies in it; else the repository."""
    given = environ.get("GITHUB_WORKSPACE")
    root = result.root.resolve()
    if given:
        workspace = Path(given).resolve()
        if root.is_relative_to(workspace):
            return workspace
    return repository_root(root)


def _annotations(findings: Sequence[Finding], names: Names, fix_of: Mapping[str, str]) -> Iterator[str]:
    for severity in LEVELS:
        ours = [finding for finding in findings if finding.severity is severity]
        command = _COMMANDS[severity]
        most = _MOST_OF_A_KIND if len(ours) <= _MOST_OF_A_KIND else _MOST_OF_A_KIND - 1
        for finding in ours[:most]:
            yield _annotation(command, finding, names, fix_of.get(finding.rule_id))
        if len(ours) > most:
            yield f"::{command} title=archlint::{len(ours) - most} more are in the log and in the job summary"


def _annotation(command: str, finding: Finding, names: Names, fix: str | None) -> str:
    properties = {"file": names(finding.location.file), **_extent(finding.location.region)}
    properties["title"] = f"{finding.rule_id} {finding.name}"
    inside = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    lines = [finding.message]
    path = chain(finding)
    if path:
        lines.append(f"Path: {path}")
    lines += [f"{names(place.file)}:{place.region.start_line} {place.message}".rstrip() for place in finding.related]
    if fix:
        lines.append(f"Fix: {fix}")
    if finding.help_uri:
        lines.append(finding.help_uri)
    return f"::{command} {inside}::{_message(lines)}"


def _extent(region: Region) -> dict[str, int]:
    """Line and columns; the runner drops the columns of a region of several lines."""
    extent = {"line": region.start_line, "endLine": region.end_line}
    if region.start_line == region.end_line:
        extent |= {"col": region.start_column, "endColumn": region.end_column}
    return extent


def _message(lines: Sequence[str]) -> str:
    text = "\n".join(clean(line) for line in lines)
    return _escaped(text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 3]}...")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(clean(text)).replace(":", "%3A").replace(",", "%2C")
