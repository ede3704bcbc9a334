"""What measuring a package yields."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.graph.model import Node
    from archlint.packages.listing import Listing


class Source(StrEnum):
    """Where a size comes from, in words for messages."""

    SAM_BUILD = "sam build folder"
    CDK_ASSET = "CDK asset"
    ZIP = "zip archive"
    FOLDER = "source folder"
    INLINE = "inline code"
    IMAGE = "container image"
    ESTIMATE = "estimate"


BUILT = frozenset({Source.SAM_BUILD, Source.CDK_ASSET, Source.ZIP})
"""Sources that hold the dependencies too."""


class PackageMeasure(msgspec.Struct, frozen=True):
    """One function's code, layer or image.

    `total` and the sizes of `parts` (biggest first) are unpacked bytes. `exact` means they were counted, not derived
    from a ratio or a table; `at_least` that more will be in the package than could be counted. `name` is the path
    relative to the linted root.
    """

    total: int
    parts: tuple[tuple[str, int], ...]
    source: Source
    exact: bool
    at_least: bool
    path: Path
    name: str
    listing: Listing

    @property
    def biggest(self) -> str:
        """The biggest parts in one line."""
        return biggest(self.parts)

    @property
    def described(self) -> str:
        """The source with its path: `source folder src/orders`."""
        return f"{self.source} {self.name}" if self.name else str(self.source)


class LayerMeasure(msgspec.Struct, frozen=True):
    """A layer that a function uses: its node and size, or only how the template names it."""

    name: str
    node: Node | None = None
    measure: PackageMeasure | None = None


class PackageSum(msgspec.Struct, frozen=True):
    """A function's code (None when unknown) with its layers: what Lambda unpacks and compares with its limit."""

    code: PackageMeasure | None
    layers: tuple[LayerMeasure, ...]
    code_property: str = "Code"
    """The property that names the code: `Content` when this is a layer by itself."""

    def layer_places(self) -> list[tuple[Node, str]]:
        """The measured layers with what each adds, as related places of a finding."""
        return [
            (layer.node, f"adds {megabytes(layer.measure.total)}")
            for layer in self.layers
            if layer.node is not None and layer.measure is not None
        ]

    @property
    def measures(self) -> tuple[PackageMeasure, ...]:
        """Everything that was measured."""
        found = (self.code, *(layer.measure for layer in self.layers))
        return tuple(measure for measure in found if measure is not None)

    @property
    def total(self) -> int:
        """Unpacked bytes of everything that was measured."""
        return sum(measure.total for measure in self.measures)

    @property
    def exact(self) -> bool:
        """Whether all of it was counted."""
        return all(measure.exact for measure in self.measures)

    @property
    def at_least(self) -> bool:
        """Whether the real sum is larger: code or a layer that lies elsewhere, or files that could not be read."""
        return len(self.measures) < len(self.layers) + 1 or any(measure.at_least for measure in self.measures)

    @property
    def uncounted(self) -> str:
        """The layers that lie elsewhere, as the end of a message (`; not counted: tools:7`); empty without any."""
        names = dict.fromkeys(layer.name for layer in self.layers if layer.measure is None)
        return f"; not counted: {', '.join(names)}" if names else ""

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """The parts of code and layers, biggest first; a layer's are labelled with it."""
        found = list(self.code.parts) if self.code is not None else []
        for layer in self.layers:
            if layer.measure is not None:
                found.extend((f"{layer.name}: {label}", size) for label, size in layer.measure.parts)
        return tuple(sorted(found, key=lambda part: (-part[1], part[0])))

    @property
    def biggest(self) -> str:
        """The biggest parts in one line."""
        return biggest(self.parts)

    @property
    def described(self) -> str:
        """The sources of all measures."""
        return ", ".join(dict.fromkeys(measure.described for measure in self.measures))


_UNITS = (("GB", 1_000_000_000, 1), ("MB", 1_000_000, 1), ("kB", 1000, 0))


def biggest(parts: tuple[tuple[str, int], ...], count: int = 5) -> str:
    """The biggest parts in one line: `torch 190.1 MB, numpy 52.8 MB`."""
    return ", ".join(f"{label} {megabytes(size)}" for label, size in parts[:count])


def megabytes(size: int) -> str:
    """Bytes for people, in the decimal units that sizes on AWS's pages are in: `41.2 MB`, `812 kB`, `17 bytes`."""
    for unit, factor, digits in _UNITS:
        if size >= factor:
            return f"{size / factor:.{digits}f} {unit}"
    return f"{size} bytes"
