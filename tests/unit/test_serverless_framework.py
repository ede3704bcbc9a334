from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from archlint.config import Config
from archlint.graph.model import EdgeKind, Evidence
from archlint.lint import build, run
from archlint.packages import Packages
from archlint.template.model import Kind

if TYPE_CHECKING:
    from pathlib import Path

_CODE = {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": "serverless/shop/dev/1700000000000-2023/shop.zip"}


def _function(**properties: Any) -> dict[str, Any]:
    role = {"Fn::GetAtt": ["IamRoleLambdaExecution", "Arn"]}
    given = {"Code": _CODE, "Handler": "src/work.handler", "Runtime": "nodejs22.x", "Role": role, "Timeout": 6}
    return {"Type": "AWS::Lambda::Function", "Properties": {**given, **properties}}


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service after `serverless package`: one template that is deployed, and files that only look like one."""
    package = tmp_path / "service/.serverless"
    (package / "build").mkdir(parents=True)
    resources = {
        "WorkLambdaFunction": _function(),
        "MailLambdaFunction": _function(Code={**_CODE, "S3Key": "serverless/shop/dev/1-2/mail.zip"}),
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 5}},
        "WorkEventSourceMappingSQSJobs": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Jobs", "Arn"]},
                "FunctionName": {"Fn::GetAtt": ["WorkLambdaFunction", "Arn"]},
            },
        },
    }
    template = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
    names = ("create-stack", "update-stack")
    for name in (*(f"cloudformation-template-{name}.json" for name in names), "compiled-cloudformation-template.json"):
        (package / name).write_text(template)
    (package / "build/template.json").write_text(template)
    mail = {"handler": "mail.handler", "package": {"artifact": "dist/mail.zip"}}
    state = {
        "service": {"service": "shop", "functions": {"mail": mail}, "provider": json.loads(template)},
        "package": {},
    }
    (package / "serverless-state.json").write_text(json.dumps({**state, **json.loads(template)}))
    (package / "meta.json").write_text(template)
    with zipfile.ZipFile(package / "shop.zip", "w") as archive:
        archive.writestr("src/work.js", "x" * 100)
    (tmp_path / "service/dist").mkdir()
    with zipfile.ZipFile(tmp_path / "service/dist/mail.zip", "w") as archive:
        archive.writestr("mail.js", "x" * 70)
    return tmp_path / "service"


def _sizes(root: Path) -> dict[str, int]:
    estate = build([root], Config())
    packages = Packages(estate.graph, estate.discovery.root)
    found = {node.logical_id: packages.of(node) for node in estate.graph.of_type("AWS::Lambda::Function")}
    return {name: measure.total for name, measure in found.items() if measure is not None}


def test_only_the_template_that_is_deployed_is_read(service: Path) -> None:
    [template] = build([service], Config()).templates
    assert template.name == ".serverless/cloudformation-template-update-stack.json"
    assert template.kind is Kind.SERVERLESS_FRAMEWORK


@pytest.mark.parametrize("ignored", [".serverless", ".serverless/", ".serverless/*", "*.json"])
def test_the_package_is_read_though_git_ignores_it(service: Path, ignored: str) -> None:
    (service / ".git").mkdir()
    (service / ".gitignore").write_text(f"{ignored}\n")
    for path in (service, service / ".serverless"):
        [template] = build([path], Config()).templates
        assert template.kind is Kind.SERVERLESS_FRAMEWORK


def test_an_excluded_package_is_not_read(service: Path) -> None:
    assert not build([service], Config(exclude=(".serverless",))).templates


def test_the_code_lies_beside_the_package(service: Path) -> None:
    (service / "src").mkdir()
    (service / "src/work.js").write_text(
        "const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs')\n"
        "const client = new SQSClient({})\n"
        "exports.handler = async () => client.send(new SendMessageCommand({ QueueUrl: process.env.JOBS }))\n"
    )
    path = service / ".serverless/cloudformation-template-update-stack.json"
    template = json.loads(path.read_text())
    jobs = {"Environment": {"Variables": {"JOBS": {"Ref": "Jobs"}}}}
    template["Resources"]["WorkLambdaFunction"]["Properties"].update(jobs)
    path.write_text(json.dumps(template))
    graph = build([service], Config()).graph
    [found] = [edge for edge in graph.edges if edge.kind is EdgeKind.PUBLISHES]
    assert (found.source.logical_id, found.target.logical_id, found.evidence) == (
        "WorkLambdaFunction",
        "Jobs",
        Evidence.CODE,
    )


def test_its_findings_are_found(service: Path) -> None:
    [finding] = run([service], Config(select=("EVT101",))).findings
    assert finding.location.logical_id == "Jobs"


def test_archives_lie_in_the_package_or_where_the_state_says(service: Path) -> None:
    assert _sizes(service) == {"WorkLambdaFunction": 100, "MailLambdaFunction": 70}


@pytest.mark.parametrize("path", ["../../outside/mail.zip", "/etc/mail.zip", 3, None, "", "other.zip"])
def test_a_state_file_is_not_trusted(service: Path, path: Any) -> None:
    outside = service.parent.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "mail.zip").write_bytes((service / "dist/mail.zip").read_bytes())
    state = {"service": {"functions": {"mail": {"package": {"artifact": path}}}, "layers": 3}}
    (service / ".serverless/serverless-state.json").write_text(json.dumps(state))
    assert _sizes(service) == {"WorkLambdaFunction": 100}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"service": []}'])
def test_a_broken_state_file_costs_only_what_it_would_say(service: Path, text: str) -> None:
    (service / ".serverless/serverless-state.json").write_text(text)
    assert _sizes(service) == {"WorkLambdaFunction": 100}
