"""A rule's page in the terminal: Markdown with headings and code set off, nothing cleverer."""

from __future__ import annotations

import os
import re
import sys
import textwrap

from archlint.reporters.paint import Paint, wants_color

_WIDTH = 96
_FENCE = re.compile(r"^(```|~~~)")
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)]+)\)")


def terminal_page(markdown: str, color: str) -> str:
    """The page as text: paragraphs wrapped, code indented, links written out."""
    is_terminal = sys.stdout.isatty()
    paint = Paint(wants_color(color, os.environ, is_terminal=is_terminal))
    lines: list[str] = []
    paragraph: list[str] = []
    is_code = False
    for line in markdown.splitlines():
        if _FENCE.match(line):
            is_code = not is_code
            lines += _wrapped(paragraph)
        elif is_code:
            lines.append(paint("frame", f"    {line}".rstrip()))
        elif line.startswith("#"):
            lines += [*_wrapped(paragraph), paint("bold", line.lstrip("# "))]
        elif not line.strip() or line.startswith(("|", "- ", "* ")) or re.match(r"\d+\. ", line):
            lines += _wrapped(paragraph)
            if line.startswith("|") or not line.strip():
                lines.append(_plain(line))
            else:
                paragraph.append(line)
        else:
            paragraph.append(line)
    return "\n".join([*lines, *_wrapped(paragraph)]).rstrip() + "\n"


def _wrapped(paragraph: list[str]) -> list[str]:
    """The paragraph's lines, filled; empties the list."""
    text = _plain(" ".join(line.strip() for line in paragraph))
    paragraph.clear()
    indent = "  " if re.match(r"[-*] |\d+\. ", text) else ""
    return textwrap.wrap(text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _plain(text: str) -> str:
    return _LINK.sub(r"\1 (\2)", text).replace("**", "")
