"""The tests of a Jinja template as CloudFormation conditions that nobody can evaluate, but that stay consistent.

Equal tests are one condition, wherever they stand, and `not x` is the negation of `x`: so rules never see a state in
which a test is true in one place and false in another.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archlint.template.model import Json
    from archlint.template.proton.lexed import Block, Guard

_NEGATIONS = (
    (re.compile(r"not ([\w.\[\]]+)"), r"\1"),
    (re.compile(r"not \(([^()]*)\)"), r"\1"),
    (re.compile(r"([\w.\[\]]+) is not defined"), r"\1 is defined"),
    (re.compile(r"([\w.\[\]]+) is undefined"), r"\1 is defined"),
    (re.compile(r"([\w.\[\]]+) != ('[^']*'|\"[^\"]*\"|[\w.]+)"), r"\1 == \2"),
)
_EQUALITY = re.compile(r"([\w.\[\]]+) == (?:'([^']*)'|\"([^\"]*)\")")


class Conditions:
    """The conditions that the branches of one template need, by name, with the mark where each is first used."""

    def __init__(self) -> None:
        self.bodies: dict[str, Json] = {}
        self.marks: dict[str, Any] = {}
        self._atoms: dict[tuple[str, int], str] = {}

    def atom(self, block: Block, index: int, mark: Any) -> tuple[str, bool]:
        """The condition of one test of an `if`, and whether the test is its negation."""
        test, negated = _positive(block.tests[index])
        key = (test, id(block) if block.local else 0)
        name = self._atoms.get(key)
        if name is None:
            name = self._atoms[key] = self._add(f"jinja:{block.line}:{test}", _body(test, block), mark)
        return name, negated

    def every(self, guards: Sequence[Guard], own: str | None, mark: Any) -> str:
        """The condition that all these branches are taken, and the template's `own` one when there is one."""
        parts: list[Json] = [{"Condition": own}] if own is not None else []
        for guard in guards:
            for index in range(min(guard.branch + 1, len(guard.block.tests))):
                name, negated = self.atom(guard.block, index, mark)
                taken = (index == guard.branch) != negated
                parts.append({"Condition": name} if taken else {"Fn::Not": [{"Condition": name}]})
        first = parts[0]
        if len(parts) == 1 and isinstance(first, dict) and isinstance(first.get("Condition"), str):
            return str(first["Condition"])
        words = [own] if own is not None else []
        words.extend(str(guard).removeprefix("if ") for guard in guards)
        name = f"jinja:{guards[0].block.line}:{' and '.join(words)}"
        return self._add(name, {"Fn::And": parts} if len(parts) > 1 else first, mark)

    def _add(self, name: str, body: Json, mark: Any) -> str:
        self.bodies.setdefault(name, body)
        self.marks.setdefault(name, mark)
        return name


def _positive(test: str) -> tuple[str, bool]:
    """The test without its negations, and whether they turn it round."""
    negated = False
    while True:
        for pattern, replacement in _NEGATIONS:
            match = pattern.fullmatch(test)
            if match is not None:
                test, negated = match.expand(replacement), not negated
                break
        else:
            return test, negated


def _body(test: str, block: Block) -> Json:
    """`{"Proton::Test": test}`, or `Fn::Equals` with a literal, so that two values of one input exclude each other."""
    match = _EQUALITY.fullmatch(test)
    if match is None or block.local:
        return {"Proton::Test": test}
    literal = match[2] if match[2] is not None else match[3]
    return {"Fn::Equals": [{"Ref": match[1]}, literal]}
