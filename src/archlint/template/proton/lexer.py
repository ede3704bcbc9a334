"""Jinja source to YAML text without rendering: tags vanish, expressions become placeholders, every branch stays.

Rendering would hide what a default leaves out and would run what strangers wrote. The lexer does neither, and it
knows for every character of its output where that stood in the source.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from archlint.errors import TemplateError
from archlint.template.proton import expressions
from archlint.template.proton.expressions import Origin, Scope, Token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import TemplateSyntaxError

# https://docs.aws.amazon.com/proton/latest/userguide/parameter-filters.html
_LIST_FILTERS = frozenset({"proton_cfn_iam_policy_arns", "proton_cfn_ecs_task_definition_formatted_env_vars"})
_MAPPING_FILTERS = frozenset({"proton_cfn_lambda_function_formatted_env_vars"})
_SPACED = frozenset({"==", "!=", "<", ">", "<=", ">=", "|", "~"})
# Every piece of text carries the blocks around it; real templates nest three.
_MAX_BLOCKS = 100
_WORDS = frozenset({"and", "or", "not", "in", "is", "if", "else"})
_CAPTURES = frozenset({"macro", "call", "filter"})
RESOLVE_HINT = "write a dynamic reference as {{ '{{resolve:…}}' }}, or put it between {% raw %} and {% endraw %}"


@dataclass(slots=True, eq=False)
class Block:
    """One `if … elif … else … endif` or one `for … endfor`.

    `tests` are the conditions of an `if` in order, `over` the paths that a `for` goes through; `local` is set when a
    test reads a name that changes within the template, so that equal words do not mean equal outcome.
    """

    kind: Literal["if", "for"]
    line: int
    tests: list[str] = field(default_factory=list)
    over: tuple[str, ...] = ()
    local: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """The branch of a block that a piece of text stands in; for an `if`, `len(block.tests)` is its `else`."""

    block: Block
    branch: int

    def __str__(self) -> str:
        if self.block.kind == "for":
            return f"for {', '.join(self.block.over)}"
        refused = [f"not ({test})" for test in self.block.tests[: self.branch]]
        return "if " + " and ".join([*refused, *self.block.tests[self.branch : self.branch + 1]])


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of output text: `start` in the output, `source_start` to `source_end` in the source."""

    start: int
    source_start: int
    source_end: int
    exact: bool
    guards: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """One dotted path that the source reads, and the offsets of the tag or expression that reads it."""

    path: str
    start: int
    end: int


class Lexed:
    """What lexing yields: `text` to parse as YAML, and the way back to `source` (line ends are newlines)."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.text = ""
        self.segments: list[Segment] = []
        self.expressions: dict[str, str] = {}
        self.paths: dict[str, tuple[str, ...]] = {}
        self.reads: list[Read] = []
        self._prefix = _unused_prefix(source)
        self._starts: list[int] = []
        self._text_lines: list[int] = []
        self._source_lines = _line_starts(source)

    def finish(self, pieces: list[str]) -> None:
        """Called once, when all the text is known."""
        self.text = "".join(pieces)
        self._starts = [segment.start for segment in self.segments]
        self._text_lines = _line_starts(self.text)

    def placeholder(self, expression: str, paths: tuple[str, ...]) -> str:
        """The word that stands for an expression; equal expressions have equal words, fit for a logical ID."""
        digest = hashlib.sha1(expression.encode(), usedforsecurity=False).hexdigest()
        words = (f"{self._prefix}{digest[start : start + 7]}X" for start in range(len(digest)))
        word = next(word for word in words if self.expressions.get(word, expression) == expression)
        self.expressions[word] = expression
        self.paths.setdefault(word, paths)
        return word

    def guards(self, offset: int) -> tuple[Guard, ...]:
        """The branches and loops around an offset of the output."""
        index = bisect_right(self._starts, offset) - 1
        return self.segments[index].guards if index >= 0 else ()

    def guards_between(self, start: int, end: int) -> set[tuple[Guard, ...]]:
        """All the different surroundings of a stretch of the output."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        return {segment.guards for segment in self.segments[first : bisect_right(self._starts, max(end - 1, start))]}

    def mixed(self, start: int, end: int) -> str:
        """A placeholder for a stretch of the output that several branches share."""
        first, last = bisect_right(self._starts, start) - 1, bisect_right(self._starts, max(end - 1, start)) - 1
        begin, behind = self._source_offset(start, first), self._source_offset(end, last)
        paths = tuple(dict.fromkeys(read.path for read in self.reads if begin <= read.start < behind))
        return self.placeholder(" ".join(self.source[begin:behind].split()), paths)

    def _source_offset(self, offset: int, index: int) -> int:
        segment = self.segments[max(index, 0)]
        if segment.exact:
            return min(segment.source_start + offset - segment.start, segment.source_end)
        return segment.source_start if offset == segment.start else segment.source_end

    def relocate(self, line: int, column: int) -> tuple[int, int]:
        """Source line and column of a line and column of the output; the start of an expression for its inside."""
        if not self.segments:
            return line, column
        row = min(max(line, 1), len(self._text_lines)) - 1
        offset = self._text_lines[row] + column - 1
        index = max(bisect_right(self._starts, offset) - 1, 0)
        segment = self.segments[index]
        inside = segment.exact or offset == segment.start
        return self.source_position(self._source_offset(offset, index) if inside else segment.source_start)

    def source_position(self, offset: int) -> tuple[int, int]:
        """1-based line and column of an offset of the source."""
        row = bisect_right(self._source_lines, offset) - 1
        return row + 1, offset - self._source_lines[row] + 1


def lex(source: str) -> Lexed:
    """Lexes a Jinja template; raises TemplateError at the source line of a syntax error."""
    from jinja2 import Environment, TemplateSyntaxError

    environment = Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701 - nothing is ever rendered
    try:
        tokens = [(kind, text) for _, kind, text in environment.lex(source)]
        environment.parse(source)
    except TemplateSyntaxError as error:
        raise _syntax_error(error, source) from error
    except RecursionError:
        # Thousands of nested brackets: the parser gives up, the tokens are still good.
        pass
    return _Reader(source).read(tokens)


def _syntax_error(error: TemplateSyntaxError, source: str) -> TemplateError:
    lines = source.split("\n")
    line = min(max(error.lineno, 1), len(lines))
    nearby = " ".join(lines[max(line - 2, 0) : line])
    hint = RESOLVE_HINT if re.search(r"\{\{-?\s*resolve:", nearby) else None
    column = lines[line - 1].find("{") + 1 or 1
    return TemplateError(f"Jinja: {error.message}", line, column, hint)


def _unused_prefix(source: str) -> str:
    prefix = "P"
    while re.search(rf"{prefix}[0-9a-f]{{7}}X", source):
        prefix += "P"
    return prefix


def _line_starts(text: str) -> list[int]:
    return [0, *accumulate(len(line) + 1 for line in text.split("\n")[:-1])]


class _Reader:
    """Walks the tokens once and keeps the blocks that are open."""

    def __init__(self, source: str) -> None:
        self.lexed = Lexed(source)
        self.pieces: list[str] = []
        self.length = 0
        self.position = 0
        self.scope = Scope()
        self.open: list[tuple[Guard, Scope]] = []
        self.captured = 0

    def read(self, tokens: list[Token]) -> Lexed:
        inside: list[Token] = []
        begin = 0
        for kind, text in tokens:
            start = self._find(text)
            if kind == "data":
                self._emit(text, start, self.position, exact=True)
            elif kind in {"variable_begin", "block_begin"}:
                inside, begin = [], start
            elif kind == "variable_end":
                self._expression(inside, begin)
            elif kind == "block_end":
                self._tag(inside, begin)
            elif kind != "whitespace":
                inside.append((kind, text))
        self.lexed.finish(self.pieces)
        return self.lexed

    def _find(self, text: str) -> int:
        """Where a token starts; only whitespace that a `-` strips can lie between two tokens."""
        start = self.lexed.source.find(text, self.position)
        start = self.position if start < 0 else start
        self.position = start + len(text)
        return start

    def _emit(self, text: str, start: int, end: int, *, exact: bool) -> None:
        if self.captured or not text:
            return
        guards = tuple(guard for guard, _ in self.open)
        self.lexed.segments.append(Segment(self.length, start, end, exact, guards))
        self.pieces.append(text)
        self.length += len(text)

    def _note(self, tokens: list[Token], begin: int) -> tuple[Origin, ...]:
        origins = expressions.origins(tokens, self.scope)
        end = len(self.lexed.source[begin : self.position].rstrip()) + begin
        self.lexed.reads.extend(Read(path, begin, end) for path in dict.fromkeys(origin.path for origin in origins))
        return origins

    def _expression(self, tokens: list[Token], begin: int) -> None:
        paths = tuple(dict.fromkeys(origin.path for origin in self._note(tokens, begin)))
        literal = expressions.literal_text(tokens)
        if literal is not None:
            self._emit(literal, begin, self.position, exact=False)
            return
        word = self.lexed.placeholder("".join(_spaced(tokens)), paths)
        name = expressions.last_filter(tokens)
        if name in _LIST_FILTERS:
            word = f"- {word}"
        elif name in _MAPPING_FILTERS:
            word = f"{word}: x"
        self._emit(word, begin, self.position, exact=False)

    def _tag(self, tokens: list[Token], begin: int) -> None:
        name = tokens[0][1] if tokens else ""
        rest = tokens[1:]
        if name in _CAPTURES or (name == "set" and ("operator", "=") not in rest):
            self.captured += 1
        elif name in {"endset", *(f"end{capture}" for capture in _CAPTURES)}:
            self.captured = max(self.captured - 1, 0)
        elif name == "set":
            split = rest.index(("operator", "="))
            self._bind(rest[:split], self._note(rest[split + 1 :], begin))
        elif name in {"if", "elif", "else"}:
            self._branch(name, rest, begin)
        elif name == "for":
            self._loop(rest, begin)
        elif name in {"endif", "endfor"} and self.open:
            self._close(name)
        elif name not in {"endif", "endfor"}:
            self._note(rest, begin)

    def _enter(self, block: Block) -> None:
        if len(self.open) >= _MAX_BLOCKS:
            raise TemplateError(f"Jinja blocks nest deeper than {_MAX_BLOCKS}", block.line)
        self.open.append((Guard(block, 0), self.scope))

    def _branch(self, name: str, test: list[Token], begin: int) -> None:
        self._note(test, begin)
        if name == "if":
            self._enter(Block("if", self.lexed.source_position(begin)[0]))
        elif self.open:
            guard, scope = self.open[-1]
            if guard.branch >= _MAX_BLOCKS:
                raise TemplateError(f"one if has more than {_MAX_BLOCKS} branches", guard.block.line)
            self.open[-1] = (Guard(guard.block, guard.branch + 1), scope)
        if test and self.open:
            block = self.open[-1][0].block
            block.tests.append(" ".join("".join(_spaced(test)).split()))
            block.local = block.local or expressions.is_local(test, self.scope)

    def _loop(self, tokens: list[Token], begin: int) -> None:
        split = tokens.index(("name", "in")) if ("name", "in") in tokens else len(tokens)
        over, condition = _split_condition(tokens[split + 1 :])
        origins = self._note(over, begin)
        paths = tuple(dict.fromkeys(origin.path for origin in origins))
        self._enter(Block("for", self.lexed.source_position(begin)[0], over=paths))
        self.scope = self.scope.copy()
        for kind, name in tokens[:split]:
            if kind == "name":
                self.scope.names[name] = tuple(Origin(f"{o.path}[]", o.exact) for o in origins)
        self._note(condition, begin)

    def _close(self, name: str) -> None:
        _, scope = self.open.pop()
        if name == "endfor":
            self.scope = scope

    def _bind(self, targets: list[Token], origins: tuple[Origin, ...]) -> None:
        names = [text for kind, text in targets if kind == "name"]
        for name in names:
            self.scope.add(name, origins if len(names) == 1 else tuple(Origin(o.path, exact=False) for o in origins))


def _split_condition(tokens: list[Token]) -> tuple[list[Token], list[Token]]:
    """What a `for` goes through, and the condition of its `if` (which may use the loop's own names)."""
    depth = 0
    for index, (kind, text) in enumerate(tokens):
        if kind == "operator" and text in "([{":
            depth += 1
        elif kind == "operator" and text in ")]}":
            depth -= 1
        elif (kind, text) == ("name", "if") and depth == 0:
            return tokens[:index], tokens[index + 1 :]
    return tokens, []


def _spaced(tokens: list[Token]) -> Iterator[str]:
    """The expression's words, with blanks around comparisons and where two words would run together."""
    before = ""
    for kind, text in tokens:
        together = bool(before) and _is_word(before[-1]) and (_is_word(text[0]) or before in _WORDS)
        if together or (kind == "operator" and text in _SPACED) or before == "," or before in _SPACED:
            yield " "
        yield text
        before = text


def _is_word(character: str) -> bool:
    return character.isalnum() or character in "_'\""
