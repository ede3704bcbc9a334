"""What the walk over the linted folders saw in them, so that nobody asks the file system again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOKED_UP = frozenset({"samconfig.toml", "samconfig.yaml", "samconfig.yml", ".aws-sam"}) | {
    "CODEOWNERS",
    ".github",
    ".gitlab",
    "docs",
}
"""Names that are looked for beside every template, and are there beside few."""


class Folders:
    """The folders that were listed; absolute paths as text."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, frozenset[str]] = {}

    def saw(self, folder: str, names: Iterable[str]) -> None:
        """Keeps what a listing of the folder told."""
        self._seen[folder] = LOOKED_UP.intersection(names)

    def may_hold(self, folder: str, name: str) -> bool:
        """False when the folder was listed and has nothing of this name, which is one of `LOOKED_UP`.

        Who asked may rely on it for as long as the run: the listing itself is told to whoever keeps results.
        """
        seen = self._seen.get(folder)
        return seen is None or name in seen
