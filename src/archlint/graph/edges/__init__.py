"""Edge finders: what the properties and definitions of each resource type say about its edges.

`Edge.detail` by what declares the edge; values are plain data, None stands for what is not known here:

- mapping: `filters` (parsed patterns), `batch_size`, `batching_window`, `enabled`, `response_types`,
  `maximum_retry_attempts`, `maximum_record_age`, `enhanced_fan_out`
- bucket notification: `events`, `prefix`, `suffix`; subscription: `protocol`, `filter_policy`, `filter_scope`, `raw`;
  log subscription: `pattern` (a text)
- rule, to it and from it: `pattern`, `schedule`; from it also `target` (the target's Id), `input`, `dead_letters`
  (whether the target has a queue of its own); schedule: `schedule`, `dead_letters`
- pipe, to it: `filters`, `batch_size`; from it: `enrichment`
- API: `routes` (`GET /orders/{id}`, a route key), `timeout` (milliseconds, when given), `streams` (the
  response: no default timeout ends it), or `authorizer` (its name)
- AppSync: `fields` (`Query.order`); load balancer: `conditions`; user pool: `trigger`; CloudFront: `event`
- state machine: `states` (names), `caught` (only states that a Catch leads to), `events` (`source` and `detail-type` by
  entry put on a bus; code says the same of a function); the whole definition is `ResourceGraph.workflows[machine]`
- OnSuccess: `on: success`; alarm: `metric` of what it watches, `on` (`Alarm`, `OK`, `InsufficientData`)
- role of a task or job definition: `role` (`task`, `execution`); pipeline: `action`; IoT rule: `sql`
"""

from __future__ import annotations

from archlint.graph.edges import (
    alarms,
    api_gateway,
    appsync,
    automation,
    beanstalk,
    containers,
    custom_resources,
    databases,
    delivery,
    event_buses,
    functions,
    ingestion,
    iot,
    lattice,
    load_balancers,
    logs,
    notifications,
    pipelines,
    step_functions,
    table,
    transfers,
)
from archlint.graph.edges.table import Finder
from archlint.graph.iam import finders as policies


def _registry() -> dict[str, tuple[Finder, ...]]:
    found: dict[str, tuple[Finder, ...]] = {kind: (find,) for kind, find in table.finders().items()}
    for module in (
        alarms,
        api_gateway,
        appsync,
        automation,
        beanstalk,
        containers,
        custom_resources,
        databases,
        delivery,
        event_buses,
        functions,
        ingestion,
        iot,
        lattice,
        load_balancers,
        logs,
        notifications,
        pipelines,
        policies,
        step_functions,
        transfers,
    ):
        for kind, finders in module.FINDERS.items():
            found[kind] = (*found.get(kind, ()), *finders)
    return found


FINDERS: dict[str, tuple[Finder, ...]] = _registry()
"""Resource type (or `Custom::*`) → the functions that add its edges."""

__all__ = ["FINDERS", "Finder"]
