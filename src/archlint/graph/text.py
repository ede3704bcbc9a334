"""Symbolic text: a string of which some parts are known and the others have a name.

`Sub: "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:jobs"` is a text of literal parts and two holes. Two resources
are the same when their texts are, so names unify without any account being known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archlint.graph.model import Node


MAX_ALTERNATIVES = 16
"""More alternatives than this say nothing definite any more."""


class Hole(msgspec.Struct, frozen=True):
    """A value nobody here knows. `scope` is the stack it belongs to, empty for what all stacks share (the region)."""

    name: str
    scope: str = ""


class NodePart(msgspec.Struct, frozen=True):
    """What `Ref` (attribute `Ref`) or `GetAtt` of a resource yields."""

    node: Node
    attribute: str


Part: TypeAlias = str | Hole | NodePart


class Text(msgspec.Struct, frozen=True):
    """Parts in order; adjacent literals are joined and none is empty (an empty text has no parts)."""

    parts: tuple[Part, ...]

    @property
    def literal(self) -> str | None:
        """The string when every part is known."""
        if not self.parts:
            return ""
        first = self.parts[0]
        return first if len(self.parts) == 1 and isinstance(first, str) else None

    @property
    def node(self) -> NodePart | None:
        """The one resource this text consists of, if it does."""
        first = self.parts[0] if len(self.parts) == 1 else None
        return first if isinstance(first, NodePart) else None

    @property
    def hole(self) -> Hole | None:
        """The one unknown this text consists of, if it does."""
        first = self.parts[0] if len(self.parts) == 1 else None
        return first if isinstance(first, Hole) else None

    def __str__(self) -> str:
        return "".join(
            part if isinstance(part, str) else "${" + (part.name if isinstance(part, Hole) else str(part.node)) + "}"
            for part in self.parts
        )

    def startswith(self, prefix: str) -> bool:
        """True when the text begins with this literal."""
        return bool(self.parts) and isinstance(self.parts[0], str) and self.parts[0].startswith(prefix)

    def split(self, separator: str, limit: int = -1) -> list[Text]:
        """Splits at a literal separator, as str.split does; holes are never split."""
        if len(self.parts) == 1 and isinstance(self.parts[0], str):
            return [Text((each,) if each else ()) for each in self.parts[0].split(separator, limit)]
        pieces: list[Text] = []
        piece: list[Part] = []
        for part in self.parts:
            if not isinstance(part, str) or limit == 0 or separator not in part:
                piece.append(part)
                continue
            for index, segment in enumerate(part.split(separator, limit)):
                if index:
                    pieces.append(Text(tuple(piece)))
                    piece = []
                    limit -= 1
                if segment:
                    piece.append(segment)
        pieces.append(Text(tuple(piece)))
        return pieces


NOTHING = Text(())


def joined(pieces: Iterable[Part]) -> Text:
    """A text of these parts, literals merged."""
    parts: list[Part] = []
    for piece in pieces:
        if isinstance(piece, str):
            if not piece:
                continue
            if parts and isinstance(parts[-1], str):
                parts[-1] += piece
                continue
        parts.append(piece)
    return Text(tuple(parts))


def product(pieces: Sequence[Sequence[Text]]) -> list[Text]:
    """Every concatenation of one alternative of each piece, bounded."""
    only: list[Part] = []
    for piece in pieces:
        if len(piece) != 1:
            break
        only += piece[0].parts
    else:
        return [joined(only)]
    results: list[list[Part]] = [[]]
    for piece in pieces:
        results = [[*result, *alternative.parts] for result in results for alternative in piece][:MAX_ALTERNATIVES]
    return [joined(result) for result in results]
