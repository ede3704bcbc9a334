"""Nested templates that a build publishes as `template.yaml` below a folder of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.graph.link import LinkSettings, link
from archlint.template.document import read_document
from archlint.template.load import template_of

if TYPE_CHECKING:
    from pathlib import Path

PARENT = """
Resources:
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: "https://files.example/bucket/1.2/%s"}}
"""
CHILD = "Resources: {Jobs: {Type: AWS::SQS::Queue}}"


def _instances(root: Path, url: str, *names: str) -> list[str]:
    templates = []
    for name in ("deploy/main.yaml", *names):
        text = PARENT % url if name == "deploy/main.yaml" else CHILD
        templates.append(template_of(read_document(root / name, name, text), root))
    stacks = link(templates, LinkSettings(root)).stacks
    return [stack.template.name for stack in stacks if stack.parent is not None]


@pytest.mark.parametrize(
    ("url", "names", "found"),
    [
        ("users-stack/template.yaml", ["deploy/users-stack/deployment/users-stack.yaml"], 0),
        ("users-stack/template.yaml", ["deploy/stacks/users-stack.template", "deploy/users-stack/policies.yaml"], 0),
        ("users-stack/template.yaml", ["deploy/users-stack/deployment/users.yaml", "deploy/jobs/jobs.yaml"], 0),
        ("users-stack/<VERSION>/template.yaml", ["deploy/users-stack/deployment/users.yaml"], 0),
        ("users-stack/template.yaml", ["deploy/users-stack/one.yaml", "deploy/users-stack/two.yaml"], None),
        ("users-stack/template.yaml", ["other/users-stack/users.yaml"], None),
        ("users-stack/api.yaml", ["deploy/users-stack/users.yaml"], None),
    ],
)
def test_the_one_template_that_is_meant(tmp_path: Path, url: str, names: list[str], found: int | None) -> None:
    assert _instances(tmp_path, url, *names) == ([] if found is None else [names[found]])
