"""What AWS assumes when a property is not given."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archlint.template.model import Json


def property_default(resource_type: str, path: str, source_type: str | None = None) -> Json:
    """AWS's default of a property (`Integration.TimeoutInMillis`); None when there is none that is known.

    Some defaults of an event source mapping depend on `source_type`, the type of the resource it polls. Paths in
    lower case are no properties but fixed limits: `request_timeout_seconds` of `AWS::AppSync::GraphQLApi`.
    """
    entry = _table().get(resource_type, {}).get(path)
    if entry is None:
        return None
    by_source = entry.get("by_source", {})
    found: Json = by_source[source_type] if source_type in by_source else entry["value"]
    return found


@functools.cache
def _table() -> dict[str, dict[str, dict[str, Any]]]:
    """`property_defaults.json`: type, path, `{"value", "url"}`, with `by_source` where it depends on the source."""
    text = Path(__file__).with_name("property_defaults.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, dict[str, Any]]] = json.loads(text)
    return table
