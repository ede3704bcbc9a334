"""Options that several commands share."""

import json
import os
from pathlib import Path

import pytest

from archlint import cli
from archlint.cli.check import _spread
from archlint.cli.settings import prefixes, read_parameters
from archlint.errors import UsageError

WANTED = {"Stage": "prod", "Size": "3"}


@pytest.mark.parametrize(
    "data",
    [
        {"Stage": "prod", "Size": 3},
        {"Parameters": {"Stage": "prod", "Size": "3"}, "Tags": {}},
        [{"ParameterKey": "Stage", "ParameterValue": "prod"}, {"ParameterKey": "Size", "ParameterValue": 3}],
        ["Stage=prod", "Size=3"],
    ],
)
def test_parameter_files(tmp_path: Path, data: object) -> None:
    path = tmp_path / "parameters.json"
    path.write_text(json.dumps(data))
    assert read_parameters(str(path)) == WANTED


def test_parameters_on_the_command_line() -> None:
    assert read_parameters("Stage=a=b") == {"Stage": "a=b"}
    assert read_parameters("Stage=") == {"Stage": ""}


@pytest.mark.parametrize("argument", ["nothing", "=x"])
def test_parameters_that_are_none(argument: str) -> None:
    with pytest.raises(UsageError, match="not K=V"):
        read_parameters(argument)


@pytest.mark.parametrize("text", ["3", "[3]", '[{"Key": "x"}]', "{", "\x00"])
def test_parameter_files_that_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "parameters.json"
    path.write_text(text)
    with pytest.raises(UsageError):
        read_parameters(str(path))


def test_prefixes() -> None:
    assert prefixes(["EVT, DAT001", "", "ORG"]) == ("EVT", "DAT001", "ORG")


@pytest.mark.parametrize(
    ("arguments", "spread"),
    [
        (["--focus", "a", "b"], ["--focus", "a", "--focus", "b"]),
        (["x", "--focus", "a", "-q", "y"], ["x", "--focus", "a", "-q", "y"]),
        (["--focus", "a", "--", "b"], ["--focus", "a", "--", "b"]),
        (["--focus=a", "b"], ["--focus=a", "b"]),
        (["--focus"], ["--focus"]),  # click refuses it; without it everything would be reported
        (["--focus", "-q"], ["--focus", "-q"]),
        ([], []),
    ],
)
def test_focus_takes_all_that_follows(arguments: list[str], spread: list[str]) -> None:
    assert _spread("--focus", arguments) == spread


def test_flags_win_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "archlint.toml").write_text('packs = [{path = "p", python = true}]\n[parameters]\nStage = "dev"\n')
    assert cli.run(["config", "show", "--no-python-packs"]) == 0
    shown = capsys.readouterr().out
    assert (
        f"packs = [{{ path = {json.dumps((tmp_path / 'p').as_posix())}, python = false }}]  # --no-python-packs"
        in shown
    )
    assert cli.run(["config", "show", "--isolated"]) == 0
    assert "no configuration file" in capsys.readouterr().out


def test_commands_are_imported_on_demand() -> None:
    import subprocess
    import sys

    code = "import sys, archlint.cli; sys.exit(', '.join(name for name in sys.modules if name.startswith(sys.argv[1])))"
    for heavy in ("yaml", "networkx", "jsonschema", "archlint.graph", "archlint.config", "archlint.reporters"):
        done = subprocess.run(
            [sys.executable, "-c", code, heavy], capture_output=True, text=True, check=False, env=os.environ
        )
        assert done.stderr.strip() == "", heavy
