"""What policies allow, as edges of the code that runs with them. Runs when all declared edges are there.

A policy says what may happen, not what does. So its edges have evidence `policy`; where one role serves several
computes, only those that are also told of the resource (environment) keep it, for the others it is `reference`.
`detail["referenced"]` is true when the environment names the resource as well: two kinds of evidence.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from archlint.graph.iam.actions import matches, service_of
from archlint.graph.iam.computes import COMPUTE_TYPES, Told, roles_of
from archlint.graph.iam.evaluate import is_denied, policy_permissions
from archlint.graph.iam.flows import allowed_flows, allows_receiving
from archlint.graph.iam.grants import services_of, services_of_type
from archlint.graph.iam.identity import ROLE
from archlint.graph.model import EdgeKind, Evidence, Mode
from archlint.graph.names import parse_arn
from archlint.graph.text import Text

if TYPE_CHECKING:
    from archlint.graph.edges.calls import Operation
    from archlint.graph.iam.facts import OpenCall, Permission
    from archlint.graph.iam.flows import Flow
    from archlint.graph.link import Linker
    from archlint.graph.model import Edge, Node
    from archlint.template.model import Json, Place

_ASSUME = "sts:AssumeRole"
_BUCKET = "AWS::S3::Bucket"
_QUEUE = "AWS::SQS::Queue"
_MACHINE = "AWS::StepFunctions::StateMachine"
_STREAM = "/stream/"


class _Key(msgspec.Struct, frozen=True):
    """What makes one derived edge of a compute."""

    kind: EdgeKind
    target: Node
    mode: Mode | None


class _Allowed(msgspec.Struct):
    """What the statements of one role say together about one such edge."""

    place: Place | None
    actions: set[str] = msgspec.field(default_factory=set)
    patterns: set[str] = msgspec.field(default_factory=set)
    paths: list[Json] = msgspec.field(default_factory=list)
    families: list[bool] = msgspec.field(default_factory=list)
    qualifier: str | None = None

    def add(self, grant: Edge, actions: frozenset[str]) -> None:
        """Takes up one more grant."""
        self.actions |= actions
        self.patterns |= grant.actions
        below = grant.detail.get("paths")
        self.paths += below if isinstance(below, list) else [""]
        self.families.append(bool(grant.detail.get("family")))
        self.qualifier = self.qualifier or grant.qualifier


_Table = dict[_Key, _Allowed]


def derive(linker: Linker) -> None:
    """Adds the edges that policies allow, and `assumes` between roles."""
    computes = _by_role(linker)
    for role, users in computes.items():
        allowed = _allowed(linker, role)
        broad = _broad(linker, role)
        for compute in users:
            told = _told(linker, role, compute, broad) if broad else {}
            _connect(linker, role, compute, {**told, **allowed}, shared=len(users) > 1)
    _dynamic_machines(linker)
    _open_calls(linker)
    for role in list(linker.graph.of_type(ROLE)):
        _assumes(linker, role)


def _by_role(linker: Linker) -> dict[Node, list[Node]]:
    """Roles of the run with the computes that use them."""
    found: dict[Node, list[Node]] = {}
    for compute in list(linker.graph.of_type(*COMPUTE_TYPES)):
        for role in roles_of(linker, compute):
            if not role.external:
                found.setdefault(role, []).append(compute)
    return found


def _holders(linker: Linker, role: Node) -> list[Node]:
    """The role and its policies of the run."""
    attached = dict.fromkeys(edge.target for edge in linker.graph.outgoing(role, EdgeKind.ATTACHES))
    return [role, *attached]


def _grants(linker: Linker, role: Node) -> list[Edge]:
    """What a role may do: the grants of its own and of its policies, and what resource policies permit it by name."""
    graph = linker.graph
    found = [edge for holder in _holders(linker, role) for edge in graph.outgoing(holder, EdgeKind.GRANTS)]
    return found + graph.outgoing(role, EdgeKind.PERMITS)


def _denials(linker: Linker, role: Node) -> list[Permission]:
    """The role's `Deny` statements; the policies that AWS manages are not asked, no edge comes from them either."""
    known = linker.graph.iam.permissions
    return [each for holder in _holders(linker, role) for each in known.get(holder, ()) if not each.statement.is_allow]


def _allowed(linker: Linker, role: Node) -> _Table:
    """Every flow that the policies of this role allow."""
    found: _Table = {}
    received: dict[Node, frozenset[str]] = {}
    grants = _grants(linker, role)
    denials = _denials(linker, role) if grants else []
    for grant in grants:
        target = grant.target
        for flow, actions in allowed_flows(grant.actions):
            if not _fits(flow, grant) or _impossible(flow, target):
                continue
            admitted = _not_denied(actions, denials)
            if admitted and not _only_stream(grant, flow.service):
                key = _Key(flow.kind, target, flow.mode)
                found.setdefault(key, _Allowed(grant.place)).add(grant, admitted)
        if target.type == _QUEUE:
            received[target] = received.get(target, frozenset()) | grant.actions
            if allows_receiving(received[target]):
                key = _Key(EdgeKind.TRIGGERS, target, Mode.POLL)
                found.setdefault(key, _Allowed(grant.place)).add(grant, grant.actions)
    return found


def _broad(linker: Linker, role: Node) -> list[Permission]:
    """Statements of the role and its policies that allow something with every resource."""
    known = linker.graph.iam.permissions
    found = [each for holder in _holders(linker, role) for each in known.get(holder, ())]
    for edge in linker.graph.outgoing(role, EdgeKind.ATTACHES):
        if edge.target.external and _OF_SERVICE.search(edge.target.logical_id):
            found += policy_permissions(linker.graph, edge)
    return [each for each in found if each.everything and each.statement.is_allow and not each.statement.not_resources]


# `AmazonDynamoDBFullAccess`: a policy of AWS that gives one service to whatever is told of its resources.
_OF_SERVICE = re.compile(r":iam::aws:policy/\w+(?:FullAccess|ReadOnlyAccess|ReadWrite)$")


def _told(linker: Linker, role: Node, compute: Node, broad: list[Permission]) -> _Table:
    """What these statements allow with the resources that the compute is told of.

    Only by the actions they spell: all of a service on all of its resources says nothing of any.
    """
    found: _Table = {}
    flows = [(each, *flow) for each in broad for flow in allowed_flows(_spelled(each))]
    polls = [each for each in broad if allows_receiving(_spelled(each))]
    if not flows and not polls:
        return found
    told = Told(linker, compute)
    denials = _denials(linker, role)
    for permission, flow, actions in flows:
        admitted = _not_denied(actions, denials)
        if not admitted:
            continue
        for node in (*told.of_types(flow.types), *told.outside(flow.service)):
            if node is not compute and not _impossible(flow, node):
                allowed = found.setdefault(_Key(flow.kind, node, flow.mode), _Allowed(permission.place))
                allowed.actions |= admitted
    for permission in polls:
        for node in told.of_types({_QUEUE}):
            key = _Key(EdgeKind.TRIGGERS, node, Mode.POLL)
            found.setdefault(key, _Allowed(permission.place)).actions |= _spelled(permission)
    return found


def _spelled(permission: Permission) -> frozenset[str]:
    actions = permission.statement.actions
    if permission.holder.external:
        return frozenset(each for each in actions if service_of(each) != "*")
    return frozenset(each for each in actions if each.partition(":")[2].strip("*") or service_of(each) in _ONE_FLOW)


# Services with one thing to do with what the environment names, so that all of their actions say which.
_ONE_FLOW = frozenset({"events", "firehose", "lambda", "sns", "states"})


def _fits(flow: Flow, grant: Edge) -> bool:
    """True when the flow is one of the target's type; of its ARN's service, or the only one named, outside the run."""
    target = grant.target
    if not target.external:
        return target.type in flow.types
    services = services_of(target)
    if services is not None:
        types = _types_of(target.logical_id) if flow.service in services else None
        return types is not None and (not types or not flow.types or not flow.types.isdisjoint(types))
    return {service_of(action) for action in grant.actions} == {flow.service}


@lru_cache(maxsize=1024)
def _types_of(arn: str) -> tuple[str, ...]:
    """The types of what an ARN names, by the word before the name: nobody runs an SSM parameter. () if unknown."""
    found = parse_arn(Text((_PLACEHOLDER.sub("x", arn),)))
    return found.types if found is not None else ()


_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


def _impossible(flow: Flow, target: Node) -> bool:
    """True for a synchronous start of a machine that is not of type Express: AWS refuses it."""
    kind = target.properties.get("StateMachineType", "STANDARD") if target.type == _MACHINE else None
    return flow.mode is Mode.SYNC and kind == "STANDARD"


def _not_denied(actions: frozenset[str], denials: list[Permission]) -> frozenset[str]:
    return frozenset(action for action in actions if not is_denied(denials, action)) if denials else actions


def _only_stream(grant: Edge, service: str) -> bool:
    """True when a table is named by the ARN of its stream alone: `dynamodb:*` on that touches no item."""
    paths = grant.detail.get("paths")
    return service == "dynamodb" and isinstance(paths, list) and all(str(path).startswith(_STREAM) for path in paths)


def _connect(linker: Linker, role: Node, compute: Node, allowed: _Table, *, shared: bool) -> None:
    told: Told | None = None
    for key, found in allowed.items():
        explained = _explained(linker, compute, key, found.patterns)
        if explained is _ALWAYS:
            continue
        told = told or Told(linker, compute)
        referenced = told.names(key.target)
        if explained is not None and not referenced:
            continue
        sure = referenced or not (shared or all(found.families))
        if not sure and (key.kind is EdgeKind.TRIGGERS or key.target is compute):
            continue
        source, target = (key.target, compute) if key.kind is EdgeKind.TRIGGERS else (compute, key.target)
        linker.connect(
            key.kind,
            source,
            target,
            place=found.place,
            evidence=Evidence.POLICY if sure else Evidence.REFERENCE,
            mode=key.mode,
            via=role,
            qualifier=found.qualifier,
            actions=frozenset(found.actions),
            detail=_detail(key.target, found, referenced=referenced, shared=shared),
        )


def _detail(target: Node, found: _Allowed, *, referenced: bool, shared: bool) -> dict[str, Json]:
    detail: dict[str, Json] = {"referenced": referenced}
    if shared:
        detail["shared"] = True
    paths = [path for path in found.paths if path] if target.type == _BUCKET else found.paths
    if (
        paths and all(paths) and found.qualifier is None
    ):  # what lies below the resource: `/incoming/*`; a bucket's own ARN says nothing of objects
        detail["paths"] = list(dict.fromkeys(map(str, paths)))
    return detail


_ALWAYS = "always"
_UNLESS_TOLD = "unless told"


def _explained(linker: Linker, compute: Node, key: _Key, patterns: set[str]) -> str | None:
    """Whether declared edges between the two already explain the permission: `always`, `unless told`, or not at all."""
    graph = linker.graph
    if key.target.external:
        return None
    if key.kind is EdgeKind.TRIGGERS or (key.kind is EdgeKind.READS and key.target.type.startswith("AWS::Kinesis::")):
        return _ALWAYS if _is_polled(linker, compute, key.target) else None
    if key.kind is EdgeKind.PUBLISHES and key.target.type == _QUEUE and _is_everything(patterns):
        return _UNLESS_TOLD if _is_polled(linker, compute, key.target) else None  # that is what it needs `sqs:*` for
    for edge in graph.outgoing(compute, key.kind, EdgeKind.DEAD_LETTERS):
        if edge.target is key.target and edge.evidence > Evidence.POLICY:
            return _ALWAYS if edge.kind is key.kind else _UNLESS_TOLD
    return None


def _is_everything(patterns: set[str]) -> bool:
    """True for `sqs:*` or `*`, which name no sending."""
    return bool(patterns) and not any(each.partition(":")[2].strip("*") for each in patterns)


def _is_polled(linker: Linker, compute: Node, channel: Node) -> bool:
    return any(edge.target is compute for edge in linker.graph.outgoing(channel, EdgeKind.TRIGGERS))


def _dynamic_machines(linker: Linker) -> None:
    """State machines whose tasks choose their target at run time; the definitions of the others say everything.

    A definition that lies elsewhere says nothing: what the machine may do is all that is known.
    """
    graph = linker.graph
    for machine in list(graph.of_type(_MACHINE)):
        workflows = graph.workflows.get(machine, ())
        unknown = {each for workflow in workflows for state in workflow.states for each in state.unknown}
        if (workflows and not unknown) or machine.stack is None:
            continue
        declared = {(edge.kind, edge.target) for edge in graph.outgoing(machine)}
        for target in linker.targets(machine.stack, machine.properties.get("RoleArn"), ROLE):
            for key, found in _allowed(linker, target.node).items():
                if (key.kind, key.target) in declared or key.kind is EdgeKind.TRIGGERS:
                    continue
                if workflows and not any(_admits(each, key, found.actions) for each in unknown):
                    continue
                linker.connect(
                    key.kind,
                    machine,
                    key.target,
                    place=found.place,
                    evidence=Evidence.POLICY,
                    mode=key.mode,
                    via=target.node,
                    actions=frozenset(found.actions),
                    detail={"referenced": False},
                )


def _open_calls(linker: Linker) -> None:
    """API integrations whose target the request names: what their role may do of what they do."""
    graph = linker.graph
    tables: dict[Node, _Table] = {}
    routes: dict[tuple[OpenCall, _Key], list[Json]] = {}
    first: dict[tuple[Node, EdgeKind, Node], OpenCall] = {}
    for call in graph.iam.open_calls:
        table = tables.get(call.role)
        if table is None:
            table = tables[call.role] = _allowed(linker, call.role)
        declared = {edge.target for edge in graph.outgoing(call.api) if edge.evidence > Evidence.POLICY}
        for key in table:
            if key.kind is call.kind and key.target.type in call.types and key.target not in declared:
                known = first.setdefault((call.api, key.kind, key.target), call)
                routes.setdefault((known, key), []).append(call.route)
    for (call, key), served in routes.items():
        starts = key.kind is EdgeKind.INVOKES
        found = tables[call.role][key]
        linker.connect(
            EdgeKind.TRIGGERS if starts else key.kind,
            call.api,
            key.target,
            place=call.place,
            evidence=Evidence.POLICY,
            mode=key.mode,
            via=call.role,
            actions=frozenset(found.actions),
            detail={"routes": list(dict.fromkeys(served)), "referenced": False},
        )


def _admits(operation: Operation, key: _Key, actions: set[str]) -> bool:
    """True when this may be what the operation does; of things outside the run the actions tell the type."""
    if key.kind not in operation.kinds:
        return False
    if not key.target.external:
        return key.target.type in operation.types
    services = frozenset().union(*(services_of_type(kind) for kind in operation.types))
    return any(service_of(action) in services for action in actions)


def _assumes(linker: Linker, role: Node) -> None:
    """Role → role that its policies let it assume, also one outside the run that a statement of STS names."""
    for grant in _grants(linker, role):
        other = grant.target
        if other is role or (other.type != ROLE and not other.external):
            continue
        patterns = [pattern for pattern in grant.actions if not other.external or pattern.lower().startswith("sts:")]
        if any(matches(pattern, _ASSUME) for pattern in patterns):
            linker.connect(EdgeKind.ASSUMES, role, other, place=grant.place, evidence=Evidence.POLICY)
