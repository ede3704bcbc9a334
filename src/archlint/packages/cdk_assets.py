"""Assets of a CDK cloud assembly: the folder or archive in `cdk.out` that a function's code was staged to."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archlint.packages.roots import LintedRoot
    from archlint.template.model import Body, Json

_HASH = re.compile(r"(?<![0-9a-f])([0-9a-f]{64})(?![0-9a-f])")
_HASH_LENGTH = 64
_MAX_ASSET_FILES = 100
_MAX_DEPTH = 6


def staged_asset(root: LintedRoot, assembly: Path, metadata: Json, code: Json) -> Path | None:
    """The staged code of a resource whose template lies in `assembly`; None when there is none inside the root.

    Told by `aws:asset:path`, else by the hash in `S3Key` (or in the URI of an image): `asset.<hash>`, or what the
    asset manifest calls it.
    """
    stated = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
    if isinstance(stated, str):
        found = root.resolve(assembly, stated)
        if found is not None:
            return found
    for asset_hash in _hashes(code) if isinstance(code, dict) else ():
        for folder in (assembly, assembly.parent):  # a nested assembly shares the assets of the one around it
            for suffix in ("", ".zip", ".jar", ".tar", ".tar.gz"):
                found = root.resolve(folder, f"asset.{asset_hash}{suffix}")
                if found is not None:
                    return found
        source = _manifest_source(root, assembly, asset_hash)
        if source is not None:
            return source
    return None


def _hashes(code: Body) -> Iterator[str]:
    """Asset hashes in `Code.S3Key` and `Code.ImageUri`: in a string, a `Fn::Sub` or the parts of a `Fn::Join`."""
    for key in ("S3Key", "ImageUri"):
        for text in _strings(code.get(key), 0):
            if len(text) >= _HASH_LENGTH:
                yield from _HASH.findall(text)


def _strings(value: Any, depth: int) -> Iterator[str]:
    """Every string in a small value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth < _MAX_DEPTH:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item, depth + 1)


def _manifest_source(root: LintedRoot, assembly: Path, asset_hash: str) -> Path | None:
    """The path that an asset manifest (`<Stack>.assets.json`) of the assembly gives for a hash."""
    try:
        manifests = sorted(path.name for path in assembly.iterdir() if path.name.endswith(".assets.json"))
    except OSError:
        return None
    for name in manifests[:_MAX_ASSET_FILES]:
        text = root.read_text(assembly, name)
        if text is None or asset_hash not in text:
            continue
        try:
            manifest = json.loads(text)
        except (ValueError, RecursionError):
            continue
        path = _path_in(manifest, asset_hash)
        if path is not None:
            return root.resolve(assembly, path)
    return None


def _path_in(manifest: Any, asset_hash: str) -> str | None:
    for section in ("files", "dockerImages"):
        assets = manifest.get(section) if isinstance(manifest, dict) else None
        asset = assets.get(asset_hash) if isinstance(assets, dict) else None
        source = asset.get("source") if isinstance(asset, dict) else None
        path = source.get("path", source.get("directory")) if isinstance(source, dict) else None
        if isinstance(path, str):
            return path
    return None
