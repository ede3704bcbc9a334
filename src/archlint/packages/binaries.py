"""Native libraries in a package and the system they were built for, told by the head of each file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from archlint.packages.archives import ArchiveError, read_head, zip_entries
from archlint.packages.listing import Listing, part_label

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MAX_LIBRARIES = 5000
_HEAD = 20
_LIBRARY = re.compile(r"\.(so(\.\d+)*|node|dylib|pyd)$")
_PLATFORM_WORDS = re.compile(
    r"[-_.]?(darwin|linuxmusl|linux|win32|musl|gnu|x64|x86_64|arm64|aarch64|arm|ia32)(?=$|[-_./])"
)

# e_machine: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
_BIG_ENDIAN = 2  # EI_DATA
_ELF_MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}
_MACH_O = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


class ForeignBinary(msgspec.Struct, frozen=True):
    """A native library that Lambda cannot load: `built_for` is `macOS`, `Windows` or an architecture."""

    path: str
    built_for: str


def foreign_binaries(listing: Listing, architectures: Collection[str]) -> list[ForeignBinary]:
    """Libraries built for another system or machine type than the `architectures` (Lambda's words; empty: not known).

    A package that brings builds for several systems (`prebuilds`, `sharp-darwin-arm64` beside `sharp-linux-x64`) is
    silent when one of them fits.
    """
    served: set[str] = set()
    foreign: list[ForeignBinary] = []
    for path, head in _heads(listing):
        built_for = _built_for(head)
        if built_for is None:
            continue
        if built_for in ("macOS", "Windows") or (architectures and built_for not in architectures):
            foreign.append(ForeignBinary(path, built_for))
        else:
            served.add(_family(path))
    return [binary for binary in foreign if _family(binary.path) not in served]


def _family(path: str) -> str:
    """The package a library belongs to, without the words that name a platform."""
    return _PLATFORM_WORDS.sub("", part_label(path))


def _built_for(head: bytes) -> str | None:
    if head.startswith(b"\x7fELF") and len(head) >= _HEAD:
        machine = int.from_bytes(head[18:20], "big" if head[5] == _BIG_ENDIAN else "little")
        return _ELF_MACHINES.get(machine, f"machine type {machine:#x}")
    if head.startswith(_MACH_O):
        return "macOS"
    return "Windows" if head.startswith(b"MZ") else None


def _heads(listing: Listing) -> Iterator[tuple[str, bytes]]:
    """Path and first bytes of each native library."""
    names = [path for path, _ in listing.files if _LIBRARY.search(path)][:MAX_LIBRARIES]
    if not names:
        return
    if listing.origin.is_dir():
        for name in names:
            try:
                with (listing.origin / name).open("rb") as file:
                    yield name, file.read(_HEAD)
            except (OSError, ValueError):
                continue
        return
    try:
        entries = {entry.name: entry for entry in zip_entries(listing.origin)}
        with listing.origin.open("rb") as file:
            for name in names:
                if name in entries:
                    yield name, read_head(file, entries[name], _HEAD)
    except (ArchiveError, OSError):
        return
