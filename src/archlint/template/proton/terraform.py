"""What can be said about Terraform without reading HCL: the `var.…` paths, the outputs, and their lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.errors import TemplateError
from archlint.findings import Location, Region
from archlint.template.document import Document, decode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# https://docs.aws.amazon.com/proton/latest/userguide/env-parameters-tform.html
_READ = re.compile(
    r"\bvar\.((?:environment|service_instances?|service|pipeline|component)\b(?:\.\w+|\[[^\]\n]{0,100}\])*)"
)
_OUTPUT = re.compile(r"""^\s*output\s+"?([\w-]+)"?\s*\{""", re.MULTILINE)
_SUBSCRIPT = re.compile(r"""\["([\w-]+)"\]""")
# A bundle may have ten files at most: https://docs.aws.amazon.com/proton/latest/userguide/ag-limits.html
_MOST_FILES = 50
_MOST_BYTES = 1_000_000


def terraform_files(folder: Path, name: str) -> list[Document]:
    """The `.tf` files in a part's folder and one folder below; the data of each are the names of its outputs."""
    found = sorted([*folder.glob("*.tf"), *folder.glob("*/*.tf")])[:_MOST_FILES]
    documents = []
    for path in found:
        try:
            if path.is_symlink() or path.stat().st_size > _MOST_BYTES:
                continue
            text = decode(path.read_bytes())
        except (OSError, TemplateError):
            continue
        documents.append(_document(path, f"{name}/{path.relative_to(folder).as_posix()}", text))
    return documents


def _document(path: Path, name: str, text: str) -> Document:
    """A document whose data are the outputs of the file, so that a path `(name,)` leads to the line of an output."""
    found = [(match[1], text.count("\n", 0, match.start(1)) + 1) for match in _OUTPUT.finditer(text)]
    outputs = dict(reversed(found))
    rows = list(outputs.values())

    def relocate(line: int, column: int) -> tuple[int, int]:
        row = rows[min(line, len(rows)) - 1] if rows else 1
        return row, column if column == 1 else len(text.split("\n")[row - 1]) + 1

    listed = "\n".join(f"{output}: 0" for output in outputs)
    return Document(path, name, text, dict.fromkeys(outputs, 0), parsed_text=listed, relocate=relocate)


def terraform_reads(document: Document) -> Iterator[tuple[str, Location]]:
    """Every path below `var.` that Proton fills, as in Jinja (`environment.outputs.VpcId`), with its place."""
    for row, line in enumerate(document.lines, 1):
        if "var." not in line or line.lstrip().startswith(("#", "//")):
            continue
        for match in _READ.finditer(line):
            path = _SUBSCRIPT.sub(r".\1", match[1])
            yield path, Location(document.name, Region(row, match.start() + 1, row, match.end() + 1))
