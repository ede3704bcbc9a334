"""What an IAM action on a resource lets code do: the flows that a policy allows, action by action.

Names, never access levels: `DeleteMessage` writes, and every poller has it, but it sends nothing.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from functools import lru_cache

import msgspec

from archlint.graph.iam.actions import glob, is_pattern, matches, service_of
from archlint.graph.model import EdgeKind, Mode

READS = EdgeKind.READS
WRITES = EdgeKind.WRITES
PUBLISHES = EdgeKind.PUBLISHES
INVOKES = EdgeKind.INVOKES
CONNECTS = EdgeKind.CONNECTS
REFERENCES = EdgeKind.REFERENCES


class Flow(msgspec.Struct, frozen=True):
    """One kind of edge that any of these actions (of one service) allows towards resources of these types."""

    kind: EdgeKind
    service: str
    actions: tuple[str, ...]
    types: frozenset[str]
    mode: Mode | None = None
    weak: bool = False
    """Says something only when no other flow of this service is allowed: ListBucket beside PutObject reads nothing."""


def _flow(kind: EdgeKind, actions: str, types: str, mode: Mode | None = None, *, weak: bool = False) -> Flow:
    service, _, names = actions.partition(":")
    spelled = tuple(f"{service}:{name}" for name in names.split())
    return Flow(kind, service, spelled, frozenset(f"AWS::{name}" for name in types.split()), mode, weak)


_DATABASES = "RDS::DBCluster RDS::DBInstance"
_WAREHOUSES = "Redshift::Cluster RedshiftServerless::Workgroup"
_CACHES = "ElastiCache::ServerlessCache ElastiCache::ReplicationGroup ElastiCache::User"
_SEARCH = "OpenSearchService::Domain Elasticsearch::Domain"
_TABLES = "DynamoDB::Table DynamoDB::GlobalTable"
_BUCKETS = "S3::Bucket"

FLOWS: tuple[Flow, ...] = (
    _flow(READS, "dynamodb:GetItem BatchGetItem Query Scan ConditionCheckItem PartiQLSelect", _TABLES),
    _flow(
        WRITES,
        "dynamodb:PutItem UpdateItem DeleteItem BatchWriteItem PartiQLInsert PartiQLUpdate PartiQLDelete",
        _TABLES,
    ),
    _flow(READS, "dax:GetItem BatchGetItem Query Scan ConditionCheckItem", "DAX::Cluster"),
    _flow(WRITES, "dax:PutItem UpdateItem DeleteItem BatchWriteItem", "DAX::Cluster"),
    _flow(READS, "s3:GetObject GetObjectVersion GetObjectAttributes", _BUCKETS),
    _flow(READS, "s3:ListBucket ListBucketVersions", _BUCKETS, weak=True),
    _flow(WRITES, "s3:PutObject DeleteObject DeleteObjectVersion ReplicateObject", _BUCKETS),
    _flow(READS, "s3express:CreateSession", "S3Express::DirectoryBucket"),
    _flow(WRITES, "s3express:CreateSession", "S3Express::DirectoryBucket"),
    _flow(READS, "s3vectors:GetVectors QueryVectors ListVectors", "S3Vectors::VectorBucket S3Vectors::Index"),
    _flow(WRITES, "s3vectors:PutVectors DeleteVectors", "S3Vectors::VectorBucket S3Vectors::Index"),
    _flow(READS, "rds-data:ExecuteStatement BatchExecuteStatement ExecuteSql", _DATABASES),
    _flow(WRITES, "rds-data:ExecuteStatement BatchExecuteStatement ExecuteSql", _DATABASES),
    _flow(CONNECTS, "rds-db:connect", _DATABASES + " RDS::DBProxy"),
    _flow(READS, "redshift-data:ExecuteStatement BatchExecuteStatement", _WAREHOUSES),
    _flow(WRITES, "redshift-data:ExecuteStatement BatchExecuteStatement", _WAREHOUSES),
    _flow(READS, "neptune-db:ReadDataViaQuery connect", "Neptune::DBCluster"),
    _flow(WRITES, "neptune-db:WriteDataViaQuery DeleteDataViaQuery connect", "Neptune::DBCluster"),
    _flow(CONNECTS, "elasticache:Connect", _CACHES),
    _flow(CONNECTS, "memorydb:Connect", "MemoryDB::Cluster MemoryDB::User"),
    _flow(CONNECTS, "dsql:DbConnect DbConnectAdmin", "DSQL::Cluster"),
    _flow(READS, "timestream:Select", "Timestream::Table Timestream::Database"),
    _flow(WRITES, "timestream:WriteRecords", "Timestream::Table Timestream::Database"),
    _flow(READS, "cassandra:Select", "Cassandra::Table Cassandra::Keyspace"),
    _flow(WRITES, "cassandra:Modify", "Cassandra::Table Cassandra::Keyspace"),
    _flow(READS, "es:ESHttpGet ESHttpHead", _SEARCH),
    _flow(WRITES, "es:ESHttpPut ESHttpPost ESHttpPatch ESHttpDelete", _SEARCH),
    _flow(READS, "aoss:APIAccessAll", "OpenSearchServerless::Collection"),
    _flow(WRITES, "aoss:APIAccessAll", "OpenSearchServerless::Collection"),
    _flow(READS, "kendra:Retrieve Query", "Kendra::Index"),
    _flow(WRITES, "kendra:BatchPutDocument BatchDeleteDocument", "Kendra::Index"),
    _flow(READS, "bedrock:Retrieve RetrieveAndGenerate", "Bedrock::KnowledgeBase"),
    _flow(READS, "elasticfilesystem:ClientMount", "EFS::FileSystem EFS::AccessPoint"),
    _flow(WRITES, "elasticfilesystem:ClientWrite", "EFS::FileSystem EFS::AccessPoint"),
    _flow(READS, "sdb:Select GetAttributes", "SDB::Domain"),
    _flow(WRITES, "sdb:PutAttributes BatchPutAttributes DeleteAttributes BatchDeleteAttributes", "SDB::Domain"),
    _flow(READS, "secretsmanager:GetSecretValue BatchGetSecretValue", "SecretsManager::Secret"),
    _flow(
        WRITES,
        "secretsmanager:PutSecretValue UpdateSecret UpdateSecretVersionStage",
        "SecretsManager::Secret",
    ),
    _flow(READS, "ecr:BatchGetImage GetDownloadUrlForLayer", "ECR::Repository"),
    _flow(WRITES, "ecr:PutImage", "ECR::Repository"),
    _flow(REFERENCES, "ssm:GetParameter GetParameters GetParametersByPath PutParameter", "SSM::Parameter"),
    _flow(READS, "kinesis:GetRecords SubscribeToShard", "Kinesis::Stream Kinesis::StreamConsumer"),
    _flow(PUBLISHES, "kinesis:PutRecord PutRecords", "Kinesis::Stream"),
    _flow(PUBLISHES, "firehose:PutRecord PutRecordBatch", "KinesisFirehose::DeliveryStream"),
    _flow(PUBLISHES, "sqs:SendMessage", "SQS::Queue"),
    _flow(PUBLISHES, "sns:Publish", "SNS::Topic"),
    _flow(PUBLISHES, "events:PutEvents", "Events::EventBus"),
    _flow(PUBLISHES, "kafka-cluster:WriteData", "MSK::Cluster MSK::ServerlessCluster"),
    _flow(PUBLISHES, "appsync:EventPublish", "AppSync::Api AppSync::ChannelNamespace"),
    _flow(PUBLISHES, "iot:Publish", ""),  # topics are no resources: only their ARNs are named
    _flow(INVOKES, "lambda:InvokeFunction", "Lambda::Function", Mode.UNKNOWN),
    _flow(INVOKES, "lambda:InvokeAsync", "Lambda::Function", Mode.ASYNC, weak=True),
    _flow(INVOKES, "lambda:InvokeFunctionUrl", "Lambda::Function", Mode.SYNC, weak=True),
    _flow(INVOKES, "states:StartExecution", "StepFunctions::StateMachine", Mode.ASYNC),
    _flow(INVOKES, "states:StartSyncExecution", "StepFunctions::StateMachine", Mode.SYNC),
    _flow(INVOKES, "codebuild:StartBuild StartBuildBatch", "CodeBuild::Project", Mode.ASYNC),
    _flow(INVOKES, "codepipeline:StartPipelineExecution", "CodePipeline::Pipeline", Mode.ASYNC),
    _flow(INVOKES, "ecs:RunTask StartTask", "ECS::TaskDefinition", Mode.ASYNC),
    _flow(INVOKES, "batch:SubmitJob", "Batch::JobDefinition", Mode.ASYNC),
    _flow(INVOKES, "glue:StartJobRun", "Glue::Job", Mode.ASYNC),
    _flow(INVOKES, "glue:StartCrawler", "Glue::Crawler", Mode.ASYNC),
    _flow(INVOKES, "sagemaker:InvokeEndpoint", "SageMaker::Endpoint", Mode.SYNC),
    _flow(INVOKES, "sagemaker:InvokeEndpointAsync", "SageMaker::Endpoint", Mode.ASYNC),
    _flow(INVOKES, "bedrock:InvokeAgent", "Bedrock::Agent Bedrock::AgentAlias", Mode.SYNC),
    _flow(INVOKES, "bedrock:InvokeFlow", "Bedrock::Flow Bedrock::FlowAlias", Mode.SYNC),
    _flow(INVOKES, "ssm:SendCommand StartAutomationExecution", "SSM::Document", Mode.ASYNC),
    _flow(CONNECTS, "execute-api:Invoke", "ApiGateway::RestApi ApiGatewayV2::Api"),
    _flow(CONNECTS, "execute-api:ManageConnections", "ApiGatewayV2::Api", weak=True),
    _flow(CONNECTS, "appsync:GraphQL", "AppSync::GraphQLApi"),
)

RECEIVE = ("sqs:ReceiveMessage", "sqs:DeleteMessage")
"""Both together on a queue: the code polls it."""


@lru_cache(maxsize=2048)
def allowed_flows(patterns: frozenset[str]) -> tuple[tuple[Flow, frozenset[str]], ...]:
    """The flows that these actions or patterns allow, each with its actions that are admitted."""
    named = {service_of(pattern) for pattern in patterns}
    any_service = any("*" in service or "?" in service for service in named)
    lowered = {pattern.lower() for pattern in patterns}
    wild = [pattern for pattern in lowered if is_pattern(pattern)]
    found = []
    for flow in FLOWS:
        if any_service or flow.service in named:
            admitted = [
                action
                for action in flow.actions
                if (name := action.lower()) in lowered or (wild and any(glob(pattern, name) for pattern in wild))
            ]
            if admitted:
                found.append((flow, frozenset(admitted)))
    strong = {flow.service for flow, _ in found if not flow.weak}
    return tuple((flow, admitted) for flow, admitted in found if not (flow.weak and flow.service in strong))


@lru_cache(maxsize=2048)
def allows_receiving(patterns: frozenset[str]) -> bool:
    """True when receiving and deleting messages is allowed by more than `sqs:*`, which every sender is given too."""
    narrow = [pattern for pattern in patterns if pattern.partition(":")[2].strip("*")]
    return all(any(matches(pattern, action) for pattern in narrow) for action in RECEIVE)
