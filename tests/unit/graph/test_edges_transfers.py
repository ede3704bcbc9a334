"""Services that move data between stores, and what they log to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind
from tests.unit.graph.drawing import drawn

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_a_data_sync_task_reads_one_store_and_writes_another(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Task:
            Type: AWS::DataSync::Task
            Properties: {SourceLocationArn: !GetAtt From.LocationArn, DestinationLocationArn: !Ref To}
          From: {Type: AWS::DataSync::LocationS3, Properties: {S3BucketArn: !Sub "arn:aws:s3:::${Files}"}}
          To: {Type: AWS::DataSync::LocationEFS, Properties: {EfsFilesystemArn: !GetAtt Shared.Arn}}
          Open:
            Type: AWS::DataSync::Task
            Properties:
              {SourceLocationArn: !Ref Server, DestinationLocationArn: arn:aws:datasync:eu-west-1:1:location/loc-1}
          Server: {Type: AWS::DataSync::LocationNFS, Properties: {ServerHostname: files.example.com}}
          Files: {Type: AWS::S3::Bucket}
          Shared: {Type: AWS::EFS::FileSystem}
        """
    )
    assert drawn(graph) == [
        "Open -reads-> Server",
        "Open -writes-> arn:aws:datasync:eu-west-1:1:location/loc-1",
        "Task -reads-> Files",
        "Task -writes-> Shared",
    ]


def test_a_replication_task_works_on_what_its_endpoints_lead_to(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Host: {Type: String}}
        Resources:
          Task:
            Type: AWS::DMS::ReplicationTask
            Properties: {SourceEndpointArn: !Ref Old, TargetEndpointArn: !Ref New, ReplicationInstanceArn: !Ref Machine}
          Export:
            Type: AWS::DMS::ReplicationTask
            Properties:
              {SourceEndpointArn: !Ref New, TargetEndpointArn: !Ref Lake, ReplicationInstanceArn: !Ref Machine}
          Stream:
            Type: AWS::DMS::ReplicationTask
            Properties:
              {SourceEndpointArn: !Ref New, TargetEndpointArn: !Ref Events, ReplicationInstanceArn: !Ref Machine}
          Old: {Type: AWS::DMS::Endpoint, Properties: {EndpointType: source, EngineName: oracle, ServerName: !Ref Host}}
          New:
            Type: AWS::DMS::Endpoint
            Properties:
              EndpointType: target
              EngineName: aurora
              ServerName: !GetAtt Data.Endpoint.Address
              MySqlSettings: {SecretsManagerSecretId: !Ref Password}
          Lake: {Type: AWS::DMS::Endpoint, Properties: {EngineName: s3, S3Settings: {BucketName: !Ref Files}}}
          Events: {Type: AWS::DMS::Endpoint, Properties: {KinesisSettings: {StreamArn: !GetAtt Out.Arn}}}
          Machine: {Type: AWS::DMS::ReplicationInstance, Properties: {}}
          Data: {Type: AWS::RDS::DBCluster, Properties: {Engine: aurora-mysql}}
          Password: {Type: AWS::SecretsManager::Secret}
          Files: {Type: AWS::S3::Bucket}
          Out: {Type: AWS::Kinesis::Stream}
        """
    )
    assert drawn(graph, EdgeKind.READS, EdgeKind.WRITES, EdgeKind.PUBLISHES) == [
        "Export -reads-> Data",
        "Export -writes-> Files",
        "New -reads-> Password",
        "Stream -publishes-> Out",
        "Stream -reads-> Data",
        "Task -reads-> Old",
        "Task -writes-> Data",
    ]
    assert drawn(graph, EdgeKind.RUNS_IN) == [
        "Export -runs_in-> Machine",
        "Stream -runs_in-> Machine",
        "Task -runs_in-> Machine",
    ]


def test_properties_with_an_s3_url(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Group:
            Type: AWS::Athena::WorkGroup
            Properties:
              WorkGroupConfiguration: {ResultConfiguration: {OutputLocation: !Sub "s3://${Files}/results/"}}
          Hadoop: {Type: AWS::EMR::Cluster, Properties: {LogUri: !Join ["", ["s3n://", !Ref Logs, "/emr/"]]}}
          Probe: {Type: AWS::Synthetics::Canary, Properties: {ArtifactS3Location: !Sub "s3://${Files}"}}
          Build:
            Type: AWS::CodeBuild::Project
            Properties:
              Source: {Type: S3, Location: !Sub "${Files}/source.zip"}
              Cache: {Type: S3, Location: !Sub "${Logs.Arn}/cache"}
          Plain:
            Type: AWS::CodeBuild::Project
            Properties: {Source: {Type: GITHUB, Location: "https://example.com/x"}, Cache: {Type: LOCAL, Location: x}}
          Files: {Type: AWS::S3::Bucket}
          Logs: {Type: AWS::S3::Bucket}
        """
    )
    assert drawn(graph) == [
        "Build -reads-> Files",
        "Build -reads-> Logs",
        "Build -writes-> Logs",
        "Group -writes-> Files",
        "Hadoop -logs_to-> Logs",
        "Probe -writes-> Files",
    ]


def test_glue_jobs_and_crawlers_reach_databases_through_connections(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Load:
            Type: AWS::Glue::Job
            Properties: {Connections: {Connections: [sales]}, Role: !Ref Role}
          Crawl:
            Type: AWS::Glue::Crawler
            Properties:
              DatabaseName: !Ref Catalog
              Targets: {JdbcTargets: [{ConnectionName: !Ref BySecret, Path: "sales/%"}]}
          Sales:
            Type: AWS::Glue::Connection
            Properties:
              ConnectionInput:
                Name: sales
                ConnectionProperties: {JDBC_CONNECTION_URL: !Sub "jdbc:mysql://${Base.Endpoint.Address}:3306/sales"}
          BySecret:
            Type: AWS::Glue::Connection
            Properties: {ConnectionInput: {AuthenticationConfiguration: {SecretArn: !Ref Secret}}}
          Catalog: {Type: AWS::Glue::Database, Properties: {DatabaseInput: {}}}
          Base: {Type: AWS::RDS::DBCluster, Properties: {}}
          Secret: {Type: AWS::SecretsManager::Secret, Properties: {}}
          Attached:
            Type: AWS::SecretsManager::SecretTargetAttachment
            Properties: {SecretId: !Ref Secret, TargetId: !Ref Base, TargetType: AWS::RDS::DBCluster}
          Role: {Type: AWS::IAM::Role, Properties: {}}
        """
    )
    assert drawn(graph, EdgeKind.WRITES) == ["Crawl -writes-> Catalog"]
    connected = {(edge.source.logical_id, edge.target.logical_id) for edge in graph.of_kind(EdgeKind.CONNECTS)}
    assert connected == {(each, "Base") for each in ("BySecret", "Crawl", "Load", "Sales")}
