"""Code that policies reach: environments of Airflow, instances set up by cfn-init, Neptune clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind, Evidence
from tests.unit.graph.drawing import drawn

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_an_environment_of_airflow_runs_code_under_its_role(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Airflow:
            Type: AWS::MWAA::Environment
            Properties: {ExecutionRoleArn: !GetAtt Role.Arn, SourceBucketArn: !GetAtt Code.Arn}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: data
                  PolicyDocument:
                    Statement: [{Effect: Allow, Action: "s3:GetObject*", Resource: !Sub "${Data.Arn}/*"}]
          Code: {Type: AWS::S3::Bucket}
          Data: {Type: AWS::S3::Bucket}
        """
    )
    found = {edge.target.logical_id: edge.evidence for edge in graph.edges if edge.kind is EdgeKind.READS}
    assert found == {"Code": Evidence.DECLARED, "Data": Evidence.POLICY}


def test_what_an_instance_is_set_up_with_tells_who_uses_a_shared_role(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Producer:
            Type: AWS::EC2::Instance
            Metadata:
              AWS::CloudFormation::Init: {config: {files: {/etc/stream: {content: !Sub "stream=${Clicks}"}}}}
            Properties: {IamInstanceProfile: !Ref Profile}
          Other: {Type: AWS::EC2::Instance, Properties: {IamInstanceProfile: !Ref Profile}}
          Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Role]}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: clicks
                  PolicyDocument:
                    Statement: [{Effect: Allow, Action: "kinesis:PutRecord", Resource: !GetAtt Clicks.Arn}]
          Clicks: {Type: AWS::Kinesis::Stream, Properties: {}}
        """
    )
    found = {edge.source.logical_id: edge.evidence for edge in graph.edges if edge.kind is EdgeKind.PUBLISHES}
    assert found == {"Producer": Evidence.POLICY, "Other": Evidence.REFERENCE}


def test_neptune_clusters_are_named_by_their_resource_id(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: graph
                  PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: neptune-db:*
                        Resource: !Sub "arn:aws:neptune-db:${AWS::Region}:${AWS::AccountId}:${Base.ClusterResourceId}/*"
          Base: {Type: AWS::Neptune::DBCluster, Properties: {}}
        """
    )
    assert drawn(graph, EdgeKind.GRANTS) == ["Role -grants-> Base"]


def test_a_parameter_that_a_policy_names_is_given_though_empty_by_default(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {OtherRole: {Type: String, Default: ""}}
        Resources:
          Loader:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: other
                  PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: "sts:AssumeRole", Resource: !Ref OtherRole}
                      - {Effect: Allow, Action: "*", Resource: "arn:aws:iam::111111111111:role/wide"}
        """
    )
    assert drawn(graph, EdgeKind.GRANTS) == [
        "Loader -grants-> arn:aws:iam::111111111111:role/wide",
        "Loader -grants-> template.yaml#OtherRole",
    ]
    found = [edge.target.logical_id for edge in graph.edges if edge.kind is EdgeKind.ASSUMES]
    assert found == ["template.yaml#OtherRole"]


TOLD = """
        Parameters: {BusName: {Type: String}, Limit: {Type: String}, MyTable: {Type: String}}
        Resources:
          Fn:
            Type: AWS::Lambda::Function
            Properties:
              Role: !GetAtt Role.Arn
              Environment:
                Variables: {EVENT_BUS: !Ref BusName, AUDIT_BUS_ARN: !ImportValue audit, L: !Ref Limit, T: !Ref MyTable}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: all
                  PolicyDocument: {Statement: [{Effect: Allow, Action: %s, Resource: "*"}]}
        """


def test_a_bus_or_table_outside_that_the_environment_names(graph_of: GraphOf) -> None:
    def ends(action: str) -> list[str]:
        edges = graph_of(TOLD % action).of_kind(EdgeKind.PUBLISHES, EdgeKind.READS, EdgeKind.WRITES)
        return sorted(f"{edge.kind.value} {edge.target.id}" for edge in edges)

    assert ends("events:PutEvents") == ["publishes external:audit", "publishes external:template.yaml#BusName"]
    assert ends("dynamodb:GetItem") == ["reads external:template.yaml#MyTable"]
    assert ends("kinesis:PutRecord") == []


def test_all_of_a_queue_s_actions_to_poll_it_send_nothing(graph_of: GraphOf) -> None:
    template = """
        Resources:
          Jobs: {Type: AWS::SQS::Queue}
          Other: {Type: AWS::SQS::Queue}
          Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn%s}}
          Mapping:
            Type: AWS::Lambda::EventSourceMapping
            Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Fn}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: all
                  PolicyDocument:
                    Statement: [{Effect: Allow, Action: "%s", Resource: [!GetAtt Jobs.Arn, !GetAtt Other.Arn]}]
        """
    sent = {
        (told, action): sorted(
            str(edge.target) for edge in graph_of(template % (told, action)).of_kind(EdgeKind.PUBLISHES)
        )
        for told in ("", ", Environment: {Variables: {QUEUE_URL: !Ref Jobs}}")
        for action in ("sqs:*", "sqs:SendMessage")
    }
    [(unaware, all_), (_, spelled), (told, _), _] = sent
    assert sent[unaware, all_] == ["Other"]
    assert sent[unaware, spelled] == sent[told, all_] == ["Jobs", "Other"]


def test_a_parameter_outside_is_read_and_never_run(graph_of: GraphOf) -> None:
    template = """
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: all
                  PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: [ssm:GetParameter, ssm:SendCommand]
                        Resource: !Sub "arn:${AWS::Partition}:ssm:*:*:%s"
        """
    for resource, started in (("parameter/app/limit", 0), ("document/Restart", 1)):
        assert len(list(graph_of(template % resource).of_kind(EdgeKind.INVOKES))) == started


def test_a_queue_that_the_environment_names_is_polled_by_what_may_receive(graph_of: GraphOf) -> None:
    template = """
        Resources:
          Jobs: {Type: AWS::SQS::Queue}
          Worker:
            Type: AWS::ECS::TaskDefinition
            Properties:
              TaskRoleArn: !GetAtt Role.Arn
              ContainerDefinitions: [{Name: w, Image: w, Environment: [{Name: QUEUE, Value: !GetAtt Jobs.QueueName}]}]
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: all
                  PolicyDocument: {Statement: [{Effect: Allow, Action: %s, Resource: "*"}]}
        """
    for actions, polled in (("[sqs:ReceiveMessage, sqs:DeleteMessage]", 1), ('"sqs:*"', 0), ("sqs:ReceiveMessage", 0)):
        edges = graph_of(template % actions).of_kind(EdgeKind.TRIGGERS)
        assert [str(edge.target) for edge in edges] == ["Worker"] * polled


def test_what_a_custom_resource_tells_its_function(graph_of: GraphOf) -> None:
    graph = graph_of("""
        Resources:
          Assets: {Type: AWS::S3::Bucket}
          Other: {Type: AWS::S3::Bucket}
          Emptied: {Type: Custom::Empty, Properties: {ServiceToken: !GetAtt Function.Arn, Bucket: !Ref Assets}}
          Function: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Unrelated: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: all
                  PolicyDocument: {Statement: [{Effect: Allow, Action: s3:DeleteObject, Resource: "*"}]}
        """)
    assert [(str(edge.source), str(edge.target)) for edge in graph.of_kind(EdgeKind.WRITES)] == [("Function", "Assets")]
