"""A result is told again when nothing has changed, and only then."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archlint.cache import FOLDER, run_cached, store
from archlint.config import Config
from archlint.findings import Notification, Severity
from archlint.lint import LintResult, run

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 10}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Runtime: python3.12
      Timeout: 60
      Events:
        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}
"""
LONG_AGO = time.time() - 1000


def _age(folder: Path) -> None:
    """Makes everything below old: what was written just now is not trusted."""
    for path in (folder, *folder.rglob("*")):
        if FOLDER not in path.parts:
            os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository" / "shop"
    (folder / "src").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "src" / "app.py").write_text("def handler(event, context): pass\n")
    (folder / "src" / "data.bin").write_bytes(b"x" * 10)
    (folder / "docs").mkdir()
    (folder / "node_modules").mkdir()
    _age(tmp_path)
    monkeypatch.chdir(folder)
    return folder


class Runs:
    """Counts whole runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0

        def counted(*given: object, **named: object) -> LintResult:
            self.count += 1
            return run(*given, **named)  # type: ignore[arg-type] # handed on as they came

        monkeypatch.setattr(store, "run", counted)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


def test_a_second_run_says_the_same_without_looking(shop: Path, runs: Runs) -> None:
    first = run_cached([shop], Config())
    second = run_cached([shop], Config())
    assert runs.count == 1
    assert first.findings == second.findings
    assert (first.summary, first.root, first.notifications) == (second.summary, second.root, second.notifications)
    assert [finding.rule_id for finding in second.findings]
    assert {rule.id: rule.remediation for rule in first.rules} == {rule.id: rule.remediation for rule in second.rules}
    assert (shop / FOLDER / ".gitignore").read_text() == "*\n"


CHANGES: dict[str, Callable[[Path], object]] = {
    "a template says something else": lambda shop: (shop / "template.yaml").write_text(TEMPLATE.replace("60", "61")),
    "a template more": lambda shop: (shop / "other.yaml").write_text(TEMPLATE),
    "a template in a new folder": lambda shop: (shop / "new").mkdir(),
    "a template is gone": lambda shop: (shop / "template.yaml").unlink(),
    "code that was read": lambda shop: (shop / "src" / "app.py").write_text("import boto3\n"),
    "code beside it": lambda shop: (shop / "src" / "more.py").write_text(""),
    "the size of a package": lambda shop: (shop / "src" / "data.bin").write_bytes(b"x" * 11),
    "owners": lambda shop: (shop / "docs" / "CODEOWNERS").write_text("* @shop\n"),
    "owners of the folder": lambda shop: (shop / "CODEOWNERS").write_text("* @shop\n"),
    "what git ignores": lambda shop: (shop / ".gitignore").write_text("template.yaml\n"),
    "what git ignores further up": lambda shop: (shop.parent / ".gitignore").write_text("shop\n"),
    "a checkout around it": lambda shop: (shop.parent / ".git").mkdir(),
    "deployment parameters": lambda shop: (shop / "samconfig.toml").write_text("version = 0.1\n"),
    "a build": lambda shop: (shop / ".aws-sam" / "build").mkdir(parents=True),
    "installed packages": lambda shop: (shop / "node_modules" / "left-pad").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_seen(shop: Path, runs: Runs, change: Callable[[Path], object]) -> None:
    run_cached([shop], Config())
    change(shop)
    run_cached([shop], Config())
    assert runs.count == 2


def test_code_appears_deep_in_a_folder_that_git_ignores(shop: Path, runs: Runs) -> None:
    (shop / ".gitignore").write_text("dist/\n")
    (shop / "template.yaml").write_text(TEMPLATE.replace("src/", "dist/a/b"))
    (shop / "dist" / "a").mkdir(parents=True)
    _age(shop)
    run_cached([shop], Config())
    run_cached([shop], Config())
    assert runs.count == 1
    (shop / "dist" / "a" / "b").mkdir()
    run_cached([shop], Config())
    assert runs.count == 2


def test_other_settings_are_another_run(shop: Path, runs: Runs) -> None:
    run_cached([shop], Config())
    run_cached([shop], Config(ignore=("EVT",)))
    run_cached([shop], Config(), focus=[shop / "docs"])
    run_cached([shop / "src", shop], Config())
    assert runs.count == 4
    run_cached([shop], Config(ignore=("EVT",)))
    assert runs.count == 4


def test_reports_and_caches_change_nothing(shop: Path, runs: Runs) -> None:
    report = shop / "report.json"
    for _ in range(2):
        run_cached([shop], Config(), written=[report])
        report.write_text("{}")
        (shop / ".git" / "index").write_text(str(time.time()))
    assert runs.count == 1


def test_what_was_changed_just_now_is_not_kept(shop: Path, runs: Runs) -> None:
    (shop / "template.yaml").write_text(TEMPLATE)
    run_cached([shop], Config())
    run_cached([shop], Config())
    assert runs.count == 2


def test_what_changes_during_a_run_is_not_kept(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*given: object, **named: object) -> LintResult:
        result = run(*given, **named)  # type: ignore[arg-type] # handed on as they came
        (shop / "template.yaml").write_text(TEMPLATE.replace("60", "1"))
        return result

    monkeypatch.setattr(store, "run", slow)
    assert run_cached([shop], Config()).findings
    monkeypatch.setattr(store, "run", run)
    assert not [finding for finding in run_cached([shop], Config()).findings if finding.rule_id == "EVT101"]


def test_a_crashed_rule_is_not_kept(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crashed(*given: object, **named: object) -> LintResult:
        result = run(*given, **named)  # type: ignore[arg-type] # handed on as they came
        from msgspec.structs import replace

        return replace(result, notifications=(Notification("rule X1 crashed", Severity.ERROR, "X1"),))

    monkeypatch.setattr(store, "run", crashed)
    run_cached([shop], Config())
    assert not list((shop / FOLDER).glob("*.msgpack"))


@pytest.mark.parametrize("content", [b"", b"\xc1", b"\x80", "ß".encode("latin-1") * 100])
def test_a_broken_cache_is_none(shop: Path, runs: Runs, content: bytes) -> None:
    run_cached([shop], Config())
    [file] = (shop / FOLDER).glob("*.msgpack")
    file.write_bytes(content)
    run_cached([shop], Config())
    assert runs.count == 2


def test_a_place_where_nothing_can_be_written_is_none(shop: Path, runs: Runs) -> None:
    (shop / FOLDER).write_text("a file stands here")
    os.utime(shop, (LONG_AGO, LONG_AGO))
    run_cached([shop], Config())
    run_cached([shop], Config())
    assert runs.count == 2


def test_old_results_are_thrown_away(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_RESULTS", 2)
    for prefix in ("EVT", "DAT", "PKG", "API"):
        run_cached([shop], Config(select=(prefix,)))
    assert len(list((shop / FOLDER).glob("*.msgpack"))) == 2
