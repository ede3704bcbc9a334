"""Python's lock files: which distributions a production install of a folder brings."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

from archlint.packages import uv_locks
from archlint.packages.dependencies import Dependency, Locked, Project
from archlint.packages.markers import applies
from archlint.packages.names import REQUIREMENT, normalized, tables
from archlint.packages.requirements import read_requirements
from archlint.packages.wheels import wheel_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_MAX_DIGITS = 15
_VIRTUAL_ENVIRONMENTS = (".venv", "venv", "env", ".")


def locked(project: Project) -> Locked | None:
    """What will be installed: `requirements.txt` (what `sam build` takes), else a lock file; None without either."""
    uv_lock = _toml(project, "uv.lock")
    requirements = project.text("requirements.txt")
    if requirements is not None and not (project.prefers_uv and uv_lock):
        return read_requirements(project, requirements, uv_lock)
    if uv_lock:
        return Locked("uv.lock", uv_locks.closure(uv_lock, uv_locks.roots(uv_lock), project.target))
    for name, read in (("pylock.toml", _pylock), ("poetry.lock", _poetry)):
        lock = _toml(project, name)
        if lock:
            return Locked(name, read(project, lock))
    return _pipfile(project)


def installed(project: Project) -> dict[str, Path]:
    """The `.dist-info` folders of a virtual environment or `site-packages` next to the code, by distribution."""
    found: dict[str, Path] = {}
    for site_packages in _site_packages(project):
        for folder in sorted(site_packages.glob("*.dist-info")):
            found.setdefault(normalized(folder.name.removesuffix(".dist-info").rpartition("-")[0]), folder)
    return found


def installed_size(project: Project, dist_info: Path) -> int | None:
    """Bytes of an installed distribution, by its list of files (`RECORD`); None without one."""
    record = project.root.read_text(dist_info, "RECORD")
    if not record:
        return None
    total = 0
    for line in record.splitlines():
        path, _, size = line.rpartition(",")
        if size.isdecimal() and len(size) <= _MAX_DIGITS and not path.startswith(".."):
            total += int(size)
    return total


def _site_packages(project: Project) -> Iterator[Path]:
    for environment in _VIRTUAL_ENVIRONMENTS:
        base = project.root.resolve(project.folder, environment)
        if base is None:
            continue
        for candidate in (*sorted(base.glob("lib/python3*/site-packages")), base / "site-packages"):
            folder = project.root.resolve(candidate, ".")
            if folder is not None and folder.is_dir():
                yield folder


def _toml(project: Project, name: str) -> dict[str, Any]:
    """A TOML file of the folder; empty when it is absent or no TOML."""
    text = project.text(name)
    try:
        return tomllib.loads(text) if text else {}
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _pylock(project: Project, lock: dict[str, Any]) -> dict[str, Dependency]:
    """PEP 751; sizes are optional there. Packages of a dependency group have a marker that does not apply."""
    found = {}
    for package in tables(lock.get("packages")):
        name = package.get("name")
        if isinstance(name, str) and applies(package.get("marker"), project.target):
            found[normalized(name)] = Dependency(normalized(name), packed=wheel_size(package, project.target))
    return found


def _poetry(project: Project, lock: dict[str, Any]) -> dict[str, Dependency]:
    """Packages of the main group; lock files that do not name groups are followed from pyproject.toml."""
    packages = {
        normalized(package["name"]): package
        for package in tables(lock.get("package"))
        if isinstance(package.get("name"), str) and package.get("optional") is not True
    }
    has_groups = any("groups" in package or "category" in package for package in packages.values())
    main = packages if has_groups else _poetry_closure(project, packages)
    return {
        name: Dependency(name)
        for name, package in main.items()
        if (not has_groups or _is_main(package)) and applies(_poetry_marker(package), project.target)
    }


def _is_main(package: dict[str, Any]) -> bool:
    groups = package.get("groups")
    return "main" in groups if isinstance(groups, list) else package.get("category", "main") == "main"


def _poetry_marker(package: dict[str, Any]) -> Any:
    markers = package.get("markers")
    return markers.get("main") if isinstance(markers, dict) else markers


def _poetry_closure(project: Project, packages: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    queue = list(_declared(_toml(project, "pyproject.toml")))
    found: dict[str, dict[str, Any]] = {}
    while queue:
        name = queue.pop()
        if name in packages and name not in found:
            found[name] = packages[name]
            required = _poetry_requires(packages[name].get("dependencies"))
            queue += [other for other, marker in required if applies(marker, project.target)]
    return found


def _declared(pyproject: dict[str, Any]) -> Iterator[str]:
    """The production dependencies of a pyproject.toml, in Poetry's or the standard table."""
    tool, standard = pyproject.get("tool"), pyproject.get("project")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    yield from (name for name, _ in _poetry_requires(poetry.get("dependencies") if isinstance(poetry, dict) else None))
    lines = standard.get("dependencies") if isinstance(standard, dict) else None
    for line in lines if isinstance(lines, list) else ():
        matched = REQUIREMENT.match(line) if isinstance(line, str) else None
        if matched is not None:
            yield normalized(matched[1])


def _poetry_requires(table: Any) -> Iterator[tuple[str, Any]]:
    for name, specifier in table.items() if isinstance(table, dict) else ():
        if isinstance(specifier, dict):
            if specifier.get("optional") is not True:
                yield normalized(name), specifier.get("markers")
        elif name != "python":
            yield normalized(name), None


def _pipfile(project: Project) -> Locked | None:
    text = project.text("Pipfile.lock")
    try:
        lock = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    default = lock.get("default") if isinstance(lock, dict) else None
    if not isinstance(default, dict):
        return None
    found = {}
    for name, package in default.items():
        if isinstance(package, dict) and applies(package.get("markers"), project.target):
            found[normalized(name)] = Dependency(normalized(name))
    return Locked("Pipfile.lock", found)
