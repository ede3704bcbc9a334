"""Globs of `.gitignore` files and of the configuration."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pathspec import GitIgnoreSpec

# The regular expression that a pattern becomes takes hours for some names when it has many of these.
_MOST_STARS = 4
"""In one part of a path."""
_MOST_DOUBLE_STARS = 6
"""Parts of a path that are `**`."""


def is_glob(text: str) -> bool:
    """Whether `text` is a pattern that can match something: `!` and `[z-a]` are none, nor are too many stars."""
    return _parsed((text,)) is not None


def gitignore(lines: Iterable[str]) -> GitIgnoreSpec:
    """The patterns of a `.gitignore`; lines that are none are left out, as git does."""
    from pathspec import GitIgnoreSpec

    lines = list(lines)
    spec = _parsed(lines)
    return spec if spec is not None else GitIgnoreSpec.from_lines([line for line in lines if is_glob(line)])


def _parsed(lines: Sequence[str]) -> GitIgnoreSpec | None:
    from pathspec import GitIgnoreSpec

    if any(_is_slow(line) for line in lines if "*" in line and not line.startswith("#")):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # `[[:space:]]`: of use to authors of regexes, not of globs
            return GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error):
        return None


def _is_slow(line: str) -> bool:
    parts = line.strip().split("/")
    return parts.count("**") > _MOST_DOUBLE_STARS or any(
        part.count("*") > _MOST_STARS for part in parts if part != "**"
    )
