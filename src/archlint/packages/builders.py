"""Which files of a source folder end up in the package: what `sam build` and npm leave out, or that nobody can know."""

from __future__ import annotations

import json
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from archlint.packages.listing import Listing, walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archlint.packages.roots import LintedRoot


class Builder(Enum):
    """How a source folder becomes a package."""

    AS_IS = auto()
    """Zipped as it lies there: `sam package` and `aws cloudformation package` without a build, `SkipBuild`, layers."""
    COPY = auto()
    """Copied, minus the builder's own folders."""
    PYTHON = auto()
    """Copied without caches and virtual environments; the requirements are installed beside it."""
    NPM = auto()
    """`npm pack` and a production install: `node_modules` is made anew."""
    UNKNOWN = auto()
    """Compiled, bundled or made by a makefile: the folder says nothing about the package."""


# https://github.com/aws/aws-lambda-builders/tree/develop/aws_lambda_builders/workflows, EXCLUDED_FILES of each
COPY_EXCLUDES = (".aws-sam", ".git")
PYTHON_EXCLUDES = (
    ".aws-sam", ".chalice", ".git", ".gitignore", "*.pyc", "__pycache__", "*.so", ".Python", "*.egg-info", "*.egg",
    "pip-log.txt", "pip-delete-this-directory.txt", "htmlcov", ".tox", ".nox", ".coverage", ".cache", ".pytest_cache",
    ".python-version", ".mypy_cache", ".dmypy.json", ".pyre", ".env", ".venv", "venv", "venv.bak", "env.bak", "ENV",
    "env", ".vscode", ".idea", ".uv-cache", "uv.lock.bak",
)  # fmt: skip
# https://docs.npmjs.com/cli/v11/configuring-npm/package-json#files, what is always left out
NPM_EXCLUDES = (
    *COPY_EXCLUDES, "node_modules", ".npmrc", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml",
    "bun.lockb", ".DS_Store", ".*.swp", "._*", ".svn", ".hg", "CVS", "npm-debug.log", ".npmignore", ".gitignore",
    "*.orig", ".lock-wscript", ".wafpickle-*", "config.gypi",
)  # fmt: skip

_COMPILED_MANIFESTS = (
    "go.mod", "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts", "Makefile", "Package.swift", "build.sbt",
)  # fmt: skip
BUNDLERS = frozenset({"esbuild", "makefile", "rust-cargolambda"})
"""`Metadata.BuildMethod` of builders whose output is not a copy of the folder."""


def builder_for(folder: Path, runtime: str | None, method: str | None) -> Builder:
    """The builder that `sam build` takes for a runtime (`python3.12`) or `Metadata.BuildMethod`, whichever is given."""
    kind = method if method is not None else runtime
    if kind is None:
        return _by_manifest(folder)
    if kind in BUNDLERS or _is_compiled(kind, folder):
        return Builder.UNKNOWN
    if kind.startswith("python"):
        return Builder.PYTHON
    if kind.startswith("nodejs"):
        return Builder.NPM if (folder / "package.json").is_file() else Builder.COPY
    return Builder.AS_IS if kind.startswith("provided") else Builder.COPY


def _is_compiled(kind: str, folder: Path) -> bool:
    if kind.startswith(("python", "nodejs", "ruby")):
        return False
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError:
        return False
    return not names.isdisjoint(_COMPILED_MANIFESTS) or any(name.endswith(("proj", ".sln")) for name in names)


def _by_manifest(folder: Path) -> Builder:
    if (folder / "package.json").is_file():
        return Builder.NPM
    return Builder.PYTHON if (folder / "requirements.txt").is_file() else Builder.COPY


def copied(folder: Path, root: LintedRoot, builder: Builder) -> Listing:
    """The files of a source folder that the builder puts into the package, without what it installs."""
    if builder is Builder.AS_IS:
        return walk(folder, root)
    if builder is Builder.PYTHON:
        return walk(folder, root, PYTHON_EXCLUDES)
    if builder is Builder.NPM:
        return _packed_by_npm(folder, root)
    return walk(folder, root, COPY_EXCLUDES)


def _packed_by_npm(folder: Path, root: LintedRoot) -> Listing:
    """What `npm pack` takes: `files` of package.json, else everything that .npmignore (else .gitignore) lets pass."""
    listing = walk(folder, root, NPM_EXCLUDES)
    manifest = _manifest(root, folder)
    named = manifest.get("files")
    if isinstance(named, list):
        wanted = [item for item in named if isinstance(item, str)]
        main = manifest.get("main")
        always = {"package.json", str(main).removeprefix("./") if isinstance(main, str) else "index.js"}
        is_named = _gitignore_matcher([f"/{item.removeprefix('./').lstrip('/')}" for item in wanted])
        return listing.select(lambda path: path in always or is_named(path) or _is_document(path))
    ignored = root.read_text(folder, ".npmignore")
    if ignored is None:
        ignored = root.read_text(folder, ".gitignore") or ""
    is_ignored = _gitignore_matcher(ignored.splitlines())
    return listing.select(lambda path: path == "package.json" or not is_ignored(path))


def _manifest(root: LintedRoot, folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(root.read_text(folder, "package.json") or "{}")
    except (ValueError, RecursionError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _is_document(path: str) -> bool:
    """Npm always packs these, whatever `files` says."""
    return "/" not in path and path.upper().startswith(("README", "LICENSE", "LICENCE"))


def _gitignore_matcher(patterns: list[str]) -> Callable[[str], bool]:
    from archlint.template.globs import gitignore

    return gitignore(patterns[:10_000]).match_file
