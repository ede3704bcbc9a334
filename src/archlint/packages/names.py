"""How distributions are named, and which of them lie in a package."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archlint.packages.listing import Listing

REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(.*)", re.DOTALL)
"""A requirement specifier (PEP 508): name, extras, the rest."""


def normalized(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def tables(value: Any) -> list[dict[str, Any]]:
    """The tables of an array in parsed TOML or JSON; empty for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def vendored(listing: Listing) -> set[str]:
    """Distributions that lie in the package already."""
    found = set()
    for path, _ in listing.files:
        if ".dist-info/" in path:
            folder = path.partition(".dist-info/")[0].rpartition("/")[2]
            found.add(normalized(folder.rpartition("-")[0]))
    return found
