"""npm's lock files: which packages a production install of a folder brings, and how large they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archlint.packages.data import known_packages
from archlint.packages.dependencies import DependencySum, Project, make_sum
from archlint.packages.listing import walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
_LOCKS = ("npm-shrinkwrap.json", "package-lock.json")
_MAX_PACKAGES = 20_000
_MAX_DEPTH = 50


def dependency_sum(project: Project) -> DependencySum | None:
    """What `node_modules` beside the lock file holds, or the shipped table knows; None without a manifest."""
    for name in _LOCKS:
        lock = _json(project, name)
        if lock is not None:
            return _summed(project, name, list(_production(lock, project.target.machine)))
    manifest = _json(project, "package.json")
    direct = manifest.get("dependencies") if manifest is not None else None
    if not isinstance(direct, dict):
        return None
    installed = _json(project, "node_modules/.package-lock.json")
    if installed is not None:
        return _summed(project, "package.json", list(_production(installed, project.target.machine)))
    return _summed(project, "package.json", [f"node_modules/{name}" for name in _with_known_requirements(list(direct))])


def _json(project: Project, name: str) -> dict[str, Any] | None:
    try:
        found = json.loads(project.text(name) or "null")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _production(lock: dict[str, Any], machine: str) -> Iterator[str]:
    """Install paths (`node_modules/sharp`) that are not for development, not for other systems and not links."""
    packages = lock.get("packages")
    if isinstance(packages, dict):
        for path, entry in packages.items():
            if "node_modules/" in path and isinstance(entry, dict) and _is_installed(entry, machine):
                yield path
    else:
        yield from _version_1(lock.get("dependencies"), "", 0)


def _version_1(dependencies: Any, prefix: str, depth: int) -> Iterator[str]:
    """Lock files of npm 6: a tree."""
    for name, entry in dependencies.items() if isinstance(dependencies, dict) and depth < _MAX_DEPTH else ():
        if isinstance(entry, dict) and not entry.get("dev") and not entry.get("optional"):
            path = f"{prefix}node_modules/{name}"
            yield path
            yield from _version_1(entry.get("dependencies"), f"{path}/", depth + 1)


def _is_installed(entry: dict[str, Any], machine: str) -> bool:
    if any(entry.get(flag) for flag in ("dev", "devOptional", "link", "extraneous")):
        return False
    cpu = "arm64" if machine == "aarch64" else "x64"
    return all(_allows(entry.get(key), value) for key, value in (("os", "linux"), ("cpu", cpu), ("libc", "glibc")))


def _allows(constraint: Any, value: str) -> bool:
    """Npm's `os` and `cpu` lists: names, or names not wanted with a `!`."""
    if not isinstance(constraint, list) or not constraint:
        return True
    return value in constraint or all(
        isinstance(item, str) and item[:1] == "!" and item[1:] != value for item in constraint
    )


def _with_known_requirements(names: list[str]) -> list[str]:
    table = known_packages("npm")
    found = dict.fromkeys(names)
    queue = list(names)
    while queue:
        known = table.get(queue.pop())
        new = [name for name in known.requires if name not in found] if known is not None else []
        found.update(dict.fromkeys(new))
        queue += new
    return list(found)


def _summed(project: Project, file: str, paths: list[str]) -> DependencySum:
    table = known_packages("npm")
    present = {path.rpartition("/")[0] for path, _ in project.listing.files if path.endswith("/package.json")}
    sizes: dict[str, int] = {}
    unknown = 0
    basis: dict[str, None] = {}
    for path in paths[:_MAX_PACKAGES]:
        if path in present:
            continue  # zipped with the folder, so it is counted already
        name = path.rpartition("node_modules/")[2]
        folder = project.root.resolve(project.folder, path)
        if folder is not None and folder.is_dir():
            size, how = _own_size(project, folder), "installed copies"
        elif name in table:
            size, how = table[name].unpacked, "known sizes"
        else:
            unknown += 1
            continue
        sizes[name] = sizes.get(name, 0) + size
        basis[how] = None
    return make_sum(file, sizes, unknown, tuple(basis))


def _own_size(project: Project, folder: Path) -> int:
    """Bytes of an installed package without those nested in it, which the lock file lists themselves."""
    return walk(folder, project.root, ("node_modules",)).total
