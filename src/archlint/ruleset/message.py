"""Message templates: text with expressions in braces, rendered for one match in one world."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

import msgspec

from archlint.graph.values import Unknown
from archlint.ruleset.expression import Expression, ExpressionError, Scope, Vocabulary, compile_expression

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archlint.ruleset.logic import Value

MAXIMUM_VALUE_LENGTH = 120
"""Characters of an inserted value: template text can be of any length."""

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class NamingScope(Scope, Protocol):
    """A scope that also knows how its nodes and edges are called."""

    def display(self, name: str) -> str:
        """The logical ID of a node, the kind of an edge."""


class Message(msgspec.Struct, frozen=True):
    """A compiled message. `names` are the nodes and edges it speaks of."""

    parts: tuple[str | Expression, ...]
    names: tuple[str, ...]

    def render(self, scope: NamingScope) -> str:
        """The text for one match."""
        return "".join(part if isinstance(part, str) else _insert(part, scope) for part in self.parts)


def compile_message(text: str, vocabulary: Vocabulary) -> Message:
    """The message that this text writes; raises ExpressionError. `{{` and `}}` are braces."""
    parts: list[str | Expression] = []
    position = 0
    for found in _PART.finditer(text):
        parts.append(text[position : found.start()])
        position = found.end()
        if found.group() in ("{{", "}}"):
            parts.append(found.group()[0])
        elif found.group(1) is None:
            raise ExpressionError("single brace", found.start() + 1, "write {{ or }} for a brace")
        else:
            try:
                parts.append(compile_expression(found.group(1), vocabulary))
            except ExpressionError as error:
                raise ExpressionError(error.message, error.column + found.start() + 1, error.hint) from error
    parts.append(" ".join(text[position:].split("\n")))
    names = dict.fromkeys(name for part in parts if isinstance(part, Expression) for name in part.names)
    return Message(tuple(part for part in parts if part != ""), tuple(names))


def _insert(expression: Expression, scope: NamingScope) -> str:
    text = expression.text.strip()
    if expression.names == (text,) and _NAME.fullmatch(text):
        return scope.display(text)
    return shown(expression.evaluate(scope))


def shown(value: Value) -> str:
    """A value as a message shows it: on one line and not too long."""
    if isinstance(value, Unknown):
        return "an unknown value"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        text = ", ".join(shown(item) for item in value[:10])
    elif isinstance(value, dict):
        text = "a mapping"
    elif isinstance(value, int):
        text = str(value) if abs(value) < 10**30 else "a huge number"
    else:
        text = " ".join(value.split())
    return text if len(text) <= MAXIMUM_VALUE_LENGTH else f"{text[: MAXIMUM_VALUE_LENGTH - 1]}…"


def listed(items: Iterable[object], most: int = 3) -> str:
    """Names as a message lists them, each once: `A`, `A and B`, `A, B and C`, `A, B, C and 2 more`."""
    names = list(dict.fromkeys(map(str, items)))
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
