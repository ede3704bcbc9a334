from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.graph.drawing import drawn, edge, line

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_mapping_joins_source_and_function(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Jobs: {Type: AWS::SQS::Queue}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Live: {Type: AWS::Lambda::Alias, Properties: {Name: live, FunctionName: !Ref Fn, FunctionVersion: "1"}}
          Poll:
            Type: AWS::Lambda::EventSourceMapping
            Properties:
              EventSourceArn: !GetAtt Jobs.Arn
              FunctionName: !Ref Live
              BatchSize: 10
              FilterCriteria:
                Filters:
                  - Pattern: '{"body": {"kind": ["a"]}}'
                  - Pattern: !Sub '{"body": {"account": ["${AWS::AccountId}"]}}'
                  - Pattern: 'no json'
        """
    )
    assert drawn(graph) == ["Jobs -triggers:poll-> Fn:live"]
    found = edge(graph, "Jobs -triggers:poll-> Fn:live")
    assert found.via is not None
    assert found.via.logical_id == "Poll"
    assert line(found) == ("template.yaml", 9)
    assert found.detail["batch_size"] == 10
    assert found.detail["filters"] == [{"body": {"kind": ["a"]}}, {"body": {"account": [None]}}, None]


def test_mapping_of_a_stream_consumer_is_one_of_the_stream(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Clicks: {Type: AWS::Kinesis::Stream, Properties: {}}
          Consumer: {Type: AWS::Kinesis::StreamConsumer, Properties: {ConsumerName: c, StreamARN: !GetAtt Clicks.Arn}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Poll:
            Type: AWS::Lambda::EventSourceMapping
            Properties:
              EventSourceArn: !GetAtt Consumer.ConsumerARN
              FunctionName: !Ref Fn
              DestinationConfig: {OnFailure: {Destination: !Ref Failures}}
          Failures: {Type: AWS::SNS::Topic}
        """
    )
    assert drawn(graph) == ["Clicks -triggers:poll-> Fn", "Fn -dead_letters-> Failures"]
    assert edge(graph, "Clicks -triggers:poll-> Fn").detail == {"enhanced_fan_out": True}
    assert str(edge(graph, "Fn -dead_letters-> Failures").via) == "Poll"


def test_an_unknown_source_still_is_a_source(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Name: {Type: String}}
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Kafka:
            Type: AWS::Lambda::EventSourceMapping
            Properties:
              FunctionName: !Ref Fn
              SelfManagedEventSource: {Endpoints: {KafkaBootstrapServers: [a.example:9092, b.example:9092]}}
          Cluster:
            Type: AWS::Lambda::EventSourceMapping
            Properties:
              FunctionName: !Ref Fn
              EventSourceArn: !Sub arn:aws:kafka:${AWS::Region}:${AWS::AccountId}:cluster/${Name}/1
          Selected:
            Type: AWS::Lambda::EventSourceMapping
            Properties: {FunctionName: !Ref Fn, EventSourceArn: !Select [0, !GetAZs ""]}
        """
    )
    assert drawn(graph) == [
        "kafka a.example:9092,b.example:9092 -triggers:poll-> Fn",
        "template.yaml#Name -triggers:poll-> Fn",
        "template.yaml#Selected.EventSourceArn -triggers:poll-> Fn",
    ]


def test_destinations_of_asynchronous_invocations(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders}}
          Next: {Type: AWS::Lambda::Function, Properties: {}}
          Done: {Type: AWS::Events::EventBus, Properties: {Name: done}}
          Failed: {Type: AWS::SQS::Queue}
          Config:
            Type: AWS::Lambda::EventInvokeConfig
            Properties:
              FunctionName: orders
              Qualifier: $LATEST
              DestinationConfig:
                OnSuccess: {Destination: !GetAtt Done.Arn}
                OnFailure: {Destination: !GetAtt Failed.Arn}
          Chain:
            Type: AWS::Lambda::EventInvokeConfig
            Properties:
              FunctionName: !Ref Next
              DestinationConfig: {OnSuccess: {Destination: !GetAtt Fn.Arn}, OnFailure: {Destination: !GetAtt Fn.Arn}}
        """
    )
    assert drawn(graph) == [
        "Fn -dead_letters-> Failed",
        "Fn -publishes-> Done",
        "Next -dead_letters-> Fn",
        "Next -invokes:async-> Fn",
    ]
    assert str(edge(graph, "Fn -dead_letters-> Failed").via) == "Config"


def test_function_and_its_url_layers_and_file_system(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Fn:
            Type: AWS::Lambda::Function
            Properties:
              DeadLetterConfig: {TargetArn: !GetAtt Dead.Arn}
              Layers: [!Ref Layer]
              LoggingConfig: {LogGroup: !Ref Logs}
              FileSystemConfigs: [{Arn: !GetAtt Point.Arn, LocalMountPath: /mnt/x}]
          Dead: {Type: AWS::SQS::Queue}
          Layer: {Type: AWS::Lambda::LayerVersion, Properties: {Content: {}}}
          Logs: {Type: AWS::Logs::LogGroup}
          Point: {Type: AWS::EFS::AccessPoint, Properties: {FileSystemId: !Ref Files}}
          Files: {Type: AWS::EFS::FileSystem}
          Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref Fn, AuthType: NONE}}
        """
    )
    assert drawn(graph) == [
        "Fn -dead_letters-> Dead",
        "Fn -logs_to-> Logs",
        "Fn -reads-> Files",
        "Fn -uses_layer-> Layer",
        "Fn -writes-> Files",
        "Url -triggers:sync-> Fn",
    ]
    assert str(edge(graph, "Fn -writes-> Files").via) == "Point"


def test_custom_resources_invoke_their_token(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Setup: {Type: Custom::Setup, Properties: {ServiceToken: !GetAtt Fn.Arn}}
          Other: {Type: AWS::CloudFormation::CustomResource, Properties: {ServiceToken: !Ref Topic}}
          Plain: {Type: Custom::Nothing, Properties: {}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Topic: {Type: AWS::SNS::Topic}
        """
    )
    assert drawn(graph) == ["Other -delivers-> Topic", "Setup -invokes:sync-> Fn"]


def test_deployment_hooks_of_an_alias(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Before: {Type: AWS::Lambda::Function, Properties: {}}
          Group: {Type: AWS::CodeDeploy::DeploymentGroup, Properties: {ApplicationName: a}}
          Live:
            Type: AWS::Lambda::Alias
            Properties: {Name: live, FunctionName: !Ref Fn, FunctionVersion: "1"}
            UpdatePolicy:
              CodeDeployLambdaAliasUpdate: {DeploymentGroupName: !Ref Group, BeforeAllowTrafficHook: !Ref Before}
        """
    )
    assert drawn(graph) == ["Group -invokes:sync-> Before"]


def test_a_gateway_calls_its_interceptor_and_its_tools(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Gate:
            Type: AWS::BedrockAgentCore::Gateway
            Properties:
              InterceptorConfigurations: [{Interceptor: {Lambda: {Arn: !GetAtt Check.Arn}}}]
          Tools:
            Type: AWS::BedrockAgentCore::GatewayTarget
            Properties:
              GatewayIdentifier: !Ref Gate
              TargetConfiguration: {Mcp: {Lambda: {LambdaArn: !GetAtt Tool.Arn}}}
          Check: {Type: AWS::Lambda::Function, Properties: {}}
          Tool: {Type: AWS::Lambda::Function, Properties: {}}
        """
    )
    assert drawn(graph) == ["Gate -triggers:sync-> Check", "Gate -triggers:sync-> Tool"]
