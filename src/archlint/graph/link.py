"""Templates to one resource graph: stacks, references, the edge finders, what policies allow, imports, owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from archlint.folders import Folders
from archlint.graph.imports import imports
from archlint.graph.model import Edge, EdgeKind, Evidence, Mode, Node, ResourceGraph
from archlint.graph.owners import Owners
from archlint.graph.pieces import join_pieces
from archlint.graph.references import ReferenceScanner
from archlint.graph.resolve import Resolver, Target
from archlint.graph.stacks import Stack, build_stacks
from archlint.graph.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from archlint.graph.exports import Link
    from archlint.template.document import Document
    from archlint.template.model import Json, Place, ProtonBundle, Template

_NOTHING: frozenset[str] = frozenset()


class LinkSettings(msgspec.Struct, frozen=True):
    """What the configuration says about the graph."""

    root: Path
    glob_root: Path | None = None
    """The folder that owner, service and production globs count from; `root` when None."""
    parameters: Mapping[str, str] = msgspec.field(default_factory=dict)
    template_parameters: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=dict)
    """Values for the parameters of one template only, by its name."""
    owners: tuple[tuple[str, str], ...] = ()
    owner_tags: tuple[str, ...] = ("Team", "team", "Owner", "owner")
    stack_tags: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=dict)
    """Tags that the deployment gives to a whole stack, by the template's name."""
    services: tuple[tuple[str, str], ...] = ()
    non_production: tuple[str, ...] = ()
    external_imports: tuple[str, ...] = ()
    """Globs or prefixes of export and SSM parameter names that something outside the templates provides."""
    folders: Folders = msgspec.field(default_factory=Folders)


class Linker:
    """What edge finders work with: the graph under construction and the answers of the resolver."""

    def __init__(self, graph: ResourceGraph, resolver: Resolver, settings: LinkSettings) -> None:
        self.graph = graph
        self.resolver = resolver
        self.settings = settings
        self.texts = resolver.texts
        self.targets = resolver.targets
        self.target = resolver.target
        self.external = resolver.external
        self._documents: dict[tuple[str, str, Callable[[str], str] | None], Document | None] = {}
        self._known: set[tuple[EdgeKind, Node, Node, Mode | None, Node | None, str | None, Evidence]] = set()

    def resource(self, stack: Stack, logical_id: Json) -> Node | None:
        """The resource of the stack with this logical ID."""
        if not isinstance(logical_id, str):
            return None
        node = stack.nodes.get(logical_id)
        return stack.whole.node(stack, logical_id) if node is None and stack.whole is not None else node

    def connect(  # noqa: PLR0913 - the parts of an edge
        self,
        kind: EdgeKind,
        source: Node,
        target: Node,
        *,
        place: Place | None,
        evidence: Evidence = Evidence.DECLARED,
        mode: Mode | None = None,
        via: Node | None = None,
        qualifier: str | None = None,
        access: frozenset[str] = _NOTHING,
        actions: frozenset[str] = _NOTHING,
        detail: Mapping[str, Json] | None = None,
    ) -> None:
        """Adds an edge, once: the same relation by the same carrier is not repeated."""
        key = (kind, source, target, mode, via, qualifier, evidence)
        if key in self._known:
            if kind is not EdgeKind.GRANTS:
                return
        else:
            self._known.add(key)
        edge = Edge(kind, source, target, evidence, place, mode, via, qualifier, access, actions)
        if detail:
            edge.detail = detail
        self.graph.add_edge(edge)

    def literal(self, stack: Stack, value: Json) -> Any:
        """A plain value with parameter defaults and mappings applied; None where it is unknown or differs by world.

        Lists and mappings keep their shape, with None for their unknown items.
        """
        if isinstance(value, list):
            return [self.literal(stack, item) for item in value]
        if isinstance(value, dict):
            if len(value) == 1 and (function := next(iter(value))) in _SCALAR_FUNCTIONS:
                if function == "Fn::Split":
                    items = self.resolver.lists.items(stack, value) or ()
                    return [item.literal for item in items if isinstance(item, Text)] or None
                found = self.resolver.texts(stack, value)
                if len(found) == 1:
                    return found[0].literal
                branches = value[function]
                if function == "Fn::If" and isinstance(branches, list) and len(branches) == 3:
                    first, second = (self.literal(stack, branch) for branch in branches[1:])
                    return first if first == second else None
                return None
            return {key: self.literal(stack, item) for key, item in value.items()}
        return value

    def open_local(self, stack: Stack, relative: str, prepare: Callable[[str], str] | None = None) -> Document | None:
        """A YAML or JSON file named by a template, relative to it; None when absent, unreadable or outside the root.

        `prepare` makes parsable what only a deployment does; it must keep the lines.
        """
        from archlint.errors import ArchlintError
        from archlint.graph.files import open_below

        key = (stack.template.name, relative, prepare)
        if key not in self._documents:
            try:
                self._documents[key] = open_below(stack.template.document, relative, self.settings.root, prepare)
            except (ArchlintError, OSError):
                self._documents[key] = None
        return self._documents[key]


_SCALAR_FUNCTIONS = frozenset(
    {"Ref", "Condition"}
    | {
        f"Fn::{name}"
        for name in ("GetAtt", "Sub", "Join", "If", "Select", "Split", "FindInMap", "ImportValue", "Base64")
    }
)


def link(templates: Sequence[Template], settings: LinkSettings, bundles: Sequence[ProtonBundle] = ()) -> ResourceGraph:
    """The finished resource graph of these templates."""
    from archlint.graph.code import apply_code
    from archlint.graph.connections import connections
    from archlint.graph.edges import FINDERS
    from archlint.graph.iam.derive import derive

    graph = ResourceGraph()
    stacks = build_stacks(templates, graph)
    resolver = Resolver(graph, stacks)
    join_pieces(stacks, resolver.functions)
    graph.stacks = stacks
    graph.bundles = list(bundles)
    for stack in stacks:
        if stack.parent is None:
            stack.given = {**settings.template_parameters.get(stack.template.name, {}), **settings.parameters}
    resolver.external_imports = settings.external_imports
    graph.resolver = resolver
    linker = Linker(graph, resolver, settings)
    if bundles:
        _resolve_proton(resolver, stacks, bundles)
    owners = Owners(settings, linker.literal)
    for stack in stacks:
        owners.assign(stack)
    for stack in stacks:
        ReferenceScanner(linker, stack).run()
        resolver.take_arguments(stack)
    resolver.is_settled = True
    for kind in list(graph.types()):
        finders = FINDERS.get(kind) or FINDERS.get(kind.partition("::")[0] + "::*", ())
        if finders:
            for node in list(graph.of_type(kind)):
                for find in finders:
                    find(linker, node)
    connections(linker)
    derive(linker)
    apply_code(linker)
    _structure(graph, resolver, stacks)
    return graph


def _resolve_proton(resolver: Resolver, stacks: Sequence[Stack], bundles: Sequence[ProtonBundle]) -> None:
    from archlint.template.proton import environment_output

    by_template = {id(stack.template): stack for stack in stacks}

    def output(stack: Stack, path: str) -> tuple[Stack, str, bool] | None:
        found = environment_output(bundles, stack.template, path)
        if found is None:
            return None
        template, name, inferred = found
        environment = by_template.get(id(template))
        return (environment, name, inferred) if environment is not None else None

    resolver.proton.output = output


def _structure(graph: ResourceGraph, resolver: Resolver, stacks: Sequence[Stack]) -> None:
    """Stack nodes, `contains` and `imports`."""
    for stack in stacks:
        stack.node = graph.add_node(Node(f"stack:{stack.id}", "stack", stack.id, stack, None, owner=stack.owner))
    for stack in stacks:
        assert stack.node is not None  # noqa: S101 - made above
        for node in stack.nodes.values():
            graph.add_edge(Edge(EdgeKind.CONTAINS, stack.node, node, Evidence.DECLARED, node.place()))
        for nested_id, children in stack.children.items():
            for child in children:
                assert child.node is not None  # noqa: S101 - made above
                nested = stack.nodes[nested_id]
                graph.add_edge(
                    Edge(EdgeKind.CONTAINS, stack.node, child.node, child.evidence, nested.place(), via=nested)
                )
    for found in resolver.links.values():
        importer, exporter = found.importer.node, found.exporter.node
        related = found.exporter in found.importer.lineage() or found.importer in found.exporter.lineage()
        if importer is None or exporter is None or related:
            continue
        place = _import_place(graph, found)
        evidence = Evidence.DECLARED if found.is_sure else Evidence.REFERENCE
        graph.add_edge(
            Edge(EdgeKind.IMPORTS, importer, exporter, evidence, place, via=found.via, detail={"how": found.how})
        )


def _import_place(graph: ResourceGraph, found: Link) -> Place | None:
    """Where the importing stack asks for the value; for what a parent passes on, where it passes it."""
    importer = found.importer
    for asked in imports(graph, importer) if found.how in ("export", "ssm") else ():
        if any(provider.via is found.via for provider in asked.providers):
            return asked.place
    if importer.parent is not None and importer.nested_id is not None:
        return importer.parent.nodes[importer.nested_id].place("Parameters")
    return found.via.place() if found.via is not None else None


__all__ = ["LinkSettings", "Linker", "Target", "link"]
