"""What the dependencies of a source folder are: the values that the readers of lock files share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from archlint.packages.measure import biggest

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.packages.listing import Listing
    from archlint.packages.measure import PackageSum
    from archlint.packages.roots import LintedRoot
    from archlint.packages.subject import Target


class Project(msgspec.Struct, frozen=True):
    """A source folder whose dependencies are wanted. `listing` are the files its package already gets from it."""

    root: LintedRoot
    folder: Path
    target: Target
    language: str | None
    """`python` or `nodejs`; None when the template does not say."""
    prefers_uv: bool
    listing: Listing

    def text(self, name: str) -> str | None:
        """A manifest or lock file in the folder."""
        return self.root.read_text(self.folder, name)


class Dependency(msgspec.Struct, frozen=True):
    """One package that will be installed. `unpacked` is counted, `packed` what the lock states for its wheel.

    `version` is that of an exact pin.
    """

    name: str
    packed: int | None = None
    unpacked: int | None = None
    version: str | None = None


class Locked(msgspec.Struct, frozen=True):
    """The production dependencies that a lock file stands for, by name."""

    file: str
    dependencies: dict[str, Dependency]


class DependencySum(msgspec.Struct, frozen=True):
    """Unpacked bytes that the dependencies of `file` will take, biggest `parts` first.

    `unknown` counts those of unknown size, `basis` says what the sizes rest on.
    """

    file: str
    total: int
    parts: tuple[tuple[str, int], ...]
    unknown: int
    basis: tuple[str, ...]


class Expectation(msgspec.Struct, frozen=True):
    """What a package will unpack to once its dependencies and those of its layers are installed.

    `total` includes what was measured, `added` is the estimate; `files` and `basis` say where that comes from.
    """

    total: int
    added: int
    files: str
    basis: str
    parts: tuple[tuple[str, int], ...]

    @property
    def biggest(self) -> str:
        """The biggest parts in one line."""
        return biggest(self.parts)


def expectation(package: PackageSum, sums: list[DependencySum]) -> Expectation | None:
    """The measured package with its estimates; None when there are none."""
    added = sum(found.total for found in sums)
    if not added:
        return None
    parts = [*package.parts, *(part for found in sums for part in found.parts)]
    return Expectation(
        total=package.total + added,
        added=added,
        files=" and ".join(dict.fromkeys(found.file for found in sums if found.total)),
        basis=", ".join(dict.fromkeys(basis for found in sums for basis in found.basis)),
        parts=tuple(sorted(parts, key=lambda part: (-part[1], part[0]))),
    )


def make_sum(file: str, sizes: dict[str, int], unknown: int, basis: tuple[str, ...]) -> DependencySum:
    """A sum over named sizes."""
    parts = tuple(sorted(sizes.items(), key=lambda part: (-part[1], part[0])))
    return DependencySum(file, sum(sizes.values()), parts, unknown, basis)
