"""The events of functions and state machines: which module lowers which type, and what they start."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from archlint.template.sam.intrinsics import suffixed, without_none
from archlint.template.sam.lowering import PERMISSION, Lowering
from archlint.template.sam.resource import Event, SamResource

if TYPE_CHECKING:
    from archlint.template.model import Body
    from archlint.template.sam.policies import Role


class Starter(msgspec.Struct, frozen=True):
    """What an event starts: a function, its alias, or a state machine.

    `role` is the execution role that events of a function may add permissions to.
    """

    owner: SamResource
    logical_id: str
    name: Body
    arn: Body
    role: Role | None = None


Handler: TypeAlias = Callable[[Lowering, Starter, Event], None]


def lower_events(lowering: Lowering, starter: Starter) -> None:
    """Adds what SAM makes of the events of a function; events of unknown types are left out."""
    from archlint.template.sam.function_events import HANDLERS

    for event in starter.owner.events():
        handler = HANDLERS.get(event.type)
        if handler is not None:
            handler(lowering, starter, event)


def add_permission(
    lowering: Lowering,
    starter: Starter,
    event: Event,
    principal: str,
    source: Body,
    *,
    prefix: str | None = None,
    suffix: str = "",
) -> str:
    """Adds the permission of a service to invoke the function, and says its logical ID.

    `source` holds what narrows the permission down: `SourceArn`, `SourceAccount`, `EventSourceToken`.
    """
    logical_id = suffixed((prefix or event.logical_id) + "Permission", suffix)
    properties: Body = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": starter.name,
        "Principal": principal,
        **without_none(source),
    }
    lowering.generated(starter.owner, logical_id, PERMISSION, properties, event.place())
    return logical_id
