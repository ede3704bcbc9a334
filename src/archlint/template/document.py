"""One file: its text, its data, and the line of any value when somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from archlint.errors import TemplateError
from archlint.findings import Region

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.template.json_positions import JsonPositions
    from archlint.template.model import Json, TemplatePath
    from archlint.template.parse import Events
    from archlint.template.positions import Position, Relocate
    from archlint.template.scalars import KeyMarks


class Document:
    """A parsed YAML or JSON file. `name` is its path relative to the root of the run, with `/`."""

    __slots__ = (
        "_json_positions",
        "_lines",
        "_positions",
        "data",
        "duplicates",
        "events",
        "is_json",
        "key_marks",
        "name",
        "parsed_text",
        "path",
        "relocate",
        "text",
    )

    def __init__(
        self,
        path: Path,
        name: str,
        text: str,
        data: Json,
        *,
        parsed_text: str | None = None,
        relocate: Relocate | None = None,
        events: Events | None = None,
    ) -> None:
        self.path = path
        self.name = name
        self.text = text
        self.data = data
        self.parsed_text = text if parsed_text is None else parsed_text
        self.relocate = relocate
        self.events = events
        self.duplicates: list[tuple[str, int, int]] = []
        """Keys given twice in one mapping, with line and column; the last one counts, as for the deploy tools."""
        self.key_marks: KeyMarks = {}
        """Where the keys of `data` stand in the parsed text; empty for JSON, and for data that was made."""
        self._positions: Position | Literal[False] | None = False
        self._json_positions: JsonPositions | None = None
        self._lines: list[str] | None = None
        self.is_json = False
        """Whether the text was parsed as JSON; text that only looks like it (comments, tabs) is read as YAML."""

    def __repr__(self) -> str:
        return f"Document({self.name!r})"

    @property
    def lines(self) -> list[str]:
        """The lines of the source text, without line ends."""
        if self._lines is None:
            self._lines = self.text.split("\n")
        return self._lines

    def _json_region(self, path: TemplatePath, on: Literal["key", "value"]) -> Region:
        from archlint.template.json_positions import JsonPositions
        from archlint.template.positions import one_line

        if self._json_positions is None:
            # What was parsed: a definition with placeholders is JSON only after they are quoted, on the same lines.
            self._json_positions = JsonPositions(self.parsed_text)
        return one_line(self._json_positions.extent(path, on), self.lines)

    def noted_region(self, path: TemplatePath) -> Region | None:
        """The region of the key at `path` in the parsed text, as the first parse noted it; None if it did not."""
        from archlint.template.positions import noted_extent, one_line

        extent = noted_extent(self.data, self.key_marks, path, self._parsed_lines()) if self.key_marks else None
        return one_line(extent, self._parsed_lines()) if extent is not None else None

    def parsed_region(self, path: TemplatePath, on: Literal["key", "value"] = "key") -> Region:
        """The region of the key (or value) at `path` in the parsed text, from a second, full parse."""
        from archlint.template.parse import yaml_events
        from archlint.template.positions import locate, positions

        if self._positions is False:
            self._positions = positions(self.parsed_text, self.events or yaml_events)
        return locate(self._positions, path, on, self._parsed_lines())

    def _parsed_lines(self) -> list[str]:
        return self.lines if self.relocate is None else self.parsed_text.split("\n")

    def region(self, path: TemplatePath, on: Literal["key", "value"] = "key") -> Region:
        """The region of the key (or value) at `path`, or of its nearest existing ancestor, in the source text."""
        if self.is_json:
            return self._json_region(path, on)
        found = (self.noted_region(path) if on == "key" else None) or self.parsed_region(path, on)
        if self.relocate is None:
            return found
        line, column = self.relocate(found.start_line, found.start_column)
        end_line, end_column = self.relocate(found.end_line, found.end_column)
        if end_line != line or end_column <= column:
            end_line, end_column = line, max(column + 1, len(self.lines[line - 1].rstrip()) + 1)
        return Region(line, column, end_line, end_column)


def decode(raw: bytes) -> str:
    """Text of a file: UTF-8 with or without BOM, UTF-16 with BOM; line ends become a newline.

    Raises TemplateError at the line of the first byte that is neither.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = raw.decode("utf-16", errors="replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise TemplateError(f"byte 0x{raw[error.start]:02x} is not UTF-8 text", line) from error
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def read_document(
    path: Path,
    name: str,
    text: str | None = None,
    *,
    relocate: Relocate | None = None,
    source: str | None = None,
    events: Events | None = None,
) -> Document:
    """Reads and parses a file; raises TemplateError (with line and column of the parsed text) and OSError.

    `text` replaces what is on disk; for Proton it is the lexed text, `source` the text as written, `relocate` maps
    lines and columns of the one to the other, and `events` gives the events of the lexed text.
    """
    from archlint.template.parse import parse_json, parse_yaml, yaml_events

    if text is None:
        text = decode(path.read_bytes())
    data: Json
    is_json = False
    duplicates: list[tuple[str, int, int]] = []
    marks: KeyMarks = {}
    if events is None and text.lstrip()[:1] in ("{", "["):
        try:
            data = parse_json(text, duplicates)
            is_json = True
        except TemplateError as json_error:
            try:
                data = parse_yaml(text, duplicates=duplicates, marks=marks)
            except TemplateError:
                raise json_error from None
    else:
        data = parse_yaml(text, events or yaml_events, duplicates, marks)
    parsed_text = text if source is not None else None
    document = Document(path, name, source or text, data, parsed_text=parsed_text, relocate=relocate, events=events)
    document.duplicates = duplicates
    if not duplicates:  # a value that was replaced may have left its identity to another
        document.key_marks = marks
    document.is_json = is_json
    return document
