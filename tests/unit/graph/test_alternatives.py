"""What a name can stand for when parameters, maps and lists leave it open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.config import Config
from archlint.graph.model import EdgeKind
from archlint.lint import build
from tests.unit.graph.drawing import drawn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.graph.conftest import GraphOf


def test_a_default_that_a_condition_compares_names_nothing(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters:
          Boundary: {Type: String, Default: none}
          Subnets: {Type: CommaDelimitedList, Default: ""}
          KeyId: {Type: String, Default: alias/jobs}
        Conditions:
          HasBoundary: !Not [!Equals [!Ref Boundary, none]]
          HasSubnets: !Not [!Equals [!Join ["", !Ref Subnets], ""]]
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties: {PermissionsBoundary: !If [HasBoundary, !Ref Boundary, !Ref AWS::NoValue]}
          Jobs: {Type: AWS::SQS::Queue, Properties: {KmsMasterKeyId: !Ref KeyId}}
          Fn: {Type: AWS::Lambda::Function, Properties: {VpcConfig: {SubnetIds: !Ref Subnets}}}
        """
    )
    assert drawn(graph, EdgeKind.BOUNDS, EdgeKind.ENCRYPTS, EdgeKind.RUNS_IN) == [
        "Fn -runs_in-> template.yaml#Subnets",
        "Key alias/jobs -encrypts-> Jobs",
        "template.yaml#Boundary -bounds-> Role",
    ]


def test_a_placeholder_that_the_parent_passes_on_is_the_parent_s(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Boundary: {Type: String, Default: ""}}
        Resources:
          Inner:
            Type: AWS::CloudFormation::Stack
            Properties: {TemplateURL: inner.yaml, Parameters: {Limit: !Ref Boundary}}
        """,
        inner="""
        Parameters: {Limit: {Type: String, Default: ""}}
        Conditions: {Limited: !Not [!Equals [!Ref Limit, ""]]}
        Resources:
          Role: {Type: AWS::IAM::Role, Properties: {PermissionsBoundary: !Ref Limit}}
        """,
    )
    assert drawn(graph, EdgeKind.BOUNDS) == ["template.yaml#Boundary -bounds-> Role"]


def test_a_map_with_one_unknown_key_is_read_one_key_at_a_time(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Stage: {Type: String}}
        Mappings:
          Account: {dev: {Id: "111111111111"}, prod: {Id: "222222222222"}}
          Topic: {dev: {Name: told-dev}, prod: {Name: told}}
        Resources:
          Late:
            Type: AWS::CloudWatch::Alarm
            Properties:
              AlarmActions:
                - !Sub
                  - arn:aws:sns:eu-west-1:${Account}:${Name}
                  - Account: !FindInMap [Account, !Ref Stage, Id]
                    Name: !FindInMap [Topic, !Ref Stage, Name]
          Slow:
            Type: AWS::CloudWatch::Alarm
            Properties:
              AlarmActions:
                - !Join
                  - ":"
                  - - arn:aws:sns:eu-west-1
                    - !FindInMap [Account, !Ref Stage, Id]
                    - !FindInMap [Topic, !Ref Stage, Name]
        """
    )
    assert drawn(graph) == [
        "Late -delivers-> arn:aws:sns:eu-west-1:111111111111:told-dev",
        "Late -delivers-> arn:aws:sns:eu-west-1:222222222222:told",
        "Slow -delivers-> arn:aws:sns:eu-west-1:111111111111:told-dev",
        "Slow -delivers-> arn:aws:sns:eu-west-1:222222222222:told",
    ]


def test_select_takes_from_each_list_that_there_can_be(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Conditions: {Big: !Equals [!Ref AWS::Region, eu-west-1]}
        Resources:
          Some: {Type: AWS::SQS::Queue, Properties: {}}
          Other: {Type: AWS::SQS::Queue, Properties: {}}
          Rule:
            Type: AWS::Events::Rule
            Properties:
              EventPattern: {source: [shop]}
              Targets:
                - Id: one
                  Arn: !Select [0, !If [Big, [!GetAtt Some.Arn], [!GetAtt Other.Arn]]]
        """
    )
    assert [text for text in drawn(graph, EdgeKind.DELIVERS) if text.startswith("Rule")] == [
        "Rule -delivers-> Other",
        "Rule -delivers-> Some",
    ]


def test_an_arn_around_a_parameter_is_what_the_parameter_names(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {TableName: {Type: String}}
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: reads
                  PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: dynamodb:GetItem
                        Resource: !Sub arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}
        """
    )
    assert drawn(graph, EdgeKind.GRANTS) == ["Role -grants-> template.yaml#TableName"]
    assert graph.nodes["external:template.yaml#TableName"].service == "dynamodb"
    assert [f"{e.source} {e.kind} {e.target}" for e in graph.of_kind(EdgeKind.READS)] == [
        "Fn reads template.yaml#TableName"
    ]


def test_a_key_by_the_name_of_its_alias(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Key: {Type: AWS::KMS::Key, Properties: {}}
          Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/jobs, TargetKeyId: !Ref Key}}
          Jobs: {Type: AWS::SQS::Queue, Properties: {KmsMasterKeyId: alias/jobs}}
        """
    )
    assert drawn(graph, EdgeKind.ENCRYPTS) == ["Key -encrypts-> Jobs"]


def test_who_shares_a_role_does_not_call_itself(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          One: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Two: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Jobs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/lambda/jobs}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: calls
                  PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: "lambda:InvokeFunction", Resource: [!GetAtt One.Arn, !GetAtt Two.Arn]}
                      - Effect: Allow
                        Action: [logs:CreateLogStream, logs:PutLogEvents]
                        Resource: !Sub arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/*
        """
    )
    assert sorted(f"{e.source} {e.target}" for e in graph.of_kind(EdgeKind.INVOKES)) == ["One Two", "Two One"]
    assert drawn(graph, EdgeKind.GRANTS) == ["Role -grants-> One", "Role -grants-> Two"]


def test_templates_that_export_the_same_names_are_alternatives(graph_of: GraphOf) -> None:
    user = """
    Parameters: {Base: {Type: String}}
    Resources:
      Fn:
        Type: AWS::Lambda::Function
        Properties:
          Environment: {Variables: {JOBS: {"Fn::ImportValue": !Sub "${Base}-Jobs"}}}
    """
    one = """
    Resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {}}, Sent: {Type: AWS::SNS::Topic}}
    Outputs:
      Jobs: {Value: !Ref Jobs, Export: {Name: !Sub "${AWS::StackName}-Jobs"}}
      Sent: {Value: !Ref Sent, Export: {Name: !Sub "${AWS::StackName}-Sent"}}
    """
    unlike = """
    Resources:
      Jobs: {Type: AWS::SQS::Queue, Properties: {}}
      Store: {Type: AWS::S3::Bucket}
      T: {Type: AWS::SNS::Topic}
    Outputs:
      Jobs: {Value: !Ref Jobs, Export: {Name: !Sub "${AWS::StackName}-Jobs"}}
      Store: {Value: !Ref Store, Export: {Name: !Sub "${AWS::StackName}-Store"}}
      T: {Value: !Ref T, Export: {Name: !Sub "${AWS::StackName}-T"}}
    """
    alike = graph_of(user, one=one, two=one)
    assert sorted(edge.target.id for edge in alike.of_kind(EdgeKind.IMPORTS)) == ["stack:one.yaml", "stack:two.yaml"]
    different = graph_of(user, one=one, two=unlike)
    assert not [edge for edge in different.of_kind(EdgeKind.IMPORTS) if not edge.target.external]


def test_a_node_of_a_cache_is_watched_as_its_group(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Cache: {Type: AWS::ElastiCache::ReplicationGroup, Properties: {}}
          Hot:
            Type: AWS::CloudWatch::Alarm
            Properties:
              Namespace: AWS/ElastiCache
              MetricName: CPUUtilization
              Dimensions: [{Name: CacheClusterId, Value: !Sub "${Cache}-001"}]
        """
    )
    assert drawn(graph) == ["Hot -watches-> Cache"]


def test_a_principal_that_nobody_knows_is_nobody(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Stage: {Type: String}}
        Mappings: {Other: {dev: {}}}
        Resources:
          Jobs: {Type: AWS::SQS::Queue, Properties: {}}
          Policy:
            Type: AWS::SQS::QueuePolicy
            Properties:
              Queues: [!Ref Jobs]
              PolicyDocument:
                Statement:
                  - {Effect: Allow, Action: "sqs:*", Principal: {AWS: !FindInMap [Other, !Ref Stage, Account]}}
        """
    )
    assert drawn(graph, EdgeKind.PERMITS) == []


def test_an_arn_of_any_partition_is_of_its_service(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: reads
                  PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: [s3:GetObject, sqs:SendMessage]
                        Resource: !Sub arn:${AWS::Partition}:s3:::assets/*
        """
    )
    assert drawn(graph, EdgeKind.GRANTS) == ["Role -grants-> arn:${AWS::Partition}:s3:::assets"]
    assert [f"{e.source} {e.target}" for e in graph.of_kind(EdgeKind.READS)] == ["Fn arn:${AWS::Partition}:s3:::assets"]


def test_a_permission_of_an_authority_and_the_endpoint_of_an_api_destination(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Url: {Type: String}}
        Resources:
          Root: {Type: AWS::ACMPCA::CertificateAuthority, Properties: {}}
          Issue:
            Type: AWS::ACMPCA::Permission
            Properties: {CertificateAuthorityArn: !Ref Root, Principal: acm.amazonaws.com, Actions: [IssueCertificate]}
          Hook: {Type: AWS::Events::ApiDestination, Properties: {InvocationEndpoint: !Ref Url}}
        """
    )
    assert drawn(graph, EdgeKind.PERMITS, EdgeKind.DELIVERS) == [
        "Hook -delivers-> template.yaml#Url",
        "acm.amazonaws.com -permits-> Root",
    ]


def test_a_list_that_travels_with_commas_between_is_the_parameter(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Fn:
            Type: AWS::Lambda::Function
            Properties:
              VpcConfig: {SubnetIds: !Split [",", !ImportValue net-subnets], SecurityGroupIds: [!ImportValue net-group]}
        """,
        network="""
        Parameters: {Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}}
        Resources: {Group: {Type: AWS::EC2::SecurityGroup}}
        Outputs:
          Subnets: {Value: !Join [",", !Ref Subnets], Export: {Name: net-subnets}}
          Group: {Value: !Ref Group, Export: {Name: net-group}}
        """,
    )
    assert drawn(graph, EdgeKind.RUNS_IN) == ["Fn -runs_in-> Group", "Fn -runs_in-> network.yaml#Subnets"]


def test_an_arn_whose_name_is_a_parameter_that_is_empty_by_default(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters:
          Bucket: {Type: String, Default: ""}
          Prefix: {Type: String, Default: ""}
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: p
                  PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: "s3:GetObject", Resource: !Sub "arn:aws:s3:::${Bucket}/in/*"}
                      - {Effect: Allow, Action: "sqs:SendMessage", Resource: !Sub "arn:aws:sqs:*:*:${Prefix}jobs"}
                      - {Effect: Allow, Action: "sns:Publish", Resource: "arn:aws:sns:*:*:"}
          Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
        """
    )
    assert drawn(graph, EdgeKind.GRANTS) == ["Role -grants-> Jobs", "Role -grants-> template.yaml#Bucket"]


def test_a_name_of_placeholders_alone_is_the_resource_with_the_same_one(graph_of: GraphOf) -> None:
    body = """
        Parameters: {Name: {Type: String}}
        Resources:
          Files: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "${Name}-${AWS::AccountId}"}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: p
                  PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: s3:GetObject
                        Resource: !Join ["", ["arn:aws:s3:::", !Sub "${Name}-${AWS::AccountId}", "/*"]]
        """
    graph = graph_of(body, other=body)
    assert sorted(f"{edge.source.id} {edge.target.id}" for edge in graph.edges if edge.kind is EdgeKind.GRANTS) == [
        "other.yaml#Role other.yaml#Files",
        "template.yaml#Role template.yaml#Files",
    ]


def test_a_nested_template_is_found_by_its_folder_and_name(graph_of: GraphOf) -> None:
    inner = "Resources: {Jobs: {Type: AWS::SQS::Queue}}"
    graph = graph_of(
        """
        Resources:
          Web:
            Type: AWS::CloudFormation::Stack
            Properties: {TemplateURL: "https://s3.amazonaws.com/x/services/web/service.yaml"}
          Shop:
            Type: AWS::CloudFormation::Stack
            Properties: {TemplateURL: !Sub "https://${Files}.s3.amazonaws.com/services/shop/service.yaml"}
          Else: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: "https://s3.amazonaws.com/service.yaml"}}
        """,
        **{"services/web/service": inner, "services/shop/service": inner},
    )
    assert {stack.id for stack in graph.stacks} == {
        "template.yaml",
        "services/web/service.yaml@template.yaml#Web",
        "services/shop/service.yaml@template.yaml#Shop",
    }


def test_a_name_that_only_parameters_make_still_is_one(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Prefix: {Type: String}, Other: {Type: String}}
        Resources:
          Files:
            Type: AWS::S3::Bucket
            Properties:
              ReplicationConfiguration:
                Rules:
                  - {Destination: {Bucket: !Sub "arn:aws:s3:::${Prefix}-${Other}"}}
                  - {Destination: {Bucket: !Sub "arn:aws:s3:::${Prefix}-*"}}
                  - {Destination: {Bucket: !Sub "arn:aws:s3:::${AWS::AccountId}-${AWS::Region}"}}
        """
    )
    assert drawn(graph) == ["Files -replicates-> arn:aws:s3:::${Prefix}-${Other}"]


def test_a_parameter_file_that_repeats_the_default_gives_nothing(tmp_path: Path) -> None:
    template = """
Parameters: {Boundary: {Type: String, Default: none}}
Conditions: {HasBoundary: !Not [!Equals [!Ref Boundary, none]]}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {PermissionsBoundary: !If [HasBoundary, !Ref Boundary, !Ref AWS::NoValue]}
"""
    samconfig = """version = 0.1
[default.deploy.parameters]
parameter_overrides = "Boundary=%s"
"""
    (tmp_path / "template.yaml").write_text(template, encoding="utf-8")
    found = []
    for given in ("none", "arn:aws:iam::111111111111:policy/limit"):
        (tmp_path / "samconfig.toml").write_text(samconfig % given, encoding="utf-8")
        found += drawn(build([tmp_path], Config()).graph, EdgeKind.BOUNDS)
    assert found == ["template.yaml#Boundary -bounds-> Role", "arn:aws:iam::111111111111:policy/limit -bounds-> Role"]


def test_items_of_a_split_that_are_empty_by_default(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Extra: {Type: String, Default: ""}, Existing: {Type: String, Default: ""}}
        Conditions: {HasExtra: !Not [!Equals [!Ref Extra, ""]], IsNew: !Equals [!Ref Existing, ""]}
        Resources:
          Nodes: {Type: AWS::EC2::SecurityGroup, Properties: {}}
          Fn:
            Type: AWS::Lambda::Function
            Properties:
              VpcConfig:
                SecurityGroupIds: !If
                  - IsNew
                  - !If [HasExtra, !Split [",", !Sub "${Nodes},${Extra}"], [!Ref Nodes]]
                  - !Split [",", !Ref Existing]
        """
    )
    assert drawn(graph, EdgeKind.RUNS_IN) == [
        "Fn -runs_in-> Nodes",
        "Fn -runs_in-> template.yaml#Existing",
        "Fn -runs_in-> template.yaml#Extra",
    ]
