"""Definition files that templates name: state machines, OpenAPI documents, GraphQL schemas."""

from __future__ import annotations

import functools
import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from archlint.errors import TemplateError
from archlint.reads import looked_for
from archlint.template.document import Document, decode, read_document

if TYPE_CHECKING:
    from collections.abc import Callable

# A definition above this cannot be deployed: CloudFormation and API Gateway take far less.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html (10 MB payload)
MAX_BYTES = 12_000_000


def open_below(
    document: Document, relative: str, root: Path, prepare: Callable[[str], str] | None = None
) -> Document | None:
    """The parsed file at `relative` to `document`; None when it is not below `root`.

    `prepare` makes parsable what only a deployment does; it must keep the lines. Raises OSError when there is no
    file and TemplateError when it cannot be parsed.
    """
    path = _path_below(document, relative, root)
    if path is None:
        return None
    name = posixpath.normpath(posixpath.join(posixpath.dirname(document.name), relative))
    if prepare is None:
        return read_document(path, name)
    source = decode(path.read_bytes())
    return read_document(path, name, prepare(source), source=source)


def text_below(document: Document, relative: str, root: Path) -> str | None:
    """The text of the file at `relative` to `document` (resolver code, mapping templates); None if unreadable."""
    try:
        path = _path_below(document, relative, root)
        return None if path is None else decode(path.read_bytes())
    except (OSError, ValueError, TemplateError):
        return None


def _path_below(document: Document, relative: str, root: Path) -> Path | None:
    named = os.path.join(document.path.parent, relative)  # noqa: PTH118 - str: most templates name files of another kind
    real = os.path.realpath(named)
    if real != named:
        looked_for(named)
    if not Path(real).is_relative_to(_real(root)):
        return None
    if not os.path.isfile(real):  # noqa: PTH113 - str: many lie elsewhere
        looked_for(real)
        real = _in_other_case(real)
    path = Path(real)
    return path if path.is_file() and path.stat().st_size <= MAX_BYTES else None


@functools.lru_cache(maxsize=8)
def _real(root: Path) -> str:
    return os.path.realpath(root)


def _in_other_case(path: str) -> str:
    """The one file of the folder whose name differs in case only, as macOS and Windows find it; else the path."""
    folder, name = os.path.split(path)
    name = name.casefold()
    try:
        found = [entry for entry in os.listdir(folder) if entry.casefold() == name]  # noqa: PTH208 - names are enough
    except OSError:
        return path
    other = os.path.join(folder, found[0]) if len(found) == 1 else path  # noqa: PTH118
    return path if os.path.islink(other) else other  # noqa: PTH114
