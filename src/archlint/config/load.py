"""Finds, reads and checks configuration files."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.config.model import NEVER, Config, PackSpec, RuleSettings
from archlint.errors import ConfigError
from archlint.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jsonschema.exceptions import ValidationError

    from archlint.template.model import Json

FILE_NAMES = ("archlint.toml", ".archlint.toml", "pyproject.toml")
"""In the order in which they win inside one folder."""

_TABLES = ("rules", "per-file-ignores", "owners", "services", "parameters")
_GLOBS = ("exclude", "non-production", "per-file-ignores", "owners", "services")
_MOST_EXTENDS = 10
_BUILT_IN = "archlint"


class _File(msgspec.Struct, frozen=True):
    path: Path
    text: str
    prefix: tuple[str, ...]
    data: Mapping[str, Any]

    def where(self, *path: str | int) -> str:
        from archlint.config.toml_positions import toml_position

        line, column = toml_position(self.text, (*self.prefix, *path))
        return f"{display_path(self.path)}:{line}:{column}"


def schema() -> dict[str, Any]:
    """The JSON schema of a configuration file."""
    text = (Path(__file__).parents[1] / "config.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def display_path(path: Path) -> str:
    """The path relative to the working directory when it lies below it, with `/`."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def find_config(starts: Iterable[Path]) -> Path | None:
    """The nearest configuration file at or above one of these folders, asked in order; None when there is none."""
    for start in starts:
        for folder in (start, *start.parents):
            for name in FILE_NAMES:
                path = folder / name
                if path.is_file() and (name != "pyproject.toml" or "tool.archlint" in _text(path)):
                    return path
    return None


def load_config(path: Path | None) -> Config:
    """Reads a configuration file and what it extends; defaults for None.

    Raises ConfigError for a file that cannot be read, an unknown key or a value of the wrong shape.
    """
    if path is None:
        return Config()
    path = Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow a link away from the globs' folder
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for file in reversed(_chain(path)):
        for key, value in file.data.items():
            if key == "extend":
                continue
            values[key] = {**values.get(key, {}), **value} if key in _TABLES else _from_folder(key, value, file)
            sources[key] = file.where(key).rpartition(":")[0]
            if key in ("rules", "per-file-ignores"):
                sources.update({f"{key}.{name}": file.where(key, name).rpartition(":")[0] for name in value})
    return _config(path, values, sources)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"cannot read the configuration: {reason}", display_path(path)) from error


def _chain(path: Path) -> list[_File]:
    files = [_read(path)]
    while "extend" in files[-1].data:
        last = files[-1]
        target = Path(os.path.abspath(last.path.parent / last.data["extend"]))  # noqa: PTH100 - as above
        if any(file.path == target for file in files) or len(files) > _MOST_EXTENDS:
            raise ConfigError("`extend` leads back to a file that was already read", last.where("extend"))
        if not target.is_file():
            hint = f"there is no file {display_path(target)}"
            raise ConfigError("`extend` names no file", last.where("extend"), hint)
        files.append(_read(target))
    return files


def _read(path: Path) -> _File:
    import tomllib

    text = _text(path)
    try:
        data: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (place[1], place[2]) if place else (text.rstrip().count("\n") + 1, 1)
        where = f"{display_path(path)}:{line}:{column}"
        reason = str(error).partition(" (at ")[0]
        raise ConfigError(f"not valid TOML: {reason[:1].lower()}{reason[1:]}", where) from error
    prefix: tuple[str, ...] = ()
    if path.name == "pyproject.toml":
        prefix = ("tool", "archlint")
        tool = data.get("tool")
        data = tool.get("archlint", {}) if isinstance(tool, dict) else {}
    file = _File(path, text, prefix, data if isinstance(data, dict) else {})
    if not isinstance(data, dict):
        raise ConfigError("[tool.archlint] must be a table", file.where())
    _validate(file)
    return file


def _validate(file: _File) -> None:
    if not file.data:
        return
    from jsonschema import Draft202012Validator

    found = Draft202012Validator(schema()).iter_errors(dict(file.data))
    complaints = sorted((complaint for error in found for complaint in _complaints(file, error)), key=_line_and_column)
    if not complaints:
        _refuse_broken_globs(file)
        return
    where, message, hint = complaints[0]
    more = "".join(
        f"\n{other_where}: {other}" + (f"; {other_hint}" if other_hint else "")
        for other_where, other, other_hint in complaints[1:]
    )
    raise ConfigError(message + (f"; {hint}{more}" if more and hint else more), where, None if more else hint)


def _refuse_broken_globs(file: _File) -> None:
    from archlint.template.globs import is_glob

    for key in _GLOBS:
        for glob in file.data.get(key, ()):
            if not is_glob(glob):
                place = file.where(key, glob) if key in _TABLES else file.where(key)
                raise ConfigError(f"`{glob}` in `{key}` is no glob", place, "globs are those of a .gitignore")


def _line_and_column(complaint: tuple[str, str, str | None]) -> tuple[int, int]:
    _, line, column = complaint[0].rsplit(":", 2)
    return int(line), int(column)


def _complaints(file: _File, error: ValidationError) -> list[tuple[str, str, str | None]]:
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        part = error.schema
        known = list(part.get("properties", ())) if isinstance(part, dict) else []
        unknown = [key for key in error.instance if key not in known]
        return [(file.where(*path, key), _unknown(path, key), suggest(key, known)) for key in unknown]
    name = ".".join(map(str, path)) or "the file"
    value = error.instance
    part = error.schema
    wanted = part.get("title") if isinstance(part, dict) else None
    if error.validator == "pattern" and wanted is None:  # a key of `rules`
        return [(file.where(*path, str(value)), f"`{value}` is not a rule ID", "one looks like EVT101")]
    shown = json.dumps(value, default=str)
    return [(file.where(*path), f"`{name}` is {shown[:60]}", f"it must be {wanted or 'something else'}")]


def _unknown(path: tuple[str | int, ...], key: str) -> str:
    inside = ".".join(map(str, path))
    return f"unknown key `{key}` in `{inside}`" if inside else f"unknown key `{key}`"


def suggest(word: str, known: Iterable[str]) -> str:
    """The end of an error message about an unknown word: the nearest known one, or all of them."""
    import difflib

    known = sorted(known)
    near = difflib.get_close_matches(word.lower().replace("_", "-"), known, 1, 0.6)
    return f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}"


def _from_folder(key: str, value: Any, file: _File) -> Any:
    """Makes the paths of a file absolute, as `extend` may bring them from another folder."""
    folder = file.path.parent
    if key == "baseline":
        return folder / value
    if key != "packs":
        return value
    packs = []
    for item in value:
        if item == _BUILT_IN:
            packs.append(PackSpec(None, python=True))
        elif isinstance(item, str):
            packs.append(PackSpec(folder / item))
        else:
            packs.append(PackSpec(folder / item["path"], python=item.get("python", False)))
    return tuple(packs)


def _config(path: Path, values: Mapping[str, Any], sources: Mapping[str, str]) -> Config:
    defaults = Config()
    fail_on = values.get("fail-on", defaults.fail_on)
    return Config(
        path=path,
        select=tuple(values.get("select", defaults.select)),
        ignore=tuple(values.get("ignore", defaults.ignore)),
        extend_select=tuple(values.get("extend-select", defaults.extend_select)),
        fail_on=None if fail_on == NEVER else Severity(fail_on),
        exclude=tuple(values.get("exclude", defaults.exclude)),
        packs=values.get("packs", defaults.packs),
        baseline=values.get("baseline"),
        rules={rule_id: _settings(settings) for rule_id, settings in values.get("rules", {}).items()},
        per_file_ignores=tuple((glob, tuple(ids)) for glob, ids in values.get("per-file-ignores", {}).items()),
        owners=tuple(values.get("owners", {}).items()),
        owner_tags=tuple(values.get("owner-tags", defaults.owner_tags)),
        services=tuple(values.get("services", {}).items()),
        non_production=tuple(values.get("non-production", defaults.non_production)),
        external_imports=tuple(values.get("external-imports", defaults.external_imports)),
        parameters={name: parameter_text(value) for name, value in values.get("parameters", {}).items()},
        sources=sources,
    )


def _settings(settings: Mapping[str, Any]) -> RuleSettings:
    severity = settings.get("severity")
    return RuleSettings(Severity(severity) if severity else None, settings.get("params", {}))


def parameter_text(value: Json) -> str:
    """A template parameter's value as CloudFormation gets it: always text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(parameter_text, value))
    return value if isinstance(value, str) else json.dumps(value)
