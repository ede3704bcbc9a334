"""State machines: what the tasks of a definition call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from archlint.graph.edges import asl
from archlint.graph.edges.asl import ARGUMENTS, Call
from archlint.graph.edges.calls import Operation, operation
from archlint.graph.edges.definitions import Definition, definitions
from archlint.graph.edges.operations import arguments, is_dynamic, operations
from archlint.graph.edges.paths import ANY, follow
from archlint.graph.edges.sending import BUCKET, BUS, FUNCTION, STARTED, endpoints, is_default_bus, known, plain
from archlint.graph.model import EdgeKind, Evidence, Mode
from archlint.graph.workflows import State, Workflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.template.model import Body, Json, Place, TemplatePath

# The whole of a JSONata expression that is one string.
_JSONATA_STRING = re.compile(r"""^\{%\s*(['"])([^'"]*)\1\s*%\}$""")
_OWN_ID = re.compile(r"\$\$\.StateMachine\.Id|\$states\.context\.StateMachine\.Id")
_S3 = "s3://"
_ENDPOINT_CALLS = (("apigateway", "invoke"), ("http", "invoke"))
_ACTIVITY = "AWS::StepFunctions::Activity"


def state_machine(linker: Linker, node: Node) -> None:
    """The machine → what its tasks call; each kind of edge to one thing once, with the states that use it."""
    substitutions = node.properties.get("DefinitionSubstitutions")
    is_read = False
    for definition in definitions(
        linker,
        node,
        inline=("Definition",),
        text=("DefinitionString",),
        file=("DefinitionUri", "DefinitionS3Location"),
        substitutions=substitutions if isinstance(substitutions, dict) else None,
    ):
        is_read = True
        _Walk(linker, definition).run()
    if not is_read:
        _told(linker, node)


def _told(linker: Linker, node: Node) -> None:
    """A definition that lies elsewhere: what it is told of and can start, the machine `invokes`, on that word alone."""
    if node.stack is None:
        return
    for path, value in follow(node.properties, ("DefinitionSubstitutions", ANY)):
        for target in known(linker, node.stack, value):
            if target.node.type in STARTED and target.node is not node:
                linker.connect(
                    EdgeKind.INVOKES,
                    node,
                    target.node,
                    place=node.place(*path),
                    evidence=Evidence.REFERENCE,
                    mode=Mode.UNKNOWN,
                    qualifier=target.qualifier,
                )


class _Found(msgspec.Struct, frozen=True):
    """One edge of the machine, and what else to say about it."""

    kind: EdgeKind
    target: Node
    place: Place | None
    mode: Mode | None = None
    qualifier: str | None = None
    events: tuple[dict[str, Json], ...] = ()


class _Task(msgspec.Struct, frozen=True):
    """A task state while its call is followed."""

    name: str
    body: Body
    path: TemplatePath
    call: Call
    targets: list[Node]

    def arguments(self, *parameter: str) -> list[tuple[TemplatePath, Json, bool]]:
        """Values of a parameter of the call, as `operations.arguments` gives them."""
        return [found for key in ARGUMENTS for found in arguments(self.body.get(key), parameter, (*self.path, key))]


def _caught(states: Sequence[State]) -> Iterator[str]:
    """The states that a Catch leads to: what only they send to is a failure path."""
    for state in states:
        catchers = state.body.get("Catch")
        for catcher in catchers if isinstance(catchers, list) else ():
            if isinstance(catcher, dict) and isinstance(catcher.get("Next"), str):
                yield catcher["Next"]


class _Walk:
    """One pass over one definition."""

    def __init__(self, linker: Linker, definition: Definition) -> None:
        self._linker = linker
        self._definition = definition
        self._machine = definition.node
        assert definition.node.stack is not None  # noqa: S101 - definitions() has looked
        self._stack: Stack = definition.node.stack
        self._edges: dict[tuple[EdgeKind, Node, Mode | None, str | None], list[tuple[str, _Found]]] = {}

    def run(self) -> None:
        """Draws the edges and leaves the workflow for the rules."""
        states: list[State] = []
        for scope, name, body in asl.states(self._definition.data):
            path = (*scope, name)
            if body.get("Type") == "Task":
                states.append(self._task(scope, name, body))
                continue
            unknown = self._distributed_map(name, body, path) if body.get("Type") == "Map" else ()
            states.append(State(name, body, scope, self._definition.place(path), unknown=unknown))
        self._draw(frozenset(_caught(states)))
        workflow = Workflow(self._machine, self._definition.data, tuple(states))
        self._linker.graph.workflows.setdefault(self._machine, []).append(workflow)

    def _draw(self, caught: frozenset[str]) -> None:
        for (kind, target, mode, qualifier), found in self._edges.items():
            names = dict.fromkeys(state for state, _ in found)
            detail: dict[str, Json] = {"states": list(names), "caught": caught.issuperset(names)}
            # One state names its bus in each of its entries: what it puts there is told once.
            events: list[Json] = [event for edge in dict(found).values() for event in edge.events]
            if events:
                detail["events"] = events
            place = found[0][1].place
            self._linker.connect(
                kind, self._machine, target, place=place, mode=mode, qualifier=qualifier, detail=detail
            )

    def _add(self, state: str, found: _Found) -> None:
        self._edges.setdefault((found.kind, found.target, found.mode, found.qualifier), []).append((state, found))

    # -- tasks -------------------------------------------------------------------------------------------------

    def _task(self, scope: TemplatePath, name: str, body: Body) -> State:
        path = (*scope, name)
        flat = self._definition.flatten(body.get("Resource"))
        text = flat.text if flat is not None else ""
        task = _Task(name, body, path, asl.call(text), [])
        call = task.call
        unknown: tuple[Operation, ...] = ()
        if call.service is None or call.service == "activity":
            if flat is not None and (text.startswith("arn:") or not flat.is_known):
                self._by_arn(task)
            call = _call_by_arn(task.targets, text)
        elif call[:2] in _ENDPOINT_CALLS:
            self._endpoint(task)
        else:
            unknown = self._operations(task)
        targets = tuple(dict.fromkeys(task.targets))
        place = self._definition.place(path)
        return State(name, body, scope, place, call.service, call.action, call.pattern, targets, unknown)

    def _by_arn(self, task: _Task) -> None:
        place = self._definition.place((*task.path, "Resource"))
        for target in self._linker.targets(self._stack, self._definition.value(task.body.get("Resource")), FUNCTION):
            mode = Mode.ASYNC if _is_activity(target.node) else Mode.SYNC
            self._add(task.name, _Found(EdgeKind.INVOKES, target.node, place, mode, target.qualifier))
            task.targets.append(target.node)

    def _endpoint(self, task: _Task) -> None:
        for here, value, dynamic in task.arguments("apiendpoint"):
            for target in [] if dynamic else endpoints(self._linker, self._stack, self._definition.value(value)):
                place = self._definition.place(here)
                self._add(task.name, _Found(EdgeKind.INVOKES, target.node, place, Mode.SYNC, target.qualifier))
                task.targets.append(target.node)

    def _operations(self, task: _Task) -> tuple[Operation, ...]:
        """Draws what the operation does; returns what it does with things that are known only at run time."""
        found = operations(task.call.service or "", task.call.action or "")
        if any(is_dynamic(task.body.get(key)) for key in ARGUMENTS):
            return found
        unknown: list[Operation] = []
        for each in found:
            for parameter in each.parameters:
                for here, value, _ in task.arguments(*parameter):
                    if not self._named(task, each, here, value):
                        unknown.append(each)
        return tuple(dict.fromkeys(unknown))

    def _named(self, task: _Task, operation: Operation, here: TemplatePath, value: Json) -> bool:
        """Adds the edges to what one parameter names; False when that is known only at run time."""
        place = self._definition.place(here)
        if EdgeKind.INVOKES in operation.kinds and isinstance(value, str) and _OWN_ID.search(value):
            self._add(task.name, _Found(EdgeKind.INVOKES, self._machine, place, _mode(operation, task)))
            task.targets.append(self._machine)
            return True
        resource = self._known(here, value)
        if resource is None:
            return False
        events = tuple(self._events(task)) if BUS in operation.types else ()
        for target in self._linker.targets(self._stack, resource, *operation.types):
            if is_default_bus(target.node) or (operation.only_known and target.node.external):
                continue
            for kind in _kinds(operation, task):
                mode = _mode(operation, task) if kind is EdgeKind.INVOKES else None
                self._add(task.name, _Found(kind, target.node, place, mode, target.qualifier, events))
            task.targets.append(target.node)
        return True

    def _known(self, here: TemplatePath, value: Json) -> Json:
        """The template value of an argument; None when it is computed at run time, or no substitution has its name."""
        if isinstance(value, str):
            text = _JSONATA_STRING.match(value)
            if text:
                value = text[2]
            elif is_dynamic(value) or (str(here[-1]).endswith(".$") and value.startswith(("$", "States."))):
                return None
        flat = self._definition.flatten(value)
        if flat is not None and flat.text.startswith(_S3):
            resource = flat.value(flat.text.removeprefix(_S3).split("/", 1)[0])
        else:
            resource = self._definition.value(value)
        if not isinstance(resource, str):
            return resource
        if "${" in resource:
            return None
        return resource.strip("/").split("/", 1)[0] if here[-1] == "CopySource" else resource

    def _events(self, task: _Task) -> list[dict[str, Json]]:
        """What a task puts on a bus: `source` and `detail-type` by entry, None where known only at run time."""
        found = []
        for _, entry, _dynamic in task.arguments("entries", "[]"):
            event: dict[str, Json] = {}
            for parameter, name in (("source", "source"), ("detailtype", "detail-type")):
                for _, value, dynamic in arguments(entry, (parameter,)):
                    known = None if dynamic or is_dynamic(value) else self._definition.value(value)
                    event[name] = plain(self._linker, self._stack, known)
            found.append(event)
        return found

    def _distributed_map(self, name: str, body: Body, path: TemplatePath) -> tuple[Operation, ...]:
        """Draws what a distributed map reads and writes; returns what it does with buckets known only at run time."""
        unknown: list[Operation] = []
        for key, kind in (("ItemReader", EdgeKind.READS), ("ResultWriter", EdgeKind.WRITES)):
            item = body.get(key)
            if not isinstance(item, dict):
                continue
            for given in ARGUMENTS:
                for here, value, dynamic in arguments(item.get(given), ("bucket",), (*path, key, given)):
                    if dynamic or is_dynamic(value):
                        unknown.append(operation(kind, "Bucket", BUCKET))
                        continue
                    for target in self._linker.targets(self._stack, self._definition.value(value), BUCKET):
                        self._add(name, _Found(kind, target.node, self._definition.place(here)))
        return tuple(unknown)


def _call_by_arn(targets: list[Node], text: str) -> Call:
    """What a task calls whose resource is no integration: an activity or a function."""
    if any(_is_activity(target) for target in targets) or ":activity:" in text:
        return Call("activity", None, "token")
    return Call("lambda", "invoke", "request") if targets or ":lambda:" in text else Call(None, None, "request")


def _is_activity(node: Node) -> bool:
    return node.type == _ACTIVITY or (node.external and ":activity:" in node.logical_id)


def _kinds(operation: Operation, task: _Task) -> tuple[EdgeKind, ...]:
    """What the operation does; SQL that only selects does not write."""
    if operation.kinds == (EdgeKind.READS, EdgeKind.WRITES):
        for _, sql, _dynamic in task.arguments("sql"):
            if isinstance(sql, str) and sql.lstrip("{%'\" \n").lower().startswith("select"):
                return (EdgeKind.READS,)
    return operation.kinds


def _mode(operation: Operation, task: _Task) -> Mode:
    if task.call.pattern == "sync":
        return Mode.SYNC
    if any(str(value).lower() == "event" for _, value, _ in task.arguments("invocationtype")):
        return Mode.ASYNC
    return operation.mode


FINDERS: dict[str, tuple[Finder, ...]] = {"AWS::StepFunctions::StateMachine": (state_machine,)}
