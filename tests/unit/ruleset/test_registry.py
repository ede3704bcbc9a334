"""Packs and the selection of rules."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import msgspec
import pytest

from archlint.config import Config, PackSpec, RuleSettings
from archlint.errors import ConfigError, RulePackError, UsageError
from archlint.findings import Severity
from archlint.ruleset.packs import PACK_FORMAT, builtin_pack, read_pack
from archlint.ruleset.registry import Registry
from archlint.ruleset.rule_file import read_rule

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.ruleset.rule import Rule

RULE = """\
id: {id}
name: {name}
severity: warning
summary: Something that a test reports
description: Long enough to be a description.
help_uri: https://example.com/
enabled: {enabled}
params: {{factor: {{type: integer, default: 6, minimum: 1}}}}
match: (queue:AWS::SQS::Queue)
report: {{at: queue, message: "{{queue}}"}}
"""
PACK = 'name = "shop"\nprefixes = ["SHP", "XTR"]\nformat = 1\n'


def write_rule(folder: Path, rule_id: str, name: str, *, enabled: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = RULE.format(id=rule_id, name=name, enabled=str(enabled).lower())
    (folder / f"{name.replace('-', '_')}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    write_rule(folder / "one", "SHP101", "first-rule")
    write_rule(folder / "one", "SHP102", "second-rule")
    write_rule(folder / "two", "SHP201", "third-rule")
    write_rule(folder, "XTR001", "hidden-rule", enabled=False)
    write_rule(folder / "_draft", "SHP999", "draft-rule")
    write_rule(folder / "tests", "SHP998", "fixture-rule")
    (folder / "pack.toml").write_text(PACK, encoding="utf-8")
    return folder


def selected(pack: Path, **changes: tuple[str, ...]) -> list[str]:
    config = msgspec.structs.replace(Config(), packs=(PackSpec(pack),), **changes)
    return [rule.meta.id for rule in Registry.load(config).selected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["SHP101", "SHP102", "SHP201"]),
        ({"select": ("SHP",)}, ["SHP101", "SHP102", "SHP201"]),
        ({"select": ("SHP1",)}, ["SHP101", "SHP102"]),
        ({"select": ("first-rule",)}, ["SHP101"]),
        ({"ignore": ("SHP1",)}, ["SHP201"]),
        ({"ignore": ("second-rule",)}, ["SHP101", "SHP201"]),
        ({"select": ("SHP1",), "ignore": ("SHP",)}, ["SHP101", "SHP102"]),
        ({"select": ("SHP",), "ignore": ("SHP1",)}, ["SHP201"]),
        ({"select": ("SHP101",), "ignore": ("SHP101",)}, []),
        ({"ignore": ("SHP",), "extend_select": ("SHP2",)}, ["SHP201"]),
        ({"extend_select": ("XTR",)}, ["SHP101", "SHP102", "SHP201", "XTR001"]),
        ({"select": ("XTR001",)}, ["XTR001"]),
        ({"select": ("ALL",)}, ["SHP101", "SHP102", "SHP201", "XTR001"]),
        ({"select": ("ALL",), "ignore": ("SHP",)}, ["XTR001"]),
        ({"ignore": ("ALL",), "extend_select": ("SHP201",)}, ["SHP201"]),
    ],
)
def test_the_longest_prefix_decides(pack: Path, changes: dict[str, tuple[str, ...]], expected: list[str]) -> None:
    assert selected(pack, **changes) == expected


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ((), (), {"TPL001", "TPL002", "TPL003"}),
        (("SHP",), (), {"TPL001"}),
        ((), ("TPL",), {"TPL001"}),
        ((), ("TPL001",), {"TPL002", "TPL003"}),
        (("TPL003",), (), {"TPL001", "TPL003"}),
    ],
)
def test_own_rules(pack: Path, select: tuple[str, ...], ignore: tuple[str, ...], expected: set[str]) -> None:
    registry = Registry.load(Config(packs=(PackSpec(pack),), select=select, ignore=ignore))
    assert {rule_id for rule_id in ("TPL001", "TPL002", "TPL003") if registry.is_selected(rule_id)} == expected
    metas = [meta.id for meta in registry.selected_metas]
    assert metas == sorted(metas)
    assert expected <= set(metas)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"select": ("SPH",)}, 'select: no rule begins with "SPH"; did you mean "SHP"'),
        ({"select": ("shp101",)}, 'select: no rule begins with "shp101"; did you mean "SHP101"'),
        ({"select": ("shp",)}, 'did you mean "SHP"'),
        ({"ignore": ("EVT101",)}, 'ignore: no rule begins with "EVT101"'),
        ({"rules": {"TPL002": RuleSettings(params={"a": 1})}}, 'rule TPL002 has no parameter "a"; it has none'),
        ({"extend_select": ("first-rul",)}, 'did you mean "first-rule"'),
        ({"per_file_ignores": (("a/**", ("SHP101", "SPH")),)}, 'per-file-ignores, a/\\*\\*: no rule begins with "SPH"'),
        ({"rules": {"SHP109": RuleSettings()}}, "rules.SHP109: there is no such rule"),
        ({"rules": {"SHP101": RuleSettings(params={"fcator": 1})}}, 'no parameter "fcator"; did you mean "factor"'),
        ({"rules": {"SHP101": RuleSettings(params={"factor": "a"})}}, "must be an integer"),
        ({"rules": {"SHP101": RuleSettings(params={"factor": True})}}, "must be an integer"),
        ({"rules": {"SHP101": RuleSettings(params={"factor": 0})}}, "must be at least 1"),
    ],
)
def test_settings_that_mean_nothing_are_errors(pack: Path, changes: dict[str, object], says: str) -> None:
    config = msgspec.structs.replace(Config(packs=(PackSpec(pack),)), **changes)
    with pytest.raises(ConfigError, match=says):
        _ = Registry.load(config).selected


def test_settings_reach_the_rule(pack: Path) -> None:
    settings = RuleSettings(severity=Severity.ERROR, params={"factor": 3})
    config = Config(packs=(PackSpec(pack),), rules={"SHP101": settings}, select=("SHP1",))
    first, second = Registry.load(config).selected
    assert (first.params, first.severity) == ({"factor": 3}, Severity.ERROR)
    assert (second.params, second.severity) == ({"factor": 6}, None)


def test_find(pack: Path) -> None:
    registry = Registry.load(Config(packs=(PackSpec(pack),)))
    assert registry.find("shp101") is registry.find("first-rule")
    assert registry.find("TPL001").name == "unreadable-template"
    with pytest.raises(UsageError, match='there is no rule "frist-rule"; did you mean "first-rule"'):
        registry.find("frist-rule")


def test_duplicate_ids(pack: Path) -> None:
    write_rule(pack / "three", "SHP101", "another-rule")
    with pytest.raises(RulePackError, match=r"rule SHP101 is also in .*another_rule\.yaml|first_rule\.yaml"):
        Registry.load(Config(packs=(PackSpec(pack),)))


def test_the_same_pack_twice_has_duplicate_ids(pack: Path) -> None:
    with pytest.raises(RulePackError, match="is also in"):
        Registry.load(Config(packs=(PackSpec(pack), PackSpec(pack))))


def test_foreign_prefix(pack: Path) -> None:
    write_rule(pack, "EVT101", "another-rule")
    with pytest.raises(RulePackError, match="EVT101 has none of the pack's prefixes; they are SHP, XTR"):
        read_pack(pack, python=False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "a rule pack has a pack.toml"),
        ("name = ", "cannot be read"),
        (PACK.replace("format = 1", "format = 2"), "format must be 1, not 2"),
        (PACK.replace("format = 1\n", ""), "format must be 1, not None"),
        (PACK + "author = 'me'\n", 'unknown key "author"'),
        (PACK.replace("shop", "Shop!"), "name must be lower case"),
        (PACK.replace('["SHP", "XTR"]', '"SHP"'), "prefixes must be a list"),
        (PACK.replace('"SHP", "XTR"', ""), "prefixes must be a list"),
        (PACK.replace('"XTR"', '"TPL"'), "not TPL or ALL"),
        (PACK.replace('"XTR"', "5"), "three or four capitals"),
    ],
)
def test_pack_description(pack: Path, text: str | None, says: str) -> None:
    (pack / "pack.toml").unlink()
    if text is not None:
        (pack / "pack.toml").write_text(text, encoding="utf-8")
    with pytest.raises(RulePackError, match=says):
        read_pack(pack, python=False)


def test_python_rules_do_not_run_unless_allowed(pack: Path) -> None:
    (pack / "danger.py").write_text(
        'raise RuntimeError("ran")\nMETA = RuleMeta(\n    id="SHP301",\n)', encoding="utf-8"
    )
    registry = Registry.load(Config(packs=(PackSpec(pack, python=False),), ignore=("SHP301",)))
    assert [note.message for note in registry.notifications] == [
        "1 Python rules of pack shop did not run: Python packs are not allowed here"
    ]
    with pytest.raises(RulePackError, match=r"danger\.py:1: RuntimeError: ran"):
        read_pack(pack, python=True)


def test_one_broken_rule_stops_the_run_whatever_is_selected(pack: Path) -> None:
    (pack / "broken_rule.yaml").write_text("id: SHP401\n", encoding="utf-8")
    with pytest.raises(RulePackError, match=r"broken_rule\.yaml:1:1: key \"name\" is missing"):
        Registry.load(Config(packs=(PackSpec(pack),), select=("SHP1",)))


def test_the_built_in_pack_loads_rules_only_when_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def counted(path: Path, pack: str, *, is_trusted: bool = False) -> Rule:
        loaded.append(path.stem)
        return read_rule(path, pack, is_trusted=is_trusted)

    monkeypatch.setattr("archlint.ruleset.packs.read_rule", counted)
    builtin_pack.cache_clear()
    registry = Registry.load(Config(select=("EVT101",)))
    assert [rule.meta.name for rule in registry.selected] == ["visibility-below-function-timeout"]
    assert loaded == ["visibility_below_function_timeout"]
    builtin_pack.cache_clear()


def test_the_built_in_pack_is_what_its_file_says() -> None:
    pack = builtin_pack()
    assert tomllib.loads((pack.path / "pack.toml").read_text(encoding="utf-8")) == {
        "name": pack.name,
        "prefixes": list(pack.prefixes),
        "format": PACK_FORMAT,
    }
