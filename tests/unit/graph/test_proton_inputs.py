"""Proton inputs: the specs give their values, else the schema's defaults do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.config import Config
from archlint.graph.model import EdgeKind
from archlint.graph.values import UNKNOWN, Values
from archlint.lint import build
from tests.unit.graph.drawing import drawn

if TYPE_CHECKING:
    from pathlib import Path

_SCHEMA = """
schema:
  format: {openapi: "3.0.0"}
  service_input_type: Service
  types:
    Service:
      type: object
      properties:
        timeout: {type: number, default: 60}
        hidden_for: {type: number, default: 30}
        size: {type: number}
        queue: {type: string, default: jobs}
        suffix: {type: string, default: ""}
"""
_TEMPLATE = """
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: "{{ service_instance.inputs.queue }}"
      VisibilityTimeout: {{ service_instance.inputs.hidden_for }}
      DelaySeconds: {{ service_instance.inputs.hidden_for | int }}
      KmsMasterKeyId: "{{ service_instance.inputs.suffix }}"
  Work:
    Type: AWS::Lambda::Function
    Properties:
      Timeout: {{ service_instance.inputs['timeout'] }}
      MemorySize: {{ service_instance.inputs.size }}
      DeadLetterConfig: {TargetArn: !Sub "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:jobs"}
"""


def _bundle(root: Path, spec: str | None = None) -> tuple[dict[str, object], list[str]]:
    folder = root / "worker" / "v1"
    (folder / "schema").mkdir(parents=True)
    (folder / "instance_infrastructure").mkdir()
    (folder / "schema" / "schema.yaml").write_text(_SCHEMA, encoding="utf-8")
    template = "{file: cloudformation.yaml, rendering_engine: jinja, template_language: cloudformation}"
    manifest = f"infrastructure: {{templates: [{template}]}}"
    (folder / "instance_infrastructure" / "manifest.yaml").write_text(manifest, encoding="utf-8")
    (folder / "instance_infrastructure" / "cloudformation.yaml").write_text(_TEMPLATE, encoding="utf-8")
    if spec is not None:
        (folder / "spec.yaml").write_text(spec, encoding="utf-8")
    graph = build([root], Config()).graph
    values = Values(graph)
    nodes = {node.logical_id: node for node in graph.of_type("AWS::SQS::Queue", "AWS::Lambda::Function")}
    jobs, work = nodes["Jobs"], nodes["Work"]
    found: dict[str, object] = {
        "timeout": values.value(work, "Timeout"),
        "size": values.value(work, "MemorySize"),
        "hidden": values.value(jobs, "VisibilityTimeout"),
        "delay": values.value(jobs, "DelaySeconds"),
    }
    return found, drawn(graph, EdgeKind.DEAD_LETTERS)


def test_defaults_of_the_schema(tmp_path: Path) -> None:
    found, edges = _bundle(tmp_path)
    assert found == {"timeout": 60, "size": UNKNOWN, "hidden": 30, "delay": UNKNOWN}
    assert edges == ["Work -dead_letters-> Jobs"]


def test_specs_come_first(tmp_path: Path) -> None:
    spec = """
proton: ServiceSpec
instances:
  - {name: dev, environment: e, spec: {size: 512, hidden_for: 360}}
  - {name: prod, environment: e, spec: {size: 1024, hidden_for: 360, timeout: 20}}
"""
    found, _ = _bundle(tmp_path, spec)
    assert found == {"timeout": UNKNOWN, "size": UNKNOWN, "hidden": 360, "delay": UNKNOWN}


def test_an_unknown_input_is_the_same_in_the_parts_of_a_bundle(tmp_path: Path) -> None:
    template = "{file: cloudformation.yaml, rendering_engine: jinja, template_language: cloudformation}"
    parts = {
        "instance": """
Resources:
  Site: {Type: AWS::S3::Bucket, Properties: {BucketName: "{{ service_instance.inputs.bucket }}"}}
""",
        "pipeline": """
Resources:
  Deploy:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: site
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: s3:PutObject
                Resource:
                {% for service_instance in service_instances %}
                  - "arn:aws:s3:::{{ service_instance.inputs.bucket }}/*"
                {% endfor %}
""",
    }
    folder = tmp_path / "site" / "v1"
    (folder / "schema").mkdir(parents=True)
    (folder / "schema" / "schema.yaml").write_text(_SCHEMA + "        bucket: {type: string}\n", encoding="utf-8")
    for part, body in parts.items():
        (folder / f"{part}_infrastructure").mkdir()
        manifest = folder / f"{part}_infrastructure" / "manifest.yaml"
        manifest.write_text(f"infrastructure: {{templates: [{template}]}}", encoding="utf-8")
        (folder / f"{part}_infrastructure" / "cloudformation.yaml").write_text(body, encoding="utf-8")
    assert drawn(build([tmp_path], Config()).graph, EdgeKind.GRANTS) == ["Deploy -grants-> Site"]
