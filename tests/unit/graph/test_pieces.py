"""Templates that a build step joins: what one piece names another declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.link import LinkSettings, link
from archlint.graph.model import EdgeKind
from archlint.template.document import read_document
from archlint.template.load import template_of

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.graph.model import ResourceGraph

HEAD = """
Parameters: {Stage: {Type: String, Default: dev}, Boundary: {Type: String}}
Mappings: {Limits: {dev: {Name: small}}}
Resources: {Key: {Type: AWS::KMS::Key, Properties: {}}}
"""
QUEUE = """
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${AWS::StackName}-jobs", KmsMasterKeyId: !GetAtt Key.Arn}}
"""
CODE = """
Resources:
  Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn, FunctionName: !Sub "${Stage}-fn"}}
  Role: {Type: AWS::IAM::Role, Properties: {PermissionsBoundary: !Ref Boundary}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: dev-fn
      EventSourceArn: !Sub "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}-jobs"
"""


def joined(tmp_path: Path, **files: str) -> ResourceGraph:
    templates = []
    for key, text in files.items():
        name = key.replace("__", "/") + ".yaml"
        templates.append(template_of(read_document(tmp_path / name, name, text), tmp_path))
    return link(templates, LinkSettings(tmp_path))


def ends(graph: ResourceGraph, *kinds: EdgeKind) -> list[str]:
    return sorted(f"{edge.source.id} -{edge.kind}-> {edge.target.id}" for edge in graph.of_kind(*kinds))


def test_pieces_below_the_template_with_the_parameters(tmp_path: Path) -> None:
    graph = joined(tmp_path, app__parent=HEAD, app__queue__jobs=QUEUE, app__code__fn=CODE)
    assert ends(graph, EdgeKind.ENCRYPTS, EdgeKind.TRIGGERS, EdgeKind.BOUNDS, EdgeKind.IMPORTS) == [
        "app/parent.yaml#Key -encrypts-> app/queue/jobs.yaml#Jobs",
        "app/queue/jobs.yaml#Jobs -triggers-> app/code/fn.yaml#Fn",
        "external:app/parent.yaml#Boundary -bounds-> app/code/fn.yaml#Role",
    ]
    assert "app/queue/jobs.yaml#Jobs -references-> app/parent.yaml#Key" in ends(graph, EdgeKind.REFERENCES)


def test_pieces_of_one_folder_need_no_head(tmp_path: Path) -> None:
    keys = "Resources: {Key: {Type: AWS::KMS::Key}, Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Jobs}}}"
    graph = joined(tmp_path, a=QUEUE, b=keys)
    assert ends(graph, EdgeKind.ENCRYPTS) == ["b.yaml#Key -encrypts-> a.yaml#Jobs"]


def test_mappings_of_the_head_count_in_its_pieces(tmp_path: Path) -> None:
    code = """
    Resources:
      Fn: {Type: AWS::Lambda::Function, Properties: {KmsKeyArn: !GetAtt Key.Arn}}
      Group:
        Type: AWS::Logs::LogGroup
        Properties: {LogGroupName: !Sub ["/aws/lambda/${N}", {N: !FindInMap [Limits, !Ref Stage, Name]}]}
      Alarm:
        Type: AWS::CloudWatch::Alarm
        Properties: {Namespace: AWS/Logs, Dimensions: [{Name: LogGroupName, Value: /aws/lambda/small}]}
    """
    graph = joined(tmp_path, app__parent=HEAD, app__code=code)
    assert ends(graph, EdgeKind.WATCHES) == ["app/code.yaml#Alarm -watches-> app/code.yaml#Group"]


def test_what_the_build_made_of_the_pieces_is_no_piece(tmp_path: Path) -> None:
    built = HEAD + QUEUE.replace("Resources:\n", "") + CODE.replace("\nResources:\n", "")
    built = built.replace(
        "Resources: {Key: {Type: AWS::KMS::Key, Properties: {}}}", "Resources:\n  Key: {Type: AWS::KMS::Key}"
    )
    graph = joined(tmp_path, template=built, pieces__jobs=QUEUE, pieces__key="Resources: {Key: {Type: AWS::KMS::Key}}")
    assert all("pieces" not in end for end in ends(graph, EdgeKind.ENCRYPTS) if "template.yaml#Jobs" in end)


def test_a_template_with_parameters_or_with_a_name_found_nowhere_is_no_piece(tmp_path: Path) -> None:
    lonely = "Resources: {Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Roel.Arn}}}"
    other = 'Resources: {Role: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub "${AWS::StackName}-role"}}}'
    graph = joined(tmp_path, a=lonely, b=other)
    assert all(stack.whole is None and stack.scope == stack.id for stack in graph.stacks)
    assert ends(graph, EdgeKind.ASSUMES) == ["a.yaml#Fn -assumes-> external:a.yaml#Roel.Arn"]


def test_a_name_that_two_pieces_declare_is_neither(tmp_path: Path) -> None:
    key = "Resources: {Key: {Type: AWS::KMS::Key, Properties: {Description: !Ref Jobs}}}"
    graph = joined(tmp_path, queue__a=QUEUE, queue__b=key, queue__c=key)
    assert ends(graph, EdgeKind.ENCRYPTS) == ["external:queue/a.yaml#Key.Arn -encrypts-> queue/a.yaml#Jobs"]


def test_a_piece_may_need_no_more_than_a_condition_or_a_map(tmp_path: Path) -> None:
    head = """
    Parameters: {Stage: {Type: String}}
    Conditions: {Watched: !Equals [!Ref Stage, prod]}
    Resources: {Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: !Sub "${AWS::StackName}-api"}}}
    """
    alarm = """
    Resources:
      Slow:
        Type: AWS::CloudWatch::Alarm
        Condition: Watched
        Properties:
          Namespace: AWS/ApiGateway
          Dimensions: [{Name: ApiName, Value: !Sub "${AWS::StackName}-api"}]
    """
    graph = joined(tmp_path, app__parent=head, app__alarms__api=alarm)
    assert ends(graph, EdgeKind.WATCHES) == ["app/alarms/api.yaml#Slow -watches-> app/parent.yaml#Api"]


def test_pieces_that_need_one_condition_belong_together(tmp_path: Path) -> None:
    code = """
    Resources:
      Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: !Sub "${AWS::StackName}-api", Description: !Ref Fn}}
      Own: {Type: AWS::SNS::Topic, Condition: Watched}
    """
    function = "Resources: {Fn: {Type: AWS::Lambda::Function, Properties: {}}}"
    alarm = """
    Resources:
      Slow:
        Type: AWS::CloudWatch::Alarm
        Condition: Watched
        Properties:
          Namespace: AWS/ApiGateway
          Dimensions: [{Name: ApiName, Value: !Sub "${AWS::StackName}-api"}]
    """
    graph = joined(tmp_path, app__api=code, app__fn=function, app__alarms=alarm)
    assert ends(graph, EdgeKind.WATCHES) == ["app/alarms.yaml#Slow -watches-> app/api.yaml#Api"]
