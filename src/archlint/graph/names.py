"""Physical names and ARNs: which resource a name can mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archlint.graph.text import Hole, NodePart, Text, joined

if TYPE_CHECKING:
    from archlint.graph.text import Part
    from archlint.template.model import Json

# The property that holds a resource's physical name. Generated names (property absent) can only be referenced.
NAME_PROPERTY = {
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::AppSync::GraphQLApi": "Name",
    "AWS::Athena::WorkGroup": "Name",
    "AWS::AutoScaling::AutoScalingGroup": "AutoScalingGroupName",
    "AWS::AutoScaling::LaunchConfiguration": "LaunchConfigurationName",
    "AWS::Backup::BackupVault": "BackupVaultName",
    "AWS::Batch::ComputeEnvironment": "ComputeEnvironmentName",
    "AWS::Batch::JobDefinition": "JobDefinitionName",
    "AWS::Batch::JobQueue": "JobQueueName",
    "AWS::Cassandra::Keyspace": "KeyspaceName",
    "AWS::Cassandra::Table": "TableName",
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodeCommit::Repository": "RepositoryName",
    "AWS::CodeDeploy::Application": "ApplicationName",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::DAX::SubnetGroup": "SubnetGroupName",
    "AWS::DMS::ReplicationSubnetGroup": "ReplicationSubnetGroupIdentifier",
    "AWS::DataBrew::Dataset": "Name",
    "AWS::DocDB::DBCluster": "DBClusterIdentifier",
    "AWS::DocDB::DBSubnetGroup": "DBSubnetGroupName",
    "AWS::DocDB::GlobalCluster": "GlobalClusterIdentifier",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::EC2::LaunchTemplate": "LaunchTemplateName",
    "AWS::EC2::SecurityGroup": "GroupName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::ECS::TaskDefinition": "Family",
    "AWS::EKS::Cluster": "Name",
    "AWS::ElastiCache::CacheCluster": "ClusterName",
    "AWS::ElastiCache::ReplicationGroup": "ReplicationGroupId",
    "AWS::ElastiCache::SubnetGroup": "CacheSubnetGroupName",
    "AWS::ElasticBeanstalk::Environment": "EnvironmentName",
    "AWS::ElasticLoadBalancing::LoadBalancer": "LoadBalancerName",
    "AWS::Elasticsearch::Domain": "DomainName",
    "AWS::Events::ApiDestination": "Name",
    "AWS::Events::Archive": "ArchiveName",
    "AWS::Events::Connection": "Name",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::Glue::Connection": "ConnectionInput.Name",
    "AWS::Glue::Crawler": "Name",
    "AWS::Glue::Database": "DatabaseInput.Name",
    "AWS::Glue::Job": "Name",
    "AWS::Glue::Table": "TableInput.Name",
    "AWS::Glue::Workflow": "Name",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IoT::Policy": "PolicyName",
    "AWS::IoT::Thing": "ThingName",
    "AWS::IoT::TopicRule": "RuleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Kinesis::Stream": "Name",
    "AWS::KinesisAnalytics::Application": "ApplicationName",
    "AWS::KinesisAnalyticsV2::Application": "ApplicationName",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    "AWS::KinesisVideo::Stream": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Location::GeofenceCollection": "CollectionName",
    "AWS::Location::Map": "MapName",
    "AWS::Location::PlaceIndex": "IndexName",
    "AWS::Location::RouteCalculator": "CalculatorName",
    "AWS::Location::Tracker": "TrackerName",
    "AWS::Logs::DeliveryDestination": "Name",
    "AWS::Logs::DeliverySource": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::MSK::Cluster": "ClusterName",
    "AWS::MemoryDB::SubnetGroup": "SubnetGroupName",
    "AWS::Neptune::DBCluster": "DBClusterIdentifier",
    "AWS::Neptune::DBSubnetGroup": "DBSubnetGroupName",
    "AWS::OpenSearchServerless::Collection": "Name",
    "AWS::OpenSearchService::Domain": "DomainName",
    "AWS::Pipes::Pipe": "Name",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::RDS::DBProxy": "DBProxyName",
    "AWS::RDS::DBSubnetGroup": "DBSubnetGroupName",
    "AWS::RDS::GlobalCluster": "GlobalClusterIdentifier",
    "AWS::Redshift::Cluster": "ClusterIdentifier",
    "AWS::Redshift::ClusterSubnetGroup": "ClusterSubnetGroupName",
    "AWS::RedshiftServerless::Namespace": "NamespaceName",
    "AWS::Rekognition::Collection": "CollectionId",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SES::ConfigurationSet": "Name",
    "AWS::SES::EmailIdentity": "EmailIdentity",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Document": "Name",
    "AWS::SSM::Parameter": "Name",
    "AWS::SageMaker::Endpoint": "EndpointName",
    "AWS::SageMaker::Pipeline": "PipelineName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::Scheduler::ScheduleGroup": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::StepFunctions::Activity": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::Synthetics::Canary": "Name",
    "AWS::Timestream::Database": "DatabaseName",
    "AWS::Timestream::Table": "TableName",
}


def given_name(kind: str, properties: Mapping[str, Json]) -> Json:
    """The value of the property that names a resource of this type; None when CloudFormation makes the name."""
    path = NAME_PROPERTY.get(kind)
    value: Any = properties
    for key in path.split(".") if path is not None else (None,):
        value = value.get(key) if isinstance(value, Mapping) and key is not None else None
    found: Json = value
    return found


# ARN service and the word before the name → types. `*` stands for "no word": the resource part is the name.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_ARN_TYPES: dict[tuple[str, str], tuple[str, ...]] = {
    ("lambda", "function"): ("AWS::Lambda::Function",),
    ("lambda", "layer"): ("AWS::Lambda::LayerVersion",),
    ("sqs", "*"): ("AWS::SQS::Queue",),
    ("sns", "*"): ("AWS::SNS::Topic",),
    ("dynamodb", "table"): ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"),
    ("s3", "*"): ("AWS::S3::Bucket",),
    ("s3express", "bucket"): ("AWS::S3Express::DirectoryBucket",),
    ("events", "event-bus"): ("AWS::Events::EventBus",),
    ("events", "rule"): ("AWS::Events::Rule",),
    ("events", "archive"): ("AWS::Events::Archive",),
    ("events", "api-destination"): ("AWS::Events::ApiDestination",),
    ("events", "connection"): ("AWS::Events::Connection",),
    ("states", "stateMachine"): ("AWS::StepFunctions::StateMachine",),
    ("states", "execution"): ("AWS::StepFunctions::StateMachine",),
    ("states", "express"): ("AWS::StepFunctions::StateMachine",),
    ("states", "activity"): ("AWS::StepFunctions::Activity",),
    ("iam", "role"): ("AWS::IAM::Role",),
    ("iam", "policy"): ("AWS::IAM::ManagedPolicy",),
    ("iam", "user"): ("AWS::IAM::User",),
    ("iam", "instance-profile"): ("AWS::IAM::InstanceProfile",),
    ("kinesis", "stream"): ("AWS::Kinesis::Stream",),
    ("firehose", "deliverystream"): ("AWS::KinesisFirehose::DeliveryStream",),
    ("logs", "log-group"): ("AWS::Logs::LogGroup",),
    ("secretsmanager", "secret"): ("AWS::SecretsManager::Secret",),
    ("ssm", "parameter"): ("AWS::SSM::Parameter",),
    ("ssm", "document"): ("AWS::SSM::Document",),
    ("kms", "key"): ("AWS::KMS::Key",),
    ("kms", "alias"): ("AWS::KMS::Alias",),
    ("rds", "cluster"): ("AWS::RDS::DBCluster",),
    ("rds", "db"): ("AWS::RDS::DBInstance",),
    ("rds", "db-proxy"): ("AWS::RDS::DBProxy",),
    ("neptune-db", "*"): ("AWS::Neptune::DBCluster",),
    ("rds-db", "dbuser"): ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::RDS::DBProxy"),
    ("ecs", "cluster"): ("AWS::ECS::Cluster",),
    ("ecs", "service"): ("AWS::ECS::Service",),
    ("ecs", "task-definition"): ("AWS::ECS::TaskDefinition",),
    ("execute-api", "*"): (),  # the ID that API Gateway gives, never the Name
    ("cognito-idp", "userpool"): ("AWS::Cognito::UserPool",),
    ("elasticfilesystem", "file-system"): ("AWS::EFS::FileSystem",),
    ("elasticfilesystem", "access-point"): ("AWS::EFS::AccessPoint",),
    ("es", "domain"): ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"),
    ("aoss", "collection"): ("AWS::OpenSearchServerless::Collection",),
    ("codebuild", "project"): ("AWS::CodeBuild::Project",),
    ("codepipeline", "*"): ("AWS::CodePipeline::Pipeline",),
    ("codecommit", "*"): ("AWS::CodeCommit::Repository",),
    ("batch", "job-queue"): ("AWS::Batch::JobQueue",),
    ("batch", "compute-environment"): ("AWS::Batch::ComputeEnvironment",),
    ("batch", "job-definition"): ("AWS::Batch::JobDefinition",),
    ("glue", "job"): ("AWS::Glue::Job",),
    ("glue", "crawler"): ("AWS::Glue::Crawler",),
    ("glue", "database"): ("AWS::Glue::Database",),
    ("glue", "table"): ("AWS::Glue::Table",),
    ("glue", "workflow"): ("AWS::Glue::Workflow",),
    ("iot", "rule"): ("AWS::IoT::TopicRule",),
    ("iot", "thing"): ("AWS::IoT::Thing",),
    ("sagemaker", "endpoint"): ("AWS::SageMaker::Endpoint",),
    ("sagemaker", "pipeline"): ("AWS::SageMaker::Pipeline",),
    ("scheduler", "schedule-group"): ("AWS::Scheduler::ScheduleGroup",),
    ("scheduler", "schedule"): ("AWS::Scheduler::Schedule",),
    ("pipes", "pipe"): ("AWS::Pipes::Pipe",),
    ("appsync", "apis"): (),  # likewise
    ("cloudwatch", "alarm"): ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"),
    ("kafka", "cluster"): ("AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster"),
    ("ecr", "repository"): ("AWS::ECR::Repository",),
    ("athena", "workgroup"): ("AWS::Athena::WorkGroup",),
    ("ec2", "subnet"): ("AWS::EC2::Subnet",),
    ("ec2", "security-group"): ("AWS::EC2::SecurityGroup",),
    ("autoscaling", "autoScalingGroup"): ("AWS::AutoScaling::AutoScalingGroup",),
    ("wafv2", "regional"): ("AWS::WAFv2::WebACL",),
    ("bedrock", "agent"): ("AWS::Bedrock::Agent",),
    ("bedrock", "knowledge-base"): ("AWS::Bedrock::KnowledgeBase",),
    ("s3vectors", "bucket"): ("AWS::S3Vectors::VectorBucket",),
    ("timestream", "database"): ("AWS::Timestream::Database",),
    ("cassandra", "/keyspace"): ("AWS::Cassandra::Keyspace",),
    ("eks", "cluster"): ("AWS::EKS::Cluster",),
    ("geo", "map"): ("AWS::Location::Map",),
    ("geo", "place-index"): ("AWS::Location::PlaceIndex",),
    ("geo", "route-calculator"): ("AWS::Location::RouteCalculator",),
    ("geo", "geofence-collection"): ("AWS::Location::GeofenceCollection",),
    ("geo", "tracker"): ("AWS::Location::Tracker",),
    ("ses", "identity"): ("AWS::SES::EmailIdentity",),
    ("ses", "configuration-set"): ("AWS::SES::ConfigurationSet",),
    ("rekognition", "collection"): ("AWS::Rekognition::Collection",),
    ("kinesisvideo", "stream"): ("AWS::KinesisVideo::Stream",),
    ("backup", "backup-vault"): ("AWS::Backup::BackupVault",),
    ("cloudtrail", "trail"): ("AWS::CloudTrail::Trail",),
    ("codedeploy", "application"): ("AWS::CodeDeploy::Application",),
    ("synthetics", "canary"): ("AWS::Synthetics::Canary",),
    ("iot", "policy"): ("AWS::IoT::Policy",),
}
ARN_SERVICES = frozenset(service for service, _ in _ARN_TYPES)
# What these ARNs have behind the resource is a part of it: an object, an index, a version, a log stream.
_DIVIDED = frozenset({"dynamodb", "execute-api", "kinesis", "lambda", "logs", "s3", "secretsmanager", "sns"})
# Before the name these ARNs have a path, a cluster, a bus, a group or an identifier.
_LAST_NAMED = {
    "autoscaling": ("autoScalingGroup",),
    "ecs": ("service",),
    "events": ("rule",),
    "glue": ("table",),
    "iam": ("role", "policy", "user"),
    "scheduler": ("schedule",),
}
_COLON_WORD = frozenset(
    {"autoscaling", "backup", "cloudwatch", "codedeploy", "lambda", "logs", "rds", "rds-db"}
    | {"secretsmanager", "sns", "sqs", "states", "synthetics"}
)


class ArnName:
    """What an ARN names: the possible types, the name, an alias or version, and what follows the resource."""

    __slots__ = ("name", "qualifier", "rest", "service", "types", "word")

    def __init__(
        self, service: str, word: str, types: tuple[str, ...], name: Text, qualifier: str | None, rest: str
    ) -> None:
        self.service = service
        self.word = word
        self.types = types
        self.name = name
        self.qualifier = qualifier
        self.rest = rest


def parse_arn(text: Text) -> ArnName | None:
    """The resource that an ARN names; None when the text is no ARN of a known service."""
    fields = text.split(":", 5)
    if len(fields) < 6:
        return None
    service = fields[2].literal
    if service is None:
        return None
    resource = fields[5]
    if service == "ssm" and resource.parts and resource.parts[0] == "parameter":
        # `parameter${Parameter}`: the slash is the one that the name begins with.
        return ArnName(service, "parameter", _ARN_TYPES["ssm", "parameter"], Text(resource.parts[1:]), None, "")
    if (service, "*") in _ARN_TYPES:
        return _wordless(service, resource)
    if service == "cassandra":
        return _in_keyspace(service, resource)
    separator = ":" if service in _COLON_WORD else "/"
    word_text, *tail = resource.split(separator, 1)
    word = word_text.literal
    if word is None or not tail:
        return None
    word = word.lstrip("/")
    types = _ARN_TYPES.get((service, word), ())
    return _named(service, word, types, tail[0])


def whole_arn(text: Text, arn: ArnName) -> str:
    """The ARN of the resource itself, without the object, index or alias that the text names below it."""
    shown = str(text)
    below = arn.rest if arn.service in _DIVIDED and arn.word != "layer" else ""
    return shown.removesuffix(below)


def arn_form(kind: str) -> tuple[str, str] | None:
    """The service of this type's ARNs and what they have before the name (`table/`, `function:`); None if unknown."""
    for (service, word), types in _ARN_TYPES.items():
        if types and types[0] == kind:
            return service, "" if word == "*" else word + (":" if service in _COLON_WORD else "/")
    return None


def _wordless(service: str, resource: Text) -> ArnName:
    types = _ARN_TYPES[(service, "*")]
    if service in ("s3", "execute-api", "codepipeline", "neptune-db"):
        name, *tail = resource.split("/", 1)
        return ArnName(service, "", types, name, None, "/" + str(tail[0]) if tail else "")
    name, *tail = resource.split(":", 1)
    return ArnName(service, "", types, name, None, ":" + str(tail[0]) if tail else "")


def _in_keyspace(service: str, resource: Text) -> ArnName | None:
    """`/keyspace/shop/table/orders`; of the keyspace alone it ends in a slash, with all of its tables in `/*`."""
    root, *below = resource.split("/keyspace/", 1)
    if str(root) or not below:
        return None
    if len(pieces := below[0].split("/table/", 1)) == 2:
        return ArnName(service, "table", ("AWS::Cassandra::Table",), pieces[1], None, "")
    name, *tail = below[0].split("/", 1)
    return ArnName(
        service, "/keyspace", _ARN_TYPES[service, "/keyspace"], name, None, "/" + str(tail[0]) if tail else ""
    )


def _named(service: str, word: str, types: tuple[str, ...], resource: Text) -> ArnName:
    if service in ("lambda", "states"):
        name, *tail = resource.split(":", 1)
        qualifier = str(tail[0]) if tail else None
        return ArnName(
            service, word, types, name, None if qualifier == "*" else qualifier, ":" + qualifier if qualifier else ""
        )
    if service == "logs":
        name, *tail = resource.split(":", 1)
        return ArnName(service, word, types, name, None, ":" + str(tail[0]) if tail else "")
    if service == "secretsmanager":  # container secrets go on with `:json-key:version-stage:version-id`
        name, *tail = resource.split(":", 1)
        return ArnName(service, word, types, _without_secret_suffix(name), None, ":" + str(tail[0]) if tail else "")
    if word in _LAST_NAMED.get(service, ()):
        return ArnName(service, word, types, resource.split("/")[-1], None, "")
    if service == "timestream" and len(pieces := resource.split("/table/", 1)) == 2:
        return ArnName(service, "table", ("AWS::Timestream::Table",), pieces[1], None, "")
    if service == "ecr":  # a repository's name may have slashes
        return ArnName(service, word, types, resource, None, "")
    if service == "ssm":  # the ARN leaves out the slash that a hierarchical name begins with; so does the index
        return ArnName(service, word, types, resource, None, "")
    if service == "kms" and word == "alias":
        return ArnName(service, word, types, joined(("alias/", *resource.parts)), None, "")
    if service == "ecs" and word == "task-definition":
        name, *tail = resource.split(":", 1)
        return ArnName(service, word, types, name, None, ":" + str(tail[0]) if tail else "")
    name, *tail = resource.split("/", 1)
    return ArnName(service, word, types, name, None, "/" + str(tail[0]) if tail else "")


def _without_secret_suffix(name: Text) -> Text:
    """Secrets Manager appends `-` and six characters, which policies write as `-??????` or `*`."""
    parts: list[Part] = list(name.parts)
    if parts and isinstance(parts[-1], str):
        last = parts[-1]
        for suffix in ("-??????", "??????", "-*", "*"):
            if last.endswith(suffix) and not last.endswith("/*"):  # all that a folder of names has
                parts[-1] = last.removesuffix(suffix)
                break
    return joined(parts)


def is_unknown(text: Text) -> bool:
    """True when no part of the text says anything: holes and wildcards only."""
    return all(isinstance(part, Hole) or (isinstance(part, str) and not part.strip("*-_/:.")) for part in text.parts)


__all__ = [
    "ARN_SERVICES",
    "NAME_PROPERTY",
    "ArnName",
    "NodePart",
    "arn_form",
    "given_name",
    "is_unknown",
    "parse_arn",
    "whole_arn",
]
