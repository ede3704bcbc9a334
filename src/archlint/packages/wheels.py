"""Which file of a distribution is installed on Lambda, and how large it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.packages.subject import Target

# https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
_TAGS = re.compile(r"-(?P<python>[a-z0-9.]+)-(?P<abi>[a-z0-9_.]+)-(?P<platform>[a-z0-9_.]+)\.whl$", re.IGNORECASE)


def wheel_size(package: dict[str, Any], target: Target) -> int | None:
    """Packed bytes of the wheel for this target in an entry of `uv.lock` or `pylock.toml`; None when none is stated.

    Of several that fit, the smallest. A source distribution has no known ratio, so it says nothing.
    """
    fitting = [size for name, size in _files(package) if _fits(name, target)]
    return min(fitting) if fitting else None


def _files(package: dict[str, Any]) -> Iterator[tuple[str, int]]:
    wheels = package.get("wheels")
    for wheel in wheels if isinstance(wheels, list) else ():
        if not isinstance(wheel, dict):
            continue
        size = wheel.get("size")
        name = next((wheel[key] for key in ("name", "filename", "url", "path") if isinstance(wheel.get(key), str)), "")
        if isinstance(size, int) and not isinstance(size, bool) and size > 0:
            yield name.partition("#")[0], size


def _fits(file_name: str, target: Target) -> bool:
    tags = _TAGS.search(file_name)
    if tags is None:
        return False
    return _fits_platform(tags["platform"], target.machine) and any(
        _fits_python(tag, tags["abi"], target.python) for tag in tags["python"].split(".")
    )


def _fits_platform(platforms: str, machine: str) -> bool:
    return any(
        tag == "any" or (tag.startswith(("manylinux", "linux")) and tag.endswith(machine))
        for tag in platforms.split(".")
    )


def _fits_python(tag: str, abi: str, version: tuple[int, int]) -> bool:
    matched = re.fullmatch(r"(py|cp)(\d)(\d{0,2})", tag)
    if matched is None or int(matched[2]) != version[0]:
        return False
    if not matched[3]:
        return True
    minor = int(matched[3])
    return minor <= version[1] if matched[1] == "py" or "abi3" in abi else minor == version[1] and not abi.endswith("t")
