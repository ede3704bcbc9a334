"""Builds packages with the real tools and compares what archlint measures with what du, unzip and tar say.

    make packages

Needs the network for what the builds download, and `find`, `du`, `tar`, `zip`, `unzip`; `sam`, `npm`, `skopeo` and
`umoci` where they are installed (a row says what was left out without them). Ends with 1 when a number differs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archlint.config import Config
from archlint.lint import build
from archlint.packages import Packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT = 262_144_000
FIVE_GB = 5_000_000_000
MANY_FILES = 30_000
SECONDS = 2.0
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
SAM_HEADER = "Transform: AWS::Serverless-2016-10-31\nResources:\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: what was measured, by which tool, the two numbers."""

    what: str
    tool: str
    ours: int | None
    theirs: int | None


def run(command: list[str], cwd: Path, **environment: str) -> str:
    """The output of a command; raises when it fails."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} in {cwd} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def write(path: Path, content: str | int) -> Path:
    """A file with this text, or a hole of so many bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        with path.open("wb") as file:
            file.truncate(content)
    return path


def function(name: str, code: str, runtime: str = RUNTIME, more: str = "", metadata: str = "") -> str:
    """A function of a SAM template's `Resources`."""
    lines = [
        f"  {name}:",
        "    Type: AWS::Serverless::Function",
        f"    Properties: {{CodeUri: {code}, Handler: app.handler, Runtime: {runtime}{more}}}",
    ]
    return "\n".join([*lines, *([f"    Metadata: {metadata}"] if metadata else []), ""])


def ours(folder: Path) -> dict[str, int]:
    """What archlint measures below a folder, by logical ID; a function with layers under `ID + layers` too."""
    estate = build([folder], Config())
    packages = Packages(estate.graph, estate.discovery.root)
    found: dict[str, int] = {}
    for node in estate.graph.of_type("AWS::Lambda::Function", "AWS::Lambda::LayerVersion"):
        measure = packages.of(node)
        if measure is not None:
            found[node.logical_id] = measure.total
        package = packages.with_layers(node)
        if package is not None and package.layers:
            found[f"{node.logical_id} + layers"] = package.total
    return found


def du(folder: Path) -> int:
    """The sum of the files, links followed, as `du` counts them."""
    files = subprocess.run(["find", "-L", folder, "-type", "f", "-print0"], check=True, capture_output=True).stdout
    lines = subprocess.run(["du", "-blcL", "--files0-from=-"], input=files, check=True, capture_output=True).stdout
    return int(lines.decode().splitlines()[-1].split()[0])


def unzip(path: Path) -> int:
    """The total of `unzip -l`."""
    return int(run(["unzip", "-l", str(path)], path.parent).splitlines()[-1].split()[0])


def tar(path: Path, pattern: str) -> int:
    """The sum of the regular members of an archive whose names match, as `tar` lists them."""
    lines = run(["tar", "-tvf", str(path)], path.parent).splitlines()
    return sum(int(line.split()[2]) for line in lines if line.startswith("-") and re.search(pattern, line))


def sam_rows(work: Path) -> Iterator[Row]:
    """`sam build`: libraries with a layer, shared code, arm64, npm, esbuild, makefiles, a nested application."""
    folder = work / "sam"
    layers = ", Layers: [!Ref Common]"
    write(
        folder / "template.yaml",
        SAM_HEADER
        + function("Science", "science", more=layers)
        + function("First", "shared", more=layers)
        + function("Second", "shared", more=layers)
        + function("Arm", "shared", more=", Architectures: [arm64]")
        + function("Npm", "npm", "nodejs22.x")
        + function(
            "Bundled", "npm", "nodejs22.x", metadata="{BuildMethod: esbuild, BuildProperties: {EntryPoints: [app.js]}}"
        )
        + function("Made", "made", metadata="{BuildMethod: makefile}")
        + "  Common:\n    Type: AWS::Serverless::LayerVersion\n    Properties: {ContentUri: common}\n"
        + f"    Metadata: {{BuildMethod: {RUNTIME}}}\n"
        + "  Child:\n    Type: AWS::Serverless::Application\n    Properties: {Location: child/template.yaml}\n",
    )
    write(folder / "child/template.yaml", SAM_HEADER + function("Inner", "code"))
    for name, requirements in (
        ("science", "pandas==2.2.3\nnumpy==2.1.3\nscipy==1.14.1\n"),
        ("shared", "requests==2.32.3\n"),
        ("common", "boto3==1.35.0\n"),
        ("child/code", "idna==3.7\n"),
        ("made", ""),
    ):
        write(folder / name / "requirements.txt", requirements)
        write(folder / name / "app.py", "def handler(event, context): pass\n")
    write(folder / "npm/package.json", '{"name": "npm", "version": "1.0.0", "dependencies": {"is-odd": "3.0.1"}}')
    write(folder / "npm/app.js", "exports.handler = async () => require('is-odd')(3)\n")
    write(
        folder / "made/Makefile",
        'build-Made:\n\tcp app.py "$(ARTIFACTS_DIR)"\n\ttruncate -s 12345 "$(ARTIFACTS_DIR)/data"\n',
    )
    write(
        folder / "samconfig.toml", 'version = 0.1\n[default.build.parameters]\nbuild_dir = "out/build"\ncached = true\n'
    )
    npm_install(folder, "esbuild")
    run(["sam", "build"], folder, SAM_CLI_TELEMETRY="0", PATH=f"{folder}/node_modules/.bin:{os.environ['PATH']}")
    found, built = ours(folder), folder / "out/build"
    for name in ("Science", "First", "Arm", "Npm", "Bundled", "Made", "Common", "Child/Inner"):
        yield Row(f"sam build: {name}", "du", found.get(Path(name).name), du(built / name))
    both = du(built / "Science") + du(built / "Common")
    yield Row("sam build: Science with its layer", "du", found.get("Science + layers"), both)


def npm_install(folder: Path, *packages: str) -> None:
    """Installs packages into a folder, which need not be a package itself."""
    run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *packages], folder)


CDK_APP = """
const cdk = require('aws-cdk-lib'), lambda = cdk.aws_lambda, assets = cdk.aws_ecr_assets;
const app = new cdk.App({outdir: 'cdk.out'}), stack = new cdk.Stack(app, 'Shop');
const named = (construct, name) => construct.node.defaultChild.overrideLogicalId(name);
const code = (name, path) => named(new lambda.Function(stack, name, {
  runtime: lambda.Runtime.PYTHON_3_12, handler: 'app.handler', code: lambda.Code.fromAsset(path), layers: [layer],
}), name);
const layer = new lambda.LayerVersion(stack, 'L', {code: lambda.Code.fromAsset('layer')});
named(layer, 'Layer');
code('Folder', 'code');
code('Zip', 'code.zip');
const tar = new assets.TarballImageAsset(stack, 'Tar', {tarballFile: 'shop.tar'});
const image = lambda.DockerImageCode.fromEcr(tar.repository, {tagOrDigest: tar.imageTag});
named(new lambda.DockerImageFunction(stack, 'Image', {code: image}), 'Image');
app.synth();
"""


def cdk_rows(work: Path) -> Iterator[Row]:
    """A CDK assembly with a folder, a zip and an image as assets."""
    folder = work / "cdk"
    write(folder / "code/app.py", "def handler(event, context): pass\n")
    write(folder / "code/data/table.bin", 3_000_000)
    (folder / "code/data/linked.py").symlink_to("../app.py")
    write(folder / "layer/python/big.bin", 40_000_000)
    run(["zip", "-qr", "../code.zip", "."], folder / "code")
    saved_image(folder / "shop.tar", {"one/layer.tar": 7_000_000})
    npm_install(folder, "aws-cdk-lib@2", "constructs@10")
    write(folder / "app.js", CDK_APP)
    run(["node", "app.js"], folder)
    found = ours(folder / "cdk.out")
    manifest = json.loads((folder / "cdk.out/Shop.assets.json").read_text(encoding="utf-8"))["files"].values()
    paths = {asset["displayName"]: folder / "cdk.out" / asset["source"]["path"] for asset in manifest}
    yield Row("cdk asset: folder", "du", found.get("Folder"), du(paths["Folder/Code"]))
    yield Row("cdk asset: layer", "du", found.get("Layer"), du(paths["L/Code"]))
    both = du(paths["Folder/Code"]) + du(paths["L/Code"])
    yield Row("cdk asset: folder with its layer", "du", found.get("Folder + layers"), both)
    yield Row("cdk asset: zip", "unzip -l", found.get("Zip"), unzip(paths["Zip/Code"]))
    yield Row("cdk asset: image", "tar -tv", found.get("Image"), tar(folder / "shop.tar", "layer.tar"))


def zip_rows(work: Path) -> Iterator[Row]:
    """Archives at the limit and beyond, and of every kind that `zip` makes."""
    folder = work / "zips"
    write(folder / "app.py", 1000)
    write(folder / "lib/core.so", LIMIT - 1000)
    write(folder / "more", 1)
    (folder / "linked").symlink_to("lib")
    run(["zip", "-q", "limit.zip", "app.py", "lib/core.so"], folder)
    run(["zip", "-q", "over.zip", "app.py", "lib/core.so", "more"], folder)
    run(["sh", "-c", "zip -q stream.zip - < lib/core.so"], folder)
    run(["zip", "-qy", "links.zip", "app.py", "linked", "more"], folder)
    run(["zip", "-q", "-P", "secret", "encrypted.zip", "app.py"], folder)
    run(["sh", "-c", "zip -q commented.zip app.py && echo 'PK, a comment' | zip -qz commented.zip"], folder)
    run(["sh", "-c", "echo '#!/bin/sh' | cat - limit.zip > selfextracting.zip"], folder)
    with zipfile.ZipFile(folder / "zip64.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("app.py", "more"):
            with archive.open(name, "w", force_zip64=True) as member:
                member.write((folder / name).read_bytes())
    names = sorted(path.stem for path in folder.glob("*.zip"))
    write(folder / "template.yaml", SAM_HEADER + "".join(function(f"Zip{name}", f"{name}.zip") for name in names))
    found = ours(folder)
    for name in names:
        path = folder / f"{name}.zip"
        # A script before the archive makes unzip warn, and end with 1.
        theirs = unzip(path) if name != "selfextracting" else unzip(folder / "limit.zip")
        yield Row(f"zip: {name}", "unzip -l", found.get(f"Zip{name}"), theirs)


def saved_image(path: Path, layers: dict[str, int]) -> None:
    """What `docker save` writes, with holes for layers."""
    import tarfile

    manifest = json.dumps([{"Config": "config.json", "RepoTags": ["shop:latest"], "Layers": list(layers)}]).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        for name, size in {"manifest.json": len(manifest), **layers}.items():
            info = tarfile.TarInfo(name)
            info.size = size
            out.write(info.tobuf(tarfile.GNU_FORMAT))
            start = out.tell()
            out.write(manifest if name == "manifest.json" else b"")
            out.seek(start + -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE)
        out.truncate(out.tell() + 2 * tarfile.BLOCKSIZE)


def image_rows(work: Path) -> Iterator[Row]:
    """A `docker save` archive of 5 GB, and an image of skopeo and umoci as archive and as OCI layout."""
    folder = work / "images"
    saved_image(folder / "five.tar", {"a/layer.tar": FIVE_GB - 1_000_000, "b/layer.tar": 1_000_000})
    template = "  {0}:\n    Type: AWS::Serverless::Function\n    Properties: {{PackageType: Image, ImageUri: ./{1}}}\n"
    write(folder / "template.yaml", SAM_HEADER + template.format("Five", "five.tar"))
    started = time.process_time()
    yield Row("docker save: 5 GB", "tar -tv", ours(folder).get("Five"), tar(folder / "five.tar", "layer.tar"))
    print(f"  ({time.process_time() - started:.2f} s of processor time with reading the template)")
    if not (shutil.which("skopeo") and shutil.which("umoci")):
        print("left out without skopeo and umoci: an OCI layout with gzip layers, the same image as an archive")
        return
    data = write(folder / "data.bin", 0)
    data.write_bytes(os.urandom(60_000_000) + bytes(300_000_000))
    run(["umoci", "init", "--layout", "oci"], folder)
    run(["umoci", "new", "--image", "oci:shop"], folder)
    run(["umoci", "insert", "--rootless", "--image", "oci:shop", "data.bin", "/data.bin"], folder)
    run(["skopeo", "copy", "-q", "oci:oci:shop", "docker-archive:shop.tar:shop:latest"], folder)
    write(folder / "template.yaml", SAM_HEADER + template.format("Oci", "oci") + template.format("Saved", "shop.tar"))
    found = ours(folder)
    [blob] = [path for path in (folder / "oci/blobs/sha256").iterdir() if path.stat().st_size > 1_000_000]
    unpacked = int(run(["sh", "-c", f"gzip -dc {blob} | wc -c"], folder))
    yield Row("OCI layout: gzip layer", "gzip -dc | wc -c", found.get("Oci"), unpacked)
    yield Row("docker save: the same image", "tar -tv", found.get("Saved"), tar(folder / "shop.tar", r"\.tar$"))


def folder_rows(work: Path) -> Iterator[Row]:
    """A source folder of 30,000 files with links in circles, a pipe, a sparse and a hard-linked file."""
    folder = work / "folder"
    for number in range(MANY_FILES):
        path = folder / "src" / f"package{number % 300}" / f"module{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(number % 700))
    write(folder / "src/sparse.bin", 90_000_000)
    os.link(folder / "src/sparse.bin", folder / "src/hard.bin")
    theirs = du(folder / "src")
    (folder / "src/loop").symlink_to(".")
    (folder / "src/package1/up").symlink_to("..")
    os.mkfifo(folder / "src/pipe")
    write(folder / "template.yaml", SAM_HEADER + function("Fn", "src"))
    started = time.process_time()
    yield Row(f"source folder: {MANY_FILES + 2:,} files", "du", ours(folder).get("Fn"), theirs)
    seconds = time.process_time() - started
    yield Row(f"source folder: {seconds:.2f} s of {SECONDS} s allowed", "clock", int(seconds > SECONDS), 0)


SCENARIOS: dict[str, tuple[Callable[[Path], Iterator[Row]], tuple[str, ...]]] = {
    "sam": (sam_rows, ("sam", "npm")),
    "cdk": (cdk_rows, ("npm", "node")),
    "zips": (zip_rows, ("zip", "unzip")),
    "images": (image_rows, ("tar",)),
    "folder": (folder_rows, ("du",)),
}


def main() -> int:
    """Prints a row per comparison; 1 when one differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("scenarios", nargs="*", help=f"some of {', '.join(SCENARIOS)}; default: all")
    parser.add_argument("--work", type=Path, default=Path("build/packages"), help="where to build")
    parser.add_argument("--tools", type=Path, help="a folder before PATH, for sam")
    given = parser.parse_args()
    if given.tools is not None:
        os.environ["PATH"] = f"{given.tools.resolve()}{os.pathsep}{os.environ['PATH']}"
    is_wrong = False
    for name in given.scenarios or SCENARIOS:
        rows, tools = SCENARIOS[name]
        missing = [tool for tool in tools if shutil.which(tool) is None]
        if missing:
            print(f"left out without {', '.join(missing)}: {name}")
            continue
        shutil.rmtree(given.work / name, ignore_errors=True)
        (given.work / name).mkdir(parents=True)
        for row in rows(given.work.resolve()):
            is_same = row.ours == row.theirs
            is_wrong |= not is_same
            mark = "" if is_same else "   DIFFERS"
            print(f"{row.what:<45}  {row.ours!s:>13}  {row.theirs!s:>13}  {row.tool}{mark}", flush=True)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
