"""The dotted names that a Jinja expression reads, found in its tokens: nothing is parsed recursively or evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Token: TypeAlias = tuple[str, str]
"""Type and text, as Jinja's lexer gives them, without whitespace."""

_KEYWORDS = frozenset({
    "and", "or", "not", "in", "is", "if", "else", "elif", "for", "recursive", "with", "without", "context", "ignore",
    "missing", "true", "false", "none", "True", "False", "None",
})  # fmt: skip
# A name made from more than this is made from everything.
_MOST_ORIGINS = 50
_GLOBALS = frozenset({"loop", "range", "dict", "lipsum", "cycler", "joiner", "namespace", "self", "super", "caller"})


class Origin(msgspec.Struct, frozen=True):
    """Where a local name gets its value: from `path`; `exact` when the name stands for the path itself."""

    path: str
    exact: bool


class Scope(msgspec.Struct):
    """The local names of a template (`for` targets, `set` names) and what they stand for."""

    names: dict[str, tuple[Origin, ...]] = msgspec.field(default_factory=dict)

    def copy(self) -> Scope:
        """A scope that can be thrown away at the end of a block."""
        return Scope(dict(self.names))

    def add(self, name: str, origins: tuple[Origin, ...]) -> None:
        """Both branches of an `if` may set a name, so origins add up; the first 50 are kept."""
        self.names[name] = tuple(dict.fromkeys((*self.names.get(name, ()), *origins)))[:_MOST_ORIGINS]


def dotted_names(tokens: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    """Every name an expression reads, in segments: `a.b['c'][0]` is `("a", "b", "c", "[0]")`.

    Names of filters, tests, keyword arguments and methods are left out, and so are Jinja's own globals.
    """
    position = 0
    while position < len(tokens):
        kind, text = tokens[position]
        if kind != "name" or text in _KEYWORDS or not _is_variable(tokens, position):
            position += 1
            continue
        segments, position = _trailers(tokens, position)
        if position < len(tokens) and tokens[position] == ("operator", "("):
            segments = segments[:-1]
        if segments and segments[0] not in _GLOBALS:
            yield tuple(segments)


def _is_variable(tokens: Sequence[Token], position: int) -> bool:
    before = tokens[position - 1][1] if position else ""
    if before in {".", "|", "is"} or (before == "not" and position > 1 and tokens[position - 2][1] == "is"):
        return False
    after = tokens[position + 1] if position + 1 < len(tokens) else ("", "")
    return after != ("operator", "=")


def _trailers(tokens: Sequence[Token], position: int) -> tuple[list[str], int]:
    """The segments of the name at `position`, and the position behind them."""
    segments = [tokens[position][1]]
    position += 1
    while position + 1 < len(tokens) and tokens[position][0] == "operator":
        mark = tokens[position][1]
        kind, text = tokens[position + 1]
        if mark == "." and kind in {"name", "integer"}:
            segments.append(text if kind == "name" else f"[{text}]")
            position += 2
        elif (
            mark == "[" and kind in {"string", "integer"} and tokens[position + 2 : position + 3] == [("operator", "]")]
        ):
            segments.append(text[1:-1] if kind == "string" else f"[{text}]")
            position += 3
        else:
            break
    return segments, position


def resolve(segments: Sequence[str], scope: Scope) -> tuple[Origin, ...]:
    """The outer paths that a name stands for: local names are replaced by what they were made from."""
    origins = scope.names.get(segments[0])
    if origins is None:
        return (Origin(_join(segments), exact=True),)
    rest = segments[1:]
    return tuple(
        Origin(_join((origin.path, *rest)), exact=True) if origin.exact and rest else origin for origin in origins
    )


def origins(tokens: Sequence[Token], scope: Scope) -> tuple[Origin, ...]:
    """What an expression's value is made from; exact when the expression is one name and nothing else."""
    names = list(dotted_names(tokens))
    found = [origin for name in names for origin in resolve(name, scope)]
    whole = len(names) == 1 and _is_plain_name(tokens)
    unique = dict.fromkeys(found if whole else [Origin(origin.path, exact=False) for origin in found])
    return tuple(unique)


def paths(tokens: Sequence[Token], scope: Scope) -> tuple[str, ...]:
    """The dotted paths that an expression reads, in order, each once."""
    return tuple(dict.fromkeys(origin.path for origin in origins(tokens, scope)))


def is_local(tokens: Sequence[Token], scope: Scope) -> bool:
    """Whether the value may change within one rendering, because a `for` or `set` name (or `loop`) takes part."""
    return any(kind == "name" and (text in scope.names or text == "loop") for kind, text in tokens)


def last_filter(tokens: Sequence[Token]) -> str | None:
    """The name of the outermost filter of an expression, e.g. `proton_cfn_iam_policy_arns`."""
    depth, name = 0, None
    for index, (kind, text) in enumerate(tokens):
        if kind != "operator":
            continue
        if text in "([{":
            depth += 1
        elif text in ")]}":
            depth -= 1
        elif text == "|" and depth == 0 and index + 1 < len(tokens):
            name = tokens[index + 1][1]
    return name


def literal_text(tokens: Sequence[Token]) -> str | None:
    """The text of an expression that is one string literal, on one line: Proton's way to write `{{resolve:…}}`."""
    if len(tokens) != 1 or tokens[0][0] != "string":
        return None
    text = tokens[0][1][1:-1]
    return None if "\\" in text or "\n" in text else text


def _is_plain_name(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[0][0] == "name" and _trailers(tokens, 0)[1] == len(tokens)


def _join(segments: Sequence[str]) -> str:
    text = segments[0]
    for segment in segments[1:]:
        text += segment if segment.startswith("[") else f".{segment}"
    return text
