"""The rules' pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.docs import render_pages, rule_page
from archlint.ruleset.rule_file import read_rule

if TYPE_CHECKING:
    from pathlib import Path

RULE = """\
id: SHP001
name: slow-queue
severity: warning
summary: Queue delays its messages for long
description: Because the messages wait, and so does the customer.
remediation: Lower it.
exceptions: Batches at night.
help_uri: https://example.com/delay
enabled: false
params: {limit: {type: integer, default: 60, minimum: 1, description: Seconds | minutes.}}
match: (queue:AWS::SQS::Queue)
report: {at: queue, message: "{queue}"}
"""


@pytest.fixture
def rule_path(tmp_path: Path) -> Path:
    path = tmp_path / "lint" / "waiting" / "slow_queue.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(RULE, encoding="utf-8")
    return path


def test_a_page_has_everything_the_rule_says(rule_path: Path, tmp_path: Path) -> None:
    fixtures = tmp_path / "tests" / "fixtures" / "rules" / "slow_queue"
    fixtures.mkdir(parents=True)
    (fixtures / "bad.yaml").write_text('A: 90  # want: SHP001 "x"\n', encoding="utf-8")
    (fixtures / "good").mkdir()
    (fixtures / "good" / "one.yaml").write_text("A: 30\n", encoding="utf-8")
    (fixtures / "good" / "code.bin").write_bytes(b"\xff")
    page = rule_page(read_rule(rule_path, "shop"))
    for text in (
        "# SHP001 slow-queue\n",
        "| warning | high | off; select it with `--extend-select SHP001` | reliability |",
        "Because the messages wait",
        "<https://example.com/delay>",
        "## How to fix it\n\nLower it.",
        "## Before\n\n```yaml\nA: 90\n```",
        "## After\n\n`one.yaml`\n\n```yaml\nA: 30\n```",
        "## Known exceptions\n\nBatches at night.",
        r"| `limit` | integer, at least 1 | `60` | Seconds \| minutes. |",
        "[rules.SHP001]\nparams = { limit = 60 }",
        "# archlint: ignore[SHP001] the reason",
    ):
        assert text in page


def test_without_fixtures_there_is_no_example(rule_path: Path) -> None:
    assert "## Before" not in rule_page(read_rule(rule_path, "shop"))


def test_pages_and_index(rule_path: Path) -> None:
    pages = render_pages([read_rule(rule_path, "shop")])
    assert list(pages) == ["README.md", "SHP001.md", "TPL001.md", "TPL002.md", "TPL003.md"]
    assert "## SHP: waiting" in pages["README.md"]
    assert (
        "| [SHP001](SHP001.md) | slow-queue | warning, off | Queue delays its messages for long |" in pages["README.md"]
    )
    assert all(text.endswith("\n") and not text.endswith("\n\n") for text in pages.values())


def test_an_installed_pack_brings_its_fixtures(rule_path: Path) -> None:
    fixtures = rule_path.parents[1] / "_fixtures" / "slow_queue"
    fixtures.mkdir(parents=True)
    (fixtures / "bad.yaml").write_text("A: 90\n", encoding="utf-8")
    assert "## Before\n\n```yaml\nA: 90\n```" in rule_page(read_rule(rule_path, "shop"))
