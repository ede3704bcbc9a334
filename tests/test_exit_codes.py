"""Command lines and their exit codes: scripts, hooks and CI depend on each of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archlint import cli

CLEAN = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"
UNREADABLE = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Type: AWS::SQS::Queue\n"
WARNING = """\
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: "arn:aws:sqs:eu-west-1:111122223333:dead", maxReceiveCount: 5}
  Worker:
    Type: AWS::Lambda::Function
    Properties: {Timeout: 30, Handler: app.handler, Runtime: python3.13, Role: "arn:aws:iam::111122223333:role/worker",
                 Code: {S3Bucket: code, S3Key: worker.zip}}
  Events:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""
SUPPRESSED = WARNING.replace("      Visib", "      # archlint: ignore[EVT101] drained by hand\n      Visib")
UNUSED = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic  # archlint: ignore[EVT101] nothing here\n"
PACK = 'name = "own"\nprefixes = ["OWN"]\nformat = 1\n'
CRASHING = '''"""Why it hurts."""

from archlint.api import RuleMeta, Severity

META = RuleMeta(
    id="OWN001",
    name="crashing-rule",
    severity=Severity.NOTE,
    summary="Ends with an exception",
    help_uri="https://docs.aws.amazon.com/",
    description="It does.",
    remediation="Do not.",
)


def check(context):
    """Crashes."""
    raise KeyError("boom")
'''
FILES = {
    "clean/template.yaml": CLEAN,
    "warning/template.yaml": WARNING,
    "unreadable/template.yaml": UNREADABLE,
    "suppressed/template.yaml": SUPPRESSED,
    "unused/template.yaml": UNUSED,
    "nothing/notes.yaml": "just: notes\n",
    "nothing/readme.txt": "text",
    "bad.toml": "selekt = []\n",
    "nonsense.toml": "[[[",
    "never.toml": 'fail-on = "never"\n',
    "strict.toml": 'fail-on = "note"\n',
    "gone-pack.toml": 'packs = ["nowhere"]\n',
    "crash.toml": 'packs = ["archlint", {path = "pack", python = true}]\n',
    "unknown-rule.toml": "[rules.EVT999]\n",
    "bad-param.toml": '[rules.EVT101]\nparams = {factor = "six"}\n',
    "pack/pack.toml": PACK,
    "pack/crashing_rule.py": CRASHING,
    "broken-pack/pack.toml": PACK,
    "broken-pack/rule.yaml": "id: OWN001\n",
    "baseline.json": '{"version": 1, "entries": []}',
    "broken-baseline.json": "{",
    "parameters.json": '[{"ParameterKey": "Stage", "ParameterValue": "prod"}]',
    "no-parameters.json": "3",
}

TABLE = [
    # nothing at or above --fail-on
    ("check clean", 0),
    ("check clean/template.yaml", 0),
    ("check warning --fail-on error", 0),
    ("check warning --fail-on never", 0),
    ("check warning --config never.toml", 0),
    ("check warning --exit-zero", 0),
    ("check unreadable --exit-zero", 0),
    ("check unreadable --fail-on never", 0),
    ("check warning --ignore EVT", 0),
    ("check warning --select PKG", 0),
    ("check suppressed", 0),
    ("check suppressed --show-suppressed", 0),
    ("check warning --focus clean/template.yaml", 0),
    ("check . --focus clean/template.yaml", 0),
    ("check clean --baseline baseline.json", 0),
    ("check clean --parameters Stage=prod --parameters parameters.json", 0),
    ("check clean --quiet", 0),
    ("check clean --verbose --statistics --color always", 0),
    ("check clean --no-python-packs --config crash.toml", 0),
    ("check --isolated clean", 0),
    # findings
    ("check", 1),
    ("check .", 1),
    ("check warning", 1),
    ("check warning/template.yaml", 1),
    ("check warning --fail-on warning", 1),
    ("check warning --fail-on note", 1),
    ("check warning --config never.toml --fail-on warning", 1),
    ("check warning --config strict.toml", 1),
    ("check clean warning", 1),
    ("check warning --select EVT101", 1),
    ("check unreadable", 1),
    ("check unreadable/template.yaml", 1),
    ("check unreadable --fail-on error", 1),
    ("check unused", 1),
    ("check warning --baseline baseline.json", 1),
    ("check --focus warning/template.yaml", 1),
    ("check --focus clean/template.yaml warning/template.yaml", 1),
    ("check --focus warning", 1),
    ("check warning --focus .", 1),
    ("check --focus clean suppressed --quiet", 0),
    # something asked for was not linted
    ("check missing", 2),
    ("check missing/template.yaml", 2),
    ("check clean missing", 2),
    ("check nothing", 2),
    ("check nothing/notes.yaml", 2),
    ("check nothing/readme.txt", 2),
    ("check clean --exit-zero --config bad.toml", 2),
    ("check clean --config bad.toml", 2),
    ("check clean --config nonsense.toml", 2),
    ("check clean --config missing.toml", 2),
    ("check clean --config gone-pack.toml", 2),
    ("check clean --config unknown-rule.toml", 2),
    ("check clean --config bad-param.toml", 2),
    ("check clean --config never.toml --isolated", 2),
    ("check clean --select QQQ", 2),
    ("check --focus warning/tempalte.yaml", 2),
    ("check --focus", 2),
    ("check --focus --quiet", 2),
    ("check clean --fail-on fatal", 2),
    ("check clean --report xml", 2),
    ("check clean --report json --report sarif", 2),
    ("check clean --report json:nowhere/report.json", 2),
    ("check clean --report json:clean", 2),
    ("check clean --baseline missing.json", 2),
    ("check clean --baseline broken-baseline.json", 2),
    ("check clean --parameters nonsense", 2),
    ("check clean --parameters no-parameters.json", 2),
    ("check clean --unknown-flag", 2),
    ("chekc", 2),
    # a bug in archlint or in a rule
    ("check clean --config crash.toml", 3),
    ("check warning --config crash.toml", 3),
    ("check clean --config crash.toml --exit-zero", 3),
    ("check clean --config crash.toml --fail-on never", 3),
    # the other commands
    ("--version", 0),
    ("--help", 0),
    ("check --help", 0),
    ("graph clean", 0),
    ("graph warning --format dot", 0),
    ("graph warning --format json --level team", 0),
    ("graph warning --format graphml --edges events,reads", 0),
    ("graph warning --focus Jobs --depth 1", 0),
    ("graph warning --focus Jops", 2),
    ("graph warning --edges triggerz", 2),
    ("graph warning --format png", 2),
    ("graph missing", 2),
    ("graph nothing", 2),
    ("query (q:AWS::SQS::Queue)-[triggers]->(f) warning", 0),
    ("query (q:AWS::SQS::Queue)-[triggers]->(f) warning --format json", 0),
    ("query (q:AWS::S3::Bucket) warning", 0),
    ("query (q:AWS::SQS::Queue) warning --where q.VisibilityTimeout<100", 0),
    ("query (q:AWS::SQS::Queue warning", 2),
    ("query (q:AWS::SQS::Queue) warning --where q.VisibilityTimeout<", 2),
    ("query (q:AWS::SQS::Queue) warning --where import('os')", 2),
    ("query (q) missing", 2),
    ("rules", 0),
    ("rules --format json", 0),
    ("rules --format markdown --select EVT", 0),
    ("rules --select QQQ", 2),
    ("explain EVT101", 0),
    ("explain evt101", 0),
    ("explain TPL002", 0),
    ("explain EVT101 --format markdown", 0),
    ("explain EVT101 clean", 2),
    ("explain PKG001", 0),
    ("explain PKG001 clean --format markdown", 0),
    ("explain PKG001 missing", 2),
    ("explain EVT9", 2),
    ("explain", 2),
    ("test pack", 1),
    ("test broken-pack", 2),
    ("test nowhere", 2),
    ("config show", 0),
    ("config show clean", 0),
    ("config show --config bad.toml", 2),
    ("config schema", 0),
    ("config init", 0),
    ("config", 2),
    ("baseline show --baseline baseline.json", 0),
    ("baseline show --baseline missing.json", 2),
    ("baseline show --baseline broken-baseline.json", 2),
    ("baseline write warning --baseline new.json", 0),
    ("baseline write missing --baseline new.json", 2),
    ("baseline write warning --baseline nowhere/new.json", 2),
    ("baseline prune warning --baseline baseline.json", 0),
    ("baseline prune warning --baseline missing.json", 2),
    ("completion zsh", 0),
    ("completion tcsh", 2),
    ("docs", 2),
    ("docs --write pages", 0),
    ("docs --check clean", 1),
    ("proton export missing out", 2),
    ("proton export clean/template.yaml out", 2),
]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "CI", "FORCE_COLOR", "CLICOLOR_FORCE", "RUNNER_DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("command_line", "code"), TABLE, ids=[command_line for command_line, _ in TABLE])
def test_exit_code(command_line: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(command_line.split()) == code, capsys.readouterr()
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    if code == 2:
        assert "error:" in errors.lower() or "usage:" in errors.lower()


@pytest.mark.parametrize("form", ["auto", "text", "concise", "github", "sarif", "json"])
@pytest.mark.parametrize(("command_line", "code"), [("check clean", 0), ("check warning", 1), ("check nothing", 2)])
def test_formats_do_not_change_the_exit_code(command_line: str, code: int, form: str) -> None:
    assert cli.run([*command_line.split(), "--report", form, "--report", f"{form}:report"]) == code


def test_no_template_where_none_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert cli.run(["check", "--isolated"]) == 0


def test_a_bug_is_told_from_findings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("archlint.lint.run", broken)
    assert cli.run(["check", "clean", "--no-cache"]) == 3
    errors = capsys.readouterr().err
    assert "RuntimeError: broken" in errors
    assert "this is a bug in archlint" in errors


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("archlint.lint.run", interrupt)
    assert cli.run(["check", "clean", "--no-cache"]) == 130


def test_a_reader_that_leaves_early_is_no_bug() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "archlint", "rules"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate()
    assert process.returncode == 141
    assert errors == b""


def test_several_reports_of_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports = ["--report", "concise", "--report", "json:out.json", "--report", "sarif:out.sarif"]
    assert cli.run(["check", "warning", *reports]) == 1
    assert "EVT101" in capsys.readouterr().out
    assert json.loads((tmp_path / "out.json").read_text())["summary"]["findings"] >= 1
    assert json.loads((tmp_path / "out.sarif").read_text())["version"] == "2.1.0"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is of Linux")
def test_what_cannot_be_written_is_no_bug() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "archlint", "rules"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: cannot write the output: ")


@pytest.mark.skipif(os.name == "nt", reason="the shell of POSIX")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_no_bug(closed: str) -> None:
    command = f'"{sys.executable}" -m archlint check warning {closed}'
    assert subprocess.run(["sh", "-c", command], check=False, capture_output=True).returncode == 1


@pytest.mark.parametrize(("severity", "code"), [("note", 0), ("error", 1)])
def test_own_rules_take_a_configured_severity(tmp_path: Path, severity: str, code: int) -> None:
    text = "".join(f'[rules.{rule}]\nseverity = "{severity}"\n' for rule in ("TPL001", "TPL002"))
    (tmp_path / "own.toml").write_text(text)
    assert cli.run(["check", "unreadable", "unused", "--config", "own.toml"]) == code


def test_a_report_in_a_file_is_told_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check", "warning", "--select", "EVT101", "--report", "json:out.json"]) == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err == "1 warning; see out.json\n"


def test_a_baseline_from_write_to_prune(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flag = ["--baseline", "new.json"]
    assert cli.run(["baseline", "write", "warning", "--reason", "old", *flag]) == 0
    assert cli.run(["check", "warning", *flag]) == 0
    assert "in the baseline" in capsys.readouterr().out
    assert cli.run(["check", "warning", "clean", *flag]) == 0, "another root, the same files"
    assert '"reason": "old"' in (tmp_path / "new.json").read_text()
    (tmp_path / "warning/template.yaml").write_text(CLEAN)
    capsys.readouterr()
    assert cli.run(["check", "warning", *flag]) == 0
    assert "the baseline accepts what is no longer found" in capsys.readouterr().out
    assert cli.run(["baseline", "prune", "clean", *flag]) == 0
    assert "EVT101" in (tmp_path / "new.json").read_text(), "another run's files are not judged"
    assert cli.run(["baseline", "prune", "warning", *flag]) == 0
    assert json.loads((tmp_path / "new.json").read_text())["entries"] == []


def test_config_init_does_not_overwrite(tmp_path: Path) -> None:
    assert cli.run(["config", "init"]) == 0
    assert cli.run(["config", "init"]) == 2
    assert cli.run(["config", "init", "--force"]) == 0
    assert cli.run(["check", "clean"]) == 0
    text = (tmp_path / "archlint.toml").read_text()
    (tmp_path / "archlint.toml").write_text(text.replace("\n# fail-on = ", "\nfail-on = "))
    assert cli.run(["check", "clean"]) == 0


def test_the_nearest_configuration_of_the_paths_counts(tmp_path: Path) -> None:
    (tmp_path / "warning/archlint.toml").write_text('fail-on = "error"\n')
    assert cli.run(["check", "warning"]) == 0
    assert cli.run(["check", "."]) == 1
    (tmp_path / "archlint.toml").write_text('fail-on = "never"\n')
    assert cli.run(["check", "."]) == 0


def test_output_is_the_same_on_every_run(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = []
    for _ in range(2):
        cli.run(["check", ".", "--show-suppressed"])
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
