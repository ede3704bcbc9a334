"""Rule packs: a folder with `pack.toml` and rule files, found by walking."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archlint.errors import RulePackError
from archlint.ruleset.rule_file import display, read_rule

if TYPE_CHECKING:
    from archlint.ruleset.rule import Rule

PACK_FORMAT = 1
BUILT_IN = "archlint"
BUILT_IN_PREFIXES = ("PKG", "DAT", "EVT", "API", "SFN", "IAM", "ORG", "PRO", "NET", "OBS", "COST")
EVERYTHING = "ALL"
"""The prefix of every rule, also of those that are off by default; so no pack may have it."""
SUFFIXES = (".yaml", ".yml", ".py")
FIXTURES = "tests"
"""A folder inside a pack that holds no rules."""

_PEEK = {
    "id": re.compile(r'^(?:id: *|    id=)"?([A-Z]{3,4}[0-9]{3})\b', re.MULTILINE),
    "name": re.compile(r'^(?:name: *|    name=)"?([a-z0-9-]+)', re.MULTILINE),
    "enabled": re.compile(r"^(?:enabled: *|    enabled=)([Ff])alse\b", re.MULTILINE),
}


class RuleFile(msgspec.Struct, frozen=True, dict=True):
    """A rule that need not be loaded yet: what selection has to know, and how to get the rest."""

    path: Path
    pack: str
    id: str
    name: str
    enabled: bool
    is_trusted: bool = False

    @functools.cached_property
    def rule(self) -> Rule:
        """The rule itself; raises RulePackError."""
        rule = read_rule(self.path, self.pack, is_trusted=self.is_trusted)
        if (rule.meta.id, rule.meta.enabled) != (self.id, self.enabled):
            raise RulePackError("write id and enabled as plain literals", display(self.path))
        return rule


class Pack(msgspec.Struct, frozen=True):
    """A folder with `pack.toml`. `skipped` are Python rules that were not allowed to run."""

    name: str
    path: Path
    prefixes: tuple[str, ...]
    files: tuple[RuleFile, ...]
    skipped: tuple[Path, ...] = ()

    @property
    def skipped_ids(self) -> list[str]:
        """IDs of the skipped rules, as far as their text shows them."""
        found = [_PEEK["id"].search(path.read_text("utf-8", "replace")) for path in self.skipped]
        return [match[1] for match in found if match is not None]


def builtin_pack_path() -> Path:
    """The folder of the built-in rules: inside an installed package, beside `src` in a checkout.

    An editable install copies the folder once into site-packages; that copy is never looked at, it goes stale.
    """
    installed = Path(__file__).parents[1] / "_rules"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "rules"


@functools.cache
def builtin_pack() -> Pack:
    """The built-in pack; its rules are loaded one by one when somebody wants them."""
    return read_pack(builtin_pack_path(), python=True, is_trusted=True)


def read_pack(path: Path, *, python: bool, is_trusted: bool = False) -> Pack:
    """The pack in this folder; raises RulePackError for a pack or (unless trusted) any rule that is wrong.

    Python rules are only loaded if `python`. A trusted pack's rules are loaded later, on demand.
    """
    # Of the built-in pack a test compares the two; to read TOML costs as much as to find all of its rules.
    name, prefixes = (BUILT_IN, BUILT_IN_PREFIXES) if is_trusted else _pack_description(path / "pack.toml")
    paths = rule_paths(path)
    skipped = tuple(file for file in paths if file.suffix == ".py" and not python)
    files = tuple(_rule_file(file, name, is_trusted=is_trusted) for file in paths if file not in skipped)
    for file in files:
        if not file.id.startswith(prefixes):
            hint = f"they are {', '.join(prefixes)}"
            raise RulePackError(f"rule {file.id} has none of the pack's prefixes", display(file.path), hint)
    return Pack(name, path, prefixes, files, skipped)


def rule_paths(folder: Path) -> list[Path]:
    """The rule files of a pack, sorted; hidden and underscored names are none, nor is what lies in `tests`."""
    found: list[Path] = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "_")) or entry.name == FIXTURES:
            continue
        if entry.is_dir() and not entry.is_symlink():
            found += rule_paths(entry)
        elif entry.suffix in SUFFIXES:
            found.append(entry)
    return found


def _pack_description(path: Path) -> tuple[str, tuple[str, ...]]:
    import tomllib

    try:
        with path.open("rb") as stream:
            data = tomllib.load(stream)
    except FileNotFoundError as error:
        raise RulePackError("a rule pack has a pack.toml", display(path.parent)) from error
    except (OSError, ValueError) as error:
        raise RulePackError(f"cannot be read: {error}", display(path)) from error
    name, prefixes = data.get("name"), data.get("prefixes")
    unknown = sorted(data.keys() - {"name", "prefixes", "format"})
    if unknown:
        raise RulePackError(f'unknown key "{unknown[0]}"', display(path), "known: name, prefixes, format")
    if data.get("format") != PACK_FORMAT:
        raise RulePackError(f"format must be {PACK_FORMAT}, not {data.get('format')!r}", display(path))
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise RulePackError("name must be lower case letters, digits and hyphens", display(path))
    if not isinstance(prefixes, list) or not prefixes:
        raise RulePackError("prefixes must be a list of rule ID prefixes", display(path))
    for prefix in prefixes:
        if not isinstance(prefix, str) or not re.fullmatch(r"[A-Z]{3,4}", prefix) or prefix in ("TPL", EVERYTHING):
            raise RulePackError(f"prefix {prefix!r} must be three or four capitals, not TPL or ALL", display(path))
    return name, tuple(prefixes)


def _rule_file(path: Path, pack: str, *, is_trusted: bool) -> RuleFile:
    if is_trusted:
        text = path.read_text(encoding="utf-8")
        rule_id, name = _PEEK["id"].search(text), _PEEK["name"].search(text)
        if rule_id is not None and name is not None:
            enabled = _PEEK["enabled"].search(text) is None
            return RuleFile(path, pack, rule_id[1], name[1], enabled, is_trusted=True)
    rule = read_rule(path, pack, is_trusted=is_trusted)
    file = RuleFile(path, pack, rule.meta.id, rule.meta.name, rule.meta.enabled, is_trusted)
    file.__dict__["rule"] = rule  # what the cached property would hold; a Python module runs once
    return file
