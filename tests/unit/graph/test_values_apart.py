"""ARNs, URLs and lists that a template takes apart, or that come in several alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.imports import imports
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from archlint.graph.model import ResourceGraph
    from tests.unit.graph.conftest import GraphOf


def ends(graph: ResourceGraph, *kinds: EdgeKind) -> list[str]:
    return sorted(f"{edge.source} -> {edge.target}" for edge in graph.of_kind(*kinds))


ROLE = """
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies: [{PolicyName: all, PolicyDocument: {Statement: [{Effect: Allow, Action: "%s", Resource: %s}]}}]
"""


def granted(graph_of: GraphOf, action: str, resource: str, resources: str) -> list[str]:
    return ends(graph_of(f"Resources:\n{resources}{ROLE % (action, resource)}"), EdgeKind.GRANTS)


def test_the_name_in_a_queue_url(graph_of: GraphOf) -> None:
    resource = (
        '!Sub ["arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Name}", {Name: !Select [4, !Split ["/", !Ref Jobs]]}]'
    )
    assert granted(graph_of, "sqs:SendMessage", resource, "  Jobs: {Type: AWS::SQS::Queue}") == ["Role -> Jobs"]


def test_the_name_in_an_arn(graph_of: GraphOf) -> None:
    for piece in ('!Select [1, !Split ["/", !GetAtt Table.StreamArn]]', '!Select [1, !Split ["/", !GetAtt Table.Arn]]'):
        resource = f'!Sub ["arn:aws:dynamodb:*:*:table/${{Name}}", {{Name: {piece}}}]'
        assert granted(graph_of, "dynamodb:GetItem", resource, "  Table: {Type: AWS::DynamoDB::Table}") == [
            "Role -> Table"
        ]
    topic = '!Sub ["arn:aws:sns:*:*:${Name}", {Name: !Select [5, !Split [":", !Ref Topic]]}]'
    assert granted(graph_of, "sns:Publish", topic, "  Topic: {Type: AWS::SNS::Topic}") == ["Role -> Topic"]


def test_a_parameter_whose_name_brings_its_slash(graph_of: GraphOf) -> None:
    for name in ("/app/limit", "limit"):
        parameter = f"  Limit: {{Type: AWS::SSM::Parameter, Properties: {{Name: {name}}}}}"
        resource = '!Sub "arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter${Limit}"'
        assert granted(graph_of, "ssm:GetParameter", resource, parameter) == ["Role -> Limit"]


def test_a_bucket_outside_is_one_node_with_all_its_objects(graph_of: GraphOf) -> None:
    resource = '["arn:aws:s3:::theirs", "arn:aws:s3:::theirs/*", "arn:aws:s3:::theirs/in/*"]'
    assert granted(graph_of, "s3:GetObject", resource, "") == ["Role -> arn:aws:s3:::theirs"]


def test_a_layer_outside_keeps_its_version(graph_of: GraphOf) -> None:
    layer = "arn:aws:lambda:eu-west-1:123456789012:layer:tools:3"
    graph = graph_of(f"Resources: {{Fn: {{Type: AWS::Lambda::Function, Properties: {{Layers: ['{layer}']}}}}}}")
    assert ends(graph, EdgeKind.USES_LAYER) == [f"Fn -> {layer}"]


CHILD = """
Parameters: {Subnets: {Type: CommaDelimitedList}}
Resources:
  Fn: {Type: AWS::Lambda::Function, Properties: {VpcConfig: {SubnetIds: !Ref Subnets}}}
"""
NETWORK = """
Conditions: {Three: !Equals [!Ref "AWS::Region", eu-west-1]}
Resources: {A: {Type: AWS::EC2::Subnet}, B: {Type: AWS::EC2::Subnet}, C: {Type: AWS::EC2::Subnet}}
Outputs: {Subnets: {Value: !If [Three, !Sub "${A},${B},${C}", !Sub "${A},${B}"]}}
"""
PARENT = """
Resources:
  Network: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./network.yaml}}
  Code:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./child.yaml
      Parameters: {Subnets: !GetAtt Network.Outputs.Subnets, Unused: !GetAtt Network.Outputs.Subnets}
"""


def test_a_list_with_alternatives(graph_of: GraphOf) -> None:
    graph = graph_of(PARENT, child=CHILD, network=NETWORK)
    assert ends(graph, EdgeKind.RUNS_IN) == ["Fn -> A", "Fn -> B", "Fn -> C"]


def test_siblings_are_linked_by_what_is_passed_though_nothing_uses_it(graph_of: GraphOf) -> None:
    child = "Parameters: {Subnets: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}}"
    graph = graph_of(PARENT, child=child, network=NETWORK)
    imported = [(edge.source.id, edge.target.id) for edge in graph.of_kind(EdgeKind.IMPORTS)]
    assert imported == [("stack:child.yaml@template.yaml#Code", "stack:network.yaml@template.yaml#Network")]


def test_an_unknown_dynamic_reference_in_a_sub_is_one_thing(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Stage: {Type: String}}
        Resources:
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Mapping:
            Type: AWS::Lambda::EventSourceMapping
            Properties: {FunctionName: !Ref Fn, EventSourceArn: !Sub "{{resolve:ssm:/${Stage}/jobs}}"}
        """
    )
    assert ends(graph, EdgeKind.TRIGGERS) == ["ssm:/${Stage}/jobs -> Fn"]


def test_an_item_of_a_list_that_nobody_gives_is_known_by_its_parameter(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}, Text: {Type: String}, Zones: {Type: String}}
        Resources:
          Endpoint:
            Type: AWS::EC2::VPCEndpoint
            Properties:
              SubnetIds: [!Select [0, !Ref Subnets], !Select [1, !Ref Subnets], !Select [0, !Split [",", !Ref Text]]]
              SecurityGroupIds: [!Select [0, !GetAZs ""], !Select [0], !Select [0, !Split []]]
        """
    )
    assert ends(graph, EdgeKind.RUNS_IN) == [
        "Endpoint -> template.yaml#Subnets",
        "Endpoint -> template.yaml#Text",
    ]


def test_a_parameter_without_value_names_what_is_named_by_it(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Name: {Type: String}, Other: {Type: String}}
        Resources:
          Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Name}}
          Trail: {Type: AWS::CloudTrail::Trail, Properties: {S3BucketName: !Ref Name}}
          Elsewhere: {Type: AWS::CloudTrail::Trail, Properties: {S3BucketName: !Ref Other}}
        """
    )
    assert ends(graph, EdgeKind.DELIVERS) == ["Elsewhere -> template.yaml#Other", "Trail -> Bucket"]


def test_actions_of_a_service_on_the_arns_of_another(graph_of: GraphOf) -> None:
    cluster = '"arn:aws:kafka:eu-west-1:123456789012:cluster/orders/1"'
    assert granted(graph_of, "kafka-cluster:ReadData", cluster, "") == [f"Role -> {cluster.strip(chr(34))}"]
    database = '"arn:aws:rds:eu-west-1:123456789012:cluster:orders"'
    assert granted(graph_of, "rds-data:ExecuteStatement", database, "") == [f"Role -> {database.strip(chr(34))}"]


WRITER = """
Parameters: {{Zone: {{Type: String}}}}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: "pass"
      Environment: {{Variables: {{BUCKET: !Sub "{{{{resolve:ssm:/lake/{}/bucket}}}}"}}}}
      Policies:
        - Statement:
            - Effect: Allow
              Action: s3:PutObject
              Resource: !Sub "arn:aws:s3:::{{{{resolve:ssm:/lake/{}/bucket}}}}/*"
"""
STORAGE = """
Resources:
  Bucket: {Type: AWS::S3::Bucket}
  Name: {Type: AWS::SSM::Parameter, Properties: {Type: String, Name: /lake/raw/bucket, Value: !Ref Bucket}}
"""


def test_a_dynamic_reference_amid_an_arn_is_the_bucket_that_the_parameter_names(graph_of: GraphOf) -> None:
    graph = graph_of(WRITER.format("raw", "raw"), storage=STORAGE)
    assert ends(graph, EdgeKind.WRITES) == ["Fn -> Bucket"]


def test_dynamic_references_of_which_a_parameter_is_part_are_each_template_s_own(graph_of: GraphOf) -> None:
    writer = WRITER.format("${Zone}", "${Zone}")
    graph = graph_of(writer, other=writer)
    assert ends(graph, EdgeKind.WRITES) == ["Fn -> ssm:/lake/${Zone}/bucket"] * 2
    assert len({edge.target for edge in graph.of_kind(EdgeKind.WRITES)}) == 2


def test_a_parameter_whose_default_is_a_dynamic_reference(graph_of: GraphOf) -> None:
    graph = graph_of(
        WRITER.format("raw", "raw")
        .replace("{{resolve:ssm:/lake/raw/bucket}}", "${Bucket}")
        .replace("Zone: {", 'Bucket: {Type: String, Default: "{{resolve:ssm:/lake/raw/bucket}}"}, Zone: {'),
        storage=STORAGE,
    )
    assert ends(graph, EdgeKind.WRITES) == ["Fn -> Bucket"]
    stack = next(stack for stack in graph.stacks if stack.template.name == "template.yaml")
    assert [(item.how, item.name) for item in imports(graph, stack)] == [("ssm", "/lake/raw/bucket")]


def test_the_identifier_in_the_arn_of_a_proxy(graph_of: GraphOf) -> None:
    proxy = "  Proxy: {Type: AWS::RDS::DBProxy, Properties: {DBProxyName: p}}"
    resource = (
        '!Sub ["arn:aws:rds-db:${AWS::Region}:${AWS::AccountId}:dbuser:${Id}/app", '
        '{Id: !Select [6, !Split [":", !GetAtt Proxy.DBProxyArn]]}]'
    )
    assert granted(graph_of, "rds-db:connect", resource, proxy) == ["Role -> Proxy"]


def test_a_repository_whose_name_has_a_slash(graph_of: GraphOf) -> None:
    repository = "  Images: {Type: AWS::ECR::Repository, Properties: {RepositoryName: shop/orders}}"
    resource = '!Sub "arn:aws:ecr:${AWS::Region}:${AWS::AccountId}:repository/shop/orders"'
    assert granted(graph_of, "ecr:PutImage", resource, repository) == ["Role -> Images"]


def test_actions_that_a_parameter_lists(graph_of: GraphOf) -> None:
    for kind, action in (("String", '!Split [",", !Ref Actions]'), ("CommaDelimitedList", "!Ref Actions")):
        graph = graph_of(f"""
Parameters:
  Actions: {{Type: {kind}, Default: "sqs:SendMessage, sqs:GetQueueUrl"}}
Resources:
  Jobs: {{Type: AWS::SQS::Queue}}
  Fn: {{Type: AWS::Lambda::Function, Properties: {{Role: !GetAtt Role.Arn}}}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: send
          PolicyDocument: {{Statement: [{{Effect: Allow, Action: {action}, Resource: !GetAtt Jobs.Arn}}]}}
""")
        assert ends(graph, EdgeKind.PUBLISHES) == ["Fn -> Jobs"]
