"""Where the code of a function lies, and its files. Nothing outside of the linted folder is opened."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from archlint.graph.code.model import MAX_BYTES, MAX_FILES
from archlint.reads import looked_for
from archlint.template.model import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.graph.link import Linker
    from archlint.graph.model import Node

_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class Folder:
    """The files of one code folder, each read at most once; or the one file that a template holds itself."""

    def __init__(self, path: Path | None, root: str, inline: str | None = None) -> None:
        self._path = path
        self._root = root
        self._inline = inline
        self._texts: dict[str, str | None] = {}

    def text(self, name: str) -> str | None:
        """The source at a path below the folder, with `/`; None when there is none or it cannot be read."""
        name = posixpath.normpath(name)
        if name.startswith(("..", "/")):
            return None
        if name not in self._texts:
            self._texts[name] = self._read(name)
        return self._texts[name]

    def holds_folder(self, name: str) -> bool:
        """Whether there is a folder at this path."""
        if self._path is None or name.startswith(".."):
            return False
        looked_for(str(self._path / name))
        return (self._path / name).is_dir()

    def _read(self, name: str) -> str | None:
        if self._path is None:
            return self._inline if posixpath.splitext(name)[0] == "index" else None
        try:
            named = os.path.join(self._path, name)  # noqa: PTH118 - str: most names that are tried do not exist
            if not os.path.isfile(named):  # noqa: PTH113 - likewise
                looked_for(named)
                return None
            real = Path(os.path.realpath(named))
            if not real.is_relative_to(self._root) or real.stat().st_size > MAX_BYTES:
                return None
            return real.read_bytes().decode("utf-8-sig")
        except (OSError, ValueError):  # not UTF-8, a null byte, too long
            return None


class Source(Protocol):
    """A parsed file, with the files of its folder that it imports."""

    @property
    def imports(self) -> set[str]:
        """Paths below the folder."""


_Source = TypeVar("_Source", bound=Source)


def reached(folder: Folder, file: str, read: Callable[[str], _Source | None]) -> tuple[dict[str, _Source], list[str]]:
    """The file and all that it imports from the folder, by path, and what of it was not read."""
    found: dict[str, _Source] = {}
    unread: list[str] = []
    pending = [file]
    size = 0
    while pending:
        name = pending.pop()
        if name in found:
            continue
        source = read(name)
        size += len(folder.text(name) or "")
        if source is None or len(found) >= MAX_FILES or size > MAX_BYTES:
            unread.append(f"{name} was not read")
            continue
        found[name] = source
        pending += sorted(source.imports)
    return found, unread


class Folders:
    """The code folders of a run."""

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._root = os.path.realpath(linker.settings.root)
        self._known: dict[Path, Folder] = {}

    def of(self, function: Node) -> Folder | None:
        """The code of a function; None when it does not lie in the linted folder."""
        stack = function.stack
        if stack is None:
            return None
        code = function.properties.get("Code")
        base = stack.template.document.path.parent
        if isinstance(code, dict) and isinstance(code.get("ZipFile"), str):
            return Folder(None, self._root, code["ZipFile"])
        named = code if isinstance(code, str) else self._linker.literal(stack, code) if _is_function(code) else None
        candidates = [named] if isinstance(named, str) else _staged(function, code)
        if stack.template.kind is Kind.SERVERLESS_FRAMEWORK:  # handlers are paths below the service's folder
            candidates.append("..")
        for name in candidates:
            found = self._folder(base, name)
            if found is not None:
                return found
        return None

    def _folder(self, base: Path, name: str) -> Folder | None:
        try:
            named = os.path.join(base, name)  # noqa: PTH118 - str: most code lies elsewhere
            if "://" in name:
                return None
            if not os.path.isdir(named):  # noqa: PTH112 - likewise
                looked_for(named)
                return None
            path = Path(os.path.realpath(named))
            if str(path) != named:
                looked_for(named)
            if not path.is_relative_to(self._root):
                return None
        except (OSError, ValueError):
            return None
        return self._known.setdefault(path, Folder(path, self._root))


def _is_function(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _staged(function: Node, code: Any) -> list[str]:
    """Folders that a CDK assembly may have staged the code to."""
    metadata = function.resource.body.get("Metadata") if function.resource is not None else None
    stated = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
    if isinstance(stated, str):
        return [stated]
    key = code.get("S3Key") if isinstance(code, dict) else None
    match = _HASH.search(key) if isinstance(key, str) else None
    return [f"asset.{match[0]}", f"../asset.{match[0]}"] if match else []
