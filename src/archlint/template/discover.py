"""Paths to candidate files: what a run looks at, before anything is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archlint.errors import UsageError
from archlint.folders import Folders
from archlint.reads import looked_for
from archlint.template.globs import gitignore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pathspec import GitIgnoreSpec

# Never a user's template: dependencies, version control, build output (read for package sizes only), caches.
NEVER_WALKED = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", ".tox", ".nox", "__pycache__", ".aws-sam", ".terraform"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache", ".archlint_cache", "site-packages"}
)
SUFFIXES = (".yaml", ".yml", ".json", ".template")
# Stacks of a CDK cloud assembly; beside them lie large files (the tree, manifests) and copies of assets.
ASSEMBLY_SUFFIX = ".template.json"
# What `sam build` writes beside its output, wherever `build_dir` puts that, and how it marks what it built.
SAM_LOG = "build.toml"
SAM_TEMPLATE = "template.yaml"
SAM_MARK = b"SamResourceId:"
MAX_SAM_TEMPLATE = 8 * 1024 * 1024
# The one file of a Serverless Framework package that is deployed as it stands. The framework's own `.gitignore` names
# its folder, and nothing else stands for the stack: it is read all the same.
SERVERLESS_FOLDER = ".serverless"
SERVERLESS_TEMPLATE = "cloudformation-template-update-stack.json"


class Discovery(msgspec.Struct, frozen=True):
    """What was found: `root` is the folder that all names are relative to, `files` are sorted.

    `named` are the files the user typed: they must be lintable.
    """

    root: Path
    files: tuple[Path, ...]
    named: frozenset[Path] = msgspec.field(default_factory=frozenset)
    folders: Folders = msgspec.field(default_factory=Folders)

    def name(self, path: Path) -> str:
        """The path relative to the root, with `/`."""
        return relative_name(path, self.root)


def relative_name(path: Path, root: Path) -> str:
    """`path` relative to `root` with `/`; with `..` steps when it lies outside."""
    text = str(path)
    prefix = str(root)
    if text.startswith(prefix + os.sep):
        return text[len(prefix) + 1 :].replace(os.sep, "/")
    return os.path.relpath(text, prefix).replace(os.sep, "/")


def discover(paths: Sequence[Path], exclude: Sequence[str] = (), exclude_from: Path | None = None) -> Discovery:
    """Files below `paths` (folders are walked, `.gitignore` and `exclude` globs honoured), in a stable order.

    The template of a Serverless Framework package counts whatever `.gitignore` says.

    The root is the one folder given, the folder of the one file given, else the deepest common folder; `exclude`
    counts from `exclude_from`, else from the root. What is named is looked at although it is excluded or ignored.
    Raises UsageError for a path that does not exist or is neither a file nor a folder.
    """
    resolved = [_absolute(path) for path in paths]
    for path, given in zip(resolved, paths, strict=True):
        if not path.exists():
            hint = "archlint reads no standard input: give it a file" if str(given) == "-" else None
            raise UsageError(f"no such file or folder: {given}", hint=hint)
        if not path.is_file() and not path.is_dir():  # a pipe or a device would be read without end
            raise UsageError(f"{given} is neither a file nor a folder", hint="write what it gives to a file first")
    root = root_of(paths)
    named = frozenset(path for path in resolved if not path.is_dir())
    found: set[Path] = set(named)
    excluded = _Excluded(gitignore(exclude), exclude_from or root) if exclude else None
    folders = Folders()
    for path in resolved:
        if path.is_dir():
            found.update(_walk(path, root, excluded, folders))
    return Discovery(root, tuple(sorted(found, key=str)), named, folders)


def root_of(paths: Sequence[Path]) -> Path:
    """The one folder given, the folder of the one file given, else the deepest common folder."""
    folders = [path if path.is_dir() else path.parent for path in map(_absolute, paths)]
    return folders[0] if len(folders) == 1 else Path(os.path.commonpath(folders))


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links


class _Excluded(msgspec.Struct, frozen=True):
    """The `exclude` globs of the configuration and the folder that they count from."""

    spec: GitIgnoreSpec
    base: Path

    def holds(self, path: str, tail: str) -> bool:
        return self.spec.match_file(relative_name(Path(path), self.base) + tail)


def _walk(start: Path, root: Path, excluded: _Excluded | None, folders: Folders) -> Iterator[Path]:
    above = _ignores_above(start)
    # Who names an ignored folder (`cdk.out`, `.serverless`) means it.
    if _is_ignored(str(start), above, None, is_dir=True):
        above = ()
    if excluded is not None and start != excluded.base and excluded.holds(str(start), "/"):
        excluded = None
    pending: list[tuple[str, tuple[tuple[str, GitIgnoreSpec], ...]]] = [(str(start), above)]
    while pending:
        folder, ignores = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue  # an unreadable folder holds nothing that can be deployed from here
        names = {entry.name for entry in entries}
        folders.saw(folder, names)
        if ".gitignore" in names:
            ignores = (*ignores, *_gitignore(folder))
        assembly = "cdk.out" in names and any(
            entry.name == "cdk.out" and entry.is_file(follow_symlinks=False) for entry in entries
        )
        logged = SAM_LOG in names
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if logged and _is_sam_build(entry.path):
                    continue
                if _is_walked(entry, ignores, excluded, assembly=assembly):
                    pending.append((entry.path, ignores))
                continue
            suffixes = ASSEMBLY_SUFFIX if assembly else SUFFIXES
            wanted = entry.name.endswith(suffixes) and _is_wanted_file(entry, root)
            packed = entry.name == SERVERLESS_TEMPLATE and _is_packed(entry)
            if wanted and not _is_ignored(entry.path, () if packed else ignores, excluded, is_dir=False):
                yield Path(entry.path)


def _is_sam_build(folder: str) -> bool:
    """Whether a folder is the output of `sam build`: the same stack again, which the source template stands for."""
    try:
        template = os.path.join(folder, SAM_TEMPLATE)  # noqa: PTH118 - the walk works on strings
        if not os.path.isfile(template):  # noqa: PTH113 - likewise
            return False
        with open(template, "rb") as file:  # noqa: PTH123 - likewise
            return SAM_MARK in file.read(MAX_SAM_TEMPLATE)
    except OSError:
        return False


def _is_walked(
    entry: os.DirEntry[str],
    ignores: tuple[tuple[str, GitIgnoreSpec], ...],
    excluded: _Excluded | None,
    *,
    assembly: bool,
) -> bool:
    if entry.name in NEVER_WALKED or (assembly and entry.name.startswith("asset.")):
        return False
    if _is_packed(entry):
        return False  # what a plugin bundled there
    return not _is_ignored(entry.path, () if entry.name == SERVERLESS_FOLDER else ignores, excluded, is_dir=True)


def _is_packed(entry: os.DirEntry[str]) -> bool:
    """Whether it lies in the folder of a Serverless Framework package."""
    return os.path.basename(os.path.dirname(entry.path)) == SERVERLESS_FOLDER  # noqa: PTH119, PTH120 - the walk works on strings


def _is_wanted_file(entry: os.DirEntry[str], root: Path) -> bool:
    parts = entry.path.rsplit(os.sep, 2)
    if len(parts) == 3 and parts[1] == SERVERLESS_FOLDER and entry.name != SERVERLESS_TEMPLATE:
        return False
    if entry.is_symlink():
        target = os.path.realpath(entry.path)
        if not target.startswith(os.path.realpath(root) + os.sep):
            return False
    return entry.is_file()  # a pipe would be waited for without end


def _gitignore(folder: str) -> tuple[tuple[str, GitIgnoreSpec], ...]:
    try:
        with open(os.path.join(folder, ".gitignore"), encoding="utf-8", errors="replace") as lines:  # noqa: PTH118, PTH123 - the walk works on strings
            return ((folder, gitignore(lines)),)
    except OSError:
        return ()


def _ignores_above(start: Path) -> tuple[tuple[str, GitIgnoreSpec], ...]:
    """The `.gitignore` files between the top of the git checkout and `start`, `start` itself left out."""
    above: list[Path] = []
    if not is_checkout(start):
        for parent in start.parents:
            above.append(parent)
            if is_checkout(parent):
                break
        else:
            return ()
    return tuple(spec for folder in reversed(above) for spec in _gitignore(str(folder)))


def is_checkout(folder: Path) -> bool:
    """Whether a folder is the top of a git checkout."""
    looked_for(str(folder / ".git"))
    return (folder / ".git").exists()


def _is_ignored(
    path: str,
    ignores: tuple[tuple[str, GitIgnoreSpec], ...],
    excluded: _Excluded | None,
    *,
    is_dir: bool,
) -> bool:
    tail = "/" if is_dir else ""
    for folder, spec in reversed(ignores):
        verdict = spec.check_file(path[len(folder) + 1 :].replace(os.sep, "/") + tail).include
        if verdict is not None:
            if verdict:
                return True
            break
    return excluded is not None and excluded.holds(path, tail)
