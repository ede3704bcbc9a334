"""AWS API operations that a definition can call, and which resource each works on.

State machines, API Gateway integrations and universal scheduler targets all name an operation and its parameters.
Parameters are matched without regard to case: ASL writes `QueueUrl`, an API's request template `queueUrl`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from archlint.graph.edges.paths import ANY, EACH, Steps, steps
from archlint.graph.edges.sending import BUCKET, BUS, FIREHOSE, FUNCTION, MACHINE, QUEUE, STREAM, TABLES, TOPIC
from archlint.graph.model import EdgeKind, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.model import Json, TemplatePath

KEYS = "{}"
"""Step: the keys of a mapping, as DynamoDB's `RequestItems` names its tables."""

_READS, _WRITES = EdgeKind.READS, EdgeKind.WRITES
_PUBLISHES, _INVOKES = EdgeKind.PUBLISHES, EdgeKind.INVOKES


class Operation(msgspec.Struct, frozen=True):
    """What one operation does with the resource that its parameters name. `mode` only matters for `invokes`."""

    kinds: tuple[EdgeKind, ...]
    parameters: tuple[Steps, ...]
    types: tuple[str, ...]
    mode: Mode = Mode.ASYNC


def _operation(
    kinds: EdgeKind | tuple[EdgeKind, ...], parameters: str, *types: str, mode: Mode = Mode.ASYNC
) -> Operation:
    compiled = tuple(tuple(step.lower() for step in steps(path)) for path in parameters.split())
    return Operation(kinds if isinstance(kinds, tuple) else (kinds,), compiled, types, mode)


def _same(operation: Operation, names: str) -> dict[str, tuple[Operation, ...]]:
    return {name.lower(): (operation,) for name in names.split()}


def _moves(source: str, target: str) -> tuple[Operation, ...]:
    """A job that reads its input from a bucket and writes its output to one."""
    return (_operation(_READS, source, BUCKET), _operation(_WRITES, target, BUCKET))


_TABLE_READ = _operation(_READS, "TableName", *TABLES)
_TABLE_WRITE = _operation(_WRITES, "TableName", *TABLES)
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type
_CLUSTERS = ("AWS::RDS::DBCluster",)
_SQL = (
    _operation((_READS, _WRITES), "ResourceArn", *_CLUSTERS),
    _operation(_READS, "SecretArn", _SECRET),
)
_STARTS_MACHINE = _operation(_INVOKES, "StateMachineArn", MACHINE)

# Service (as in `arn:aws:states:::<service>:…`, `aws-sdk:<service>:…` and integration URIs) → operation → what it does.
# https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
_SERVICES: dict[str, dict[str, tuple[Operation, ...]]] = {
    "lambda": {
        "invoke": (_operation(_INVOKES, "FunctionName", FUNCTION, mode=Mode.SYNC),),
        "invokeasync": (_operation(_INVOKES, "FunctionName", FUNCTION),),
    },
    "sqs": _same(_operation(_PUBLISHES, "QueueUrl", QUEUE), "sendMessage sendMessageBatch"),
    "sns": _same(_operation(_PUBLISHES, "TopicArn TargetArn", TOPIC), "publish publishBatch"),
    "events": {"putevents": (_operation(_PUBLISHES, "Entries[].EventBusName EventBusName", BUS),)},
    "kinesis": _same(_operation(_PUBLISHES, "StreamName StreamARN", STREAM), "putRecord putRecords"),
    "firehose": _same(_operation(_PUBLISHES, "DeliveryStreamName", FIREHOSE), "putRecord putRecordBatch"),
    "states": {
        "startexecution": (_STARTS_MACHINE,),
        "startsyncexecution": (_operation(_INVOKES, "StateMachineArn", MACHINE, mode=Mode.SYNC),),
    },
    "dynamodb": {
        **_same(_TABLE_READ, "getItem query scan"),
        **_same(_TABLE_WRITE, "putItem updateItem deleteItem"),
        "batchgetitem": (_operation(_READS, f"RequestItems.{KEYS}", *TABLES),),
        "batchwriteitem": (_operation(_WRITES, f"RequestItems.{KEYS}", *TABLES),),
        "transactgetitems": (_operation(_READS, "TransactItems[].Get.TableName", *TABLES),),
        "transactwriteitems": (
            _operation(
                _WRITES,
                "TransactItems[].Put.TableName TransactItems[].Update.TableName TransactItems[].Delete.TableName",
                *TABLES,
            ),
            _operation(_READS, "TransactItems[].ConditionCheck.TableName", *TABLES),
        ),
    },
    "s3": {
        **_same(
            _operation(_READS, "Bucket", BUCKET),
            "getObject headObject getObjectAttributes getObjectTagging listObjects listObjectsV2 listObjectVersions "
            "selectObjectContent",
        ),
        **_same(
            _operation(_WRITES, "Bucket", BUCKET),
            "putObject putObjectTagging deleteObject deleteObjects createMultipartUpload uploadPart "
            "completeMultipartUpload restoreObject writeGetObjectResponse",
        ),
        "copyobject": (_operation(_WRITES, "Bucket", BUCKET), _operation(_READS, "CopySource", BUCKET)),
    },
    "ecs": _same(_operation(_INVOKES, "TaskDefinition", "AWS::ECS::TaskDefinition"), "runTask startTask"),
    "batch": {"submitjob": (_operation(_INVOKES, "JobDefinition", "AWS::Batch::JobDefinition"),)},
    "glue": {
        "startjobrun": (_operation(_INVOKES, "JobName", "AWS::Glue::Job"),),
        "startcrawler": (_operation(_INVOKES, "Name", "AWS::Glue::Crawler"),),
        "startworkflowrun": (_operation(_INVOKES, "Name", "AWS::Glue::Workflow"),),
    },
    "codebuild": _same(_operation(_INVOKES, "ProjectName", "AWS::CodeBuild::Project"), "startBuild startBuildBatch"),
    "codepipeline": {"startpipelineexecution": (_operation(_INVOKES, "Name", "AWS::CodePipeline::Pipeline"),)},
    "ssm": {
        **_same(
            _operation(EdgeKind.REFERENCES, "Name Names[]", "AWS::SSM::Parameter"),
            "getParameter getParameters putParameter",
        ),
        **_same(_operation(_INVOKES, "DocumentName", "AWS::SSM::Document"), "sendCommand startAutomationExecution"),
    },
    "secretsmanager": {
        "getsecretvalue": (_operation(_READS, "SecretId", _SECRET),),
        **_same(_operation(_WRITES, "SecretId", _SECRET), "putSecretValue updateSecret"),
    },
    "rdsdata": {"executestatement": _SQL, "batchexecutestatement": _SQL},
    "rekognition": _same(
        _operation(_READS, "Image.S3Object.Bucket Video.S3Object.Bucket", BUCKET),
        "detectLabels detectFaces detectText detectModerationLabels recognizeCelebrities indexFaces searchFacesByImage "
        "startLabelDetection startFaceDetection startTextDetection startContentModeration",
    ),
    "textract": _same(
        _operation(_READS, "Document.S3Object.Bucket DocumentLocation.S3Object.Bucket", BUCKET),
        "detectDocumentText analyzeDocument analyzeExpense startDocumentAnalysis startDocumentTextDetection "
        "startExpenseAnalysis",
    ),
    "transcribe": {"starttranscriptionjob": _moves("Media.MediaFileUri", "OutputBucketName")},
    "polly": {"startspeechsynthesistask": (_operation(_WRITES, "OutputS3BucketName", BUCKET),)},
    "sagemaker": {
        "createtrainingjob": _moves("InputDataConfig[].DataSource.S3DataSource.S3Uri", "OutputDataConfig.S3OutputPath"),
        "createtransformjob": _moves("TransformInput.DataSource.S3DataSource.S3Uri", "TransformOutput.S3OutputPath"),
        "createprocessingjob": _moves(
            "ProcessingInputs[].S3Input.S3Uri", "ProcessingOutputConfig.Outputs[].S3Output.S3Uri"
        ),
        "createmodel": (_operation(_READS, "PrimaryContainer.ModelDataUrl", BUCKET),),
    },
    "athena": {"startqueryexecution": (_operation(_WRITES, "ResultConfiguration.OutputLocation", BUCKET),)},
    "bedrock": {
        "invokemodel": _moves("Input.S3Uri", "Output.S3Uri"),
        "createmodelcustomizationjob": _moves("TrainingDataConfig.S3Uri", "OutputDataConfig.S3Uri"),
    },
}
_ALIASES = {
    "sfn": "states",
    "stepfunctions": "states",
    "eventbridge": "events",
    "rds-data": "rdsdata",
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
