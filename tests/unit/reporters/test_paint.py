"""Colour, links, and text that cannot command a terminal."""

import pytest

from archlint.reporters.paint import Paint, clean, wants_color, wants_links


@pytest.mark.parametrize(
    ("choice", "environ", "is_terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"CI": "true"}, False, True),
        ("auto", {"CI": "false"}, False, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1", "CI": "true"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_color(choice: str, environ: dict[str, str], is_terminal: bool, wanted: bool) -> None:
    assert wants_color(choice, environ, is_terminal=is_terminal) is wanted


def test_links_are_for_terminals_of_people() -> None:
    assert wants_links({}, color=True, is_terminal=True)
    assert not wants_links({"CI": "true"}, color=True, is_terminal=True)
    assert not wants_links({}, color=True, is_terminal=False)
    assert not wants_links({}, color=False, is_terminal=True)


def test_link() -> None:
    url = "https://docs.aws.amazon.com/"
    assert Paint(links=True).link("EVT101", url) == f"\x1b]8;;{url}\x1b\\EVT101\x1b]8;;\x1b\\"
    assert Paint().link("EVT101", url) == "EVT101"
    assert Paint(links=True).link("EVT101", "javascript:alert(1)") == "EVT101"
    assert "\x07" not in Paint(links=True).link("EVT101", "https://x/\x07\x1b\\")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("größe 日本", "größe 日本"),
        ("two\nlines\ttab", "two lines tab"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("\x9b31m", "\ufffd31m"),
        ("\ud800", "\ufffd"),
        ("a\u2028b", "a b"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown
