"""Folders: what is counted, and what a hostile one can do."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from archlint.packages import listing
from archlint.packages.listing import part_label, walk
from archlint.packages.roots import LintedRoot

from .conftest import write

if TYPE_CHECKING:
    from pathlib import Path


def test_total_equals_find(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b.py", 1234)
    write(tmp_path / "a" / ".hidden" / "c", 4096)
    write(tmp_path / "d.bin", 100_000)
    counted = subprocess.run(["find", str(tmp_path), "-type", "f", "-printf", "%s\n"], capture_output=True, check=True)
    assert walk(tmp_path, LintedRoot(tmp_path)).total == sum(map(int, counted.stdout.split()))
    # du counts the folders themselves too
    du = subprocess.run(["du", "-sb", str(tmp_path)], capture_output=True, check=True)
    folders = sum(path.stat().st_size for path in [tmp_path, *tmp_path.rglob("*")] if path.is_dir())
    assert walk(tmp_path, LintedRoot(tmp_path)).total + folders == int(du.stdout.split()[0])


def test_a_loop_of_links_ends_and_counts_once(tmp_path: Path) -> None:
    write(tmp_path / "a" / "file", 10)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a")
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    found = walk(tmp_path, LintedRoot(tmp_path))
    assert found.total == 10
    assert any("folder around it" in note for note in found.notes)


def test_a_link_inside_the_root_is_followed_as_the_builder_does(tmp_path: Path) -> None:
    write(tmp_path / "shared" / "lib.py", 500)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lib").symlink_to(tmp_path / "shared")
    assert walk(tmp_path / "src", LintedRoot(tmp_path)).files == (("lib/lib.py", 500),)


def test_a_link_out_of_the_root_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "outside" / "secret", 1000)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "root" / "file").symlink_to(tmp_path / "outside" / "secret")
    found = walk(tmp_path / "root", LintedRoot(tmp_path / "root"))
    assert found.total == 0
    assert found.at_least
    assert len(found.notes) == 2


def test_links_that_multiply_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_FOLDERS", 2000)
    for level in range(30):
        folder = tmp_path / f"l{level}"
        folder.mkdir()
        for name in ("a", "b"):
            (folder / name).symlink_to(tmp_path / f"l{level + 1}")
    (tmp_path / "l30").mkdir()
    assert walk(tmp_path / "l0", LintedRoot(tmp_path)).at_least


def test_an_unreadable_folder_is_a_lower_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "open" / "file", 10)
    write(tmp_path / "closed" / "file", 20)
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # as root nothing is unreadable
    found = walk(tmp_path, LintedRoot(tmp_path))
    assert (found.total, found.at_least) == (10, True)
    assert found.notes == ("closed: cannot be read (Permission denied)",)


def test_special_files_weigh_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert walk(tmp_path, LintedRoot(tmp_path)).files == ()


def test_every_one_of_thirty_thousand_files_is_measured(tmp_path: Path) -> None:
    for folder in range(300):
        (tmp_path / f"d{folder}").mkdir()
        for name in range(100):
            (tmp_path / f"d{folder}" / f"f{name}").touch()
    assert len(walk(tmp_path, LintedRoot(tmp_path), ("*.pyc", ".git")).files) == 30_000


def test_file_names_cannot_break_a_message(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\xff\n\x1b[31m")
    write(tmp_path / name, 5)
    [(label, size)] = walk(tmp_path, LintedRoot(tmp_path)).parts()
    assert size == 5
    assert label.isprintable()
    label.encode()


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("app.py", "app.py"),
        ("numpy/core/x.so", "numpy"),
        ("python/lib/python3.12/site-packages/numpy/core/x.so", "python/lib/python3.12/site-packages/numpy"),
        ("nodejs/node_modules/@aws-sdk/client-s3/index.js", "nodejs/node_modules/@aws-sdk/client-s3"),
        ("node_modules/sharp/lib/a.js", "node_modules/sharp"),
        ("python/one.py", "python/one.py"),
    ],
)
def test_parts_are_packages(path: str, label: str) -> None:
    assert part_label(path) == label


@pytest.mark.parametrize(
    "text", ["", "../other", "/etc/passwd", "s3://bucket/key", "https://host/a.zip", "a\0b", "x" * 5000]
)
def test_paths_do_not_leave_the_root(tmp_path: Path, text: str) -> None:
    write(tmp_path / "other" / "file", 1)
    (tmp_path / "root").mkdir()
    assert LintedRoot(tmp_path / "root").resolve(tmp_path / "root", text) is None
