"""Artifacts of a Serverless Framework package: the archives in `.serverless`, and those that the service names."""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archlint.packages.roots import LintedRoot

STATE_FILE = "serverless-state.json"


def artifact(root: LintedRoot, package: Path, key: str) -> Path | None:
    """The archive that is uploaded as this S3 key by the package in the folder `.serverless`.

    It lies there under the key's last part, or where `package.artifact` of a function says, relative to the service.
    https://www.serverless.com/framework/docs/providers/aws/guide/packaging#artifact
    """
    name = posixpath.basename(key)
    found = root.resolve(package, name)
    if found is not None or not name:
        return found
    for path in _stated(root, package):
        if posixpath.basename(path.replace("\\", "/")) == name:
            found = root.resolve(package.parent, path)
            if found is not None:
                return found
    return None


def _stated(root: LintedRoot, package: Path) -> Iterator[str]:
    """`package.artifact` of all functions and layers of the service."""
    text = root.read_text(package, STATE_FILE)
    try:
        state = json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return
    service = _mapping(_mapping(state).get("service"))
    for section in ("functions", "layers"):
        for entry in _mapping(service.get(section)).values():
            path = _mapping(_mapping(entry).get("package")).get("artifact")
            if isinstance(path, str):
                yield path


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
