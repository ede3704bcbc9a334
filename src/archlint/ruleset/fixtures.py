"""Fixtures of rules: where they lie, and the comments in them that say what is expected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPLATE_SUFFIXES = (".yaml", ".yml", ".json", ".template")
SIDECAR = ".want"
"""Behind the name of a JSON file, which has no comments: `bad.json.want`."""
SHIPPED = "_fixtures"
"""Folder of the fixtures inside an installed rule pack."""
REQUIRED = ("bad", "good")
"""Every rule has these two; its page shows them as before and after."""

_CANDIDATE = re.compile(r"(?:^|(?<=\s))#\s*(want.*)$")
_COMMENT = re.compile(r"want(?P<related>-related)?(?:\+(?P<offset>[0-9]{1,4}))?:\s*(?P<pairs>.*)")
_SIDE_LINE = re.compile(r"(?P<line>[0-9]{1,6}):\s*(?P<related>related\s+)?(?P<pairs>.*)")
_PAIR = re.compile(r'([A-Z]{3,4}[0-9]{3})\s+"((?:[^"\\]|\\.)*)"\s*,?\s*')
_ANNOTATION = re.compile(r"[ \t]*(?:^|(?<=\s))#\s*(?:want|ok:|params:).*$", re.MULTILINE)


class Want(msgspec.Struct, frozen=True):
    """One finding that a fixture expects on a line of a file (`related`: one related location)."""

    file: str
    line: int
    rule_id: str
    pattern: str
    is_related: bool = False


class WantError(Exception):
    """A comment that means to be a want and is none; `line` says where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def find_fixtures(pack: Path) -> Path | None:
    """The folder with one folder of fixtures per rule, for a pack or a folder in it.

    That is `_fixtures` in an installed pack, else the nearest `tests/fixtures/rules` upwards.
    """
    pack = pack.absolute()
    places = (folder / name for folder in (pack, *pack.parents) for name in (SHIPPED, "tests/fixtures/rules"))
    return next((place for place in places if place.is_dir()), None)


def cases(folder: Path) -> list[Path]:
    """The fixtures of one rule: template files, and folders that are one run each."""
    if not folder.is_dir():
        return []
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    return [entry for entry in entries if entry.is_dir() or entry.suffix in TEMPLATE_SUFFIXES]


def case_files(case: Path) -> list[Path]:
    """The text files of a fixture."""
    if case.is_file():
        return [case]
    return [path for path in sorted(case.rglob("*")) if path.is_file() and path.suffix != SIDECAR]


def read_wants(path: Path, name: str) -> Iterator[Want]:
    """The expectations in a file, or in its sidecar if it is JSON; raises WantError. Binary files have none."""
    if path.suffix == ".json":
        sidecar = path.with_name(path.name + SIDECAR)
        if sidecar.is_file():
            yield from _sidecar_wants(sidecar.read_text(encoding="utf-8"), name)
        return
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        candidate = _CANDIDATE.search(line)
        if candidate is None:
            continue
        comment = _COMMENT.fullmatch(candidate[1].rstrip())
        if comment is None:
            raise WantError(f"not a want comment: # {candidate[1].rstrip()}", number)
        target = number + int(comment["offset"] or 0)
        yield from _pairs(comment["pairs"], name, number, target, is_related=comment["related"] is not None)


def _sidecar_wants(text: str, name: str) -> Iterator[Want]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _SIDE_LINE.fullmatch(line.rstrip())
        if found is None:
            raise WantError('a line of a sidecar is LINE: RULE-ID "regex"', number)
        yield from _pairs(found["pairs"], name, number, int(found["line"]), is_related=found["related"] is not None)


def _pairs(text: str, name: str, number: int, target: int, *, is_related: bool) -> Iterator[Want]:
    position = 0
    while position < len(text) or not position:
        pair = _PAIR.match(text, position)
        if pair is None:
            raise WantError(f'expected RULE-ID "regex", found {text[position:]!r}', number)
        pattern = pair[2].replace('\\"', '"')
        try:
            re.compile(pattern)
        except re.error as error:
            raise WantError(f"bad regex {pattern!r}: {error}", number) from error
        yield Want(name, target, pair[1], pattern, is_related)
        position = pair.end()


def without_annotations(text: str) -> str:
    """The fixture as a reader of the rule's page sees it: no want, ok and params comments."""
    lines = []
    for line in text.splitlines():
        stripped = _ANNOTATION.sub("", line).rstrip()
        if stripped or not line.strip():
            lines.append(stripped)
    return "\n".join(lines).strip("\n") + "\n"
