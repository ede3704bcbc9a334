from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Protocol

import pytest

from archlint.graph.link import LinkSettings, link
from archlint.template.document import read_document
from archlint.template.load import template_of

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.graph.model import ResourceGraph


class GraphOf(Protocol):
    """Links templates given as text: the first is `template.yaml`, further ones by file name."""

    def __call__(self, text: str, **others: str) -> ResourceGraph: ...


@pytest.fixture
def graph_of(tmp_path: Path) -> GraphOf:
    def linked(text: str, **others: str) -> ResourceGraph:
        texts = {"template": text, **others}
        templates = []
        for stem, body in texts.items():
            name = f"{stem}.yaml"
            document = read_document(tmp_path / name, name, textwrap.dedent(body))
            templates.append(template_of(document, tmp_path))
        return link(templates, LinkSettings(tmp_path))

    return linked
