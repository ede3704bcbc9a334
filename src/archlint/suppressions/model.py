"""One accepted rule at one place of a template, and what is wrong with those that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from archlint.findings import Location


class Mark(msgspec.Struct, eq=False):
    """`rule_id` is accepted for `reason`: on one line, in one resource, or (neither given) in the whole template.

    `location` is that of the rule ID in the comment or of the Metadata entry; `used` once it suppressed a finding.
    """

    rule_id: str
    reason: str
    location: Location
    line: int | None = None
    logical_id: str | None = None
    used: bool = False


class Malformed(msgspec.Struct, frozen=True):
    """A comment or Metadata entry that is meant to be a suppression; `message` says what is wrong with it."""

    message: str
    location: Location
