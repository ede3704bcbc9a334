"""Colours and links for terminals, and text that cannot command them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archlint.findings import Severity

_STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "bold": "1",
    "frame": "34",
    "fix": "32",
    "dim": "2",
}
# Direction marks and overrides reorder what follows them: a frame could show other code than the file has.
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
REPLACEMENT = "\ufffd"


class Paint(msgspec.Struct, frozen=True):
    """Paints text, or leaves it as it is."""

    color: bool = False
    links: bool = False

    def __call__(self, style: str, text: str) -> str:
        """The text in a style: a severity, `bold`, `frame`, `fix` or `dim`."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.color and text else text

    def severity(self, severity: Severity, text: str) -> str:
        """The text in the colour of a severity."""
        return self(severity.value, text)

    def link(self, text: str, url: str | None) -> str:
        """The text as a hyperlink (OSC 8)."""
        if not self.links or not url or not url.startswith("https://"):
            return text
        return f"\x1b]8;;{clean(url)}\x1b\\{text}\x1b]8;;\x1b\\"


def clean(text: str) -> str:
    """The text on one line, without characters that a terminal obeys instead of showing."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in "\n\t\r\v\f\x85\u2028\u2029":
        return " "
    return character if character.isprintable() and character not in _BIDIRECTIONAL else REPLACEMENT


def wants_color(choice: str, environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Whether to use colour: the flag, then NO_COLOR, FORCE_COLOR or CLICOLOR_FORCE, CI, then the terminal.

    https://no-color.org says that NO_COLOR counts when it is not empty; FORCE_COLOR and CLICOLOR_FORCE likewise, and
    not when they are 0.
    """
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "") not in ("", "0", "false") for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "CI")):
        return True
    return is_terminal and environ.get("TERM") != "dumb"


def wants_links(environ: Mapping[str, str], *, color: bool, is_terminal: bool) -> bool:
    """Whether rule IDs become hyperlinks: on a coloured terminal, not in the log of a CI system."""
    return color and is_terminal and not environ.get("CI") and os.name != "nt"
