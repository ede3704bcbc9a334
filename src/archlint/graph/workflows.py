"""State machines as rules see them: the states of a definition and what each task calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from archlint.graph.edges.calls import Operation
    from archlint.graph.model import Node
    from archlint.template.model import Body, Place, TemplatePath


class State(msgspec.Struct, frozen=True):
    """One state. `scope` is the path of the `States` mapping it stands in: states of one scope can follow each other.

    `body` is the state as written; strings may still hold `${Name}` or marks for what the template fills in.
    """

    name: str
    body: Body
    scope: TemplatePath
    place: Place | None
    service: str | None = None
    """Of a task: `lambda`, `sqs`, `dynamodb` …; `activity` for an activity; None when it cannot be told."""
    action: str | None = None
    """The operation, `invoke` or `sendMessage`; None for an activity."""
    pattern: Literal["request", "sync", "token"] = "request"
    """How the task waits: for the response, the job's end (`.sync`) or a token (`.waitForTaskToken`, activities)."""
    targets: tuple[Node, ...] = ()
    unknown: tuple[Operation, ...] = ()
    """What the task does with things that are known only at run time."""

    @property
    def dynamic(self) -> bool:
        """True when the thing that the task calls is known only at run time."""
        return bool(self.unknown)

    @property
    def type(self) -> str:
        """`Task`, `Choice`, `Map` …; empty when the state names none."""
        kind = self.body.get("Type")
        return kind if isinstance(kind, str) else ""


class Workflow(msgspec.Struct, frozen=True):
    """One definition of a state machine, with the states of nested maps and branches in document order."""

    machine: Node
    body: Body
    states: tuple[State, ...]

    @property
    def tasks(self) -> tuple[State, ...]:
        """The states of type `Task`."""
        return tuple(state for state in self.states if state.type == "Task")
