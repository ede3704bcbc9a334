"""The harness: strict both ways, and it says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.config import PackSpec
from archlint.ruleset.fixtures import WantError, read_wants, without_annotations
from archlint.testing import check_case, check_packs

if TYPE_CHECKING:
    from pathlib import Path

RULE = """\
id: SHP001
name: slow-queue
severity: warning
summary: Queue delays its messages for long
description: Long enough to be a description.
help_uri: https://example.com/
params: {limit: {type: integer, default: 60}}
match: (queue:AWS::SQS::Queue)
where: queue.DelaySeconds > params.limit
report:
  at: queue.DelaySeconds
  message: '{queue} delays for {queue.DelaySeconds} s ("limit": {params.limit})'
  related: [{at: queue, message: "the queue {queue}"}]
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "lint" / "rules"
    folder.mkdir(parents=True)
    (folder / "pack.toml").write_text('name = "shop"\nprefixes = ["SHP"]\nformat = 1\n', encoding="utf-8")
    (folder / "slow_queue.yaml").write_text(RULE, encoding="utf-8")
    return folder


def template(delay: int, comment: str = "", *, queue: str = "") -> str:
    head = f"Resources:\n  Jobs:{queue}\n    Type: AWS::SQS::Queue\n"
    return f"{head}    Properties:\n      DelaySeconds: {delay}{comment}\n"


def problems(pack: Path, text: str, name: str = "bad.yaml") -> list[str]:
    case = pack.parents[1] / "tests" / "fixtures" / "rules" / "slow_queue" / name
    case.parent.mkdir(parents=True, exist_ok=True)
    case.write_text(text, encoding="utf-8")
    found = check_case(case, "SHP001", PackSpec(pack))
    return [f"{problem.line}: {problem.rule_id} {problem.message}" for problem in found]


GOT = 'Jobs delays for 90 s ("limit": 60)'


def test_one_want_uses_up_one_finding(pack: Path) -> None:
    assert problems(pack, template(90, '  # want: SHP001 "delays for 90 s"')) == []
    assert problems(pack, template(90, r'  # want: SHP001 "\(\"limit\": 60\)$"')) == []
    assert problems(pack, template(90, '  # want: SHP001 "90" SHP001 "Jobs"')) == [
        '5: SHP001 wanted "Jobs", got nothing'
    ]


def test_offset(pack: Path) -> None:
    text = template(90).replace("Resources:", '# want+5: SHP001 "90"\nResources:')
    assert problems(pack, text) == []


def test_surplus_finding_comes_with_the_comment_to_paste(pack: Path) -> None:
    (problem,) = problems(pack, template(90))
    assert problem.startswith(f'5: SHP001 got "{GOT}", which nothing wants: # want: SHP001 "Jobs delays')
    pasted = problem.partition("which nothing wants: ")[2]
    assert problems(pack, template(90, f"  {pasted}")) == []


def test_wrong_text_is_one_problem(pack: Path) -> None:
    assert problems(pack, template(90, '  # want: SHP001 "91"')) == [f'5: SHP001 wanted "91", got "{GOT}"']


def test_missing_finding(pack: Path) -> None:
    assert problems(pack, template(30, '  # want: SHP001 "30"')) == ['5: SHP001 wanted "30", got nothing']


def test_want_of_another_rule_is_missed(pack: Path) -> None:
    found = problems(pack, template(90, '  # want: SHP002 "90"'))
    assert found[0] == f'5: SHP002 wanted "90", got "{GOT}"'


@pytest.mark.parametrize(
    "comment",
    ["want SHP001", "wants: SHP001 'x'", "want: SHP001", 'want: SHP001 "a', "want: 5", 'want: SHP001 "("', "want:"],
)
def test_a_comment_that_means_to_be_a_want_must_be_one(pack: Path, comment: str) -> None:
    (problem,) = problems(pack, template(90, f"  # {comment}"))
    assert problem.startswith("5: SHP001 ")
    assert "want" in problem or "expected" in problem or "bad regex" in problem


def test_ok_and_other_comments_say_nothing(pack: Path) -> None:
    assert problems(pack, template(30, "  # ok: SHP001 (short)  # unwanted"), "good.yaml") == []


def test_related_places_are_listed_all_or_none(pack: Path) -> None:
    primary = '  # want: SHP001 "90"'
    assert problems(pack, template(90, primary, queue='  # want-related: SHP001 "the queue Jobs"')) == []
    assert problems(pack, template(90, f'{primary}\n      # want-related: SHP001 "x"')) == [
        '2: SHP001 got "the queue Jobs", which nothing wants: # want-related: SHP001 "the queue Jobs"',
        '6: SHP001 wanted "x", got nothing',
    ]


def test_params_on_the_first_line(pack: Path) -> None:
    text = "# params: {limit: 20}\n" + template(30, '  # want: SHP001 "30 s .*20"')
    assert problems(pack, text) == []
    assert problems(pack, "# params: {limt: 20}\n" + template(30))[0].startswith(
        "1: SHP001 did not run: rule SHP001 has"
    )


def test_a_bad_fixture_wants_something(pack: Path) -> None:
    assert problems(pack, template(30)) == ["1: SHP001 the bad fixture wants no finding"]


def test_a_broken_fixture_is_a_problem(pack: Path) -> None:
    found = problems(pack, template(30) + "  Jobs: [\n", "good.yaml")
    assert found


def test_json_has_a_sidecar(pack: Path) -> None:
    text = '{"Resources": {\n"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {\n"DelaySeconds": 90}}}}\n'
    assert len(problems(pack, text, "bad.json")) == 1
    sidecar = pack.parents[1] / "tests" / "fixtures" / "rules" / "slow_queue" / "bad.json.want"
    sidecar.write_text('# lines\n3: SHP001 "90 s"\n2: related SHP001 "the queue"\n', encoding="utf-8")
    assert problems(pack, text, "bad.json") == []
    sidecar.write_text("three\n", encoding="utf-8")
    assert problems(pack, text, "bad.json") == ['1: SHP001 a line of a sidecar is LINE: RULE-ID "regex"']


def test_a_folder_is_one_run_with_its_own_configuration(pack: Path) -> None:
    case = pack.parents[1] / "tests" / "fixtures" / "rules" / "slow_queue" / "two_stacks"
    case.mkdir(parents=True)
    (case / "one.yaml").write_text(template(30, '  # want: SHP001 "30 s"'), encoding="utf-8")
    (case / "two.yaml").write_text(template(10), encoding="utf-8")
    (case / "archlint.toml").write_text("[rules.SHP001]\nparams = { limit = 20 }\n", encoding="utf-8")
    assert check_case(case, "SHP001", PackSpec(pack)) == []


def test_a_crash_is_a_problem(pack: Path) -> None:
    (pack / "slow_queue.yaml").unlink()
    (pack / "slow_queue.py").write_text(
        '"""Crashes."""\nfrom archlint.api import RuleMeta, Severity\n'
        'META = RuleMeta("SHP001", "slow-queue", Severity.NOTE, "Crashes", "https://example.com/")\n'
        "def check(context):\n    return [1 / 0]\n",
        encoding="utf-8",
    )
    case = pack.parents[1] / "good.yaml"
    case.write_text(template(30), encoding="utf-8")
    (problem,) = check_case(case, "SHP001", PackSpec(pack, python=True))
    assert "ZeroDivisionError" in problem.message
    assert "slow_queue.py" in problem.message


def test_a_pack_needs_bad_and_good(pack: Path) -> None:
    report = check_packs([pack])
    assert [problem.message.partition(";")[0] for problem in report.problems] == [
        "has no bad fixture",
        "has no good fixture",
    ]
    assert problems(pack, template(90, '  # want: SHP001 "90"')) == []
    assert problems(pack, template(30), "good.yaml") == []
    report = check_packs([pack])
    assert (report.rules, report.fixtures, report.problems) == (1, 2, ())


def test_readers_see_no_annotations() -> None:
    text = '# params: {a: 1}\nA: 1  # want: X "y"\n\n  # ok: X (because)\nB: "a # b"  # kept\n# want+1: X "y"\n'
    assert without_annotations(text) == 'A: 1\n\nB: "a # b"  # kept\n'


def test_binary_files_want_nothing(tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    path.write_bytes(b"PK\xff\xfe # want nonsense")
    assert list(read_wants(path, "code.zip")) == []
    path.write_text("# want nonsense", encoding="utf-8")
    with pytest.raises(WantError):
        list(read_wants(path, "code.zip"))
