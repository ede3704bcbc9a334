"""What one AWS API operation does, and how the tables of operations are written."""

from __future__ import annotations

import msgspec

from archlint.graph.edges.paths import Steps, steps
from archlint.graph.edges.sending import BUCKET
from archlint.graph.model import EdgeKind, Mode

KEYS = "{}"
"""Step: the keys of a mapping, as DynamoDB's `RequestItems` names its tables."""


class Operation(msgspec.Struct, frozen=True):
    """What one operation does with the resource that its parameters name. `mode` only matters for `invokes`."""

    kinds: tuple[EdgeKind, ...]
    parameters: tuple[Steps, ...]
    types: tuple[str, ...]
    mode: Mode = Mode.ASYNC

    @property
    def only_known(self) -> bool:
        """True for what is named in every call and says nothing of things outside the run: a default, a catalog."""
        return not _ALWAYS_NAMED.isdisjoint(self.types)


_ALWAYS_NAMED = frozenset({"AWS::Athena::WorkGroup", "AWS::Glue::Database"})


def operation(
    kinds: EdgeKind | tuple[EdgeKind, ...], parameters: str, *types: str, mode: Mode = Mode.ASYNC
) -> Operation:
    """What an operation does; `parameters` are paths, apart by blanks, of which each that is given names a resource."""
    compiled = tuple(tuple(step.lower() for step in steps(path)) for path in parameters.split())
    return Operation(kinds if isinstance(kinds, tuple) else (kinds,), compiled, types, mode)


def same(found: Operation | tuple[Operation, ...], names: str) -> dict[str, tuple[Operation, ...]]:
    """One row for each of these operations, which all do the same."""
    row = found if isinstance(found, tuple) else (found,)
    return {name.lower(): row for name in names.split()}


def moves(source: str, target: str) -> tuple[Operation, ...]:
    """A job that reads its input from a bucket and writes its output to one."""
    return (operation(EdgeKind.READS, source, BUCKET), operation(EdgeKind.WRITES, target, BUCKET))
