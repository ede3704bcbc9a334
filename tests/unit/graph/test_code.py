from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from archlint.config import Config
from archlint.graph.code import javascript_modules
from archlint.graph.model import EdgeKind, Evidence
from archlint.lint import build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archlint.graph.model import Edge

_KINDS = (EdgeKind.INVOKES, EdgeKind.READS, EdgeKind.WRITES, EdgeKind.PUBLISHES)
_TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: HANDLER
      Runtime: RUNTIME
      Environment:
        Variables:
          QUEUE_URL: !Ref Jobs
          TOPIC: !Ref News
          TABLE: !Ref Orders
          BUCKET: !Ref Files
          OTHER: !Ref Other
          BUS: !Ref Bus
          FLOW: !Ref Flow
          STREAM: !Ref Stream
      Policies:
POLICIES
  Jobs: {Type: AWS::SQS::Queue}
  News: {Type: AWS::SNS::Topic}
  Orders: {Type: AWS::DynamoDB::Table, Properties: {TableName: orders-table}}
  Files: {Type: AWS::S3::Bucket}
  Bus: {Type: AWS::Events::EventBus}
  Stream: {Type: AWS::Kinesis::Stream}
  Nightly: {Type: AWS::Batch::JobDefinition, Properties: {JobDefinitionName: nightly, Type: container}}
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties: {StateMachineType: EXPRESS, RoleArn: "arn:aws:iam::111122223333:role/flow", DefinitionString: "{}"}
  Other:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: other, Handler: app.handler, Runtime: python3.13}
"""
_ALL = (
    "SQSSendMessagePolicy: {QueueName: !GetAtt Jobs.QueueName}",
    "SNSPublishMessagePolicy: {TopicName: !GetAtt News.TopicName}",
    "DynamoDBCrudPolicy: {TableName: !Ref Orders}",
    "LambdaInvokePolicy: {FunctionName: !Ref Other}",
)


class Wired:
    """What `Fn` does to what, as `kind target evidence [mode]`."""

    def __init__(self, root: Path) -> None:
        graph = build([root], Config()).graph
        node = next(node for node in graph.nodes.values() if node.logical_id == "Fn")
        self.edges: list[Edge] = graph.outgoing(node, *_KINDS)

    @property
    def lines(self) -> set[str]:
        return {
            " ".join(filter(None, [edge.kind.value, str(edge.target), edge.evidence.label, edge.mode]))
            for edge in self.edges
        }

    @property
    def code(self) -> set[str]:
        return {line.replace(" code", "") for line in self.lines if " code" in line}


@pytest.fixture
def wired(tmp_path: Path) -> Callable[..., Wired]:
    def wire(
        files: dict[str, str] | str,
        *,
        handler: str = "app.handler",
        runtime: str = "python3.13",
        policies: tuple[str, ...] = _ALL,
        change: Callable[[str], str] = str,
    ) -> Wired:
        named = files if isinstance(files, dict) else {"app.py": files}
        for name, text in named.items():
            path = tmp_path / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        lines = "".join(f"        - {policy}\n" for policy in policies) or "        []\n"
        text = _TEMPLATE.replace("HANDLER", handler).replace("RUNTIME", runtime).replace("POLICIES\n", lines)
        (tmp_path / "template.yaml").write_text(change(text))
        return Wired(tmp_path)

    return wire


_SEND = """
    import os
    import boto3
    sqs = boto3.client("sqs")
    def handler(event, context):
        sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody="x")
"""


def test_a_call_raises_the_policy_edge_and_the_others_go(wired: Callable[..., Wired]) -> None:
    assert wired(_SEND).lines == {"publishes Jobs code"}


def test_an_edge_of_code_keeps_what_the_policy_said(wired: Callable[..., Wired]) -> None:
    [edge] = wired(_SEND).edges
    assert edge.evidence is Evidence.CODE
    assert edge.detail["code"] == "app.py:6"
    assert edge.detail["referenced"] is True
    assert edge.actions
    assert edge.via is not None
    assert edge.place is not None
    assert "Policies" in edge.place.path


def test_a_call_without_policy_points_at_the_environment(wired: Callable[..., Wired]) -> None:
    [edge] = wired(_SEND, policies=()).edges
    assert edge.place is not None
    assert edge.place.path[-1] == "QUEUE_URL"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('boto3.client("sns").publish(TopicArn=os.getenv("TOPIC"), Message="")', "publishes News"),
        ('boto3.client("sns").publish(TopicArn=os.environ.get("TOPIC", ""), Message="")', "publishes News"),
        ('boto3.resource("dynamodb").Table(os.environ["TABLE"]).put_item(Item={})', "writes Orders"),
        ('boto3.resource("dynamodb").Table("orders-table").get_item(Key={})', "reads Orders"),
        ('boto3.client("dynamodb").query(TableName=os.environ["TABLE"])', "reads Orders"),
        (
            'boto3.client("dynamodb").transact_write_items(TransactItems=[{"Put": {"TableName": os.getenv("TABLE")}}])',
            "writes Orders",
        ),
        ('boto3.client("s3").upload_file("x", os.environ["BUCKET"], "x")', "writes Files"),
        ('boto3.resource("s3").Object(os.environ["BUCKET"], "x").get()', "reads Files"),
        ('boto3.client("events").put_events(Entries=[{"EventBusName": os.environ["BUS"]}])', "publishes Bus"),
        ('boto3.client("kinesis").put_record(StreamName=os.environ["STREAM"])', "publishes Stream"),
        (
            'boto3.client("batch").submit_job(jobName="x", jobQueue="x", jobDefinition="nightly")',
            "invokes Nightly async",
        ),
        ('boto3.client("stepfunctions").start_execution(stateMachineArn=os.environ["FLOW"])', "invokes Flow async"),
        ('boto3.client("stepfunctions").start_sync_execution(stateMachineArn=os.environ["FLOW"])', "invokes Flow sync"),
        ('boto3.client("lambda").invoke(FunctionName=os.environ["OTHER"])', "invokes Other sync"),
        (
            'boto3.client("lambda").invoke(FunctionName=os.environ["OTHER"], InvocationType="Event")',
            "invokes Other async",
        ),
        (
            'boto3.client("lambda").invoke(FunctionName=os.environ["OTHER"], InvocationType=event["how"])',
            "invokes Other unknown",
        ),
        ('boto3.client("lambda").invoke(FunctionName=os.environ["OTHER"], InvocationType="DryRun")', None),
        ('boto3.client("sqs").send_message(QueueUrl=event["queue"])', None),
        ('boto3.client("sqs").send_message(QueueUrl=os.environ["TABLE"])', None),
        ('boto3.client("sqs").send_message(QueueUrl=os.environ["ABSENT"])', None),
        ('boto3.client("sqs").send_message()', None),
    ],
)
def test_python_calls(wired: Callable[..., Wired], code: str, expected: str | None) -> None:
    text = f"import os\nimport boto3\ndef handler(event, context):\n    {code}\n"
    assert wired(text).code == ({expected} if expected else set())


@pytest.mark.parametrize(
    ("entries", "events"),
    [
        (
            (
                '{"EventBusName": BUS, "Source": "shop", "DetailType": "Placed"}, '
                '{"EventBusName": BUS, "Source": event["source"], "DetailType": "Paid"}'
            ),
            [{"source": "shop", "detail-type": "Placed"}, {"source": None, "detail-type": "Paid"}],
        ),
        ('{"EventBusName": BUS, "Source": "shop"}, {"EventBusName": BUS, "Source": "a", "DetailType": "b"}', []),
        ('{"EventBusName": BUS, **event}', []),
    ],
)
def test_what_a_call_puts_on_a_bus(wired: Callable[..., Wired], entries: str, events: list[dict[str, str]]) -> None:
    names = 'import os\nimport boto3\nBUS = os.environ["BUS"]\n'
    [edge] = wired(
        f'{names}def handler(event, context):\n    boto3.client("events").put_events(Entries=[{entries}])\n'
    ).edges
    assert edge.detail["events"] == events


def test_names_are_followed_through_files_and_attributes(wired: Callable[..., Wired]) -> None:
    files = {
        "orders/app.py": """
            from shared import clients
            from . import config
            from .store import Store
            def handler(event, context):
                Store().save(event)
                clients.sns.publish(TopicArn=config.TOPIC, Message="x")
        """,
        "orders/__init__.py": "",
        "orders/config.py": "import os\nTOPIC = os.environ['TOPIC']\n",
        "orders/store.py": """
            import os, boto3
            class Store:
                def __init__(self):
                    self.table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
                def save(self, item):
                    with self.table.batch_writer() as batch:
                        batch.put_item(Item=item)
        """,
        "shared/clients.py": "import boto3\nsns = boto3.client('sns')\n",
    }
    assert wired(files, handler="orders.app.handler").code == {"publishes News", "writes Orders"}


def test_only_what_the_handler_runs_counts(wired: Callable[..., Wired]) -> None:
    code = """
        import os, boto3
        sqs = boto3.client("sqs")
        sns = boto3.client("sns")
        def other(event, context):
            sqs.send_message(QueueUrl=os.environ["QUEUE_URL"])
        def tell():
            sns.publish(TopicArn=os.environ["TOPIC"])
        def handler(event, context):
            tell()
    """
    found = wired(code)
    assert found.code == {"publishes News"}
    assert "publishes Jobs policy" in found.lines, "the file names the service: no reason to be sure"


def test_routes_run_when_the_handler_uses_their_application(wired: Callable[..., Wired]) -> None:
    code = """
        import os, boto3
        from aws_lambda_powertools.event_handler import APIGatewayRestResolver
        app = APIGatewayRestResolver()
        @app.post("/orders")
        def create():
            boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE_URL"])
        def handler(event, context):
            return app.resolve(event, context)
    """
    assert "publishes Jobs" in wired(code).code


def test_a_name_with_two_meanings_has_none(wired: Callable[..., Wired]) -> None:
    code = """
        import os, boto3
        url = os.environ["QUEUE_URL"]
        def handler(event, context):
            send(event["url"])
        def send(url):
            boto3.client("sqs").send_message(QueueUrl=url)
    """
    assert wired(code).code == set()


_ALLOWED = {
    "publishes Jobs policy",
    "publishes News policy",
    "reads Orders policy",
    "writes Orders policy",
    "invokes Other policy unknown",
}


@pytest.mark.parametrize(
    "text",
    [
        "def handler(event, context)\n",
        "import unheard_of\ndef handler(event, context): pass\n",
        "from .absent import x\ndef handler(event, context): pass\n",
        "import importlib\ndef handler(event, context): pass\n",
        "import subprocess\ndef handler(event, context): pass\n",
        "def handler(event, context): getattr(event, 'x')()\n",
        "import boto3\ndef handler(event, context): boto3.client(event['service'])\n",
        "from boto3 import client\ndef handler(event, context): client(event['service'])\n",
        "import os\ndef handler(event, context): os.system('aws')\n",
        "\0",
        "(" * 5000,
    ],
)
def test_doubt_keeps_what_policies_allow(wired: Callable[..., Wired], text: str) -> None:
    assert wired(text).lines == _ALLOWED


def test_code_that_is_not_there_says_nothing(wired: Callable[..., Wired]) -> None:
    assert wired("", handler="absent.handler").lines == _ALLOWED
    assert wired("", runtime="ruby3.3").lines == _ALLOWED
    assert wired("", change=lambda text: text.replace("CodeUri: src", "CodeUri: ..")).lines == _ALLOWED
    layered = "Layers: ['arn:aws:lambda:eu-west-1:111122223333:layer:x:1']\n      CodeUri: src"
    assert wired("", change=lambda text: text.replace("CodeUri: src", layered)).lines == _ALLOWED


def test_readable_code_without_any_call_takes_policy_edges_away(wired: Callable[..., Wired]) -> None:
    assert wired("import json\ndef handler(event, context): return json.dumps(event)\n").lines == set()


_ORDERS = """
    import os
    import boto3
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    def handler(event, context):
        table.put_item(Item=event.get("order"))
"""


def test_code_that_only_writes_does_not_read(wired: Callable[..., Wired]) -> None:
    assert wired(_ORDERS).lines == {"writes Orders code"}
    assert wired(_ORDERS.replace('event.get("order")', "query(event)")).lines == {
        "writes Orders code",
        "reads Orders policy",
    }
    wrapped = _ORDERS.replace("import boto3", "import boto3\n    from aws_lambda_powertools import idempotency")
    assert "reads Orders policy" in wired(wrapped).lines


def test_code_that_only_reads_does_not_write(wired: Callable[..., Wired]) -> None:
    text = _ORDERS.replace('put_item(Item=event.get("order"))', 'get_item(Key=event["key"])')
    assert wired(text).lines == {"reads Orders code"}
    assert wired(text.replace("import os", "import os  # put it back")).lines >= {"writes Orders policy"}


def test_a_word_of_the_service_keeps_its_edges(wired: Callable[..., Wired]) -> None:
    text = "def handler(event, context):\n    '''Fills SQS some day.'''\n"
    assert wired(text).lines == {"publishes Jobs policy"}


def test_links_out_of_the_folder_are_not_followed(wired: Callable[..., Wired], tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    outside = tmp_path.parent / f"{tmp_path.name}-outside.py"
    outside.write_text(textwrap.dedent(_SEND))
    (tmp_path / "src/app.py").symlink_to(outside)
    assert wired({}).lines == _ALLOWED


def test_code_in_the_template(wired: Callable[..., Wired]) -> None:
    inline = "InlineCode: |\n" + textwrap.indent(textwrap.dedent(_SEND).strip(), " " * 8)
    found = wired({}, handler="index.handler", change=lambda text: text.replace("CodeUri: src", inline))
    assert found.lines == {"publishes Jobs code"}


javascript = pytest.mark.skipif(javascript_modules.parser(".js") is None, reason="the extra `code` is not installed")


@javascript
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            """
            import { SQSClient, SendMessageCommand as Send } from "@aws-sdk/client-sqs";
            const client = new SQSClient({});
            const { QUEUE_URL } = process.env;
            export const handler = async (event) => {
              const params = { QueueUrl: QUEUE_URL, MessageBody: "x" };
              await client.send(new Send(params));
            };
            """,
            "publishes Jobs",
        ),
        (
            """
            const { PutCommand } = require("@aws-sdk/lib-dynamodb");
            exports.handler = async (event) => docs.send(new PutCommand({ TableName: process.env.TABLE ?? "" }));
            """,
            "writes Orders",
        ),
        (
            """
            import * as events from "@aws-sdk/client-eventbridge";
            export async function handler(event) {
              return bus.send(new events.PutEventsCommand({ Entries: [{ EventBusName: process.env["BUS"] }] }));
            }
            """,
            "publishes Bus",
        ),
        (
            """
            const AWS = require("aws-xray-sdk").captureAWS(require("aws-sdk"));
            const docs = new AWS.DynamoDB.DocumentClient();
            const TableName = process.env.TABLE;
            exports.handler = async () => docs.get({ TableName, Key: {} }).promise();
            """,
            "reads Orders",
        ),
        (
            """
            const Lambda = require("aws-sdk/clients/lambda");
            const config = { name: process.env.OTHER };
            const lambda = new Lambda();
            const params = { FunctionName: config.name, InvocationType: "Event" };
            module.exports.handler = () => lambda.invoke(params).promise();
            """,
            "invokes Other async",
        ),
        (
            """
            import { SNS } from "@aws-sdk/client-sns";
            const sns = new SNS();
            export const handler = (TopicArn) => sns.publish({ TopicArn });
            """,
            None,
        ),
    ],
)
def test_javascript_calls(wired: Callable[..., Wired], code: str, expected: str | None) -> None:
    found = wired({"app.js": code}, runtime="nodejs22.x")
    assert found.code == ({expected} if expected else set())


@javascript
def test_typescript_over_files(wired: Callable[..., Wired]) -> None:
    files = {
        "handlers/app.ts": """
            import { send } from "../lib/queue.js";
            export const handler = async (event: unknown): Promise<void> => { await send(event as string); };
        """,
        "lib/queue.ts": """
            import { SQSClient, SendMessageCommand } from "@aws-sdk/client-sqs";
            import { queueUrl } from "./config";
            const client: SQSClient = new SQSClient({});
            export async function send(body: string) {
              return client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
            }
        """,
        "lib/config.ts": "export const queueUrl = process.env.QUEUE_URL!;\n",
    }
    assert wired(files, runtime="nodejs22.x", handler="handlers/app.handler").lines == {"publishes Jobs code"}


@javascript
@pytest.mark.parametrize(
    "text",
    [
        "exports.handler = (",
        "const x = require('unheard-of'); exports.handler = x;",
        "const x = require('./absent'); exports.handler = x;",
        "exports.handler = (event) => require(event.name);",
        "exports.handler = (event) => eval(event.name);",
    ],
)
def test_doubt_in_javascript_keeps_what_policies_allow(wired: Callable[..., Wired], text: str) -> None:
    assert wired({"app.js": text}, runtime="nodejs22.x").lines == _ALLOWED


@javascript
def test_readable_javascript_takes_policy_edges_away(wired: Callable[..., Wired]) -> None:
    assert wired({"app.js": "exports.handler = async (event) => event;"}, runtime="nodejs22.x").lines == set()


@javascript
def test_one_of_several_handlers_says_nothing_new(wired: Callable[..., Wired]) -> None:
    code = """
        const { SendMessageCommand } = require("@aws-sdk/client-sqs");
        exports.send = () => c.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL }));
        exports.handler = async () => null;
    """
    assert wired({"app.js": code}, runtime="nodejs22.x", policies=()).lines == set()


def test_without_the_extra_javascript_says_nothing(
    wired: Callable[..., Wired], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archlint.graph.code.javascript.parser", lambda _: None)
    assert wired({"app.js": "exports.handler = async (event) => event;"}, runtime="nodejs22.x").lines == _ALLOWED
