"""How large the layers of an image are, uncompressed.

A layer stored as a plain tar has that size. The trailer of a gzip file states its size modulo 4 GiB, and where several
are strung together only that of the last one: small layers of doubtful size are counted by unpacking them into
nothing, of large ones the smallest size counts that trailer and packed length allow. So no layer is ever thought too
large.
"""

from __future__ import annotations

import zlib
from typing import Protocol

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
MAX_COUNTED = 32 * 1024 * 1024
"""Packed bytes of a layer up to which it is unpacked to count it: a blink for files, seconds for gigabytes of zeros."""
MAX_UNPACKED = 12 * 1024**3
"""Where counting stops: beyond Lambda's limit it makes no difference."""
_CHUNK = 1024 * 1024
_GIB_4 = 2**32
_DEFLATE_RATIO = 1032  # https://zlib.net/zlib_tech.html, "Maximum Expansion Factor"
_LIKELY_RATIO = 20
"""Files of images shrink to a half or a third; a trailer that asks for more than this is that of a part."""
_STARGZ = b"STARGZ"
"""In the last bytes of layers made for lazy pulling: one gzip file per chunk, and an empty one at the end.

https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md#footer
"""


class ImageFiles(Protocol):
    """The files of an image, wherever they lie."""

    def size(self, name: str) -> int | None:
        """Bytes of a file; None when it is not there."""

    def read(self, name: str, start: int, count: int) -> bytes:
        """Bytes of a file from `start` (from the end when negative); fewer when there are no more."""


def layer_size(files: ImageFiles, name: str) -> tuple[int | None, bool]:
    """Uncompressed bytes of a layer, and whether it has just these (else: at least these); (None, False) without it."""
    packed = files.size(name)
    if packed is None:
        return None, False  # a base layer that stayed in its registry
    head = files.read(name, 0, 18)
    if head.startswith(GZIP_MAGIC):
        return _gzip_size(files, name, packed)
    if head.startswith(ZSTD_MAGIC):
        return _zstd_size(head) or packed, False
    return packed, True


def _gzip_size(files: ImageFiles, name: str, packed: int) -> tuple[int, bool]:
    # https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1 (ISIZE)
    tail = files.read(name, -64, 64)
    stated = int.from_bytes(tail[-4:], "little")
    # Deflate never grows data by more than a few bytes in 16 KiB, so the unpacked size is about `packed` or more.
    floor = max(0, packed - packed // 1000 - 1024)
    if stated >= floor and packed * _DEFLATE_RATIO < stated + _GIB_4:
        return stated, True
    if packed <= MAX_COUNTED:
        return _counted(files, name, packed)
    if stated >= floor:
        return stated, False
    guess = stated + -(-(floor - stated) // _GIB_4) * _GIB_4
    is_part = _STARGZ in tail or guess > packed * _LIKELY_RATIO
    return floor if is_part else guess, False


def _counted(files: ImageFiles, name: str, packed: int) -> tuple[int, bool]:
    """Unpacks a layer, keeping nothing. What follows a damaged place does not count."""
    total = 0
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for start in range(0, packed, _CHUNK):
        rest = files.read(name, start, _CHUNK)
        while rest:
            try:
                total += len(inflater.decompress(rest, _CHUNK))
            except zlib.error:
                return total, False
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            if inflater.eof:
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
            if total > MAX_UNPACKED:
                return total, False
    return total, True


def _zstd_size(head: bytes) -> int | None:
    """The size that a zstd frame states; None when it does not, as frames made on the fly.

    https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1
    """
    if len(head) < len(ZSTD_MAGIC) + 1:
        return None
    flags = head[4]
    is_single = bool(flags & 0x20)
    length = (1 if is_single else 0, 2, 4, 8)[flags >> 6]
    start = 5 + (0 if is_single else 1) + (0, 1, 2, 4)[flags & 3]
    if not length:
        return None
    return int.from_bytes(head[start : start + length], "little") + (256 if length == 2 else 0)
