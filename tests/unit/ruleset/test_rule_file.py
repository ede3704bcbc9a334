"""Rule files that are wrong stop the run and say where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archlint.errors import RulePackError
from archlint.ruleset.rule_file import read_rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.ruleset.rule import Rule

GOOD = """\
match: (queue:AWS::SQS::Queue)-[e:triggers]->(function)
report: {at: queue, message: "{queue}"}
"""


def test_a_rule_is_read_with_its_defaults(rule_of: Callable[[str], Rule]) -> None:
    rule = rule_of(GOOD + "params: {factor: {type: integer, default: 6, minimum: 1}}\n")
    assert (rule.meta.id, rule.meta.enabled, rule.meta.pillar, rule.pack) == ("XYZ001", True, "reliability", "test")
    assert rule.meta.params["factor"].default == 6


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("match: [\n", 8, "test_rule.yaml:8"),
        (GOOD + "wher: a < b\n", 9, 'wher: unknown key; did you mean "where"'),
        (GOOD + "id: XYZ002\n", 9, 'key "id" is given twice'),
        ("match: (queue)\n", 1, 'key "report" is missing'),
        ("match: (queue)\nreport: {at: queue}\n", 8, 'report: key "message" is missing'),
        ("match: (queue)\nreport: {at: queue, message: a, flwo: true}\n", 8, "report.flwo: unknown key"),
        ("match: (queue\nreport: {at: queue, message: a}\n", 7, r"match: expected \"\)\", found the end \(column 7"),
        (GOOD + "where: queue.A <\n", 9, "where: something is missing at the end"),
        (GOOD + "where: quue.A < 1\n", 9, 'where: unknown name "quue"'),
        (GOOD + "where: {a: b}\n", 9, "where: "),
        (GOOD + "without: (other)-[dead_letters]->()\n", 9, "without: shares no name with match"),
        (
            GOOD + "without:\n  - (queue)-[dead_letters]->()\n  - (queue)-[dead]->()\n",
            11,
            'without.1: unknown edge kind "dead"',
        ),
        (GOOD + "without: (queue)-[e:triggers]->()\n", 9, "without: uses the name of an edge again"),
        (GOOD + "without: {match: (queue)-->(x), where: y.A}\n", 9, 'without.where: unknown name "y"'),
        (GOOD + "params: {Factor: {type: integer, default: 1}}\n", 9, "params"),
        (GOOD + "params: {factor: {type: integer}}\n", 9, 'params.factor: key "default" is missing'),
        (
            GOOD + "params: {factor: {type: integer, default: six}}\n",
            1,
            "default of parameter factor must be an integer",
        ),
        (GOOD + "params: {factor: {type: integer, default: 0, minimum: 1}}\n", 1, "must be at least 1"),
        ("match: (queue)\nreport:\n  at: function\n  message: a\n", 9, 'report.at: unknown name "function"'),
        ("match: ()-[e:reads]->()\nreport:\n  at: e.mode\n  message: a\n", 9, "report.at: an edge has no place mode"),
        ("match: (queue)\nreport:\n  at: queue\n  message: '{queue'\n", 10, "report.message: single brace"),
        (
            "match: (queue)\nreport:\n  at: queue\n  message: a\n  severity: [{when: q.A, level: error}]\n",
            11,
            'report.severity.0.when: unknown name "q"',
        ),
        (
            "match: (queue)\nreport:\n  at: queue\n  message: a\n  related:\n    - {at: queue, message: '{q}'}\n",
            12,
            'report.related.0.message: unknown name "q"',
        ),
    ],
)
def test_a_broken_rule_says_file_line_and_key(rule_of: Callable[[str], Rule], text: str, line: int, says: str) -> None:
    with pytest.raises(RulePackError, match=says) as error:
        rule_of(text)
    where = str(error.value.where)
    assert Path(where.split(":", maxsplit=1)[0]).name == "test_rule.yaml"
    assert where.split(":")[1] == str(line)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ("id: XYZ1", "id"),
        ("name: Test", "name"),
        ("summary: It ends with a period.", "summary"),
        (f"summary: {'x' * 81}", "summary"),
        ("severity: fatal", "severity"),
        ("help_uri: http://example.com/", "help_uri"),
        ("- a list", "test_rule"),
        ("just text", "test_rule"),
        ("", "test_rule"),
    ],
)
def test_head(tmp_path: Path, head: str, changed: str, says: str) -> None:
    key = changed.partition(":")[0]
    lines = [line for line in head.splitlines() if not line.startswith(f"{key}:")] if ":" in changed else []
    path = tmp_path / "test_rule.yaml"
    path.write_text("\n".join([changed, *lines, GOOD if lines else ""]), encoding="utf-8")
    with pytest.raises(RulePackError, match=says):
        read_rule(path, "test")


def test_an_alias_bomb_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "test_rule.yaml"
    levels = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12))
    path.write_text(f"a0: &a0 [x]\n{levels}\n", encoding="utf-8")
    with pytest.raises(RulePackError):
        read_rule(path, "test")


def test_the_name_is_the_file(tmp_path: Path, head: str) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(head + GOOD, encoding="utf-8")
    with pytest.raises(RulePackError, match=r"belongs in a file named test_rule\.yaml"):
        read_rule(path, "test")


def test_a_trusted_rule_is_compiled_later_but_a_wrong_key_is_still_told(tmp_path: Path, head: str) -> None:
    path = tmp_path / "test_rule.yaml"
    path.write_text(head.replace("severity: warning\n", "") + GOOD, encoding="utf-8")
    with pytest.raises(RulePackError, match='key "severity" is missing'):
        read_rule(path, "test", is_trusted=True)
    path.write_text(head + GOOD.replace("queue:", "queue:::"), encoding="utf-8")
    assert read_rule(path, "test", is_trusted=True).meta.id == "XYZ001"


PYTHON = '''\
"""What the page says."""

from archlint.api import RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="XYZ001",
    name="test-rule",
    severity=Severity.NOTE,
    summary="Something that a test reports",
    help_uri="https://example.com/",
)


def check(context: RuleContext):
    yield from ()
'''


def test_a_python_rule_is_the_same_kind_of_value(tmp_path: Path) -> None:
    path = tmp_path / "test_rule.py"
    path.write_text(PYTHON, encoding="utf-8")
    rule = read_rule(path, "test")
    assert (rule.meta.id, rule.meta.description) == ("XYZ001", "What the page says.")
    assert callable(rule.check)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("def check", "def chekc", 1, "META, a RuleMeta, and a function check"),
        ("META =", "DATA =", 1, "META, a RuleMeta"),
        ("def check(", "def check(:", 14, "SyntaxError"),
        ("META = ", "1 / 0\nMETA = ", 5, "ZeroDivisionError"),
        ("META = ", "import nothing_of_this_name\nMETA = ", 5, "ModuleNotFoundError"),
        ("META = ", "raise SystemExit\nMETA = ", 5, "SystemExit"),
        ('id="XYZ001"', 'id="xyz"', 5, 'id "xyz" is not'),
        ('"""What the page says."""', "", 5, "has no description"),
    ],
)
def test_a_broken_python_rule_says_where(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    path = tmp_path / "test_rule.py"
    path.write_text(PYTHON.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulePackError, match=says) as error:
        read_rule(path, "test")
    assert str(error.value.where).endswith(f"test_rule.py:{line}")
