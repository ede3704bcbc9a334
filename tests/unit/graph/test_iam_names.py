"""What a policy names, and what only looks like a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from archlint.graph.model import ResourceGraph
    from tests.unit.graph.conftest import GraphOf


def _pairs(graph: ResourceGraph, kind: EdgeKind) -> list[str]:
    return sorted(f"{edge.source} -> {edge.target}" for edge in graph.of_kind(kind))


def test_a_role_of_another_account_that_a_policy_lets_a_role_assume(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: logging
                  PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: sts:AssumeRole, Resource: "arn:aws:iam::405028608951:role/Logging"}
        """
    )
    assert _pairs(graph, EdgeKind.GRANTS) == ["Role -> arn:aws:iam::405028608951:role/Logging"]
    assert "Role -> arn:aws:iam::405028608951:role/Logging" in _pairs(graph, EdgeKind.ASSUMES)


def test_a_list_that_is_none_by_default_attaches_nothing(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {More: {Type: CommaDelimitedList, Default: none}}
        Resources:
          Own: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {}}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              ManagedPolicyArns: !Split [",", !Join [",", [!Ref Own, !Join [",", !Ref More]]]]
        """
    )
    assert _pairs(graph, EdgeKind.ATTACHES) == ["Role -> Own"]


def test_arns_of_other_things_do_not_name_the_resource_in_their_name(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Build: {Type: AWS::CodeBuild::Project, Properties: {ServiceRole: !GetAtt Role.Arn}}
          Orders: {Type: AWS::DynamoDB::Table}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: reports
                  PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: codebuild:CreateReport
                        Resource: !Sub "arn:aws:codebuild:${AWS::Region}:${AWS::AccountId}:report-group/${Build}-*"
                      - Effect: Allow
                        Action: dynamodb:GetItem
                        Resource: !Sub "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Orders}*"
        """
    )
    assert _pairs(graph, EdgeKind.GRANTS) == ["Role -> Orders"]


def test_keyspaces_and_their_tables(graph_of: GraphOf) -> None:
    template = """
        Parameters: {Name: {Type: String}}
        Resources:
          Shop: {Type: AWS::Cassandra::Keyspace, Properties: {KeyspaceName: !Ref Name}}
          Orders: {Type: AWS::Cassandra::Table, Properties: {KeyspaceName: !Ref Name, TableName: orders}}
          Function: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: rows
                  PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: [cassandra:Select, cassandra:Modify]
                        Resource: !Sub "arn:aws:cassandra:${AWS::Region}:${AWS::AccountId}:%s"
        """
    for resource, expected in (
        ("/keyspace/${Name}/*", ["Shop"]),
        ("/keyspace/${Name}/", ["Shop"]),
        ("/keyspace/${Name}/table/orders", ["Orders"]),
        ("/keyspace/${Name}/table/other", []),
        ("/keyspace/system*", []),
    ):
        graph = graph_of(template % resource)
        for kind in (EdgeKind.GRANTS, EdgeKind.READS, EdgeKind.WRITES):
            found = [edge.target for edge in graph.of_kind(kind)]
            assert [str(node) for node in found if not node.external] == expected


def test_subnet_groups_and_balancers_by_the_names_they_are_given(graph_of: GraphOf) -> None:
    graph = graph_of("""
        Resources:
          Group: {Type: AWS::RDS::DBSubnetGroup, Properties: {DBSubnetGroupName: !Sub "${AWS::StackName}-db"}}
          Database: {Type: AWS::RDS::DBInstance, Properties: {DBSubnetGroupName: !Sub "${AWS::StackName}-db"}}
          Nodes: {Type: AWS::ElastiCache::SubnetGroup, Properties: {CacheSubnetGroupName: shop}}
          Cache: {Type: AWS::ElastiCache::ReplicationGroup, Properties: {CacheSubnetGroupName: shop}}
          Balancer: {Type: AWS::ElasticLoadBalancing::LoadBalancer, Properties: {LoadBalancerName: shop}}
          Servers: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {LoadBalancerNames: [shop]}}
          Spot: {Type: AWS::Batch::ComputeEnvironment, Properties: {ComputeEnvironmentName: spot}}
          Jobs:
            Type: AWS::Batch::JobQueue
            Properties: {ComputeEnvironmentOrder: [{Order: 1, ComputeEnvironment: spot}]}
          Web: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: web}}
          Server: {Type: AWS::EC2::Instance, Properties: {SecurityGroups: [web]}}
        """)
    assert _pairs(graph, EdgeKind.RUNS_IN) == [
        "Cache -> Nodes",
        "Database -> Group",
        "Jobs -> Spot",
        "Server -> Web",
    ]
    assert _pairs(graph, EdgeKind.DELIVERS) == ["Balancer -> Servers"]


def test_maps_identities_and_vaults_by_the_names_in_their_arns(graph_of: GraphOf) -> None:
    graph = graph_of("""
        Resources:
          Map: {Type: AWS::Location::Map, Properties: {MapName: Buses}}
          Places: {Type: AWS::Location::PlaceIndex, Properties: {IndexName: Stops}}
          Mail: {Type: AWS::SES::EmailIdentity, Properties: {EmailIdentity: shop.example}}
          Mails: {Type: AWS::SES::ConfigurationSet, Properties: {Name: shop}}
          Faces: {Type: AWS::Rekognition::Collection, Properties: {CollectionId: faces}}
          Vault: {Type: AWS::Backup::BackupVault, Properties: {BackupVaultName: shop}}
          Deploys: {Type: AWS::CodeDeploy::Application, Properties: {ApplicationName: shop}}
          Cluster: {Type: AWS::EKS::Cluster, Properties: {Name: shop}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: all
                  PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: ["geo:*", "ses:*", "rekognition:*", "backup:*", "codedeploy:*", "eks:*"]
                        Resource:
                          - !Sub "arn:aws:geo:${AWS::Region}:${AWS::AccountId}:map/Buses"
                          - !Sub "arn:aws:geo:${AWS::Region}:${AWS::AccountId}:place-index/Stops"
                          - !Sub "arn:aws:ses:${AWS::Region}:${AWS::AccountId}:identity/shop.example"
                          - !Sub "arn:aws:ses:${AWS::Region}:${AWS::AccountId}:configuration-set/shop"
                          - !Sub "arn:aws:rekognition:${AWS::Region}:${AWS::AccountId}:collection/faces"
                          - !Sub "arn:aws:backup:${AWS::Region}:${AWS::AccountId}:backup-vault:shop"
                          - !Sub "arn:aws:codedeploy:${AWS::Region}:${AWS::AccountId}:application:shop"
                          - !Sub "arn:aws:eks:${AWS::Region}:${AWS::AccountId}:cluster/shop"
        """)
    targets = ["Cluster", "Deploys", "Faces", "Mail", "Mails", "Map", "Places", "Vault"]
    assert _pairs(graph, EdgeKind.GRANTS) == [f"Role -> {target}" for target in targets]
