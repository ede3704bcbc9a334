"""The statements of the policies that AWS manages, for those that applications attach."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from archlint.graph.iam.reach import HOLE
from archlint.graph.iam.statements import Statement, statements
from archlint.template.model import Json

_TABLE = Path(__file__).parents[2] / "data" / "iam_managed_policies.json"
_ARN_MARK = ":iam::aws:policy/"
AWS_MANAGED = "arn:aws" + _ARN_MARK


def aws_managed_path(arn: str) -> str | None:
    """`service-role/AWSLambdaRole` of that policy's ARN (any partition); None for what AWS does not manage."""
    _, mark, path = arn.partition(_ARN_MARK)
    return path if mark and path and "${" not in path and HOLE not in path else None


def aws_managed_name(arn: str) -> str | None:
    """`AWSLambdaRole` of an AWS-managed policy's ARN; None for other texts."""
    path = aws_managed_path(arn)
    return path.rpartition("/")[2] if path is not None else None


@lru_cache(maxsize=512)
def managed_statements(name: str) -> tuple[Statement, ...]:
    """The statements of an AWS-managed policy; empty when the table does not hold it."""
    return tuple(statements({"Statement": _policies().get(name)}))


def is_known(name: str) -> bool:
    """True when the table holds this AWS-managed policy."""
    return name in _policies()


@lru_cache(maxsize=1)
def _policies() -> Mapping[str, list[Json]]:
    table = json.loads(_TABLE.read_text(encoding="utf-8"))
    policies: dict[str, list[Json]] = table["policies"]
    return policies
