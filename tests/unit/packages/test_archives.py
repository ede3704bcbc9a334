"""Archives are measured from their directory, whatever it says."""

from __future__ import annotations

import contextlib
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.packages.archives import MAX_DIRECTORY, ArchiveError, is_zip, list_zip, read_head, zip_entries

from .zips import Member, write_zip

if TYPE_CHECKING:
    from pathlib import Path


def test_sizes_are_those_of_the_standard_library(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", b"x" * 1000)
        archive.writestr("numpy/core.so", b"y" * 50_000)
        archive.writestr("folder/", b"")
        archive.comment = b"with a comment PK\x05\x06"
    found = list_zip(path)
    assert dict(found.files) == {"app.py": 1000, "numpy/core.so": 50_000}
    assert (found.at_least, found.notes) == (False, ())


def test_a_bomb_is_counted_and_not_opened(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "bomb.zip", [Member(f"{number}", 0xFFFFFFFE, b"0" * 100) for number in range(10_000)])
    tracemalloc.start()
    assert list_zip(path).total == 10_000 * 0xFFFFFFFE
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


def test_a_size_that_the_data_cannot_have_is_noted(tmp_path: Path) -> None:
    honest = list_zip(write_zip(tmp_path / "zeros.zip", [Member("zeros", 9_000_000, bytes(9_000_000))]))
    assert (honest.total, honest.notes) == (9_000_000, ())
    lying = list_zip(write_zip(tmp_path / "lie.zip", [Member("app.py", 9_000_000, b"x")]))
    assert (lying.total, lying.notes) == (9_000_000, ("lie.zip: states sizes that its data cannot unpack to",))


def test_overlapping_entries_are_counted_each(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [Member("a", 10**9, b"a"), Member("b", 10**9, b"b")])
    assert list_zip(path).total == 2 * 10**9


@pytest.mark.parametrize("before", [b"", b"#!/usr/bin/env python3\n"])
def test_zip64(tmp_path: Path, before: bytes) -> None:
    path = write_zip(tmp_path / "a.zip", [Member("big", 5_000_000_000, b"data")], zip64=True, before=before)
    assert list_zip(path).total == 5_000_000_000
    with zipfile.ZipFile(path) as archive:
        assert archive.infolist()[0].file_size == 5_000_000_000


def test_something_before_the_archive(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.pyz", [Member("a", 4, b"\x7fELF")], before=b"#!python\n" * 100)
    assert is_zip(path)
    with path.open("rb") as file:
        assert read_head(file, zip_entries(path)[0], 4) == b"\x7fELF"


def test_a_name_twice_is_one_file(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [Member("a", 10, b"a"), Member("a", 20, b"b")])
    assert list_zip(path).files == (("a", 20),)


def test_an_encrypted_archive_is_counted_with_a_note(tmp_path: Path) -> None:
    found = list_zip(write_zip(tmp_path / "a.zip", [Member("a", 1000, b"a", flags=1)]))
    assert found.total == 1000
    assert found.notes == ("a.zip: the archive is encrypted",)


def test_an_entry_beyond_the_end_is_not_counted(tmp_path: Path) -> None:
    found = list_zip(write_zip(tmp_path / "a.zip", [Member("a", 10**9, b"a", packed=10**8), Member("b", 5, b"b")]))
    assert (found.total, found.at_least) == (5, True)
    assert "cut off" in found.notes[0]


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", b"PK\x05\x06" * 9]
)
def test_what_is_no_archive_has_no_size(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    found = list_zip(path)
    assert (found.files, found.at_least) == ((), True)
    assert found.notes


def test_a_cut_off_archive_has_no_size(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [Member("a", 1000, b"a" * 1000)])
    path.write_bytes(path.read_bytes()[:-30])
    assert list_zip(path).files == ()


def test_a_huge_directory_is_not_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [Member("a", 1, b"a")])
    content = bytearray(path.read_bytes())
    content[-10:-6] = (MAX_DIRECTORY + 1).to_bytes(4, "little")
    with path.open("wb") as file:
        file.truncate(MAX_DIRECTORY + 1000)
        file.seek(0, 2)
        file.write(bytes(content[-22:]))
    assert list_zip(path).files == ()


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, 400), value=st.integers(0, 255), cut=st.integers(0, 400))
def test_damage_never_raises(tmp_path_factory: pytest.TempPathFactory, position: int, value: int, cut: int) -> None:
    path = tmp_path_factory.mktemp("damage") / "a.zip"
    write_zip(path, [Member("a.so", 10, b"a" * 10), Member("b.so", 20, b"b" * 20)], zip64=bool(cut % 2))
    content = bytearray(path.read_bytes())
    if position < len(content):
        content[position] = value
    path.write_bytes(content[: len(content) - cut % 50])
    list_zip(path)
    with contextlib.suppress(ArchiveError), path.open("rb") as file:
        for entry in zip_entries(path):
            read_head(file, entry, 20)
