"""What rules ask about relational databases: who uses one, how, and how many connections it takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from archlint.graph.iam.evaluate import role_permissions, services
from archlint.graph.model import Edge, EdgeKind, Evidence, Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archlint.graph.model import ResourceGraph

CLUSTER = "AWS::RDS::DBCluster"
INSTANCE = "AWS::RDS::DBInstance"
FUNCTION = "AWS::Lambda::Function"
WRITER_ENDPOINTS = frozenset({"Endpoint.Address"})
READER_ENDPOINTS = frozenset({"ReadEndpoint.Address"})

_PROXIES = frozenset({"AWS::RDS::DBProxy", "AWS::RDS::DBProxyEndpoint"})
# What reads a secret because it is its own password; proxies are among them.
_STORES = ("AWS::RDS::", "AWS::DocDB", "AWS::Redshift", "AWS::DMS::")
_ENDPOINTS = WRITER_ENDPOINTS | READER_ENDPOINTS | {"Endpoint"}
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type
_SECRETS = frozenset({_SECRET, "AWS::SecretsManager::SecretTargetAttachment"})
_STARTS_WITH = ("MasterUsername", "ManageMasterUserPassword", "SnapshotIdentifier", "SourceDBClusterIdentifier")
_GROUP = "AWS::EC2::SecurityGroup"
_INGRESS = "AWS::EC2::SecurityGroupIngress"
# Words in the name of code that runs once for each deployment, the second kind beside a word for a database.
_ONCE = re.compile(r"ddl|flyway|liquibase|migrat(?:e|ions?|or)|rotat(?:ion|or)")
_ONCE_FOR_A_DATABASE = re.compile(r"bootstrap|init|initiali[sz]er?|populate|seed(?:er|ing)?|setup")
_CREATES = re.compile(r"create[-_]?(?:database|db|schema|tables)", re.IGNORECASE)
_DATABASE = re.compile(r"aurora|data|db|mysql|postgres|rds|schema|sql|tables", re.IGNORECASE)
_READING = re.compile(r"browse|describe|fetch|find|get|list|lookup|query|read|scan|search")
_WRITING = re.compile(
    r"add|admin|batch|cancel|create|delete|edit|import|ingest|insert|load|modify|patch|post|process|publish|put|register"
    r"|remove|replace|save|set|store|submit|sync|update|upload|upsert|write"
)
_TRANSIENT = re.compile(
    r"(?:cache|concurrency|connection|counter|demo|idempotency|lock|mutex|sandbox|semaphore|session|stub|temp|test"
    r"|throttle|tmp)s?|testing"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MAX_DEPTH = 6


class Use(msgspec.Struct, frozen=True):
    """One compute that uses a database, and all that says so.

    `edge` is the surest of it, with the evidence of all kinds taken together: an endpoint in the environment of a
    function is `reference`, the same in a function that the database's network lets in is `policy`. `attributes` are
    those of the database or its proxy that the code is told. `proxy` is the RDS proxy (endpoint) in between.
    """

    compute: Node
    edge: Edge
    attributes: frozenset[str] = frozenset()
    proxy: Node | None = None
    may_use_data_api: bool = False
    """Its role names actions of the RDS Data API, which needs no connection."""
    is_in_network: bool = False
    """It runs in a VPC, in a security group that the database lets in as far as can be seen."""


class _Clues(msgspec.Struct):
    """What speaks for one compute's use of one database."""

    edges: list[Edge] = msgspec.field(default_factory=list)
    attributes: set[str] = msgspec.field(default_factory=set)
    kinds: set[str] = msgspec.field(default_factory=set)
    proxies: list[Node] = msgspec.field(default_factory=list)


def instances(graph: ResourceGraph, cluster: Node) -> list[Node]:
    """The DB instances of a cluster, over all templates."""
    return list(dict.fromkeys(edge.source for edge in graph.incoming(cluster, EdgeKind.MEMBER_OF)))


def is_secondary(cluster: Node) -> bool:
    """True for a cluster that follows another one: of a global database, with no data to start from, or a replica."""
    given = cluster.properties
    if "ReplicationSourceIdentifier" in given:
        return True
    return "GlobalClusterIdentifier" in given and not any(name in given for name in _STARTS_WITH)


def proxies(graph: ResourceGraph, database: Node) -> list[Node]:
    """RDS proxies in front of a cluster or instance, and the further endpoints of these proxies."""
    found: dict[Node, None] = {}
    for target in _parts(graph, database):
        for edge in graph.incoming(target, EdgeKind.PROXIES):
            found[edge.source] = None
            found.update(dict.fromkeys(further.source for further in graph.incoming(edge.source, EdgeKind.PROXIES)))
    return list(found)


def uses(graph: ResourceGraph, database: Node) -> list[Use]:
    """Who uses a DB cluster (or one of its instances) or a DB instance, each compute once, in the graph's order."""
    found: dict[Node, _Clues] = {}
    parts = _parts(graph, database)
    fronts = proxies(graph, database)
    for target in (*parts, *fronts):
        for edge in graph.incoming(target, EdgeKind.CONNECTS, EdgeKind.READS, EdgeKind.WRITES):
            _take(found.setdefault(edge.source, _Clues()), edge)
    secrets = _secrets(graph, (*parts, *fronts))
    for secret in secrets:
        for edge in graph.incoming(secret, EdgeKind.READS):
            if not edge.source.type.startswith(_STORES) and _is_in_vpc(edge.source, _groups(graph, edge.source)):
                clues = found.setdefault(edge.source, _Clues())
                clues.edges.append(edge)
                clues.kinds.add("secret")
    admitted = _admitted(graph, (*parts, *fronts))
    return [use for compute, clues in found.items() if (use := _use(graph, compute, clues, fronts, admitted))]


def _parts(graph: ResourceGraph, database: Node) -> list[Node]:
    return [database, *instances(graph, database)] if database.type == CLUSTER else [database]


def _take(clues: _Clues, edge: Edge) -> None:
    """One edge that ends on the database or on a proxy in front of it."""
    if edge.kind is not EdgeKind.CONNECTS:
        clues.kinds.add("data")
    elif edge.evidence is not Evidence.REFERENCE:
        clues.kinds.add("permission")
    else:
        told = edge.detail.get("attributes")
        named = {name for name in told if isinstance(name, str)} if isinstance(told, list) else set()
        kinds = {"secret"} if edge.via is not None or "MasterUserSecret.SecretArn" in named else set()
        kinds |= {"endpoint"} if named & _ENDPOINTS else set()
        if not kinds:
            return  # a port alone
        clues.kinds |= kinds
        clues.attributes |= named & _ENDPOINTS
    if edge.target.type in _PROXIES:
        clues.proxies.append(edge.target)
    clues.edges.append(edge)


def _use(
    graph: ResourceGraph, compute: Node, clues: _Clues, fronts: list[Node], admitted: set[Node] | None
) -> Use | None:
    if not clues.edges:
        return None
    strongest = max(clues.edges, key=lambda edge: edge.evidence)
    may_use_data_api = "data" in clues.kinds or _names_data_api(graph, compute)
    kinds = len(clues.kinds & {"endpoint", "secret", "permission"})
    groups = _groups(graph, compute)
    inside = _is_in_vpc(compute, groups) and (
        admitted is None or not groups or bool(groups & admitted) or not all(map(_is_known, groups))
    )
    if kinds + inside > 1 and strongest.evidence < Evidence.POLICY:
        strongest = msgspec.structs.replace(strongest, evidence=Evidence.POLICY)
    proxy = clues.proxies[-1] if clues.proxies else None
    if proxy is None and fronts and not clues.attributes and not may_use_data_api:
        proxy = fronts[0]  # it knows the password only: taken to go through the proxy
    if proxy is not None and clues.attributes & (WRITER_ENDPOINTS | READER_ENDPOINTS):
        proxy = None  # it is told both ways, so it may go the direct one
    return Use(compute, strongest, frozenset(clues.attributes), proxy, may_use_data_api, inside)


def _names_data_api(graph: ResourceGraph, compute: Node) -> bool:
    roles = {edge.target for edge in graph.outgoing(compute, EdgeKind.ASSUMES)}
    return any("rds-data" in services(role_permissions(graph, role)) for role in roles)


def _secrets(graph: ResourceGraph, parts: Iterable[Node]) -> list[Node]:
    """Secrets with the password of a database: attached to it, or the ones its properties resolve."""
    found: dict[Node, None] = {}
    for part in parts:
        for edge in graph.outgoing(part, EdgeKind.REFERENCES):
            if edge.target.type == _SECRET:
                found[edge.target] = None
        for edge in graph.incoming(part, EdgeKind.REFERENCES):
            if edge.source.type == "AWS::SecretsManager::SecretTargetAttachment":
                further = graph.outgoing(edge.source, EdgeKind.REFERENCES)
                found.update(dict.fromkeys(other.target for other in further if other.target.type == _SECRET))
    return list(found)


def _groups(graph: ResourceGraph, node: Node) -> set[Node]:
    """Security groups (or what stands for them) that a function or database is placed in."""
    placed = graph.outgoing(node, EdgeKind.RUNS_IN)
    return {edge.target for edge in placed if edge.target.type == _GROUP or _may_be_a_group(edge.target)}


def _may_be_a_group(place: Node) -> bool:
    return place.external and not place.logical_id.startswith(("subnet-", "vpc-"))


def _is_in_vpc(compute: Node, groups: set[Node]) -> bool:
    """True when it is placed in a VPC, also in one of which the template says the IDs only."""
    return bool(groups) or isinstance(compute.properties.get("VpcConfig"), dict)


def _is_known(group: Node) -> bool:
    return not group.external


def _admitted(graph: ResourceGraph, parts: Iterable[Node]) -> set[Node] | None:
    """Security groups that the groups of a database let in; None when addresses or things outside decide."""
    own = {group for part in parts for group in _groups(graph, part)}
    found = set(own)
    if not own or any(group.external for group in own):
        return None
    for group in own:
        if "CidrIp" in str(group.properties.get("SecurityGroupIngress")):
            return None
        found |= {edge.target for edge in graph.outgoing(group, EdgeKind.REFERENCES) if edge.target.type == _GROUP}
        for edge in graph.incoming(group, EdgeKind.REFERENCES):
            if edge.source.type == _INGRESS:
                if "CidrIp" in edge.source.properties:
                    return None
                others = graph.outgoing(edge.source, EdgeKind.REFERENCES)
                found |= {other.target for other in others if other.target.type == _GROUP}
    return found


def admits_others(graph: ResourceGraph, database: Node, computes: Iterable[Node]) -> bool:
    """True when the security groups of a database let in a group of the run that none of these computes is in."""
    parts = (*_parts(graph, database), *proxies(graph, database))
    admitted = _admitted(graph, parts)
    if admitted is None:
        return False
    own = {group for part in parts for group in _groups(graph, part)}
    return bool(admitted - own - {group for compute in computes for group in _groups(graph, compute)})


def runs_once(graph: ResourceGraph, function: Node) -> bool:
    """True for code that serves the deployment: started by a custom resource or a rotation, or a migration by name."""
    known = graph.run_once.get(function)
    if known is None:
        known = graph.run_once[function] = _is_called_so(function) or _serves_deployment(graph, function, 0)
    return known


def _is_called_so(function: Node) -> bool:
    for name in _names(function):
        words = [word.lower() for word in _WORD.findall(name)]
        if any(map(_ONCE.fullmatch, words)) or _CREATES.search(name):
            return True
        if any(map(_ONCE_FOR_A_DATABASE.fullmatch, words)) and _DATABASE.search(name):
            return True
    return False


def reads_by_name(function: Node) -> bool:
    """True when the logical ID says that the code only reads: `GetOrder`, `ListOrdersFunction`, `order-search`."""
    words = [word.lower() for word in _WORD.findall(function.logical_id)]
    return any(map(_READING.fullmatch, words)) and not any(map(_WRITING.fullmatch, words))


def serves_reads_only(graph: ResourceGraph, function: Node) -> bool:
    """True when all that starts a function are `GET` routes or GraphQL queries."""
    triggers = graph.incoming(function, EdgeKind.TRIGGERS, EdgeKind.INVOKES)
    named = [edge.detail.get("routes") or edge.detail.get("fields") for edge in triggers]
    calls = [str(name) for names in named if isinstance(names, list) for name in names]
    return (
        bool(calls) and all(named) and all(call.startswith(("GET ", "HEAD ", "OPTIONS ", "Query.")) for call in calls)
    )


def is_transient(store: Node) -> bool:
    """True when the logical ID says that the store holds what comes again by itself: sessions, connections, locks."""
    return any(_TRANSIENT.fullmatch(word.lower()) for word in _WORD.findall(store.logical_id))


def _names(function: Node) -> Iterator[str]:
    yield function.logical_id
    name, handler = function.properties.get("FunctionName"), function.properties.get("Handler")
    if isinstance(name, str):
        yield name
    if isinstance(handler, str) and handler != "bootstrap":  # what custom runtimes are called
        yield handler


def _serves_deployment(graph: ResourceGraph, function: Node, depth: int) -> bool:
    starters = [edge.source for edge in graph.incoming(function, EdgeKind.TRIGGERS, EdgeKind.INVOKES)]
    if not starters or depth > _MAX_DEPTH:
        return False
    return all(
        starter.type.startswith(("Custom::", "AWS::CloudFormation::", "AWS::SecretsManager::"))
        or (starter.type == FUNCTION and starter is not function and _serves_deployment(graph, starter, depth + 1))
        for starter in starters
    )
