"""API Gateway: REST, HTTP and WebSocket APIs; methods, routes, integrations and stages are carriers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from archlint.graph.edges import openapi
from archlint.graph.edges.definitions import Definition, definitions
from archlint.graph.edges.integrations import Integration, Integrations
from archlint.graph.edges.paths import follow, mappings
from archlint.graph.edges.sending import APIS, FUNCTION, HTTP_API, REST_API, plain
from archlint.graph.edges.string_template import flatten
from archlint.graph.model import EdgeKind, Evidence, Mode

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node, ResourceGraph
    from archlint.graph.stacks import Stack
    from archlint.template.model import Json, Place, TemplatePath

_MAX_PATH = 20
_RESOURCE = "AWS::ApiGateway::Resource"
_FILES = ("BodyS3Location", "DefinitionUri")


def api(linker: Linker, node: Node) -> None:
    """The edges of an API's OpenAPI document, and of an HTTP API's quick-create target."""
    if node.stack is None:
        return
    collected = Integrations(linker)
    for definition in definitions(linker, node, inline=("Body",), text=("Body",), file=_FILES):
        _document(linker, definition, collected)
    target = node.properties.get("Target")
    if target is not None and node.type == HTTP_API:
        route = plain(linker, node.stack, node.properties.get("RouteKey"))
        body = {"IntegrationType": "AWS_PROXY", "IntegrationUri": target}
        flat = flatten(target)
        if flat is not None and "://" in flat.text:
            body["IntegrationType"] = "HTTP_PROXY"
        where = node.place("Target")
        collected.add(
            Integration(
                node, node.stack, body, _as_is, lambda _: where, route if isinstance(route, str) else "$default"
            )
        )
    collected.draw()


def _as_is(value: Json) -> Json:
    return value


def _document(linker: Linker, definition: Definition, collected: Integrations) -> None:
    node = definition.node
    stack = node.stack
    assert stack is not None  # noqa: S101 - definitions() has looked
    for operation in openapi.operations(definition.data):
        detail = _timeout(operation.integration.get("timeoutInMillis"))
        where = partial(_within, definition, operation.path)
        collected.add(
            Integration(node, stack, operation.integration, definition.value, where, operation.route, detail=detail)
        )
    for found in openapi.authorizers(definition.data):
        uri = definition.value(found.body.get("authorizerUri"))
        place = definition.place((*found.path, "authorizerUri"))
        authorizer_target(linker, node, stack, uri, found.name, place, None)
        credentials = definition.value(found.body.get("authorizerCredentials"))
        _assume(linker, node, stack, credentials, definition.place((*found.path, "authorizerCredentials")), None)


def _within(definition: Definition, path: TemplatePath, key: str) -> Place | None:
    return definition.place((*path, key))


def _property(node: Node, path: TemplatePath, names: dict[str, str], key: str) -> Place | None:
    return node.place(*path, names.get(key, key))


def _timeout(value: Json) -> dict[str, Json]:
    return {"timeout": value} if isinstance(value, (int, float)) and not isinstance(value, bool) else {}


def authorizer_target(
    linker: Linker, node: Node, stack: Stack, uri: Json, name: str, place: Place | None, via: Node | None
) -> None:
    """API → authorizer function."""
    flat = flatten(uri)
    if flat is None:
        return
    text = flat.text.partition("/functions/")[2].rpartition("/invocations")[0] or flat.text
    if "stageVariables." in text:
        return
    for target in linker.targets(stack, flat.value(text), FUNCTION):
        linker.connect(
            EdgeKind.TRIGGERS,
            node,
            target.node,
            place=place,
            mode=Mode.SYNC,
            via=via,
            qualifier=target.qualifier,
            detail={"authorizer": name},
        )


def _assume(linker: Linker, node: Node, stack: Stack, role: Json, place: Place | None, via: Node | None) -> None:
    for target in linker.targets(stack, role, "AWS::IAM::Role"):
        linker.connect(EdgeKind.ASSUMES, node, target.node, place=place, via=via)


def authorizer(linker: Linker, node: Node) -> None:
    """An authorizer resource of a REST, HTTP or WebSocket API."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    for target in linker.targets(stack, properties.get("RestApiId") or properties.get("ApiId"), *APIS):
        for path, uri in follow(properties, ("AuthorizerUri",)):
            authorizer_target(linker, target.node, stack, uri, node.logical_id, node.place(*path), node)
        for key in ("AuthorizerCredentials", "AuthorizerCredentialsArn"):
            _assume(linker, target.node, stack, properties.get(key), node.place(key), node)


def method(linker: Linker, node: Node) -> None:
    """A method resource of a REST API: the API → what its integration calls."""
    stack, properties = node.stack, node.properties
    if stack is None or "Integration" not in properties:
        return
    collected = Integrations(linker)
    for target in linker.targets(stack, properties.get("RestApiId"), REST_API):
        route = None
        for path, body in mappings(properties, "Integration"):
            if route is None:
                route = f"{plain(linker, stack, properties.get('HttpMethod'))} {_resource_path(linker, node)}"
            where = partial(_property, node, path, {"uri": "Uri", "credentials": "Credentials"})
            detail = _timeout(plain(linker, stack, body.get("TimeoutInMillis")))
            collected.add(Integration(target.node, stack, body, _as_is, where, route, node, detail))
    collected.draw()


def _resource_path(linker: Linker, node: Node) -> str:
    """`/orders/{id}`, from the resources that the method's resource hangs below; `…` where one is not known."""
    parts: list[str] = []
    current, key = node, "ResourceId"
    for _ in range(_MAX_PATH):
        stack = current.stack
        found = linker.targets(stack, current.properties.get(key)) if stack is not None else []
        if not found or found[0].node.type == REST_API:
            break
        if found[0].node.type != _RESOURCE:
            parts.append("…")
            break
        current, key = found[0].node, "ParentId"
        assert current.stack is not None  # noqa: S101 - a resource of the run has a stack
        part = plain(linker, current.stack, current.properties.get("PathPart"))
        parts.append(part if isinstance(part, str) else "…")
    return "/" + "/".join(reversed(parts))


_ROUTES: WeakKeyDictionary[ResourceGraph, dict[Node, list[str]]] = WeakKeyDictionary()


def _routes(linker: Linker) -> dict[Node, list[str]]:
    """Route keys by integration, over all stacks; made once per graph."""
    found = _ROUTES.get(linker.graph)
    if found is None:
        found = _ROUTES[linker.graph] = {}
        for route in linker.graph.of_type("AWS::ApiGatewayV2::Route"):
            stack = route.stack
            flat = flatten(route.properties.get("Target"))
            if stack is None or flat is None:
                continue
            key = plain(linker, stack, route.properties.get("RouteKey"))
            name = flat.text.rpartition("/")[2]
            for target in linker.targets(stack, flat.value(name)):
                found.setdefault(target.node, []).append(key if isinstance(key, str) else "…")
    return found


def integration(linker: Linker, node: Node) -> None:
    """An integration resource of an HTTP or WebSocket API, with the routes that lead to it."""
    stack, properties = node.stack, node.properties
    if stack is None:
        return
    routes = _routes(linker).get(node, [])
    collected = Integrations(linker)
    uri = "IntegrationSubtype" if "IntegrationSubtype" in properties else "IntegrationUri"
    where = partial(_property, node, (), {"uri": uri, "credentials": "CredentialsArn"})
    detail = _timeout(plain(linker, stack, properties.get("TimeoutInMillis")))
    for target in linker.targets(stack, properties.get("ApiId"), HTTP_API):
        for route in routes or [""]:
            collected.add(Integration(target.node, stack, properties, _as_is, where, route, node, detail))
    collected.draw()


def permitted(linker: Linker, node: Node) -> None:
    """A permission to call a function stands for the integration (evidence `policy`) of a definition not read."""
    stack, properties = node.stack, node.properties
    if stack is None or properties.get("Principal") != "apigateway.amazonaws.com" or not _unread(linker):
        return
    for source in linker.targets(stack, properties.get("SourceArn")):
        if source.node not in _unread(linker):
            continue
        for target in linker.targets(stack, properties.get("FunctionName"), FUNCTION):
            linker.connect(
                EdgeKind.TRIGGERS,
                source.node,
                target.node,
                place=node.place("FunctionName"),
                evidence=Evidence.POLICY,
                mode=Mode.SYNC,
                via=node,
                qualifier=target.qualifier,
            )


_UNREAD: WeakKeyDictionary[ResourceGraph, set[Node]] = WeakKeyDictionary()


def _unread(linker: Linker) -> set[Node]:
    """The APIs whose definitions nobody here can read, over all stacks; made once per graph."""
    found = _UNREAD.get(linker.graph)
    if found is None:
        found = _UNREAD[linker.graph] = {node for node in linker.graph.of_type(*APIS) if _is_unread(linker, node)}
    return found


def _is_unread(linker: Linker, node: Node) -> bool:
    """True for an API whose definition is a file that is not here, or is included from one."""
    body = node.properties.get("Body")
    paths = body.get("paths") if isinstance(body, dict) else None
    if any(isinstance(value, dict) and "Fn::Transform" in value for value in (body, paths)):
        return True
    files = _FILES if any(name in node.properties for name in _FILES) else ()
    return bool(files) and next(definitions(linker, node, file=files), None) is None


FINDERS: dict[str, tuple[Finder, ...]] = {
    "AWS::Lambda::Permission": (permitted,),
    REST_API: (api,),
    HTTP_API: (api,),
    "AWS::ApiGateway::Method": (method,),
    "AWS::ApiGateway::Authorizer": (authorizer,),
    "AWS::ApiGatewayV2::Authorizer": (authorizer,),
    "AWS::ApiGatewayV2::Integration": (integration,),
}
