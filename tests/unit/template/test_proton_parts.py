"""Lexed parts as templates: branches become conditions, positions are those of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from archlint.graph.link import LinkSettings, link
from archlint.graph.values import UNKNOWN, Values
from archlint.template.model import Kind

from .proton_parts import instance

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.template.model import Template

NOTHING = {"Ref": "AWS::NoValue"}


def _properties(template: Template, logical_id: str) -> Any:
    return template.source["Resources"][logical_id]["Properties"]


def _line(template: Template, *path: str | int) -> str:
    return template.document.lines[template.document.region(path).start_line - 1].strip()


def _word(template: Template, expression: str) -> str:
    assert template.proton is not None
    return next(word for word, found in template.proton.expressions.items() if found == expression)


def test_functions_behind_an_if_are_there_with_a_condition(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Transform: AWS::Serverless-2016-10-31
        Conditions:
          IsBig: !Equals [!Ref AWS::Region, eu-west-1]
        Resources:
          {% if service_instance.inputs.code_uri is defined %}
          Take:
            Type: AWS::Serverless::Function
            Properties: {Handler: a.b, Runtime: python3.13, CodeUri: '{{ service_instance.inputs.code_uri }}'}
          Big:
            Type: AWS::SQS::Queue
            Condition: IsBig
          {% else %}
          Instead:
            Type: AWS::SQS::Queue
          {% endif %}
        """,
    )
    assert template.kind is Kind.PROTON
    assert {"Take", "Big", "Instead"} <= set(template.resources)
    test = "jinja:5:service_instance.inputs.code_uri is defined"
    conditions = template.section("Conditions")
    assert conditions[test] == {"Proton::Test": "service_instance.inputs.code_uri is defined"}
    assert template.resources["Take"].condition == test
    assert conditions[template.resources["Instead"].condition or ""] == {"Fn::Not": [{"Condition": test}]}
    assert conditions[template.resources["Big"].condition or ""] == {
        "Fn::And": [{"Condition": "IsBig"}, {"Condition": test}]
    }
    assert template.proton is not None
    assert template.proton.loops[("Resources", "Take")] == ("if service_instance.inputs.code_uri is defined",)


def test_key_of_both_branches_is_one_choice_and_each_leads_to_its_line(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Listener:
            Type: AWS::ElasticLoadBalancingV2::Listener
            Properties:
              {% if service_instance.inputs.kind == 'web' %}
              Protocol: HTTP
              {% elif service_instance.inputs.kind == 'raw' %}
              Protocol: TCP
              Port: 1
              {% else %}
              Protocol: UDP
              {% endif %}
        """,
    )
    web, raw = "service_instance.inputs.kind == 'web'", "service_instance.inputs.kind == 'raw'"
    properties = _properties(template, "Listener")
    assert properties["Protocol"] == {
        "Fn::If": [f"jinja:5:{web}", "HTTP", {"Fn::If": [f"jinja:5:{raw}", "TCP", "UDP"]}]
    }
    assert properties["Port"] == {"Fn::If": [f"jinja:5:{web}", NOTHING, {"Fn::If": [f"jinja:5:{raw}", 1, NOTHING]}]}
    assert template.section("Conditions")[f"jinja:5:{web}"] == {
        "Fn::Equals": [{"Ref": "service_instance.inputs.kind"}, "web"]
    }
    path = ("Resources", "Listener", "Properties", "Protocol")
    assert _line(template, *path) == "Protocol: HTTP"
    assert _line(template, *path, "Fn::If", 2, "Fn::If", 2) == "Protocol: UDP"


def test_equal_tests_and_their_negations_are_one_condition(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Queue:
            Type: AWS::SQS::Queue
            Properties:
              {% if a.b is defined %}
              DelaySeconds: 1
              {% endif %}
              {% if a.b is not defined %}
              MaximumMessageSize: 2
              {% endif %}
              {% if not (a.b is defined) %}
              QueueName: x
              {% endif %}
        """,
    )
    properties = _properties(template, "Queue")
    assert properties["DelaySeconds"] == {"Fn::If": ["jinja:5:a.b is defined", 1, NOTHING]}
    assert properties["MaximumMessageSize"] == {"Fn::If": ["jinja:5:a.b is defined", NOTHING, 2]}
    assert properties["QueueName"] == {"Fn::If": ["jinja:5:a.b is defined", NOTHING, "x"]}


def test_tests_of_a_loop_are_not_taken_for_one_another(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Queue:
            Type: AWS::SQS::Queue
            Properties:
              {% for x in a.b %}{% if x %}
              DelaySeconds: 1
              {% endif %}{% endfor %}
              {% for x in c.d %}{% if x %}
              QueueName: q
              {% endif %}{% endfor %}
        """,
    )
    properties = _properties(template, "Queue")
    assert properties["DelaySeconds"]["Fn::If"][0] == "jinja:5:x"
    assert properties["QueueName"]["Fn::If"][0] == "jinja:8:x"


def test_list_that_an_if_splits(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Service:
            Type: AWS::ECS::Service
            Properties:
              Subnets:
              {% if a.b == 'private' %}
                - '{{ environment.outputs.One }}'
              {% else %}
                - '{{ environment.outputs.Two }}'
              {% endif %}
                - always
        """,
    )
    one, two = _word(template, "environment.outputs.One"), _word(template, "environment.outputs.Two")
    test = "jinja:6:a.b == 'private'"
    assert _properties(template, "Service")["Subnets"] == [
        {"Fn::If": [test, one, NOTHING]},
        {"Fn::If": [test, NOTHING, two]},
        "always",
    ]
    assert _line(template, "Resources", "Service", "Properties", "Subnets", 1) == "- '{{ environment.outputs.Two }}'"


def test_expression_over_several_lines_in_a_folded_text(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Build:
            Type: AWS::CodeBuild::Project
            Properties:
              BuildSpec: !Sub >-
                { "install": {{ {
                    'python3.13': {'python': '3.13'}
                  }[service_instances[0].outputs.Runtime] | tojson | safe }},
                  "region": "${AWS::Region}" }
              Name: after
        """,
    )
    spec = _properties(template, "Build")["BuildSpec"]["Fn::Sub"]
    assert template.proton is not None
    [word] = template.proton.expressions
    assert spec == f'{{ "install": {word},\n  "region": "${{AWS::Region}}" }}'
    assert template.proton.paths[word] == ("service_instances[0].outputs.Runtime",)
    assert _line(template, "Resources", "Build", "Properties", "Name") == "Name: after"


def test_loop_that_starts_behind_a_value(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Pipeline:
            Type: AWS::CodePipeline::Pipeline
            Properties:
              Stages:
                - Name: Build {%- for service_instance in service_instances %}
                - Name: Deploy{{ loop.index }}
                  Actions: []
        {%- endfor %}
              Name: after
        """,
    )
    stages = _properties(template, "Pipeline")["Stages"]
    assert stages[0] == {"Name": "Build"}
    assert stages[1]["Name"].startswith("Deploy")
    assert template.proton is not None
    assert template.proton.loops[("Resources", "Pipeline", "Properties", "Stages", 1)] == ("for service_instances",)
    assert _line(template, "Resources", "Pipeline", "Properties", "Name") == "Name: after"


def test_templated_logical_id_and_the_reference_to_it(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          {% for service_instance in service_instances %}
          Deploy{{loop.index}}Project:
            Type: AWS::SQS::Queue
          {% endfor %}
        Outputs:
          Project:
            Value: !Ref Deploy{{ loop.index }}Project
        """,
    )
    [key] = template.resources
    assert template.section("Outputs")["Project"]["Value"] == {"Ref": key}
    assert template.resources[key].logical_id == "Deploy{{loop.index}}Project"
    assert template.resources[key].condition is None


def test_list_goes_on_with_what_a_proton_filter_gives(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              ManagedPolicyArns:
                - arn:aws:iam::aws:policy/ReadOnlyAccess
                {{ service_instance.components.default.outputs
                    | proton_cfn_iam_policy_arns }}
              Environment:
                Variables:
                  {{ service_instance.components.default.outputs | proton_cfn_lambda_function_formatted_env_vars }}
        """,
    )
    properties = _properties(template, "Role")
    assert template.proton is not None
    paths = template.proton.paths
    assert paths[properties["ManagedPolicyArns"][1]] == ("service_instance.components.default.outputs",)
    [variable] = properties["Environment"]["Variables"]
    assert paths[variable] == ("service_instance.components.default.outputs",)


def test_unquoted_expression_in_a_flow_sequence(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Task:
            Type: AWS::ECS::TaskDefinition
            Properties:
              Cpu: !FindInMap [Sizes, {{service_instance.inputs.size}}, cpu]
        """,
    )
    word = _word(template, "service_instance.inputs.size")
    assert _properties(template, "Task")["Cpu"] == {"Fn::FindInMap": ["Sizes", word, "cpu"]}


def test_line_ends_of_windows(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        "Resources:\r\n  {% if a.b %}\r\n  Queue:\r\n    Type: AWS::SQS::Queue\r\n"
        "    Properties:\r\n      QueueName: '{{ c.d }}-x'\r\n  {% endif %}\r\n",
    )
    region = template.document.region(("Resources", "Queue", "Properties", "QueueName"))
    assert (region.start_line, region.start_column, region.end_column) == (6, 7, 16)
    region = template.document.region(("Resources", "Queue", "Properties", "QueueName"), "value")
    assert (region.start_line, region.start_column) == (6, 18)


def test_what_an_else_leaves_below_the_wrong_parent_goes_home(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Balancer:
            Type: AWS::ElasticLoadBalancingV2::LoadBalancer
            Properties:
              Scheme: internal
          {% if a.b == 'web' %}
              Type: application
          Group:
            Type: AWS::EC2::SecurityGroup
            Properties:
              GroupDescription: only for web
          {% else %}
              Type: network
          {% endif %}
        """,
    )
    assert _properties(template, "Balancer")["Type"] == {"Fn::If": ["jinja:6:a.b == 'web'", "application", "network"]}
    assert _properties(template, "Group") == {"GroupDescription": "only for web"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("QueueName: {% if a %}x{% else %}y{% endif %}-queue", "x{% else %}y{% endif %}-queue"),
        ("QueueName: '{% if a %}x{% endif %}{{ c.d }}'", "'{% if a %}x{% endif %}{{ c.d }}'"),
    ],
)
def test_text_of_several_branches_is_unknown(tmp_path: Path, written: str, expected: str) -> None:
    template = instance(
        tmp_path, f"Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties:\n      {written}\n"
    )
    assert template.proton is not None
    name = _properties(template, "Queue")["QueueName"]
    assert template.proton.expressions[name] == expected


def test_references_of_two_branches_are_two_values(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Queue:
            Type: AWS::SQS::Queue
            Properties:
              KmsMasterKeyId:
                {% if a.b %}
                Ref: Key
                {% else %}
                Fn::GetAtt: [Key, Arn]
                {% endif %}
        """,
    )
    assert _properties(template, "Queue")["KmsMasterKeyId"] == {
        "Fn::If": ["jinja:6:a.b", {"Ref": "Key"}, {"Fn::GetAtt": ["Key", "Arn"]}]
    }


def test_duplicate_key_of_one_branch_stays_an_error(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          {% if a
             or b %}
          Queue:
            Type: AWS::SQS::Queue
            Type: AWS::SNS::Topic
          {% endif %}
        """,
    )
    [diagnostic] = template.diagnostics
    assert diagnostic.rule_id == "TPL001"
    assert "Type stands twice" in diagnostic.message
    assert diagnostic.region is not None
    assert diagnostic.region.region.start_line == 6


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("Resources:\n  A: {{ b c }}\n", 2, "Jinja"),
        ("{# two\nlines #}\nResources:\n  A: b: c\n", 4, "mapping values"),
        ("Resources:\n  A:\n    Type: AWS::SQS::Queue\n  Key: '{{resolve:ssm:x}}'\n", 4, "Jinja"),
        ("Outputs: {}\n", 1, "no Resources"),
    ],
)
def test_part_that_cannot_be_read_is_reported_at_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    template = instance(tmp_path, text)
    [diagnostic] = template.diagnostics
    assert (diagnostic.rule_id, template.resources) == ("TPL001", {})
    assert message in diagnostic.message
    assert diagnostic.region is not None
    assert diagnostic.region.region.start_line == line
    assert (diagnostic.hint is not None) == ("resolve:" in text)
    assert template.proton is not None
    assert template.proton.bundle.unparsed_parts == ("instance",)


def test_five_thousand_brackets_leave_the_rest_readable(tmp_path: Path) -> None:
    nested = "(" * 5000 + "a.b" + ")" * 5000
    template = instance(
        tmp_path,
        "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: '{{ " + nested + " }}'\n",
    )
    assert list(template.resources) == ["Queue"]


def test_reads_know_the_place_of_tests_and_loops_too(tmp_path: Path) -> None:
    template = instance(
        tmp_path, "Resources:\n  {% if a.b %}\n  # {{ c.d }}\n  Q: {Type: AWS::SQS::Queue}\n  {% endif %}\n"
    )
    assert template.proton is not None
    assert [(path, place.region.start_line, place.region.start_column) for path, place in template.proton.reads] == [
        ("a.b", 2, 3),
        ("c.d", 3, 5),
    ]


def test_brackets_without_end_are_an_error_and_take_no_time(tmp_path: Path) -> None:
    template = instance(tmp_path, "Resources: " + "[" * 100_000)
    assert "nested deeper" in template.diagnostics[0].message


def test_values_in_worlds(tmp_path: Path) -> None:
    template = instance(
        tmp_path,
        """\
        Resources:
          Queue:
            Type: AWS::SQS::Queue
            Properties:
              {% if service_instance.inputs.size == 'small' %}
              DelaySeconds: 1
              {% endif %}
              {% if service_instance.inputs.size == 'big' %}
              VisibilityTimeout: 60
              {% endif %}
              MessageRetentionPeriod: {{ service_instance.inputs.days }}
              QueueName: '{{ service.name }}-inbox'
        """,
    )
    graph = link([template], LinkSettings(root=tmp_path), [])
    values = Values(graph)
    [queue] = graph.of_type("AWS::SQS::Queue")
    pairs = {
        (values.value(queue, "DelaySeconds", world), values.value(queue, "VisibilityTimeout", world))
        for world in values.worlds(queue)
    }
    assert pairs == {(1, 30), (0, 60), (0, 30)}, "small and big exclude each other"
    assert values.value(queue, "MessageRetentionPeriod") is UNKNOWN
    assert values.value(queue, "QueueName") is UNKNOWN
