"""The statements of the policies that AWS manages, for those that applications attach."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from archlint.graph.iam.statements import Statement, statements
from archlint.template.model import Json

_TABLE = Path(__file__).parents[2] / "data" / "iam_managed_policies.json"
_ARN_MARK = ":iam::aws:policy/"


def aws_managed_name(arn: str) -> str | None:
    """`AWSLambdaRole` of `arn:aws:iam::aws:policy/service-role/AWSLambdaRole` (any partition); None for other texts."""
    _, mark, path = arn.partition(_ARN_MARK)
    name = path.rpartition("/")[2]
    return name if mark and name and "${" not in name else None


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
