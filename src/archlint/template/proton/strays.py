"""Keys that an `{% else %}` leaves below the wrong parent, put back below the right one.

    Balancer:
      Properties:
    {% if a %}
        Type: application
    Group: …
    {% else %}
        Type: network
    {% endif %}

Each branch alone is good YAML. With both branches in the text, the second `Type` follows `Group` and would become a
part of it, although the two never exist together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from archlint.template.proton.lexed import Guard, Lexed
    from archlint.template.proton.nodes import Node

Entry: TypeAlias = "tuple[Node, Node]"
Stray: TypeAlias = "tuple[tuple[str, ...], Entry]"
"""The keys from a mapping down to where the entry stands wrongly, and the entry."""


def rehome(lexed: Lexed, node: Node) -> None:
    """Moves strays inside a mapping; one for which there is no better place is left out."""
    _strays(lexed, node, ())


def _strays(lexed: Lexed, node: Node, context: tuple[Guard, ...]) -> list[Stray]:
    """Takes out what contradicts `context`, the branches that the mapping stands in."""
    found: list[Stray] = []
    kept: list[Entry] = []
    for key, value in node.entries or ():
        guards = lexed.guards(key.mark.index)
        if _exclude(guards, context):
            found.append(((), (key, value)))
            continue
        for path, entry in _strays(lexed, value, guards) if value.entries is not None else ():
            wanted = lexed.guards(entry[0].mark.index)
            if _exclude(wanted, context):
                found.append(((key.text or "", *path), entry))
            else:
                _attach(lexed, kept, path, entry)
        kept.append((key, value))
    node.entries = kept
    return found


def _attach(lexed: Lexed, siblings: list[Entry], path: tuple[str, ...], entry: Entry) -> None:
    """Adds an entry below the nearest sibling above it that can exist together with it."""
    wanted = lexed.guards(entry[0].mark.index)
    for key, value in reversed(siblings):
        if not _exclude(lexed.guards(key.mark.index), wanted):
            home: Node | None = value
            for name in path:
                home = next(
                    (child for label, child in (home.entries if home else None) or () if label.text == name), None
                )
            if home is not None and home.entries is not None:
                home.entries.append(entry)
            return


def _exclude(one: tuple[Guard, ...], other: tuple[Guard, ...]) -> bool:
    """Whether two places are in different branches of one `if`."""
    return any(a.block is b.block and a.branch != b.branch for a in one for b in other)
