"""The lines that findings point at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.lint import LintResult

# A finding can point into a file that is no template (CDK source); nobody reads a frame of a bigger one.
_LARGEST_SOURCE = 4_000_000


class Sources:
    """Texts of the files of a run, read at most once."""

    def __init__(self, result: LintResult) -> None:
        self._result = result
        self._lines: dict[str, list[str]] = {}

    def lines(self, file: str) -> list[str]:
        """The lines of a file, without line ends; none when it cannot be read."""
        known = self._lines.get(file)
        if known is None:
            document = self._result.documents.get(file)
            known = document.lines if document is not None else self._read(file).split("\n")
            self._lines[file] = known
        return known

    def bytes_of(self, file: str) -> bytes:
        """The file as it is on disk, else the text that was read; empty when there is neither."""
        path = self._path(file)
        if path is not None:
            return path.read_bytes()
        document = self._result.documents.get(file)
        return document.text.encode("utf-8", "replace") if document is not None else b""

    def _path(self, file: str) -> Path | None:
        path = self._result.root / file
        root = self._result.root.resolve()
        try:
            is_inside = path.resolve().is_relative_to(root) or file in self._result.documents
            return path if is_inside and path.is_file() and path.stat().st_size <= _LARGEST_SOURCE else None
        except (OSError, ValueError):
            return None

    def _read(self, file: str) -> str:
        path = self._path(file)
        if path is None:
            return ""
        return path.read_text(encoding="utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
