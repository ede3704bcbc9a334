"""Templates by text, lowered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archlint.template.document import Document, read_document
from archlint.template.model import Resource
from archlint.template.sam import lower


@dataclass(frozen=True)
class Lowered:
    """The resources of a template, and the lines that they point at."""

    resources: Mapping[str, Resource]
    document: Document
    conditions: Mapping[str, Any]

    def __getitem__(self, logical_id: Any) -> Any:
        return self.resources[logical_id].properties

    def types(self) -> dict[str, str]:
        return {logical_id: resource.type for logical_id, resource in self.resources.items()}

    def line(self, logical_id: str, *path: str | int) -> str:
        """The source line of the property at `path`, without indentation; of the resource without a path."""
        place = self.resources[logical_id].place(path)
        return self.document.lines[place.location().region.start_line - 1].strip()


@pytest.fixture
def lowered(tmp_path: Path) -> Callable[[str], Lowered]:
    """Lowers the text of a template."""

    def run(text: str) -> Lowered:
        document = read_document(tmp_path / "template.yaml", "template.yaml", text)
        data = document.data
        assert isinstance(data, dict)
        conditions: dict[str, Any] = {}
        return Lowered(lower(data, document, conditions=conditions), document, conditions)

    return run
