"""Environment markers of Python dependencies (`sys_platform == "linux"`), as they come out on Lambda.

https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.packages.subject import Target

MAX_LENGTH = 4000
_TOKEN = re.compile(r"""\s*(?:(?P<string>'[^']*'|"[^"]*")|(?P<operator>[<>=!~]=?=?|\(|\))|(?P<word>[A-Za-z_.]+))""")
_COMPARISONS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">=": lambda left, right: left >= right,
    ">": lambda left, right: left > right,
    "~=": lambda left, right: left >= right and left[: len(right) - 1] == right[:-1],
}
Truth: TypeAlias = bool | None
"""None: not known."""


def applies(marker: object, target: Target) -> bool:
    """Whether a dependency with this marker is surely installed on Lambda; an absent marker always applies.

    What cannot be told (an unknown variable, a dependency group, bad syntax) does not apply: a size must not come from
    a package that may not be there.
    """
    if marker is None or marker == "":
        return True
    if not isinstance(marker, str) or len(marker) > MAX_LENGTH:
        return False
    tokens = _tokens(marker)
    if tokens is None:
        return False
    parser = _Parser(tokens, _environment(target))
    try:
        found = parser.either()
    except (IndexError, ValueError, RecursionError):
        return False
    return found is True and not parser.tokens


def _environment(target: Target) -> dict[str, str]:
    version = f"{target.python[0]}.{target.python[1]}"
    return {
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": target.machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "python_version": version,
        "python_full_version": f"{version}.9",
        "implementation_version": f"{version}.9",
        "extra": "",
    }


def _tokens(text: str) -> list[str] | None:
    found = []
    position = 0
    while position < len(text.rstrip()):
        matched = _TOKEN.match(text, position)
        if matched is None:
            return None
        found.append(matched[0].strip())
        position = matched.end()
    return found[::-1]


class _Parser:
    """Recursive descent over reversed tokens; logic over None is Kleene's."""

    def __init__(self, tokens: list[str], environment: dict[str, str]) -> None:
        self.tokens = tokens
        self.environment = environment

    def either(self) -> Truth:
        found = self.both()
        while self.tokens and self.tokens[-1] == "or":
            self.tokens.pop()
            other = self.both()
            found = True if found or other else None if None in (found, other) else False
        return found

    def both(self) -> Truth:
        found = self.single()
        while self.tokens and self.tokens[-1] == "and":
            self.tokens.pop()
            other = self.single()
            found = False if found is False or other is False else None if None in (found, other) else True
        return found

    def single(self) -> Truth:
        if self.tokens[-1] == "(":
            self.tokens.pop()
            found = self.either()
            if self.tokens.pop() != ")":
                raise ValueError("no closing parenthesis")
            return found
        left, operator = self.tokens.pop(), self.tokens.pop()
        if operator == "not":
            operator += " " + self.tokens.pop()
        return self.compare(left, operator, self.tokens.pop())

    def compare(self, left: str, operator: str, right: str) -> Truth:
        variable = left if left[0] not in "'\"" else right
        values = [self.value(operand) for operand in (left, right)]
        first, second = values
        if first is None or second is None:
            return None
        if operator in ("in", "not in"):
            return (first in second) is (operator == "in")
        if variable.endswith("version"):
            numbers = _numbers(first), _numbers(second)
            return _COMPARISONS[operator](*numbers) if operator in _COMPARISONS and all(numbers) else None
        return first == second if operator in ("==", "===") else first != second if operator == "!=" else None

    def value(self, operand: str) -> str | None:
        return operand[1:-1] if operand[0] in "'\"" else self.environment.get(operand)


def _numbers(version: str) -> tuple[int, ...]:
    """`(3, 12)` of `3.12`, `3.12.0` and `3.12.*`; empty when there is no number."""
    numbers = [int(part) for part in re.findall(r"\d{1,9}", version)]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
