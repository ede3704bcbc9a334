"""What a Proton input is: what the specs of its bundle give, else the default of its schema.

As with a CloudFormation parameter: the default counts where nobody gives a value, and what neither has is unknown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.graph.text import Hole, Text
from archlint.template.proton.schema import input_types
from archlint.template.proton.specs import given_values

if TYPE_CHECKING:
    from archlint.template.model import Json, ProtonBundle, ProtonPart

_INDEX = re.compile(r"\[\s*(['\"])(\w+)\1\s*\]")


def input_texts(part: ProtonPart, mark: str) -> list[Text]:
    """What an expression can stand for; unknown, it is the same in all parts of its bundle."""
    unknown = Text((Hole(part.expressions[mark], part.bundle.directory or "."),))
    return [Text((value,)) for value in input_values(part, mark)] or [unknown]


def input_values(part: ProtonPart, mark: str) -> list[str]:
    """The values that an expression can have when it is one input and nothing else; none when nobody says.

    An empty default stands for "not given" and is none.
    """
    paths = part.paths.get(mark, ())
    if len(paths) != 1 or _INDEX.sub(r".\2", part.expressions[mark]).strip() != paths[0]:
        return []
    prefix, _, name = paths[0].rpartition(".")
    declared = next((each for each in input_types(part.bundle.schema) if each.prefix == prefix), None)
    if declared is None or name not in declared.properties:
        return []
    default = declared.properties[name].get("default")
    given = _given(part.bundle, prefix, name)
    found = [default if value is None else value for value in given] or [default]
    if not all(isinstance(value, (str, int, float)) and value != "" for value in found):
        return []
    return list(dict.fromkeys(_spelled(value) for value in found))


def _given(bundle: ProtonBundle, prefix: str, name: str) -> list[Json]:
    """What each environment, instance or pipeline of the specs gives for this input; None where it gives nothing."""
    return [given.values.get(name) for spec in bundle.specs for given in given_values(spec) if given.prefix == prefix]


def _spelled(value: Json) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
