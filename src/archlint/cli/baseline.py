"""`archlint baseline write|prune|show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from archlint.cli.settings import config_options, load, paths_argument, template_options
from archlint.errors import BaselineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archlint.baseline import Baseline
    from archlint.config import Config
    from archlint.lint import LintResult

_baseline_file = click.option(
    "--baseline", "file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The baseline file."
)


@click.group()
def baseline() -> None:
    """Accept today's findings, so that only new ones fail."""


@baseline.command()
@paths_argument
@_baseline_file
@click.option("--reason", default="", help="Reason for the entries that are new.")
@template_options
@config_options
def write(paths: tuple[Path, ...], file: Path | None, reason: str, **given: Any) -> int:
    """Accept every finding below PATH; reasons of known entries stay."""
    from archlint.baseline import from_findings, read_baseline, write_baseline

    config, path = _config(paths, file, given)
    result = _lint(paths, config)
    known = read_baseline(path, result.root) if path.is_file() else None
    found = from_findings(path, result.root, result.findings, known=known, reason=reason)
    write_baseline(found)
    click.echo(f"{path}: {_size(found)} accepted", err=True)
    if config.baseline is None:
        click.echo(f'archlint uses it with `baseline = "{path.name}"` in archlint.toml, or with --baseline', err=True)
    return 0


@baseline.command()
@paths_argument
@_baseline_file
@template_options
@config_options
def prune(paths: tuple[Path, ...], file: Path | None, **given: Any) -> int:
    """Take out the entries that no finding below PATH needs any more."""
    from archlint.baseline import apply, describe, read_baseline, stale, without_stale, write_baseline

    config, path = _config(paths, file, given)
    result = _lint(paths, config)
    known = read_baseline(path, result.root)
    gone = stale(known, apply(result.findings, known), result.documents)
    for key, count in gone.items():
        click.echo(f"{count} x {describe(key)}")
    if gone:
        write_baseline(without_stale(known, gone))
    click.echo(f"{path}: {sum(gone.values())} taken out, {_size(known) - sum(gone.values())} left", err=True)
    return 0


@baseline.command()
@_baseline_file
@config_options
def show(file: Path | None, **given: Any) -> int:
    """List what is accepted, with reasons."""
    from archlint.baseline import describe, read_baseline

    _, path = _config((), file, given)
    known = read_baseline(path, path.parent)
    for key, entry in sorted(known.entries.items(), key=lambda item: (item[0].file, item[0])):
        click.echo(f"{entry.count} x {describe(key)}{f': {entry.reason}' if entry.reason else ''}")
    click.echo(f"{_size(known)} accepted", err=True)
    return 0


def _size(known: Baseline) -> int:
    return sum(entry.count for entry in known.entries.values())


def _config(paths: Sequence[Path], file: Path | None, given: dict[str, Any]) -> tuple[Config, Path]:
    """The configuration, and the file: the flag's, the configured one, else the default name beside it."""
    from archlint.baseline import DEFAULT_NAME

    config = load(paths, **given)
    path = file or config.baseline or config.root / DEFAULT_NAME
    if path.is_dir():
        raise BaselineError("the baseline is a folder", str(path))
    return config, path


def _lint(paths: Sequence[Path], config: Config) -> LintResult:
    """Lints without any baseline: what is accepted must be found to be counted."""
    from archlint.lint import run

    return run(list(paths) or [Path()], msgspec.structs.replace(config, baseline=None))
