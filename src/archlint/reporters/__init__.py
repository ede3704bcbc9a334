"""What a run found, in every format. A reporter writes a finished result; it neither filters, sorts nor exits.

A new format is a module with `report(result, stream, options)` and a line in `REPORTERS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from archlint.lint import LintResult
    from archlint.reporters.options import Options


class Reporter(Protocol):
    """Writes a result to a stream."""

    def __call__(self, result: LintResult, stream: TextIO, options: Options) -> None:
        """Ends with a newline, or writes nothing at all."""


REPORTERS: dict[str, str] = {
    "auto": "archlint.reporters.auto",
    "text": "archlint.reporters.text",
    "concise": "archlint.reporters.concise",
    "github": "archlint.reporters.github",
    "sarif": "archlint.reporters.sarif",
    "json": "archlint.reporters.json_report",
}
"""Module of each format; imported when it is asked for, as nobody wants all of them."""


def reporter(name: str) -> Reporter:
    """The reporter of this format; KeyError for an unknown one."""
    found: Reporter = import_module(REPORTERS[name]).report
    return found
