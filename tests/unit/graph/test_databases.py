from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.graph import databases
from archlint.graph.capacity import connection_limit
from archlint.graph.model import EdgeKind, Evidence
from archlint.graph.values import Values

if TYPE_CHECKING:
    from archlint.graph.model import Node, ResourceGraph
    from tests.unit.graph.conftest import GraphOf

CLUSTER = """
Shop:
  Type: AWS::RDS::DBCluster
  Properties:
    Engine: aurora-mysql
    VpcSecurityGroupIds: [!Ref Inside]
    MasterUserPassword: !Sub "{{resolve:secretsmanager:${Password}:SecretString:password}}"
Writer:
  Type: AWS::RDS::DBInstance
  Properties: {DBClusterIdentifier: !Ref Shop, DBInstanceClass: db.serverless, Engine: aurora-mysql}
Password: {Type: AWS::SecretsManager::Secret}
Inside:
  Type: AWS::EC2::SecurityGroup
  Properties:
    SecurityGroupIngress: [{IpProtocol: tcp, SourceSecurityGroupId: !Ref Functions}]
Functions: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: functions}}
Others: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: others}}
"""


def function(name: str, body: str) -> str:
    return f"{name}:\n  Type: AWS::Lambda::Function\n  Properties: {{{body}}}\n"


def template(*parts: str) -> str:
    lines = "".join(parts).splitlines()
    return "Resources:\n" + "\n".join(f"  {line}" for line in lines)


def named(graph: ResourceGraph, logical_id: str) -> Node:
    return next(node for node in graph.nodes.values() if node.logical_id == logical_id)


def uses(graph: ResourceGraph) -> dict[str, databases.Use]:
    return {use.compute.logical_id: use for use in databases.uses(graph, named(graph, "Shop"))}


HOST = "Environment: {Variables: {HOST: !GetAtt Shop.Endpoint.Address, PORT: !GetAtt Shop.Endpoint.Port}}"


def test_an_endpoint_counts_for_more_inside_the_network(graph_of: GraphOf) -> None:
    vpc = "VpcConfig: {SecurityGroupIds: [!Ref %s], SubnetIds: [subnet-0123abcd]}"
    found = uses(
        graph_of(
            template(
                CLUSTER,
                function("Outside", HOST),
                function("Admitted", f"{HOST}, {vpc % 'Functions'}"),
                function("Elsewhere", f"{HOST}, {vpc % 'Others'}"),
                function("PortOnly", "Environment: {Variables: {PORT: !GetAtt Shop.Endpoint.Port}}"),
                function("Stops", "Environment: {Variables: {CLUSTER: !Ref Shop}}"),
            )
        )
    )
    assert {name: (use.edge.evidence, use.is_in_network) for name, use in found.items()} == {
        "Outside": (Evidence.REFERENCE, False),
        "Admitted": (Evidence.POLICY, True),
        "Elsewhere": (Evidence.REFERENCE, False),
    }
    assert found["Admitted"].attributes == {"Endpoint.Address"}


def test_a_password_counts_in_a_network(graph_of: GraphOf) -> None:
    role = """
    Role:
      Type: AWS::IAM::Role
      Properties:
        Policies:
          - PolicyName: read
            PolicyDocument:
              Statement: [{Effect: Allow, Action: "secretsmanager:GetSecretValue", Resource: !Ref Password}]
    """
    inside = "Role: !GetAtt Role.Arn, VpcConfig: {SecurityGroupIds: [sg-1], SubnetIds: [subnet-1]}"
    text = template(CLUSTER, function("Inside", inside)).replace("  Inside:", "  Query:", 1)
    lines = "\n".join(line[2:] for line in role.splitlines())
    found = uses(graph_of(text + lines))
    assert list(found) == ["Inside"]
    assert found["Inside"].edge.evidence is Evidence.POLICY


def test_proxies_and_their_endpoints_stand_for_the_database(graph_of: GraphOf) -> None:
    proxy = """
Proxy: {Type: AWS::RDS::DBProxy, Properties: {DBProxyName: shop}}
Targets:
  Type: AWS::RDS::DBProxyTargetGroup
  Properties: {DBProxyName: !Ref Proxy, DBClusterIdentifiers: [!Ref Shop]}
Reading: {Type: AWS::RDS::DBProxyEndpoint, Properties: {DBProxyName: !Ref Proxy, TargetRole: READ_ONLY}}
"""
    graph = graph_of(
        template(CLUSTER, proxy, function("Reader", "Environment: {Variables: {HOST: !GetAtt Reading.Endpoint}}"))
    )
    assert [node.logical_id for node in databases.proxies(graph, named(graph, "Shop"))] == ["Proxy", "Reading"]
    assert uses(graph)["Reader"].proxy is named(graph, "Reading")


def test_code_that_runs_once(graph_of: GraphOf) -> None:
    graph = graph_of(
        template(
            function("MigrateSchema", "Handler: app.handler"),
            function("SetupDatabase", "Handler: app.handler"),
            function("SetupCheckout", "Handler: bootstrap"),
            function("Prepare", "Handler: app.handler"),
            "Prepared: {Type: Custom::Prepared, Properties: {ServiceToken: !GetAtt Prepare.Arn}}\n",
        )
    )
    names = ("MigrateSchema", "SetupDatabase", "SetupCheckout", "Prepare")
    assert [databases.runs_once(graph, named(graph, name)) for name in names] == [True, True, False, True]


@pytest.mark.parametrize(
    ("engine", "size", "connections"),
    [
        ("mysql", "db.t3.micro", 85),
        ("postgres", "db.t4g.medium", 450),
        ("postgres", "db.r7g.16xlarge", 5000),
        ("aurora-mysql", "db.r6g.large", 1000),
        ("mysql", "db.r5.2xlarge.tpc1.mem2x", None),
        ("oracle-ee", "db.m5.large", None),
        ("mysql", "!Ref Size", None),
    ],
)
def test_connections_of_an_instance_class(graph_of: GraphOf, engine: str, size: str, connections: int | None) -> None:
    text = f"""
    Parameters: {{Size: {{Type: String}}}}
    Resources:
      Shop: {{Type: AWS::RDS::DBInstance, Properties: {{Engine: {engine}, DBInstanceClass: {size}}}}}
    """
    graph = graph_of(text)
    limit = connection_limit(graph, Values(graph), named(graph, "Shop"))
    assert (limit.connections if limit else None) == connections


@pytest.mark.parametrize(
    ("engine", "capacity", "connections"),
    [
        ("aurora-mysql", "{MinCapacity: 0.5, MaxCapacity: 4}", 135),
        ("aurora-mysql", "{MinCapacity: 0.5, MaxCapacity: 0.5}", 90),
        ("aurora-postgresql", "{MinCapacity: 0.5, MaxCapacity: 32}", 2000),
        ("aurora-postgresql", "{MinCapacity: 1, MaxCapacity: 32}", 5000),
        ("aurora-postgresql", "{MinCapacity: !Ref Least, MaxCapacity: 32}", None),
    ],
)
def test_connections_of_a_capacity_range(
    graph_of: GraphOf, engine: str, capacity: str, connections: int | None
) -> None:
    text = f"""
    Parameters: {{Least: {{Type: Number}}}}
    Resources:
      Shop:
        Type: AWS::RDS::DBCluster
        Properties: {{Engine: {engine}, ServerlessV2ScalingConfiguration: {capacity}}}
      Writer:
        Type: AWS::RDS::DBInstance
        Properties: {{DBClusterIdentifier: !Ref Shop, DBInstanceClass: db.serverless}}
    """
    graph = graph_of(text)
    limit = connection_limit(graph, Values(graph), named(graph, "Shop"))
    assert (limit.connections if limit else None) == connections


def test_a_parameter_group_sets_the_limit(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Shop:
            Type: AWS::RDS::DBInstance
            Properties: {Engine: mysql, DBInstanceClass: db.t3.micro, DBParameterGroupName: !Ref Tuned}
          Tuned: {Type: AWS::RDS::DBParameterGroup, Properties: {Parameters: {max_connections: "250"}}}
        """
    )
    assert connection_limit(graph, Values(graph), named(graph, "Shop")) == (250, "max_connections of Tuned")


def test_scaling_targets_and_backup_selections(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Orders: {Type: AWS::DynamoDB::Table, Properties: {TableName: orders}}
          Carts:
            Type: AWS::DynamoDB::GlobalTable
            Properties: {Replicas: [{Region: a, Tags: [{Key: plan, Value: x}]}]}
          Files: {Type: AWS::S3::Bucket, Properties: {Tags: [{Key: plan, Value: y}]}}
          Scaling:
            Type: AWS::ApplicationAutoScaling::ScalableTarget
            Properties: {ResourceId: table/orders/index/by-day, ScalableDimension: "dynamodb:index:ReadCapacityUnits"}
          ByName:
            Type: AWS::Backup::BackupSelection
            Properties: {BackupSelection: {Resources: [!GetAtt Orders.Arn]}}
          ByTag:
            Type: AWS::Backup::BackupSelection
            Properties: {BackupSelection: {ListOfTags: [{ConditionKey: plan, ConditionValue: x}]}}
          ByPattern:
            Type: AWS::Backup::BackupSelection
            Properties: {BackupSelection: {Resources: ["arn:aws:s3:::*"]}}
          AllButOne:
            Type: AWS::Backup::BackupSelection
            Properties: {BackupSelection: {NotResources: ["arn:aws:s3:::other"]}}
          Odd:
            Type: AWS::Backup::BackupSelection
            Properties: {BackupSelection: {Resources: 3, ListOfTags: [x, {ConditionKey: 4}], Conditions: y}}
        """
    )
    found = {
        (edge.source.logical_id, edge.target.logical_id)
        for edge in graph.of_kind(EdgeKind.REFERENCES)
        if edge.detail.get("scales") or edge.detail.get("backs_up")
    }
    assert found == {
        ("Scaling", "Orders"),
        ("ByName", "Orders"),
        ("ByTag", "Carts"),
        ("ByPattern", "Files"),
        ("AllButOne", "Orders"),
        ("AllButOne", "Carts"),
        ("AllButOne", "Files"),
    }


def test_a_database_reads_the_secret_that_its_password_resolves(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Password: {Type: AWS::SecretsManager::Secret}
          Own: {Type: AWS::SecretsManager::SecretTargetAttachment, Properties: {SecretId: !Ref Password}}
          Shop:
            Type: AWS::DocDB::DBCluster
            Properties: {MasterUserPassword: !Sub "{{resolve:secretsmanager:${Password}:SecretString:password}}"}
          Other:
            Type: AWS::RDS::DBInstance
            Properties: {MasterUserPassword: !Join ["", ["{{resolve:secretsmanager:", !Ref Own, "::password}}"]]}
        """
    )
    reads = sorted(str(edge.source) for edge in graph.edges if edge.kind is EdgeKind.READS)
    assert reads == ["Other", "Shop"]
