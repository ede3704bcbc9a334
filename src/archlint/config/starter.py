"""A configuration file to start from, made of the schema: every key, its meaning and its default."""

from __future__ import annotations

import textwrap
from typing import Any

from archlint.config.load import schema
from archlint.config.model import toml_key, toml_value

_WIDTH = 100
_EXAMPLES: dict[str, Any] = {
    "extend": "../archlint.toml",
    "baseline": ".archlint-baseline.json",
    "per-file-ignores": {"examples/**": ["PKG"]},
    "owners": {"orders/**": "orders", "platform/**": "platform"},
    "services": {"shop/*": "shop"},
    "parameters": {"Stage": "prod"},
}


def starter() -> str:
    """The text of the file; all keys are comments, so it changes nothing until somebody edits it."""
    keys: dict[str, dict[str, Any]] = schema()["properties"]
    lines = ["# archlint.toml: how archlint checks everything below this folder.", ""]
    tables = [key for key, part in keys.items() if part.get("type") == "object"]
    for key, part in keys.items():
        if key not in tables:
            value = part["default"] if "default" in part else _EXAMPLES[key]
            lines += [*_comment(part["description"]), f"# {toml_key(key)} = {toml_value(value)}", ""]
    for key in tables:
        lines += _comment(keys[key]["description"])
        if key == "rules":
            lines += ["# [rules.EVT101]", '# severity = "error"', "# params = { factor = 3 }", ""]
            continue
        lines.append(f"# [{key}]")
        lines += [f"# {toml_key(name)} = {toml_value(value)}" for name, value in _EXAMPLES[key].items()]
        lines.append("")
    return "\n".join(lines)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")
