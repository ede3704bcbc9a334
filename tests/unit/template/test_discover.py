"""Which files a walk takes up: what is no regular file is left alone."""

import os
from pathlib import Path

import pytest

from archlint.template.discover import discover


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "link.yaml").symlink_to("pipe.yaml")
    (tmp_path / "template.yaml").touch()
    assert [path.name for path in discover([tmp_path]).files] == ["template.yaml"]


def test_links_inside_the_root_are_followed_to_files_only(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "template.yaml").touch()
    (tmp_path / "outside.yaml").touch()
    for name, target in {
        "inside": "template.yaml",
        "outside": "../outside.yaml",
        "folder": "folder",
        "gone": "no",
    }.items():
        (root / f"{name}.yaml").symlink_to(target)
    assert [path.name for path in discover([root]).files] == ["inside.yaml", "template.yaml"]
