"""Every rule of the built-in pack over every one of its fixtures. Adding a rule adds no test code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.ruleset.packs import RuleFile, builtin_pack
from archlint.testing import check_case, rule_cases

if TYPE_CHECKING:
    from pathlib import Path

CASES = [(rule, case) for rule in builtin_pack().files for case in rule_cases(rule)]


@pytest.mark.parametrize(
    ("rule", "case"), CASES, ids=[f"{rule.id}-{case.name.partition('.')[0]}" for rule, case in CASES]
)
def test_rule_finds_what_the_fixture_wants(rule: RuleFile, case: Path) -> None:
    problems = check_case(case, rule.id)
    assert not problems, "\n" + "\n".join(map(str, problems))
