"""Who waits for whom as text: two tables that read in a terminal and in Markdown, and a sentence for each wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.export import short_type
from archlint.graph.view import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archlint.graph.teams import Dependence, OwnerGraph, Team

_MAX_TYPES = 3


def to_table(waits: OwnerGraph, unit: str = "team") -> str:
    """What each team (or stack, or service: `unit`) needs of another, and whom most of the others need."""
    if not waits.dependences:
        return f"no {unit} needs another\n"
    needs = [_need(waits, item) for item in waits.dependences]
    ranking = [_rank(waits, team) for team in waits.ranking()]
    parts = [
        _table((unit, "needs", "waits for its roles", "uses it", "takes", "through"), needs),
        "".join(_sentence(waits, item) for item in waits.dependences if item.waiting),
        _table(("bottleneck", "needed by", "waited for by", "betweenness"), ranking),
    ]
    return "\n".join(part for part in parts if part)


def _need(waits: OwnerGraph, item: Dependence) -> tuple[str, ...]:
    functions = len(waits.teams[item.owner].functions)
    more = len(item.through) - _MAX_TYPES
    shown = ["export" if name == "output" else short_type(name) for name in item.through[:_MAX_TYPES]]
    types = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    return (
        item.owner,
        item.needs,
        counted(len(item.waiting), functions) if item.waiting else "",
        counted(len(item.using), functions) if item.using else "",
        _plural(len(item.values), "value") if item.values else "",
        types,
    )


def _sentence(waits: OwnerGraph, item: Dependence) -> str:
    functions = len(waits.teams[item.owner].functions)
    return f"{_cell(item.owner)} waits for {_cell(item.needs)} for {counted(len(item.waiting), functions)}\n"


def _rank(waits: OwnerGraph, team: Team) -> tuple[str, ...]:
    others = len(waits.teams) - 1
    return (
        team.name,
        f"{team.fan_in} of {others} others" if others > 1 else "the other",
        _plural(team.waiting, "function") if team.waiting else "",
        f"{team.betweenness:.2f}",
    )


def _plural(count: int, name: str) -> str:
    return f"{count} {name}{'s' if count != 1 else ''}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [[_cell(text) for text in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Safe in a cell: names come from tags and files, and may hold anything."""
    return "".join(character if character.isprintable() else " " for character in text).replace("|", "/")
