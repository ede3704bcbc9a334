"""Bundles written to a folder, for the tests of the Proton loader."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING

from archlint.template.discover import discover
from archlint.template.proton import find_bundles, load_bundles

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.template.model import ProtonBundle, Template

MANIFEST = """\
infrastructure:
  templates:
    - file: cloudformation.yaml
      rendering_engine: jinja
      template_language: cloudformation
"""
QUEUE = """\
Resources:
  Inbox:
    Type: AWS::SQS::Queue
"""


def schema(kind: str, properties: str = "", pipeline: str = "") -> str:
    text = f"schema:\n  {kind}_input_type: Input\n"
    if pipeline:
        text += "  pipeline_input_type: PipelineInput\n"
    text += "  types:\n    Input:\n      type: object\n      properties:\n" + indent(properties or "{}\n", " " * 8)
    if pipeline:
        text += "    PipelineInput:\n      type: object\n      properties:\n" + indent(pipeline, " " * 8)
    return text


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dedent(text).encode())


def service(name: str = "orders", instance: str = QUEUE, properties: str = "", **other: str) -> dict[str, str]:
    folder = f"{name}/v1"
    files = {
        f"{folder}/schema/schema.yaml": schema("service", properties, other.get("pipeline_properties", "")),
        f"{folder}/instance_infrastructure/manifest.yaml": MANIFEST,
        f"{folder}/instance_infrastructure/cloudformation.yaml": instance,
    }
    if "pipeline" in other:
        files[f"{folder}/pipeline_infrastructure/manifest.yaml"] = MANIFEST
        files[f"{folder}/pipeline_infrastructure/cloudformation.yaml"] = other["pipeline"]
    if "registration" in other:
        files[f"{folder}/.template-registration.yaml"] = other["registration"]
    if "compatible" in other:
        files[f"{folder}/.compatible-envs"] = other["compatible"]
    return files


def environment(name: str = "shop", infrastructure: str = QUEUE, properties: str = "") -> dict[str, str]:
    return {
        f"{name}/v1/schema/schema.yaml": schema("environment", properties),
        f"{name}/v1/infrastructure/manifest.yaml": MANIFEST,
        f"{name}/v1/infrastructure/cloudformation.yaml": infrastructure,
    }


def load(root: Path, files: dict[str, str]) -> dict[str, ProtonBundle]:
    """The bundles of these files by template name, with their parts."""
    write(root, files)
    found = load_bundles(find_bundles(discover([root]).files, root), root)
    return {bundle.template_name: bundle for bundle in found}


def instance(root: Path, text: str) -> Template:
    """The instance part of a service bundle with this template."""
    return load(root, service(instance=text))["orders"].parts["instance"]
