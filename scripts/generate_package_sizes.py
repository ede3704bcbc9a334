"""Measures how large well-known heavy packages are once installed and writes `src/archlint/data/package_sizes.json`.

    python scripts/generate_package_sizes.py

Wheels come through `pip download` and are summed from their zip directory; npm packages come through `npm pack` and
are summed from the tar index. Nothing is installed. The list is short on purpose: only packages that take a visible
part of Lambda's 250 MB, alone or by what they require, plus the SDKs that the managed runtimes already carry.
"""

from __future__ import annotations

import datetime as dt
import email.parser
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from archlint.packages.markers import applies
from archlint.packages.names import REQUIREMENT, normalized
from archlint.packages.subject import Target

TABLE = Path(__file__).resolve().parent.parent / "src" / "archlint" / "data" / "package_sizes.json"
PYTHON_VERSION = "3.12"

PYTHON_PACKAGES = [
    "aws-cdk-lib", "awswrangler", "boto3", "botocore", "catboost", "cfn-lint", "chromadb", "cryptography",
    "ddtrace", "duckdb", "faiss-cpu", "geopandas", "google-api-python-client", "grpcio", "h5py", "imageio-ffmpeg",
    "kubernetes", "langchain", "langchain-aws", "langchain-community", "langchain-core", "lightgbm", "llvmlite",
    "lxml", "matplotlib", "moto", "mypy", "numba", "numpy", "onnxruntime", "opencv-python-headless", "oracledb",
    "ortools", "pandas", "pdfplumber", "pillow", "playwright", "plotly", "polars", "polars-runtime-32",
    "psycopg2-binary", "pyarrow", "pycryptodome", "pymupdf", "pypdfium2", "pyproj", "rasterio",
    "scikit-image", "scikit-learn", "scipy", "selenium", "sentence-transformers", "shap", "shapely",
    "snowflake-connector-python", "spacy", "sqlalchemy", "statsmodels", "sympy", "tokenizers", "transformers",
    "xgboost",
]  # fmt: skip
ARM_PACKAGES = ("torch", "torchvision", "tensorflow")
"""Measured for arm64: that wheel carries no GPU code and is the smallest that Linux gets."""

NPM_PACKAGES = [
    "@google-cloud/firestore", "@img/sharp-libvips-linux-x64", "@prisma/client", "@prisma/engines",
    "@sparticuz/chromium", "@tensorflow/tfjs", "aws-cdk-lib", "aws-sdk", "canvas", "firebase-admin", "googleapis",
    "next", "onnxruntime-node", "pdfjs-dist", "playwright-core", "prisma", "puppeteer", "puppeteer-core", "sharp",
    "typescript",
]  # fmt: skip


def download_wheel(name: str, machine: str, folder: Path) -> Path:
    """Fetches the newest wheel of the package for Linux on this machine type, without its dependencies."""
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in (34, 28, 27, 17)] + [f"manylinux2014_{machine}"]
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(folder)]
        + ["--python-version", PYTHON_VERSION, "--implementation", "cp"]
        + [argument for platform in platforms for argument in ("--platform", platform)]
        + [name],
        check=True,
    )
    return next(folder.glob("*.whl"))


def wheel_entry(wheel: Path, known: set[str]) -> dict[str, Any]:
    """Version, unpacked and packed bytes of a wheel, and which other listed packages it always installs."""
    with zipfile.ZipFile(wheel) as archive:
        unpacked = sum(info.file_size for info in archive.infolist())
        metadata_name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.parser.Parser().parsestr(archive.read(metadata_name).decode())
    requires = set()
    for line in metadata.get_all("Requires-Dist", []):
        name = REQUIREMENT.match(line)
        if name and normalized(name[1]) in known and applies(line.partition(";")[2].strip() or None, Target()):
            requires.add(normalized(name[1]))
    return {
        "version": str(metadata["Version"]),
        "bytes": unpacked,
        "packed": wheel.stat().st_size,
        "requires": sorted(requires),
    }


def npm_entry(name: str, folder: Path, known: set[str]) -> dict[str, Any]:
    """Version, unpacked and packed bytes of an npm package, and which other listed packages it always installs."""
    subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    tarball = next(folder.glob("*.tgz"))
    with tarfile.open(tarball) as archive:
        members = archive.getmembers()
        package = next(member for member in members if re.fullmatch(r"[^/]+/package\.json", member.name))
        content = archive.extractfile(package)
        manifest = json.load(content) if content is not None else {}
    return {
        "version": manifest["version"],
        "bytes": sum(member.size for member in members),
        "packed": tarball.stat().st_size,
        "requires": sorted(known & set(manifest.get("dependencies", {}))),
    }


def measure_all() -> dict[str, Any]:
    """The whole table, one download at a time so that the disk holds one package only."""
    known = {normalized(name) for name in (*PYTHON_PACKAGES, *ARM_PACKAGES)}
    python: dict[str, Any] = {}
    for name in sorted((*PYTHON_PACKAGES, *ARM_PACKAGES)):
        machine = "aarch64" if name in ARM_PACKAGES else "x86_64"
        with tempfile.TemporaryDirectory() as folder:
            try:
                python[normalized(name)] = wheel_entry(download_wheel(name, machine, Path(folder)), known)
            except subprocess.CalledProcessError:
                print(name, "has no wheel")
                continue
        print(name, python[normalized(name)]["bytes"], flush=True)
    npm: dict[str, Any] = {}
    for name in sorted(NPM_PACKAGES):
        with tempfile.TemporaryDirectory() as folder:
            npm[name] = npm_entry(name, Path(folder), set(NPM_PACKAGES))
        print(name, npm[name]["bytes"])
    return {"python": python, "npm": npm}


def table_text(measured: dict[str, Any]) -> str:
    """The file's text: one package a line, so that a new measurement is a readable diff."""
    lines = ["{"]
    lines.append(f'  "measured": "{dt.datetime.now(tz=dt.UTC).date().isoformat()}",')
    lines.append(
        f'  "comment": "unpacked bytes; wheels for Python {PYTHON_VERSION} on Linux, x86_64 unless arm64 is smaller",'
    )
    sections = []
    for section, packages in measured.items():
        rows = [f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in packages.items()]
        sections.append(f'  "{section}": {{\n' + ",\n".join(rows) + "\n  }")
    return "\n".join(lines) + "\n" + ",\n".join(sections) + "\n}\n"


if __name__ == "__main__":
    TABLE.write_text(table_text(measure_all()), encoding="utf-8")
