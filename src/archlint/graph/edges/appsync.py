"""AppSync: an API and what its data sources call; data sources and resolvers are carriers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from archlint.graph.edges.api_gateway import authorizer_target
from archlint.graph.edges.paths import EACH, follow, mappings, steps
from archlint.graph.edges.sending import BUS, FUNCTION, TABLES, endpoints, plain, send
from archlint.graph.edges.string_template import flatten
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node, ResourceGraph
    from archlint.graph.resolve import Target
    from archlint.graph.stacks import Stack
    from archlint.template.model import Json, TemplatePath

_API = "AWS::AppSync::GraphQLApi"
_EVENT_API = "AWS::AppSync::Api"
_SOURCE = "AWS::AppSync::DataSource"
_RESOLVER = "AWS::AppSync::Resolver"
_FUNCTION = "AWS::AppSync::FunctionConfiguration"
_NAMESPACE = "AWS::AppSync::ChannelNamespace"

# Operations in mapping templates and resolver code.
# https://docs.aws.amazon.com/appsync/latest/devguide/resolver-mapping-template-reference-dynamodb.html
_OPERATION = re.compile(r"""["']?operation["']?\s*:\s*["'](\w+)["']""")
_BUILDER = re.compile(
    r"\bddb\.(\w+)\s*\(|(?<![.\w])(get|put|update|remove|query|scan|sync|batchGet|batchPut|batchDelete)\s*\(\s*\{"
)
_READING = frozenset(
    {"GetItem", "Query", "Scan", "Sync", "BatchGetItem", "TransactGetItems", "get", "query", "scan", "sync", "batchGet"}
    | {"transactGet"}
)
_WRITING = frozenset(
    {
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchPutItem",
        "BatchDeleteItem",
        "TransactWriteItems",
        "put",
        "update",
        "remove",
    }
    | {"batchPut", "batchDelete", "transactWrite"}
)
_EVENT = re.compile(r"""["']?invocationType["']?\s*:\s*["']Event["']""")
_SELECT = re.compile(r"(?is)^\W*(?:select|with)\b")
_CODE = ("RequestMappingTemplate", "Code")
_FILES = ("RequestMappingTemplateS3Location", "CodeS3Location")


class _Use(msgspec.Struct, frozen=True):
    """One resolver or pipeline function that uses a data source: the fields it serves, and its code when it is here."""

    fields: tuple[str, ...]
    code: str | None


_USES: WeakKeyDictionary[ResourceGraph, dict[Node, list[_Use]]] = WeakKeyDictionary()


def _uses(linker: Linker) -> dict[Node, list[_Use]]:
    """Uses by data source, over all stacks; made once per graph."""
    found = _USES.get(linker.graph)
    if found is not None:
        return found
    found = _USES[linker.graph] = {}
    fields: dict[Node, list[str]] = {}
    for resolver in linker.graph.of_type(_RESOLVER):
        stack, properties = resolver.stack, resolver.properties
        if stack is None:
            continue
        field = (
            f"{plain(linker, stack, properties.get('TypeName'))}.{plain(linker, stack, properties.get('FieldName'))}"
        )
        for source in _named_sources(linker, resolver):
            found.setdefault(source, []).append(_Use((field,), _code(linker, resolver)))
        for _, functions in follow(properties, ("PipelineConfig", "Functions")):
            for target in linker.targets(stack, functions):
                fields.setdefault(target.node, []).append(field)
    for function in linker.graph.of_type(_FUNCTION):
        for source in _named_sources(linker, function):
            found.setdefault(source, []).append(_Use(tuple(fields.get(function, ())), _code(linker, function)))
    return found


def _named_sources(linker: Linker, node: Node) -> list[Node]:
    """The data sources that a resolver or function names; a literal name means one of its own API's stack."""
    stack = node.stack
    found: list[Node] = []
    if stack is None:
        return found
    for text in linker.texts(stack, node.properties.get("DataSourceName")):
        if text.node is not None:
            found.append(text.node.node)
        elif text.literal is not None:
            found += [
                other
                for other in stack.nodes.values()
                if other.type == _SOURCE and plain(linker, stack, other.properties.get("Name")) == text.literal
            ]
    return found


def _code(linker: Linker, node: Node) -> str | None:
    properties = node.properties
    for key in _CODE:
        flat = flatten(properties.get(key))
        if flat is not None:
            return flat.text
    for key in _FILES:
        location = properties.get(key)
        if isinstance(location, str) and node.stack is not None:
            from archlint.graph.files import text_below

            return text_below(node.stack.template.document, location, linker.settings.root)
    return None


def data_source(linker: Linker, node: Node) -> None:
    """API → what the data source calls: `triggers` a function, `reads`/`writes` a store, `publishes` to a bus."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    for target in linker.targets(stack, properties.get("ServiceRoleArn"), "AWS::IAM::Role"):
        linker.connect(EdgeKind.ASSUMES, node, target.node, place=node.place("ServiceRoleArn"))
    uses = _uses(linker).get(node, [])
    fields: list[Json] = list(dict.fromkeys(field for use in uses for field in use.fields))
    for api in linker.targets(stack, properties.get("ApiId"), _API):
        source = _Source(linker, stack, api.node, node, {"fields": fields})
        source.functions(uses)
        for path, types, kinds in (
            ("DynamoDBConfig.TableName", TABLES, _table_kinds(uses)),
            ("DynamoDBConfig.DeltaSyncConfig.DeltaSyncTableName", TABLES, _BOTH),
            ("RelationalDatabaseConfig.RdsHttpEndpointConfig.DbClusterIdentifier", _CLUSTERS, _sql_kinds(uses)),
            ("RelationalDatabaseConfig.RdsHttpEndpointConfig.AwsSecretStoreArn", (), (EdgeKind.READS,)),
            ("EventBridgeConfig.EventBusArn", (BUS,), (EdgeKind.PUBLISHES,)),
        ):
            for here, value in follow(properties, steps(path)):
                source.connect(linker.targets(stack, value, *types), kinds, here)
        for path in _ENDPOINTS:
            for here, value in follow(properties, steps(path)):
                source.endpoint(value, here)


_ENDPOINTS = ("HttpConfig.Endpoint", "OpenSearchServiceConfig.Endpoint", "ElasticsearchConfig.Endpoint")
_CLUSTERS = ("AWS::RDS::DBCluster",)
_BOTH = (EdgeKind.READS, EdgeKind.WRITES)


class _Source(msgspec.Struct, frozen=True):
    """A data source of one API while its edges are drawn."""

    linker: Linker
    stack: Stack
    api: Node
    node: Node
    detail: dict[str, Json]

    def connect(
        self, targets: list[Target], kinds: tuple[EdgeKind, ...], path: TemplatePath, mode: Mode | None = None
    ) -> None:
        """Edges of these kinds to each target."""
        for target in targets:
            for kind in kinds:
                self.linker.connect(
                    kind,
                    self.api,
                    target.node,
                    place=self.node.place(*path),
                    mode=mode,
                    via=self.node,
                    qualifier=target.qualifier,
                    detail=self.detail,
                )

    def functions(self, uses: list[_Use]) -> None:
        """The function behind the source; asynchronous when all its resolvers say so."""
        asynchronous = bool(uses) and all(use.code is not None and _EVENT.search(use.code) for use in uses)
        mode = Mode.ASYNC if asynchronous else Mode.SYNC
        for path, value in follow(self.node.properties, ("LambdaConfig", "LambdaFunctionArn")):
            self.connect(self.linker.targets(self.stack, value, FUNCTION), (EdgeKind.TRIGGERS,), path, mode)

    def endpoint(self, url: Json, path: TemplatePath) -> None:
        """What a URL leads to: a search domain is a store, all else is called."""
        for target in endpoints(self.linker, self.stack, url):
            if "OpenSearch" in target.node.type or "Elasticsearch" in target.node.type:
                self.connect([target], _BOTH, path)
            else:
                place = self.node.place(*path)
                send(self.linker, self.api, target, place=place, mode=Mode.SYNC, via=self.node, detail=self.detail)


def _table_kinds(uses: list[_Use]) -> tuple[EdgeKind, ...]:
    """What the resolvers do with a table; both when there are none or one cannot be read."""
    names: set[str] = set()
    for use in uses:
        found = set(_OPERATION.findall(use.code or "")) | {
            name for pair in _BUILDER.findall(use.code or "") for name in pair
        }
        found &= _READING | _WRITING
        if not found:
            return _BOTH
        names |= found
    kinds = ((EdgeKind.READS, _READING), (EdgeKind.WRITES, _WRITING))
    return tuple(kind for kind, group in kinds if names & group) or _BOTH


_STATEMENT = re.compile(r"""(?is)["']?statements["']?\s*:\s*\[?\s*["'`]\s*(\w+)""")


def _sql_kinds(uses: list[_Use]) -> tuple[EdgeKind, ...]:
    words = [_STATEMENT.findall(use.code or "") for use in uses]
    if words and all(found and all(word.lower() in ("select", "with") for word in found) for found in words):
        return (EdgeKind.READS,)
    return _BOTH


def graphql_api(linker: Linker, node: Node) -> None:
    """API → Lambda authorizers, of its own and of additional providers."""
    stack = node.stack
    if stack is None:
        return
    for start in ((), ("AdditionalAuthenticationProviders", EACH), ("EventConfig", "AuthProviders", EACH)):
        for path, value in follow(node.properties, (*start, "LambdaAuthorizerConfig", "AuthorizerUri")):
            authorizer_target(linker, node, stack, value, "LambdaAuthorizer", node.place(*path), None)


def channel_namespace(linker: Linker, node: Node) -> None:
    """Event API → the functions that handle what is published to a namespace."""
    stack = node.stack
    if stack is None:
        return
    for path, integration in mappings(node.properties, "HandlerConfigs", "*", "Integration"):
        event = any(str(value) == "EVENT" for _, value in follow(integration, ("LambdaConfig", "InvokeType")))
        sources = [
            source
            for source in stack.nodes.values()
            if source.type == _SOURCE
            and (name := integration.get("DataSourceName")) is not None
            and (
                plain(linker, stack, source.properties.get("Name")) == plain(linker, stack, name)
                or any(text.node is not None and text.node.node is source for text in linker.texts(stack, name))
            )
        ]
        for api in linker.targets(stack, node.properties.get("ApiId"), _EVENT_API):
            for source in sources:
                for target in linker.targets(stack, _lambda_arn(source), FUNCTION):
                    linker.connect(
                        EdgeKind.TRIGGERS,
                        api.node,
                        target.node,
                        place=node.place(*path),
                        mode=Mode.ASYNC if event else Mode.SYNC,
                        via=node,
                        qualifier=target.qualifier,
                    )


def _lambda_arn(source: Node) -> Json:
    return next((value for _, value in follow(source.properties, ("LambdaConfig", "LambdaFunctionArn"))), None)


FINDERS: dict[str, tuple[Finder, ...]] = {
    _API: (graphql_api,),
    _EVENT_API: (graphql_api,),
    _SOURCE: (data_source,),
    _NAMESPACE: (channel_namespace,),
}
