"""Kleene's three-valued logic over template values: what is not known is UNKNOWN, never false."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from archlint.graph.values import UNKNOWN, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.template.model import Json

Value: TypeAlias = "Json | Unknown"
Truth: TypeAlias = bool | Unknown
Number: TypeAlias = int | float

_NUMERIC = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_DEPTH = 20


def truth(value: Value) -> Truth:
    """A value as a condition: absent is false, `"true"` and `"false"` are booleans, any other value is UNKNOWN."""
    if value is None:
        return False
    flag = _flag(value)
    return UNKNOWN if flag is None else flag


def negation(value: Truth) -> Truth:
    """`not`."""
    return value if isinstance(value, Unknown) else not value


def number(value: Value) -> Number | None:
    """A number, also one written as a string, which CloudFormation accepts; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and _NUMERIC.fullmatch(value):
        return float(value) if "." in value else int(value)
    return None


def arithmetic(operator: Callable[[Number, Number], Number], left: Value, right: Value) -> Value:
    """Numbers only; UNKNOWN when an operand is none."""
    first, second = number(left), number(right)
    return UNKNOWN if first is None or second is None else operator(first, second)


def ordered(operator: Callable[..., bool], left: Value, right: Value) -> Truth:
    """`<` and its kin, between two numbers or two strings; UNKNOWN for anything else, absent values too."""
    first, second = number(left), number(right)
    if first is not None and second is not None:
        return operator(first, second)
    if isinstance(left, str) and isinstance(right, str):
        return operator(left, right)
    return UNKNOWN


def equal(left: Value, right: Value) -> Truth:
    """`==`; `30` equals `"30"` and `true` equals `"true"`, as they do in a template."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if left is None or right is None:
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return _flag(left) is not None and _flag(left) == _flag(right)
    first, second = number(left), number(right)
    if first is not None and second is not None:
        return first == second
    if isinstance(left, list | dict) and not (_is_known(left) and _is_known(right)):
        return UNKNOWN
    return left == right


def contained(item: Value, collection: Value) -> Truth:
    """`in`: an element of a list, a key of a mapping, a part of a string; nothing is in what is absent."""
    if isinstance(item, Unknown):
        return UNKNOWN
    if collection is None:
        return False
    if isinstance(collection, str) and isinstance(item, str):
        return item in collection
    if isinstance(collection, dict):
        return isinstance(item, str) and item in collection
    if isinstance(collection, list):
        answers = [equal(item, element if _is_known(element) else UNKNOWN) for element in collection]
        return True if True in answers else UNKNOWN if UNKNOWN in answers else False
    return UNKNOWN


def _flag(value: Value) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None


def _is_known(value: Value, depth: int = 0) -> bool:
    """Whether nothing in it is UNKNOWN or an unresolved intrinsic function."""
    if isinstance(value, Unknown) or depth > _DEPTH:
        return False
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in ("Ref", "Condition"):
            return False
        return not any(key.startswith("Fn::") for key in value) and all(_is_known(v, depth + 1) for v in value.values())
    return not isinstance(value, list) or all(_is_known(item, depth + 1) for item in value)
