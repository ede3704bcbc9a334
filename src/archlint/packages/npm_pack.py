"""Which files of a folder `npm pack` takes: what `sam build` does with Node.js code before it installs beside it.

https://docs.npmjs.com/cli/v11/configuring-npm/package-json#files, https://github.com/npm/npm-packlist
"""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

from archlint.packages.listing import Listing, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pathspec import GitIgnoreSpec

    from archlint.packages.roots import LintedRoot

EXCLUDES = (
    ".aws-sam", ".git", ".svn", ".hg", "CVS", ".npmrc", ".DS_Store", "._*", ".*.swp", "*.orig", "npm-debug.log",
    ".npmignore", ".gitignore",
)  # fmt: skip
EXCLUDES_AT_TOP = (
    "node_modules", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb", ".lock-wscript", ".wafpickle-*",
    "archived-packages",
)  # fmt: skip
_DOCUMENT = re.compile(r"(readme|copying|licen[sc]e)(\..*[^~$])?", re.IGNORECASE)
"""Packed whatever `files` and the ignore files say."""
_MAX_PATTERNS = 10_000

Verdict = tuple[str, "GitIgnoreSpec"]
"""The patterns of one folder, and that folder's path with a slash at its end (empty: the top)."""


def packed(folder: Path, root: LintedRoot) -> Listing:
    """The files that npm packs: `files` of package.json, else everything that the ignore files let pass.

    Each folder's `.npmignore` counts, or its `.gitignore` where there is none; at the top only without `files`.
    """
    listing = walk(folder, root, EXCLUDES, excluded_at_top=EXCLUDES_AT_TOP, follows_links=False)
    manifest = _manifest(root, folder)
    always = {"package.json", *_entry_points(manifest)}
    named = manifest.get("files")
    rules = list(_ignore_files(root, folder, _folders(path for path, _ in listing.files)))
    if isinstance(named, list):
        rules = [(prefix, spec) for prefix, spec in rules if prefix]
        is_named = _matcher([_anchored(item) for item in named if isinstance(item, str)])
    else:
        is_named = _everything
    return listing.select(
        lambda path: (
            path in always
            or ("/" not in path and _DOCUMENT.fullmatch(path) is not None)
            or (is_named(path) and not _is_ignored(path, rules))
        )
    )


def _everything(_: str) -> bool:
    return True


def _manifest(root: LintedRoot, folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(root.read_text(folder, "package.json") or "{}")
    except (ValueError, RecursionError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _entry_points(manifest: dict[str, Any]) -> Iterator[str]:
    """`main`, `browser` and `bin`, as paths from the top."""
    programs = manifest.get("bin")
    named = [manifest.get("main"), manifest.get("browser")]
    named += programs.values() if isinstance(programs, dict) else [programs]
    return (posixpath.normpath(name).lstrip("/") for name in named if isinstance(name, str))


def _anchored(pattern: str) -> str:
    """An entry of `files` as a line of an ignore file at the top."""
    negated = "!" if pattern.startswith("!") else ""
    return f"{negated}/{pattern.removeprefix('!').removeprefix('./').lstrip('/')}"


def _folders(paths: Iterable[str]) -> list[str]:
    """Every folder on the way to the files, `""` for the top, outer ones first."""
    found = {""}
    for path in paths:
        folder = posixpath.dirname(path)
        while folder and folder + "/" not in found:
            found.add(folder + "/")
            folder = posixpath.dirname(folder)
    return sorted(found)


def _ignore_files(root: LintedRoot, top: Path, folders: list[str]) -> Iterator[Verdict]:
    for prefix in folders:
        for name in (".npmignore", ".gitignore"):
            text = root.read_text(top, prefix + name)
            if text is not None:
                yield from ((prefix, spec) for spec in _spec(text.splitlines()))
                break


def _is_ignored(path: str, rules: list[Verdict]) -> bool:
    """The innermost folder with a word about the file decides."""
    for prefix, spec in reversed(rules):
        if path.startswith(prefix):
            verdict = spec.check_file(path[len(prefix) :]).include
            if verdict is not None:
                return verdict
    return False


def _matcher(patterns: list[str]) -> Callable[[str], bool]:
    specs = _spec(patterns)
    return specs[0].match_file if specs else lambda _: False


def _spec(patterns: list[str]) -> list[GitIgnoreSpec]:
    from pathspec import GitIgnoreSpec

    try:
        return [GitIgnoreSpec.from_lines(patterns[:_MAX_PATTERNS])]
    except ValueError:  # a malformed pattern: git ignores the line, here the file is ignored
        return []
