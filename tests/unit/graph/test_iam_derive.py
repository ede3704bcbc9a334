from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind, Evidence, Mode

if TYPE_CHECKING:
    from archlint.graph.model import Edge, ResourceGraph
    from tests.unit.graph.conftest import GraphOf

FLOWS = (
    EdgeKind.READS,
    EdgeKind.WRITES,
    EdgeKind.PUBLISHES,
    EdgeKind.INVOKES,
    EdgeKind.CONNECTS,
    EdgeKind.TRIGGERS,
    EdgeKind.ASSUMES,
)


def allowed(graph: ResourceGraph) -> dict[tuple[str, str, str], Edge]:
    """The edges that policies brought: (source, kind, target)."""
    return {
        (edge.source.logical_id, edge.kind.value, edge.target.logical_id): edge
        for edge in graph.of_kind(*FLOWS)
        if edge.evidence <= Evidence.POLICY
    }


ONE_FUNCTION = """
    Parameters:
      TopicArn: {Type: String}
    Resources:
      Orders: {Type: AWS::DynamoDB::Table}
      Jobs: {Type: AWS::SQS::Queue}
      Files: {Type: AWS::S3::Bucket}
      Worker: {Type: AWS::Lambda::Function, Properties: {}}
      Machine: {Type: AWS::StepFunctions::StateMachine, Properties: {DefinitionString: "{}"}}
      Fn:
        Type: AWS::Lambda::Function
        Properties:
          Role: !GetAtt Role.Arn
          Environment: {Variables: {ORDERS: !Ref Orders, TOPIC: !Ref TopicArn, LEVEL: INFO}}
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument: {}
          Policies:
            - PolicyName: data
              PolicyDocument:
                Statement:
                  - {Effect: Allow, Action: dynamodb:Query, Resource: [!GetAtt Orders.Arn, !Sub "${Orders.Arn}/*"]}
                  - {Effect: Allow, Action: s3:PutObject, Resource: !Sub "arn:aws:s3:::${Files}/out/*"}
                  - {Effect: Allow, Action: [sqs:SendMessage, sqs:DeleteMessage], Resource: !GetAtt Jobs.Arn}
                  - {Effect: Allow, Action: [sns:Publish], Resource: !Ref TopicArn}
                  - {Effect: Allow, Action: lambda:InvokeFunction, Resource: !Sub "${Worker.Arn}:live"}
                  - {Effect: Allow, Action: states:Start*, Resource: !Ref Machine}
                  - {Effect: Allow, Action: dynamodb:*, Resource: "*"}
    """


def test_a_function_gets_what_its_role_allows(graph_of: GraphOf) -> None:
    found = allowed(graph_of(ONE_FUNCTION))
    assert set(found) == {
        ("Fn", "reads", "Orders"),
        ("Fn", "writes", "Files"),
        ("Fn", "publishes", "Jobs"),
        ("Fn", "publishes", "template.yaml#TopicArn"),
        ("Fn", "invokes", "Worker"),
        ("Fn", "invokes", "Machine"),
    }
    assert {edge.evidence for edge in found.values()} == {Evidence.POLICY}
    assert found["Fn", "invokes", "Worker"].mode is Mode.UNKNOWN
    assert found["Fn", "invokes", "Machine"].mode is Mode.ASYNC
    assert found["Fn", "writes", "Files"].detail["paths"] == ["/out/*"]
    assert set(found["Fn", "reads", "Orders"].actions) == {"dynamodb:Query"}
    place = found["Fn", "publishes", "Jobs"].place
    assert place is not None
    assert place.location().region.start_line == 25


def test_two_kinds_of_evidence_are_told_apart(graph_of: GraphOf) -> None:
    found = allowed(graph_of(ONE_FUNCTION))
    referenced = {target for (_, _, target), edge in found.items() if edge.detail["referenced"]}
    assert referenced == {"Orders", "template.yaml#TopicArn"}


SHARED = """
    Resources:
      Orders: {Type: AWS::DynamoDB::Table, Properties: {TableName: orders}}
      Named: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn, Environment: {Variables: {T: orders}}}}
      Referring:
        Type: AWS::Lambda::Function
        Properties: {Role: !GetAtt Role.Arn, Environment: {Variables: {T: !Ref Orders}}}
      Silent: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
      Role:
        Type: AWS::IAM::Role
        Properties: {AssumeRolePolicyDocument: {}}
      Policy:
        Type: AWS::IAM::Policy
        Properties:
          Roles: [!Ref Role]
          PolicyDocument:
            Statement: {Effect: Allow, Action: dynamodb:PutItem, Resource: !GetAtt Orders.Arn}
    """


def test_a_shared_role_is_policy_evidence_only_for_those_told_of_the_resource(graph_of: GraphOf) -> None:
    found = allowed(graph_of(SHARED))
    assert {source: edge.evidence for (source, _, _), edge in found.items()} == {
        "Named": Evidence.POLICY,
        "Referring": Evidence.POLICY,
        "Silent": Evidence.REFERENCE,
    }
    assert all(edge.detail["shared"] for edge in found.values())


def test_a_deny_takes_the_flow_away(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Files: {Type: AWS::S3::Bucket}
          Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument: {}
              Policies:
                - PolicyName: a
                  PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: s3:*, Resource: !Sub "${Files.Arn}/*"}
                      - {Effect: Deny, Action: [s3:Put*, s3:Delete*, s3:Replicate*], Resource: "*"}
        """
    )
    assert set(allowed(graph)) == {("Fn", "reads", "Files")}


POLLING = """
    Resources:
      Jobs: {Type: AWS::SQS::Queue}
      Failed: {Type: AWS::SQS::Queue}
      Other: {Type: AWS::SQS::Queue}
      Fn:
        Type: AWS::Lambda::Function
        Properties:
          Role: !GetAtt Role.Arn
          DeadLetterConfig: {TargetArn: !GetAtt Failed.Arn}
      Mapping:
        Type: AWS::Lambda::EventSourceMapping
        Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Fn}
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument: {}
          Policies:
            - PolicyName: a
              PolicyDocument:
                Statement:
                  - Effect: Allow
                    Action: [sqs:ReceiveMessage, sqs:DeleteMessage]
                    Resource: [!GetAtt Jobs.Arn, !GetAtt Other.Arn]
                  - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Failed.Arn}
    """


def test_receiving_without_a_mapping_is_polling_in_code(graph_of: GraphOf) -> None:
    found = allowed(graph_of(POLLING))
    # Jobs has its mapping; the right to send to Failed is what its DeadLetterConfig needs.
    assert set(found) == {("Other", "triggers", "Fn")}
    assert found["Other", "triggers", "Fn"].mode is Mode.POLL


def test_computes_other_than_functions(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Files: {Type: AWS::S3::Bucket}
          Execution: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument: {}
              Policies:
                - PolicyName: a
                  PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: s3:GetObject, Resource: !Sub "${Files.Arn}/*"}
                      - {Effect: Allow, Action: sts:AssumeRole, Resource: !GetAtt Execution.Arn}
          Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Role]}}
          Host: {Type: AWS::EC2::Instance, Properties: {IamInstanceProfile: !Ref Profile}}
          Task:
            Type: AWS::ECS::TaskDefinition
            Properties:
              TaskRoleArn: !GetAtt Role.Arn
              ExecutionRoleArn: !GetAtt Execution.Arn
              ContainerDefinitions: [{Environment: [{Name: B, Value: !Ref Files}]}]
          Batch:
            Type: AWS::Batch::JobDefinition
            Properties: {ContainerProperties: {JobRoleArn: !GetAtt Role.Arn}}
        """
    )
    found = allowed(graph)
    assert {key: edge.evidence for key, edge in found.items()} == {
        ("Host", "reads", "Files"): Evidence.REFERENCE,
        ("Task", "reads", "Files"): Evidence.POLICY,
        ("Batch", "reads", "Files"): Evidence.REFERENCE,
        ("Role", "assumes", "Execution"): Evidence.POLICY,
    }


def test_senders_that_are_declared_completely_get_no_policy_edges(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Jobs: {Type: AWS::SQS::Queue}
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument: {}
              Policies:
                - PolicyName: a
                  PolicyDocument:
                    Statement: {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Jobs.Arn}
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              RoleArn: !GetAtt Role.Arn
              Definition: {StartAt: A, States: {A: {Type: Pass, End: true}}}
          Schedule:
            Type: AWS::Scheduler::Schedule
            Properties: {Target: {Arn: !GetAtt Jobs.Arn, RoleArn: !GetAtt Role.Arn}}
        """
    )
    assert not allowed(graph)


def test_a_machine_with_a_dynamic_target_may_reach_what_its_role_allows(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          One: {Type: AWS::Lambda::Function, Properties: {}}
          Two: {Type: AWS::Lambda::Function, Properties: {}}
          Jobs: {Type: AWS::SQS::Queue}
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument: {}
              Policies:
                - PolicyName: a
                  PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: lambda:InvokeFunction, Resource: [!GetAtt One.Arn, !GetAtt Two.Arn]}
                      - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Jobs.Arn}
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              RoleArn: !GetAtt Role.Arn
              Definition:
                StartAt: A
                States:
                  A:
                    Type: Task
                    Resource: arn:aws:states:::lambda:invoke
                    Parameters: {FunctionName.$: $.function}
                    End: true
        """
    )
    assert set(allowed(graph)) == {("Machine", "invokes", "One"), ("Machine", "invokes", "Two")}


def test_what_a_job_reads_at_run_time_is_what_the_role_lets_it_read(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Media: {Type: AWS::S3::Bucket}
          Texts: {Type: AWS::S3::Bucket}
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument: {}
              Policies:
                - PolicyName: a
                  PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: s3:GetObject, Resource: !Sub "${Media.Arn}/*"}
                      - {Effect: Allow, Action: s3:PutObject, Resource: [!Sub "${Media.Arn}/*", !Sub "${Texts.Arn}/*"]}
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              RoleArn: !GetAtt Role.Arn
              Definition:
                StartAt: A
                States:
                  A:
                    Type: Task
                    Resource: arn:aws:states:::aws-sdk:transcribe:startTranscriptionJob
                    Parameters: {Media: {MediaFileUri.$: $.file}, OutputBucketName: !Ref Texts}
                    End: true
        """
    )
    assert set(allowed(graph)) == {("Machine", "reads", "Media")}


def test_the_arn_of_a_stream_alone_touches_no_item(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Orders: {Type: AWS::DynamoDB::Table}
          Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument: {}
              Policies:
                - PolicyName: a
                  PolicyDocument:
                    Statement: {Effect: Allow, Action: dynamodb:*, Resource: !GetAtt Orders.StreamArn}
        """
    )
    assert not allowed(graph)


def test_wildcard_on_several_tables_is_no_more_than_a_reference(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Orders: {Type: AWS::DynamoDB::Table, Properties: {TableName: shop-orders}}
          Carts: {Type: AWS::DynamoDB::Table, Properties: {TableName: shop-carts}}
          Fn:
            Type: AWS::Lambda::Function
            Properties: {Role: !GetAtt Role.Arn, Environment: {Variables: {T: !Ref Carts}}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument: {}
              Policies:
                - PolicyName: a
                  PolicyDocument:
                    Statement: {Effect: Allow, Action: dynamodb:GetItem, Resource: "arn:aws:dynamodb:*:*:table/shop-*"}
        """
    )
    found = allowed(graph)
    assert found["Fn", "reads", "Orders"].evidence is Evidence.REFERENCE
    assert found["Fn", "reads", "Carts"].evidence is Evidence.POLICY


def test_sam_policy_templates_and_globals(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Transform: AWS::Serverless-2016-10-31
        Globals:
          Function: {Environment: {Variables: {T: !Ref Orders}}}
        Resources:
          Orders: {Type: AWS::Serverless::SimpleTable}
          Fn:
            Type: AWS::Serverless::Function
            Properties:
              Handler: a.b
              Runtime: python3.13
              CodeUri: src/
              Policies:
                - DynamoDBReadPolicy: {TableName: !Ref Orders}
                - AmazonSQSFullAccess
        """
    )
    found = allowed(graph)
    assert {key: edge.detail["referenced"] for key, edge in found.items()} == {("Fn", "reads", "Orders"): True}


def test_a_parameter_that_the_policy_lets_the_code_get_is_referred_to(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Hook: {Type: AWS::SSM::Parameter, Properties: {Name: /app/hook, Type: String, Value: x}}
          Code:
            Type: AWS::Lambda::Function
            Properties: {Role: !GetAtt Role.Arn, Environment: {Variables: {HOOK: /app/hook}}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: get
                  PolicyDocument:
                    Statement:
                      - Effect: Allow
                        Action: ssm:GetParameter
                        Resource: !Sub "arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/app/hook"
        """
    )
    found = [(str(edge.source), edge.evidence) for edge in graph.edges if edge.target.logical_id == "Hook"]
    assert ("Code", Evidence.POLICY) in found


def test_a_bus_outside_the_run_whose_arn_the_code_is_told(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Code:
            Type: AWS::Lambda::Function
            Properties:
              Role: !GetAtt Role.Arn
              Environment:
                Variables:
                  BUS: !Sub "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/core"
                  OWN: !Sub "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"
                  TOPIC: !Sub "arn:aws:sns:${AWS::Region}:${AWS::AccountId}:news"
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: put
                  PolicyDocument: {Statement: [{Effect: Allow, Action: events:PutEvents, Resource: "*"}]}
        """
    )
    found = [edge.target.logical_id for edge in graph.edges if edge.kind is EdgeKind.PUBLISHES]
    assert found == ["arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/core"]
