"""`archlint graph` and `archlint query`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from archlint.cli.settings import config_options, load, paths_argument, template_options
from archlint.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.graph.model import Edge, EdgeKind, Node, ResourceGraph
    from archlint.lint import Estate
    from archlint.ruleset.pattern import Match, Pattern
    from archlint.ruleset.rule import RuleContext

_FORMATS = ("mermaid", "dot", "json", "graphml", "table")
_LEVELS = ("resource", "service", "stack", "team")
_EXAMPLE = """\b
archlint query '(queue:AWS::SQS::Queue)-[triggers]->(function:AWS::Lambda::Function)'"""


@click.command()
@paths_argument
@click.option("--format", "form", type=click.Choice(_FORMATS), default="mermaid", show_default=True, help="Output.")
@click.option("--level", type=click.Choice(_LEVELS), default="resource", show_default=True, help="What a node is.")
@click.option("--focus", multiple=True, metavar="LOGICAL_ID", help="Only what is near this resource. Repeatable.")
@click.option("--depth", type=click.IntRange(0), default=2, show_default=True, help="How near, in edges.")
@click.option(
    "--edges",
    metavar="KINDS",
    help="Kinds (triggers,reads) or groups (events, data, permissions, placement, structure, all).  "
    "[default: all for json and graphml, events and data for pictures]",
)
@template_options
@config_options
def graph(
    paths: tuple[Path, ...], form: str, level: str, focus: tuple[str, ...], depth: int, edges: str | None, **given: Any
) -> int:
    """Write the resource graph of the templates below PATH."""
    from archlint.graph.export import EXPORTERS
    from archlint.graph.model import EdgeKind
    from archlint.graph.view import Level, default_kinds, view

    if form == "table" and level == "resource":
        raise UsageError("a table shows teams, stacks or services", hint="add --level team")
    estate = _estate(paths, given)
    if not (edges or focus) and (form == "table" or (level == "team" and form != "graphml")):
        click.echo(_waits(estate.graph, form, level), nl=False)
        return 0
    if form == "table":
        raise UsageError("a table knows neither --focus nor --edges")
    is_picture = form in ("mermaid", "dot")
    kinds = edge_kinds(edges) if edges else default_kinds(Level(level)) if is_picture else tuple(EdgeKind)
    found = view(
        estate.graph,
        level=Level(level),
        kinds=kinds,
        focus=[node for name in focus for node in _named(estate.graph, name)],
        depth=depth,
    )
    click.echo(EXPORTERS[form](found.drawn() if is_picture else found), nl=False)
    return 0


def _waits(graph: ResourceGraph, form: str, level: str) -> str:
    """Who waits for whom, as a table or a picture; in JSON beside the edges that were always there."""
    from archlint.graph.export import EXPORTERS
    from archlint.graph.tables import to_table
    from archlint.graph.teams import owner_graph, owner_of
    from archlint.graph.view import Level, owner_view, view

    groups: dict[str, Callable[[Node], str | None]] = {
        "team": owner_of,
        "service": lambda node: node.stack.service if node.stack is not None else None,
        "stack": lambda node: node.stack.id if node.stack is not None else None,
    }
    waits = owner_graph(graph, groups[level])
    if level == "team" and not waits.teams:
        hint = "name the owners in archlint.toml ([owners]), in tags or in CODEOWNERS"
        click.echo(f"note: nobody is known to own anything; {hint}", err=True)
    if form == "table":
        return to_table(waits, level)
    if form == "json":
        return EXPORTERS[form](msgspec.structs.replace(view(graph, level=Level.TEAM), waits=waits))
    return EXPORTERS[form](owner_view(waits))


def edge_kinds(text: str) -> tuple[EdgeKind, ...]:
    """The kinds that `triggers,data` names; raises UsageError for an unknown word."""
    from archlint.graph.model import EdgeKind
    from archlint.graph.view import EDGE_GROUPS

    names = {kind.value: (kind,) for kind in EdgeKind} | EDGE_GROUPS
    chosen: dict[EdgeKind, None] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        if word not in names:
            import difflib

            near = difflib.get_close_matches(word.lower().replace("-", "_"), names, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(names)}"
            raise UsageError(f"--edges: unknown kind `{word}`", hint=hint)
        chosen |= dict.fromkeys(names[word])
    return tuple(chosen)


def _estate(paths: tuple[Path, ...], given: dict[str, Any]) -> Estate:
    from archlint.lint import build

    estate = build(list(paths) or [Path()], load(paths, **given))
    for note in estate.notifications:
        click.echo(f"{note.level.value}: {note.message}", err=True)
    if paths and not estate.templates:
        raise UsageError(f"there is no template below {', '.join(map(str, paths))}")
    return estate


def _named(graph: ResourceGraph, name: str) -> list[Node]:
    from archlint.graph.view import find_nodes

    found = find_nodes(graph, name)
    if not found:
        import difflib

        near = difflib.get_close_matches(name, {node.logical_id for node in graph.nodes.values()}, 1)
        raise UsageError(f"--focus: no resource is called {name}", hint=f"did you mean {near[0]}?" if near else None)
    return found


@click.command(epilog=_EXAMPLE)
@click.argument("pattern")
@paths_argument
@click.option("--where", metavar="EXPR", help="Only matches for which this holds: queue.VisibilityTimeout < 60.")
@click.option(
    "--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True, help="Output."
)
@template_options
@config_options
def query(pattern: str, paths: tuple[Path, ...], where: str | None, form: str, **given: Any) -> int:
    """Find a pattern in the graph."""
    from archlint.ruleset.pattern import parse_pattern

    parsed = parse_pattern(pattern)
    condition = _condition(where, parsed) if where else None
    estate = _estate(paths, given)
    found = [match for match in parsed.matches(estate.graph) if condition is None or condition(match, estate)]
    if form == "json":
        rows = ",\n".join(json.dumps(_json_match(match), ensure_ascii=False) for match in found)
        click.echo(f'{{"version": 1, "matches": [{rows and f"{chr(10)}{rows}{chr(10)}"}]}}')
    else:
        for line in dict.fromkeys(map(_text_match, found)):
            click.echo(line)
        click.echo(f"{len(found)} match{'es' if len(found) != 1 else ''}", err=True)
    return 0


def _condition(where: str, pattern: Pattern) -> Callable[[Match, Estate], bool]:
    """Whether the expression is true of a match in some world."""
    from archlint.ruleset.expression import Vocabulary, compile_expression
    from archlint.ruleset.scope import MatchScope

    expression = compile_expression(where, Vocabulary(nodes=pattern.node_names, edges=pattern.edge_names))
    context: RuleContext | None = None

    def holds(match: Match, estate: Estate) -> bool:
        nonlocal context
        context = context or _query_context(estate)
        carriers = [edge.via for edge in match.edges if edge.via is not None]
        worlds = context.values.worlds(*match.nodes, *carriers)
        return any(expression.holds(MatchScope(context, match.bindings, world)) is True for world in worlds)

    return holds


def _query_context(estate: Estate) -> RuleContext:
    """What expressions are evaluated in; a query has no rule, so one that finds nothing stands in."""
    from archlint.findings import Severity
    from archlint.graph.values import Values
    from archlint.packages import Packages
    from archlint.ruleset.rule import Rule, RuleContext, RuleMeta

    meta = RuleMeta(id="", name="query", severity=Severity.NOTE, summary="", help_uri="")
    rule = Rule(meta, lambda _: (), Path(), "")
    packages = Packages(estate.graph, estate.discovery.root)
    return RuleContext(rule, estate.graph, Values(estate.graph), packages, estate.templates)


def _json_match(match: Match) -> dict[str, Any]:
    return {
        "bindings": {name: _json_element(bound) for name, bound in match.bindings.items()},
        "edges": [_json_element(edge) for edge in match.edges],
    }


def _json_element(element: Node | Edge) -> dict[str, Any]:
    from archlint.graph.export import json_edge, json_node
    from archlint.graph.model import Node

    return json_node(element) if isinstance(element, Node) else json_edge(element)


def _text_match(match: Match) -> str:
    """One line: `shop/template.yaml:12: queue=Jobs function=Worker  Jobs -[triggers]-> Worker`."""
    from archlint.graph.model import Node

    names = [f"{name}={bound}" for name, bound in match.bindings.items() if isinstance(bound, Node)]
    edges = [str(edge) for edge in match.edges] or [str(node) for node in match.nodes]
    place = next((place for place in (node.place() for node in match.nodes) if place is not None), None)
    where = ""
    if place is not None:
        location = place.location()
        where = f"{location.file}:{location.region.start_line}: "
    return f"{where}{' '.join([*names, ''])} {', '.join(edges)}".strip()
