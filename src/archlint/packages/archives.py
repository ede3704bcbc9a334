"""Zip archives (also .jar and .whl), measured from their central directory: nothing is extracted.

The directory is read by hand because it is a stranger's: `zipfile` reads one of any size into objects, and raises half
a dozen kinds of errors. Here both the bytes read and the entries are bounded.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from archlint.packages.listing import MAX_FILES, Listing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_DIRECTORY = 64 * 1024 * 1024
"""Bytes of central directory that are read: about 600,000 entries with ordinary names."""

# Layouts: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.12 to 4.3.16 and 4.5.3
_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_SIGNATURE = b"PK\x05\x06"
_MAX_COMMENT = 65_535
_FULL_32 = 0xFFFFFFFF
_FLAG_ENCRYPTED = 0x1
_FLAG_UTF8 = 0x800
_STORED, _DEFLATED = 0, 8
_DEFLATE_RATIO = 1032
"""No byte of deflated data stands for more: https://zlib.net/zlib_tech.html, "Maximum Expansion Factor"."""


class ArchiveError(Exception):
    """The file is no zip archive, or its directory is damaged or too large."""


class ZipEntry(msgspec.Struct, frozen=True):
    """One file of an archive. `offset` is where its local header starts in the file."""

    name: str
    size: int
    packed: int
    offset: int
    method: int
    is_encrypted: bool


class _Directory(msgspec.Struct, frozen=True):
    start: int
    size: int
    shift: int
    """What must be added to every offset because something stands before the archive."""


def is_zip(path: Path) -> bool:
    """Whether the file starts like a zip archive, or ends like one (a self-extracting one)."""
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK" or _find_end(file)[1] >= 0
    except OSError:
        return False


def zip_entries(path: Path) -> list[ZipEntry]:
    """The files of an archive, a name that stands twice as its last entry.

    `ArchiveError` when there is no readable directory.
    """
    try:
        with path.open("rb") as file:
            directory = _directory(file)
            file.seek(directory.start)
            content = file.read(directory.size)
            entries = {entry.name: entry for entry in _entries(content, directory.shift)}
    except OSError as error:
        raise ArchiveError(f"cannot be read ({error.strerror or error})") from error
    return list(entries.values())


def list_zip(path: Path) -> Listing:
    """The files of an archive with the unpacked sizes that its directory states.

    Entries whose data cannot lie in the file are left out and noted; so is everything when it is no zip archive. A
    stated size that the data cannot unpack to counts, with a note: Lambda refuses such an archive whatever its size.
    """
    try:
        status = path.stat()
        entries = zip_entries(path)
    except (ArchiveError, OSError) as error:
        return Listing((), path, at_least=True, notes=(f"{path.name}: {error}",))
    files: list[tuple[str, int]] = []
    notes: list[str] = []
    for entry in entries:
        if entry.offset + _LOCAL.size + entry.packed > status.st_size:
            notes.append(f"{path.name}: the archive is cut off or its directory is wrong")
        else:
            files.append((entry.name, entry.size))
            if entry.size > _largest(entry):
                notes.append(f"{path.name}: states sizes that its data cannot unpack to")
    if any(entry.is_encrypted for entry in entries):
        notes.append(f"{path.name}: the archive is encrypted")
    at_least = len(files) < len(entries) or len(entries) >= MAX_FILES
    return Listing(tuple(files), path, at_least, tuple(dict.fromkeys(notes)), status.st_mtime)


def _largest(entry: ZipEntry) -> int:
    """The most bytes that the data of an entry can unpack to; what is stated where the method sets no bound."""
    if entry.is_encrypted or entry.method not in (_STORED, _DEFLATED):
        return entry.size
    return entry.packed if entry.method == _STORED else entry.packed * _DEFLATE_RATIO


def read_head(file: BinaryIO, entry: ZipEntry, count: int) -> bytes:
    """The first bytes of an entry, unpacked; empty when they cannot be had."""
    try:
        file.seek(entry.offset)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or entry.is_encrypted:
            return b""
        *_, name_length, extra_length = _LOCAL.unpack(header)
        file.seek(name_length + extra_length, 1)
        packed = file.read(min(entry.packed, count + 4096))
        if entry.method == _DEFLATED:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, count)
        return packed[:count] if entry.method == _STORED else b""
    except (OSError, ValueError, OverflowError, zlib.error):  # an offset may be negative or huge
        return b""


def _find_end(file: BinaryIO) -> tuple[bytes, int, int]:
    """The file's tail, where in it the end record starts (-1: nowhere), and where in the file the tail starts."""
    length = file.seek(0, 2)
    tail_start = max(0, length - _END.size - _MAX_COMMENT)
    file.seek(tail_start)
    tail = file.read(_END.size + _MAX_COMMENT)
    position = len(tail)
    while (position := tail.rfind(_END_SIGNATURE, 0, position)) >= 0:
        # The signature may stand in the comment too: the right one is followed by exactly the comment it states.
        comment = position + _END.size
        if comment <= len(tail) and len(tail) - comment == int.from_bytes(tail[comment - 2 : comment], "little"):
            break
    return tail, position, tail_start


def _directory(file: BinaryIO) -> _Directory:
    """Where the central directory is, with the zip64 end record when there is one."""
    tail, position, tail_start = _find_end(file)
    if position < 0:
        raise ArchiveError("is no zip archive, or cut off")
    _, _, _, _, _, size, offset, _ = _END.unpack_from(tail, position)
    end = tail_start + position
    found64 = _end64(file, end)
    if found64 is not None:
        end, size, offset = found64
    start = end - size
    if start < 0 or size > MAX_DIRECTORY:
        raise ArchiveError("has a directory that is damaged or too large")
    return _Directory(start, size, start - offset)


def _end64(file: BinaryIO, end: int) -> tuple[int, int, int] | None:
    """Position of the zip64 end record, size and stated offset of the directory; None when there is no such record."""
    if end < _END64_LOCATOR.size:
        return None
    file.seek(end - _END64_LOCATOR.size)
    signature, _, stated, _ = _END64_LOCATOR.unpack(file.read(_END64_LOCATOR.size))
    if signature != b"PK\x06\x07":
        return None
    # The stated offset is wrong when something stands before the archive; then the record is right before the locator.
    for position in (stated, end - _END64_LOCATOR.size - _END64.size):
        if not 0 <= position <= end - _END64_LOCATOR.size - _END64.size:
            continue
        file.seek(position)
        fields = _END64.unpack(file.read(_END64.size))
        if fields[0] == b"PK\x06\x06":
            return position, fields[8], fields[9]
    raise ArchiveError("has a damaged zip64 directory")


def _entries(content: bytes, shift: int) -> Iterator[ZipEntry]:
    """The file entries of a central directory, at most `MAX_FILES`."""
    position = 0
    for _ in range(MAX_FILES):
        if position + _ENTRY.size > len(content):
            break
        fields = _ENTRY.unpack_from(content, position)
        signature, _, _, flags, method, _, _, _, packed, size, name_length, extra_length, comment_length = fields[:13]
        if signature != b"PK\x01\x02":
            raise ArchiveError("has a damaged directory")
        name_start = position + _ENTRY.size
        extra_start = name_start + name_length
        position = extra_start + extra_length + comment_length
        raw_name = content[name_start:extra_start]
        name = raw_name.decode("utf-8" if flags & _FLAG_UTF8 else "cp437", errors="replace").replace("\\", "/")
        if name.endswith("/"):
            continue
        extra = content[extra_start : extra_start + extra_length]
        size, packed, offset = _wide(extra, size, packed, fields[16])
        yield ZipEntry(name.lstrip("/"), size, packed, offset + shift, method, bool(flags & _FLAG_ENCRYPTED))


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """The three numbers, from the zip64 extra field where they do not fit in 32 bits."""
    if _FULL_32 not in (size, packed, offset):
        return size, packed, offset
    position = 0
    values: list[int] = []
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        if kind == 1:
            body = extra[position + 4 : position + 4 + length]
            values = [number for (number,) in struct.iter_unpack("<Q", body[: len(body) // 8 * 8])]
            break
        position += 4 + length
    wide = iter(values)
    # Only the numbers that are full stand there, in this order.
    return (
        next(wide, size) if size == _FULL_32 else size,
        next(wide, packed) if packed == _FULL_32 else packed,
        next(wide, offset) if offset == _FULL_32 else offset,
    )
