"""No text of a template makes a regular expression run for hours."""

import time
from collections.abc import Callable

import pytest

from archlint.graph.pieces import _VARIABLE as PIECE
from archlint.graph.references import _VARIABLE as REFERENCE
from archlint.suppressions.comments import _JINJA_LINE
from archlint.template.load import _ENGINE_BLOCK

FACTOR = 32
"""How much longer the second text is: its search takes 32 times as long when time grows with the text, else 1,024."""


def _seconds(search: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        search(text)
        best = min(best, time.perf_counter() - start)
    return best


@pytest.mark.parametrize(
    ("search", "piece", "end"),
    [
        pytest.param(PIECE.findall, "${a", "", id="variables of pieces"),
        pytest.param(PIECE.findall, "${a.", "", id="attributes of pieces"),
        pytest.param(REFERENCE.findall, "${a", "", id="variables"),
        pytest.param(REFERENCE.findall, "${a.", "", id="attributes"),
        pytest.param(_JINJA_LINE.match, "{%%}", "x", id="blocks of Jinja"),
        pytest.param(_JINJA_LINE.match, "{%", "", id="open blocks of Jinja"),
        pytest.param(_ENGINE_BLOCK.search, "\n", "", id="blocks of engines"),
    ],
)
def test_time_grows_with_the_text_only(search: Callable[[str], object], piece: str, end: str) -> None:
    short = _seconds(search, piece * 1_000 + end)
    long = _seconds(search, piece * 1_000 * FACTOR + end)
    assert long < short * FACTOR * 6
