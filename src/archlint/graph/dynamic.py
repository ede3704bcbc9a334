"""Dynamic references: `{{resolve:ssm:…}}` and `{{resolve:secretsmanager:…}}` in strings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.graph.text import Hole, NodePart, Text, joined, product

if TYPE_CHECKING:
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.graph.texts import Texts

MARK = "{{resolve:"
_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]*)\}\}")
_SSM = "{{resolve:ssm:"


class DynamicReferences:
    """Says what such strings are, with what the run declares of parameters and secrets."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def string(self, stack: Stack, value: str) -> list[Text]:
        """What a string with references is."""
        parts: list[list[Text]] = []
        end = 0
        for match in _REFERENCE.finditer(value):
            if match.start() > end:
                parts.append([Text((value[end : match.start()],))])
            parts.append(self._reference(stack, match.group(1), match.group(2)))
            end = match.end()
        if end < len(value):
            parts.append([Text((value[end:],))])
        return product(parts)

    def late(self, stack: Stack, text: Text) -> list[Text]:
        """`{{resolve:ssm:/${Stage}/bus}}` inside a Sub is whole only after substitution."""
        literal = text.literal
        if literal is not None and MARK in literal:
            return self.string(stack, literal)
        if text.startswith(_SSM) and isinstance(text.parts[-1], str) and text.parts[-1].endswith("}}"):
            first, last = text.parts[0], text.parts[-1]
            assert isinstance(first, str)  # noqa: S101 - startswith has looked
            name = joined((first.removeprefix(_SSM), *text.parts[1:-1], last.removesuffix("}}")))
            return self._texts.ssm_value(stack, name.split(":")[0]) or [Text((Hole(f"ssm:{name}", stack.id),))]
        return [text]

    def _reference(self, stack: Stack, service: str, body: str) -> list[Text]:
        hole = Text((Hole(f"{service}:{body}"),))
        if service == "secretsmanager":
            secret = self._secret(stack, body)
            return [Text((NodePart(secret, "SecretString"),))] if secret is not None else [hole]
        return self._texts.ssm_value(stack, Text((body.split(":", maxsplit=1)[0],))) or [hole]

    def _secret(self, stack: Stack, body: str) -> Node | None:
        name = self._texts.texts(stack, body.split(":SecretString", maxsplit=1)[0])[0]
        if name.node is not None:
            return name.node.node
        return self._texts.names.named(stack, ("AWS::SecretsManager::Secret",), name)
