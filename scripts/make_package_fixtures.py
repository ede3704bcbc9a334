"""Writes the archives and images in the fixtures of the packaging rules: large when unpacked, tiny as files.

    python scripts/make_package_fixtures.py

The archives are real: zeros, compressed with bzip2, which Lambda does not take but which makes them small. The images
state sizes in the trailers of their layers that the layers do not have; nothing unpacks them.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "rules"
LIMIT = 262_144_000
DATE = (2026, 1, 1, 0, 0, 0)
CDK_HASH = "5a" * 32
GIB = 1024**3

ZIPS: dict[str, dict[str, int]] = {
    "zip_package_too_large/over_limit.zip": {
        "app.py": 1000,
        "numpy/core.so": 52_000_000,
        "model/weights.bin": 210_143_001,
    },
    "zip_package_too_large/at_limit.zip": {
        "app.py": 1000,
        "numpy/core.so": 52_000_000,
        "model/weights.bin": 210_143_000,
    },
    "zip_package_too_large/layers_add_up/orders/code.zip": {"app.py": 1000, "scipy/core.so": 112_000_000},
    "zip_package_too_large/layers_add_up/platform/layer.zip": {"python/torch/core.so": 151_000_000},
    f"zip_package_too_large/cdk_asset/asset.{CDK_HASH}.zip": {"index.js": 1000, "node_modules/next/a.node": LIMIT},
    "zip_package_near_limit/near_limit.zip": {"app.py": 1000, "model/weights.bin": 209_714_200},
    "zip_package_near_limit/below_limit.zip": {"app.py": 1000, "model/weights.bin": 209_714_199},
    "zip_package_near_limit/over_limit.zip": {"app.py": 1000, "model/weights.bin": LIMIT},
    "zip_package_near_limit/half.zip": {"app.py": 1000, "model/weights.bin": 131_072_000},
    "package_carries_dead_weight/with_tests.zip": {"app.py": 90_000_000, "pandas/tests/data.bin": 10_000_000},
    "package_carries_dead_weight/fewer_tests.zip": {"app.py": 90_000_000, "pandas/tests/data.bin": 9_999_999},
    "package_carries_dead_weight/quarter.zip": {"app.py": 3000, "tests/test_app.py": 1000},
    "package_carries_dead_weight/below_a_quarter.zip": {"app.py": 3001, "tests/test_app.py": 1000},
    "package_carries_dead_weight/with_sdk.zip": {
        "app.py": 3000,
        "boto3/a.py": 1_000_000,
        "botocore/data/a.json": 21_000_000,
    },
    "shared_fat_package/everything.zip": {"orders.py": 1000, "invoices.py": 1000, "pandas/core.so": 4_998_001},
    "shared_fat_package/small.zip": {"orders.py": 1000, "invoices.py": 1000, "pandas/core.so": 4_998_000},
}

IMAGES = {
    "image_too_large/too_large.tar": ("thumbnails:latest", [4 * GIB - 1, 4 * GIB - 1, 2 * GIB + 3]),
    "image_too_large/at_limit.tar": ("reports:latest", [4 * GIB - 1, 4 * GIB - 1, 2 * GIB + 2]),
}

ELF_MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}


def write_zip(path: Path, members: dict[str, bytes | int]) -> None:
    """An archive whose members are the given bytes, or so many zeros."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = zipfile.ZIP_BZIP2 if isinstance(content, int) else zipfile.ZIP_DEFLATED
            archive.writestr(info, bytes(content) if isinstance(content, int) else content)


def write_image(path: Path, tag: str, sizes: list[int]) -> None:
    """A `docker save` archive with layers that state these sizes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    layers = [
        gzip.compress(bytes([number]), mtime=0)[:-4] + struct.pack("<L", size) for number, size in enumerate(sizes)
    ]
    names = [f"layer{number}/layer.tar" for number in range(len(layers))]
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [tag], "Layers": names}]).encode()
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in [("manifest.json", manifest), *zip(names, layers, strict=True)]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def elf(machine: str) -> bytes:
    """The head of a Linux library for this machine."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, ELF_MACHINES[machine]) + bytes(44)


if __name__ == "__main__":
    for name, sizes in ZIPS.items():
        write_zip(FIXTURES / name, dict(sizes))
    for name, (tag, layers) in IMAGES.items():
        write_image(FIXTURES / name, tag, layers)
    native = FIXTURES / "native_build_as_zip"
    write_zip(native / "for_arm64.zip", {"app.py": 1000, "numpy/core.so": elf("arm64")})
    write_zip(native / "for_x86_64.zip", {"app.py": 1000, "numpy/core.so": elf("x86_64")})
    write_zip(
        native / "for_both.zip", {"sharp/linux-arm64/a.node": elf("arm64"), "sharp/linux-x64/a.node": elf("x86_64")}
    )
