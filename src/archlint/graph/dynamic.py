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
_END = "}}"
_SERVICES = ("ssm", "ssm-secure", "secretsmanager")
_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]*)\}\}")


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
        """`arn:aws:s3:::{{resolve:ssm:/${Stage}/bucket}}/*` inside a Sub is whole only after substitution."""
        literal = text.literal
        if literal is not None:
            return self.string(stack, literal) if MARK in literal else [text]
        pieces: list[list[Text]] = []
        before, *tail = text.split(MARK, 1)
        while tail:
            body, *after = tail[0].split(_END, 1)
            if not after:
                break
            pieces += [[before], self._embedded(stack, body)]
            before, *tail = after[0].split(MARK, 1)
        return product([*pieces, [joined((*before.parts, *((MARK, *tail[0].parts) if tail else ())))]])

    def _embedded(self, stack: Stack, body: Text) -> list[Text]:
        """What a reference with unknown parts is; of secrets nothing is known then."""
        first = body.parts[0] if body.parts else ""
        service, colon, rest = first.partition(":") if isinstance(first, str) else ("", "", "")
        if body.literal is not None and service in _SERVICES:
            return self._reference(stack, service, rest)
        if service != "ssm" or not colon:
            return [joined((MARK, *body.parts, _END))]
        name = joined((rest, *body.parts[1:]))
        return self._texts.ssm_value(stack, name.split(":")[0]) or [Text((Hole(f"ssm:{name}", stack.id),))]

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
