"""Which files npm packs, as `npm pack` of npm 11 does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from archlint.packages.builders import Builder, copied
from archlint.packages.roots import LintedRoot

from .conftest import write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def npm_packs(folder: Path, manifest: Mapping[str, object], **files: str) -> set[str]:
    """What `sam build` takes from a folder of these files, named with `__` for `/`."""
    write(folder / "package.json", text=json.dumps(manifest))
    for name, text in files.items():
        write(folder / name.replace("__", "/"), text=text)
    return {path for path, _ in copied(folder, LintedRoot(folder), Builder.NPM).files}


def test_npm_honours_the_ignore_files_of_every_folder(tmp_path: Path) -> None:
    files = {
        ".gitignore": "dist/\n*.md\n", "dist__x": "", "README.md": "", "Licence": "", "CHANGES.md": "",
        "sub__.gitignore": "a\n", "sub__a": "", "sub__b": "", "own__.gitignore": "a\n", "own__.npmignore": "b\n",
        "own__a": "", "own__b": "", "own__back.md": "",
        "own__inner__.npmignore": "!back.md\n", "own__inner__back.md": "",
    }  # fmt: skip
    expected = {"package.json", "README.md", "Licence", "sub/b", "own/a", "own/inner/back.md"}
    assert npm_packs(tmp_path, {}, **files) == expected


def test_npm_leaves_out_locks_and_modules_at_the_top_only_and_links_everywhere(tmp_path: Path) -> None:
    for folder in ("", "pkg__"):
        npm_packs(tmp_path, {}, **{f"{folder}node_modules__dep__i.js": "", f"{folder}package-lock.json": ""})
    (tmp_path / "link.js").symlink_to("package.json")
    (tmp_path / "linked").symlink_to("pkg")
    assert npm_packs(tmp_path, {}) == {"package.json", "pkg/node_modules/dep/i.js", "pkg/package-lock.json"}


def test_npm_packs_the_files_that_are_named(tmp_path: Path) -> None:
    manifest = {"files": ["./dist/", "!dist/no.txt", "src/*.js"], "main": "./lib/main.js", "bin": {"a": "cli.js"}}
    files = {
        "dist__yes.txt": "", "dist__no.txt": "", "dist__sub__.npmignore": "x\n", "dist__sub__x": "", "index.js": "",
        "src__a.js": "", "src__a.ts": "", "lib__main.js": "", "cli.js": "", ".npmignore": "dist\n", "license.txt": "",
    }  # fmt: skip
    expected = {"package.json", "dist/yes.txt", "src/a.js", "lib/main.js", "cli.js", "license.txt"}
    assert npm_packs(tmp_path, manifest, **files) == expected
