"""Which files a walk takes up: what is no regular file is left alone."""

import os
from pathlib import Path

import pytest

from archlint.errors import UsageError
from archlint.template.discover import discover
from archlint.template.expand import MAX_ALL_COPIES
from archlint.template.load import load_template


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "link.yaml").symlink_to("pipe.yaml")
    (tmp_path / "template.yaml").touch()
    assert [path.name for path in discover([tmp_path]).files] == ["template.yaml"]
    with pytest.raises(UsageError, match=r"link\.yaml is neither a file nor a folder"):
        discover([tmp_path / "link.yaml"])


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


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (".", ["a/kept.yaml"]),
        ("a", ["a/kept.yaml"]),
        ("a/made", ["a/made/x.yaml"]),  # who names it means it
        ("a/made/x.yaml", ["a/made/x.yaml"]),
        ("b", []),
    ],
)
def test_exclude_counts_from_the_folder_of_the_configuration(tmp_path: Path, start: str, found: list[str]) -> None:
    for name in ("a/made/x.yaml", "a/kept.yaml", "b/x.skip.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    files = discover([tmp_path / start], ["a/made/", "*.skip.yaml"], tmp_path).files
    assert [path.relative_to(tmp_path).as_posix() for path in files] == found


def test_all_is_excluded_below_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").touch()
    assert discover([tmp_path], ["**"], tmp_path).files == ()


@pytest.mark.parametrize("wrong", ["!", "[z-a]", "a\\", "*a*a*a*a*a*a*a*a*b", "**/a" * 9])
def test_a_line_of_gitignore_that_is_no_pattern_takes_no_other_along(tmp_path: Path, wrong: str) -> None:
    (tmp_path / ".gitignore").write_text(f"{wrong}\nx.yaml\n")
    for name in ("x.yaml", "y.yaml"):
        (tmp_path / name).touch()
    assert [path.name for path in discover([tmp_path]).files] == ["y.yaml"]


def test_loops_in_loops_do_not_multiply_without_end(tmp_path: Path) -> None:
    body = "{'Q${a}${b}${c}': {Type: 'AWS::SQS::Queue'}}"
    for name in "cba":
        body = f"{{'Fn::ForEach::{name.upper()}': [{name}, {[f'x{number}' for number in range(300)]}, {body}]}}"
    path = tmp_path / "t.yaml"
    path.write_text(f"Transform: AWS::LanguageExtensions\nResources: {body}\n")
    assert len(load_template(path, "t.yaml", tmp_path).resources) == MAX_ALL_COPIES
