"""`docker save` archives and OCI layouts whose layers are as large as a test wants, on sparse files."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path


def sparse_tar(path: Path, files: dict[str, bytes | int], *, dialect: Literal[1, 2] = tarfile.GNU_FORMAT) -> Path:
    """A tar archive; a file given as a number is a hole of that many bytes."""
    with path.open("wb") as out:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = content if isinstance(content, int) else len(content)
            out.write(info.tobuf(dialect))
            start = out.tell()
            if not isinstance(content, int):
                out.write(content)
            out.seek(start + -(-info.size // 512) * 512)
        out.truncate(out.tell() + 1024)
    return path


def saved(path: Path, layers: dict[str, bytes | int], tags: tuple[str, ...] = ("shop:latest",)) -> Path:
    """What `docker save` writes."""
    manifest = [{"Config": "config.json", "RepoTags": list(tags), "Layers": list(layers)}]
    return sparse_tar(path, {"manifest.json": json.dumps(manifest).encode(), "config.json": b"{}", **layers})


def gzipped(size: int) -> bytes:
    """A layer whose trailer states this size (modulo 4 GiB), as compressing so many zeros would."""
    content = bytearray(gzip.compress(b"\0" * 1000))
    content[-4:] = (size % 2**32).to_bytes(4, "little")
    return bytes(content)


def layout(folder: Path, layers: list[bytes] | dict[str, bytes], name: str = "shop") -> Path:
    """An OCI layout folder with one image behind an index, or one per platform, and an attestation beside it."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return f"sha256:{digest}"

    def image(layers: list[bytes]) -> str:
        return blob(json.dumps({"layers": [{"digest": blob(layer), "size": len(layer)} for layer in layers]}).encode())

    annotations = {"org.opencontainers.image.ref.name": name}
    entries: list[dict[str, object]] = []
    if isinstance(layers, dict):
        entries += [
            {"digest": image([layer]), "platform": {"os": "linux", "architecture": machine}, "annotations": annotations}
            for machine, layer in layers.items()
        ]
    else:
        entries.append({"digest": image(layers), "annotations": annotations})
    attestation = blob(json.dumps({"layers": [{"digest": blob(b"in-toto"), "size": 7}]}).encode())
    entries.append({"digest": attestation, "platform": {"os": "unknown", "architecture": "unknown"}})
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    return folder


def real_layer(**files: bytes) -> bytes:
    """A layer as Docker makes it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()
