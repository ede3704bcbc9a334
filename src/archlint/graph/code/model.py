"""What reading code yields, whatever its language."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FILES = 200
MAX_BYTES = 1_000_000
"""Of one function; what is larger was bundled or installed and is nobody's handwriting."""


class Env(NamedTuple):
    """The value of an environment variable."""

    name: str


class Word(NamedTuple):
    """A string that stands in the code."""

    text: str


Value: TypeAlias = Env | Word | None
"""None is a value that reading does not tell."""


class Call(NamedTuple):
    """One call of the SDK. `operation` is in snake case; `arguments` hold the values of each name, nested ones too."""

    service: str
    operation: str
    arguments: Mapping[str, tuple[Value, ...]]
    file: str
    line: int

    @property
    def place(self) -> str:
        """`handlers/app.py:12`, relative to the function's code."""
        return f"{self.file}:{self.line}"


class Code(msgspec.Struct):
    """The code that a function runs. `doubts` say why something may be called that was not seen."""

    calls: list[Call] = msgspec.field(default_factory=list)
    texts: list[str] = msgspec.field(default_factory=list)
    """The sources of all files that the handler reaches."""
    doubts: list[str] = msgspec.field(default_factory=list)
    confirms_only: bool = False
    """Several handlers share the calls: they say nothing that no policy allows."""
