"""The JSON schema of declarative rules, applied. Imports jsonschema, so only rules of strangers come here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlint.ruleset.suggestion import did_you_mean

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

    from archlint.template.model import Json, TemplatePath

MAXIMUM_MESSAGE = 200
"""Characters of jsonschema's own message, which quotes the value."""
SCHEMA_PATH = Path(__file__).with_name("rule.schema.json")


def rule_schema() -> dict[str, Any]:
    """The schema: the one definition of a declarative rule, for the loader, editors and the documentation."""
    schema: dict[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    return schema


def schema_problem(data: Json) -> tuple[TemplatePath, str, str | None] | None:
    """What is wrong with a rule: the path of the key, what, and what to do; None when it is valid."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    errors = sorted(Draft202012Validator(rule_schema()).iter_errors(data), key=lambda error: list(map(str, error.path)))
    if not errors:
        return None
    error = best_match(iter(errors[:1])) or errors[0]
    return _described(error)


def _described(error: ValidationError) -> tuple[TemplatePath, str, str | None]:
    path = tuple(error.absolute_path)
    schema = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = schema.get("properties", {})
        extra = sorted(str(key) for key in error.instance if key not in known)
        hint = did_you_mean(extra[0], known) or f"known: {', '.join(known)}"
        return (*path, extra[0]), "unknown key", hint
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [key for key in schema.get("required", ()) if key not in error.instance]
        return path, f'key "{missing[0]}" is missing', None
    message = error.message if len(error.message) <= MAXIMUM_MESSAGE else f"{error.message[:MAXIMUM_MESSAGE]}…"
    return path, message, schema.get("description")
