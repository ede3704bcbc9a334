"""What was measured, line by line, for `archlint explain PKG001`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.packages.layers import layer_name
from archlint.packages.measure import Source, biggest
from archlint.packages.subject import FUNCTION, LAYER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archlint.graph.model import Node
    from archlint.packages.index import Packages
    from archlint.packages.measure import PackageMeasure, PackageSum

MAX_PACKAGES = 20
MAX_NAMES = 10


def measured_lines(packages: Packages) -> list[str]:
    """The sizes of a run's packages, largest first: the sum, each measure with its source, the biggest parts.

    Empty when the run has no functions and layers.
    """
    blocks = [(package.total, node.id, list(_sum(packages, node, package))) for node, package in packages.sums()]
    blocks += [(image.total, node.id, list(_image(packages, node, image))) for node, image in _images(packages)]
    blocks.sort(key=lambda block: (-block[0], block[1]))
    lines = [line for _, _, block in blocks[:MAX_PACKAGES] for line in block]
    if len(blocks) > MAX_PACKAGES:
        lines.append(f"and {len(blocks) - MAX_PACKAGES} smaller ones")
    nowhere = [node for node in packages.graph.of_type(FUNCTION, LAYER) if packages.of(node) is None]
    if nowhere:
        lines.append(f"not measured, nothing of it lies here: {_names(layer_name(node) for node in nowhere)}")
    lines += [f"note: {note.message}" for note in packages.notes]
    return lines


def _sum(packages: Packages, node: Node, package: PackageSum) -> Iterator[str]:
    limit = packages.limit("zip_unzipped_bytes")
    yield _head(node, package.total, limit, at_least=package.at_least)
    rows = [("layer" if node.type == LAYER else "code", package.code)]
    rows += [(layer.name, layer.measure) for layer in package.layers]
    width = max(len(name) for name, _ in rows)
    for name, measure in rows:
        if measure is None:
            yield f"  {name:<{width}}  {'?':>13}  lies elsewhere"
        else:
            yield f"  {name:<{width}}  {measure.total:>13,}  {measure.described}{_missing(measure)}"
            count = len(measure.listing.files)
            yield f"  {'':<{width}}  {'':>13}  {count:,} file{'s' if count != 1 else ''}: {measure.biggest}"
    expected = packages.expected(node, package)
    if expected is not None:
        yield f"  about {expected.total:,} with what {expected.files} installs (by {expected.basis}):"
        yield f"  {biggest(expected.parts)}"


def _missing(measure: PackageMeasure) -> str:
    if not measure.at_least:
        return ""
    is_source = measure.source is Source.FOLDER and not measure.listing.at_least
    return ", without the dependencies that the builder adds" if is_source else ", not all of it could be counted"


def _images(packages: Packages) -> Iterator[tuple[Node, PackageMeasure]]:
    for node in packages.graph.of_type(FUNCTION):
        image = packages.image(node)
        if image is not None:
            yield node, image


def _image(packages: Packages, node: Node, image: PackageMeasure) -> Iterator[str]:
    yield _head(node, image.total, packages.limit("image_uncompressed_bytes"), at_least=image.at_least)
    yield f"  {image.described}: {image.biggest}"


def _head(node: Node, total: int, limit: int, *, at_least: bool) -> str:
    bound = "at least " if at_least else ""
    return f"{layer_name(node)} ({node.file}): {bound}{total:,} bytes, {total / limit:.1%} of {limit:,}"


def _names(names: Iterable[str]) -> str:
    found = sorted(set(names))
    more = f" and {len(found) - MAX_NAMES} more" if len(found) > MAX_NAMES else ""
    return ", ".join(found[:MAX_NAMES]) + more
