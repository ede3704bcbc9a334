"""What a statement's `Resource` reaches when no single resource is meant: everything, or a family of names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.graph.iam.actions import glob

if TYPE_CHECKING:
    from archlint.template.model import Json

HOLE = "\0"
"""Stands for a part of a string that only the deployment knows."""

_SUB_VARIABLE = re.compile(r"\$\{[^}{]*\}")
_SEPARATOR = re.compile(r"[:/]")
_ARN_FIELDS = 6
_MAX_DEPTH = 24

# Services whose ARNs have the name right behind the account; elsewhere a word such as `table/` comes first.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
WORDLESS = frozenset({"s3", "sqs", "sns", "execute-api", "codecommit", "codepipeline", "neptune-db"})
# A group, a cluster or an identifier stands before the name.
_GROUPED = frozenset({("autoscaling", "autoScalingGroup"), ("ecs", "service"), ("scheduler", "schedule")})
# Services whose resource names hold neither slash nor colon.
_ONE_WORD_NAMES = frozenset({"dynamodb", "kinesis", "lambda", "states"})


def skeleton(value: Json, depth: int = 0) -> str:
    """The value as a string with `HOLE` for each part that is not written out."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or len(value) != 1 or depth > _MAX_DEPTH:
        return HOLE
    [(function, argument)] = value.items()
    if function == "Fn::Sub":
        template = argument[0] if isinstance(argument, list) and argument else argument
        return _SUB_VARIABLE.sub(HOLE, template) if isinstance(template, str) else HOLE
    if function == "Fn::Join" and isinstance(argument, list) and len(argument) > 1 and isinstance(argument[1], list):
        separator = argument[0] if isinstance(argument[0], str) else HOLE
        return separator.join(skeleton(item, depth + 1) for item in argument[1])
    return HOLE


def may_name_family(text: str) -> bool:
    """False when the wildcards of an ARN (as a skeleton) all stand below the resource: `table/orders/index/*`."""
    fields = text.split(":", _ARN_FIELDS - 1)
    if len(fields) < _ARN_FIELDS or not (fields[2] in WORDLESS or fields[2] in _ONE_WORD_NAMES):
        return True
    words = _SEPARATOR.split(fields[-1])
    return any("*" in word or "?" in word for word in words[: 1 if fields[2] in WORDLESS else 2])


def reaches_everything(text: str) -> bool:
    """True for `*` and for an ARN (as a skeleton) that has only wildcards where the resource's name belongs."""
    if "*" not in text:
        return False
    if not text.strip("*"):
        return True
    fields = text.split(":", _ARN_FIELDS - 1)
    if not glob(fields[0], "arn"):
        return False
    if len(fields) < _ARN_FIELDS:
        return not fields[-1].strip("*")  # `arn:aws:sqs:*`: the wildcard also stands for the fields that follow
    words = _SEPARATOR.split(fields[-1])
    if not words[0].strip("*"):
        return bool(words[0])
    if (fields[2], words[0]) in _GROUPED and len(words) > 2:
        return not "".join(words[1:]).strip("*")
    is_name = fields[2] in WORDLESS or HOLE in words[0]
    return len(words) > 1 and not is_name and bool(words[1]) and not words[1].strip("*")
