"""`uv.lock`: the only common lock file with sizes.

https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.packages.dependencies import Dependency
from archlint.packages.markers import applies
from archlint.packages.names import normalized, tables
from archlint.packages.wheels import wheel_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archlint.packages.subject import Target

Wanted = tuple[str, str | None, tuple[str, ...]]
"""Name, version where the lock has several, extras."""


def roots(lock: dict[str, Any]) -> list[Wanted]:
    """The project itself: the package whose source is the folder of the lock file."""
    found: list[Wanted] = []
    for package in tables(lock.get("package")):
        source, name = package.get("source"), package.get("name")
        if (
            isinstance(source, dict)
            and isinstance(name, str)
            and "." in (source.get("virtual"), source.get("editable"))
        ):
            found.append((normalized(name), None, ()))
    return found


def closure(lock: dict[str, Any], wanted: Iterable[Wanted], target: Target) -> dict[str, Dependency]:
    """Everything reachable without dependency groups, with the size of its wheel; projects themselves weigh nothing."""
    packages: dict[str, list[dict[str, Any]]] = {}
    for package in tables(lock.get("package")):
        if isinstance(name := package.get("name"), str):
            packages.setdefault(normalized(name), []).append(package)
    found: dict[str, Dependency] = {}
    queue = list(wanted)
    seen = set(queue)
    while queue:
        name, version, extras = queue.pop()
        chosen = next((one for one in packages.get(name, []) if version in (None, one.get("version"))), None)
        if chosen is None:
            continue
        if "wheels" in chosen or "sdist" in chosen:
            found.setdefault(name, Dependency(name, packed=wheel_size(chosen, target)))
        for required in _requires(chosen, extras, target):
            if required not in seen:
                seen.add(required)
                queue.append(required)
    return found


def _requires(package: dict[str, Any], extras: tuple[str, ...], target: Target) -> Iterator[Wanted]:
    required = tables(package.get("dependencies"))
    optional = package.get("optional-dependencies")
    if isinstance(optional, dict):
        required += [dependency for extra in extras for dependency in tables(optional.get(extra))]
    for dependency in required:
        name, version, wanted = dependency.get("name"), dependency.get("version"), dependency.get("extra")
        if isinstance(name, str) and applies(dependency.get("marker"), target):
            names = tuple(item for item in wanted if isinstance(item, str)) if isinstance(wanted, list) else ()
            yield normalized(name), version if isinstance(version, str) else None, names
