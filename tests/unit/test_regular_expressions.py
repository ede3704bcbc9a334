"""No text of a template makes a regular expression run for hours."""

import time
from collections.abc import Callable

import pytest

from archlint.graph.pieces import _VARIABLE as PIECE
from archlint.graph.references import _VARIABLE as REFERENCE
from archlint.suppressions.comments import _JINJA_LINE
from archlint.template.load import _ENGINE_BLOCK

LENGTH = 100_000


@pytest.mark.parametrize(
    ("search", "text"),
    [
        (PIECE.findall, "${a" * LENGTH),
        (PIECE.findall, "${a." * LENGTH),
        (REFERENCE.findall, "${a" * LENGTH),
        (REFERENCE.findall, "${a." * LENGTH),
        (_JINJA_LINE.match, "{%%}" * LENGTH + "x"),
        (_JINJA_LINE.match, "{%" * 1000),
        (_ENGINE_BLOCK.search, "\n" * LENGTH),
    ],
    ids=str,
)
def test_time_grows_with_the_text_only(search: Callable[[str], object], text: str) -> None:
    start = time.monotonic()
    search(text)
    assert time.monotonic() - start < 5
