"""A result is told again when nothing has changed, and only then."""

import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    time.sleep(0.06)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository" / "shop"
    (folder / "src").mkdir(parents=True)
    (folder.parent / ".git").mkdir()
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
    "a checkout of its own": lambda shop: (shop / ".git").mkdir(),
    "no checkout around it": lambda shop: (shop.parent / ".git").rmdir(),
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


def _touched_in_secret(path: Path) -> None:
    status = path.stat()
    path.write_text(path.read_text().replace("60", "10"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _linked_code(shop: Path) -> None:
    (shop / ".gitignore").write_text("dist/\n")
    (shop / "template.yaml").write_text(TEMPLATE.replace("src/", "dist/a/now/"))
    for version in ("v1", "v2"):
        (shop / "dist" / "a" / version).mkdir(parents=True)
        (shop / "dist" / "a" / version / "app.py").write_text("import boto3\n")
    (shop / "dist" / "a" / "now").symlink_to("v1")


def _linked_data(shop: Path) -> None:
    (shop / ".gitignore").write_text("data/\n")
    (shop / "data" / "a").mkdir(parents=True)
    (shop / "data" / "a" / "big").write_text("x")
    (shop / "src" / "big").symlink_to("../data/a/big")


def _point(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


def _two_parts(shop: Path) -> None:
    for part in ("a/one", "b/two"):
        (shop / part).mkdir(parents=True)
        (shop / part / "template.yaml").write_text(TEMPLATE.replace("src/", "."))


def _owned_above(shop: Path) -> None:
    (shop.parent / "docs").mkdir()
    (shop.parent / "docs" / "CODEOWNERS").write_text("* @shop\n")


def _layer(shop: Path) -> None:
    (shop / ".gitignore").write_text("dist/\n")
    code = shop / "dist" / "lib" / "site-packages"
    code.mkdir(parents=True)
    (code / "app.py").write_text("import boto3\n")
    (shop / "template.yaml").write_text(TEMPLATE.replace("src/", "dist/lib/site-packages"))


def _nothing(_: Path) -> None:
    pass


HIDDEN_CHANGES: dict[str, tuple[Callable[[Path], object], list[str], Callable[[Path], object]]] = {
    "the same size and time": (_nothing, ["."], lambda shop: _touched_in_secret(shop / "template.yaml")),
    "permissions": (_nothing, ["."], lambda shop: (shop / "template.yaml").chmod(0o600)),
    "a link to code": (_linked_code, ["."], lambda shop: _point(shop / "dist" / "a" / "now", "v2")),
    "a link to code of another run": (
        _linked_code,
        ["template.yaml"],
        lambda shop: _point(shop / "dist" / "a" / "now", "v2"),
    ),
    "what a link in a package names": (
        _linked_data,
        ["."],
        lambda shop: (shop / "data" / "a" / "big").write_bytes(b"x" * 1000),
    ),
    "what git ignores between": (
        _two_parts,
        ["a/one", "b/two"],
        lambda shop: (shop / "a" / ".gitignore").write_text("one/template.yaml\n"),
    ),
    "a checkout between": (_two_parts, ["a/one", "b/two"], lambda shop: (shop / "a" / ".git").mkdir()),
    "owners between": (
        _two_parts,
        ["a/one/template.yaml", "b/two/template.yaml"],
        lambda shop: (shop / "a" / "CODEOWNERS").write_text("* @one\n"),
    ),
    "the dialect of owners": (_owned_above, ["."], lambda shop: (shop.parent / ".gitlab-ci.yml").write_text("{}")),
    "code of a layer": (
        _layer,
        ["."],
        lambda shop: (shop / "dist" / "lib" / "site-packages" / "app.py").write_text("import os\n"),
    ),
}


@pytest.mark.parametrize(("prepare", "paths", "change"), HIDDEN_CHANGES.values(), ids=HIDDEN_CHANGES.keys())
def test_a_hidden_change_is_seen(
    shop: Path, runs: Runs, prepare: Callable[[Path], object], paths: list[str], change: Callable[[Path], object]
) -> None:
    prepare(shop)
    _age(shop.parent)
    for _ in range(2):
        run_cached([shop / path for path in paths], Config())
    assert runs.count == 1
    change(shop)
    run_cached([shop / path for path in paths], Config())
    assert runs.count == 2


def test_code_in_a_folder_that_git_ignores(shop: Path, runs: Runs) -> None:
    (shop / ".gitignore").write_text("src/\n")
    (shop / "src" / "app.py").write_text("import boto3\n")
    _age(shop)
    run_cached([shop], Config(select=("IAM",)))
    run_cached([shop], Config(select=("IAM",)))
    assert runs.count == 1
    (shop / "src" / "app.py").write_text("import os\n")
    run_cached([shop], Config(select=("IAM",)))
    assert runs.count == 2


def test_the_linted_folder_may_be_where_python_looks(shop: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / "part").mkdir()
    (shop / "template.yaml").rename(shop / "part" / "template.yaml")
    (shop / "src").rename(shop / "part" / "src")
    _age(shop)
    monkeypatch.syspath_prepend(str(shop))  # `python -m archlint` does
    run_cached([shop], Config())
    (shop / "template.yaml").write_text(TEMPLATE)
    run_cached([shop], Config())
    assert runs.count == 2


def test_other_packages_are_another_run(shop: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = shop.parent / "lib" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(packages)])
    run_cached([shop], Config())
    (packages / "tree_sitter-9.dist-info").mkdir()
    run_cached([shop], Config())
    assert runs.count == 2


def test_a_link_to_the_linted_folder(shop: Path, runs: Runs) -> None:
    (shop.parent / "empty").mkdir()
    link = shop.parent / "link"
    link.symlink_to("shop")
    _age(shop.parent)
    run_cached([link], Config())
    _point(link, "empty")
    run_cached([link], Config())
    assert runs.count == 2


def test_an_accepted_finding_of_a_file_that_goes(shop: Path) -> None:
    other = shop.parent / "other" / "template.yaml"
    other.parent.mkdir()
    other.write_text("Resources: {}")
    baseline = shop.parent / "baseline.json"
    baseline.write_text('{"version": 1, "entries": [{"rule": "EVT101", "file": "other/template.yaml"}]}')
    _age(shop.parent)
    assert not run_cached([shop], Config(baseline=baseline)).stale_baseline
    other.unlink()
    assert run_cached([shop], Config(baseline=baseline)).stale_baseline


def test_what_a_report_would_quote_otherwise_is_not_kept(shop: Path) -> None:
    (shop / "template.yaml").write_text(TEMPLATE, encoding="utf-16")
    outside = shop.parent / "outside.yaml"
    outside.write_text(TEMPLATE)
    (shop / "linked.yaml").symlink_to(outside)
    _age(shop.parent)
    assert run_cached([shop], Config()).documents
    assert run_cached([shop], Config()).documents
    assert run_cached([shop / "linked.yaml"], Config()).documents
    assert run_cached([shop / "linked.yaml"], Config()).documents


def test_a_job_summary_has_its_picture(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archlint.cli import run as run_command

    summary = shop.parent / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    run_command(["check", "--report", "json"])
    run_command(["check", "--report", "github"])
    assert "mermaid" in summary.read_text()


def test_a_name_that_is_no_text(shop: Path) -> None:
    folder = shop / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("the file system has no such names")
    (folder / "template.yaml").write_text(TEMPLATE)
    assert run_cached([folder], Config()).findings
    assert run_cached([shop], Config()).findings


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
    (shop / ".git").mkdir()
    _age(shop)
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


def test_a_link_in_its_place_is_none(shop: Path, runs: Runs) -> None:
    elsewhere = shop.parent / "elsewhere"
    elsewhere.mkdir()
    (shop / FOLDER).symlink_to(elsewhere)
    _age(shop.parent)
    run_cached([shop], Config())
    run_cached([shop], Config())
    assert runs.count == 2
    assert not list(elsewhere.iterdir())


def test_a_full_disk_leaves_nothing_behind(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, *_: Any) -> None:
        os.close(descriptor)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    assert run_cached([shop], Config()).findings
    assert sorted(path.name for path in (shop / FOLDER).iterdir()) == [".gitignore", "CACHEDIR.TAG"]


def test_old_results_are_thrown_away(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_RESULTS", 2)
    for prefix in ("EVT", "DAT", "PKG", "API"):
        run_cached([shop], Config(select=(prefix,)))
    assert len(list((shop / FOLDER).glob("*.msgpack"))) == 2
