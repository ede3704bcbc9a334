"""The file of accepted findings."""

import json
from pathlib import Path

import msgspec
import pytest

from archlint.baseline import (
    Baseline,
    Key,
    apply,
    describe,
    from_findings,
    read_baseline,
    stale,
    text_of,
    without_stale,
    write_baseline,
)
from archlint.errors import BaselineError
from archlint.findings import Confidence, Finding, Location, Region, Severity, Suppression


def finding(file: str = "shop/template.yaml", *key: str, rule_id: str = "EVT101", line: int = 1) -> Finding:
    location = Location(file, Region(line, 1, line, 2))
    return Finding(rule_id, "name", Severity.WARNING, Confidence.HIGH, "message", location, key=key or ("Jobs",))


def accepted(findings: list[Finding], baseline: Baseline) -> list[str | None]:
    return [item.suppression.reason if item.suppression else None for item in apply(findings, baseline)]


def written(folder: Path, findings: list[Finding], *, root: Path | None = None, reason: str = "") -> Baseline:
    path = folder / "baseline.json"
    root = root or folder
    known = read_baseline(path, root) if path.exists() else None
    write_baseline(from_findings(path, root, findings, known=known, reason=reason))
    return read_baseline(path, root)


def test_written_file_is_sorted_and_has_an_entry_per_line(tmp_path: Path) -> None:
    written(tmp_path, [finding("b.yaml"), finding("a.yaml", "Z"), finding("a.yaml", "A"), finding("a.yaml", "Z")])
    assert (tmp_path / "baseline.json").read_text() == (
        '{"version": 1, "entries": [\n'
        '{"file": "a.yaml", "rule": "EVT101", "key": ["A"], "count": 1},\n'
        '{"file": "a.yaml", "rule": "EVT101", "key": ["Z"], "count": 2},\n'
        '{"file": "b.yaml", "rule": "EVT101", "key": ["Jobs"], "count": 1}\n'
        "]}\n"
    )


def test_lines_do_not_matter_but_counts_do(tmp_path: Path) -> None:
    baseline = written(tmp_path, [finding(line=3)], reason="old")
    assert accepted([finding(line=30), finding(line=31)], baseline) == ["old", None]
    assert accepted([finding("other.yaml")], baseline) == [None]
    assert accepted([finding(rule_id="EVT102")], baseline) == [None]
    assert accepted([finding("shop/template.yaml", "Jobs", "Worker")], baseline) == [None]


def test_suppressed_findings_need_no_entry_and_use_none(tmp_path: Path) -> None:
    suppressed = msgspec.structs.replace(finding(), suppression=Suppression("inSource", "by hand"))
    assert written(tmp_path, [suppressed]).entries == {}
    baseline = written(tmp_path, [finding()], reason="old")
    assert accepted([suppressed, finding()], baseline) == ["by hand", "old"]


def test_files_are_relative_to_the_baseline_whatever_is_linted(tmp_path: Path) -> None:
    baseline = written(tmp_path, [finding()], reason="old")
    narrow = read_baseline(baseline.path, tmp_path / "shop")
    assert accepted([finding("template.yaml")], narrow) == ["old"]
    wide = read_baseline(baseline.path, tmp_path.parent)
    assert accepted([finding(f"{tmp_path.name}/shop/template.yaml")], wide) == ["old"]


def test_reasons_survive_a_new_write(tmp_path: Path) -> None:
    written(tmp_path, [finding()], reason="first")
    baseline = written(tmp_path, [finding(), finding(rule_id="EVT102")], reason="second")
    assert {key.rule_id: entry.reason for key, entry in baseline.entries.items()} == {
        "EVT101": "first",
        "EVT102": "second",
    }


def test_stale_entries_are_those_of_linted_or_deleted_files(tmp_path: Path) -> None:
    (tmp_path / "present.yaml").touch()
    known = [finding("linted.yaml"), finding("linted.yaml"), finding("present.yaml"), finding("deleted.yaml")]
    baseline = written(tmp_path, known)
    found = apply([finding("linted.yaml")], baseline)
    gone = stale(baseline, found, {"linted.yaml"})
    names = ("Jobs",)
    assert gone == {Key("EVT101", "deleted.yaml", names): 1, Key("EVT101", "linted.yaml", names): 1}
    left = without_stale(baseline, gone)
    assert {key.file: entry.count for key, entry in left.entries.items()} == {"linted.yaml": 1, "present.yaml": 1}
    assert sum(stale(baseline, found).values()) == 3


def test_entry_in_words() -> None:
    assert describe(Key("EVT101", "a.yaml", ("Jobs", "Worker"))) == "EVT101 in a.yaml (Jobs, Worker)"
    assert describe(Key("TPL001", "a.yaml", ())) == "TPL001 in a.yaml"


def test_odd_names_survive(tmp_path: Path) -> None:
    odd = finding("größe \udcff.yaml", "\ud800", 'a"b\\c', "\x00")
    baseline = written(tmp_path, [odd], reason="日本")
    assert accepted([odd], baseline) == ["日本"]
    assert "größe" in text_of(baseline)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "not a baseline of version 1"),
        ('{"version": 2, "entries": []}', "not a baseline of version 1"),
        ('{"version": 1}', "not a baseline of version 1"),
        ('{"version": 1, "entries": [3]}', "entry 1 of the baseline is malformed"),
        ('{"version": 1, "entries": [{"rule": "EVT101"}]}', "entry 1"),
        ('{"version": 1, "entries": [{"rule": "EVT101", "file": "a", "count": 0}]}', "entry 1"),
        ('{"version": 1, "entries": [{"rule": "EVT101", "file": "a", "count": true}]}', "entry 1"),
        ('{"version": 1, "entries": [{"rule": "EVT101", "file": "a", "key": [1]}]}', "entry 1"),
    ],
)
def test_malformed_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "baseline.json").write_text(text)
    with pytest.raises(BaselineError, match=message):
        read_baseline(tmp_path / "baseline.json", tmp_path)


def test_missing_file_and_bytes(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="archlint baseline write"):
        read_baseline(tmp_path / "missing.json", tmp_path)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    with pytest.raises(BaselineError, match="not UTF-8"):
        read_baseline(tmp_path / "bytes.json", tmp_path)


def test_merged_duplicates_add_up(tmp_path: Path) -> None:
    entry = {"rule": "EVT101", "file": "a.yaml", "key": ["Jobs"], "count": 1}
    (tmp_path / "baseline.json").write_text(json.dumps({"version": 1, "entries": [entry, {**entry, "reason": "x"}]}))
    baseline = read_baseline(tmp_path / "baseline.json", tmp_path)
    assert accepted([finding("a.yaml")] * 3, baseline) == ["x", "x", None]
