"""Templates with their files in a temporary folder, and the packages measured from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.config import Config
from archlint.lint import build
from archlint.packages import Packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archlint.graph.model import Node

SAM_HEADER = "Transform: AWS::Serverless-2016-10-31\nResources:\n"


class Measured:
    """The packages of a run and its nodes by logical ID."""

    def __init__(self, root: Path) -> None:
        estate = build([root], Config())
        self.packages = Packages(estate.graph, estate.discovery.root)
        self.nodes: dict[str, Node] = {node.logical_id: node for node in estate.graph.nodes.values()}

    def total(self, logical_id: str) -> int | None:
        measure = self.packages.of(self.nodes[logical_id])
        return measure.total if measure is not None else None

    def source(self, logical_id: str) -> str | None:
        measure = self.packages.of(self.nodes[logical_id])
        return str(measure.source) if measure is not None else None

    @property
    def notes(self) -> str:
        return "\n".join(note.message for note in self.packages.notes)


@pytest.fixture
def measured(tmp_path: Path) -> Callable[[str], Measured]:
    """Writes `template.yaml` and measures what lies beside it."""

    def measure(template: str) -> Measured:
        (tmp_path / "template.yaml").write_text(template)
        return Measured(tmp_path)

    return measure


def function(name: str = "Fn", code: str = "src", **properties: str) -> str:
    """A SAM function of a template's `Resources`, in Python unless said otherwise."""
    given = {"Runtime": "python3.12", "Handler": "app.handler", **properties}
    lines = "".join(f"      {key}: {value}\n" for key, value in given.items())
    return f"  {name}:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: {code}\n{lines}"


def write(path: Path, size: int = 0, text: str | None = None) -> Path:
    """A file of this many bytes (sparse) or with this text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is not None:
        path.write_text(text)
    else:
        with path.open("wb") as file:
            file.truncate(size)
    return path
