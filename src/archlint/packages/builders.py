"""Which files of a source folder end up in the package: what `sam build` and npm leave out, or that nobody can know."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from archlint.packages.listing import Listing, walk

if TYPE_CHECKING:
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
    UV = auto()
    """The same with uv."""
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
    "env", ".vscode", ".idea",
)  # fmt: skip
UV_EXCLUDES = (*PYTHON_EXCLUDES, ".uv-cache", "uv.lock.bak")
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
        return Builder.UV if kind == "python-uv" else Builder.PYTHON
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
    if builder is Builder.UV:
        return walk(folder, root, UV_EXCLUDES)
    if builder is Builder.NPM:
        from archlint.packages.npm_pack import packed

        return packed(folder, root)
    return walk(folder, root, COPY_EXCLUDES)
