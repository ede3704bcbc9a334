"""`requirements.txt`: what `sam build` installs for Python.

https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.packages import uv_locks
from archlint.packages.archives import list_zip
from archlint.packages.data import measured
from archlint.packages.dependencies import Dependency, Locked, Project
from archlint.packages.markers import applies
from archlint.packages.names import REQUIREMENT, normalized

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_INCLUDED_FILES = 20
_PIN = re.compile(r"={2,3}\s*v?([0-9][^\s,;*]*)\s*(?:;|$)")
_INCLUDE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)")
_WHEEL = re.compile(r"(?:[^@\s]+\s*@\s*)?(?:file:(?://)?)?([^\s;@]+\.whl)\b")


def read_requirements(project: Project, text: str, uv_lock: dict[str, Any]) -> Locked:
    """The named distributions with what they require, as far as a `uv.lock` or the shipped table knows."""
    found: dict[str, Dependency] = {}
    for line in _lines(project, text, {"requirements.txt"}):
        wheel = _WHEEL.match(line)
        if wheel is not None:
            _add_wheel(project, wheel[1], found)
            continue
        matched = REQUIREMENT.match(line)
        if matched is not None and applies(line.partition(";")[2].strip() or None, project.target):
            pin = _PIN.match(matched[3])
            name = normalized(matched[1])
            found.setdefault(name, Dependency(name, version=pin[1] if pin is not None else None))
    if uv_lock:
        wanted: list[uv_locks.Wanted] = [(name, None, ()) for name in found]
        for name, dependency in uv_locks.closure(uv_lock, wanted, project.target).items():
            if name not in found or found[name].unpacked is None:
                found[name] = dependency
    return Locked("requirements.txt", with_known_requirements(found))


def with_known_requirements(found: dict[str, Dependency]) -> dict[str, Dependency]:
    """Adds the heavy packages that a heavy package always installs."""
    queue = list(found)
    while queue:
        dependency = found[queue.pop()]
        known = measured(dependency.name, dependency.version)
        for name in known.requires if known is not None else ():
            if name not in found:
                found[name] = Dependency(name)
                queue.append(name)
    return found


def _lines(project: Project, text: str, seen: set[str]) -> Iterator[str]:
    """Requirement specifiers of a file and of those it includes, without options and comments."""
    for raw in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        include = _INCLUDE.match(line)
        if include is not None:
            name = include[1]
            included = project.text(name) if name not in seen and len(seen) < MAX_INCLUDED_FILES else None
            seen.add(name)
            if included is not None:
                yield from _lines(project, included, seen)
        elif line and not line.startswith("-"):
            yield line.partition(" --")[0]


def _add_wheel(project: Project, path: str, found: dict[str, Dependency]) -> None:
    """A wheel that lies in the folder: counted, not estimated. One behind a URL has no size."""
    name = normalized(path.rpartition("/")[2].partition("-")[0])
    wheel = project.root.resolve(project.folder, path)
    listing = list_zip(wheel) if wheel is not None and wheel.is_file() else None
    found[name] = Dependency(name, unpacked=listing.total if listing is not None and listing.files else None)
