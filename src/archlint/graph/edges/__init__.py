"""Edge finders: what the properties and definitions of each resource type say about its edges."""

from __future__ import annotations

from archlint.graph.edges import (
    alarms,
    api_gateway,
    appsync,
    containers,
    databases,
    delivery,
    event_buses,
    functions,
    iot,
    load_balancers,
    notifications,
    pipelines,
    step_functions,
    table,
)
from archlint.graph.edges.table import Finder
from archlint.graph.iam import finders as policies


def _registry() -> dict[str, tuple[Finder, ...]]:
    found: dict[str, tuple[Finder, ...]] = {kind: (find,) for kind, find in table.finders().items()}
    for module in (
        alarms,
        api_gateway,
        appsync,
        containers,
        databases,
        delivery,
        event_buses,
        functions,
        iot,
        load_balancers,
        notifications,
        pipelines,
        policies,
        step_functions,
    ):
        for kind, finders in module.FINDERS.items():
            found[kind] = (*found.get(kind, ()), *finders)
    return found


FINDERS: dict[str, tuple[Finder, ...]] = _registry()
"""Resource type (or `Custom::*`) → the functions that add its edges."""

__all__ = ["FINDERS", "Finder"]
