"""The JSON report against its schema, and its schema against the documentation."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import archlint
from archlint.lint import LintResult
from archlint.reporters import reporter
from archlint.reporters.options import Options

SCHEMA: dict[str, Any] = json.loads((Path(archlint.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
PAGE = Path(__file__).parents[2] / "docs" / "json.md"
PROMISED = """rule name severity confidence message file line column end_line end_column logical_id related
fingerprint owner suppressed"""


@pytest.mark.parametrize("show_suppressed", [False, True])
def test_report_follows_its_schema(result: LintResult, *, show_suppressed: bool) -> None:
    stream = io.StringIO()
    reporter("json")(result, stream, Options(show_suppressed=show_suppressed))
    report = json.loads(stream.getvalue())
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(report)] == []
    assert len(report["findings"]) == (6 if show_suppressed else 4)
    assert [finding["suppressed"] for finding in report["findings"]].count(True) == (2 if show_suppressed else 0)


def test_schema_holds_the_promise() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    finding = SCHEMA["$defs"]["finding"]
    assert set(PROMISED.split()) <= set(finding["required"])
    assert set(finding["required"]) == set(finding["properties"])


def test_every_key_is_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    keys = {key for part in SCHEMA["$defs"].values() for key in part.get("properties", ())}
    assert sorted(key for key in keys if f"`{key}`" not in text) == []
