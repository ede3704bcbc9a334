"""What somebody who misspelt a word may have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean "triggers"?` for the nearest known word, whatever its case; None when none is near."""
    import difflib

    spellings = {name.casefold(): name for name in sorted(known, reverse=True)}
    near = difflib.get_close_matches(word.casefold(), spellings, 1)
    return f'did you mean "{spellings[near[0]]}"?' if near else None
