"""Bundles of Proton's preview (2020, still around in samples): other keys and shorter names than those of today.

Their manifests say `engine` for `rendering_engine`, their expressions leave out `inputs` and `outputs`:
`service_instance.port`, `environment.VpcId`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.template.proton.schema import input_types

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.template.model import Body, Json, ProtonBundle

_SHORT = re.compile(r"(?<![\w.])(environment|service_instance|pipeline)\.(\w+)")
# What today's names have right behind the first word.
_TODAY = frozenset({"inputs", "outputs", "name", "account_id", "components"})


def engine_of(entry: Body) -> Json:
    """The rendering engine that a manifest's entry names."""
    return entry.get("rendering_engine", entry.get("engine"))


def is_preview(entry: Body) -> bool:
    """Whether a manifest's entry is written as in the preview."""
    return "engine" in entry and "rendering_engine" not in entry


def todays_names(bundle: ProtonBundle, role: str) -> Callable[[str], str]:
    """What turns the names in an expression of this part into those of today.

    Inputs are those that the schema declares; what a service reads of its environment are outputs.
    """
    declared = {found.prefix: found.properties for found in input_types(bundle.schema)}

    def renamed(match: re.Match[str]) -> str:
        first, name = match[1], match[2]
        if name in _TODAY:
            return match[0]
        if name in declared.get(f"{first}.inputs", {}):
            return f"{first}.inputs.{name}"
        return f"environment.outputs.{name}" if first == "environment" and role != "environment" else match[0]

    return lambda expression: _SHORT.sub(renamed, expression)
