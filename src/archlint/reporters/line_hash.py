"""GitHub's `primaryLocationLineHash`: the fingerprint by which code scanning follows an alert when lines move.

The algorithm is that of github/codeql-action, src/fingerprints.ts: a value that differs from its own is logged there
as inconsistent.
"""

from __future__ import annotations

from array import array
from collections import Counter
from itertools import accumulate, chain, repeat

_BLOCK = 100
"""Characters of a line's hash, blanks and tabs not counted; they run on into the following lines."""
_BASE = 37
_MASK = (1 << 64) - 1
_END_OF_FILE = 0xFFFF
_TAB, _LINE_FEED, _CARRIAGE_RETURN, _BLANK = 9, 10, 13, 32


def line_hashes(raw: bytes) -> list[str]:
    """The fingerprint of each line of a file, in order: a hash and how often it occurred so far."""
    units, starts = _units(raw)
    sums = list(accumulate(chain(units, repeat(0, _BLOCK)), _step, initial=0))
    first = pow(_BASE, _BLOCK, _MASK + 1)
    seen: Counter[str] = Counter()
    hashes = []
    for start in starts:
        value = f"{(sums[start + _BLOCK] - sums[start] * first) & _MASK:x}"
        seen[value] += 1
        hashes.append(f"{value}:{seen[value]}")
    return hashes


def _step(total: int, unit: int) -> int:
    return (total * _BASE + unit) & _MASK


def _units(raw: bytes) -> tuple[list[int], list[int]]:
    """UTF-16 code units without blanks, every line end one line feed, and where in them the lines begin."""
    text = array("H")
    text.frombytes(raw.decode("utf-8", "replace").encode("utf-16-le" if array("H", [1]).tobytes()[0] else "utf-16-be"))
    units: list[int] = []
    starts = [0]
    is_after_return = False
    for unit in text:
        if unit in (_BLANK, _TAB) or (is_after_return and unit == _LINE_FEED):
            is_after_return = False
            continue
        is_after_return = unit == _CARRIAGE_RETURN
        if unit in (_CARRIAGE_RETURN, _LINE_FEED):
            units.append(_LINE_FEED)
            starts.append(len(units))
        else:
            units.append(unit)
    units.append(_END_OF_FILE)
    return units, starts
