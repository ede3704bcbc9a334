"""Amazon States Language: the states of a definition and the integration that a task names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.model import Body, TemplatePath

Pattern = Literal["request", "sync", "token"]
ARGUMENTS = ("Arguments", "Parameters")
"""Where a state keeps the arguments of its call, in JSONata and in JSONPath."""

# https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
_INTEGRATION = re.compile(
    r":states:[^:]*:[^:]*:(?:aws-sdk:)?(?P<service>[\w-]+):(?P<action>\w+)(?P<pattern>\.[\w:]+)?$"
)
_MAX_NESTING = 40


class Call(NamedTuple):
    """What a task calls: `service` and `action` are None when its resource is no integration."""

    service: str | None
    action: str | None
    pattern: Pattern


def call(resource: str) -> Call:
    """The integration in a task's `Resource`."""
    match = _INTEGRATION.search(resource)
    if match is None:
        return Call(None, None, "request")
    suffix = match["pattern"] or ""
    pattern: Pattern = "request"
    if suffix == ".waitForTaskToken":
        pattern = "token"
    elif suffix.startswith(".sync"):
        pattern = "sync"
    return Call(match["service"], match["action"], pattern)


def states(data: Body) -> Iterator[tuple[TemplatePath, str, Body]]:
    """Every state with its scope and name: of the machine, of map iterators and parallel branches."""
    waiting: list[tuple[TemplatePath, Any, int]] = [((), data, 0)]
    while waiting:
        path, body, depth = waiting.pop()
        found = body.get("States") if isinstance(body, dict) else None
        if not isinstance(found, dict) or depth > _MAX_NESTING:
            continue
        inner: list[tuple[TemplatePath, Any, int]] = []
        for name, state in found.items():
            if isinstance(state, dict):
                yield (*path, "States"), str(name), state
                inner.extend((here, nested, depth + 1) for here, nested in _nested(state, (*path, "States", name)))
        waiting.extend(reversed(inner))


def _nested(state: Body, path: TemplatePath) -> Iterator[tuple[TemplatePath, Any]]:
    for key in ("Iterator", "ItemProcessor"):
        if key in state:
            yield (*path, key), state[key]
    branches = state.get("Branches")
    for index, branch in enumerate(branches if isinstance(branches, list) else ()):
        yield (*path, "Branches", index), branch
