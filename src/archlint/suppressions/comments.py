"""`# archlint: ignore[EVT101] reason`: finds such comments in YAML and reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.findings import Location, Region
from archlint.suppressions.model import Malformed, Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.document import Document

SPELLING = "# archlint: ignore[EVT101] reason"
"""What a suppression looks like."""

_RULE_ID = re.compile(r"[A-Z]{3,4}[0-9]{3}")
_ACCEPTED = re.compile(r"#[ \t]*archlint: ignore\[(?P<ids>[^\[\]]*)\](?P<gap>[ \t]+)(?P<reason>.*)")
_MEANT = re.compile(
    r"#+[ \t]*archlint[ \t]*(?:[:;=]|[-.,]?[ \t]*(?:ignore|disable|suppress|skip|allow|noqa|nolint)[ \t]*[\[(:=]"
    r"|[ \t](?:ignore|disable|suppress|skip|allow|noqa|nolint)[ \t]+[A-Za-z]{3,4}[0-9]{3}\b)",
    re.IGNORECASE,
)
_JINJA_LINE = re.compile(r"\s*(?:\{[%#](?:(?![%#]\}).)*[%#]\}\s*)+$")


class Parsed(msgspec.Struct, frozen=True):
    """A comment read: the rule IDs with their offset in it and the reason, or the complaint."""

    rule_ids: tuple[tuple[str, int], ...] = ()
    reason: str = ""
    complaint: str = ""


def parse_comment(comment: str) -> Parsed | None:
    """Reads a comment, from its `#` to the end of the line; None when it is not meant as a suppression."""
    if _MEANT.match(comment) is None:
        return None
    found = _ACCEPTED.fullmatch(comment)
    if found is None:
        return Parsed(complaint=_complaint(comment))
    names = [(part.strip(), part, offset) for part, offset in _split(found["ids"], found.start("ids"))]
    for name, _, _ in names:
        if _RULE_ID.fullmatch(name) is None:
            return Parsed(complaint=id_complaint(name))
    reason = found["reason"].strip()
    if not reason:
        return Parsed(complaint=f"the reason is missing: {SPELLING}")
    at = tuple((name, offset + part.index(name)) for name, part, offset in names)
    return Parsed(at, reason)


def id_complaint(name: str) -> str:
    """What is wrong with something that should be a rule ID."""
    if not name:
        return f"no rule ID is named: {SPELLING}"
    if _RULE_ID.fullmatch(name.upper()):
        return f"`{name}` is not a rule ID, write `{name.upper()}`"
    return f"`{name}` is not a rule ID; name one rule (EVT101), a prefix accepts too much"


def is_rule_id(name: str) -> bool:
    """Whether this is spelt like the ID of one rule."""
    return _RULE_ID.fullmatch(name) is not None


def _split(ids: str, start: int) -> Iterator[tuple[str, int]]:
    for part in ids.split(","):
        yield part, start
        start += len(part) + 1


def _complaint(comment: str) -> str:
    body = comment.lstrip("# \t")
    if re.match(r"archlint: ignore\[[^\[\]]*\]\s*$", body):
        return f"the reason is missing: {SPELLING}"
    if re.match(r"archlint: ignore\[[^\[\]]*\]\S", body):
        return f"a space must follow the bracket: {SPELLING}"
    if re.match(r"archlint: ignore\s*[^\[]", body) or re.match(r"archlint: ignore\s*$", body):
        return f"the rule ID must stand in brackets right behind `ignore`: {SPELLING}"
    return f"this is not how a suppression is spelt: {SPELLING}"


def comment_marks(document: Document) -> Iterator[Mark | Malformed]:
    """The suppressions in a document's YAML comments, in order."""
    for line, column, comment, alone in _comments(document):
        parsed = parse_comment(comment)
        if parsed is None:
            continue
        if parsed.complaint:
            region = Region(line, column, line, column + len(comment))
            yield Malformed(parsed.complaint, Location(document.name, region))
            continue
        target = _following_line(document, line) if alone else line
        for rule_id, offset in parsed.rule_ids:
            region = Region(line, column + offset, line, column + offset + len(rule_id))
            yield Mark(rule_id, parsed.reason, Location(document.name, region), line=target)


def _comments(document: Document) -> Iterator[tuple[int, int, str, bool]]:
    """Line, column, text of each comment that says archlint, and whether it stands alone on its line."""
    text = document.parsed_text
    if text.lstrip()[:1] in ("{", "[") and _is_json(text):
        return
    lines = text.split("\n")
    candidates = [number for number, line in enumerate(lines) if "#" in line and "archlint" in line.lower()]
    if not candidates:
        return
    scalars = _scalars(text, set(candidates))
    for number in candidates:
        column = _comment_start(lines[number], number, scalars)
        if column is None:
            continue
        alone = not lines[number][:column].strip()
        line, start = number + 1, column + 1
        comment = lines[number][column:].rstrip()
        if document.relocate is not None:
            line, start = document.relocate(line, start)
            written = document.lines[line - 1][start - 1 :].rstrip()
            comment = written if written.startswith("#") else comment  # with its Jinja, not with placeholders
        yield line, start, comment, alone


def _is_json(text: str) -> bool:
    import json

    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _scalars(text: str, lines: set[int]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Extents (0-based line and column, end exclusive) of the content of scalars that touch one of these lines."""
    import yaml
    from yaml.tokens import ScalarToken

    found = []
    last = max(lines)
    try:
        loader: Any = yaml.CSafeLoader(text)
        while loader.check_token():
            token = loader.get_token()
            start, end = token.start_mark, token.end_mark
            if start.line > last:
                break
            if type(token) is ScalarToken and not lines.isdisjoint(range(start.line, end.line + 1)):
                is_block = token.style in ("|", ">")
                begin = (start.line + 1, 0) if is_block else (start.line, start.column)
                found.append((begin, (end.line, end.column)))
    except yaml.YAMLError:
        # What was read so far still tells comments from text; the error itself is reported as TPL001.
        return found
    return found


def _comment_start(line: str, number: int, scalars: list[tuple[tuple[int, int], tuple[int, int]]]) -> int | None:
    column = line.find("#")
    while column >= 0:
        is_outside = not any(start <= (number, column) < end for start, end in scalars)
        if is_outside and (column == 0 or line[column - 1] in " \t"):
            return column
        column = line.find("#", column + 1)
    return None


def _following_line(document: Document, line: int) -> int:
    """The first line below that is not a comment (or, in a Proton bundle, nothing but Jinja statements)."""
    lines = document.lines
    index = line
    while index < len(lines) and _is_passed_over(lines[index], is_jinja=document.relocate is not None):
        index += 1
    return index + 1


def _is_passed_over(line: str, *, is_jinja: bool) -> bool:
    return line.lstrip().startswith("#") or (is_jinja and _JINJA_LINE.match(line) is not None)
