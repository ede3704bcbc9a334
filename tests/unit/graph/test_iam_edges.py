from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.iam.delivery import may_deliver
from archlint.graph.iam.evaluate import (
    document_size,
    is_allowed,
    is_denied,
    is_void,
    role_permissions,
    services,
    trust,
    unbounded,
)
from archlint.graph.model import Edge, EdgeKind

if TYPE_CHECKING:
    from archlint.graph.model import ResourceGraph
    from tests.unit.graph.conftest import GraphOf


def edges(graph: ResourceGraph, kind: EdgeKind) -> dict[tuple[str, str], Edge]:
    return {(edge.source.logical_id, edge.target.logical_id): edge for edge in graph.of_kind(kind)}


def line(edge: Edge) -> int:
    assert edge.place is not None
    return edge.place.location().region.start_line


INLINE = """
    Resources:
      Orders:
        Type: AWS::DynamoDB::Table
      Jobs:
        Type: AWS::SQS::Queue
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument: {}
          Policies:
            - PolicyName: data
              PolicyDocument:
                Statement:
                  - Effect: Allow
                    Action: [dynamodb:GetItem, sqs:SendMessage, logs:*]
                    Resource:
                      - !GetAtt Orders.Arn
                      - !Sub "${Orders.Arn}/index/*"
                      - !GetAtt Jobs.Arn
                  - {Effect: Deny, Action: sqs:*, Resource: !GetAtt Jobs.Arn}
                  - {Effect: Allow, Action: sqs:*, Resource: "*"}
    """


def test_grants_name_the_actions_of_each_resource(graph_of: GraphOf) -> None:
    graph = graph_of(INLINE)
    found = edges(graph, EdgeKind.GRANTS)
    assert set(found) == {("Role", "Orders"), ("Role", "Jobs")}
    table, queue = found["Role", "Orders"], found["Role", "Jobs"]
    assert (set(table.actions), set(table.access)) == ({"dynamodb:GetItem"}, {"Read"})
    assert (set(queue.actions), set(queue.access)) == ({"sqs:SendMessage"}, {"Write"})
    assert table.detail["paths"] == ["", "/index/*"]
    assert (line(table), line(queue)) == (18, 20)


def test_statements_are_kept_with_their_places(graph_of: GraphOf) -> None:
    graph = graph_of(INLINE)
    role = graph.nodes["template.yaml#Role"]
    permissions = role_permissions(graph, role)
    assert [each.everything for each in permissions] == [False, False, True]
    assert [each.place and each.place.location().region.start_line for each in permissions] == [15, 21, 22]
    assert services(permissions) == {"dynamodb", "sqs", "logs"}
    assert [(pattern, each.statement.path) for each, pattern in unbounded(graph, role)] == [("sqs:*", ("Statement", 2))]


POLICIES = """
    Parameters:
      Boundary: {Type: String}
    Resources:
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument: {}
          PermissionsBoundary: !Ref Boundary
          ManagedPolicyArns:
            - !Ref Shared
            - !Sub "arn:${AWS::Partition}:iam::aws:policy/AmazonSQSFullAccess"
      Shared:
        Type: AWS::IAM::ManagedPolicy
        Properties:
          PolicyDocument:
            Statement: {Effect: Allow, Action: "*", Resource: !GetAtt Jobs.Arn}
      Extra:
        Type: AWS::IAM::Policy
        Properties:
          PolicyName: extra
          Roles: [!Ref Role]
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: iam:Pass*, Resource: "arn:aws:iam::*:role/*"}
              - Effect: Allow
                Action: iam:PassRole
                Resource: "*"
                Condition: {StringEquals: {"iam:PassedToService": lambda.amazonaws.com}}
      Late:
        Type: AWS::IAM::RolePolicy
        Properties:
          RoleName: !Ref Role
          PolicyName: late
          PolicyDocument:
            Statement: {Effect: Deny, Action: "sqs:*", Resource: "*"}
      Jobs:
        Type: AWS::SQS::Queue
      Member:
        Type: AWS::IAM::User
        Properties:
          ManagedPolicyArns: [!Ref Shared]
    """


def test_policies_attach_to_roles_and_users(graph_of: GraphOf) -> None:
    graph = graph_of(POLICIES)
    assert set(edges(graph, EdgeKind.ATTACHES)) == {
        ("Role", "Shared"),
        ("Role", "arn:aws:iam::aws:policy/AmazonSQSFullAccess"),
        ("Role", "Extra"),
        ("Role", "Late"),
        ("Member", "Shared"),
    }
    assert set(edges(graph, EdgeKind.BOUNDS)) == {("template.yaml#Boundary", "Role")}
    assert edges(graph, EdgeKind.GRANTS)["Shared", "Jobs"].actions == {"*"}


def test_unbounded_counts_managed_policies_and_leaves_out_what_is_denied(graph_of: GraphOf) -> None:
    graph = graph_of(POLICIES)
    role = graph.nodes["template.yaml#Role"]
    permissions = role_permissions(graph, role)
    assert {each.holder.logical_id for each in permissions} == {
        "Shared",
        "Extra",
        "Late",
        "arn:aws:iam::aws:policy/AmazonSQSFullAccess",
    }
    # `*` on one queue is bounded, sqs:* of AmazonSQSFullAccess is denied, PassRole to one service is bounded.
    assert [(each.holder.logical_id, pattern) for each, pattern in unbounded(graph, role)] == [
        ("Extra", "iam:PassRole")
    ]
    assert is_denied(permissions, "sqs:SendMessage")
    assert not is_allowed(permissions, "sqs:SendMessage")
    assert is_allowed(permissions, "dynamodb:GetItem")


def test_a_boundary_voids_what_it_does_not_allow(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Limit:
            Type: AWS::IAM::ManagedPolicy
            Properties:
              PolicyDocument:
                Statement:
                  - {Effect: Allow, Action: [s3:*, sqs:*], Resource: "*"}
                  - {Effect: Deny, Action: sqs:DeleteQueue, Resource: "*"}
          Role:
            Type: AWS::IAM::Role
            Properties: {AssumeRolePolicyDocument: {}, PermissionsBoundary: !Ref Limit}
          Managed:
            Type: AWS::IAM::Role
            Properties: {PermissionsBoundary: "arn:aws:iam::aws:policy/PowerUserAccess"}
          Unknown:
            Type: AWS::IAM::Role
            Properties: {PermissionsBoundary: "arn:aws:iam::111122223333:policy/limit"}
        """
    )
    role, managed, unknown = (graph.nodes[f"template.yaml#{name}"] for name in ("Role", "Managed", "Unknown"))
    voided = [
        pattern
        for pattern in ("s3:Get*", "dynamodb:*", "sqs:DeleteQueue", "sqs:*", "*")
        if is_void(graph, role, pattern)
    ]
    assert voided == ["dynamodb:*", "sqs:DeleteQueue"]
    assert is_void(graph, managed, "iam:CreateUser")
    assert not is_void(graph, managed, "s3:GetObject")
    assert not is_void(graph, unknown, "s3:GetObject")


def test_document_size_leaves_out_white_space_and_unknowns(graph_of: GraphOf) -> None:
    graph = graph_of(POLICIES)
    [document] = graph.iam.documents[graph.nodes["template.yaml#Shared"]]
    assert document.kind == "managed"
    smallest = '{"Statement":{"Effect":"Allow","Action":"*","Resource":""}}'
    assert len(smallest) <= document_size(document) <= len(smallest) + 2


def test_a_trust_policy_lets_another_role_assume(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Deployer:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument:
                Statement: {Effect: Allow, Principal: {AWS: !GetAtt Builder.Arn}, Action: sts:AssumeRole}
          Builder:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument:
                Statement: {Effect: Allow, Principal: {Service: codebuild.amazonaws.com}, Action: sts:AssumeRole}
        """
    )
    assert set(edges(graph, EdgeKind.ASSUMES)) == {("Builder", "Deployer")}
    assert len(trust(graph, graph.nodes["template.yaml#Builder"])) == 1


def test_wildcards_in_names_fit_named_and_generated_names(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters:
          Env: {Type: String}
        Resources:
          Orders: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub "${Env}-orders"}}
          Carts: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub "${Env}-carts"}}
          Audit: {Type: AWS::DynamoDB::Table}
          One:
            Type: AWS::IAM::ManagedPolicy
            Properties:
              PolicyDocument:
                Statement:
                  Effect: Allow
                  Action: dynamodb:GetItem
                  Resource: !Sub "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Env}-ord*"
          Both:
            Type: AWS::IAM::ManagedPolicy
            Properties:
              PolicyDocument:
                Statement: {Effect: Allow, Action: dynamodb:*, Resource: !Sub "arn:aws:dynamodb:*:*:table/${Env}-*"}
          Generated:
            Type: AWS::IAM::ManagedPolicy
            Properties:
              PolicyDocument:
                Statement:
                  Effect: Allow
                  Action: dynamodb:*
                  Resource: !Sub "arn:aws:dynamodb:*:*:table/${AWS::StackName}-Aud*"
          None:
            Type: AWS::IAM::ManagedPolicy
            Properties:
              PolicyDocument:
                Statement: {Effect: Allow, Action: dynamodb:*, Resource: "arn:aws:dynamodb:*:*:table/prod-*"}
        """
    )
    found = edges(graph, EdgeKind.GRANTS)
    assert set(found) == {("One", "Orders"), ("Both", "Orders"), ("Both", "Carts"), ("Generated", "Audit")}
    assert "family" not in found["One", "Orders"].detail
    assert found["Both", "Carts"].detail["family"] is True


PERMITS = """
    Parameters:
      Source: {Type: String}
    Resources:
      Rule: {Type: AWS::Events::Rule}
      Topic: {Type: AWS::SNS::Topic}
      Bucket: {Type: AWS::S3::Bucket}
      Jobs: {Type: AWS::SQS::Queue}
      Rest: {Type: AWS::SQS::Queue}
      Policy:
        Type: AWS::SQS::QueuePolicy
        Properties:
          Queues: [!Ref Jobs, !Ref Rest]
          PolicyDocument:
            Statement:
              - Effect: Allow
                Principal: {Service: events.amazonaws.com}
                Action: sqs:SendMessage
                Resource: "*"
                Condition: {ArnEquals: {"aws:SourceArn": !GetAtt Rule.Arn}}
              - Effect: Allow
                Principal: {Service: sns.amazonaws.com}
                Action: sqs:*
                Resource: !GetAtt Jobs.Arn
              - {Effect: Deny, Principal: "*", Action: sqs:*, Resource: "*"}
      Fn: {Type: AWS::Lambda::Function, Properties: {}}
      FromBucket:
        Type: AWS::Lambda::Permission
        Properties:
          FunctionName: !Ref Fn
          Action: lambda:InvokeFunction
          Principal: s3.amazonaws.com
          SourceArn: !GetAtt Bucket.Arn
      FromUnknown:
        Type: AWS::Lambda::Permission
        Properties:
          FunctionName: !GetAtt Fn.Arn
          Action: lambda:InvokeFunction
          Principal: events.amazonaws.com
          SourceArn: !Ref Source
    """


def test_resource_policies_permit_their_sources(graph_of: GraphOf) -> None:
    graph = graph_of(PERMITS)
    found = edges(graph, EdgeKind.PERMITS)
    assert set(found) == {
        ("Rule", "Jobs"),
        ("Rule", "Rest"),
        ("sns.amazonaws.com", "Jobs"),
        ("Bucket", "Fn"),
        ("template.yaml#Source", "Fn"),
    }
    assert found["Rule", "Rest"].via is graph.nodes["template.yaml#Policy"]
    assert found["Bucket", "Fn"].via is graph.nodes["template.yaml#FromBucket"]
    assert line(found["Rule", "Jobs"]) == 20


def test_may_deliver(graph_of: GraphOf) -> None:
    graph = graph_of(PERMITS)
    node = {name: graph.nodes[f"template.yaml#{name}"] for name in ("Rule", "Topic", "Bucket", "Jobs", "Rest", "Fn")}
    assert may_deliver(graph, node["Rule"], node["Jobs"]) is True
    assert may_deliver(graph, node["Topic"], node["Jobs"]) is True
    assert may_deliver(graph, node["Topic"], node["Rest"]) is False
    assert may_deliver(graph, node["Bucket"], node["Fn"]) is True
    assert may_deliver(graph, node["Rule"], node["Fn"]) is None
    assert may_deliver(graph, node["Topic"], node["Fn"]) is False
    assert may_deliver(graph, node["Topic"], node["Bucket"]) is None


def test_policies_on_keys_buses_secrets_and_buckets(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Key:
            Type: AWS::KMS::Key
            Properties:
              KeyPolicy:
                Statement:
                  - Effect: Allow
                    Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}
                    Action: kms:*
                    Resource: "*"
                  - Effect: Allow
                    Principal: {AWS: !GetAtt Role.Arn}
                    Action: kms:Decrypt
                    Resource: "*"
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: orders}}
          BusPolicy:
            Type: AWS::Events::EventBusPolicy
            Properties: {EventBusName: orders, StatementId: a, Principal: "111122223333", Action: events:PutEvents}
          DefaultBusPolicy:
            Type: AWS::Events::EventBusPolicy
            Properties: {StatementId: a, Principal: "*", Action: events:PutEvents}
          Secret: {Type: AWS::SecretsManager::Secret}
          SecretPolicy:
            Type: AWS::SecretsManager::ResourcePolicy
            Properties:
              SecretId: !Ref Secret
              ResourcePolicy:
                Statement:
                  Effect: Allow
                  Principal: {AWS: !GetAtt Role.Arn}
                  Action: secretsmanager:Get*
                  Resource: "*"
          Bucket: {Type: AWS::S3::Bucket}
          BucketPolicy:
            Type: AWS::S3::BucketPolicy
            Properties:
              Bucket: !Ref Bucket
              PolicyDocument:
                Statement:
                  Effect: Allow
                  Principal: "*"
                  Action: s3:GetObject
                  Resource: !Sub "arn:aws:s3:::${Bucket}/*"
        """
    )
    assert set(edges(graph, EdgeKind.PERMITS)) == {
        ("arn:aws:iam::${AWS::AccountId}:root", "Key"),
        ("Role", "Key"),
        ("arn:aws:iam::111122223333:root", "Bus"),
        ("Role", "Secret"),
        ("*", "Bucket"),
    }


def test_odd_values_are_passed_over(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies: 3
              ManagedPolicyArns: {a: b, c: d}
              AssumeRolePolicyDocument: [1]
              PermissionsBoundary: [x]
          Policy:
            Type: AWS::IAM::Policy
            Properties: {PolicyDocument: {Statement: [{Effect: [], Action: {}, Resource: 4}]}}
          Queue:
            Type: AWS::SQS::QueuePolicy
            Properties: {Queues: 7, PolicyDocument: {Statement: {Effect: Allow, Action: 1}}}
          Bus: {Type: AWS::Events::EventBusPolicy, Properties: {EventBusName: [], Statement: x}}
          Permission:
            Type: AWS::Lambda::Permission
            Properties: {FunctionName: 5, Principal: {}, SourceArn: [[]], Action: 1}
          Layer: {Type: AWS::Lambda::LayerVersionPermission}
          Fn: {Type: AWS::Lambda::Function, Properties: {Role: 5, Environment: [1]}}
        """
    )
    assert not edges(graph, EdgeKind.GRANTS)


def test_a_policy_inside_an_api_s_definition(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Api:
            Type: AWS::ApiGateway::RestApi
            Properties:
              Body:
                x-amazon-apigateway-policy:
                  Statement:
                    - {Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*"}
        """
    )
    assert set(edges(graph, EdgeKind.PERMITS)) == {("*", "Api")}


def test_a_policy_made_of_data_and_a_table_of_a_catalog(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Domain:
            Type: AWS::ApiGateway::DomainNameV2
            Properties:
              Policy:
                Fn::ToJsonString:
                  Statement:
                    - {Effect: Allow, Principal: "*", Action: "execute-api:*", Resource: "arn:aws:execute-api:*:*:*/*"}
          Catalog: {Type: AWS::Glue::Database, Properties: {DatabaseInput: {Name: sales}}}
          Orders: {Type: AWS::Glue::Table, Properties: {DatabaseName: !Ref Catalog, TableInput: {Name: orders}}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: [glue:GetTable, glue:GetDatabase]
                        Resource:
                          - !Sub "arn:aws:glue:${AWS::Region}:${AWS::AccountId}:table/${Catalog}/${Orders}"
                          - !Sub "arn:aws:glue:${AWS::Region}:${AWS::AccountId}:database/sales"
        """
    )
    assert [str(edge.target) for edge in graph.edges if edge.kind is EdgeKind.GRANTS] == ["Orders", "Catalog"]
    assert [(str(edge.source), str(edge.target)) for edge in graph.edges if edge.kind is EdgeKind.PERMITS] == [
        ("*", "Domain")
    ]


def test_a_folder_of_secrets_is_a_family(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          One: {Type: AWS::SecretsManager::Secret, Properties: {Name: !Sub "/${AWS::StackName}/keys/one"}}
          Two: {Type: AWS::SecretsManager::Secret, Properties: {Name: !Sub "/${AWS::StackName}/keys/two"}}
          Other: {Type: AWS::SecretsManager::Secret, Properties: {Name: other}}
          Key:
            Type: AWS::KMS::Key
            Properties:
              KeyPolicy:
                Statement:
                  - Effect: Allow
                    Principal: {Service: secretsmanager.amazonaws.com}
                    Action: kms:Decrypt
                    Resource: "*"
                    Condition:
                      ArnLike:
                        aws:SourceArn:
                          - !Sub "arn:aws:secretsmanager:x:${AWS::AccountId}:secret:/${AWS::StackName}/keys/*"
        """
    )
    assert set(edges(graph, EdgeKind.PERMITS)) == {("One", "Key"), ("Two", "Key")}


def test_commands_are_granted_on_the_instances_they_run_on(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Host: {Type: AWS::EC2::Instance}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: run
                  PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: ssm:SendCommand
                        Resource: !Sub "arn:aws:ec2:${AWS::Region}:${AWS::AccountId}:instance/${Host}"
        """
    )
    assert set(edges(graph, EdgeKind.GRANTS)) == {("Role", "Host")}
