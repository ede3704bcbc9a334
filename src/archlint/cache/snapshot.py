"""What a run read, and whether it is still the same."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from importlib.util import source_from_cache
from typing import TYPE_CHECKING, Self

import msgspec

from archlint.reads import LOOKED_FOR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

# Folders whose inside is not compared: only their being there can matter, and tools touch them all the time.
_NAMED_ONLY = frozenset({".git", ".hg", ".svn", "__pycache__", ".archlint_cache", ".mypy_cache", ".ruff_cache"})
# A file system's clock ticks: what changed this short before it was looked at may change again within the same tick.
_TICK_NS = 50_000_000
_SECOND_NS = 1_000_000_000
_COARSE_TICK_NS = 2 * _SECOND_NS

Stamp = tuple[int, ...]
"""Size, inode and times of change in ns: of the content, and of anything. Nothing for a file that is not there.

Tools write the first time as they like (`npm` says 1985), the second one is the system's; it tells permissions, too.
"""
Entry = tuple[str, Stamp]
"""Name and stamp of what lies in a folder."""


class Snapshot(msgspec.Struct, frozen=True):
    """Files by path with their stamps, and folders by path with what lies in them.

    `ignored` are files that the run itself writes. `latest` is when something was last put into one of the folders,
    in ns.
    """

    files: dict[str, Stamp]
    folders: dict[str, list[Entry]]
    ignored: frozenset[str] = frozenset()
    latest: int = 0

    def holds(self) -> bool:
        """Whether everything is as it was."""
        walked = self.folders.keys()
        return all(_stamp(path) == stamp for path, stamp in self.files.items()) and all(
            _entries(path, walked, self.ignored) == entries for path, entries in self.folders.items()
        )

    def is_settled(self, began: float) -> bool:
        """Whether nothing changed while the run looked at it, or so short before that the stamp could not tell.

        `began` is the time of the run's start, in seconds since the epoch.
        """
        start = int(began * _SECOND_NS)
        stamps = [*self.files.values(), *(stamp for entries in self.folders.values() for _, stamp in entries)]
        return self.latest < start and all(time + _tick(time) < start for stamp in stamps for time in stamp[2:])


def _tick(changed: int) -> int:
    return _COARSE_TICK_NS if changed % _SECOND_NS == 0 else _TICK_NS


def take(reads: Reads, *, ignored: Iterable[str] = ()) -> Snapshot:
    """A snapshot of everything in `reads`."""
    kept = frozenset(ignored)
    # Next to what was opened something else may have been looked for.
    there = [path for path in reads.files if os.path.exists(path)]  # noqa: PTH110 - thousands of paths
    walked = reads.folders | {os.path.dirname(path) for path in there}  # noqa: PTH120 - likewise
    folders = {folder: _entries(folder, walked, kept) for folder in sorted(walked)}
    listed = {os.path.join(folder, name): stamp for folder, entries in folders.items() for name, stamp in entries}  # noqa: PTH118 - likewise
    files = {path: _stamp(path) for path in sorted((reads.files | reads.looked_for) - kept)}
    files = {path: stamp for path, stamp in files.items() if not stamp or listed.get(path) != stamp}
    return Snapshot(files, folders, kept, max(map(_put_into, folders), default=0))


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of paths
    except (OSError, ValueError):
        return ()
    # Of a folder only its being there counts here, and that it is the same when a link leads to it.
    return (0, found.st_ino) if stat.S_ISDIR(found.st_mode) else _times(found)


def _times(found: os.stat_result) -> Stamp:
    size = 0 if stat.S_ISDIR(found.st_mode) else found.st_size
    return (size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)


def _put_into(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - thousands of paths
    except OSError:
        return 0


def _entries(folder: str, walked: Collection[str], ignored: frozenset[str]) -> list[Entry]:
    return sorted(_inside(folder, walked, ignored))


def _inside(folder: str, walked: Collection[str], ignored: frozenset[str]) -> Iterator[Entry]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.path in ignored:
                    continue
                if entry.is_symlink():
                    yield entry.name, _times(entry.stat(follow_symlinks=False))
                    yield entry.name, _stamp(entry.path)
                elif entry.name in _NAMED_ONLY or entry.path in walked:
                    yield entry.name, (0,)
                else:
                    yield entry.name, _times(entry.stat(follow_symlinks=False))
    except OSError:
        return


class Reads:
    """Collects what this process opens, lists and looks for in vain while it is entered."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.looked_for: set[str] = set()
        self.folders: set[str] = set()
        self.began = 0.0
        self._own = _own_folders()
        self._search_path = {os.path.abspath(path) for path in sys.path}  # noqa: PTH100 - as the events name them
        self._installed = tuple(f"{path}/" for path in self._search_path if path.endswith("-packages"))

    def __enter__(self) -> Self:
        self.began = time.time()
        _listen(self)
        return self

    def __exit__(self, *error: object) -> None:
        _listeners.remove(self)

    def note(self, event: str, path: object) -> None:
        """One audit event."""
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, os.PathLike):
            path = os.fspath(path)
        if not isinstance(path, str):
            return
        absolute = path if path.startswith("/") else os.path.abspath(path)  # noqa: PTH100 - no link is followed
        if event == LOOKED_FOR:
            self.looked_for.add(absolute)
        elif event == "open":
            if absolute.endswith(".pyc"):  # a rule's own module: what counts is its source
                with contextlib.suppress(ValueError):
                    absolute = source_from_cache(absolute)
            is_module = absolute.startswith(self._installed) and absolute.endswith((".py", ".so"))
            if not is_module and not absolute.startswith(self._own):
                self.files.add(absolute)
        # Python lists the folders of its search path when it imports; what is linted may be one of them.
        elif not absolute.startswith(self._own) and (event == "os.scandir" or absolute not in self._search_path):
            self.folders.add(absolute)


_listeners: list[Reads] = []
_EVENTS = frozenset({"open", "os.scandir", "os.listdir", LOOKED_FOR})


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if _listeners and event in _EVENTS and arguments:
        for listener in _listeners:
            listener.note(event, arguments[0])


def _listen(reads: Reads) -> None:
    # Python has no way to take a hook out again: there is one, and it has nothing to do when nobody listens.
    if not _is_hooked:
        sys.addaudithook(_hear)
        _is_hooked.append(True)
    _listeners.append(reads)


_is_hooked: list[bool] = []


def _own_folders() -> tuple[str, ...]:
    """What the key of a result knows by version (archlint, the standard library), and the system's devices."""
    from archlint.cache.key import own_folders

    standard = os.path.dirname(os.__file__)  # noqa: PTH120 - a string among strings
    return (*(f"{folder}/" for folder in own_folders()), f"{standard}/", "/dev/", "/proc/", "/sys/")
