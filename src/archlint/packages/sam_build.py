"""The output of `sam build`: `.aws-sam/build/<LogicalId>`, told fresh from stale by `build.toml`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.reads import looked_for, looked_into

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.packages.roots import LintedRoot

SAM_FOLDER = ".aws-sam"
BUILD_FOLDER = f"{SAM_FOLDER}/build"
BUILT_TEMPLATE = "template.yaml"
"""What `sam build` writes last, into the build folder: a folder without it is of a build that failed."""
_CONFIGS = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
_BUILD_DIR = re.compile(r"^[ \t]*[\"']?build_dir[\"']?\s*[=:]\s*[\"']?([^\"'#\n]+?)[\"']?\s*(?:#.*)?$", re.MULTILINE)

GRACE_SECONDS = 10.0
"""Sources may be this much younger than the build: a checkout writes both in any order."""


class Build(msgspec.Struct, frozen=True):
    """The built folder of one function or layer and when it was made, in seconds since the epoch."""

    folder: Path
    made: float
    is_finished: bool = True
    """False when the build of the stack failed before its end: folders then hold a part of what they should."""

    def is_stale(self, newest_source: float) -> bool:
        """Whether a source file changed after the build."""
        return newest_source > self.made + GRACE_SECONDS


class BuildPlace(msgspec.Struct, frozen=True):
    """A folder that `sam build` wrote to, run in the folder `base`.

    `is_own`: it belongs to the template beside it. Any template below may have been built into one further up.
    """

    folder: Path
    base: Path
    is_own: bool


def build_places(root: LintedRoot, template_folder: Path) -> list[BuildPlace]:
    """The existing build folders that may be those of a template, the nearest first.

    `sam build` makes `.aws-sam` where it is run, which is the folder of the template or one around it (`sam build -t
    infra/template.yaml`); `build_dir` in samconfig.toml names another one.
    """
    found: dict[Path, BuildPlace] = {}
    inner = root.resolve(template_folder, ".")
    for base in (inner, *inner.parents) if inner is not None else ():
        if not root.holds(str(base)):
            break
        for folder in _written_from(root, base):
            found.setdefault(folder, BuildPlace(folder, base, base == inner))
    return list(found.values())


def _written_from(root: LintedRoot, base: Path) -> list[Path]:
    """The build folders that `sam build`, run in this folder, may have written; every template below asks."""
    known = root.build_folders.get(base)
    if known is None:
        names = [*_configured(root, base), *([BUILD_FOLDER] if root.folders.may_hold(str(base), SAM_FOLDER) else [])]
        named = [root.resolve(base, name) for name in names]
        known = [folder for folder in named if folder is not None and folder != base and folder.is_dir()]
        root.build_folders[base] = known
    return known


def _configured(root: LintedRoot, base: Path) -> list[str]:
    """`build_dir` of the environments in `samconfig.toml`."""
    texts = (root.read_text(base, name) for name in _CONFIGS if root.folders.may_hold(str(base), name))
    return [name for text in texts if text is not None for name in _BUILD_DIR.findall(text)]


def find_build(root: LintedRoot, place: BuildPlace, full_path: str, source: Path | None) -> Build | None:
    """The build of the resource at `full_path` (`Child/Function` in a nested stack), of whatever age.

    Where `build.toml` exists it must list the resource, with `source` as its code folder if that still exists;
    without it, the folder of that name is taken.
    """
    build = place.folder
    definitions = _definitions(root, build.parent)
    if definitions is None:
        return _build(root, build, full_path, ()) if place.is_own else None
    for definition in definitions:
        names = _names(definition)
        if full_path in names and _has_source(definition, source, place):
            return _build(root, build, full_path, (f"{names[0]}-Shared", names[0]))
    return None


def _definitions(root: LintedRoot, folder: Path) -> list[dict[str, Any]] | None:
    """The build definitions of functions and layers; None without a readable `build.toml`."""
    text = root.read_text(folder, "build.toml")
    if text is None:
        return None
    import tomllib

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


def _has_source(definition: dict[str, Any], source: Path | None, place: BuildPlace) -> bool:
    """False when the definition was made from another folder that still exists: the template has moved on.

    A build folder further up belongs to many templates, so there the source must be the very one.
    """
    built_from = definition.get("codeuri")
    if source is None or not isinstance(built_from, str):
        return place.is_own
    try:
        looked_for(built_from)
        folder = Path(built_from)
        if folder.exists():
            return folder.resolve() == source
        # Builds in a container, or of another checkout, name folders that do not exist here.
        return place.is_own or folder.as_posix().endswith(f"/{source.relative_to(place.base).as_posix()}")
    except (OSError, ValueError, RuntimeError):
        return place.is_own


def _build(root: LintedRoot, build: Path, full_path: str, shared: tuple[str, ...]) -> Build | None:
    """The folder of this name, or of the function that it shares its code with."""
    for name in (full_path, *shared):
        folder = root.resolve(build, name) if name and name not in (".", "..") else None
        if folder is None or folder == build or not folder.is_dir():
            continue
        log, template = build.parent / "build.toml", build / BUILT_TEMPLATE
        looked_for(str(template))
        looked_into(str(folder))
        made = max(path.stat().st_mtime for path in (folder, log, template) if path.exists())
        return Build(folder, made, is_finished=template.exists() or not log.exists())
    return None
