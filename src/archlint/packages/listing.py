"""What a package holds: the list of its files with their unpacked sizes, from a folder or from an archive."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from archlint.packages.roots import LintedRoot

MAX_FILES = 500_000
"""Lambda unpacks nothing near this; a larger folder is a mistake, and its sum is then a lower bound."""

MAX_FOLDERS = 200_000
"""Symbolic links can make a few folders appear exponentially often; the walk stops here."""

MAX_DEPTH = 200

_CONTAINER = re.compile(
    r"python|python\d[\d.]*|lib|lib64|site-packages|dist-packages|nodejs|node\d+|node_modules|java|ruby|gems|opt|@.+"
)


class Listing(msgspec.Struct, frozen=True):
    """The files of a package: `(path with "/", unpacked bytes)`.

    `at_least` means that something was left out (unreadable, outside the linted folder), `notes` say what.
    `newest` is the latest modification time of a file, in seconds since the epoch, 0 when unknown. `origin` is the
    folder or the archive.
    """

    files: tuple[tuple[str, int], ...]
    origin: Path
    at_least: bool = False
    notes: tuple[str, ...] = ()
    newest: float = 0.0

    @property
    def total(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(size for _, size in self.files)

    def parts(self) -> tuple[tuple[str, int], ...]:
        """What it consists of, biggest first: top-level files and folders, or the packages in a `site-packages`."""
        sizes: dict[str, int] = {}
        for path, size in self.files:
            label = printable(part_label(path))
            sizes[label] = sizes.get(label, 0) + size
        return tuple(sorted(sizes.items(), key=lambda part: (-part[1], part[0])))

    def select(self, keep: Callable[[str], bool]) -> Listing:
        """The same with only the files whose path `keep` accepts."""
        return msgspec.structs.replace(self, files=tuple(file for file in self.files if keep(file[0])))


def part_label(path: str) -> str:
    """The part of a package a file belongs to: `numpy` for `python/lib/python3.12/site-packages/numpy/linalg/x.so`."""
    components = path.split("/")
    for depth, component in enumerate(components[:-1], start=1):
        if not _CONTAINER.fullmatch(component):
            return "/".join(components[:depth])
    return path


def printable(name: str) -> str:
    """A file name that can stand in a message: file names are bytes, and archives are written by strangers."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(character if character.isprintable() else "?" for character in name)


def name_filter(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a file or folder name matches one of the shell patterns, as `shutil.ignore_patterns` does."""
    expression = re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns) or r"(?!)")
    return lambda name: expression.match(name) is not None


class _Walk(msgspec.Struct):
    """The state of one walk."""

    root: LintedRoot
    is_excluded: Callable[[str], bool]
    is_excluded_at_top: Callable[[str], bool]
    follows_links: bool
    files: list[tuple[str, int]] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    folders: int = 0
    at_least: bool = False
    newest: float = 0.0

    def skip(self, path: str, reason: str) -> None:
        self.at_least = True
        self.notes.append(f"{printable(path) or '.'}: {reason}")

    def folder(self, real_path: str, prefix: str, above: frozenset[str]) -> None:
        """Adds everything in one folder. `above` are the real paths of the folders it was reached through."""
        self.folders += 1
        if len(above) > MAX_DEPTH or self.folders > MAX_FOLDERS:
            self.skip(prefix.rstrip("/"), "too many nested folders")
            return
        try:
            with os.scandir(real_path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self.skip(prefix.rstrip("/"), f"cannot be read ({error.strerror or error})")
            return
        inside = above | {real_path}
        for entry in entries:
            if self.is_excluded(entry.name) or (not prefix and self.is_excluded_at_top(entry.name)):
                continue
            if len(self.files) >= MAX_FILES:
                self.skip(prefix.rstrip("/"), f"more than {MAX_FILES:,} files")
                return
            try:
                self.entry(entry, prefix + entry.name, inside)
            except (OSError, ValueError) as error:
                self.skip(prefix + entry.name, f"cannot be read ({error})")

    def entry(self, entry: os.DirEntry[str], path: str, inside: frozenset[str]) -> None:
        """Adds a file, walks a folder, follows a symbolic link as the builder does, but only inside the root."""
        if entry.is_symlink():
            if self.follows_links:
                self.link(os.path.realpath(entry.path), path, inside)
        elif entry.is_dir(follow_symlinks=False):
            self.folder(entry.path, path + "/", inside)
        else:
            self.file(entry.stat(follow_symlinks=False), path)

    def link(self, target: str, path: str, inside: frozenset[str]) -> None:
        if not self.root.holds(target):
            self.skip(path, "is a symbolic link out of the linted folder")
        elif target in inside:
            self.notes.append(f"{printable(path)}: is a symbolic link to a folder around it")
        elif os.path.isdir(target):  # noqa: PTH112 - a hot path over strings
            self.folder(target, path + "/", inside)
        else:
            self.file(os.stat(target), path)  # noqa: PTH116 - a hot path over strings

    def file(self, status: os.stat_result, path: str) -> None:
        if stat.S_ISREG(status.st_mode):
            self.files.append((path, status.st_size))
            self.newest = max(self.newest, status.st_mtime)


def walk(
    folder: Path,
    root: LintedRoot,
    excluded: Iterable[str] = (),
    *,
    excluded_at_top: Iterable[str] = (),
    follows_links: bool = True,
) -> Listing:
    """Every file under a folder that holds no symbolic links in its own path.

    `excluded` are shell patterns on single names, `excluded_at_top` on those right in the folder. Links inside the root
    are followed, as `sam package` does, or left out, as `npm pack` does.
    """
    state = _Walk(root, name_filter(excluded), name_filter(excluded_at_top), follows_links)
    state.folder(str(folder), "", frozenset())
    return Listing(tuple(state.files), folder, state.at_least, tuple(state.notes), state.newest)


def single_file(path: Path) -> Listing:
    """A package that is one file, not an archive."""
    try:
        status = path.stat()
    except OSError as error:
        return Listing((), path, at_least=True, notes=(f"{path.name}: cannot be read ({error.strerror or error})",))
    return Listing(((path.name, status.st_size),), path, newest=status.st_mtime)
