"""Container images that lie in the linted folder: OCI layout folders and `docker save` archives.

Lambda's limit counts the uncompressed layers: the tar archives, with what later layers delete again.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from archlint.packages.layer_sizes import GZIP_MAGIC, ZSTD_MAGIC, ImageFiles, layer_size
from archlint.packages.listing import Listing, printable
from archlint.packages.tars import TarMember, tar_index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archlint.packages.roots import LintedRoot

MAX_MANIFEST = 4 * 1024 * 1024
MAX_INDEX_DEPTH = 3
_DIGEST = re.compile(r"(sha256|sha512):([0-9a-f]{64,128})")


class FolderFiles(msgspec.Struct, frozen=True):
    """The files of an OCI layout folder."""

    root: LintedRoot
    folder: Path

    def size(self, name: str) -> int | None:
        """As `ImageFiles`."""
        path = self.root.resolve(self.folder, name)
        return path.stat().st_size if path is not None and path.is_file() else None

    def read(self, name: str, start: int, count: int) -> bytes:
        """As `ImageFiles`."""
        path = self.root.resolve(self.folder, name)
        if path is None or not path.is_file():
            return b""
        with path.open("rb") as file:
            file.seek(start if start >= 0 else max(0, path.stat().st_size + start))
            return file.read(count)


class TarFiles(msgspec.Struct, frozen=True):
    """The files of a `docker save` archive."""

    file: BinaryIO
    members: dict[str, TarMember]

    def size(self, name: str) -> int | None:
        """As `ImageFiles`."""
        member = self.members.get(name)
        return member.size if member is not None else None

    def read(self, name: str, start: int, count: int) -> bytes:
        """As `ImageFiles`."""
        member = self.members.get(name)
        if member is None:
            return b""
        start = start if start >= 0 else max(0, member.size + start)
        self.file.seek(member.offset + start)
        return self.file.read(max(0, min(count, member.size - start)))


class Image(msgspec.Struct):
    """One image of a layout: its names (`shop:latest`) and its layers by blob name with their unpacked sizes."""

    names: tuple[str, ...] = ()
    architecture: str | None = None
    """In the words of OCI (`amd64`), where an index of several platforms says it."""
    layers: dict[str, int] = msgspec.field(default_factory=dict)
    at_least: bool = False


def images_at(path: Path, root: LintedRoot) -> list[Image]:
    """The images that a file or folder holds; empty when it is no image."""
    try:
        if path.is_dir():
            return _images(FolderFiles(root, path)) if (path / "oci-layout").is_file() else []
        if not path.is_file():
            return []  # a pipe would be waited for without end
        with path.open("rb") as file:
            magic = file.read(4)
            if magic.startswith(GZIP_MAGIC) or magic == ZSTD_MAGIC:
                # Its index is inside the compression; the whole is as large as its layers, give or take headers.
                whole = TarFiles(file, {path.name: TarMember(path.name, 0, path.stat().st_size)})
                return [_with_layers(Image(), whole, [path.name])]
            return _images(TarFiles(file, tar_index(file)))
    except OSError:
        return []


def image_listing(image: Image, origin: Path) -> Listing:
    """The layers of an image as the files of a package."""
    files = tuple((_layer_label(name), size) for name, size in image.layers.items())
    return Listing(files, origin, at_least=image.at_least)


def _layer_label(name: str) -> str:
    digest = re.search(r"[0-9a-f]{12,}", name)
    return f"layer {digest[0][:12]}" if digest else printable(name.replace("/", " "))


def _images(files: ImageFiles) -> list[Image]:
    found = list(_docker_images(files))
    return found or list(_oci_images(files, "index.json", (), 0))


def _json(files: ImageFiles, name: str) -> Any:
    """A small JSON file; None when it is absent, too large or no JSON."""
    size = files.size(name)
    if size is None or size > MAX_MANIFEST:
        return None
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(files.read(name, 0, size))
    return None


def _docker_images(files: ImageFiles) -> Iterator[Image]:
    """Images of `manifest.json`, the index that `docker save` writes."""
    manifest = _json(files, "manifest.json")
    for entry in manifest if isinstance(manifest, list) else []:
        if not isinstance(entry, dict) or not isinstance(entry.get("Layers"), list):
            continue
        tags = entry.get("RepoTags")
        names = tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()
        yield _with_layers(Image(names), files, [name for name in entry["Layers"] if isinstance(name, str)])


def _oci_images(
    files: ImageFiles, name: str, names: tuple[str, ...], depth: int, architecture: str | None = None
) -> Iterator[Image]:
    """Images of an OCI index or manifest: https://github.com/opencontainers/image-spec/blob/main/image-layout.md."""
    document = _json(files, name)
    if not isinstance(document, dict) or depth > MAX_INDEX_DEPTH:
        return
    layers = document.get("layers")
    if isinstance(layers, list):
        blobs = [_blob(layer.get("digest")) for layer in layers if isinstance(layer, dict)]
        yield _with_layers(Image(names, architecture), files, [blob for blob in blobs if blob is not None])
    manifests = document.get("manifests")
    for manifest in manifests[:100] if isinstance(manifests, list) else []:
        if not isinstance(manifest, dict) or _is_attestation(manifest):
            continue
        blob = _blob(manifest.get("digest"))
        if blob is not None:
            inner = (*names, *_annotated_names(manifest))
            yield from _oci_images(files, blob, inner, depth + 1, _architecture(manifest) or architecture)


def _blob(digest: object) -> str | None:
    matched = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    return f"blobs/{matched[1]}/{matched[2]}" if matched else None


def _is_attestation(manifest: dict[str, Any]) -> bool:
    """BuildKit stores provenance beside the image, as an image for the platform `unknown`."""
    return _architecture(manifest) == "unknown"


def _architecture(manifest: dict[str, Any]) -> str | None:
    platform = manifest.get("platform")
    architecture = platform.get("architecture") if isinstance(platform, dict) else None
    return architecture if isinstance(architecture, str) else None


def _annotated_names(manifest: dict[str, Any]) -> tuple[str, ...]:
    annotations = manifest.get("annotations")
    if not isinstance(annotations, dict):
        return ()
    keys = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
    return tuple(value for key in keys if isinstance(value := annotations.get(key), str))


def _with_layers(image: Image, files: ImageFiles, blobs: list[str]) -> Image:
    """Adds the layers; one that an image stacks twice is stored, and counted, once."""
    for blob in dict.fromkeys(blobs):
        size, is_exact = layer_size(files, blob)
        image.at_least |= not is_exact
        if size is not None:
            image.layers[blob] = size
    return image
