"""The rows of `edges.yaml`: properties that name the other end of an edge."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from archlint.graph.edges.paths import Steps, follow, steps
from archlint.graph.model import EdgeKind, Evidence, Mode
from archlint.graph.resolve import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.template.model import Body, TemplatePath

Finder: TypeAlias = "Callable[[Linker, Node], None]"

TABLE = Path(__file__).parents[1] / "edges.yaml"
GENERATED = Path(__file__).parents[2] / "data" / "property_edges.json"


class End(msgspec.Struct, frozen=True):
    """One end of a row: the steps to the property (none: the resource itself) and the types a bare name may mean."""

    path: Steps
    types: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """The property that must be there for the row to say anything; empty for the resource itself."""
        return self.path[0] if self.path else ""


class Row(msgspec.Struct, frozen=True):
    """One compiled row. Ends are relative to each value of `each`."""

    source: End
    target: End
    kind: EdgeKind
    mode: Mode | None = None
    evidence: Evidence = Evidence.DECLARED
    each: Steps = ()
    detail: tuple[tuple[str, str], ...] = ()


_BLOCK = re.compile(r"^(\S+):\n((?:[ #].*\n|\n)*)", re.MULTILINE)


@cache
def blocks() -> dict[str, str]:
    """Resource type to the YAML of its rows: parsing all of it would cost more than most runs need."""
    return {match[1]: match[2] for match in _BLOCK.finditer(TABLE.read_text(encoding="utf-8"))}


def rows(kind: str) -> tuple[Row, ...]:
    """The compiled rows of a resource type; a mistake in one is a bug of archlint's: KeyError or ValueError."""
    import yaml

    block = blocks().get(kind)
    if block is None:
        return ()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries: list[dict[str, Any]] = yaml.load(block, Loader=loader)  # noqa: S506 - both are safe loaders
    return tuple(_compiled(entry) for entry in entries)


@cache
def generated() -> dict[str, list[str]]:
    """The generated table: resource type to `kind path` lines, compiled only for the types that occur."""
    found: dict[str, list[str]] = json.loads(GENERATED.read_bytes())
    return found


# A bare name in a generated row means one of these.
_GENERATED_TYPES = {
    EdgeKind.ASSUMES: ("AWS::IAM::Role",),
    EdgeKind.ENCRYPTS: ("AWS::KMS::Key", "AWS::KMS::Alias"),
    EdgeKind.LOGS_TO: ("AWS::Logs::LogGroup",),
    EdgeKind.RUNS_IN: (),
}
_ITSELF = End(())


def _generated_row(line: str) -> Row:
    word, _, path = line.partition(" ")
    kind = EdgeKind(word)
    end = End(steps(path), _GENERATED_TYPES[kind])
    return Row(end, _ITSELF, kind) if kind is EdgeKind.ENCRYPTS else Row(_ITSELF, end, kind)


def finders() -> dict[str, Finder]:
    """One edge finder for each resource type that either table knows."""
    return {kind: _finder(kind) for kind in dict.fromkeys((*blocks(), *generated()))}


def _compiled(entry: dict[str, Any]) -> Row:
    unknown = entry.keys() - {"from", "to", "kind", "mode", "evidence", "each", "types", "from_types", "detail"}
    if unknown:
        raise ValueError(f"edges.yaml: unknown keys {sorted(unknown)}")
    return Row(
        End(steps(entry.get("from", ".")), tuple(entry.get("from_types", ()))),
        End(steps(entry["to"]), tuple(entry.get("types", ()))),
        EdgeKind(entry["kind"]),
        Mode(entry["mode"]) if "mode" in entry else None,
        Evidence[entry.get("evidence", "declared").upper()],
        steps(entry.get("each", ".")),
        tuple(entry.get("detail", {}).items()),
    )


def _finder(kind: str) -> Finder:
    table: list[tuple[str, str, Row]] | None = None

    def find(linker: Linker, node: Node) -> None:
        nonlocal table
        if table is None:
            found = (*rows(kind), *map(_generated_row, generated().get(kind, ())))
            table = [(row.each[0], "", row) if row.each else (row.source.head, row.target.head, row) for row in found]
        properties = node.properties
        for first, second, row in table:
            if (not first or first in properties) and (not second or second in properties):
                apply(linker, node, row)

    return find


def apply(linker: Linker, node: Node, row: Row) -> None:
    """Draws the edges of one row of a resource."""
    carrier = node if row.source.path and row.target.path else None
    detail = dict(row.detail) or None
    scopes = follow(node.properties, row.each) if row.each else [((), node.properties)]
    for base, scope in scopes:
        sources = _ends(linker, node, row.source, scope, base)
        if not sources:
            continue
        for target, path in _ends(linker, node, row.target, scope, base):
            for source, source_path in sources:
                linker.connect(
                    row.kind,
                    source.node,
                    target.node,
                    place=node.place(*(path or source_path)),
                    evidence=row.evidence,
                    mode=row.mode,
                    via=carrier,
                    qualifier=target.qualifier,
                    detail=detail,
                )


def _ends(linker: Linker, node: Node, end: End, scope: Any, base: TemplatePath) -> list[tuple[Target, TemplatePath]]:
    if not end.path:
        return [(Target(node), ())]
    stack = node.stack
    if stack is None:
        return []
    return [
        (target, path)
        for path, value in follow(scope, end.path, base)
        if not isinstance(value, dict) or _is_intrinsic(value)
        for target in linker.targets(stack, value, *end.types)
    ]


def _is_intrinsic(value: Body) -> bool:
    """False for a mapping that stands where a name should: it names nothing."""
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))
