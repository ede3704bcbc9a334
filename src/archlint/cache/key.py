"""What a result depends on besides the files that its run reads."""

from __future__ import annotations

import hashlib
import os
import sys
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archlint import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archlint.config import Config

_OPTIONAL = ("tree_sitter", "tree_sitter_javascript", "tree_sitter_typescript")


def key_of(paths: Sequence[Path], config: Config, focus: Sequence[Path]) -> str:
    """64 hex digits, the same for the same program with the same settings in the same folder on the same day."""
    told = [
        __version__,
        sys.version,
        date.today().isoformat(),  # noqa: DTZ011 - what a user calls today: tables of the shipped data have dates
        str(Path.cwd()),
        _program(),
        [name for name in _OPTIONAL if find_spec(name) is not None],
        _installed(),
        [os.path.abspath(path) for path in paths],  # noqa: PTH100 - links stay as typed
        [os.path.realpath(path) for path in paths],
        [os.path.abspath(path) for path in focus],  # noqa: PTH100 - likewise
        config,
    ]
    return hashlib.sha256(msgspec.json.encode(told, enc_hook=str, order="sorted")).hexdigest()


def own_folders() -> tuple[str, ...]:
    """The folders of the package and of the built-in rules."""
    from archlint.ruleset.packs import builtin_pack_path

    return (str(Path(__file__).parents[1]), str(builtin_pack_path()))


def _installed() -> list[tuple[str, int]]:
    """The folders of installed packages and when something was last put into them: what archlint builds on."""
    folders = [path for path in sys.path if path.endswith("-packages") and os.path.isdir(path)]  # noqa: PTH112 - strings
    return [(folder, os.stat(folder).st_mtime_ns) for folder in folders]  # noqa: PTH116 - likewise


def _program() -> list[tuple[str, int, int]]:
    """Sizes and times of archlint's own files: a checkout changes without a new version."""
    found = []
    for top in own_folders():
        for folder, folders, files in os.walk(top):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in files:
                status = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - hundreds of files
                found.append((f"{folder}/{name}", status.st_size, status.st_mtime_ns))
    return sorted(found)
