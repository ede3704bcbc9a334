"""API integrations: what an API does with a request, told by the integration URI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.graph.edges import stages
from archlint.graph.edges.calls import KEYS, Operation
from archlint.graph.edges.operations import operations
from archlint.graph.edges.paths import EACH, branches, follow
from archlint.graph.edges.sending import BUCKET, BUS, FUNCTION, endpoints, is_default_bus, starts_code
from archlint.graph.edges.string_template import MARK, Flat, flatten
from archlint.graph.iam.facts import OpenCall
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.resolve import Target
    from archlint.graph.stacks import Stack
    from archlint.template.model import Body, Json, Place

# https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html#apigw-Type-Integration-uri
# The region says nothing about the target: a `${AWS::Region}` that stands outside of a `Sub` does no harm.
_URI = re.compile(
    r":apigateway:(?:\$\{AWS::Region\}|[^:]*):(?:[\w.-]+\.)?(?P<service>[\w-]+):(?P<kind>path|action)/(?P<rest>.*)$",
    re.DOTALL,
)
_FUNCTION_PATH = re.compile(r"^/?[0-9-]+/functions/(.+?)(?:/(?:response-streaming-)?invocations)?$")
_QUERY_ACTION = re.compile(r"(?:^|[?&'\"])Action=(\w+)")
_EVENT_HEADER = "integration.request.header.x-amz-invocation-type"
_LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
_VPC_LINKS = ("AWS::ApiGateway::VpcLink", "AWS::ApiGatewayV2::VpcLink")
# What an S3 path integration does, by the method that it calls.
_S3_WRITES = frozenset({"PUT", "POST", "DELETE"})


class Integration(msgspec.Struct):
    """One integration, of whatever API. `value` makes a template value of a leaf, `place` tells where a key is."""

    api: Node
    stack: Stack
    body: Body
    value: Callable[[Json], Json]
    place: Callable[[str], Place | None]
    route: str
    via: Node | None = None
    detail: dict[str, Json] = msgspec.field(default_factory=dict)

    def get(self, *names: str) -> Any:
        """The first of these keys that is there; OpenAPI writes `uri` where CloudFormation has `Uri`."""
        return next((self.body[name] for name in names if name in self.body), None)

    def flatten(self, *names: str) -> Flat | None:
        """The text of the first of these keys."""
        return flatten(self.value(self.get(*names)))


class Integrations:
    """Collects the edges of an API's integrations: each thing it calls once, with the routes that lead there."""

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._edges: dict[tuple[Any, ...], tuple[Place | None, dict[str, Json]]] = {}

    def add(self, integration: Integration) -> None:
        """Takes the edges of one integration."""
        for target in self._roles(integration):
            place = integration.place("credentials")
            self._add(integration, EdgeKind.ASSUMES, target, None, place, routed=False)
        subtype = integration.get("IntegrationSubtype", "integrationSubtype", "x-amazon-apigateway-integration-subtype")
        if isinstance(subtype, str) and "-" in subtype:
            service, _, action = subtype.partition("-")
            self._service(integration, service, action, Flat("", []))
            return
        for _, uri in branches(integration.value(integration.get("uri", "Uri", "IntegrationUri"))):
            self._uri(integration, uri)

    def _roles(self, integration: Integration) -> list[Target]:
        credentials = integration.value(integration.get("credentials", "Credentials", "CredentialsArn"))
        return self._linker.targets(integration.stack, credentials, "AWS::IAM::Role")

    def draw(self) -> None:
        """Draws what was collected."""
        for (kind, api, node, mode, qualifier, via), (place, detail) in self._edges.items():
            self._linker.connect(kind, api, node, place=place, mode=mode, qualifier=qualifier, via=via, detail=detail)

    def _uri(self, integration: Integration, uri: Json) -> None:
        flat = flatten(uri)
        if flat is None:
            return
        match = _URI.search(flat.text)
        if match is None:
            self._plain(integration, uri, flat)
        elif match["service"] == "lambda" and match["kind"] == "path":
            path = _FUNCTION_PATH.match(match["rest"])
            for name in stages.filled(self._linker, integration.api, flat, path[1]) if path else ():
                self._function(integration, name)
        elif match["kind"] == "action":
            rest = Flat(match["rest"], flat.holes)
            self._service(integration, match["service"], match["rest"].strip("/").split("?")[0], rest)
        else:
            self._path(integration, match["service"], match["rest"], flat)

    def _function(self, integration: Integration, value: Json) -> None:
        for target in self._linker.targets(integration.stack, value, FUNCTION):
            self._add(integration, EdgeKind.TRIGGERS, target, invocation_mode(integration), integration.place("uri"))

    def _plain(self, integration: Integration, uri: Json, flat: Flat) -> None:
        """A function's ARN (HTTP and WebSocket APIs), a listener behind a VPC link, or a URL."""
        kind = integration.get("type", "Type", "IntegrationType")
        connection = integration.get("connectionId", "ConnectionId")
        if connection is not None:
            self._vpc_link(integration, connection, uri)
        elif "://" in flat.text or kind in ("http", "http_proxy", "HTTP", "HTTP_PROXY"):
            for target in endpoints(self._linker, integration.stack, uri):
                self._forward(integration, target)
        elif kind in ("AWS_PROXY", "AWS", "aws_proxy", "aws") and "${" not in flat.text:
            # Text that merely looks like a Sub names nothing, and stage variables are known only at run time.
            self._function(integration, uri)

    def _forward(self, integration: Integration, target: Target) -> None:
        started = starts_code(target.node)
        kind = EdgeKind.TRIGGERS if started else EdgeKind.DELIVERS
        self._add(integration, kind, target, Mode.SYNC if started else None, integration.place("uri"))

    def _vpc_link(self, integration: Integration, connection: Json, uri: Json) -> None:
        """To the load balancer behind the link: the link's own target, else that of the listener in the URI."""
        found: list[Target] = []
        flat = flatten(integration.value(connection))
        names = stages.filled(self._linker, integration.api, flat, flat.text) if flat is not None else []
        for link in self._linker.targets(integration.stack, names, *_VPC_LINKS):
            if link.node.stack is not None:
                found += self._linker.targets(link.node.stack, link.node.properties.get("TargetArns"))
        if not found:
            for target in endpoints(self._linker, integration.stack, uri):
                found += _balancers(self._linker, target)
        for target in found:
            self._forward(integration, target)

    # -- AWS services ------------------------------------------------------------------------------------------

    def _path(self, integration: Integration, service: str, rest: str, flat: Flat) -> None:
        path = rest.split("?", 1)[0].strip("/")
        if service == "s3":
            name = path.split("/", 1)[0]
            mapped = self._mapped(integration, "path", name.strip("{}")) if name.startswith("{") else None
            bucket = flat.value(name) if mapped is None else mapped
            writes = str(integration.get("httpMethod", "IntegrationHttpMethod")).upper() in _S3_WRITES
            kind = EdgeKind.WRITES if writes else EdgeKind.READS
            operation = Operation((kind,), (), (BUCKET,))
            if not name.startswith("{") or mapped is not None:
                self._named(integration, operation, bucket)
            else:
                self._open(integration, operation)
            return
        if service in _NAMED_IN_PATH:
            before, action = _NAMED_IN_PATH[service]
            name = path.removeprefix(before).split("/", 1)[0]
            for operation in operations(service, action) if path.startswith(before) else ():
                if name.startswith("{"):
                    self._open(integration, operation)
                else:
                    self._named(integration, operation, flat.value(name))
            return
        # Services with a REST interface name the operation in the path: `batch:path//v1/submitjob`.
        action = self._query_action(integration, rest) or _ONLY_ACTION.get(service) or path.rpartition("/")[2]
        for operation in operations(service, action) if service == "sqs" and "/" in path else ():
            self._named(integration, operation, flat.value(path.rpartition("/")[2]))
        self._service(integration, service, action, Flat(rest, flat.holes))

    def _query_action(self, integration: Integration, rest: str) -> str | None:
        """The `Action` of a query interface, from the path, the mapped parameters or a form template."""
        mapped = self._mapped(integration, "", "Action")
        if isinstance(mapped, str):
            return mapped
        for text in (rest, *(flat.text for flat in _request_texts(integration))):
            found = _QUERY_ACTION.search(text)
            if found:
                return found[1]
        return None

    def _service(self, integration: Integration, service: str, action: str, rest: Flat) -> None:
        texts = [*_request_texts(integration), rest]
        for operation in operations(service, action):
            words = list(dict.fromkeys(path[-1] for path in operation.parameters if path[-1] != KEYS))
            values = [value for word in words for value in self._parameter(integration, texts, word)]
            for value in values:
                self._named(integration, operation, value)
            if not values and BUS not in operation.types:  # without a name, events go to the default bus
                self._open(integration, operation)

    def _open(self, integration: Integration, operation: Operation) -> None:
        """Leaves a call whose target the request names to what the integration's role may reach."""
        for role in self._roles(integration):
            for kind in operation.kinds:
                place = integration.place("uri")
                call = OpenCall(integration.api, role.node, kind, operation.types, integration.route, place)
                self._linker.graph.iam.open_calls.append(call)

    def _parameter(self, integration: Integration, texts: list[Flat], word: str) -> list[Json]:
        """Values of an operation's parameter: mapped in the integration, or written in its request templates."""
        pattern = _parameter_pattern(word)
        found = [text.value(match[1]) for text in texts for match in pattern.finditer(text.text)]
        mapped = self._mapped(integration, "", word)
        if mapped is not None:
            found.append(mapped)
        return found

    def _mapped(self, integration: Integration, kind: str, word: str) -> Json:
        """A constant in the integration's request parameters: `'value'` under a key that ends with the word."""
        for key, value in _request_parameters(integration):
            name = key.lower()
            if name == word.lower() or (name.endswith("." + word.lower()) and kind in name):
                flat = flatten(integration.value(value))
                if flat is not None and not flat.text.startswith(("$", "method.", "context.", "stageVariables.")):
                    return flat.value(flat.text.strip("'"))
        return None

    def _named(self, integration: Integration, operation: Operation, value: Json) -> None:
        for target in self._linker.targets(integration.stack, value, *operation.types):
            if is_default_bus(target.node):
                continue
            for kind in operation.kinds:
                started = kind is EdgeKind.INVOKES
                self._add(
                    integration,
                    EdgeKind.TRIGGERS if started else kind,
                    target,
                    operation.mode if started else None,
                    integration.place("uri"),
                )

    def _add(
        self,
        integration: Integration,
        kind: EdgeKind,
        target: Target,
        mode: Mode | None,
        place: Place | None,
        *,
        routed: bool = True,
    ) -> None:
        key = (kind, integration.api, target.node, mode, target.qualifier, integration.via)
        known = self._edges.get(key)
        if known is None:
            detail: dict[str, Json] = dict(integration.detail) if routed else {}
            if routed:
                detail["routes"] = [integration.route] if integration.route else []
                if _streams(integration):
                    detail["streams"] = True
            self._edges[key] = (place, detail)
            return
        if routed and not _streams(integration):
            known[1].pop("streams", None)  # a route that waits for the whole response is what limits the target
        routes = known[1].get("routes")
        if routed and isinstance(routes, list) and integration.route not in routes:
            routes.append(integration.route)


# Service → what its paths have before the resource's name, and the operation.
_NAMED_IN_PATH = {"sagemaker": ("endpoints/", "InvokeEndpoint")}
_ONLY_ACTION = {"sns": "Publish", "sqs": "SendMessage", "events": "PutEvents"}
_PATTERNS: dict[str, re.Pattern[str]] = {}


def _parameter_pattern(word: str) -> re.Pattern[str]:
    """`"stateMachineArn": "…"` in a JSON or VTL template, `TopicArn=$util.urlEncode('…')` in a form."""
    found = _PATTERNS.get(word)
    if found is None:
        value = rf"((?:{MARK}|[\w:/.\-])+)"
        found = re.compile(
            rf"(?i)(?<![\w.]){re.escape(word)}\\?[\"']?\s*[:=]\s*\\?[\"']?(?:\$util\.urlEncode\(\s*[\"'])?{value}"
        )
        _PATTERNS[word] = found
    return found


def invocation_mode(integration: Integration) -> Mode:
    """`async` when the integration sends `X-Amz-Invocation-Type: Event`, `unknown` when the caller chooses it."""
    for key, value in _request_parameters(integration):
        if key.lower() == _EVENT_HEADER and isinstance(value, str):
            if value.strip("'").lower() == "event":
                return Mode.ASYNC
            if value.startswith(("method.", "stageVariables.")):
                return Mode.UNKNOWN
    return Mode.SYNC


def _streams(integration: Integration) -> bool:
    """True when the response is passed on piece by piece."""
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
    return bool(integration.get("responseTransferMode", "ResponseTransferMode") == "STREAM")


def _request_parameters(integration: Integration) -> list[tuple[str, Any]]:
    found = []
    for name in ("requestParameters", "RequestParameters"):
        for _, body in follow(integration.body, (name,)):
            if isinstance(body, dict):
                found += [(str(key), value) for key, value in body.items()]
            elif isinstance(body, list):
                found += [
                    (str(item.get("Destination")), item.get("Source"))
                    for _, item in follow(body, (EACH,))
                    if isinstance(item, dict)
                ]
    return found


def _request_texts(integration: Integration) -> list[Flat]:
    found = []
    for name in ("requestTemplates", "RequestTemplates"):
        for _, text in follow(integration.body, (name, "*")):
            flat = flatten(integration.value(text))
            if flat is not None:
                found.append(flat)
    return found


def _balancers(linker: Linker, target: Target) -> list[Target]:
    node = target.node
    if node.type != _LISTENER or node.stack is None:
        return [target]
    return linker.targets(node.stack, node.properties.get("LoadBalancerArn"))
