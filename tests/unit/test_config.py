"""Configuration files: found, read, checked, shown."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from archlint.config import Config, PackSpec, RuleSettings, find_config, load_config
from archlint.config.load import schema
from archlint.config.model import show, toml_value
from archlint.config.starter import starter
from archlint.config.toml_positions import toml_position
from archlint.errors import ConfigError
from archlint.findings import Severity

EVERYTHING = """
select = ["EVT", "DAT", "unbounded-role"]
ignore = ["ORG"]
extend-select = ["OBS"]
fail-on = "never"
exclude = ["legacy/**"]
packs = ["archlint", { path = "lint/rules", python = true }, "other"]
baseline = ".archlint-baseline.json"
owner-tags = ["squad"]
non-production = ["sandbox/**"]
external-imports = ["network-*"]

[rules.EVT101]
severity = "error"
params = { factor = 3 }

[per-file-ignores]
"examples/**" = ["PKG"]

[owners]
"shop/**" = "orders"

[services]
"shop/*" = "shop"

[parameters]
Stage = "prod"
Size = 3
Wide = true
Zones = ["a", "b"]
"""


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def config(text: str, name: str = "archlint.toml") -> Config:
    path = Path.cwd() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def complaint(text: str, name: str = "archlint.toml") -> str:
    with pytest.raises(ConfigError) as caught:
        config(text, name)
    return str(caught.value)


def test_defaults_without_a_file() -> None:
    found = load_config(None)
    assert found == Config()
    assert found.fail_on is Severity.WARNING
    assert found.packs == (PackSpec(None, python=True),)
    assert found.owner_tags == ("Team", "team", "Owner", "owner")


def test_every_key(tmp_path: Path) -> None:
    found = config(EVERYTHING)
    assert found.path == tmp_path / "archlint.toml"
    assert found.root == tmp_path
    assert found.select == ("EVT", "DAT", "unbounded-role")
    assert found.ignore == ("ORG",)
    assert found.extend_select == ("OBS",)
    assert found.fail_on is None
    assert found.exclude == ("legacy/**",)
    folders = (PackSpec(tmp_path / "lint/rules", python=True), PackSpec(tmp_path / "other"))
    assert found.packs == (PackSpec(None, python=True), *folders)
    assert found.baseline == tmp_path / ".archlint-baseline.json"
    assert found.rules == {"EVT101": RuleSettings(Severity.ERROR, {"factor": 3})}
    assert found.per_file_ignores == (("examples/**", ("PKG",)),)
    assert found.owners == (("shop/**", "orders"),)
    assert found.owner_tags == ("squad",)
    assert found.services == (("shop/*", "shop"),)
    assert found.non_production == ("sandbox/**",)
    assert found.external_imports == ("network-*",)
    assert found.parameters == {"Stage": "prod", "Size": "3", "Wide": "true", "Zones": "a,b"}


def test_every_key_of_the_schema_is_tested_above() -> None:
    assert set(schema()["properties"]) == {*tomllib.loads(EVERYTHING), "extend"}


def test_schema_defaults_are_the_real_ones() -> None:
    shown = tomllib.loads(show(Config(), None))
    for key, part in schema()["properties"].items():
        if "default" in part:
            assert shown[key] == part["default"], key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('fail_on = "error"', "archlint.toml:1:1: unknown key `fail_on`; did you mean `fail-on`?"),
        ('selekt = ["EVT"]', "archlint.toml:1:1: unknown key `selekt`; did you mean `select`?"),
        ("\n[owner]\na = 1", "archlint.toml:2:2: unknown key `owner`; did you mean `owners`?"),
        ("x = 1", "archlint.toml:1:1: unknown key `x`; there are: baseline, exclude,"),
        ('fail-on = "eror"', 'archlint.toml:1:1: `fail-on` is "eror"; it must be one of error, warning, note, never'),
        ('ignore = "ORG"', 'archlint.toml:1:1: `ignore` is "ORG"; it must be a list of rule IDs, prefixes or names'),
        (
            'ignore = ["evt"]',
            'archlint.toml:1:1: `ignore.0` is "evt"; it must be a rule ID, a prefix such as EVT, or a rule',
        ),
        ("[rules.evt101]\n", "archlint.toml:1:2: `evt101` is not a rule ID; one looks like EVT101"),
        (
            "[rules.EVT101]\nparms = {}",
            "archlint.toml:2:1: unknown key `parms` in `rules.EVT101`; did you mean `params`?",
        ),
        (
            '[rules.EVT101]\nseverity = "high"',
            'archlint.toml:2:1: `rules.EVT101.severity` is "high"; it must be one of error, warning, note',
        ),
        (
            'packs = ["archlint", { path = "x", pyton = true }]',
            "archlint.toml:1:36: unknown key `pyton` in `packs.1`; did you mean `python`?",
        ),
        ("packs = [{ python = true }]", 'archlint.toml:1:1: `packs.0` is {"python": true}; it must be a path or a'),
        ('[owners]\n"a/**" = 3', "archlint.toml:2:1: `owners.a/**` is 3; it must be a team's name"),
        ('exclude = ["a", "!"]', "archlint.toml:1:1: `!` in `exclude` is no glob; globs are those of a .gitignore"),
        ('[owners]\n"a/**" = "a"\n"[z-a]" = "b"', "archlint.toml:3:1: `[z-a]` in `owners` is no glob"),
        ("select = [", "archlint.toml:1:1: not valid TOML: invalid value"),
        ("select = []\nselect = []", "archlint.toml:2:1: not valid TOML: cannot overwrite a value"),
    ],
)
def test_complaint(text: str, message: str) -> None:
    assert complaint(text).startswith(message)


def test_all_complaints_are_listed_by_line() -> None:
    assert complaint('selekt = []\nfail-on = "x"').split("\n") == [
        "archlint.toml:1:1: unknown key `selekt`; did you mean `select`?",
        'archlint.toml:2:1: `fail-on` is "x"; it must be one of error, warning, note, never',
    ]


def test_pyproject_with_a_section() -> None:
    found = config('[project]\nname = "x"\n[tool.archlint]\nselect = ["EVT"]\n', "pyproject.toml")
    assert found.select == ("EVT",)
    assert found.source("select") == "pyproject.toml:4"
    text = "[tool.archlint]\n[tool.archlint.rules.EVT101]\nx = 1\n"
    assert complaint(text, "pyproject.toml").startswith("pyproject.toml:3:1: unknown key `x` in `rules.EVT101`")


def test_the_nearest_file_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)
    assert find_config([inner]) is None
    (tmp_path / "pyproject.toml").write_text("[tool.archlint]\n")
    assert find_config([inner]) == tmp_path / "pyproject.toml"
    (tmp_path / ".archlint.toml").write_text("")
    assert find_config([inner]) == tmp_path / ".archlint.toml"
    (tmp_path / "archlint.toml").write_text("")
    assert find_config([inner]) == tmp_path / "archlint.toml"
    (inner / "pyproject.toml").write_text("[project]\n")
    assert find_config([inner]) == tmp_path / "archlint.toml"
    (tmp_path / "a/pyproject.toml").write_text("[tool.archlint]\n")
    assert find_config([inner]) == tmp_path / "a/pyproject.toml"
    assert find_config([tmp_path, inner]) == tmp_path / "archlint.toml"


def test_extend_starts_from_another_file(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "lint.toml").write_text(
        'select = ["EVT"]\nignore = ["ORG"]\npacks = ["rules"]\n[owners]\n"a" = "x"\n"b" = "y"\n'
    )
    found = config('extend = "shared/lint.toml"\nselect = ["DAT"]\n[owners]\n"b" = "z"\n')
    assert found.select == ("DAT",)
    assert found.ignore == ("ORG",)
    assert found.packs == (PackSpec(shared / "rules"),)
    assert found.owners == (("a", "x"), ("b", "z"))
    assert found.source("ignore") == "shared/lint.toml:2"
    assert found.source("select") == "archlint.toml:2"
    assert found.source("fail-on") == "default"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extend = "archlint.toml"', "archlint.toml:1:1: `extend` leads back to a file that was already read"),
        ('extend = "nowhere.toml"', "archlint.toml:1:1: `extend` names no file; there is no file nowhere.toml"),
        ("extend = 3", "archlint.toml:1:1: `extend` is 3; it must be a path"),
    ],
)
def test_extend_complaint(text: str, message: str) -> None:
    assert complaint(text) == message


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        load_config(tmp_path / "archlint.toml")
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "missing.toml")


def test_what_is_shown_reads_back() -> None:
    found = config(EVERYTHING)
    shown = show(found, "archlint.toml")
    again = config(shown, "again.toml")
    for name in (
        "select",
        "ignore",
        "fail_on",
        "packs",
        "rules",
        "owners",
        "parameters",
        "per_file_ignores",
        "baseline",
    ):
        assert getattr(again, name) == getattr(found, name), name
    assert 'fail-on = "never"  # archlint.toml:5' in shown


def test_override_names_its_source() -> None:
    found = Config().override("--select", select=("EVT",))
    assert found.select == ("EVT",)
    assert found.source("select") == "--select"


POSITIONS = """select = []
# comment
[ rules . "EVT101" ]
severity = "note"
params = { factor = 3 }
[owners]
"shop/**" = "x"
deep.er.key = 1
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("select",), (1, 1)),
        (("rules", "EVT101", "severity"), (4, 1)),
        (("rules", "EVT101", "params", "factor"), (5, 12)),
        (("rules", "EVT101", "missing"), (3, 3)),
        (("rules",), (3, 3)),
        (("owners", "deep"), (8, 1)),
        (("owners", "shop/**"), (7, 1)),
        (("owners", "deep", "er", "key"), (8, 1)),
        (("missing",), (1, 1)),
    ],
)
def test_position_of_a_key(path: tuple[str, ...], place: tuple[int, int]) -> None:
    assert toml_position(POSITIONS, path) == place


def test_schema_is_a_schema() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema())


def test_every_key_is_described() -> None:
    def described(part: dict[str, Any]) -> None:
        for key, value in part.get("properties", {}).items():
            assert value.get("description"), key

    described(schema())
    json.dumps(schema())


def test_every_key_is_documented_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = {
        line.split("|")[1].strip(): line.split("|")[2].strip() for line in page.splitlines() if line.startswith("| `")
    }
    assert set(rows) == {f"`{key}`" for key in schema()["properties"]}
    for key, part in schema()["properties"].items():
        default = f"`{toml_value(part['default'])}`" if "default" in part else ""
        assert rows[f"`{key}`"] == default, key


def test_the_example_of_the_page_is_valid() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    assert config(example).rules["EVT101"].params == {"factor": 3}


def test_the_starter_has_every_key_and_is_valid_when_used() -> None:
    text = starter()
    assert config(text).sources == {}
    used = re.sub(r"(?m)^# (?=\[|(?:\"[^\"]*\"|[A-Za-z-]+) = )", "", text)
    used = used.replace('extend = "../archlint.toml"', "")
    found = config(used)
    assert {key for key in found.sources if "." not in key} == set(schema()["properties"]) - {"extend"}


def test_a_setting_of_one_rule_or_glob_has_its_own_source() -> None:
    found = config('[owners]\n\n[rules.EVT101.params]\nfactor = 3\n\n[per-file-ignores]\n"a/**" = ["EVT"]\n')
    assert found.source("rules.EVT101").endswith("archlint.toml:3")
    assert found.source("per-file-ignores.a/**").endswith("archlint.toml:7")
