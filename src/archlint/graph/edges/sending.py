"""Which kind of edge a sender has with what it sends to, and the resources that a URL leads to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.graph.edges.string_template import flatten
from archlint.graph.model import EdgeKind, Mode
from archlint.graph.resolve import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.graph.text import Text
    from archlint.template.model import Json, Place

FUNCTION = "AWS::Lambda::Function"
MACHINE = "AWS::StepFunctions::StateMachine"
QUEUE = "AWS::SQS::Queue"
TOPIC = "AWS::SNS::Topic"
BUCKET = "AWS::S3::Bucket"
TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
BUS = "AWS::Events::EventBus"
STREAM = "AWS::Kinesis::Stream"
FIREHOSE = "AWS::KinesisFirehose::DeliveryStream"
LOG_GROUP = "AWS::Logs::LogGroup"
REST_API = "AWS::ApiGateway::RestApi"
HTTP_API = "AWS::ApiGatewayV2::Api"
APIS = (REST_API, HTTP_API)

STARTED = frozenset(
    {
        FUNCTION,
        MACHINE,
        "AWS::AppFlow::Flow",
        "AWS::Batch::JobDefinition",
        "AWS::Batch::JobQueue",
        "AWS::Bedrock::Agent",
        "AWS::Bedrock::AgentAlias",
        "AWS::Bedrock::DataSource",
        "AWS::Bedrock::Flow",
        "AWS::CodeBuild::Project",
        "AWS::CodePipeline::Pipeline",
        "AWS::DMS::ReplicationTask",
        "AWS::DataBrew::Job",
        "AWS::DataSync::Task",
        "AWS::ECS::Cluster",
        "AWS::ECS::Service",
        "AWS::ECS::TaskDefinition",
        "AWS::EMR::Cluster",
        "AWS::EMRServerless::Application",
        "AWS::Glue::Crawler",
        "AWS::Glue::Job",
        "AWS::Glue::Workflow",
        "AWS::ImageBuilder::ImagePipeline",
        "AWS::Omics::Workflow",
        "AWS::SSM::Document",
        "AWS::SageMaker::Endpoint",
        "AWS::SageMaker::Pipeline",
        "AWS::StepFunctions::Activity",
    }
)
"""Types of resources that run something when they are sent something."""

STORES = frozenset({BUCKET, *TABLES})

# What the name of a thing outside the run says about it: its ARN's service, or the word for its type.
_STARTED_NAME = re.compile(
    r"(?i)function|lambda|state.?machine|workflow|:states:"
    r"|^(?:Activity|JobDefinition|JobQueue|Project|Pipeline|Job|TaskDefinition) "
    r"|:(?:codebuild|codepipeline|batch|ssm|ecs|glue|imagebuilder|sagemaker):"
)


_CHANNEL_NAME = re.compile(
    r"^arn:[^:]*:(?:dynamodb|events|firehose|kinesis|logs|s3|sns|sqs):"
    r"|^(?:Bucket|DeliveryStream|EventBus|LogGroup|Queue|Stream|Table|Topic) "
    r"|(?i:bucket|bus|queue|stream|table|topic)_?(?i:arn|id|name|url)?$"
)


def starts_code(node: Node) -> bool:
    """True when something runs because this node is sent something; of external nodes the name tells."""
    if not node.external:
        return node.type in STARTED
    # Of a parameter the file says nothing, of a property its owner.
    file, _, name = node.logical_id.rpartition("#")
    owner, _, key = name.partition(".")
    name = (owner if key in ("", "Arn") else key) or file
    if _CHANNEL_NAME.search(name):  # a topic for what a function sends is no function
        return False
    return _STARTED_NAME.search(f"{name} :{node.service or ''}:") is not None


def send(
    linker: Linker,
    source: Node,
    target: Target,
    *,
    place: Place | None,
    mode: Mode = Mode.ASYNC,
    via: Node | None = None,
    computes: bool = False,
    detail: Mapping[str, Json] | None = None,
) -> None:
    """The edge of a declared sending: `triggers` or `delivers`; from compute `invokes`, `writes` or `publishes`."""
    node = target.node
    started = starts_code(node)
    if started:
        kind = EdgeKind.INVOKES if computes else EdgeKind.TRIGGERS
    elif computes:
        kind = EdgeKind.WRITES if node.type in STORES else EdgeKind.PUBLISHES
    else:
        kind = EdgeKind.DELIVERS
    linker.connect(
        kind,
        source,
        node,
        place=place,
        mode=mode if started else None,
        via=via,
        qualifier=target.qualifier,
        detail=detail,
    )


def dead_letters(
    linker: Linker,
    source: Node,
    value: Json,
    *types: str,
    place: Place | None,
    stack: Stack | None = None,
    via: Node | None = None,
    detail: Mapping[str, Json] | None = None,
) -> None:
    """`dead_letters` from the source to every resource that `value` names."""
    scope = stack or source.stack
    if scope is None:
        return
    for target in linker.targets(scope, value, *types):
        linker.connect(
            EdgeKind.DEAD_LETTERS, source, target.node, place=place, via=via, qualifier=target.qualifier, detail=detail
        )


def is_default_bus(node: Node) -> bool:
    """True for an account's default bus, which stands for no edge: everything AWS does arrives there."""
    return node.external and node.logical_id.endswith(("event-bus/default", "EventBus default"))


def plain(linker: Linker, stack: Stack, value: Json) -> Json:
    """The value as plain data (parameters' defaults, mappings, dynamic references applied); None for what is not known.

    A dynamic reference that nobody in the run provides stays as it is written: it is the same wherever it stands.
    """
    if isinstance(value, (dict, list)):
        found: Json = linker.literal(stack, value)
        return _with_references(linker, stack, found)
    return _with_references(linker, stack, value) if isinstance(value, str) else value


def _with_references(linker: Linker, stack: Stack, value: Json) -> Json:
    if isinstance(value, str):
        texts = linker.texts(stack, value) if "{{resolve:" in value else []
        return value if len(texts) != 1 or texts[0].literal is None else texts[0].literal
    if isinstance(value, list):
        return [_with_references(linker, stack, item) for item in value]
    if isinstance(value, dict):
        return {key: _with_references(linker, stack, item) for key, item in value.items()}
    return value


def known(linker: Linker, stack: Stack, value: Json, *types: str) -> list[Target]:
    """The resources of the run that a value names; unlike `Linker.targets` it makes no external nodes."""
    found: list[Target] = []
    for text in linker.texts(stack, value):
        if text.node is not None:
            target = linker.target(stack, text)
        else:
            node = (
                linker.resolver.named(stack, types, text) if types and (text.hole is None or text.hole.scope) else None
            )
            target = Target(node) if node is not None else None
        if target is not None and not target.node.external:
            found.append(target)
    return found


def named(linker: Linker, node: Node, key: str, value: Json, *types: str) -> list[Target]:
    """Like `Linker.targets` for a property of a node, but a declared end that says nothing still is one.

    It is an external node: of its text, of the parameter whose default is empty, or, where that says nothing at all,
    of the property itself.
    """
    stack = node.stack
    if stack is None:
        return []
    found = linker.targets(stack, value, *types)
    if not found:
        found = [Target(linker.external(_name(node, key, value, text))) for text in linker.texts(stack, value)]
    return found


def _name(node: Node, key: str, value: Json, text: Text) -> str:
    if text.parts and text.hole is None:
        return str(text)
    parameter = value.get("Ref") if isinstance(value, dict) and not text.parts else None
    return f"{node.file}#{parameter if isinstance(parameter, str) else f'{node.logical_id}.{key}'}"


def buckets(linker: Linker, stack: Stack, location: Json) -> list[Target]:
    """The bucket of an `s3://bucket/prefix` URL, of `bucket/prefix`, or of an ARN with a path behind it."""
    flat = flatten(location)
    if flat is None:  # parts that depend on a condition may follow the name
        pieces = [text.split("/", 1)[0] for text in linker.texts(stack, location) if not text.startswith("s3")]
        found = [linker.target(stack, piece, (BUCKET,)) for piece in dict.fromkeys(pieces)]
        return [target for target in found if target is not None]
    if flat.text.startswith("arn:"):
        return linker.targets(stack, location, BUCKET)
    return linker.targets(stack, flat.value(_S3_URL.sub("", flat.text).split("/", 1)[0]), BUCKET)


_S3_URL = re.compile(r"^s3[an]?://")
_HOST = re.compile(r"^[a-z0-9+.-]*://([^/:?#]+)")
_NO_HOST = re.compile(r"[/:?#]")
# https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html
# https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
_NAMED_HOST = (
    (re.compile(r"^(.+?)\.execute-api\."), APIS),
    (re.compile(r"^(.+?)\.lambda-url\."), ("AWS::Lambda::Url",)),
)


def endpoints(linker: Linker, stack: Stack, url: Json) -> list[Target]:
    """The resources of the run that a URL or host name leads to: an API, a load balancer, a function URL, a domain."""
    flat = flatten(url)
    if flat is None:
        return []
    host = _HOST.match(flat.text)
    name = host[1] if host else _NO_HOST.split(flat.text, maxsplit=1)[0]
    for pattern, types in _NAMED_HOST:
        match = pattern.match(name)
        if match:
            return known(linker, stack, flat.value(match[1]), *types)
    return known(linker, stack, flat.value(name))
