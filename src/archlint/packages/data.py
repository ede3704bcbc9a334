"""The shipped tables: Lambda's limits and the measured sizes of well-known heavy packages."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Literal

import msgspec

WHEEL_RATIO = 2.9
"""Unpacked bytes per byte of wheel, weighted over popular wheels; single ones are between 1.3 and 7.1.

The wheels of `package_sizes.json`, which has both numbers of each, come to 2.85 without torch and tensorflow, 3.0 with.
"""


GREW = frozenset({"google-api-python-client", "kubernetes", "pymupdf"})
"""Packages whose earlier major versions were a fraction of what was measured."""

_AT_LEAST = {"opencv-python": "opencv-python-headless", "opencv-contrib-python": "opencv-python-headless"}
"""Supersets of a measured package: its size is their lower bound."""


class KnownPackage(msgspec.Struct, frozen=True):
    """One row of `package_sizes.json`: unpacked and packed bytes, and the other listed packages it always installs."""

    version: str
    unpacked: int
    packed: int
    requires: tuple[str, ...]


def limit(name: str) -> int:
    """A limit of AWS Lambda from `data/limits.json`, where each has its source: `zip_unzipped_bytes` is in bytes."""
    return _limits()[name]


@functools.cache
def _limits() -> dict[str, int]:
    return {name: row["value"] for name, row in _read("limits.json")["limits"].items()}


@functools.cache
def known_packages(registry: Literal["python", "npm"]) -> dict[str, KnownPackage]:
    """The heavy packages of one registry by (normalized) name."""
    rows = _read("package_sizes.json")[registry]
    known = {
        name: KnownPackage(row["version"], row["bytes"], row["packed"], tuple(row["requires"]))
        for name, row in rows.items()
    }
    return known | {name: known[smaller] for name, smaller in _AT_LEAST.items() if smaller in known}


def measured(name: str, version: str | None = None) -> KnownPackage | None:
    """The row of a Python distribution that may stand for this version of it (None: the newest).

    None for what is not listed, and for an earlier major version that was much smaller.
    """
    known = known_packages("python").get(name)
    if known is None or version is None or name not in GREW:
        return known
    return known if version.partition(".")[0] == known.version.partition(".")[0] else None


def _read(name: str) -> dict[str, Any]:
    text = (Path(__file__).parents[1] / "data" / name).read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table
