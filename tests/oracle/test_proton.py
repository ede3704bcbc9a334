"""Proton bundles of real repositories: what is read of them, and which are flagged, by tables that people drew up.

`FLAGGED` counts findings; rules that say nothing about a bundle are left out. `READ` counts what bundles take from one
another. Both are the part, for the bundles that are here, of a survey of 28 public bundles; over all 28 the same code
gives the survey's own numbers: 627 resources, 181 reads of environment outputs with each type of resource behind them
(24 in policies), 5 of the first instance's outputs, 17 of account ids, 54 of the repository, 19 registrations. Where
the two differ it is for these reasons, and each was looked up:

- Expressions under Resources: 771 here, 765 there; the 6 stand in YAML comments, of which no rendering shows anything.
- Component outputs: 3 reads here, 2 there; the third is the `{% if … | length > 0 %}` around one of the two.
- A misspelt input is counted where it stands, in the spec, not at the bundle whose schema lacks it (PRO011).
- Terraform bundles were judged by eye there. Here they are one TPL003 each, besides what `var.…` paths, outputs and
  text show (PRO010, PRO011, PRO012).
- PRO014 (three function names) was mentioned there, and not counted.
- `vpc-env`: see below.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jinja2 import Environment

from archlint.config import Config
from archlint.graph import proton
from archlint.lint import build, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.model import ResourceGraph
    from archlint.lint import LintResult
    from archlint.template.model import Template

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
SAMPLES = CORPUS / "aws-samples__aws-proton-cloudformation-sample-templates"
TUTORIAL = CORPUS / "mreferre__aws-proton-tutorial"

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"NO REAL PROTON BUNDLE IS CHECKED: the templates are not at {SAMPLES}"
)

FUNCTION = {"PRO001": 1, "PRO002": 1, "PRO003": 1, "PRO009": 1, "PRO010": 1, "PRO012": 3, "PRO014": 1}
CONTAINER = {"PRO001": 1, "PRO004": 1, "PRO005": 1, "PRO010": 1, "PRO012": 2}
FLAGGED = {
    "apigw-lambda-svc": FUNCTION,
    "scheduled-lambda-svc": FUNCTION,
    "worker-lambda-svc": FUNCTION,
    "loadbalanced-fargate-svc": CONTAINER,
    "loadbalanced-public-svc": CONTAINER,
    "private-fargate-svc": CONTAINER,
    "vpc-env": {"PRO008": 1, "PRO011": 3},
    "microservices-env": {"PRO005": 1},
}
"""`vpc-env` has two more unused outputs than upstream: the App Runner service that reads them is not in the corpus."""


def _flagged(result: LintResult) -> dict[str, Counter[str]]:
    """Counts per bundle, by the name of the folder above its version."""
    found: dict[str, Counter[str]] = {}
    for finding in result.findings:
        folders = finding.location.file.split("/")
        name = folders[folders.index("v1") - 1] if "v1" in folders else finding.location.file
        found.setdefault(name, Counter())[finding.rule_id] += 1
    return found


def test_samples() -> None:
    result = run([SAMPLES], Config(select=("PRO", "TPL")))
    assert _flagged(result) == FLAGGED
    assert not result.notifications


def test_tutorial() -> None:
    assert _flagged(run([TUTORIAL], Config(select=("PRO", "TPL")))) == {"lb-fargate-svc": CONTAINER}


READ = {
    "AWS::EC2::Subnet": 26,
    "AWS::ECS::Cluster": 19,
    "AWS::EC2::VPC": 9,
    "AWS::EC2::SecurityGroup": 7,
    "AWS::SNS::Topic": 6,
    "AWS::IAM::Role": 4,
    "AWS::ServiceDiscovery::PrivateDnsNamespace": 2,
    "in policies": 3,
    "first instance": 3,
    "account": 7,
    "repository": 21,
    "registered": 7,
    "resources": 256,
}


def _counted(graph: ResourceGraph) -> Iterator[str]:
    for bundle in graph.bundles:
        yield from ("registered" for _ in bundle.compatible)
        for role, template in bundle.parts.items():
            part = template.proton
            assert part is not None
            yield from ("resources" for _ in template.section("Resources"))
            for path, _ in part.reads:
                if path.endswith("environment.account_id"):
                    yield "account"
                if path.startswith(("service.repository_", "service.branch_name")):
                    yield "repository"
                if path.startswith("service_instances[0].outputs."):
                    yield "first instance"
            yield from _outputs_read(graph, template) if role == "instance" else ()


def _outputs_read(graph: ResourceGraph, template: Template) -> Iterator[str]:
    for where, path in proton.output_reads(template, template.source):
        target = proton.output_target(graph, template, path)
        yield target.type if target is not None else path
        if {"Policies", "PolicyDocument"} & set(where):
            yield "in policies"


def _expressions(source: str) -> set[str]:
    """What stands in `{{ }}`, by Jinja alone, without blanks."""
    found, inside = set(), ""
    for _, kind, text in Environment().lex(source):  # noqa: S701 - lexed, never rendered
        inside = "" if kind == "variable_begin" else inside + text
        if kind == "variable_end":
            found.add("".join(inside.removesuffix(text).split()))
    return found


def test_what_bundles_take_from_one_another() -> None:
    assert sum((Counter(_counted(build([root], Config()).graph)) for root in (SAMPLES, TUTORIAL)), Counter()) == READ


def test_every_expression_is_read() -> None:
    for root in (SAMPLES, TUTORIAL):
        for bundle in build([root], Config()).bundles:
            for template in bundle.parts.values():
                assert template.proton is not None
                read = {"".join(expression.split()) for expression in template.proton.expressions.values()}
                assert read == _expressions(template.document.text), template.name
