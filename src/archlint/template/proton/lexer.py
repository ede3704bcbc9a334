"""Jinja source to YAML text without rendering: tags vanish, expressions become placeholders, every branch stays.

Rendering would hide what a default leaves out and would run what strangers wrote. The lexer does neither, and it
knows for every character of its output where that stood in the source.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.errors import TemplateError
from archlint.template.proton import expressions
from archlint.template.proton.expressions import Origin, Scope, Token
from archlint.template.proton.lexed import Block, Guard, Lexed, Read, Segment

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
