"""AWS API operations that a definition can call, and which resource each works on.

State machines, API Gateway integrations and universal scheduler targets all name an operation and its parameters.
Parameters are matched without regard to case: ASL writes `QueueUrl`, an API's request template `queueUrl`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.edges.calls import KEYS, Operation, operation, same
from archlint.graph.edges.jobs import JOBS
from archlint.graph.edges.paths import ANY, EACH, Steps
from archlint.graph.edges.sending import BUCKET, BUS, FIREHOSE, FUNCTION, MACHINE, QUEUE, STREAM, TABLES, TOPIC
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.model import Json, TemplatePath

_READS, _WRITES = EdgeKind.READS, EdgeKind.WRITES
_PUBLISHES, _INVOKES = EdgeKind.PUBLISHES, EdgeKind.INVOKES

_TABLE_READ = operation(_READS, "TableName", *TABLES)
_TABLE_WRITE = operation(_WRITES, "TableName", *TABLES)
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type
_CLUSTERS = ("AWS::RDS::DBCluster",)
_SQL = (
    operation((_READS, _WRITES), "ResourceArn", *_CLUSTERS),
    operation(_READS, "SecretArn", _SECRET),
)
_STARTS_MACHINE = operation(_INVOKES, "StateMachineArn", MACHINE)

# Service (as in `arn:aws:states:::<service>:…`, `aws-sdk:<service>:…` and integration URIs) → operation → what it does.
# https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
_SERVICES: dict[str, dict[str, tuple[Operation, ...]]] = {
    "lambda": {
        "invoke": (operation(_INVOKES, "FunctionName", FUNCTION, mode=Mode.SYNC),),
        "invokeasync": (operation(_INVOKES, "FunctionName", FUNCTION),),
    },
    "sqs": same(operation(_PUBLISHES, "QueueUrl", QUEUE), "sendMessage sendMessageBatch"),
    "sns": same(operation(_PUBLISHES, "TopicArn TargetArn", TOPIC), "publish publishBatch"),
    "events": {"putevents": (operation(_PUBLISHES, "Entries[].EventBusName EventBusName", BUS),)},
    "kinesis": same(operation(_PUBLISHES, "StreamName StreamARN", STREAM), "putRecord putRecords"),
    "firehose": same(operation(_PUBLISHES, "DeliveryStreamName", FIREHOSE), "putRecord putRecordBatch"),
    "states": {
        "startexecution": (_STARTS_MACHINE,),
        "startsyncexecution": (operation(_INVOKES, "StateMachineArn", MACHINE, mode=Mode.SYNC),),
    },
    "dynamodb": {
        **same(_TABLE_READ, "getItem query scan"),
        **same(_TABLE_WRITE, "putItem updateItem deleteItem"),
        "exporttabletopointintime": (operation(_READS, "TableArn", *TABLES), operation(_WRITES, "S3Bucket", BUCKET)),
        "batchgetitem": (operation(_READS, f"RequestItems.{KEYS}", *TABLES),),
        "batchwriteitem": (operation(_WRITES, f"RequestItems.{KEYS}", *TABLES),),
        "transactgetitems": (operation(_READS, "TransactItems[].Get.TableName", *TABLES),),
        "transactwriteitems": (
            operation(
                _WRITES,
                "TransactItems[].Put.TableName TransactItems[].Update.TableName TransactItems[].Delete.TableName",
                *TABLES,
            ),
            operation(_READS, "TransactItems[].ConditionCheck.TableName", *TABLES),
        ),
    },
    "s3": {
        **same(
            operation(_READS, "Bucket", BUCKET),
            "getObject headObject getObjectAttributes getObjectTagging listObjects listObjectsV2 listObjectVersions "
            "selectObjectContent",
        ),
        **same(
            operation(_WRITES, "Bucket", BUCKET),
            "putObject putObjectTagging deleteObject deleteObjects createMultipartUpload uploadPart "
            "completeMultipartUpload restoreObject writeGetObjectResponse",
        ),
        "copyobject": (operation(_WRITES, "Bucket", BUCKET), operation(_READS, "CopySource", BUCKET)),
    },
    "ssm": {
        **same(
            operation(EdgeKind.REFERENCES, "Name Names[]", "AWS::SSM::Parameter"),
            "getParameter getParameters putParameter",
        ),
        **same(operation(_INVOKES, "DocumentName", "AWS::SSM::Document"), "sendCommand startAutomationExecution"),
    },
    "secretsmanager": {
        "getsecretvalue": (operation(_READS, "SecretId", _SECRET),),
        **same(operation(_WRITES, "SecretId", _SECRET), "putSecretValue updateSecret"),
    },
    "rdsdata": {"executestatement": _SQL, "batchexecutestatement": _SQL},
    **JOBS,
}
_ALIASES = {
    "sfn": "states",
    "stepfunctions": "states",
    "eventbridge": "events",
    "rds-data": "rdsdata",
    "redshift-data": "redshiftdata",
    "bedrockruntime": "bedrock",
    "bedrock-runtime": "bedrock",
    "bedrockagent": "bedrock",
    "bedrockagentruntime": "bedrock",
    "bedrock-agent-runtime": "bedrock",
    "sagemakerruntime": "sagemaker",
    "databasemigration": "dms",
    "emr": "elasticmapreduce",
    "emrserverless": "emr-serverless",
    "emrcontainers": "emr-containers",
    "deliverystream": "firehose",
    "execute-api": "apigateway",
}


def operations(service: str, action: str) -> tuple[Operation, ...]:
    """What this operation of a service does; empty when it touches nothing that the graph knows."""
    service = service.lower()
    return _SERVICES.get(_ALIASES.get(service, service), {}).get(action.lower(), ())


def arguments(body: Any, path: Steps, at: TemplatePath = ()) -> Iterator[tuple[TemplatePath, Json, bool]]:
    """Values of a parameter in an operation's arguments: template path, value, and True when known only at run time.

    A key that ends with `.$` (JSONPath) is the parameter without it, computed at run time.
    """
    if not path:
        yield at, body, is_dynamic(body)
        return
    step, rest = path[0], path[1:]
    if step == EACH:
        for index, item in enumerate(body if isinstance(body, list) else [body]):
            yield from arguments(item, rest, (*at, index))
    elif isinstance(body, dict):
        if step == KEYS:
            for key in body:
                yield (*at, key), key, False
            return
        for key, item in body.items():
            name = str(key).lower()
            if step in (ANY, name):
                yield from arguments(item, rest, (*at, key))
            elif name == step + ".$":
                yield (*at, key), item, True


def is_dynamic(value: Json) -> bool:
    """True for a JSONata expression, which is computed at run time."""
    return isinstance(value, str) and value.strip().startswith("{%")
