"""The graph as text: JSON (a promise, docs/json.md), Mermaid, Graphviz DOT and GraphML."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from archlint.graph.model import EdgeKind
from archlint.graph.view import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from archlint.graph.model import Edge, Node
    from archlint.graph.teams import Dependence
    from archlint.graph.view import View, ViewEdge, ViewNode

VERSION = 1
"""Of the JSON format: raised when a reader would have to change."""

_DASHED = frozenset({EdgeKind.DEAD_LETTERS, EdgeKind.IMPORTS, EdgeKind.REFERENCES})
_STORES = ("::DynamoDB::", "::RDS::", "::S3::Bucket", "::ElastiCache::", "::DSQL::", "::OpenSearch", "::EFS::")
_CHANNELS = ("::SQS::", "::SNS::", "::Events::", "::Kinesis", "::Pipes::", "::MSK::", "::IoT::", "::Scheduler::")


def to_json(view: View) -> str:
    """The view as JSON; at resource level with a file and line for each node and edge."""
    nodes = [_json_group(item) if item.node is None else json_node(item.node) for item in view.nodes]
    edges = [_json_bundle(item) if item.edge is None else json_edge(item.edge) for item in view.edges]
    head: dict[str, Any] = {"version": VERSION}
    if view.level is not Level.RESOURCE:
        head["level"] = view.level.value
    lists = {"nodes": nodes, "edges": edges}
    if view.waits is not None:
        lists["waits"] = [
            _json_wait(item, len(view.waits.teams[item.owner].functions)) for item in view.waits.dependences
        ]
    body = ",\n".join(f'"{key}": [{_rows(rows)}]' for key, rows in lists.items())
    return f"{json.dumps(head)[:-1]},\n{body}}}\n"


def _rows(rows: list[dict[str, Any]]) -> str:
    return "\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n" if rows else ""


def _json_group(item: ViewNode) -> dict[str, Any]:
    return {"id": item.id, "name": item.label, "type": item.type, "resources": item.resources}


def _json_bundle(item: ViewEdge) -> dict[str, Any]:
    return {"kind": item.kind.value, "source": item.source, "target": item.target, "count": item.count}


def _json_wait(item: Dependence, functions: int) -> dict[str, Any]:
    return {
        "owner": item.owner,
        "needs": item.needs,
        "functions": functions,
        "waiting": [node.id for node in item.waiting],
        "using": [node.id for node in item.using],
        "values": [value.name for value in item.values],
    }


def json_node(node: Node) -> dict[str, Any]:
    """One node as JSON has it."""
    file, line = _written_at(node)
    return {
        "id": node.id,
        "logical_id": node.logical_id,
        "type": node.type,
        "file": file,
        "line": line,
        "stack": node.stack.id if node.stack is not None else None,
        "instance": node.stack.instance if node.stack is not None else None,
        "owner": node.owner,
        "generated_by": node.generated_by,
        "external": node.external,
    }


def _written_at(node: Node) -> tuple[str | None, int | None]:
    place = node.place()
    if place is None:
        return node.file, None
    location = place.location()
    return location.file, location.region.start_line


def json_edge(edge: Edge) -> dict[str, Any]:
    """One edge as JSON has it."""
    location = edge.place.location() if edge.place is not None else None
    return {
        "kind": edge.kind.value,
        "mode": edge.mode.value if edge.mode is not None else None,
        "source": edge.source.id,
        "target": edge.target.id,
        "evidence": edge.evidence.label,
        "via": edge.via.id if edge.via is not None else None,
        "qualifier": edge.qualifier,
        "file": location.file if location is not None else None,
        "line": location.region.start_line if location is not None else None,
    }


def short_type(resource_type: str) -> str:
    """`SQS::Queue` for `AWS::SQS::Queue`."""
    return resource_type.removeprefix("AWS::")


def to_mermaid(view: View, highlight: Collection[str] = ()) -> str:
    """A Mermaid flowchart; node ids in `highlight` are drawn in red."""
    names = {node.id: f"n{number}" for number, node in enumerate(view.nodes)}
    lines = ["flowchart LR"]
    for number, (group, members) in enumerate(_groups(view)):
        drawn = [f"{names[node.id]}{_mermaid_shape(node)}" for node in members]
        if group is None:
            lines += [f"  {line}" for line in drawn]
        else:
            lines += [f'  subgraph s{number}["{_mermaid_text(group)}"]', *(f"    {line}" for line in drawn), "  end"]
    for edge in _merged(view):
        arrow = "-.->" if edge.kind in _DASHED else "-->"
        lines.append(f'  {names[edge.source]} {arrow}|"{_mermaid_text(_edge_label(edge))}"| {names[edge.target]}')
    marked = [names[node.id] for node in view.nodes if node.id in highlight]
    if marked:
        lines += ["  classDef found stroke:#d1242f,stroke-width:3px", f"  class {','.join(marked)} found"]
    return "\n".join(lines) + "\n"


def _groups(view: View) -> Iterator[tuple[str | None, list[ViewNode]]]:
    members: dict[str | None, list[ViewNode]] = {}
    for node in view.nodes:
        members.setdefault(node.group, []).append(node)
    if len([group for group in members if group is not None]) <= 1:
        yield None, list(view.nodes)
    else:
        yield from members.items()


def _merged(view: View) -> list[ViewEdge]:
    """One drawn edge for equal ones (several statements may declare the same flow)."""
    return list({(edge.kind, edge.source, edge.target): edge for edge in view.edges}.values())


def _edge_label(edge: ViewEdge) -> str:
    if edge.label is not None:
        return edge.label
    return f"{edge.kind.value} {edge.count}x" if edge.count > 1 else edge.kind.value


def _mermaid_shape(node: ViewNode) -> str:
    label = _mermaid_text(node.label)
    if node.type == "external":
        return f'{{{{"{label}"}}}}'
    detail = _mermaid_text(_detail(node))
    text = f'"{label}<br/>{detail}"' if detail else f'"{label}"'
    if any(part in node.type for part in _STORES):
        return f"[({text})]"
    return f"([{text}])" if any(part in node.type for part in _CHANNELS) else f"[{text}]"


def _detail(node: ViewNode) -> str:
    if node.node is not None:
        return short_type(node.type)
    counts = [(node.functions, "function"), (node.resources, "resource")]
    return ", ".join(f"{count} {name}{'s' if count != 1 else ''}" for count, name in counts if count is not None)


_MERMAID_SPECIAL = re.compile(r"[^\w .,:/@$*+=()-]")


def _mermaid_text(text: str) -> str:
    """Safe inside a quoted Mermaid label: everything unusual becomes a character code."""
    return _MERMAID_SPECIAL.sub(lambda match: f"#{ord(match[0])};" if match[0].isprintable() else " ", text)


def to_dot(view: View, highlight: Collection[str] = ()) -> str:
    """A Graphviz digraph; node ids in `highlight` are drawn in red."""
    names = {node.id: f"n{number}" for number, node in enumerate(view.nodes)}
    lines = ["digraph archlint {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for number, (group, members) in enumerate(_groups(view)):
        drawn = [f"{names[node.id]} [{_dot_attributes(node, highlight)}];" for node in members]
        if group is None:
            lines += [f"  {line}" for line in drawn]
        else:
            lines += [f"  subgraph cluster_{number} {{", f"    label={_dot_text(group)};"]
            lines += [*(f"    {line}" for line in drawn), "  }"]
    for edge in _merged(view):
        style = ", style=dashed" if edge.kind in _DASHED else ""
        lines.append(f"  {names[edge.source]} -> {names[edge.target]} [label={_dot_text(_edge_label(edge))}{style}];")
    return "\n".join([*lines, "}"]) + "\n"


def _dot_attributes(node: ViewNode, highlight: Collection[str]) -> str:
    if node.type == "external":
        text = f"label={_dot_text(node.label)}, style=dashed"
    else:
        text = f"label={_dot_text(node.label, _detail(node))}"
        if any(part in node.type for part in _STORES):
            text += ", shape=cylinder"
    return f"{text}, color=red, penwidth=3" if node.id in highlight else text


def _dot_text(*lines: str) -> str:
    """A quoted DOT string; a backslash before `n` is DOT's own line break."""
    shown = (_printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(shown) + '"'


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


_GRAPHML_KEYS = (
    ("node", "label"),
    ("node", "type"),
    ("node", "file"),
    ("node", "owner"),
    ("edge", "kind"),
    ("edge", "evidence"),
)


def to_graphml(view: View) -> str:
    """GraphML, for yEd, Gephi and networkx."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    lines += [
        f'  <key id="{name}" for="{part}" attr.name="{name}" attr.type="string"/>' for part, name in _GRAPHML_KEYS
    ]
    lines.append('  <graph edgedefault="directed">')
    for item in view.nodes:
        node = item.node
        data = {"label": item.label, "type": item.type}
        if node is not None:
            data |= {"file": node.file or "", "owner": node.owner or ""}
        lines.append(f"    <node id={_xml_attribute(item.id)}>{_xml_data(data)}</node>")
    for number, link in enumerate(view.edges):
        ends = f"source={_xml_attribute(link.source)} target={_xml_attribute(link.target)}"
        data = {"kind": link.kind.value, "evidence": link.edge.evidence.label if link.edge else ""}
        lines.append(f'    <edge id="e{number}" {ends}>{_xml_data(data)}</edge>')
    return "\n".join([*lines, "  </graph>", "</graphml>"]) + "\n"


def _xml_data(values: dict[str, str]) -> str:
    return "".join(f'<data key="{key}">{_xml_text(value)}</data>' for key, value in values.items() if value)


def _xml_text(text: str) -> str:
    escaped = _printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace('"', "&quot;")


def _xml_attribute(text: str) -> str:
    return f'"{_xml_text(text)}"'


EXPORTERS: dict[str, Callable[[View], str]] = {
    "mermaid": to_mermaid,
    "dot": to_dot,
    "json": to_json,
    "graphml": to_graphml,
}
"""Formats of `archlint graph`."""
