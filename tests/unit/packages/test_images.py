"""Container images: layers of `docker save` archives and OCI layouts, never unpacked."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from typing import TYPE_CHECKING, Literal

import pytest

from archlint.packages.images import Image, images_at
from archlint.packages.roots import LintedRoot
from archlint.packages.tars import tar_index

from .conftest import SAM_HEADER, Measured
from .tars_by_hand import gzipped, layout, real_layer, saved, sparse_tar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GIB = 1024**3
IMAGE_FUNCTION = (
    SAM_HEADER + "  Shop:\n    Type: AWS::Serverless::Function\n    Properties:\n      PackageType: Image\n"
)


def read(path: Path) -> list[Image]:
    return images_at(path, LintedRoot(path.parent))


@pytest.mark.parametrize("dialect", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_saved_image_is_the_sum_of_its_layers(tmp_path: Path, dialect: Literal[1, 2]) -> None:
    layers: dict[str, bytes | int] = {"a/layer.tar": 9 * GIB, "b" * 120 + "/layer.tar": GIB + 1}
    manifest = b'[{"RepoTags": ["shop:1"], "Layers": ["a/layer.tar", "%s/layer.tar"]}]' % (b"b" * 120)
    path = sparse_tar(tmp_path / "image.tar", {**layers, "manifest.json": manifest}, dialect=dialect)
    [image] = read(path)
    assert sum(image.layers.values()) == 10 * GIB + 1
    assert (image.names, image.at_least) == (("shop:1",), False)


def test_a_layer_stacked_twice_counts_once(tmp_path: Path) -> None:
    path = sparse_tar(tmp_path / "image.tar", {"x": 1000, "manifest.json": b'[{"Layers": ["x", "x"]}]'})
    [image] = read(path)
    assert image.layers == {"x": 1000}


def test_small_compressed_layers_are_counted(tmp_path: Path) -> None:
    layer = real_layer(app=b"x" * 100_000)
    [image] = read(layout(tmp_path / "image", [gzip.compress(layer), gzipped(3 * GIB)]))
    assert sorted(image.layers.values()) == [len(layer), 3 * GIB]
    assert (image.names, image.at_least) == (("shop",), False)


def test_a_layer_in_several_gzip_parts_is_unpacked_to_count_it(tmp_path: Path) -> None:
    # As made for lazy pulling: a part for each chunk, and an empty one at the end that states no bytes.
    parts = [gzip.compress(os.urandom(70_000)), gzip.compress(b"x" * 1000), gzip.compress(b"")]
    [image] = read(layout(tmp_path / "image", [b"".join(parts)]))
    assert (list(image.layers.values()), image.at_least) == ([71_000], False)


@pytest.mark.parametrize(
    ("footer", "expected"),
    [(b"", 5_000_000_000), (b"STARGZ", 2_497_498_976), (b"small", 199_798_976)],
    ids=["one file of 5 GB", "parts", "too much for its packed length"],
)
def test_a_large_layer_is_never_thought_too_large(tmp_path: Path, footer: bytes, expected: int) -> None:
    packed = 200_000_000 if footer == b"small" else 2_500_000_000
    blob = "a" * 64
    path = sparse_tar(tmp_path / "image.tar", {"manifest.json": b'[{"Layers": ["%s"]}]' % blob.encode(), blob: packed})
    with path.open("rb") as file:
        offset = tar_index(file)[blob].offset
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\x1f\x8b")
        file.seek(offset + packed - 20)
        file.write(
            footer.ljust(16, b"-") + (5_000_000_000 % 2**32 if footer != b"small" else 100).to_bytes(4, "little")
        )
    [image] = read(path)
    assert (image.layers, image.at_least) == ({blob: expected}, True)


@pytest.mark.parametrize("is_stated", [True, False])
def test_a_zstd_layer_is_as_large_as_its_frame_says(tmp_path: Path, *, is_stated: bool) -> None:
    header = b"\xa0" + (100_000).to_bytes(4, "little") if is_stated else b"\x00\x58"
    content = b"\x28\xb5\x2f\xfd" + header + b"data"
    [image] = read(layout(tmp_path / "image", [content]))
    assert (list(image.layers.values()), image.at_least) == ([100_000 if is_stated else len(content)], True)


def test_a_linked_layer_is_the_one_it_names(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    with tarfile.open(path, "w") as archive:
        for name, content in (("one/layer.tar", b"x" * 3000), ("manifest.json", b'[{"Layers": ["two/layer.tar"]}]')):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("two/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../one/layer.tar"
        archive.addfile(link)
        loop = tarfile.TarInfo("loop")
        loop.type, loop.linkname = tarfile.SYMTYPE, "loop"
        archive.addfile(loop)
    [image] = read(path)
    assert (sum(image.layers.values()), image.at_least) == (3000, False)


def test_the_image_of_the_functions_platform(tmp_path: Path, measured: Callable[[str], Measured]) -> None:
    layout(tmp_path / "image", {"amd64": b"a" * 9000, "arm64": b"b" * 500})
    template = IMAGE_FUNCTION + "      ImageUri: ./image\n"
    assert measured(template).total("Shop") == 9000
    assert measured(template + "      Architectures: [arm64]\n").total("Shop") == 500


def test_a_missing_layer_is_a_lower_bound(tmp_path: Path) -> None:
    [image] = read(sparse_tar(tmp_path / "image.tar", {"x": 10, "manifest.json": b'[{"Layers": ["x", "gone"]}]'}))
    assert (image.layers, image.at_least) == ({"x": 10}, True)


def test_a_compressed_archive_is_as_large_as_its_trailer_says(tmp_path: Path) -> None:
    saved(tmp_path / "image.tar", {"layer.tar": real_layer(app=b"x" * 300_000)})
    content = (tmp_path / "image.tar").read_bytes()
    (tmp_path / "image.tar.gz").write_bytes(gzip.compress(content))
    [image] = read(tmp_path / "image.tar.gz")
    assert sum(image.layers.values()) == len(content)


@pytest.mark.parametrize(
    "files",
    [
        {"manifest.json": b"[]"},
        {"manifest.json": b"{"},
        {"manifest.json": b'[{"Layers": 3}, 4]'},
        {"manifest.json": b"[" * 5000},
        {"index.json": b'{"manifests": [{"digest": "sha256:../../etc/passwd"}]}'},
        {"other": b""},
        {},
    ],
)
def test_other_archives_are_no_images(tmp_path: Path, files: dict[str, bytes | int]) -> None:
    assert read(sparse_tar(tmp_path / "a.tar", files)) == []


def test_an_index_that_names_itself_ends(tmp_path: Path) -> None:
    name = "a" * 64
    loop = b'{"manifests": [{"digest": "sha256:%s"}]}' % name.encode()
    assert read(sparse_tar(tmp_path / "a.tar", {"index.json": loop, f"blobs/sha256/{name}": loop})) == []


def test_a_cut_off_archive_counts_what_is_there(tmp_path: Path) -> None:
    path = sparse_tar(tmp_path / "a.tar", {"manifest.json": b'[{"Layers": ["x"]}]', "x": 10_000})
    content = path.read_bytes()
    path.write_bytes(content[:4000])
    [image] = read(path)
    assert image.layers["x"] < 10_000


def test_a_number_that_is_none_does_not_raise(tmp_path: Path) -> None:
    path = sparse_tar(tmp_path / "a.tar", {"x": 10})
    content = bytearray(path.read_bytes())
    content[124:136] = b"zzzzzzzzzzz\0"
    path.write_bytes(bytes(content))
    with path.open("rb") as file:
        assert tar_index(file) == {}


def test_an_image_named_by_the_function(tmp_path: Path, measured: Callable[[str], Measured]) -> None:
    saved(tmp_path / "image.tar", {"l/layer.tar": 11 * GIB}, tags=("other:1",))
    found = measured(IMAGE_FUNCTION + "      ImageUri: ./image.tar\n")
    assert found.total("Shop") == 11 * GIB
    assert found.source("Shop") == "container image"
    assert found.packages.with_layers(found.nodes["Shop"]) is None


def test_an_image_beside_the_template_by_its_tag(tmp_path: Path, measured: Callable[[str], Measured]) -> None:
    saved(tmp_path / "other.tar", {"l/layer.tar": GIB}, tags=("other:latest",))
    layout(tmp_path / "built", [b"\0" * 600], name="registry.local/shop:v1")
    found = measured(IMAGE_FUNCTION + "    Metadata:\n      DockerContext: .\n      Dockerfile: Dockerfile\n")
    assert found.total("Shop") == 600


def test_no_image_here(tmp_path: Path, measured: Callable[[str], Measured]) -> None:
    saved(tmp_path / "other.tar", {"l/layer.tar": GIB}, tags=("other:latest",))
    assert measured(IMAGE_FUNCTION + "      ImageUri: 1.dkr.ecr.eu-west-1.amazonaws.com/shop:1\n").total("Shop") is None
