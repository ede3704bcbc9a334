"""What one scalar of a template means: YAML 1.1 as CloudFormation reads it, and the short forms of functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from archlint.template.model import Json

KeyMarks: TypeAlias = dict[int, list[int | None]]
"""Where the keys of each mapping stand, in its order, and the items of each block sequence, by identity.

A mark is `line << COLUMN_BITS | column`, both from 0; None where only a second parse can tell.
"""

COLUMN_BITS = 16
LONG_FORMS = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    "!Rain::Embed": "Rain::Embed",
    **{
        f"!{name}": f"Fn::{name}"
        for name in (
            "And", "Base64", "Cidr", "Contains", "EachMemberEquals", "EachMemberIn", "Equals", "FindInMap", "ForEach",
            "GetAZs", "GetAtt", "GetStackOutput", "If", "ImportValue", "Join", "Length", "Not", "Or", "RefAll",
            "Select", "Split", "Sub", "ToJsonString", "Transform", "ValueOf", "ValueOfAll",
        )
    },
}  # fmt: skip
CORE = "tag:yaml.org,2002:"
RESOLVED_START = frozenset("0123456789+-.~tTfFyYnNoO")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    **{word: True for base in ("true", "yes", "on") for word in (base, base.title(), base.upper())},
    **{word: False for base in ("false", "no", "off") for word in (base, base.title(), base.upper())},
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}


def plain_scalar(text: str) -> Json:
    """The value of an unquoted scalar: YAML 1.1 as CloudFormation reads it.

    Numbers that would not print back as they were written stay text (`0123`, `5.10`, `1:30`), and so do dates:
    account ids and versions must not change.
    """
    if text and text[0] not in RESOLVED_START:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text) if len(text) < 20 else text
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if repr(number) == text else text
    return text


def long_form(name: str, value: Any) -> dict[str, Any]:
    """The long form of a tagged value; `name` is one of those of `LONG_FORMS`."""
    if name == "Fn::GetAtt" and isinstance(value, str):
        return {name: value.split(".", 1)}
    return {name: value}
