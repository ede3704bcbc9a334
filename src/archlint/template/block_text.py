"""Values of the plain block style of YAML that say more than one plain word: quoted, in brackets, over lines."""

from __future__ import annotations

import re
from sys import intern
from typing import Any

from archlint.errors import TemplateError
from archlint.template.scalars import LONG_FORMS, long_form, plain_scalar

INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
_QUOTED = re.compile(r"""(?:"((?:[^"\\]|\\["\\nt])*)"|'((?:[^']|'')*)')(?:[ ]+\#.*|[ ]*)""")
_WHOLE = {'"': re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL), "'": re.compile(r"'[^']*(?:''[^']*)*'")}
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t"}
_HEADER = re.compile(r"([|>])(-?)(?:[ ]+\#.*|[ ]*)")
_AFTER = re.compile(r"(?:[ ]+\#.*|[ ]*)")
# Of brackets on one line: a bracket or comma; a quoted or plain key; a tag; quoted text; plain text.
_TOKEN = re.compile(
    r"""[ ]*(?:
        ([\[\]{},])
      | (?:"([^"\\]{1,200})":[ ]* | '([^']{1,200})':[ ]* | ([\w/$][\w/$.:-]{0,200}):[ ]+)
      | (!\w[\w:]*)[ ]+(?=[^ #,\]}])
      | (?:"([^"\\]*)" | '([^']*)')(?=[ ]*[,\]}])
      | ([\w/$.(<=^](?:[\w/$.()<=^;+~-]|:(?=[\w:/])|[ ]+(?=[\w/$.(]))*)(?=[ ]*[,\]}])
    )""",
    re.VERBOSE,
)
_PUNCTUATION, _TAG, _PLAIN = 1, 5, 8
_KEYS = (2, 3, 4)
_QUOTES = (6, 7)
_MOST_BRACKETS = 40


class OtherStyle(Exception):  # noqa: N818 - an answer, not an error
    """The text is not of this style, or no YAML at all: libyaml has to read it."""


def plain(rest: str) -> str:
    """An unquoted text to the end of its line, without the comment behind it."""
    if " #" in rest:
        rest = rest[: rest.index(" #")]
    if rest[-1] == " ":
        rest = rest.rstrip(" ")
    if ": " in rest or rest[-1] == ":":
        raise OtherStyle
    return rest


def continued(rest: str, lines: list[str], at: int, column: int) -> tuple[str, int]:
    """An unquoted text that goes on in the lines from `at` that stand right of `column`; and the next line."""
    if " #" in rest:
        raise OtherStyle
    words = [plain(rest)]
    before = " " * (column + 1)
    while at < len(lines) and lines[at].startswith(before):
        line = lines[at].strip(" ")
        if not line or line[0] in INDICATORS or " #" in line:
            raise OtherStyle
        words.append(plain(line))
        at += 1
    if len(words) == 1:
        raise OtherStyle  # a comment or an empty line comes between
    return " ".join(words), at


def quoted(rest: str, lines: list[str], at: int) -> tuple[str, int]:
    """The text in quotes that starts with `rest` and may go on at `lines[at]`; and the next line."""
    mark = rest[0]
    if rest[-1] == mark and rest.count(mark) == 2 and "\\" not in rest:
        return rest[1:-1], at
    found = _QUOTED.fullmatch(rest)
    if found is None:
        whole = _WHOLE[mark].match("\n".join([rest, *lines[at:]]))
        if whole is None:
            raise OtherStyle
        until = at + whole[0].count("\n")
        value = _by_events("\n".join([rest, *lines[at:until]]))
        if not isinstance(value, str):
            raise OtherStyle
        return value, until
    if mark == "'":
        return found[2].replace("''", "'"), at
    return _ESCAPE.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), found[1]), at


def block_text(header: str, lines: list[str], at: int, column: int) -> tuple[str, int]:
    """The text below a `|` or `>`, whose lines start at `lines[at]` and stand right of `column`; the next line."""
    found = _HEADER.fullmatch(header)
    first = lines[at] if at < len(lines) else ""
    indent = len(first) - len(first.lstrip(" "))
    if found is None or indent <= column or indent == len(first):
        raise OtherStyle
    before = " " * indent
    taken = []
    while at < len(lines):
        line = lines[at]
        if line.startswith(before):
            taken.append(line[indent:])
        elif line.strip(" "):
            if not line.startswith(" " * (column + 1)):
                break
            raise OtherStyle
        else:
            taken.append("")
        at += 1
    while not taken[-1]:
        taken.pop()
    last = lines[-1] if at == len(lines) else ""
    if not taken[-1].strip(" ") or last.isspace():
        raise OtherStyle
    text = "\n".join(taken) if found[1] == "|" else _folded(taken)
    return (text if found[2] or last else text + "\n"), at


def _folded(lines: list[str]) -> str:
    """Lines as paragraphs; an empty line ends one, and beside a line further in every end of line stays."""
    text = lines[0]
    empty = 0
    was_further_in = False
    for line in lines[1:]:
        if not line:
            empty += 1
            continue
        is_further_in = line[0] == " "
        if is_further_in or was_further_in:
            empty += 1
        text += ("\n" * empty or " ") + line
        was_further_in = is_further_in
        empty = 0
    return text


class _Elaborate(Exception):  # noqa: N818 - an answer, not an error
    """Brackets with more in them than `_TOKEN` tells."""


def flow(rest: str, lines: list[str], at: int) -> tuple[Any, int]:
    """The list or mapping in brackets that starts with `rest` and may go on at `lines[at]`; and the next line."""
    try:
        return _on_one_line(rest), at
    except _Elaborate:
        text = rest
        depth = _open(rest)
        while 0 < depth <= _MOST_BRACKETS and at < len(lines):
            text += "\n" + lines[at]
            depth += _open(lines[at])
            at += 1
        if depth > _MOST_BRACKETS or "&" in text:  # values by aliases are counted in whole texts only
            raise OtherStyle from None
        value = _by_events(text)
        if not isinstance(value, (dict, list)):
            raise OtherStyle from None
        return value, at


def _on_one_line(text: str) -> Any:
    found = _TOKEN.match(text)
    if found is None or found[1] is None:
        raise _Elaborate
    value, end = _collection(text, found[1], found.end(), 0)
    if _AFTER.fullmatch(text, end) is None:
        raise _Elaborate
    return value


def _open(line: str) -> int:
    """Brackets that a line opens, less those that it closes. Wrong when they are quoted: libyaml refuses the rest."""
    return line.count("[") + line.count("{") - line.count("]") - line.count("}")


def _by_events(text: str) -> Any:
    """The value of a text that is a part of another, with its first line not from its start."""
    from archlint.template.parse import MAX_DEPTH, parse_events, yaml_events

    if "\n..." in text or "\n---" in text:
        raise OtherStyle  # a document may end here, but not the whole
    duplicates: list[tuple[str, int, int]] = []
    try:
        value = parse_events(text, yaml_events, duplicates, {}, MAX_DEPTH - _MOST_BRACKETS)
    except TemplateError as error:
        raise OtherStyle from error
    if duplicates:
        raise OtherStyle
    return value


def _collection(text: str, bracket: str, at: int, depth: int) -> tuple[Any, int]:
    """The rest of a list or mapping behind its bracket, and where the text goes on."""
    if depth > _MOST_BRACKETS:
        raise _Elaborate
    items: list[Any] = []
    mapping: dict[str, Any] = {}
    close = "]" if bracket == "[" else "}"
    key = ""
    while True:
        found = _TOKEN.match(text, at)
        if found is None:
            raise _Elaborate
        kind, at = found.lastindex, found.end()
        if kind == _PUNCTUATION and found[1] == close and not items and not mapping and not key:
            break
        if close == "}":
            if kind not in _KEYS:
                raise _Elaborate
            key = found[kind]
            if key in mapping or key == "<<":
                raise _Elaborate
            found = _TOKEN.match(text, at)
            if found is None:
                raise _Elaborate
        value, at = _flow_value(text, found, depth)
        if close == "}":
            mapping[intern(key)] = value
        else:
            items.append(value)
        found = _TOKEN.match(text, at)
        if found is None or found[1] not in (",", close):
            raise _Elaborate
        at = found.end()
        if found[1] == close:
            break
        key = ","
    return (items if close == "]" else mapping), at


def _flow_value(text: str, found: re.Match[str], depth: int) -> tuple[Any, int]:
    """The value that starts with this token, and where the text goes on."""
    kind, at = found.lastindex, found.end()
    if kind == _PLAIN:
        return plain_scalar(found[kind]), at
    if kind in _QUOTES:
        return found[kind], at
    if kind == _TAG:
        name = LONG_FORMS.get(found[kind])
        inner = _TOKEN.match(text, at)
        if name is None or inner is None or inner.lastindex == _TAG:
            raise _Elaborate
        if inner.lastindex == _PLAIN:
            return long_form(name, inner[_PLAIN]), inner.end()
        value, at = _flow_value(text, inner, depth)
        return long_form(name, value), at
    if kind == _PUNCTUATION and found[1] in "[{":
        return _collection(text, found[1], at, depth + 1)
    raise _Elaborate
