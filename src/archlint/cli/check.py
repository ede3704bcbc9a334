"""`archlint check`."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from archlint.cli.settings import color_option, config_options, load, paths_argument, prefixes, template_options
from archlint.errors import UsageError
from archlint.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from archlint.config import Config
    from archlint.lint import LintResult
    from archlint.reporters.options import Options

_FAIL_ON = ("error", "warning", "note", "never")
_STDOUT = "-"


class _CheckCommand(click.Command):
    """Lets `--focus` take all arguments up to the next option, as pre-commit puts file names at the end."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _spread("--focus", args))


def _spread(option: str, arguments: Sequence[str]) -> list[str]:
    """`--focus a b` as `--focus a --focus b`; one without files stays, so that it is refused and not forgotten."""
    spread: list[str] = []
    is_inside = False
    for number, argument in enumerate(arguments):
        if argument == "--":
            return [*spread, *arguments[number:]]
        if argument.startswith("-") and argument != "-":
            is_inside = argument == option
            has_files = number + 1 < len(arguments) and not arguments[number + 1].startswith("-")
            if not (is_inside and has_files):
                spread.append(argument)
        else:
            spread += [option, argument] if is_inside else [argument]
    return spread


def _options(command: Any) -> Any:
    option = click.option
    for decorate in reversed(
        (
            option(
                "--report",
                "reports",
                multiple=True,
                metavar="FORMAT[:FILE]",
                help="auto, text, concise, github, sarif or json; to a file when one is named. Repeatable.",
            ),
            option("--select", multiple=True, metavar="PREFIXES", help="Check only these rules: EVT,DAT001."),
            option("--ignore", multiple=True, metavar="PREFIXES", help="Do not check these rules either."),
            option("--extend-select", multiple=True, metavar="PREFIXES", help="Check these rules too."),
            option(
                "--fail-on", type=click.Choice(_FAIL_ON), help="Lowest severity for exit code 1.  [default: warning]"
            ),
            option("--exit-zero", is_flag=True, help="Exit with 0 although there are findings."),
            option(
                "--focus",
                multiple=True,
                type=click.Path(exists=True, path_type=Path),
                metavar="FILE...",
                help="Report only what touches these files or folders; the graph is still whole.",
            ),
            option("--no-cache", is_flag=True, help="Check everything, also when nothing has changed."),
            option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Accepted findings."),
            option("--show-suppressed", is_flag=True, help="Report suppressed and baselined findings too."),
            option("--statistics", is_flag=True, help="Counts by rule and team instead of findings (text)."),
            option("-q", "--quiet", is_flag=True, help="Findings only, no summary (text)."),
            option(
                "-v", "--verbose", is_flag=True, help="All related places, details of archlint's own trouble (text)."
            ),
        )
    ):
        command = decorate(command)
    return command


@click.command(cls=_CheckCommand)
@paths_argument
@_options
@template_options
@config_options
@color_option
def check(paths: tuple[Path, ...], **given: Any) -> int:
    """Lint the templates below PATH (default: the working directory)."""
    targets = [_target(text) for text in given["reports"] or ("auto",)]
    _refuse_conflicts(targets)
    config = _config(paths, given)
    result = _result(list(paths) or [Path()], config, targets, given)
    _refuse_emptiness(paths, result)
    for target in targets:
        with _stream(target) as stream:
            target.write(result, stream, _report_options(target, given))
    if all(target.file is not None for target in targets) and not given["quiet"]:
        _tell_where(result, targets)
    return exit_code(result, config, exit_zero=given["exit_zero"])


def _result(paths: Sequence[Path], config: Config, targets: Sequence[_Target], given: dict[str, Any]) -> LintResult:
    """The result of a run, or of the same run before; reports with a graph always need a whole one."""
    if given["no_cache"] or any(target.draws_graph for target in targets):
        from archlint.lint import run

        return run(paths, config, focus=given["focus"])
    from archlint.cache import run_cached

    written = [target.file for target in targets if target.file is not None]
    return run_cached(paths, config, focus=given["focus"], written=written)


def _config(paths: Sequence[Path], given: dict[str, Any]) -> Config:
    names = ("config_file", "isolated", "parameters", "config_env", "no_python_packs")
    config = load(paths, **{name: given[name] for name in names})
    if given["select"]:
        config = config.override("--select", select=prefixes(given["select"]))
    if given["ignore"]:
        config = config.override("--ignore", ignore=(*config.ignore, *prefixes(given["ignore"])))
    if given["extend_select"]:
        added = prefixes(given["extend_select"])
        config = config.override("--extend-select", extend_select=(*config.extend_select, *added))
    if given["fail_on"] is not None:
        fail_on = None if given["fail_on"] == "never" else Severity(given["fail_on"])
        config = config.override("--fail-on", fail_on=fail_on)
    if given["baseline"] is not None:
        config = config.override("--baseline", baseline=given["baseline"])
    return config


class _Target(msgspec.Struct, frozen=True):
    """One report: its format and its file, None for standard output."""

    name: str
    file: Path | None

    @property
    def draws_graph(self) -> bool:
        """Whether the report shows a part of the graph: SARIF's `graphs`, the picture of a job summary."""
        has_summary = any(name in os.environ for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"))
        return self.name == "sarif" or (self.name in ("auto", "github") and has_summary)

    def write(self, result: LintResult, stream: TextIO, options: Options) -> None:
        """Writes the report."""
        from archlint.reporters import reporter

        reporter(self.name)(result, stream, options)


def _target(text: str) -> _Target:
    from archlint.reporters import REPORTERS

    name, _, file = text.partition(":")
    if name not in REPORTERS:
        from archlint.config.load import suggest

        raise UsageError(f"--report {text}: unknown format `{name}`", hint=suggest(name, REPORTERS))
    path = Path(file) if file and file != _STDOUT else None
    if path is not None and not path.parent.is_dir():
        raise UsageError(f"--report {text}: there is no folder {path.parent}")
    return _Target(name, path)


def _refuse_conflicts(targets: Sequence[_Target]) -> None:
    for number, target in enumerate(targets):
        if any(other.file == target.file for other in targets[:number]):
            where = target.file or "standard output"
            raise UsageError(f"two reports go to {where}", hint="name a file for one of them: --report sarif:FILE")


def _refuse_emptiness(paths: Sequence[Path], result: LintResult) -> None:
    """Nothing to lint is worth a word; when the path was typed it is an error, as nothing asked for was linted."""
    if result.summary.templates or result.findings:
        return
    if paths:
        built = [(path, path / name) for path in paths for name in ("cdk.out", ".serverless") if (path / name).is_dir()]
        hint = "what git ignores is read when you name it: archlint check {} {}".format(*built[0]) if built else None
        raise UsageError(f"there is no template below {', '.join(map(str, paths))}", hint=hint)
    click.echo("warning: there is no template below the working directory", err=True)


@contextmanager
def _stream(target: _Target) -> Iterator[TextIO]:
    if target.file is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    try:
        with target.file.open("w", encoding="utf-8", errors="replace", newline="\n") as stream:
            yield stream
    except OSError as error:
        raise UsageError(f"cannot write the report: {error.strerror}", str(target.file)) from error


def _report_options(target: _Target, given: dict[str, Any]) -> Options:
    from archlint.reporters.options import Options
    from archlint.reporters.paint import wants_color, wants_links

    is_terminal = target.file is None and sys.stdout.isatty()
    # Files get colour only when somebody insists.
    color = wants_color(given["color"], os.environ if target.file is None else {}, is_terminal=is_terminal)
    return Options(
        color=color,
        links=wants_links(os.environ, color=color, is_terminal=is_terminal),
        show_suppressed=given["show_suppressed"],
        statistics=given["statistics"],
        quiet=given["quiet"],
        verbose=given["verbose"] or os.environ.get("RUNNER_DEBUG") == "1",
        to_log=target.file is None,
        environ=os.environ,
    )


def _tell_where(result: LintResult, targets: Sequence[_Target]) -> None:
    from archlint.reporters.summary import by_severity

    reported = [finding for finding in result.findings if finding.suppression is None]
    files = ", ".join(str(target.file) for target in targets)
    click.echo(f"{by_severity(reported) or 'no findings'}; see {files}", err=True)


def exit_code(result: LintResult, config: Config, *, exit_zero: bool) -> int:
    """0, 1 or 3, the highest that holds; 2 never gets this far, it is an exception."""
    from archlint.cli import EXIT_BUG, EXIT_FINDINGS

    if any(note.rule_id is not None and note.level is Severity.ERROR for note in result.notifications):
        return EXIT_BUG
    if exit_zero or config.fail_on is None:
        return 0
    least = config.fail_on.rank
    has_findings = any(item.suppression is None and item.severity.rank >= least for item in result.findings)
    return EXIT_FINDINGS if has_findings else 0
