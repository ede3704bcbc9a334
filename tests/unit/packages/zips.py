"""Zip archives written by hand: a directory can state anything."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Member:
    """A member of an archive. `size` is what the directory states, `data` what is stored (deflated)."""

    name: str
    size: int
    data: bytes = b""
    flags: int = 0
    packed: int | None = None


def write_zip(
    path: Path, members: list[Member], *, zip64: bool = False, before: bytes = b"", comment: bytes = b""
) -> Path:
    """Writes the archive, in zip64 form when asked."""
    content = bytearray(before)
    directory = bytearray()
    for member in members:
        packer = zlib.compressobj(wbits=-15)
        packed = packer.compress(member.data) + packer.flush()
        offset = len(content) - len(before)
        name = member.name.encode()
        content += struct.pack(
            "<4s5H3L2H", b"PK\3\4", 20, member.flags, 8, 0, 0, 0, len(packed), len(member.data), len(name), 0
        )
        content += name + packed
        stated = member.packed if member.packed is not None else len(packed)
        extra = struct.pack("<2H2Q", 1, 16, member.size, stated) if zip64 else b""
        sizes = (0xFFFFFFFF, 0xFFFFFFFF) if zip64 else (stated, member.size)
        directory += struct.pack(
            "<4s6H3L5H2L",
            b"PK\1\2",
            20,
            20,
            member.flags,
            8,
            0,
            0,
            0,
            *sizes,
            len(name),
            len(extra),
            0,
            0,
            0,
            0,
            offset,
        )
        directory += name + extra
    start = len(content) - len(before)
    content += directory
    if zip64:
        record = len(content) - len(before)
        count = len(members)
        content += struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), start)
        content += struct.pack("<4sLQL", b"PK\6\7", 0, record, 1)
        content += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, len(comment))
    else:
        count = len(members)
        content += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), start, len(comment))
    path.write_bytes(bytes(content) + comment)
    return path
