"""What a configuration says, with every default filled in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archlint.template.model import Json

DEFAULT_SOURCE = "default"
NEVER = "never"
"""The value of `fail-on` with which findings never fail the run."""


class PackSpec(msgspec.Struct, frozen=True):
    """One rule pack: a folder with `pack.toml`, or the built-in pack (`path` None).

    The Python rules of a pack run only when `python` is true.
    """

    path: Path | None
    python: bool = False


class RuleSettings(msgspec.Struct, frozen=True):
    """What the configuration changes about one rule."""

    severity: Severity | None = None
    params: Mapping[str, Json] = msgspec.field(default_factory=dict)


class Config(msgspec.Struct, frozen=True):
    """One run's configuration. Globs and relative paths count from `root`.

    `path` is the file it was read from (None: none). An empty `select` means every rule that is on by default.
    `fail_on` None means never. `sources` says for each key that was set where that was: `archlint.toml:3`, `--select`.
    """

    path: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.WARNING
    exclude: tuple[str, ...] = ()
    packs: tuple[PackSpec, ...] = (PackSpec(None, python=True),)
    baseline: Path | None = None
    rules: Mapping[str, RuleSettings] = msgspec.field(default_factory=dict)
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    owners: tuple[tuple[str, str], ...] = ()
    owner_tags: tuple[str, ...] = ("Team", "team", "Owner", "owner")
    services: tuple[tuple[str, str], ...] = ()
    non_production: tuple[str, ...] = ()
    external_imports: tuple[str, ...] = ()
    parameters: Mapping[str, str] = msgspec.field(default_factory=dict)
    config_env: str = "default"
    """The environment of `samconfig.toml` whose `parameter_overrides` count; a flag only, no key."""
    sources: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The folder that globs count from: that of the configuration file, else the working directory."""
        return self.path.parent if self.path is not None else Path.cwd()

    def source(self, key: str) -> str:
        """Where the value of a key (`fail-on`) comes from."""
        return self.sources.get(key, DEFAULT_SOURCE)

    def override(self, source: str, **values: Any) -> Config:
        """The same with other values, as from a flag: `override("--select", select=("EVT",))`."""
        sources = {**self.sources, **{attribute_key(name): source for name in values}}
        return msgspec.structs.replace(self, sources=sources, **values)


def attribute_key(attribute: str) -> str:
    """The key in the file of an attribute of Config: `fail_on` is `fail-on`."""
    return attribute.replace("_", "-")


def show(config: Config, display: str | None) -> str:
    """The effective configuration as TOML that `load_config` reads back, with the source of each value as a comment.

    `display` is how to name the file that was read; None when there was none.
    """
    lines = [f"# read from {display}" if display else "# no configuration file found; these are the defaults", ""]
    values: dict[str, Json] = {
        "select": list(config.select),
        "ignore": list(config.ignore),
        "extend-select": list(config.extend_select),
        "fail-on": config.fail_on.value if config.fail_on else NEVER,
        "exclude": list(config.exclude),
        "packs": [_pack(pack) for pack in config.packs],
        "owner-tags": list(config.owner_tags),
        "non-production": list(config.non_production),
        "external-imports": list(config.external_imports),
    }
    if config.baseline is not None:
        values["baseline"] = config.baseline.as_posix()
    lines += [f"{key} = {toml_value(value)}  # {config.source(key)}" for key, value in sorted(values.items())]
    tables: dict[str, dict[str, Json]] = {
        "owners": dict(config.owners),
        "parameters": dict(config.parameters),
        "per-file-ignores": {glob: list(prefixes) for glob, prefixes in config.per_file_ignores},
        "services": dict(config.services),
    }
    for key, table in tables.items():
        lines += ["", f"[{key}]  # {config.source(key)}"]
        lines += [f"{toml_key(name)} = {toml_value(value)}" for name, value in table.items()]
    for rule_id, settings in sorted(config.rules.items()):
        lines += ["", f"[rules.{rule_id}]  # {config.source('rules')}"]
        if settings.severity is not None:
            lines.append(f"severity = {toml_value(settings.severity.value)}")
        if settings.params:
            lines.append(f"params = {toml_value(dict(settings.params))}")
    return "\n".join(lines) + "\n"


def _pack(pack: PackSpec) -> Json:
    if pack.path is None:
        return "archlint"
    return {"path": pack.path.as_posix(), "python": pack.python}


def toml_value(value: Json) -> str:
    """A value as TOML on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inside = ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    return toml_string(value) if isinstance(value, str) else str(value)


def toml_key(key: str) -> str:
    """A key, quoted when it has to be."""
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else toml_string(key)


def toml_string(text: str) -> str:
    """A basic string of TOML."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
