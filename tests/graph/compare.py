"""Compares graphs that people wrote down by reading templates with the graph that archlint draws.

A reading is a YAML file beside this one: `application` (a folder below the corpus) and `edges`, each with `kind`,
`source`, `target` and, where the reader was sure of them, `mode` and `evidence`. Node ids are those of
`archlint graph --format json`, relative to the application. A reading need not be complete: it says what must be
there, not that there is nothing else.

    python tests/graph/compare.py [--drawn] [NAME ...]     table and missing edges; --drawn lists what no reading has
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import yaml

from archlint.config import Config
from archlint.lint import build

HERE = Path(__file__).parent
CORPUS = HERE.parents[2] / "shared" / "corpus"
_NOT_READ = frozenset({"contains", "references"})


class Edge(NamedTuple):
    """One edge, read or drawn; a reading leaves `mode` and `evidence` empty where it does not say."""

    kind: str
    source: str
    target: str
    mode: str | None = None
    evidence: str | None = None

    def __str__(self) -> str:
        mode = f"/{self.mode}" if self.mode else ""
        evidence = f" ~{self.evidence}" if self.evidence else ""
        return f"{self.kind}{mode} {self.source} -> {self.target}{evidence}"

    def says(self, other: Edge) -> bool:
        """Whether the other, drawn edge is the one that was read."""
        return self[:3] == other[:3] and self.mode in (None, other.mode) and self.evidence in (None, other.evidence)


@dataclass(frozen=True)
class Reading:
    """What a person saw in one application."""

    name: str
    application: str
    edges: tuple[Edge, ...]

    @property
    def folder(self) -> Path:
        """Where the application lies."""
        return CORPUS / self.application


def readings() -> list[Reading]:
    """All readings, by name."""
    return [read(path) for path in sorted(HERE.glob("*.yaml"))]


def read(path: Path) -> Reading:
    """The reading in this file."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Reading(path.stem, data["application"], tuple(_edge(row) for row in data["edges"]))


def drawn(folder: Path) -> list[Edge]:
    """What archlint draws for the templates below this folder, as `archlint graph --format json` writes it."""
    graph = build([folder], Config()).graph
    return [
        Edge(
            edge.kind.value,
            _plain(edge.source.id),
            _plain(edge.target.id),
            edge.mode.value if edge.mode is not None else None,
            edge.evidence.label,
        )
        for edge in graph.edges
    ]


def missing(reading: Reading, graph: list[Edge]) -> list[Edge]:
    """The edges that were read and are not drawn."""
    by_ends: dict[tuple[str, ...], list[Edge]] = {}
    for edge in graph:
        by_ends.setdefault(edge[:3], []).append(edge)
    return [edge for edge in reading.edges if not any(edge.says(found) for found in by_ends.get(edge[:3], ()))]


def unread(reading: Reading, graph: list[Edge]) -> list[Edge]:
    """The edges that are drawn and that the reading does not have, without `contains` and `references`."""
    known = {edge[:3] for edge in reading.edges}
    extra = (edge for edge in graph if edge.kind not in _NOT_READ and edge[:3] not in known)
    return list(dict.fromkeys(extra))


def _edge(row: dict[str, str | None]) -> Edge:
    return Edge(row["kind"] or "", _plain(row["source"]), _plain(row["target"]), row.get("mode"), row.get("evidence"))


def _plain(node: str | None) -> str:
    """Templates spell the partition in two ways; a reader does not care."""
    return (node or "").replace("external:arn:${AWS::Partition}:", "external:arn:aws:")


def main(arguments: list[str]) -> int:
    """Writes the comparison of the named readings (all when none is named)."""
    say = sys.stdout.write
    names = [argument for argument in arguments if not argument.startswith("-")]
    total = lost = 0
    for reading in readings():
        if names and reading.name not in names:
            continue
        graph = drawn(reading.folder)
        gone = missing(reading, graph)
        extra = unread(reading, graph)
        total, lost = total + len(reading.edges), lost + len(gone)
        say(f"{reading.name}: read {len(reading.edges)}, missing {len(gone)}, drawn beyond {len(extra)}\n")
        for edge in gone:
            other = [found for found in graph if found[:3] == edge[:3]]
            say(f"  missing {edge}" + (f"   (drawn: {other[0].mode}, {other[0].evidence})\n" if other else "\n"))
        if "--drawn" in arguments:
            say("".join(f"  drawn   {edge}\n" for edge in extra))
    say(f"found {total - lost} of {total}: {(total - lost) / max(total, 1):.2%}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
