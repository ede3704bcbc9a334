"""What stands around the code: the hooks, the action, the layers, the pages and the example shop tell the truth."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import archlint

ROOT = Path(__file__).parents[1]
SHOP = ROOT / "examples" / "shop"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")), SHOP / "README.md"]


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archlint", *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    environment = kept | {"NO_COLOR": "1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


# ---------------------------------------------------------------- pre-commit


@pytest.fixture(scope="module")
def hooks() -> dict[str, Any]:
    return {hook["id"]: hook for hook in read_yaml(".pre-commit-hooks.yaml")}


def test_hooks_are_valid_for_pre_commit(hooks: dict[str, Any]) -> None:
    clientlib = pytest.importorskip("pre_commit.clientlib")
    loaded = clientlib.load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))
    assert [hook["id"] for hook in loaded] == list(hooks) == ["archlint", "archlint-changed"]


def test_hook_for_the_project_takes_no_file_names(hooks: dict[str, Any]) -> None:
    assert hooks["archlint"]["pass_filenames"] is False
    assert hooks["archlint"]["require_serial"] is True
    assert hooks["archlint-changed"]["entry"].endswith("--focus")


@pytest.mark.parametrize(
    ("name", "project", "changed"),
    [
        ("template.yaml", True, True),
        ("infra/stack.template", True, True),
        ("infra/stack.json", True, True),
        ("a/archlint.toml", True, False),
        (".archlint.toml", True, False),
        ("samconfig.toml", True, False),
        ("pyproject.toml", True, False),
        ("src/app.py", False, False),
        ("notarchlint.toml", False, False),
    ],
)
def test_hooks_run_for(hooks: dict[str, Any], name: str, project: bool, changed: bool) -> None:
    assert bool(re.search(hooks["archlint"]["files"], name)) is project
    assert bool(re.search(hooks["archlint-changed"]["files"], name)) is changed


# ---------------------------------------------------------------- the action


@pytest.fixture(scope="module")
def step() -> ModuleType:
    spec = importlib.util.spec_from_file_location("archlint_action", ROOT / "action" / "main.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DEFAULTS = {
    name.upper().replace("-", "_"): entry["default"] for name, entry in read_yaml("action.yml")["inputs"].items()
}


def test_inputs_reach_the_script_through_the_environment_only() -> None:
    action = read_yaml("action.yml")
    first, *_ = action["runs"]["steps"]
    assert all("inputs." not in step.get("run", "") for step in action["runs"]["steps"])
    passed = {name.removeprefix("ARCHLINT_IN_") for name in first["env"] if name.startswith("ARCHLINT_IN_")}
    assert passed == set(DEFAULTS) - {"WORKING_DIRECTORY"}
    for output in action["outputs"].values():
        assert "steps.run.outputs." in output["value"]


def test_action_passes_arguments(step: ModuleType, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    plain = ["check", "--report", "auto", "--report", f"json:{report}", "--", "."]
    assert step.arguments(DEFAULTS, report) == plain
    asked = DEFAULTS | {"ANNOTATIONS": "false", "UPLOAD_SARIF": "true", "FAIL_ON": "error", "ARGS": "--select 'EVT'"}
    command = step.arguments(asked | {"PATHS": "a b"}, report)
    assert command[:5] == ["check", "--report", "text", "--report", f"github:{os.devnull}"], (
        "the summary is still wanted"
    )
    assert "sarif:archlint.sarif" in command
    assert command[-7:] == ["--fail-on", "error", "--select", "EVT", "--", "a", "b"]


@pytest.mark.parametrize("version", ["git+https://x", "1.0 --index-url x", "-r x", "1.0;x", "latest"])
def test_action_installs_exact_versions_only(step: ModuleType, version: str) -> None:
    with pytest.raises(step.InputError):
        step.requirement({"VERSION": version}, "here")
    assert step.requirement({"VERSION": "1.2.3rc1"}, "here") == "archlint==1.2.3rc1"
    assert step.requirement({}, "here") == "here"


@pytest.mark.parametrize(
    "wrong", [{"FAIL_ON": "high"}, {"ANNOTATIONS": "yes"}, {"UPLOAD_SARIF": ""}, {"ARGS": "--select 'EVT"}]
)
def test_action_refuses_other_values(step: ModuleType, tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(step.InputError):
        step.arguments(DEFAULTS | wrong, tmp_path / "report.json")


def test_action_writes_outputs(step: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report, sarif = tmp_path / "report.json", tmp_path / "sub" / "x.sarif"
    assert step.outputs(3, report, "", tmp_path) == {"exit-code": "3", "findings": "", "sarif-file": ""}
    sarif.parent.mkdir()
    sarif.write_text("{}")
    report.write_text(json.dumps({"findings": [{"suppressed": False}, {"suppressed": True}]}))
    expected = {"exit-code": "1", "findings": "1", "sarif-file": "sub/x.sarif"}
    assert step.outputs(1, report, "sub/x.sarif", tmp_path) == expected


# ---------------------------------------------------------------- the project


def test_layers_are_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_ci_calls_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text(encoding="utf-8")


def test_each_dependency_has_a_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {re.split(r"[<>=!~\[; ]", requirement)[0].lower() for requirement in declared}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    taken, _, _ = page.partition("## Not taken")
    rows = [line.split("|") for line in taken.splitlines() if line.startswith("| ")]
    listed = {name.strip().lower() for row in rows for cell in row[1:3] for name in cell.split(",")}
    assert names - listed == set()


def test_changelog_has_this_version() -> None:
    assert f"## {archlint.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    local = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_and_options_of_a_page_exist(page: Path) -> None:
    import click

    from archlint.cli import COMMANDS, group

    context = click.Context(group)
    blocks = re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    used = re.findall(r"\barchlint ([a-z]+)\b(?!\.)([^\n`#]*)", "\n".join(blocks))
    wrong = []
    for name, rest in used:
        command = group.get_command(context, name) if name in COMMANDS else None
        if command is None:
            wrong.append(name)
            continue
        known = {option for parameter in command.params for option in parameter.opts}
        for sub in getattr(command, "commands", {}).values():
            known |= {option for parameter in sub.params for option in parameter.opts}
        wrong += [f"{name} {option}" for option in re.findall(r"--[a-z-]+", rest) if option not in known]
    assert wrong == []


@pytest.fixture(scope="module")
def rule_ids() -> set[str]:
    return {rule["id"] for rule in json.loads(run("rules", "--format", "json", cwd=ROOT).stdout)["rules"]}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_rules_of_a_page_exist(page: Path, rule_ids: set[str]) -> None:
    groups = "|".join(sorted({name[:3] for name in rule_ids}))
    named = set(re.findall(rf"\b(?:{groups})\d{{3}}\b", page.read_text(encoding="utf-8")))
    assert named - rule_ids == set()


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "getting-started.md"], ids=lambda page: page.name)
def test_output_on_a_page_is_what_the_demo_prints(page: Path, shop: Path) -> None:
    printed = run("check", "--report", "text", cwd=shop).stdout
    shown = re.findall(r"^```text\n(.*?)\n```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert shown
    assert [block for block in shown if block not in printed] == []


def test_no_machine_paths() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(
        ["git", "grep", "-nIE", r"/(root|home/[a-z]+|work)/", "--", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in done.stdout.splitlines() if not line.startswith("tests/test_project.py")] == []


# ---------------------------------------------------------------- the example shop

Seeded = tuple[str, str, str, str]


def promised() -> list[Seeded]:
    """Rule, team, file and logical ID of each row of the README's table."""
    rows = re.findall(
        r"^\| (\w+\d) \| (\w+) \| `([^`]+)` \| `([^`]+)` \|", (SHOP / "README.md").read_text(), re.MULTILINE
    )
    return sorted(rows)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shop, with its packages built."""
    copy = tmp_path_factory.mktemp("example") / "shop"
    shutil.copytree(SHOP, copy, ignore=shutil.ignore_patterns(".aws-sam", ".archlint_cache"))
    subprocess.run([sys.executable, ROOT / "scripts" / "make_big_package.py", copy], check=True)
    return copy


@pytest.fixture(scope="module")
def shop_result(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    report = tmp_path_factory.mktemp("report") / "report.json"
    done = run("check", "--report", f"json:{report}", cwd=shop)
    assert done.returncode == 1, done.stderr
    result: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return result


def test_shop_has_the_findings_its_readme_promises_and_no_others(shop_result: dict[str, Any]) -> None:
    found = sorted(
        (finding["rule"], finding["owner"] or "", finding["file"], finding["logical_id"] or "-")
        for finding in shop_result["findings"]
        if not finding["suppressed"]
    )
    assert found == promised()


def test_shop_suppresses_with_a_reason(shop_result: dict[str, Any]) -> None:
    assert shop_result["summary"]["suppressed"] == 1


def test_check_of_the_shop_stays_light(shop: Path) -> None:
    """cfn-lint and its translator would each cost more than the whole run; jsonschema is for a configuration only."""
    code = (
        "import sys; from archlint.cli import run\n"
        "run(['check', '--isolated', '--exit-zero', '--quiet'])\n"
        "print([name for name in ('cfnlint', 'samtranslator', 'jsonschema') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=shop, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
