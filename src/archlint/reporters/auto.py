"""What to report when nobody says: text, and in GitHub Actions annotations and a job summary too."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from archlint.reporters import github, text

if TYPE_CHECKING:
    from archlint.lint import LintResult
    from archlint.reporters.options import Options


def report(result: LintResult, stream: TextIO, options: Options) -> None:
    """Writes the text report, and in GitHub Actions what the runner reads behind it."""
    text.report(result, stream, options)
    if options.in_github_actions:
        github.report(result, stream, options)
