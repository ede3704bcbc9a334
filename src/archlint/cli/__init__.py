"""The command line: arguments in, exit code out. The only place that prints errors and exits."""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from archlint import __version__
from archlint.cli.group import LazyGroup
from archlint.errors import ArchlintError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_FINDINGS = 1
EXIT_NOT_LINTED = 2
EXIT_BUG = 3
COMPLETION = "_ARCHLINT_COMPLETE"
"""Set by the shell when it asks for completions."""
_INTERRUPTED = 130
_PIPE_CLOSED = 141
_CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

COMMANDS = {
    "check": "archlint.cli.check:check",
    "graph": "archlint.cli.graph:graph",
    "query": "archlint.cli.graph:query",
    "rules": "archlint.cli.rules:rules",
    "explain": "archlint.cli.rules:explain",
    "test": "archlint.cli.rules:test",
    "baseline": "archlint.cli.baseline:baseline",
    "config": "archlint.cli.config:config",
    "proton": "archlint.cli.proton:proton",
    "completion": "archlint.cli.completion:completion",
    "docs": "archlint.cli.rules:docs",
}

EPILOG = """\b
Exit codes, the same for every format:
  0  nothing at or above --fail-on
  1  findings
  2  something asked for was not linted (usage, configuration, rule pack, path)
  3  a bug in archlint or in a rule"""


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="archlint", message="%(prog)s %(version)s")
def group() -> None:
    """Find the architecture mistakes of serverless systems on AWS that no single resource shows."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits, at once: taking a whole graph apart again costs a tenth of the run."""
    code = run(arguments)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit code. Python's own 1 for a traceback would look like findings, so it is 3."""
    _make_streams_safe()
    # A run makes millions of values that all live to its end: looking for garbage among them is a quarter of its time.
    gc.disable()
    try:
        code = _invoke(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except click.exceptions.Exit as wanted:
        return wanted.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_NOT_LINTED
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return _INTERRUPTED
    except ArchlintError as error:
        click.echo(f"error: {error}", err=True)
        return EXIT_NOT_LINTED
    except BrokenPipeError:
        # Whoever read the output has enough; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - whatever is left is a bug, and must not end as 1
        if isinstance(error, OSError) and error.errno in _CANNOT_WRITE:
            click.echo(f"error: cannot write the output: {error.strerror}", err=True)
            return EXIT_NOT_LINTED
        _report_bug()
        return EXIT_BUG
    return code if isinstance(code, int) else 0


def _invoke(arguments: list[str]) -> object:
    """What the command returns. `group.main` would end with 1 when the reader of a pipe leaves."""
    if COMPLETION in os.environ:
        group.main(arguments, "archlint", COMPLETION)
    with group.make_context("archlint", arguments) as context:
        return group.invoke(context)


def _make_streams_safe() -> None:
    """Templates may hold characters that the terminal's encoding has not, and halves of surrogate pairs.

    A stream that was closed before the start (`>&-`) takes what is written and keeps nothing.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - lives as long as the process
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - as above
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def _report_bug() -> None:
    import traceback

    click.echo(traceback.format_exc(), err=True, nl=False)
    click.echo(f"error: this is a bug in archlint {__version__}; please report it with the lines above", err=True)
