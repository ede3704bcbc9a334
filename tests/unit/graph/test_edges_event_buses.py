from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.graph.drawing import drawn, edge, line

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_rule_between_bus_and_targets(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}}
          Placed:
            Type: AWS::Events::Rule
            Properties:
              EventBusName: shop
              EventPattern: {source: [orders], detail-type: [Placed]}
              Targets:
                - Id: fn
                  Arn: !GetAtt Fn.Arn
                  DeadLetterConfig: {Arn: !GetAtt Dead.Arn}
                - {Id: queue, Arn: !GetAtt Jobs.Arn}
                - Id: task
                  Arn: !GetAtt Cluster.Arn
                  RoleArn: !GetAtt Role.Arn
                  EcsParameters: {TaskDefinitionArn: !Ref Task}
                - {Id: bus, Arn: !Sub "arn:aws:events:${AWS::Region}:123456789012:event-bus/default"}
          Kept: {Type: AWS::Events::Archive, Properties: {SourceArn: !GetAtt Bus.Arn}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Jobs: {Type: AWS::SQS::Queue}
          Dead: {Type: AWS::SQS::Queue}
          Cluster: {Type: AWS::ECS::Cluster}
          Task: {Type: AWS::ECS::TaskDefinition, Properties: {}}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
        """
    )
    assert drawn(graph) == [
        "Bus -dead_letters-> Dead",
        "Bus -delivers-> Kept",
        "Bus -delivers-> Placed",
        "Placed -assumes-> Role",
        "Placed -dead_letters-> Dead",
        "Placed -delivers-> Jobs",
        "Placed -triggers:async-> Fn",
        "Placed -triggers:async-> Task",
    ]
    pattern = {"source": ["orders"], "detail-type": ["Placed"]}
    assert edge(graph, "Bus -delivers-> Placed").detail == {"pattern": pattern}
    found = edge(graph, "Placed -triggers:async-> Fn")
    assert found.detail == {"pattern": pattern, "target": "fn", "dead_letters": True}
    assert line(found) == ("template.yaml", 11)
    assert edge(graph, "Placed -delivers-> Jobs").detail["dead_letters"] is False
    assert edge(graph, "Placed -dead_letters-> Dead").detail == {"target": "fn"}


def test_the_default_bus_delivers_nothing(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Bus: {Type: String, Default: default}, Other: {Type: String}}
        Resources:
          Named: {Type: AWS::Events::Rule, Properties: {EventBusName: !Ref Bus, EventPattern: {source: [a]}}}
          Absent: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 hour)}}
          Given: {Type: AWS::Events::Rule, Properties: {EventBusName: !Ref Other, EventPattern: {source: [a]}}}
        """
    )
    assert drawn(graph) == ["template.yaml#Other -delivers-> Given"]


def test_bucket_and_alarm_deliver_to_the_rule_that_names_them(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Files: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "${AWS::StackName}-files"}}
          Other: {Type: AWS::S3::Bucket, Properties: {BucketName: other}}
          Old: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: old}}
          Created:
            Type: AWS::Events::Rule
            Properties:
              EventPattern: {source: [aws.s3], detail: {bucket: {name: [!Ref Files]}, object: {key: [{prefix: in/}]}}}
          Text:
            Type: AWS::Events::Rule
            Properties:
              EventPattern: !Sub '{"source": ["aws.s3"], "detail": {"bucket": {"name": ["${AWS::StackName}-files"]}}}'
          Prefix:
            Type: AWS::Events::Rule
            Properties: {EventPattern: {source: [aws.s3], detail: {bucket: {name: [{prefix: other}]}}}}
          Others:
            Type: AWS::Events::Rule
            Properties: {EventPattern: {source: [shop], detail: {bucket: {name: [other]}}}}
          Alarmed:
            Type: AWS::Events::Rule
            Properties: {EventPattern: {source: [aws.cloudwatch], resources: [!GetAtt Old.Arn]}}
        """
    )
    assert drawn(graph) == ["Files -delivers-> Created", "Files -delivers-> Text", "Old -delivers-> Alarmed"]


def test_schedules_of_all_kinds(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Hourly:
            Type: AWS::Scheduler::Schedule
            Properties:
              ScheduleExpression: rate(1 hour)
              Target: {Arn: !GetAtt Machine.Arn, RoleArn: !GetAtt Role.Arn, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}
          Sends:
            Type: AWS::Scheduler::Schedule
            Properties:
              Target:
                Arn: arn:aws:scheduler:::aws-sdk:sqs:sendMessage
                Input: !Sub '{"QueueUrl": "${Jobs}", "MessageBody": "x"}'
          Calls:
            Type: AWS::Scheduler::Schedule
            Properties:
              Target: {Arn: arn:aws:scheduler:::aws-sdk:lambda:invoke, Input: '{"FunctionName": "nightly"}'}
          Broken:
            Type: AWS::Scheduler::Schedule
            Properties: {Target: {Arn: arn:aws:scheduler:::aws-sdk:lambda:invoke, Input: 'x'}}
          Machine: {Type: AWS::StepFunctions::StateMachine, Properties: {}}
          Jobs: {Type: AWS::SQS::Queue}
          Dead: {Type: AWS::SQS::Queue}
          Fn: {Type: AWS::Lambda::Function, Properties: {FunctionName: nightly}}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
        """
    )
    assert drawn(graph) == [
        "Calls -triggers:async-> Fn",
        "Hourly -assumes-> Role",
        "Hourly -dead_letters-> Dead",
        "Hourly -triggers:async-> Machine",
        "Sends -delivers-> Jobs",
    ]
    detail = edge(graph, "Hourly -triggers:async-> Machine").detail
    assert detail == {"schedule": "rate(1 hour)", "dead_letters": True}


def test_schedules_belong_to_their_group(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Group: {Type: AWS::Scheduler::ScheduleGroup, Properties: {Name: !Sub '${AWS::StackName}-nightly'}}
          Named: {Type: AWS::Scheduler::Schedule, Properties: {GroupName: !Sub '${AWS::StackName}-nightly'}}
          Referred: {Type: AWS::Scheduler::Schedule, Properties: {GroupName: !Ref Group}}
          Plain: {Type: AWS::Scheduler::Schedule, Properties: {GroupName: default}}
          Elsewhere: {Type: AWS::Scheduler::Schedule, Properties: {GroupName: !ImportValue nightly}}
        """
    )
    assert drawn(graph) == [
        "Elsewhere -member_of-> nightly",
        "Named -member_of-> Group",
        "Referred -member_of-> Group",
    ]


def test_pipes_poll_their_source_and_call_their_target(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Pipe:
            Type: AWS::Pipes::Pipe
            Properties:
              RoleArn: !GetAtt Role.Arn
              Source: !GetAtt Orders.StreamArn
              SourceParameters:
                DynamoDBStreamParameters: {BatchSize: 5, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}
                FilterCriteria: {Filters: [{Pattern: '{"eventName": ["INSERT"]}'}]}
              Enrichment: !GetAtt Fn.Arn
              Target: !GetAtt Bus.Arn
          Starts:
            Type: AWS::Pipes::Pipe
            Properties:
              Source: !GetAtt Dead.Arn
              Target: !Ref Machine
              TargetParameters: {StepFunctionStateMachineParameters: {InvocationType: FIRE_AND_FORGET}}
          Runs:
            Type: AWS::Pipes::Pipe
            Properties:
              Source: !GetAtt Dead.Arn
              Target: !Ref Queue
              TargetParameters: {BatchJobParameters: {JobDefinition: !Ref Job, JobName: x}}
          Orders: {Type: AWS::DynamoDB::Table, Properties: {}}
          Dead: {Type: AWS::SQS::Queue}
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: b}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Machine: {Type: AWS::StepFunctions::StateMachine, Properties: {}}
          Queue: {Type: AWS::Batch::JobQueue, Properties: {}}
          Job: {Type: AWS::Batch::JobDefinition, Properties: {}}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
        """
    )
    assert drawn(graph) == [
        "Dead -triggers:poll-> Runs",
        "Dead -triggers:poll-> Starts",
        "Orders -triggers:poll-> Pipe",
        "Pipe -assumes-> Role",
        "Pipe -dead_letters-> Dead",
        "Pipe -delivers-> Bus",
        "Pipe -triggers:poll-> Fn",
        "Runs -triggers:poll-> Job",
        "Starts -triggers:async-> Machine",
    ]
    detail = edge(graph, "Orders -triggers:poll-> Pipe").detail
    assert detail == {"filters": [{"eventName": ["INSERT"]}], "batch_size": 5}


def test_topic_rules_of_iot(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Rule:
            Type: AWS::IoT::TopicRule
            Properties:
              TopicRulePayload:
                Sql: SELECT * FROM 'a'
                Actions:
                  - Lambda: {FunctionArn: !GetAtt Fn.Arn}
                  - DynamoDBv2: {RoleArn: !GetAtt Role.Arn, PutItem: {TableName: !Ref Table}}
                  - Sqs: {QueueUrl: !Ref Jobs, RoleArn: !GetAtt Role.Arn}
                ErrorAction: {S3: {BucketName: !Ref Files, Key: k, RoleArn: !GetAtt Role.Arn}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Table: {Type: AWS::DynamoDB::Table, Properties: {}}
          Jobs: {Type: AWS::SQS::Queue}
          Files: {Type: AWS::S3::Bucket}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
        """
    )
    assert drawn(graph) == [
        "Rule -assumes-> Role",
        "Rule -dead_letters-> Files",
        "Rule -delivers-> Jobs",
        "Rule -delivers-> Table",
        "Rule -triggers:async-> Fn",
    ]


def test_an_external_target_is_started_when_its_name_says_so(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {TargetArn: {Type: String}, WorkerFunctionArn: {Type: String}}
        Resources:
          A: {Type: AWS::Events::Rule, Properties: {Targets: [{Id: a, Arn: !Ref TargetArn}]}}
          B: {Type: AWS::Events::Rule, Properties: {Targets: [{Id: b, Arn: !Ref WorkerFunctionArn}]}}
          C:
            Type: AWS::Events::Rule
            Properties: {Targets: [{Id: c, Arn: "arn:aws:states:eu-west-1:1:stateMachine:x"}]}
        """
    )
    assert drawn(graph) == [
        "A -delivers-> template.yaml#TargetArn",
        "B -triggers:async-> template.yaml#WorkerFunctionArn",
        "C -triggers:async-> arn:aws:states:eu-west-1:1:stateMachine:x",
    ]


def test_a_pattern_knows_what_the_run_keeps_in_parameters(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Name: {Type: AWS::SSM::Parameter, Properties: {Name: /shop/source, Type: String, Value: orders}}
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
          Rule:
            Type: AWS::Events::Rule
            Properties:
              EventBusName: !Ref Bus
              EventPattern: {source: ["{{resolve:ssm:/shop/source}}", "{{resolve:ssm:/shop/other}}"]}
        """
    )
    pattern = {"source": ["orders", "{{resolve:ssm:/shop/other}}"]}
    assert edge(graph, "Bus -delivers-> Rule").detail == {"pattern": pattern}
