"""Strings of Proton templates: their expressions stand for inputs and for outputs of the environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.graph.text import Text, product

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.graph.stacks import Stack
    from archlint.template.model import ProtonPart


class ProtonTexts:
    """Answers what a string with expressions is; `provided` says what an output of an environment is."""

    def __init__(self, provided: Callable[[Stack, Stack, str], list[Text]]) -> None:
        self._provided = provided
        self.output: Callable[[Stack, str], tuple[Stack, str, bool] | None] | None = None
        """The environment and output that a path of an expression names; set when the environments are known."""

    def string(self, stack: Stack, proton: ProtonPart, value: str) -> list[Text]:
        """The texts of a string in which expressions may stand."""
        marks = sorted((mark for mark in proton.expressions if mark in value), key=len, reverse=True)
        if not marks:
            return [Text((value,))]
        pieces = re.split("(" + "|".join(map(re.escape, marks)) + ")", value)
        return product(
            [
                self._expression(stack, proton, piece) if index % 2 else [Text((piece,))]
                for index, piece in enumerate(pieces)
                if piece
            ]
        )

    def _expression(self, stack: Stack, proton: ProtonPart, mark: str) -> list[Text]:
        expression = proton.expressions[mark]
        if self.output is not None and "outputs." in expression:
            for path in proton.paths.get(mark, ()):
                found = self.output(stack, path)
                if found is not None:
                    environment, output, _ = found
                    texts = self._provided(stack, environment, output)
                    if texts:
                        return texts
        from archlint.graph.proton_inputs import input_texts

        return input_texts(proton, mark)
