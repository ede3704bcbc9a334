"""The index of an uncompressed tar archive: names, offsets and sizes of its files, read by hopping over the data.

`tarfile` reads extended headers of any size into memory; here every read is bounded.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, BinaryIO

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 512
MAX_MEMBERS = 100_000
MAX_EXTENDED = 1024 * 1024
MAX_LINKS = 10
_EXTENDED = {b"x": "", b"L": "path", b"K": "linkpath"}
"""Headers that say more about the next member, and which of its fields GNU's hold."""


class TarMember(msgspec.Struct, frozen=True):
    """One regular file in a tar archive; its data is `size` bytes at `offset`."""

    name: str
    offset: int
    size: int


def tar_index(file: BinaryIO) -> dict[str, TarMember]:
    """The regular files of an archive by name (without a leading `./`); empty when it is no tar archive.

    A link inside the archive stands for the file it names: `docker save` links layers that several images share.
    """
    links: dict[str, str] = {}
    found = {member.name: member for member in _members(file, links)}
    for name in links:
        target = name
        for _ in range(MAX_LINKS):
            target = links.get(target, target)
        if name not in found and target in found:
            found[name] = found[target]
    return found


def _members(file: BinaryIO, links: dict[str, str]) -> Iterator[TarMember]:
    """The regular files; where links point is added to `links`."""
    length = file.seek(0, 2)
    position = 0
    overrides: dict[str, str] = {}
    for _ in range(MAX_MEMBERS):
        file.seek(position)
        header = file.read(BLOCK)
        if len(header) < BLOCK or not _has_checksum(header):
            return
        size = _number(header[124:136])
        kind = header[156:157]
        data = position + BLOCK
        if kind in _EXTENDED:
            content = file.read(min(size, MAX_EXTENDED))
            overrides |= _pax_records(content) if kind == b"x" else {_EXTENDED[kind]: _text(content)}
            position = data + _padded(size)
            continue
        name = (overrides.get("path") or _name(header)).removeprefix("./")
        if kind in (b"0", b"\0", b"7"):
            size = int(overrides["size"]) if overrides.get("size", "").isdecimal() else size
            # A size beyond the end is a cut-off or lying archive: what is not there is not counted.
            yield TarMember(name, data, min(size, max(0, length - data)))
        elif kind in (b"1", b"2"):
            links[name] = _linked(name, overrides.get("linkpath") or _text(header[157:257]), is_hard=kind == b"1")
        position = data + _padded(size)
        overrides = {}
        if position >= length:
            return


def _linked(name: str, target: str, *, is_hard: bool) -> str:
    """The member that a link names: a hard link from the archive's top, a symbolic one from the link's folder."""
    return posixpath.normpath(target if is_hard else posixpath.join(posixpath.dirname(name), target))


def _has_checksum(header: bytes) -> bool:
    """Whether the header's checksum is right: the only mark that every tar dialect shares."""
    return _number(header[148:156]) == sum(header[:148]) + sum(header[156:]) + 8 * ord(" ")


def _number(field: bytes) -> int:
    """An octal number, or GNU's base-256 for sizes of 8 GiB and more; 0 when it is neither."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    try:
        return int(digits, 8) if digits and not digits.startswith(b"-") else 0
    except ValueError:
        return 0


def _name(header: bytes) -> str:
    prefix = _text(header[345:500]) if header[257:262] == b"ustar" and header[263:265] == b"00" else ""
    name = _text(header[:100])
    return f"{prefix}/{name}" if prefix else name


def _text(content: bytes) -> str:
    return content.split(b"\0", 1)[0].decode("utf-8", errors="replace")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _pax_records(content: bytes) -> dict[str, str]:
    r"""`path`, `linkpath` and `size` of a pax header: records of the form `<length> <key>=<value>\\n`."""
    found: dict[str, str] = {}
    while content:
        digits, blank, _ = content[:32].partition(b" ")
        if not blank or not digits.isdigit() or not 0 < int(digits) <= len(content):
            break
        key, _, value = content[len(digits) + 1 : int(digits) - 1].partition(b"=")
        if key in (b"path", b"size", b"linkpath"):
            found[key.decode()] = value.decode("utf-8", errors="replace")
        content = content[int(digits) :]
    return found
