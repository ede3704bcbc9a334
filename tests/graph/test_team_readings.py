"""Who needs whom in real repositories of several teams, against what a person read in their templates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from archlint.config import Config
from archlint.graph.export import EXPORTERS
from archlint.graph.tables import to_table
from archlint.graph.teams import OwnerGraph, owner_graph
from archlint.graph.view import owner_view
from archlint.lint import build, run
from tests.graph.compare import CORPUS

READINGS = sorted((Path(__file__).parent / "teams").glob("*.yaml"))
ACROSS_TEAMS = ("IAM001", "IAM003", "IAM004", "IAM007", "ORG004", "ORG005")

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"NO TEAM PICTURE IS COMPARED: the real templates are not at {CORPUS}"
)


@dataclass(frozen=True)
class Need:
    """What one team needs of another; names without their templates."""

    team: str
    of: str
    waits: tuple[str, ...]
    uses: tuple[str, ...]
    takes: tuple[str, ...]


def read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return data


def needs_read(reading: dict[str, Any]) -> set[Need]:
    return {
        Need(row["team"], row["of"], tuple(row.get("waits", ())), tuple(row["uses"]), tuple(row["takes"]))
        for row in reading["needs"]
    }


def needs_drawn(found: OwnerGraph) -> set[Need]:
    return {
        Need(
            item.owner,
            item.needs,
            tuple(sorted(node.logical_id for node in item.waiting)),
            tuple(sorted(node.logical_id for node in item.using)),
            tuple(sorted(value.name.partition("#")[2] for value in item.values)),
        )
        for item in found.dependences
    }


def config(reading: dict[str, Any]) -> Config:
    return Config(owners=tuple(reading["owners"].items()), parameters=reading["parameters"])


@pytest.mark.parametrize("path", READINGS, ids=lambda path: path.stem)
def test_the_picture_is_what_a_reader_sees(path: Path) -> None:
    reading = read(path)
    found = owner_graph(build([CORPUS / reading["application"]], config(reading)).graph)
    assert {name: len(team.functions) for name, team in found.teams.items()} == reading["functions"]
    drawn, seen = needs_drawn(found), needs_read(reading)
    assert drawn - seen == set(), "drawn, but not to be read"
    assert seen - drawn == set(), "to be read, but not drawn"


@pytest.mark.parametrize("path", READINGS, ids=lambda path: path.stem)
def test_every_format_has_every_edge(path: Path) -> None:
    reading = read(path)
    found = owner_graph(build([CORPUS / reading["application"]], config(reading)).graph)
    view = owner_view(found)
    assert len(view.edges) == len(reading["needs"])
    pictures = {form: EXPORTERS[form](view) for form in ("mermaid", "dot")}
    table = to_table(found, "team")
    for need in needs_read(reading):
        said = _said(need, reading["functions"][need.team])
        assert all(phrase in picture for phrase in said for picture in pictures.values()), need
        row = next(line for line in table.splitlines() if line.split("|")[1:3] == _cells(table, need))
        assert f" {len(need.uses)} of" in row or not need.uses


def _said(need: Need, functions: int) -> list[str]:
    """What the label of an edge says of a need, in words."""
    said = []
    if need.takes:
        said.append(f"takes {len(need.takes)} value{'s' if len(need.takes) > 1 else ''}")
    if need.uses and not need.waits:
        said.append(f"uses it in {len(need.uses)} of {functions} function")
    if need.waits:
        said.append(f"waits for {len(need.waits)} of {functions} function")
    return said


def _cells(table: str, need: Need) -> list[str]:
    """The first two cells of the row of a need, as wide as the table's."""
    widths = [len(cell) for cell in table.splitlines()[0].split("|")[1:3]]
    return [f" {name}".ljust(width) for name, width in zip((need.team, need.of), widths, strict=True)]


@pytest.mark.parametrize("path", READINGS, ids=lambda path: path.stem)
def test_where_nobody_owns_anything_nobody_waits(path: Path) -> None:
    reading = read(path)
    result = run([CORPUS / reading["application"]], Config(select=ACROSS_TEAMS, parameters=reading["parameters"]))
    assert result.findings == ()
    assert result.graph is not None
    assert owner_graph(result.graph).dependences == ()  # one CODEOWNERS line for all of it at most
