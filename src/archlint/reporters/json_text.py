"""JSON as the machine-readable reports have it: indented by two blanks, text as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_json(data: Mapping[str, Any], stream: TextIO) -> None:
    """Writes one object and a line end. The json module would write each word of it by itself."""
    try:
        text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
    except UnicodeEncodeError:  # half of a surrogate pair, which UTF-8 cannot say: the stream knows what to do
        import json

        text = json.dumps(data, indent=2, ensure_ascii=False)
    stream.write(text)
    stream.write("\n")
