"""Stacks that take values from each other in a circle can never be deployed from nothing.

It works today because one of them was there before the circle closed. In a new account, a new region or after a
disaster each waits for an export of the other, and CloudFormation refuses the first deployment of all of them. Nor can
an export be changed while somebody imports it, so the circle is hard to open again.

## How to fix it

Move what both need into a stack that imports from neither, or turn one direction round: let the other side publish an
event, or name its own resource by a parameter that may be empty at first.

## Known exceptions

A nested stack and its parent, which are deployed as one. Imports that a condition can leave out: the stack can be
deployed without them first. Names that several stacks provide, when nothing tells which one is meant.
"""

from collections.abc import Iterator

from archlint.api import (
    Cycle,
    Edge,
    EdgeKind,
    Evidence,
    Finding,
    Node,
    ResourceGraph,
    RuleContext,
    RuleMeta,
    Severity,
    Stack,
    cycles,
    imports,
)

META = RuleMeta(
    id="ORG001",
    name="stack-cycle",
    severity=Severity.ERROR,
    summary="Stacks import from each other in a circle, so none can be deployed first",
    help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html",
    pillar="reliability",
)


def check(context: RuleContext) -> Iterator[Finding]:
    required = [edge for edge in context.graph.of_kind(EdgeKind.IMPORTS) if _is_required(context, edge)]
    inside = [edge for edge in required if _stack(edge.source).root is _stack(edge.target).root]
    for circle in cycles(_contracted(inside, to_roots=False), EdgeKind.IMPORTS):
        yield _finding(context, circle)
    for circle in cycles(_contracted(required, to_roots=True), EdgeKind.IMPORTS):
        yield _finding(context, circle)


def _stack(node: Node) -> Stack:
    assert node.stack is not None  # noqa: S101 - imports join stack nodes
    return node.stack


def _is_required(context: RuleContext, edge: Edge) -> bool:
    """False when the importing stack can be deployed without the value, or nobody knows that it comes from there."""
    if edge.evidence is not Evidence.DECLARED:
        return False
    asked = [found for found in imports(context.graph, _stack(edge.source)) if _is_from(found.providers, edge)]
    return not asked or not all(found.is_conditional for found in asked)


def _is_from(providers: tuple[object, ...], edge: Edge) -> bool:
    return any(getattr(provider, "via", None) is edge.via for provider in providers)


def _contracted(edges: list[Edge], *, to_roots: bool) -> ResourceGraph:
    """The imports as a graph of their own; of what is deployed as one (a root with all it nests), one node."""
    graph = ResourceGraph()
    for edge in edges:
        ends = [(_stack(end).root.node if to_roots else end) for end in (edge.source, edge.target)]
        source, target = ends
        if source is None or target is None or source is target:
            continue
        for node in (source, target):
            if node.id not in graph.nodes:
                graph.add_node(node)
        graph.add_edge(Edge(edge.kind, source, target, edge.evidence, edge.place, via=edge.via))
    return graph


def _finding(context: RuleContext, circle: Cycle) -> Finding:
    files = [str(node.file) for node in circle.closed()]
    if len(circle.edges) == 2:
        values = " and ".join(str(edge.via) for edge in circle.edges if edge.via is not None)
        what = f"{files[0]} and {files[1]} import from each other{f' ({values})' if values else ''}: neither"
    else:
        what = f"stacks import from each other in a circle ({' -> '.join(files)}): none"
    first, *others = circle.edges
    return context.finding(
        first,
        f"{what} can be deployed first",
        related=[(edge, f"{edge.source.file} needs {edge.via or edge.target.file}") for edge in others],
        flow=[(edge, f"{edge.source.file} needs {edge.via or edge.target.file}") for edge in circle.edges],
        evidence=circle.edges,
        key=tuple(sorted(set(files))),
        owner_of=first.source,
    )
