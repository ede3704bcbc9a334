"""When Lambda's runtimes end, from one dated table."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import msgspec


class Runtime(msgspec.Struct, frozen=True):
    """One runtime identifier. Dates are ISO days; None where AWS has set none.

    After `deprecated` it gets no more patches, after `block_create` no function can be created with it, after
    `block_update` none can be updated. `is_deprecated` and the `is_blocked_*` are as of the day of the table, so that
    a run finds the same tomorrow. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """

    name: str
    deprecated: str | None
    block_create: str | None
    block_update: str | None
    successor: str | None
    is_deprecated: bool
    is_blocked_for_create: bool
    is_blocked_for_update: bool


@cache
def lambda_runtimes() -> dict[str, Runtime]:
    """Every runtime identifier that Lambda has or had."""
    table = json.loads((Path(__file__).parents[1] / "data" / "lambda_runtimes.json").read_text(encoding="utf-8"))
    today = table["as_of"]

    def past(day: str | None) -> bool:
        return day is not None and day <= today

    return {
        name: Runtime(
            name,
            **row,
            is_deprecated=past(row["deprecated"]),
            is_blocked_for_create=past(row["block_create"]),
            is_blocked_for_update=past(row["block_update"]),
        )
        for name, row in table["runtimes"].items()
    }
