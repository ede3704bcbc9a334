"""The linted folder as a fence: a path that a template names is followed only inside it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from archlint.folders import Folders
from archlint.reads import looked_for

_REMOTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://|^(arn|s3):")

MAX_SMALL_FILE = 16 * 1024 * 1024
"""Manifests and lock files beyond this are not read: the largest real lock files are a few MB."""


class LintedRoot:
    """The folder that is linted, symbolic links resolved. Nothing outside of it is opened."""

    def __init__(self, folder: Path, folders: Folders | None = None) -> None:
        self.folder = Path(os.path.realpath(folder))
        self.folders = folders or Folders()
        self._resolved: dict[tuple[str, str], Path | None] = {}
        self.build_folders: dict[Path, list[Path]] = {}
        """Memory of `sam_build`."""
        self._outside: set[tuple[str, str]] = set()
        self._prefix = os.path.join(str(self.folder), "")  # noqa: PTH118 - "/" must stay "/", a Path drops the slash

    def holds(self, real_path: str) -> bool:
        """Whether a path without symbolic links lies inside."""
        return real_path == str(self.folder) or real_path.startswith(self._prefix)

    def resolve(self, base: Path, text: str) -> Path | None:
        """The existing file or folder that `text` names, seen from the folder `base`; None when there is none inside.

        The result has no symbolic links. URLs and ARNs name nothing here.
        """
        key = (str(base), text)
        if key not in self._resolved:
            self._resolved[key] = self._resolve(*key)
        return self._resolved[key]

    def _resolve(self, base: str, text: str) -> Path | None:
        if not text or _REMOTE.match(text):
            return None
        try:
            named = os.path.join(base, text)  # noqa: PTH118 - str: most paths that are asked for do not exist
            if not os.path.exists(named):  # noqa: PTH110 - likewise
                looked_for(named)
                return None
            real_path = os.path.realpath(named)
            if real_path != named:
                looked_for(named)
        except (OSError, ValueError):  # too long, a null byte, a loop
            return None
        if self.holds(real_path):
            return Path(real_path)
        self._outside.add((base, text))
        return None

    def leaves(self, base: Path, text: str) -> bool:
        """Whether `text` names something that exists, but outside."""
        return self.resolve(base, text) is None and (str(base), text) in self._outside

    def name(self, path: Path) -> str:
        """The path relative to the root, with `/`, for messages."""
        return path.relative_to(self.folder).as_posix() if self.holds(str(path)) else path.name

    def read(self, folder: Path, name: str, limit: int = MAX_SMALL_FILE) -> bytes | None:
        """The content of a small regular file in a folder; None when absent, outside, too large or unreadable."""
        path = self.resolve(folder, name)
        if path is None:
            return None
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
                return None
            with path.open("rb") as file:
                return file.read(limit)
        except OSError:
            return None

    def read_text(self, folder: Path, name: str) -> str | None:
        """Like `read`, as UTF-8 (without a byte order mark); bytes that are none are replaced."""
        content = self.read(folder, name)
        return None if content is None else content.decode("utf-8-sig", errors="replace")
