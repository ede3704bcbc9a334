"""The rules themselves, linted."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archlint.docs import render_pages
from archlint.graph.model import Evidence
from archlint.ruleset.fixtures import SIDECAR, case_files, find_fixtures, read_wants
from archlint.ruleset.own import OWN_RULES
from archlint.ruleset.packs import RuleFile, builtin_pack, builtin_pack_path
from archlint.ruleset.params import param_problem
from archlint.ruleset.schema import rule_schema, schema_problem
from archlint.template.document import read_document
from archlint.testing import CONFIG_NAME, rule_cases

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = builtin_pack().files
ROOT = Path(__file__).parents[1]
each_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
declarative = [rule for rule in RULES if rule.path.suffix != ".py"]
python = [rule for rule in RULES if rule.path.suffix == ".py"]


def test_ids_names_and_files_are_unique() -> None:
    for values in ([r.id for r in RULES], [r.name for r in RULES], [r.path.stem for r in RULES]):
        assert sorted(values) == sorted(set(values))


def test_each_prefix_has_its_folder() -> None:
    """Some folders hold two prefixes, none holds rules of a third."""
    folders: dict[str, set[str]] = {}
    for rule in RULES:
        folders.setdefault(rule.id.rstrip("0123456789"), set()).add(rule.path.parent.name)
    assert {prefix: len(names) for prefix, names in folders.items()} == dict.fromkeys(folders, 1)


@each_rule
def test_description(rule: RuleFile) -> None:
    meta = rule.rule.meta
    assert len(meta.summary) <= 80
    assert not meta.summary.endswith(".")
    assert meta.summary[0].isupper()
    assert meta.help_uri.startswith("https://")
    assert len(meta.description) > 80, "say why it hurts, with AWS's number"
    assert meta.remediation, "say how to repair it"
    assert not re.match(r"(?:check|no|ensure|avoid|use)-", meta.name), "the name is the defect"
    for name, param in meta.params.items():
        assert param.description, f"params.{name} has no description"
        assert param_problem(param, param.default) is None


@each_rule
def test_fixtures(rule: RuleFile) -> None:
    cases = {case.name.partition(".")[0]: case for case in rule_cases(rule)}
    assert {"bad", "good"} <= cases.keys()
    wants = [want for path in case_files(cases["bad"]) for want in read_wants(path, path.name)]
    assert any(want.rule_id == rule.id for want in wants)
    assert not [want for path in case_files(cases["good"]) for want in read_wants(path, path.name)]
    params = rule.rule.meta.params
    texts = [(path.name, path.read_bytes()) for case in cases.values() for path in case_files(case)]
    set_by = [text if name == CONFIG_NAME else text.partition(b"\n")[0] for name, text in texts]
    unused = [name for name in params if not any(re.search(rb"\b%s\b" % name.encode(), text) for text in set_by)]
    assert not unused, "each parameter is set by a fixture (`# params: {…}` on line 1)"


def test_every_fixture_folder_belongs_to_a_rule() -> None:
    fixtures = find_fixtures(builtin_pack_path())
    assert fixtures is not None
    assert {folder.name for folder in fixtures.iterdir() if folder.is_dir()} == {rule.path.stem for rule in RULES}


def test_every_sidecar_belongs_to_a_file() -> None:
    for sidecar in (ROOT / "tests" / "fixtures" / "rules").rglob(f"*{SIDECAR}"):
        assert sidecar.with_name(sidecar.name.removesuffix(SIDECAR)).is_file(), sidecar


@pytest.mark.parametrize("rule", declarative, ids=[rule.id for rule in declarative])
def test_declarative_rules_are_valid(rule: RuleFile) -> None:
    """A trusted pack is loaded without its schema and compiled late; here both are made up for."""
    from archlint.ruleset.rule_file import read_rule

    document = read_document(rule.path, rule.path.name)
    assert schema_problem(document.data) is None
    assert read_rule(rule.path, rule.pack).meta == rule.rule.meta


@pytest.mark.parametrize("rule", python, ids=[rule.id for rule in python])
def test_python_rules_import_only_the_api(rule: RuleFile) -> None:
    tree = ast.parse(rule.path.read_text(encoding="utf-8"))
    foreign = [name for name in _imports(tree) if name.partition(".")[0] not in sys.stdlib_module_names]
    assert set(foreign) <= {"archlint.api"}
    assert not [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Rule"]
    assert ast.get_docstring(tree), "the docstring is the page"


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def test_machinery_knows_no_rule() -> None:
    """No module under `src` names a rule of the pack: its own TPLxxx apart, rules are content."""
    known = re.compile(
        r"""(["'])(?:{})\1""".format("|".join(re.escape(text) for rule in RULES for text in (rule.id, rule.name)))
    )
    found = [path for path in (ROOT / "src").rglob("*.py") if known.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_the_schema_is_a_schema() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(rule_schema())


def test_pages_are_what_the_rules_say() -> None:
    pages = render_pages(rule.rule for rule in RULES)
    folder = ROOT / "docs" / "rules"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    wrong = sorted(name for name in pages.keys() | written.keys() if pages.get(name) != written.get(name))
    assert not wrong, f"{', '.join(wrong)}; run: archlint docs --write docs/rules"


def test_own_rules_are_described() -> None:
    for rule_id, meta in OWN_RULES.items():
        assert rule_id == meta.id
        assert meta.description
        assert meta.remediation
        assert len(meta.summary) <= 80


def test_evidence_ceilings() -> None:
    """ARCHITECTURE: what a finding that rests on this evidence can be at most."""
    assert {evidence.label: evidence.ceiling.value for evidence in Evidence} == json.loads(
        '{"declared": "error", "code": "error", "policy": "warning", "reference": "note"}'
    )
