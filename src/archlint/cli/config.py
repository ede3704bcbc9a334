"""`archlint config show|schema|init`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from archlint.cli.settings import config_options, load, paths_argument
from archlint.errors import UsageError


@click.group()
def config() -> None:
    """Show, describe or start a configuration file."""


@config.command()
@paths_argument
@config_options
def show(paths: tuple[Path, ...], **given: Any) -> int:
    """Print the configuration that counts for PATH, with the source of each value."""
    from archlint.config.load import display_path
    from archlint.config.model import show as render

    found = load(paths, **given)
    click.echo(render(found, display_path(found.path) if found.path else None), nl=False)
    return 0


@config.command()
def schema() -> int:
    """Print the JSON schema of configuration files, for editors."""
    from archlint.config.load import schema as read_schema

    click.echo(json.dumps(read_schema(), indent=2, ensure_ascii=False))
    return 0


@config.command()
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def init(*, force: bool) -> int:
    """Write a commented archlint.toml to start from."""
    from archlint.config.starter import starter

    path = Path("archlint.toml")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already", hint="--force replaces it")
    try:
        path.write_text(starter(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    click.echo(f"wrote {path}", err=True)
    return 0
