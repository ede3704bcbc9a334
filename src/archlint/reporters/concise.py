"""One line per finding, for editors and `grep`: `path:line:col: severity ID message`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from archlint.reporters.github import guarded
from archlint.reporters.options import Names, Options
from archlint.reporters.paint import Paint, clean

if TYPE_CHECKING:
    from archlint.lint import LintResult


def report(result: LintResult, stream: TextIO, options: Options) -> None:
    """Writes one line per finding, paths relative to the working directory."""
    names = Names(result.root, options.cwd)
    paint = Paint(options.color, options.links)
    lines = []
    for finding in options.shown(result):
        region = finding.location.region
        place = f"{clean(names(finding.location.file))}:{region.start_line}:{region.start_column}"
        severity = paint.severity(finding.severity, finding.severity.value)
        rule = paint.link(finding.rule_id, finding.help_uri)
        lines.append(f"{place}: {severity} {rule} {clean(finding.message)}\n")
    stream.write(guarded("".join(lines), options))
