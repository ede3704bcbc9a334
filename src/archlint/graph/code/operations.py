"""Operations of the AWS SDKs that move an event or data, and the argument that names the resource.

Names are those of boto3: https://boto3.amazonaws.com/v1/documentation/api/latest/reference/services/index.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from archlint.graph.model import EdgeKind, Mode


class Operation(NamedTuple):
    """The edge that a call makes. `arguments` name the target, the first that is given counts."""

    kind: EdgeKind
    types: tuple[str, ...]
    arguments: tuple[str, ...]
    mode: Mode | None = None


INVOCATION_TYPE = "InvocationType"
# The InvocationType of Lambda's Invoke; absent means RequestResponse. DryRun runs nothing.
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
INVOCATION_MODES = {"Event": Mode.ASYNC, "RequestResponse": Mode.SYNC}

_TABLE = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
_ROWS: tuple[tuple[str, str, EdgeKind, tuple[str, ...], str, Mode | None], ...] = (
    ("sqs", "send_message send_message_batch", EdgeKind.PUBLISHES, ("AWS::SQS::Queue",), "QueueUrl", None),
    ("sns", "publish publish_batch", EdgeKind.PUBLISHES, ("AWS::SNS::Topic",), "TopicArn TargetArn", None),
    ("events", "put_events", EdgeKind.PUBLISHES, ("AWS::Events::EventBus",), "EventBusName", None),
    ("kinesis", "put_record put_records", EdgeKind.PUBLISHES, ("AWS::Kinesis::Stream",), "StreamName StreamARN", None),
    (
        "firehose",
        "put_record put_record_batch",
        EdgeKind.PUBLISHES,
        ("AWS::KinesisFirehose::DeliveryStream",),
        "DeliveryStreamName",
        None,
    ),
    (
        "lambda",
        "invoke invoke_with_response_stream",
        EdgeKind.INVOKES,
        ("AWS::Lambda::Function",),
        "FunctionName",
        Mode.SYNC,
    ),
    ("lambda", "invoke_async", EdgeKind.INVOKES, ("AWS::Lambda::Function",), "FunctionName", Mode.ASYNC),
    ("batch", "submit_job", EdgeKind.INVOKES, ("AWS::Batch::JobDefinition",), "jobDefinition", Mode.ASYNC),
    (
        "codebuild",
        "start_build start_build_batch",
        EdgeKind.INVOKES,
        ("AWS::CodeBuild::Project",),
        "projectName",
        Mode.ASYNC,
    ),
    (
        "codepipeline",
        "start_pipeline_execution",
        EdgeKind.INVOKES,
        ("AWS::CodePipeline::Pipeline",),
        "name",
        Mode.ASYNC,
    ),
    ("ecs", "run_task start_task", EdgeKind.INVOKES, ("AWS::ECS::TaskDefinition",), "taskDefinition", Mode.ASYNC),
    ("glue", "start_job_run", EdgeKind.INVOKES, ("AWS::Glue::Job",), "JobName", Mode.ASYNC),
    ("glue", "start_crawler", EdgeKind.INVOKES, ("AWS::Glue::Crawler",), "Name", Mode.ASYNC),
    (
        "stepfunctions",
        "start_execution",
        EdgeKind.INVOKES,
        ("AWS::StepFunctions::StateMachine",),
        "stateMachineArn",
        Mode.ASYNC,
    ),
    (
        "stepfunctions",
        "start_sync_execution",
        EdgeKind.INVOKES,
        ("AWS::StepFunctions::StateMachine",),
        "stateMachineArn",
        Mode.SYNC,
    ),
    ("dynamodb", "get_item query scan transact_get_items batch_get_item", EdgeKind.READS, _TABLE, "TableName", None),
    (
        "dynamodb",
        "put_item update_item delete_item batch_writer batch_write_item transact_write_items",
        EdgeKind.WRITES,
        _TABLE,
        "TableName",
        None,
    ),
    (
        "s3",
        "get_object head_object list_objects list_objects_v2 download_file download_fileobj",
        EdgeKind.READS,
        ("AWS::S3::Bucket",),
        "Bucket",
        None,
    ),
    (
        "s3",
        "put_object delete_object delete_objects copy_object upload_file upload_fileobj create_multipart_upload",
        EdgeKind.WRITES,
        ("AWS::S3::Bucket",),
        "Bucket",
        None,
    ),
    (
        "secretsmanager",
        "get_secret_value",
        EdgeKind.READS,
        ("AWS::SecretsManager::Secret",),
        "SecretId",
        None,
    ),
    (
        "secretsmanager",
        "put_secret_value update_secret",
        EdgeKind.WRITES,
        ("AWS::SecretsManager::Secret",),
        "SecretId",
        None,
    ),
)

OPERATIONS: dict[tuple[str, str], Operation] = {
    (service, name): Operation(kind, types, tuple(arguments.split()), mode)
    for service, names, kind, types, arguments, mode in _ROWS
    for name in names.split()
}

POSITIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("s3", "upload_file"): ("", "Bucket"),
    ("s3", "upload_fileobj"): ("", "Bucket"),
    ("s3", "download_file"): ("Bucket",),
    ("s3", "download_fileobj"): ("Bucket",),
}
"""Arguments that boto3 takes by position."""

# What code that reaches a service cannot help saying somewhere, by the prefix of the service's IAM actions. Services
# that are not listed are never taken away.
_TRACES = {
    "dynamodb": r"dynamo|dax",
    "events": r"events|eventbridge",
    "firehose": r"firehose",
    "kinesis": r"kinesis",
    "lambda": r"invoke|boto3\.client\(['\"]lambda|client-lambda|\bLambda(?:Client)?\b",
    "s3": r"s3",
    "secretsmanager": r"secret",
    "sns": r"sns",
    "sqs": r"sqs",
    "states": r"states|sfn|step_?functions|start_?(?:sync_?)?execution",
}
_TRACE_PATTERNS = {service: re.compile(pattern, re.IGNORECASE) for service, pattern in _TRACES.items()}


# What code that reads or writes a store cannot help saying somewhere; words of other uses only keep an edge. The short
# `get` and `put` are those of JavaScript's document client; in Python they are any mapping's.
_VERBS = {
    ("dynamodb", EdgeKind.READS): r"get_?item|transact|batch_?get|query|scan|select|paginat|execute|stream",
    ("dynamodb", EdgeKind.WRITES): r"put|update|delete|batch|writ|transact|execute|insert|save|create|remove",
    ("s3", EdgeKind.READS): r"get_?object|head|list|download|read|select|copy|load|open|paginat|sign|sync|objects?\b",
    ("s3", EdgeKind.WRITES): r"put|upload|delete|copy|writ|multipart|sign|sync|save|dump|to_[a-z]+\(|objects?\b",
}
# Libraries that call a store in words of their own.
_WRAPPERS = (
    r"powertools|idempoten|pynamo|dynamoose|electrodb|onetable|toolbox|mapper|dyntastic|awswrangler|pandas|fsspec|s3fs"
)
_VERB_PATTERNS = {key: re.compile(f"{pattern}|{_WRAPPERS}", re.IGNORECASE) for key, pattern in _VERBS.items()}
_SHORT = re.compile(r"\.get\s*\(|Get(?:Command|Object)|head|\bget\b")


def may_do(service: str, kind: EdgeKind, text: str, *, short: bool) -> bool:
    """Whether a source may read (write) a store of this service; `short`: `get` alone may be a call that reads."""
    pattern = _VERB_PATTERNS.get((service, kind))
    if pattern is None or pattern.search(text) is not None:
        return True
    return short and kind is EdgeKind.READS and _SHORT.search(text) is not None


def may_call(service: str, text: str) -> bool:
    """Whether a source mentions the service (the prefix of its IAM actions) in any way; true for unknown ones."""
    pattern = _TRACE_PATTERNS.get(service)
    return pattern is None or pattern.search(text) is not None


def snake(name: str) -> str:
    """`SendMessageBatch`, `sendMessageBatch` → `send_message_batch`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
