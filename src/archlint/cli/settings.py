"""Options that several commands share, and the configuration they lead to."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archlint.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archlint.config import Config

_Command = TypeVar("_Command", bound="Callable[..., Any]")

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def paths_argument(command: _Command) -> _Command:
    """The folders and files to look at, as many as wanted."""
    return click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")(command)


def _decorated(command: _Command, *options: Callable[[_Command], _Command]) -> _Command:
    for option in reversed(options):
        command = option(command)
    return command


def config_options(command: _Command) -> _Command:
    """Which configuration file counts; hand them on to `load` as keyword arguments."""
    return _decorated(
        command,
        click.option("--config", "config_file", type=FILE, metavar="FILE", help="Use this configuration file."),
        click.option("--isolated", is_flag=True, help="Use no configuration file."),
        click.option("--no-python-packs", is_flag=True, help="Run no Python rules but the built-in ones."),
    )


def template_options(command: _Command) -> _Command:
    """Values of template parameters; hand them on to `load` as keyword arguments."""
    return _decorated(
        command,
        click.option(
            "--parameters",
            multiple=True,
            metavar="FILE|K=V",
            help="Values of template parameters: a JSON file as for the AWS CLI, or one value. Repeatable.",
        ),
        click.option(
            "--config-env",
            metavar="NAME",
            help="Environment of samconfig.toml whose parameter_overrides count.  [default: default]",
        ),
    )


def color_option(command: _Command) -> _Command:
    """Whether to use colour."""
    choice = click.Choice(["auto", "always", "never"])
    return click.option("--color", type=choice, default="auto", help="Colour.  [default: auto]")(command)


def load(
    paths: Sequence[Path],
    *,
    config_file: Path | None,
    isolated: bool,
    parameters: Sequence[str] = (),
    config_env: str | None = None,
    no_python_packs: bool = False,
) -> Config:
    """The configuration for these paths: the nearest file above them, else above the working directory."""
    from archlint.config import PackSpec, find_config, load_config

    if isolated and config_file is not None:
        raise click.UsageError("--config and --isolated exclude each other.")
    path = config_file
    if path is None and not isolated:
        path = find_config([_common_folder(paths), Path.cwd()])
    config = load_config(path)
    if parameters:
        given = dict(config.parameters)
        for argument in parameters:
            given |= read_parameters(argument)
        config = config.override("--parameters", parameters=given)
    if config_env is not None:
        config = config.override("--config-env", config_env=config_env)
    if no_python_packs:
        packs = tuple(pack if pack.path is None else PackSpec(pack.path) for pack in config.packs)
        config = config.override("--no-python-packs", packs=packs)
    return config


def _common_folder(paths: Sequence[Path]) -> Path:
    """The deepest folder that holds all paths; the working directory when there are none."""
    absolute = [os.path.abspath(path) for path in paths] or [os.getcwd()]  # noqa: PTH100, PTH109 - links stay as typed
    common = Path(os.path.commonpath(absolute))
    return common.parent if common.is_file() else common


def prefixes(values: Iterable[str]) -> tuple[str, ...]:
    """`EVT,DAT001` and repeated options as one list."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def read_parameters(argument: str) -> dict[str, str]:
    """Values of template parameters from `K=V` or a JSON file; raises UsageError.

    Files are what `aws cloudformation` takes: a list of `{"ParameterKey", "ParameterValue"}` or of `"K=V"`, or a
    mapping, also under `Parameters` as CodePipeline has it.
    """
    path = Path(argument)
    if not path.is_file():
        name, is_pair, value = argument.partition("=")
        if not is_pair or not name:
            raise UsageError(f"--parameters {argument}: there is no such file, and it is not K=V")
        return {name: value}
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read parameters: {error}", str(path)) from error
    found = _pairs(data)
    if found is None:
        hint = 'write {"Key": "value"} or [{"ParameterKey": "Key", "ParameterValue": "value"}]'
        raise UsageError("this is no parameter file", str(path), hint)
    return found


def _pairs(data: Any) -> dict[str, str] | None:
    from archlint.config.load import parameter_text

    if isinstance(data, dict):
        inner = data.get("Parameters")
        values = inner if isinstance(inner, dict) else data
        return {name: parameter_text(value) for name, value in values.items()}
    if not isinstance(data, list):
        return None
    found = {}
    for item in data:
        if isinstance(item, str) and "=" in item:
            name, _, value = item.partition("=")
        elif isinstance(item, dict) and isinstance(item.get("ParameterKey"), str):
            name, value = item["ParameterKey"], parameter_text(item.get("ParameterValue", ""))
        else:
            return None
        found[name] = value
    return found
