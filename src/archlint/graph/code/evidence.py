"""Edges that rest on code: calls make them, confirm what policies allow, or show that nothing uses a permission.

Runs behind `derive`. Doubt keeps the policy edge: it is taken away only when all that the handler reaches was read
and nothing of it so much as mentions the service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archlint.graph.code.model import Env, Word
from archlint.graph.code.operations import INVOCATION_MODES, INVOCATION_TYPE, OPERATIONS, may_call, may_do
from archlint.graph.code.sources import Folders
from archlint.graph.iam.actions import service_of
from archlint.graph.model import EdgeKind, Evidence, Mode

if TYPE_CHECKING:
    from archlint.graph.code.javascript import JavaScriptReader
    from archlint.graph.code.model import Call, Code, Value
    from archlint.graph.code.operations import Operation
    from archlint.graph.code.python import PythonReader
    from archlint.graph.code.sources import Folder
    from archlint.graph.link import Linker
    from archlint.graph.model import Edge, Node, ResourceGraph
    from archlint.graph.resolve import Target
    from archlint.template.model import Place

_FUNCTION = "AWS::Lambda::Function"
_KINDS = (EdgeKind.INVOKES, EdgeKind.READS, EdgeKind.WRITES, EdgeKind.PUBLISHES)


class _Seen(NamedTuple):
    """A call on a resource of the graph."""

    kind: EdgeKind
    mode: Mode | None
    target: Target
    place: Place | None
    call: Call


def apply_code(linker: Linker) -> None:
    """Adds and replaces edges of functions whose handler lies in the linted folder."""
    functions = [node for node in linker.graph.of_type(_FUNCTION) if "Code" in node.properties]
    if not functions:
        return
    folders = Folders(linker)
    readers = _Readers()
    gone: list[Edge] = []
    for function in functions:
        folder = folders.of(function)
        code = readers.read(linker, function, folder) if folder is not None else None
        if code is None:
            continue
        gone += _confirm(linker, function, code)
        if not code.doubts and not function.properties.get("Layers"):
            gone += _refuted(linker, function, code)
    linker.graph.drop_edges(gone)


class _Readers:
    """One reader for each folder and language."""

    def __init__(self) -> None:
        self._python: dict[Folder, PythonReader] = {}
        self._javascript: dict[Folder, JavaScriptReader] = {}

    def read(self, linker: Linker, function: Node, folder: Folder) -> Code | None:
        """The function's code; None when its handler is not there or nobody here reads its language."""
        if function.stack is None:
            return None
        runtime, handler = (linker.literal(function.stack, function.properties.get(n)) for n in ("Runtime", "Handler"))
        if not isinstance(runtime, str) or not isinstance(handler, str):
            return None
        if runtime.startswith("python"):
            from archlint.graph.code.python import PythonReader

            if folder not in self._python:
                self._python[folder] = PythonReader(folder)
            return self._python[folder].read(handler)
        if runtime.startswith("nodejs"):
            from archlint.graph.code.javascript import JavaScriptReader, is_available

            if not is_available():
                return None
            if folder not in self._javascript:
                self._javascript[folder] = JavaScriptReader(folder)
            return self._javascript[folder].read(handler)
        return None


def _confirm(linker: Linker, function: Node, code: Code) -> list[Edge]:
    """Adds the edges of the calls; returns the policy edges that they replace."""
    known = linker.graph.outgoing(function, *_KINDS)
    replaced: list[Edge] = []
    for seen in _seen(linker, function, code):
        same = [edge for edge in known if edge.kind is seen.kind and edge.target is seen.target.node]
        if any(edge.evidence is Evidence.DECLARED for edge in same):
            continue
        allowed = [edge for edge in same if edge.mode in (seen.mode, Mode.UNKNOWN) or seen.mode is Mode.UNKNOWN]
        if not allowed and (seen.target.node.external or code.confirms_only):
            continue
        replaced += allowed
        policy = allowed[0] if allowed else None
        detail: dict[str, Any] = {**(policy.detail if policy is not None else {}), "code": seen.call.place}
        if seen.call.operation == "put_events":
            detail["events"] = _events(seen.call)
        linker.connect(
            seen.kind,
            function,
            seen.target.node,
            place=(policy.place if policy is not None else None) or seen.place or function.place(),
            evidence=Evidence.CODE,
            mode=seen.mode,
            via=policy.via if policy is not None else None,
            qualifier=seen.target.qualifier,
            actions=policy.actions if policy is not None else frozenset(),
            detail=detail,
        )
    return replaced


def _seen(linker: Linker, function: Node, code: Code) -> list[_Seen]:
    """What the calls do to which resources, in the order of the code."""
    found = []
    for call in code.calls:
        operation = OPERATIONS[call.service, call.operation]
        name = next((each for each in operation.arguments if each in call.arguments), None)
        mode = _mode(call, operation)
        if name is None or (operation.mode is not None and mode is None):
            continue
        for value in dict.fromkeys(call.arguments[name]):
            for target, place in _targets(linker, function, value, operation):
                found.append(_Seen(operation.kind, mode, target, place, call))
    return found


def _events(call: Call) -> list[dict[str, str | None]]:
    """What a call puts on a bus, as state machines say it: `source` and `detail-type` by entry, None where not told."""
    sources, types = ([_text(value) for value in call.arguments.get(name, ())] for name in ("Source", "DetailType"))
    if len(sources) != len(types):
        return []
    return [{"source": source, "detail-type": kind} for source, kind in zip(sources, types, strict=True)]


def _text(value: Value) -> str | None:
    return value.text if isinstance(value, Word) else None


def _mode(call: Call, operation: Operation) -> Mode | None:
    """How a call runs; None when it runs nothing (a dry run)."""
    if call.operation != "invoke" or INVOCATION_TYPE not in call.arguments:
        return operation.mode
    values = call.arguments[INVOCATION_TYPE]
    value = values[0] if len(values) == 1 else None
    return INVOCATION_MODES.get(value.text) if isinstance(value, Word) else Mode.UNKNOWN


def _targets(linker: Linker, function: Node, value: Value, operation: Operation) -> list[tuple[Target, Place | None]]:
    stack = function.stack
    if stack is None or value is None:
        return []
    if isinstance(value, Word):
        named = linker.targets(stack, value.text, *operation.types)
        return [(target, None) for target in named if not target.node.external and target.node.type in operation.types]
    environment = function.properties.get("Environment")
    variables = environment.get("Variables") if isinstance(environment, dict) else None
    if not isinstance(value, Env) or not isinstance(variables, dict) or value.name not in variables:
        return []
    place = function.place("Environment", "Variables", value.name)
    told = linker.targets(stack, variables[value.name], *operation.types)
    return [(target, place) for target in told if target.node.external or target.node.type in operation.types]


def _refuted(linker: Linker, function: Node, code: Code) -> list[Edge]:
    """Policy edges of services that nothing the function runs mentions, and of reading where it only writes.

    The latter (and its reverse) only where the other one is seen: code that is known to work with the store.
    """
    graph = linker.graph
    runtime = linker.literal(function.stack, function.properties.get("Runtime")) if function.stack else None
    short = not str(runtime).startswith("python")
    edges = [*graph.outgoing(function, *_KINDS), *graph.incoming(function, EdgeKind.TRIGGERS)]
    mentioned: dict[str, bool] = {}
    refuted = []
    for edge in edges:
        if edge.evidence > Evidence.POLICY or not edge.actions:
            continue
        for service in {service_of(action) for action in edge.actions}:
            if service not in mentioned:
                mentioned[service] = any(may_call(service, text) for text in code.texts)
        if not any(mentioned[service_of(action)] for action in edge.actions) or (
            edge.kind in _OPPOSITE
            and _is_seen(graph, function, _OPPOSITE[edge.kind], edge.target)
            and not any(
                may_do(service_of(action), edge.kind, text, short=short)
                for action in edge.actions
                for text in code.texts
            )
        ):
            refuted.append(edge)
    return refuted


_OPPOSITE = {EdgeKind.READS: EdgeKind.WRITES, EdgeKind.WRITES: EdgeKind.READS}


def _is_seen(graph: ResourceGraph, function: Node, kind: EdgeKind, target: Node) -> bool:
    """True when code was seen to do this to the resource."""
    return any(edge.target is target and edge.evidence is Evidence.CODE for edge in graph.outgoing(function, kind))
