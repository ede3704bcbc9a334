"""Each format over the same run, compared with the file in `expected`.

After a wanted change: UPDATE_GOLDEN=1 pytest tests/golden, and read the difference.
"""

import io
import os
from pathlib import Path
from typing import Any

import pytest

from archlint import __version__
from archlint.graph.export import EXPORTERS
from archlint.graph.view import Level, view
from archlint.lint import Estate, LintResult
from archlint.reporters import REPORTERS, reporter
from archlint.reporters.options import Options

EXPECTED = Path(__file__).parent / "expected"


def compare(text: str, name: str) -> None:
    path = EXPECTED / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; UPDATE_GOLDEN=1 pytest tests/golden rewrites it"


def rendered(name: str, result: LintResult, **options: Any) -> str:
    stream = io.StringIO()
    reporter(name)(result, stream, Options(cwd=result.root, **options))
    return stream.getvalue()


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "text.txt": ("text", {}),
    "text-everything.txt": ("text", {"show_suppressed": True, "verbose": True}),
    "text-color.txt": ("text", {"color": True, "links": True}),
    "text-statistics.txt": ("text", {"statistics": True}),
    "text-quiet.txt": ("text", {"quiet": True}),
    "concise.txt": ("concise", {}),
    "concise-suppressed.txt": ("concise", {"show_suppressed": True}),
    "github.txt": ("github", {}),
    "auto-in-actions.txt": ("auto", {"environ": {"GITHUB_ACTIONS": "true"}}),
    "report.json": ("json", {}),
    "report-suppressed.json": ("json", {"show_suppressed": True}),
    "report.sarif": ("sarif", {}),
    "report-suppressed.sarif": ("sarif", {"show_suppressed": True}),
}


@pytest.mark.parametrize("name", CASES)
def test_report(name: str, result: LintResult) -> None:
    form, options = CASES[name]
    compare(rendered(form, result, **options).replace(f'"{__version__}"', '"VERSION"'), name)


def test_every_format_has_a_golden_file() -> None:
    assert {form for form, _ in CASES.values()} == set(REPORTERS)


def test_reports_are_the_same_on_every_run(result: LintResult) -> None:
    for form in REPORTERS:
        assert rendered(form, result) == rendered(form, result)


def test_text_keeps_each_finding_short(result: LintResult) -> None:
    findings = rendered("text", result, quiet=True).split("\n\n")
    assert max(text.count("\n") + 1 for text in findings) <= 16


def test_auto_is_text_outside_of_actions(result: LintResult) -> None:
    assert rendered("auto", result) == rendered("text", result)


def test_nothing_in_a_template_commands_the_terminal_or_the_runner(result: LintResult) -> None:
    for form in ("text", "concise", "github"):
        text = rendered(form, result)
        assert "\x1b" not in text
        assert "\u202e" not in text
    guarded = rendered("text", result, environ={"GITHUB_ACTIONS": "true"})
    first, *inside, last, end = guarded.split("\n")
    assert end == ""
    token = first.removeprefix("::stop-commands::")
    assert last == f"::{token}::"
    assert token not in "\n".join(inside)


def test_annotations_overflow_is_said(result: LintResult) -> None:
    import msgspec

    many = msgspec.structs.replace(result, findings=result.findings[2:3] * 13)
    lines = rendered("github", many).splitlines()
    assert len(lines) == 10
    assert lines[-1] == "::warning title=archlint::4 more are in the log and in the job summary"


def test_job_summary(result: LintResult, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    environ = {
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "shop/infrastructure",
        "GITHUB_SHA": "0123abc",
        "GITHUB_WORKSPACE": str(result.root),
    }
    rendered("github", result, environ=environ)
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    compare(text.removeprefix("before\n"), "job-summary.md")


def test_job_summary_stays_below_the_limit(result: LintResult, tmp_path: Path) -> None:
    import msgspec

    summary = tmp_path / "summary.md"
    long = msgspec.structs.replace(result.findings[2], message="x" * 1000)
    many = msgspec.structs.replace(result, findings=(long,) * 2000)
    rendered("github", many, environ={"GITHUB_STEP_SUMMARY": str(summary)})
    text = summary.read_text(encoding="utf-8")
    assert len(text.encode()) < 1_000_000
    assert "more findings are in the log." in text
    assert "```mermaid" in text


def test_annotation_paths_count_from_the_workspace(result: LintResult) -> None:
    text = rendered("github", result, environ={"GITHUB_WORKSPACE": str(result.root.parent)})
    assert "file=checkout/shop/template.yaml" in text


@pytest.mark.parametrize("form", EXPORTERS)
def test_graph(form: str, estate: Estate) -> None:
    compare(EXPORTERS[form](view(estate.graph)), f"graph.{form}")


@pytest.mark.parametrize("level", [level for level in Level if level is not Level.RESOURCE])
def test_graph_at_level(level: Level, estate: Estate) -> None:
    compare(EXPORTERS["json"](view(estate.graph, level=level)), f"graph-{level.value}.json")
