from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.graph.drawing import drawn

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_a_pipeline_takes_from_its_sources_and_delivers_to_its_sinks(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Pipeline:
            Type: AWS::OSIS::Pipeline
            Properties:
              PipelineConfigurationBody: !Sub |
                version: "2"
                orders:
                  source:
                    dynamodb:
                      tables: [{table_arn: "${Table.Arn}", export: {s3_bucket: "${Bucket}"}}]
                      aws: {sts_role_arn: "${Role.Arn}"}
                  processor: [{aws_lambda: {function_name: "${Check}"}}, {date: {from_time_received: true}}]
                  sink:
                    - opensearch:
                        hosts: ["${Collection.CollectionEndpoint}"]
                        document_id: "${!getMetadata(\\"key\\")}"
                        dlq: {s3: {bucket: "${Failed}"}}
                    - s3: {bucket: "${Bucket}", aws: {sts_role_arn: "${Role.Arn}"}}
                messages: {source: {s3: {sqs: {queue_url: "${Queue}"}}}, sink: [{stdout: null}]}
          Table: {Type: AWS::DynamoDB::Table}
          Bucket: {Type: AWS::S3::Bucket}
          Failed: {Type: AWS::S3::Bucket}
          Queue: {Type: AWS::SQS::Queue}
          Check: {Type: AWS::Lambda::Function}
          Role: {Type: AWS::IAM::Role}
          Collection: {Type: AWS::OpenSearchServerless::Collection, Properties: {Name: orders}}
        """
    )
    assert drawn(graph) == [
        "Pipeline -assumes-> Role",
        "Pipeline -dead_letters-> Failed",
        "Pipeline -delivers-> Bucket",
        "Pipeline -delivers-> Collection",
        "Pipeline -triggers:sync-> Check",
        "Pipeline -writes-> Bucket",
        "Queue -delivers-> Pipeline",
        "Table -delivers-> Pipeline",
    ]


def test_text_that_is_no_pipeline_says_nothing(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Broken: {Type: AWS::OSIS::Pipeline, Properties: {PipelineConfigurationBody: "a: [b"}}
          Odd: {Type: AWS::OSIS::Pipeline, Properties: {PipelineConfigurationBody: "[a, {b: 1}]"}}
          Bare: {Type: AWS::OSIS::Pipeline, Properties: {PipelineConfigurationBody: "a: {source: x, sink: 1}"}}
          Absent: {Type: AWS::OSIS::Pipeline}
        """
    )
    assert drawn(graph) == []
