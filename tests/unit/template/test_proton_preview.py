"""Bundles written for Proton's preview are those of today in other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.config import Config
from archlint.graph.model import EdgeKind
from archlint.lint import build

if TYPE_CHECKING:
    from pathlib import Path

_ENVIRONMENT = """
Resources:
  Network: {Type: AWS::EC2::VPC, Properties: {CidrBlock: "{{ environment.vpc_cidr }}"}}
  Role: {Type: AWS::IAM::Role, Properties: {}}
Outputs:
  RoleArn: {Value: !GetAtt Role.Arn}
"""
_SERVICE = """
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: "{{ service_instance.queue }}"}}
  Work:
    Type: AWS::Lambda::Function
    Properties:
      Role: "{{environment.RoleArn}}"
      FunctionName: "{{service_instance.name}}"
      DeadLetterConfig: {TargetArn: !Sub "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:jobs"}
"""
_PIPELINE = """
Resources:
  Build: {Type: AWS::CodeBuild::Project, Properties: {Name: "{{ pipeline.tool }}", ServiceRole: !GetAtt Role.Arn}}
  Role: {Type: AWS::IAM::Role, Properties: {}}
"""


def _write(folder: Path, engine: str, body: str) -> None:
    folder.mkdir(parents=True)
    manifest = f"infrastructure: {{templates: [{{file: t.yaml, {engine}: jinja, template_language: cloudformation}}]}}"
    (folder / "manifest.yaml").write_text(manifest, encoding="utf-8")
    (folder / "t.yaml").write_text(body, encoding="utf-8")


def _schema(bundle: Path, **inputs: str) -> None:
    types = "".join(
        f"    {kind}: {{type: object, properties: {{{name}: {{type: string, default: jobs}}}}}}\n"
        for kind, name in inputs.items()
    )
    named = "".join(f"  {kind}_input_type: {kind}\n" for kind in inputs)
    (bundle / "schema").mkdir(parents=True)
    (bundle / "schema/schema.yaml").write_text(f"schema:\n{named}  types:\n{types}", encoding="utf-8")


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    _schema(tmp_path / "env", environment="vpc_cidr")
    _write(tmp_path / "env/infrastructure", "engine", _ENVIRONMENT)
    _schema(tmp_path / "svc", service="queue", pipeline="tool")
    _write(tmp_path / "svc/infrastructure", "engine", _SERVICE)
    _write(tmp_path / "svc/pipeline", "engine", _PIPELINE)
    return tmp_path


def test_outputs_of_the_environment_and_inputs_are_found(bundles: Path) -> None:
    graph = build([bundles], Config()).graph
    kinds = (EdgeKind.ASSUMES, EdgeKind.DEAD_LETTERS, EdgeKind.IMPORTS)
    assert sorted(
        f"{edge.source.id} {edge.kind.value} {edge.target.id}" for edge in graph.edges if edge.kind in kinds
    ) == [
        "stack:svc/infrastructure/t.yaml imports stack:env/infrastructure/t.yaml",
        "svc/infrastructure/t.yaml#Work assumes env/infrastructure/t.yaml#Role",
        "svc/infrastructure/t.yaml#Work dead_letters svc/infrastructure/t.yaml#Jobs",
        "svc/pipeline/t.yaml#Build assumes svc/pipeline/t.yaml#Role",
    ]


def test_names_are_those_of_today(bundles: Path) -> None:
    reads = {
        path
        for bundle in build([bundles], Config()).graph.bundles
        for part in bundle.parts.values()
        if part.proton is not None
        for path, _ in part.proton.reads
    }
    assert reads == {
        "environment.inputs.vpc_cidr",
        "environment.outputs.RoleArn",
        "pipeline.inputs.tool",
        "service_instance.inputs.queue",
        "service_instance.name",
    }


def test_short_names_mean_nothing_in_bundles_of_today(tmp_path: Path) -> None:
    _schema(tmp_path / "svc", service="queue")
    _write(tmp_path / "svc/instance_infrastructure", "rendering_engine", _SERVICE)
    [bundle] = build([tmp_path], Config()).graph.bundles
    part = bundle.parts["instance"].proton
    assert part is not None
    assert "environment.RoleArn" in {path for path, _ in part.reads}
