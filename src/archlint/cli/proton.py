"""`archlint proton export`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.errors import UsageError


@click.group()
def proton() -> None:
    """Work with AWS Proton bundles; the service ended on 2026-10-07, what it deployed did not."""


@proton.command("export")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
def export_bundle(bundle: Path, directory: Path) -> int:
    """Write each part of BUNDLE as plain CloudFormation to DIR, with parameters in place of inputs."""
    if not bundle.is_dir():
        raise UsageError(f"{bundle} is no folder", hint="name the folder of one bundle")
    from archlint.proton_export import export

    for path in export(bundle, directory):
        click.echo(str(path))
    return 0
