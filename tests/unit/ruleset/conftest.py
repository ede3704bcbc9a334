"""Graphs from template text, and rules that exist only in a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from archlint.config import Config
from archlint.findings import Finding
from archlint.graph.model import ResourceGraph
from archlint.graph.values import Values
from archlint.lint import build
from archlint.packages import Packages
from archlint.ruleset.rule import Rule, RuleContext
from archlint.ruleset.rule_file import read_rule

if TYPE_CHECKING:
    from pathlib import Path

GraphOf = Callable[..., ResourceGraph]
ContextOf = Callable[..., RuleContext]
Findings = Callable[[str, str], list[Finding]]

HEAD = """\
id: XYZ001
name: test-rule
severity: warning
summary: Something that a test reports
description: Long enough to be a description.
help_uri: https://example.com/
"""


@pytest.fixture
def graph_of(tmp_path: Path) -> GraphOf:
    """The graph of template texts: `graph_of(text)`, or `graph_of(a=text, b=text)` for several files."""

    def build_graph(text: str | None = None, **files: str) -> ResourceGraph:
        folder = tmp_path / "templates"
        folder.mkdir(exist_ok=True)
        for name, content in (files or {"template": text or ""}).items():
            (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
        return build([folder], Config()).graph

    return build_graph


@pytest.fixture
def rule_of(tmp_path: Path) -> Callable[[str], Rule]:
    """The rule with this text behind the usual head."""

    def read(text: str) -> Rule:
        path = tmp_path / "test_rule.yaml"
        path.write_text(HEAD + text, encoding="utf-8")
        return read_rule(path, "test")

    return read


@pytest.fixture
def findings(graph_of: GraphOf, rule_of: Callable[[str], Rule], tmp_path: Path) -> Findings:
    """What a rule finds in a template."""

    def check(rule_text: str, template: str) -> list[Finding]:
        rule, graph = rule_of(rule_text), graph_of(template)
        return list(rule.check(RuleContext(rule, graph, Values(graph), Packages(graph, tmp_path))))

    return check


@pytest.fixture
def head() -> str:
    """The keys that every declarative rule has, for a file named `test_rule.yaml`."""
    return HEAD
