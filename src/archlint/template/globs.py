"""Globs of `.gitignore` files and of the configuration."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pathspec import GitIgnoreSpec


def is_glob(text: str) -> bool:
    """Whether `text` is a pattern that can match something: `!` and `[z-a]` are none."""
    return _parsed((text,)) is not None


def gitignore(lines: Iterable[str]) -> GitIgnoreSpec:
    """The patterns of a `.gitignore`; lines that are none are left out, as git does."""
    from pathspec import GitIgnoreSpec

    lines = list(lines)
    spec = _parsed(lines)
    return spec if spec is not None else GitIgnoreSpec.from_lines([line for line in lines if is_glob(line)])


def _parsed(lines: Iterable[str]) -> GitIgnoreSpec | None:
    from pathspec import GitIgnoreSpec

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # `[[:space:]]`: of use to authors of regexes, not of globs
            return GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error):
        return None
