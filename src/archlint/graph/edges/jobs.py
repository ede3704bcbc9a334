"""Operations that start jobs, analyses and models: what runs, and the buckets, tables and channels that it works on.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

from archlint.graph.edges.calls import Operation, moves, operation, same
from archlint.graph.edges.sending import BUCKET, TOPIC
from archlint.graph.model import EdgeKind, Mode

_READS, _WRITES = EdgeKind.READS, EdgeKind.WRITES
_PUBLISHES, _INVOKES = EdgeKind.PUBLISHES, EdgeKind.INVOKES
_KNOWLEDGE_BASE = "AWS::Bedrock::KnowledgeBase"
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type
_WAREHOUSE = (
    operation(
        (_READS, _WRITES),
        "ClusterIdentifier WorkgroupName",
        "AWS::Redshift::Cluster",
        "AWS::RedshiftServerless::Workgroup",
    ),
    operation(_READS, "SecretArn", _SECRET),
)
_TOLD = operation(_PUBLISHES, "NotificationChannel.SNSTopicArn", TOPIC)
_LOOKS = operation(
    _READS,
    "Image.S3Object.Bucket Video.S3Object.Bucket SourceImage.S3Object.Bucket TargetImage.S3Object.Bucket",
    BUCKET,
)
_SCANS = operation(
    _READS, "Document.S3Object.Bucket DocumentLocation.S3Object.Bucket DocumentPages[].S3Object.Bucket", BUCKET
)
_INPUT_OUTPUT = moves("InputDataConfig.S3Uri", "OutputDataConfig.S3Uri")


def _starts(parameters: str, *types: str) -> tuple[Operation, ...]:
    return (operation(_INVOKES, parameters, *types),)


JOBS: dict[str, dict[str, tuple[Operation, ...]]] = {
    "ecs": same(operation(_INVOKES, "TaskDefinition", "AWS::ECS::TaskDefinition"), "runTask startTask"),
    "batch": {"submitjob": _starts("JobDefinition", "AWS::Batch::JobDefinition")},
    "glue": {
        "startjobrun": _starts("JobName", "AWS::Glue::Job"),
        "startcrawler": _starts("Name", "AWS::Glue::Crawler"),
        "startworkflowrun": _starts("Name", "AWS::Glue::Workflow"),
    },
    "databrew": {"startjobrun": _starts("Name", "AWS::DataBrew::Job")},
    "codebuild": same(operation(_INVOKES, "ProjectName", "AWS::CodeBuild::Project"), "startBuild startBuildBatch"),
    "codepipeline": {"startpipelineexecution": _starts("Name", "AWS::CodePipeline::Pipeline")},
    "imagebuilder": {
        "startimagepipelineexecution": _starts("ImagePipelineArn", "AWS::ImageBuilder::ImagePipeline"),
    },
    "elasticmapreduce": same(
        operation(_INVOKES, "ClusterId JobFlowId", "AWS::EMR::Cluster"), "addStep addJobFlowSteps"
    ),
    "emr-containers": {"startjobrun": _starts("VirtualClusterId", "AWS::EMRContainers::VirtualCluster")},
    "emr-serverless": {"startjobrun": _starts("ApplicationId", "AWS::EMRServerless::Application")},
    "eks": same(operation(_INVOKES, "ClusterName", "AWS::EKS::Cluster"), "runJob call"),
    "datasync": {"starttaskexecution": _starts("TaskArn", "AWS::DataSync::Task")},
    "dms": {"startreplicationtask": _starts("ReplicationTaskArn", "AWS::DMS::ReplicationTask")},
    "appflow": {"startflow": _starts("FlowName", "AWS::AppFlow::Flow")},
    "omics": {"startrun": (*_starts("WorkflowId", "AWS::Omics::Workflow"), operation(_WRITES, "OutputUri", BUCKET))},
    "athena": {
        "startqueryexecution": (
            *_starts("WorkGroup", "AWS::Athena::WorkGroup"),
            operation(_WRITES, "ResultConfiguration.OutputLocation", BUCKET),
            operation(_READS, "QueryExecutionContext.Database", "AWS::Glue::Database"),
        ),
    },
    "redshiftdata": {"executestatement": _WAREHOUSE, "batchexecutestatement": _WAREHOUSE},
    "timestreamwrite": {"writerecords": (operation(_WRITES, "TableName", "AWS::Timestream::Table"),)},
    "rekognition": {
        **same(
            _LOOKS,
            "detectLabels detectFaces detectText detectModerationLabels detectProtectiveEquipment recognizeCelebrities "
            "compareFaces indexFaces searchFacesByImage",
        ),
        **same(
            (_LOOKS, _TOLD),
            "startLabelDetection startFaceDetection startTextDetection startContentModeration startSegmentDetection "
            "startPersonTracking startCelebrityRecognition startFaceSearch",
        ),
    },
    "textract": {
        **same(_SCANS, "detectDocumentText analyzeDocument analyzeExpense analyzeID"),
        **same(
            (_SCANS, _TOLD, operation(_WRITES, "OutputConfig.S3Bucket", BUCKET)),
            "startDocumentAnalysis startDocumentTextDetection startExpenseAnalysis startLendingAnalysis",
        ),
    },
    "transcribe": same(
        moves("Media.MediaFileUri", "OutputBucketName OutputLocation"),
        "startTranscriptionJob startMedicalTranscriptionJob startCallAnalyticsJob",
    ),
    "comprehend": same(
        _INPUT_OUTPUT,
        "startEntitiesDetectionJob startSentimentDetectionJob startKeyPhrasesDetectionJob startTopicsDetectionJob "
        "startDocumentClassificationJob startPiiEntitiesDetectionJob startDominantLanguageDetectionJob",
    ),
    "translate": {"starttexttranslationjob": _INPUT_OUTPUT},
    "polly": {
        "startspeechsynthesistask": (
            operation(_WRITES, "OutputS3BucketName", BUCKET),
            operation(_PUBLISHES, "SnsTopicArn", TOPIC),
        ),
    },
    "mediaconvert": {
        "createjob": (
            *moves(
                "Settings.Inputs[].FileInput",
                "Settings.OutputGroups[].OutputGroupSettings.FileGroupSettings.Destination "
                "Settings.OutputGroups[].OutputGroupSettings.HlsGroupSettings.Destination "
                "Settings.OutputGroups[].OutputGroupSettings.DashIsoGroupSettings.Destination "
                "Settings.OutputGroups[].OutputGroupSettings.CmafGroupSettings.Destination",
            ),
            *_starts("JobTemplate", "AWS::MediaConvert::JobTemplate"),
        ),
    },
    "sagemaker": {
        "createtrainingjob": moves("InputDataConfig[].DataSource.S3DataSource.S3Uri", "OutputDataConfig.S3OutputPath"),
        "createtransformjob": moves("TransformInput.DataSource.S3DataSource.S3Uri", "TransformOutput.S3OutputPath"),
        "createprocessingjob": moves(
            "ProcessingInputs[].S3Input.S3Uri", "ProcessingOutputConfig.Outputs[].S3Output.S3Uri"
        ),
        "createmodel": (operation(_READS, "PrimaryContainer.ModelDataUrl", BUCKET),),
        "startpipelineexecution": _starts("PipelineName", "AWS::SageMaker::Pipeline"),
        "invokeendpoint": (operation(_INVOKES, "EndpointName", "AWS::SageMaker::Endpoint", mode=Mode.SYNC),),
        "invokeendpointasync": _starts("EndpointName", "AWS::SageMaker::Endpoint"),
    },
    "bedrock": {
        "invokemodel": moves("Input.S3Uri", "Output.S3Uri"),
        "createmodelcustomizationjob": moves("TrainingDataConfig.S3Uri", "OutputDataConfig.S3Uri"),
        "createmodelinvocationjob": moves(
            "InputDataConfig.S3InputDataConfig.S3Uri", "OutputDataConfig.S3OutputDataConfig.S3Uri"
        ),
        "startingestionjob": _starts("DataSourceId", "AWS::Bedrock::DataSource"),
        "retrieve": (operation(_READS, "KnowledgeBaseId", _KNOWLEDGE_BASE),),
        "retrieveandgenerate": (
            operation(
                _READS,
                "RetrieveAndGenerateConfiguration.KnowledgeBaseConfiguration.KnowledgeBaseId",
                _KNOWLEDGE_BASE,
            ),
        ),
        "invokeagent": (operation(_INVOKES, "AgentId", "AWS::Bedrock::Agent", mode=Mode.SYNC),),
        "invokeflow": (operation(_INVOKES, "FlowIdentifier", "AWS::Bedrock::Flow", mode=Mode.SYNC),),
    },
}
"""Service → operation in lower case → what it does."""
