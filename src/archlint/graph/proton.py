"""What rules ask about Proton bundles: their parts and owners, and the environment's resources behind an output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from archlint.graph.names import NAME_PROPERTY
from archlint.template.proton import roles
from archlint.template.proton.contract import Drift, contract_drift
from archlint.template.proton.links import link_bundles, output_name, outputs_provided
from archlint.template.proton.provenance import (
    alternatives,
    dotted_reads,
    guards_of,
    items,
    names_in,
    properties_of,
    readable,
    referenced_ids,
    scalars,
    written_resources,
)
from archlint.template.proton.roles import ExecutionRole, allowed_actions, execution_roles, is_given, policies_of
from archlint.template.proton.schema import InputType, input_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.findings import Location
    from archlint.graph.model import Node, ResourceGraph
    from archlint.template.model import Body, Json, ProtonBundle, Resource, Template, TemplatePath

__all__ = [
    "CONTAINERS",
    "FUNCTIONS",
    "Drift",
    "ExecutionRole",
    "InputType",
    "OutputTarget",
    "allow_statements",
    "allowed_actions",
    "alternatives",
    "contract_drift",
    "dotted_reads",
    "execution_roles",
    "guards_of",
    "input_types",
    "is_extensible",
    "is_given",
    "is_own_service",
    "items",
    "link_bundles",
    "location",
    "names_in",
    "output_name",
    "output_reads",
    "output_target",
    "outputs_provided",
    "owner",
    "parts",
    "physical_name",
    "policies_of",
    "properties_of",
    "readable",
    "referenced_ids",
    "scalars",
    "stack_node",
    "written_resources",
]

FUNCTIONS = ("AWS::Lambda::Function", "AWS::Serverless::Function")
CONTAINERS = ("AWS::ECS::TaskDefinition", "AWS::AppRunner::Service")
_COMPONENT = "service_instance.components.default"
# https://docs.aws.amazon.com/proton/latest/userguide/ag-template-authoring.html: administrators author templates.
PLATFORM = "platform"


class OutputTarget(msgspec.Struct, frozen=True):
    """The resource of an environment behind one of its outputs. `inferred` when no registration file links the two."""

    template: Template
    logical_id: str
    type: str
    output: str
    inferred: bool

    def location(self, message: str = "") -> Location:
        """Where the resource is written."""
        return self.template.place("Resources", self.logical_id).location(self.logical_id, message)


def parts(graph: ResourceGraph, kind: str, *roles: str) -> Iterator[tuple[ProtonBundle, Template]]:
    """The parts of bundles of this kind that could be read, in these roles (all when none is named)."""
    for bundle in graph.bundles:
        if bundle.kind == kind:
            for role, template in bundle.parts.items():
                if not roles or role in roles:
                    yield bundle, template


def stack_node(graph: ResourceGraph, template: Template) -> Node | None:
    """The node of a part's stack: it knows the owner."""
    return next((stack.node for stack in graph.stacks if stack.template is template), None)


def location(template: Template, *path: str | int, message: str = "") -> Location:
    """Where a value of a part is written, with the logical ID as the user wrote it."""
    logical_id = readable(template, str(path[1])) if path[:1] == ("Resources",) and len(path) > 1 else None
    return template.place(*path).location(logical_id, message)


def owner(graph: ResourceGraph, bundle: ProtonBundle) -> str | None:
    """The team that owns the templates of a bundle."""
    templates = list(bundle.parts.values())
    return next((stack.owner for stack in graph.stacks if stack.template in templates), None)


def is_own_service(graph: ResourceGraph, bundle: ProtonBundle) -> bool:
    """Whether a service bundle belongs to its service's team: its owner is known and not the environments' owner."""
    team = owner(graph, bundle)
    if team is None or team == PLATFORM:
        return False
    linked = [link.environment for link in link_bundles(graph.bundles).environments(bundle)]
    environments = linked or [found for found in graph.bundles if found.kind == "environment"]
    owners = {owner(graph, environment) for environment in environments} - {None}
    return bool(owners) and team not in owners


def is_extensible(bundle: ProtonBundle) -> tuple[bool, bool]:
    """Whether a service's instances read what a component adds, and whether its registration lets components attach.

    A registration outside the folder of the run cannot be read and counts as letting them.
    https://docs.aws.amazon.com/proton/latest/userguide/ag-components-iac.html
    """
    part = bundle.parts.get("instance")
    reads = part.proton.reads if part is not None and part.proton is not None else []
    enabled = "DIRECTLY_DEFINED" in bundle.component_sources or bundle.directory.startswith("..")
    return any(path.startswith(_COMPONENT) for path, _ in reads), enabled


def output_target(graph: ResourceGraph, template: Template, path: str) -> OutputTarget | None:
    """The environment's resource behind `environment.outputs.X`, when the output names exactly one."""
    found = link_bundles(graph.bundles).environment_output(template, path)
    if found is None:
        return None
    environment, name, inferred = found
    output = environment.section("Outputs").get(name)
    value: Json = output.get("Value") if isinstance(output, dict) else None
    ids = {logical_id for branch in alternatives(value) for logical_id in referenced_ids(branch)}
    named = [(logical_id, _type(environment, logical_id)) for logical_id in sorted(ids)]
    known = [(logical_id, kind) for logical_id, kind in named if kind is not None]
    if len(known) != 1:
        return None
    return OutputTarget(environment, known[0][0], known[0][1], name, inferred)


def _type(template: Template, logical_id: str) -> str | None:
    body = template.section("Resources").get(logical_id)
    kind = body.get("Type") if isinstance(body, dict) else None
    return kind if isinstance(kind, str) else None


def output_reads(template: Template, value: Json, path: TemplatePath = ()) -> Iterator[tuple[TemplatePath, str]]:
    """The `environment.outputs.X` names that a value is made from, each with the path of its text."""
    for where, name in dotted_reads(template, value, path):
        if output_name(name) is not None:
            yield where, name


def allow_statements(template: Template) -> Iterator[tuple[TemplatePath, Body]]:
    """Every IAM statement of a part that allows something, with its path."""
    for logical_id, body in written_resources(template):
        yield from roles.allow_statements(body, ("Resources", logical_id))


def physical_name(resource: Resource) -> tuple[str, Json] | None:
    """The property that names a resource, and its value; None when CloudFormation makes the name."""
    key = NAME_PROPERTY.get(resource.type)
    if key is None or key not in resource.properties:
        return None
    value: Json = resource.properties[key]
    return key, value
