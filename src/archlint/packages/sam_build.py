"""The output of `sam build`: `.aws-sam/build/<LogicalId>` beside a template, told fresh from stale by `build.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.packages.roots import LintedRoot

BUILD_FOLDER = ".aws-sam/build"

GRACE_SECONDS = 10.0
"""Sources may be this much younger than the build: a checkout writes both in any order."""


class Build(msgspec.Struct, frozen=True):
    """The built folder of one function or layer and when it was made, in seconds since the epoch."""

    folder: Path
    made: float

    def is_stale(self, newest_source: float) -> bool:
        """Whether a source file changed after the build."""
        return newest_source > self.made + GRACE_SECONDS


def find_build(root: LintedRoot, template_folder: Path, full_path: str, source: Path | None) -> Build | None:
    """The build of the resource at `full_path` (`Child/Function` in a nested stack), of whatever age.

    Where `build.toml` exists it must list the resource, with `source` as its code folder if that still exists;
    without it, the folder of that name is taken.
    """
    build = root.resolve(template_folder, BUILD_FOLDER)
    if build is None or not build.is_dir():
        return None
    definitions = _definitions(root, build.parent)
    if definitions is None:
        return _build(root, build, full_path, ())
    for definition in definitions:
        names = _names(definition)
        if full_path in names and _has_source(definition, source):
            return _build(root, build, full_path, (f"{names[0]}-Shared", names[0]))
    return None


def _definitions(root: LintedRoot, folder: Path) -> list[dict[str, Any]] | None:
    """The build definitions of functions and layers; None without a readable `build.toml`."""
    text = root.read_text(folder, "build.toml")
    if text is None:
        return None
    try:
        parsed = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    return list(_tables(parsed))


def _tables(parsed: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for section in parsed.values():
        if isinstance(section, dict):
            yield from (table for table in section.values() if isinstance(table, dict))


def _names(definition: dict[str, Any]) -> list[str]:
    """The full paths of the functions, or of the layer, that a definition builds."""
    functions = definition.get("functions")
    names = functions if isinstance(functions, list) else [definition.get("layer"), definition.get("layer_name")]
    return [name for name in names if isinstance(name, str)] or [""]


def _has_source(definition: dict[str, Any], source: Path | None) -> bool:
    """False when the definition was made from another folder that still exists: the template has moved on."""
    built_from = definition.get("codeuri")
    if source is None or not isinstance(built_from, str):
        return True
    try:
        folder = Path(built_from)
        # Builds in a container, or of another checkout, name folders that do not exist here.
        return not folder.exists() or folder.resolve() == source
    except (OSError, ValueError, RuntimeError):
        return True


def _build(root: LintedRoot, build: Path, full_path: str, shared: tuple[str, ...]) -> Build | None:
    """The folder of this name, or of the function that it shares its code with."""
    for name in (full_path, *shared):
        folder = root.resolve(build, name) if name and name not in (".", "..") else None
        if folder is None or folder == build or not folder.is_dir():
            continue
        witnesses = (folder, build.parent / "build.toml", build / "template.yaml")
        return Build(folder, max(path.stat().st_mtime for path in witnesses if path.exists()))
    return None
