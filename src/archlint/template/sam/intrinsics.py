"""Reading and writing CloudFormation's intrinsic functions, in their long form."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from archlint.template.model import Body, Json

NO_VALUE: Body = {"Ref": "AWS::NoValue"}
_HASH_LENGTH = 10
_IF_ARGUMENTS = 3


class Choice(msgspec.Struct, frozen=True):
    """The three arguments of an `Fn::If`."""

    condition: str
    yes: Any
    no: Any


def ref(logical_id: str) -> Body:
    """`!Ref logical_id`."""
    return {"Ref": logical_id}


def get_att(logical_id: str, attribute: str) -> Body:
    """`!GetAtt logical_id.attribute`."""
    return {"Fn::GetAtt": [logical_id, attribute]}


def sub(text: str, variables: Body | None = None) -> Body:
    """`!Sub text`, with its own variables when there are any."""
    return {"Fn::Sub": [text, variables]} if variables else {"Fn::Sub": text}


def choose(condition: str, yes: Any, no: Any) -> Body:
    """`!If [condition, yes, no]`."""
    return {"Fn::If": [condition, yes, no]}


def is_intrinsic(value: Any) -> bool:
    """Whether the value is a call of an intrinsic function."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    key = next(iter(value))
    return key in ("Ref", "Condition") or key.startswith("Fn::")


def is_no_value(value: Any) -> bool:
    """Whether the value is `!Ref AWS::NoValue`."""
    return isinstance(value, dict) and value == NO_VALUE


def choice_of(value: Any) -> Choice | None:
    """The arguments when the value is a well-formed `!If`."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    arguments = value.get("Fn::If")
    if isinstance(arguments, list) and len(arguments) == _IF_ARGUMENTS and isinstance(arguments[0], str):
        return Choice(*arguments)
    return None


def named_resource(value: Any) -> str | None:
    """The logical ID that a `!Ref` or `!GetAtt` names."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    target = value.get("Ref")
    if isinstance(target, str):
        return target
    target = value.get("Fn::GetAtt")
    if isinstance(target, list) and target and isinstance(target[0], str):
        return target[0]
    return target.partition(".")[0] if isinstance(target, str) else None


def hash_suffix(data: Json) -> str:
    """The ten hex digits that SAM appends to logical IDs that stand for `data`; empty for nothing."""
    if not data:
        return ""
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"), sort_keys=True, default=str)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:_HASH_LENGTH]


def suffixed(prefix: str, name: Json) -> str:
    """A logical ID that ends in a name: the name itself when it may stand there, else its hash."""
    if isinstance(name, str) and name.isalnum():
        return prefix + name
    return prefix + hash_suffix(name)


def without_none(body: Body) -> Body:
    """The entries that have a value."""
    return {key: value for key, value in body.items() if value is not None}


def mapping(value: Any) -> Body:
    """The value when it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """A list as it is, nothing as an empty list, anything else as a list of one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
