"""What a stack takes from others by name, where it asks for it and who provides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.graph.imports import imports, is_external_name
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from archlint.graph.model import ResourceGraph
    from tests.unit.graph.conftest import GraphOf

PROVIDER = """
    Parameters: {Stage: {Type: String, Default: dev}}
    Resources:
      Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
      Parameter:
        Type: AWS::SSM::Parameter
        Properties: {Type: String, Name: !Sub "/shop/${Stage}/bus", Value: !Ref Bus}
    Outputs:
      Bus: {Value: !Ref Bus, Export: {Name: platform-bus}}
      Arn: {Value: !GetAtt Bus.Arn, Export: {Name: !Sub "${AWS::StackName}-bus-arn"}}
"""


def of_template(graph: ResourceGraph) -> list[tuple[str, str, list[str], bool, bool]]:
    stack = next(stack for stack in graph.stacks if stack.template.name == "template.yaml")
    return [
        (item.how, item.name, [provider.via.id for provider in item.providers], item.is_external, item.is_conditional)
        for item in imports(graph, stack)
    ]


def test_exports_and_their_lines(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Platform: {Type: String}}
        Resources:
          Rule:
            Type: AWS::Events::Rule
            Properties:
              EventBusName: !ImportValue platform-bus
              Description: !ImportValue {"Fn::Sub": "${Platform}-bus-arn"}
              RoleArn: !ImportValue platform-role
        """,
        platform=PROVIDER,
    )
    assert of_template(graph) == [
        ("export", "platform-bus", ["platform.yaml#Outputs.Bus"], False, False),
        ("export", "${Platform}-bus-arn", ["platform.yaml#Outputs.Arn"], False, False),
        ("export", "platform-role", [], False, False),
    ]
    stack = graph.stacks[1] if graph.stacks[1].template.name == "template.yaml" else graph.stacks[0]
    assert [item.place.location().region.start_line for item in imports(graph, stack)] == [7, 8, 9]
    [edge] = [edge for edge in graph.edges if edge.kind == "imports" and str(edge.via) == "Bus"]
    assert edge.place is not None
    assert (edge.place.location().file, edge.place.location().region.start_line) == ("template.yaml", 7)


def test_ssm_parameters_in_every_spelling(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Transform: AWS::Serverless-2016-10-31
        Globals:
          Function: {Environment: {Variables: {BUS: "{{resolve:ssm:/shop/dev/bus:1}}"}}}
        Parameters:
          Stage: {Type: String, Default: dev}
          Bus: {Type: "AWS::SSM::Parameter::Value<String>", Default: /shop/dev/bus}
          Later: {Type: "AWS::SSM::Parameter::Value<String>"}
          Image: {Type: "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", Default: /aws/service/ami/x}
        Resources:
          Rule:
            Type: AWS::Events::Rule
            Properties:
              EventBusName: !Sub "{{resolve:ssm:/shop/${Stage}/bus}}"
              Description: !Sub ["{{resolve:ssm:/shop/${S}/other}} and {{resolve:ssm:x}}", {S: !Ref Stage}]
        """,
        platform=PROVIDER,
    )
    found = ["platform.yaml#Parameter"]
    assert of_template(graph) == [
        ("ssm", "/shop/dev/bus", found, False, False),
        ("ssm", "/aws/service/ami/x", [], True, False),
        ("ssm", "/shop/dev/bus", found, False, False),
        ("ssm", "/shop/dev/other", [], False, False),
        ("ssm", "x", [], False, False),
        ("ssm", "/shop/dev/bus", found, False, False),
    ]


def test_outputs_of_nested_stacks(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Platform: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: platform.yaml}}
          Remote: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: "https://shop.example/x.yaml"}}
          Topic:
            Type: AWS::SNS::Topic
            Properties:
              DisplayName: !Sub "${Platform.Outputs.Bus} ${Platform.Outputs.Gone}"
              TopicName: !GetAtt Remote.Outputs.Name
        """,
        platform=PROVIDER,
    )
    assert of_template(graph) == [
        ("output", "Platform.Outputs.Bus", ["platform.yaml#Outputs.Bus@template.yaml#Platform"], False, False),
        ("output", "Platform.Outputs.Gone", [], False, False),
    ]


def test_conditional_imports(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Stage: {Type: String}}
        Conditions: {IsProduction: !Equals [!Ref Stage, production]}
        Resources:
          Always:
            Type: AWS::SNS::Topic
            Properties: {DisplayName: !If [IsProduction, !ImportValue a-b, x]}
          Sometimes:
            Type: AWS::SNS::Topic
            Condition: IsProduction
            Properties: {DisplayName: !ImportValue c-d}
        Outputs:
          Name: {Value: !ImportValue e-f}
        """
    )
    assert [(name, conditional) for _, name, _, _, conditional in of_template(graph)] == [
        ("a-b", True),
        ("c-d", True),
        ("e-f", False),
    ]


def test_own_exports_and_names_that_say_nothing_are_left_out(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Name: {Type: String}}
        Resources:
          Own: {Type: AWS::SSM::Parameter, Properties: {Type: String, Name: own, Value: x}}
          Topic:
            Type: AWS::SNS::Topic
            Properties:
              DisplayName: !ImportValue {Ref: Name}
              TopicName: "{{resolve:ssm:own}}"
        """
    )
    assert of_template(graph) == []


@pytest.mark.parametrize(
    "section",
    ["[]", "{Topic: 7}", "{Topic: [!ImportValue [1]]}", "{Topic: {Fn::Sub: 7}}", "{Topic: {Fn::GetAtt: [7, 8]}}"],
)
def test_odd_templates_are_no_trouble(graph_of: GraphOf, section: str) -> None:
    graph = graph_of(f"Resources:\n  A: {{Type: AWS::SNS::Topic}}\nOutputs: {section}\n")
    assert all(how == "export" for how, *_ in of_template(graph))


def test_finding_imports_leaves_the_graph_as_it_is(graph_of: GraphOf) -> None:
    graph = graph_of("Resources:\n  Topic: {Type: AWS::SNS::Topic}\n", platform=PROVIDER)
    before = list(graph.nodes)
    for stack in graph.stacks:
        imports(graph, stack)
    assert list(graph.nodes) == before


@pytest.mark.parametrize(
    ("name", "patterns", "external"),
    [
        ("network-vpc", (), False),
        ("network-vpc", ("network-",), True),
        ("network-vpc", ("*-vpc",), True),
        ("network-vpc", ("vpc", ""), False),
        ("/shop/dev/x", ("/shop/*/x",), True),
        ("/aws/service/x", (), True),
        ("/cdk-bootstrap/hnb659fds/version", (), True),
    ],
)
def test_names_that_are_known_to_come_from_elsewhere(name: str, patterns: tuple[str, ...], external: bool) -> None:
    assert is_external_name(name, patterns) is external


def test_an_export_that_is_named_after_a_function(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Stack: {Type: String}, Name: {Type: String}, Machine: {Type: String}}
        Resources:
          Filter:
            Type: AWS::Logs::MetricFilter
            Properties:
              LogGroupName: !ImportValue {"Fn::Sub": "${Stack}:functions:${Name}:LogGroup"}
              FilterName: !ImportValue {"Fn::Sub": "${Stack}:machines:${Machine}:LogGroup"}
        """,
        parent="""
        Resources:
          Functions:
            Type: AWS::CloudFormation::Stack
            Properties: {TemplateURL: ./functions.yaml, Parameters: {Stack: !Ref AWS::StackName}}
          Alarms:
            Type: AWS::CloudFormation::Stack
            Properties:
              TemplateURL: ./template.yaml
              Parameters:
                Stack: !Ref AWS::StackName
                Name: !GetAtt Functions.Outputs.Name
                Machine: !GetAtt Functions.Outputs.Machine
        """,
        functions="""
        Parameters: {Stack: {Type: String}}
        Resources:
          Get: {Type: AWS::Lambda::Function, Properties: {FunctionName: shop-get}}
          Flow: {Type: AWS::StepFunctions::StateMachine, Properties: {StateMachineName: shop-flow}}
          Logs: {Type: AWS::Logs::LogGroup}
        Outputs:
          Name: {Value: !Ref Get}
          Machine: {Value: !GetAtt Flow.Name}
          GetLogs: {Value: !Ref Logs, Export: {Name: !Sub "${Stack}:functions:shop-get:LogGroup"}}
          FlowLogs: {Value: !Ref Logs, Export: {Name: !Sub "${Stack}:machines:${Flow.Name}:LogGroup"}}
        """,
    )
    found = [(how, providers) for how, _, providers, *_ in of_template(graph)]
    assert found == [
        ("export", ["functions.yaml#Outputs.GetLogs@parent.yaml#Functions"]),
        ("export", ["functions.yaml#Outputs.FlowLogs@parent.yaml#Functions"]),
    ]


def test_the_stacks_of_an_environment_each_provide_a_part(graph_of: GraphOf) -> None:
    part = """
        Parameters: {{Env: {{Type: String}}}}
        Resources: {{Thing: {{Type: AWS::SQS::Queue}}}}
        Outputs: {{Name: {{Value: !Ref Thing, Export: {{Name: !Sub "${{Env}}-{name}"}}}}}}
        """
    others = {"jobs/template": part.format(name="jobs"), "dead/template": part.format(name="dead")}
    graph = graph_of(
        """
        Parameters: {Env: {Type: String}}
        Resources:
          Queue:
            Type: AWS::SQS::Queue
            Properties:
              RedrivePolicy: {deadLetterTargetArn: !ImportValue {"Fn::Sub": "${Env}-dead"}}
          Topic:
            Type: AWS::SNS::Topic
            Properties: {Subscription: [{Protocol: sqs, Endpoint: !ImportValue {"Fn::Sub": "${Env}-jobs"}}]}
        """,
        **others,
    )
    exporters = {edge.target.id for edge in graph.edges if edge.kind == "imports"}
    assert exporters == {"stack:jobs/template.yaml", "stack:dead/template.yaml"}


def test_no_other_stack_exports_by_the_name_of_this_one(graph_of: GraphOf) -> None:
    workers = """
        Resources: {Role: {Type: AWS::IAM::Role}}
        Outputs: {Role: {Value: !GetAtt Role.Arn, Export: {Name: !Sub "${AWS::StackName}-Role"}}}
        """
    told = workers.replace("AWS::StackName", "Parent") + "Parameters: {Parent: {Type: String}}\n"
    own = """
        Resources:
          Function:
            Type: AWS::Lambda::Function
            Properties: {Role: !ImportValue {"Fn::Sub": "${AWS::StackName}-Role"}}
        """
    alone, together = graph_of(own, workers=workers), graph_of(own, told=told.replace("        ", ""))
    assert [edge.target.external for edge in alone.edges if edge.kind is EdgeKind.ASSUMES] == [True]
    assert [str(edge.target) for edge in together.edges if edge.kind is EdgeKind.ASSUMES] == ["Role"]


def test_a_version_in_the_file_name_of_a_nested_template(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Branch: {Type: String}}
        Resources:
          One: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Sub "https://x/t/cluster-${Branch}.yaml"}}
          Two: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Sub "https://x/t/${Branch}.yaml"}}
        """,
        cluster="Resources: {Queue: {Type: AWS::SQS::Queue}}",
        other="Resources: {Topic: {Type: AWS::SNS::Topic}}",
    )
    assert [stack.id for stack in graph.stacks if stack.parent is not None] == ["cluster.yaml@template.yaml#One"]


def test_nested_templates_under_the_ending_that_a_build_gives_them_and_named_by_defaults(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters:
          Base: {Type: String, Default: "https://files.example/shop/"}
          Network: {Type: String, Default: "https://files.example/shop/network.template.yaml"}
          Store: {Type: String, Default: store.yaml}
        Resources:
          Api: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: "https://files.example/shop/api.template"}}
          Twice: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: "https://files.example/x/both.json"}}
          Network: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Ref Network}}
          Store: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Sub "${Base}v1/${Store}"}}
          Other:
            Type: AWS::CloudFormation::Stack
            Properties: {TemplateURL: !Sub ["https://x/${File}", {File: !If [Big, other.yml, !Ref Base]}]}
          Script: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: "https://files.example/shop/store.js"}}
        """,
        **dict.fromkeys(("api", "network", "store", "other", "both"), "Resources: {Queue: {Type: AWS::SQS::Queue}}"),
        **{"both.template": "Resources: {Topic: {Type: AWS::SNS::Topic}}"},
    )
    assert [stack.id for stack in graph.stacks if stack.parent is not None] == [
        "api.yaml@template.yaml#Api",
        "network.yaml@template.yaml#Network",
        "store.yaml@template.yaml#Store",
        "other.yaml@template.yaml#Other",
    ]


STORE = """
Conditions: {Prod: !Equals [!Ref "AWS::AccountId", "1"], Other: !Not [!Condition Prod]}
Resources:
  Wide: {Type: AWS::DynamoDB::Table, Condition: Prod}
  Narrow: {Type: AWS::DynamoDB::Table, Condition: Other}
Outputs:
  Wide: {Condition: Prod, Value: !GetAtt Wide.Arn, Export: {Name: !Sub "${AWS::StackName}-Orders"}}
  Narrow: {Condition: Other, Value: !GetAtt Narrow.Arn, Export: {Name: !Sub "${AWS::StackName}-Orders"}}
"""
USER = """
Parameters: {Store: {Type: String}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: read
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: dynamodb:GetItem, Resource: !ImportValue {"Fn::Sub": "${Store}-Orders"}}
"""


def test_outputs_that_exclude_each_other_are_one_export(graph_of: GraphOf) -> None:
    graph = graph_of(USER, store=STORE)
    assert {str(edge.target) for edge in graph.of_kind(EdgeKind.GRANTS)} == {"Wide", "Narrow"}
    assert {edge.evidence.label for edge in graph.of_kind(EdgeKind.IMPORTS)} == {"declared"}


def test_the_stack_s_own_name_tells_which_export_is_meant(graph_of: GraphOf) -> None:
    parent = """
Conditions: {Fast: !Equals [!Ref "AWS::Region", "eu-west-1"]}
Resources:
  One: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./one.yaml}}
  Two: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./two.yaml}}
  User:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./user.yaml
      Parameters: {Store: %s}
"""
    child = """
Resources:
  %s: {Type: AWS::DynamoDB::Table}
Outputs:
  Name: {Value: !Ref "AWS::StackName"}
  Table: {Value: !GetAtt %s.Arn, Export: {Name: !Sub "${AWS::StackName}-Orders"}}
"""
    for given, expected in (
        ("!GetAtt Two.Outputs.Name", {"B"}),
        ("!If [Fast, !GetAtt One.Outputs.Name, !GetAtt Two.Outputs.Name]", {"A", "B"}),
    ):
        graph = graph_of(parent % given, user=USER, one=child % ("A", "A"), two=child % ("B", "B"))
        assert {str(edge.target) for edge in graph.of_kind(EdgeKind.GRANTS)} == expected


def test_an_export_whose_name_is_a_parameter_is_known_by_the_parameter(graph_of: GraphOf) -> None:
    template = """
Parameters: {SubnetExport: {Type: String}}
Resources:
  Fn:
    Type: AWS::Lambda::Function
    Properties: {VpcConfig: {SubnetIds: [!ImportValue {Ref: SubnetExport}], SecurityGroupIds: []}}
"""
    assert {edge.target.id for edge in graph_of(template).of_kind(EdgeKind.RUNS_IN)} == {
        "external:template.yaml#SubnetExport"
    }
