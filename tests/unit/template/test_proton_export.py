"""Proton bundles written out as plain CloudFormation."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from archlint.errors import UsageError
from archlint.proton_export import export
from archlint.template.document import read_document

from .proton_parts import QUEUE, environment, schema, service, write

if TYPE_CHECKING:
    from pathlib import Path

INPUTS = dedent("""\
    memory: {type: number, default: 512, minimum: 128, description: MB of the function}
    runtime: {type: string, default: python3.13, enum: [python3.13, nodejs24.x]}
    verbose: {type: boolean, default: false}
    code_uri: {type: string, minLength: 3}
    code: {type: string, default: "", minLength: 12}
    """)
INSTANCE = dedent("""\
    Description: Takes orders of {{ service.name }}
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      Image: {Type: String, Default: '{{ service_instance.inputs.runtime }}'}
    Mappings:
      Sizes:
        small: {memory: '{{ service_instance.inputs.memory }}', cpu: 256}
    Resources:
      {% if service_instance.inputs.code_uri is defined %}
      Take:
        Type: AWS::Serverless::Function
        Properties:
          FunctionName: '{{ service.name }}-{{ service_instance.name }}'
          Handler: orders.take
          Runtime: {{ service_instance.inputs.runtime }}
          MemorySize: !FindInMap [Sizes, small, memory]
          CodeUri: '{{ service_instance.inputs.code_uri }}'
          Description: '{{ service.name | upper }} in ${Region}'
          Environment:
            Variables:
              TABLE: '{{ environment.outputs.TableName }}'
              LEVEL: '{{ service_instance.inputs.verbose }}'
              {{ service_instance.components.default.outputs | proton_cfn_lambda_function_formatted_env_vars }}
      {% endif %}
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument: !Sub '{"Service": "lambda.{{ service_instance.inputs.code }}${AWS::URLSuffix}"}'
          {% if service_instance.inputs.code | length > 3 %}
          Path: /long/
          {% else %}
          Path: /
          {% endif %}
          ManagedPolicyArns:
            - {{ service_instance.components.default.outputs.Policies | proton_cfn_iam_policy_arns }}
      {% for name in service_instance.inputs.code.split(',') %}
      {{ name }}Queue:
        Type: AWS::SQS::Queue
        DependsOn: [Role]
      {% endfor %}
    Outputs:
      RoleName: {Description: 'Role of {{ service.name }}', Value: !GetAtt Role.Arn}
    """).replace("- {{ service_instance.components", "{{ service_instance.components")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bundle")
    write(root, service(instance=INSTANCE, properties=INPUTS, pipeline=QUEUE))
    written = export(root / "orders" / "v1", root / "out")
    assert [path.name for path in written] == ["instance.yaml", "pipeline.yaml"]
    return written[0]


@pytest.fixture(scope="module")
def template(exported: Path) -> dict[str, Any]:
    data = read_document(exported, exported.name).data
    assert isinstance(data, dict)
    return data


def test_inputs_become_parameters_with_what_the_schema_says(template: dict[str, Any]) -> None:
    parameters = template["Parameters"]
    assert parameters["Memory"] == {
        "Type": "Number", "Description": "MB of the function", "Default": 512, "MinValue": 128
    }  # fmt: skip
    assert parameters["Runtime"] == {
        "Type": "String", "Default": "python3.13", "AllowedValues": ["python3.13", "nodejs24.x"]
    }  # fmt: skip
    assert parameters["Verbose"] == {"Type": "String", "AllowedValues": ["true", "false"], "Default": "false"}
    assert parameters["CodeUri"] == {"Type": "String", "Default": ""}, (
        "optional: the template asks whether it is defined"
    )
    assert parameters["Code"] == {"Type": "String", "Default": ""}, "the default is shorter than the minimum"
    assert parameters["Image"] == {"Type": "String", "Default": "python3.13"}
    assert parameters["EnvironmentTableName"] == {
        "Type": "String", "Description": "Output TableName of the environment stack"
    }  # fmt: skip


def test_expressions_become_references_and_texts(template: dict[str, Any]) -> None:
    take = template["Resources"]["Take"]
    properties = take["Properties"]
    assert properties["FunctionName"] == {"Fn::Sub": "${ServiceName}-${ServiceInstanceName}"}
    assert properties["Runtime"] == {"Ref": "Runtime"}
    assert properties["Description"] == {"Fn::Sub": "${ServiceName2} in ${!Region}"}
    assert properties["MemorySize"] == {"Ref": "Memory"}, "a mapping cannot hold a parameter"
    assert template["Mappings"] == {"Sizes": {"small": {"cpu": 256}}}
    assert properties["Environment"] == {
        "Variables": {"TABLE": {"Ref": "EnvironmentTableName"}, "LEVEL": {"Ref": "Verbose"}}
    }
    assert template["Description"] == "Takes orders of service.name"
    role = template["Resources"]["Role"]
    assert role["Properties"]["AssumeRolePolicyDocument"] == {
        "Fn::Sub": '{"Service": "lambda.${Code}${AWS::URLSuffix}"}'
    }


def test_tests_become_conditions_over_parameters(template: dict[str, Any]) -> None:
    conditions = template["Conditions"]
    assert conditions["CodeUriIsDefined"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CodeUri"}, ""]}]}
    take, role = template["Resources"]["Take"], template["Resources"]["Role"]
    assert take["Condition"] == "CodeUriIsDefined"
    [name] = [name for name in conditions if name.startswith("CodeLength")]
    assert role["Properties"]["Path"] == {"Fn::If": [name, "/long/", "/"]}
    switch = "WhenServiceInstanceInputsCodeLength3"
    assert conditions[name] == {"Fn::Equals": [{"Ref": switch}, "true"]}
    assert template["Parameters"][switch] == {
        "Type": "String",
        "AllowedValues": ["true", "false"],
        "Description": "Whether this holds - service_instance.inputs.code | length > 3",
    }
    policy = "ServiceInstanceComponentsDefaultOutputsPolicies"
    assert role["Properties"]["ManagedPolicyArns"] == [
        {"Fn::If": [f"Has{policy}", {"Ref": policy}, {"Ref": "AWS::NoValue"}]}
    ]


def test_what_is_left_to_do_stands_at_the_top(exported: Path) -> None:
    text = exported.read_text(encoding="utf-8")
    assert text.startswith("# instance part of the Proton service template orders, as plain CloudFormation.\n")
    head = text.split("Description:")[0]
    assert "# - the entries of service_instance.components.default.outputs | proton_cfn_lambda_function" in head
    assert "# - Resources.NameQueue, written once: repeat it for each of service_instance.inputs.code" in head
    assert "{{" not in text.split("Resources:")[1]
    assert "!Ref Runtime\n" in text


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a/template.yaml": QUEUE}, "holds no Proton bundle"),
        ({**service("a"), **service("b")}, "holds 2 bundles"),
        (service(instance="Resources: {{ a b }}\n"), "cannot be read"),
        ({"shop/v1/schema/schema.yaml": schema("environment")}, "no CloudFormation part"),
    ],
)
def test_what_cannot_be_exported_says_why(tmp_path: Path, files: dict[str, str], message: str) -> None:
    write(tmp_path, files)
    with pytest.raises(UsageError, match=message):
        export(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    write(tmp_path, {**environment(), "out/environment.yaml": "mine\n"})
    with pytest.raises(UsageError, match="is there already"):
        export(tmp_path / "shop", tmp_path / "out")
    assert (tmp_path / "out/environment.yaml").read_text(encoding="utf-8") == "mine\n"


def test_a_condition_whose_list_is_left_to_be_done_by_hand_goes_too(tmp_path: Path) -> None:
    text = dedent("""\
        Resources:
          Task:
            Type: AWS::ECS::TaskDefinition
            Properties:
             ContainerDefinitions:
              - Name: web
                Environment:
                {% if service_instance.components.default.outputs | length > 0 %}
                {{ service_instance.components.default.outputs | proton_cfn_ecs_task_definition_formatted_env_vars }}
                {% endif %}
                - {Name: LEVEL, Value: info}
        """)
    write(tmp_path, service(instance=text))
    [written] = export(tmp_path / "orders" / "v1", tmp_path / "out")
    data = read_document(written, written.name).data
    assert isinstance(data, dict)
    assert list(data) == ["Resources"]
    assert "the list of service_instance.components.default.outputs" in written.read_text()


def test_a_part_that_is_no_cloudformation_is_named(tmp_path: Path) -> None:
    files = service(pipeline=QUEUE)
    files["orders/v1/pipeline_infrastructure/manifest.yaml"] = (
        "infrastructure:\n  templates:\n    - rendering_engine: codebuild\n      settings: {provision: [make]}\n"
    )
    write(tmp_path, files)
    [written] = export(tmp_path / "orders" / "v1", tmp_path / "out")
    assert "# - the pipeline part: it is Terraform or run by CodeBuild, and stays as it is" in written.read_text()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    write(tmp_path, service())
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        export(tmp_path / "orders" / "v1", tmp_path / "file" / "out")
