"""How many connections a relational database takes, from its instance class or capacity range."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from archlint.graph.databases import CLUSTER, instances
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from archlint.graph.model import Node, ResourceGraph
    from archlint.graph.values import Values

_GIB = 1024**3
SERVERLESS_CLASS = "db.serverless"
# 1 ACU has about 2 GiB of memory.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.how-it-works.html
GIB_PER_ACU = 2

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
_BURSTABLE = {"micro": 1.0, "small": 2.0, "medium": 4.0, "large": 8.0, "xlarge": 16.0, "2xlarge": 32.0}
_GIB_PER_VCPU = {"m": 4.0, "r": 8.0}
_CLASS = re.compile(r"db\.(t[2-9]|[mr][4-9])[a-z]*\.((?:[0-9]{1,2})?x?large|micro|small|medium)")


class ConnectionLimit(NamedTuple):
    """The most connections that a database takes by default, rounded, and what says so: `db.t3.micro`, `4 ACUs`."""

    connections: int
    reason: str


def connection_limit(graph: ResourceGraph, values: Values, database: Node) -> ConnectionLimit | None:
    """The limit of a DB instance, or of the largest instance of a cluster; None when it cannot be told."""
    nodes = instances(graph, database) if database.type == CLUSTER else [database]
    found = [limit for node in nodes if (limit := _limit(graph, values, node, database)) is not None]
    return max(found, default=None) if len(found) == len(nodes) else None


def _limit(graph: ResourceGraph, values: Values, instance: Node, database: Node) -> ConnectionLimit | None:
    given = _parameter(graph, values, instance) or _parameter(graph, values, database)
    if given is not None:
        return given
    engines = {str(engine).lower() for node in (instance, database) for engine in values.possible(node, "Engine")}
    engine = next((name for name in engines if name in _FORMULAS), None)
    found: list[ConnectionLimit] = []
    for kind in values.possible(instance, "DBInstanceClass"):
        gib = None if kind == SERVERLESS_CLASS else _memory(kind)
        limit = _serverless(values, database, engine) if kind == SERVERLESS_CLASS else None
        if engine is not None and gib is not None:
            limit = ConnectionLimit(_rounded(_FORMULAS[engine](gib * _GIB)), str(kind))
        if limit is None:
            return None
        found.append(limit)
    return max(found, default=None)


def _parameter(graph: ResourceGraph, values: Values, node: Node) -> ConnectionLimit | None:
    """`max_connections` of a parameter group, when it is a plain number."""
    for edge in graph.outgoing(node, EdgeKind.REFERENCES):
        if edge.target.type in ("AWS::RDS::DBParameterGroup", "AWS::RDS::DBClusterParameterGroup"):
            value = values.value(edge.target, "Parameters.max_connections")
            if isinstance(value, int) and not isinstance(value, bool):
                return ConnectionLimit(value, f"max_connections of {edge.target}")
    return None


def _serverless(values: Values, cluster: Node, engine: str | None) -> ConnectionLimit | None:
    """Of an instance of class db.serverless the maximum capacity decides; near zero the minimum caps PostgreSQL's."""
    most = _numbers(values, cluster, "ServerlessV2ScalingConfiguration.MaxCapacity")
    least = _numbers(values, cluster, "ServerlessV2ScalingConfiguration.MinCapacity")
    if not most or not least:
        return None
    reason = f"{max(most):g} ACUs"
    if engine in ("aurora", "aurora-mysql"):
        steps = [count for capacity, count in _MYSQL_BY_ACU.items() if capacity <= max(most)]
        return ConnectionLimit(max(steps, default=min(_MYSQL_BY_ACU.values())), reason)
    if engine != "aurora-postgresql":
        return None
    connections = _postgresql(max(most) * GIB_PER_ACU * _GIB)
    return ConnectionLimit(_rounded(min(connections, 2_000) if max(least) <= 0.5 else connections), reason)


def _numbers(values: Values, node: Node, path: str) -> list[float]:
    """All values of a property when all are known numbers."""
    found = values.possible(node, path)
    numbers = [float(value) for value in found if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return numbers if len(numbers) == len(found) and all(map(math.isfinite, numbers)) else []


def _memory(kind: object) -> float | None:
    """GiB of an instance class; None for classes that are not in common use."""
    found = _CLASS.fullmatch(kind) if isinstance(kind, str) else None
    if found is None:
        return None
    family, size = found[1], found[2]
    if family.startswith("t"):
        return _BURSTABLE.get(size)
    count = size.removesuffix("xlarge")
    vcpus = 2 if size == "large" else 4 * int(count or 1) if size.endswith("xlarge") else None
    return vcpus * _GIB_PER_VCPU[family[0]] if vcpus is not None else None


def _mysql(memory: float) -> float:
    return memory / 12_582_880


def _postgresql(memory: float) -> float:
    return min(memory / 9_531_392, 5_000)


def _aurora_mysql(memory: float) -> float:
    return max(math.log2(memory / 805_306_368) * 45, math.log2(memory / 8_187_281_408) * 1_000)


# The defaults of max_connections. The memory that an engine sees is a little less than that of the class.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Performance.html
# Aurora MySQL's default for a maximum of so many ACUs.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
_MYSQL_BY_ACU = {1: 90, 4: 135, 8: 1_000, 16: 2_000, 32: 3_000, 64: 4_000, 128: 5_000, 192: 6_000}
_FORMULAS = {
    "mysql": _mysql,
    "mariadb": _mysql,
    "postgres": _postgresql,
    "aurora": _aurora_mysql,
    "aurora-mysql": _aurora_mysql,
    "aurora-postgresql": _postgresql,
}


def _rounded(connections: float) -> int:
    """To two significant digits: the exact number depends on what else runs on the instance."""
    if connections < 10:
        return max(int(connections), 0)
    digits = 10 ** (int(math.log10(connections)) - 1)
    return int(connections // digits * digits)
