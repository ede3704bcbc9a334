"""The names a rule module may import: everything a Python rule needs, and nothing that changes under it."""

import importlib
from typing import TYPE_CHECKING, Any

from archlint.findings import Confidence, Finding, Location, Region, Severity
from archlint.graph.defaults import property_default
from archlint.graph.iam.evaluate import (
    access_levels,
    admits,
    allows,
    document_size,
    everything_in,
    expand,
    is_allowed,
    is_denied,
    is_void,
    role_permissions,
    services,
    trust,
    unbounded,
    unbounded_actions,
)
from archlint.graph.iam.facts import Permission, PolicyDocument
from archlint.graph.iam.statements import Principal, Statement
from archlint.graph.imports import Import, imports
from archlint.graph.model import Edge, EdgeKind, Evidence, Mode, Node, ResourceGraph
from archlint.graph.queries import (
    Cycle,
    Reach,
    betweenness,
    cycles,
    fan_in,
    fan_out,
    longest_paths,
    reachable,
    shortest_path,
    weakest,
)
from archlint.graph.runtimes import lambda_runtimes
from archlint.graph.stacks import Stack
from archlint.graph.teams import Dependence, OwnerGraph, Team, are_foreign, owner_graph
from archlint.graph.values import UNKNOWN, Unknown, Values
from archlint.graph.worlds import World
from archlint.ruleset.logic import number
from archlint.ruleset.message import listed
from archlint.ruleset.pattern import Match, parse_pattern
from archlint.ruleset.places import At, locate
from archlint.ruleset.rule import Param, RuleContext, RuleMeta, strength
from archlint.template.document import Document
from archlint.template.model import Json, Place, ProtonBundle, ProtonPart, Resource, Template

if TYPE_CHECKING:
    from archlint.graph import capacity, databases, proton
else:

    class _Later:
        """A module that is imported when a rule first uses it: most runs have no Proton bundle and no database."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            value = getattr(importlib.import_module(self._name), attribute)
            setattr(self, attribute, value)
            return value

    capacity = _Later("archlint.graph.capacity")
    databases = _Later("archlint.graph.databases")
    proton = _Later("archlint.graph.proton")

__all__ = [
    "UNKNOWN",
    "At",
    "Confidence",
    "Cycle",
    "Dependence",
    "Document",
    "Edge",
    "EdgeKind",
    "Evidence",
    "Finding",
    "Import",
    "Json",
    "Location",
    "Match",
    "Mode",
    "Node",
    "OwnerGraph",
    "Param",
    "Permission",
    "Place",
    "PolicyDocument",
    "Principal",
    "ProtonBundle",
    "ProtonPart",
    "Reach",
    "Region",
    "Resource",
    "ResourceGraph",
    "RuleContext",
    "RuleMeta",
    "Severity",
    "Stack",
    "Statement",
    "Team",
    "Template",
    "Unknown",
    "Values",
    "World",
    "access_levels",
    "admits",
    "allows",
    "are_foreign",
    "betweenness",
    "capacity",
    "cycles",
    "databases",
    "document_size",
    "everything_in",
    "expand",
    "fan_in",
    "fan_out",
    "imports",
    "is_allowed",
    "is_denied",
    "is_void",
    "lambda_runtimes",
    "listed",
    "locate",
    "longest_paths",
    "number",
    "owner_graph",
    "parse_pattern",
    "property_default",
    "proton",
    "reachable",
    "role_permissions",
    "services",
    "shortest_path",
    "strength",
    "trust",
    "unbounded",
    "unbounded_actions",
    "weakest",
]
