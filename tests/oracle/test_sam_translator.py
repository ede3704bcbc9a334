"""An independent judge of SAM lowering: whatever aws-sam-translator makes of a template, archlint makes too.

A sample of the corpus by default, all of it with ARCHLINT_FULL=1.
"""

import copy
import json
import logging
import os
import random
import re
import runpy
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from archlint.errors import TemplateError
from archlint.template.document import Document, read_document
from archlint.template.model import Resource
from archlint.template.sam import lower

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
FULL = os.environ.get("ARCHLINT_FULL") == "1"
SAMPLE = 250
PARTS = 2
HASH = re.compile(r"^(.*?)[0-9a-f]{10}$")
PREFIX = "AWS::Serverless::"
# The translator wants to see artifacts uploaded; where they lie has no part in what it makes.
ARTIFACTS = {
    PREFIX + "Function": "CodeUri",
    PREFIX + "LayerVersion": "ContentUri",
    PREFIX + "StateMachine": "DefinitionUri",
    PREFIX + "Api": "DefinitionUri",
    PREFIX + "HttpApi": "DefinitionUri",
}
# Generated resources whose properties must be the translator's, tags aside.
SAME_PROPERTIES = frozenset(
    {
        "AWS::IAM::ManagedPolicy",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Url",
        "AWS::Logs::SubscriptionFilter",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule",
    }
)


class Case(NamedTuple):
    """One template: what the translator makes of it, and what archlint makes of it."""

    name: str
    parameters: dict[str, Any]
    expected: dict[str, Any]
    found: dict[str, Resource]


def why_not() -> str | None:
    """What is missing to run; said as a warning too, for a skip alone is easily overlooked."""
    if not CORPUS.is_dir():
        return "no corpus of real templates at ../shared/corpus: SAM lowering is not compared with the translator"
    if find_spec("samtranslator") is None:
        return "aws-sam-translator is not installed: SAM lowering is not compared with it"
    return None


def stem(logical_id: str) -> str:
    """A logical ID without the hash that the translator may have put behind it."""
    match = HASH.match(logical_id)
    return match[1] if match else logical_id


def sam_documents() -> Iterator[Document]:
    files = sorted(path for path in CORPUS.rglob("*") if path.suffix in {".yaml", ".yml", ".json"} and path.is_file())
    random.Random(11).shuffle(files)  # noqa: S311 - a sample, not a secret
    for path in files:
        text = path.read_text(errors="replace")
        if PREFIX not in text:
            continue
        try:
            document = read_document(path, path.relative_to(CORPUS).as_posix(), text)
        except TemplateError:
            continue
        resources = document.data.get("Resources") if isinstance(document.data, dict) else None
        bodies = resources.values() if isinstance(resources, dict) else ()
        if any(isinstance(body, dict) and str(body.get("Type")).startswith(PREFIX) for body in bodies):
            yield document


def with_artifacts(data: Any) -> Any:
    """A copy in which every artifact lies in S3."""
    data = copy.deepcopy(data)
    for body in data["Resources"].values():
        name = ARTIFACTS.get(str(body.get("Type"))) if isinstance(body, dict) else None
        properties = body.setdefault("Properties", {}) if name is not None else None
        if not isinstance(properties, dict):
            continue
        is_code = name == "CodeUri" and "InlineCode" not in properties and properties.get("PackageType") != "Image"
        if isinstance(properties.get(name), str) or (is_code and not isinstance(properties.get(name), dict)):
            properties[name] = "s3://bucket/key"
    shared = data.get("Globals", {}).get("Function", {}) if isinstance(data.get("Globals"), dict) else {}
    if isinstance(shared, dict) and isinstance(shared.get("CodeUri"), str):
        shared["CodeUri"] = "s3://bucket/key"
    return data


def translated(data: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The translator's resources and the parameters it knows; None when it refuses the template."""
    from samtranslator.parser.parser import Parser  # type: ignore[import-untyped,unused-ignore]  # no types
    from samtranslator.sdk.parameter import SamParameterValues  # type: ignore[import-untyped,unused-ignore]  # likewise
    from samtranslator.translator.translator import (  # type: ignore[import-untyped,unused-ignore]  # likewise
        Translator,
    )

    values = SamParameterValues({})
    try:
        values.add_default_parameter_values(data)
        values.add_pseudo_parameter_values()
        result = Translator({}, Parser()).translate(with_artifacts(data), {})
    except Exception:  # noqa: BLE001 - whatever the translator refuses is no verdict on archlint
        return None
    return result["Resources"], values.parameter_values


def cases(part: int) -> Iterator[Case]:
    """Every `PARTS`-th template that the translator accepts, so that workers can share the load."""
    for index, document in enumerate(sam_documents()):
        if not FULL and index >= SAMPLE:
            return
        if index % PARTS != part:
            continue
        data: Any = document.data
        answer = translated(data)
        if answer is not None:
            yield Case(document.name, answer[1], answer[0], lower(data, document, conditions={}))


class Verdict:
    """Counts what was compared and collects what differs."""

    def __init__(self) -> None:
        self.resources = 0
        self.missing: list[str] = []
        self.different: list[str] = []

    def compare(self, case: Case) -> None:
        found = {(logical_id, resource.type) for logical_id, resource in case.found.items()}
        stems = {(stem(logical_id), kind) for logical_id, kind in found}
        for logical_id, body in case.expected.items():
            kind = body.get("Type")
            if not isinstance(kind, str):
                continue  # passed on as it is; CloudFormation refuses it
            self.resources += 1
            if (logical_id, kind) not in found and (stem(logical_id), kind) not in stems:
                self.missing.append(f"{case.name}: {logical_id} {kind}")
            resource = case.found.get(logical_id) or case.found.get(stem(logical_id))
            if resource is None or resource.generated_by is None:
                continue
            if kind == "AWS::IAM::Role":
                self._compare(case, logical_id, granted(resource.properties), granted(body["Properties"]))
            elif kind in SAME_PROPERTIES:
                self._compare(case, logical_id, untagged(resource.properties), untagged(body["Properties"]))

    def _compare(self, case: Case, logical_id: str, mine: Any, theirs: Any) -> None:
        mine, theirs = plain(mine, case), plain(theirs, case)
        if mine != theirs:
            self.different.append(f"{case.name}: {logical_id}\n  archlint   {mine}\n  translator {theirs}")


def untagged(properties: Any) -> Any:
    return {name: value for name, value in properties.items() if name != "Tags"}


def granted(properties: Any) -> Any:
    """Managed policies and statements of a role, whatever policies they are spread over, and who may assume it."""
    statements: list[Any] = []
    for policy in properties.get("Policies", []):
        if "PolicyDocument" in policy:
            given = policy["PolicyDocument"]["Statement"]
            statements += given if isinstance(given, list) else [given]
        else:
            statements.append(unnamed(policy))
    return {
        "managed": sorted(properties.get("ManagedPolicyArns", []), key=json.dumps),
        "statements": sorted(statements, key=lambda item: json.dumps(item, sort_keys=True)),
        "trust": properties.get("AssumeRolePolicyDocument"),
        "boundary": properties.get("PermissionsBoundary"),
        "path": properties.get("Path"),
    }


def unnamed(policy: Any) -> Any:
    """A conditional policy without the name, which counts the policies before it."""
    if isinstance(policy, dict):
        return {name: unnamed(value) for name, value in policy.items() if name != "PolicyName"}
    return [unnamed(item) for item in policy] if isinstance(policy, list) else policy


def plain(value: Any, case: Case) -> str:
    """Text of a value with parameters put in, the partition spelled out and hashes taken off logical IDs."""
    from samtranslator.intrinsics.resolver import (  # type: ignore[import-untyped,unused-ignore]  # no types
        IntrinsicsResolver,
    )

    resolved = IntrinsicsResolver(case.parameters).resolve_parameter_refs(copy.deepcopy(value))
    text = json.dumps(spelled(resolved), sort_keys=True, default=str).replace("arn:aws:", "arn:${AWS::Partition}:")
    for logical_id in case.expected:
        if stem(logical_id) != logical_id:
            text = text.replace(f'"{logical_id}"', f'"{stem(logical_id)}"')
    return text


def spelled(value: Any) -> Any:
    """The value with one spelling for what can be said in two ways."""
    if isinstance(value, list):
        return [spelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {name: spelled(item) for name, item in value.items()}
    match value:
        case {"Fn::If": [str(condition), yes, no]} if condition.startswith("NOT"):
            return {"Fn::If": [stem(condition).removeprefix("NOT"), no, yes]}
        case {"Fn::Sub": str(text)} if "${" not in text:
            return text
    return value


@pytest.mark.parametrize("part", range(PARTS))
def test_lowering_makes_what_the_translator_makes(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = why_not()
    if reason is not None:
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    logging.disable(logging.CRITICAL)
    verdict = Verdict()
    templates = 0
    for case in cases(part):
        verdict.compare(case)
        templates += 1
    logging.disable(logging.NOTSET)
    assert templates > SAMPLE // PARTS // 2
    assert not verdict.missing, "\n".join(verdict.missing[:40])
    assert not verdict.different, "\n".join(verdict.different[:20])


@pytest.mark.parametrize("table", ["policy_templates", "managed_policies", "connector_profiles"])
def test_shipped_tables_are_those_of_the_translator(table: str) -> None:
    pytest.importorskip("samtranslator")
    root = Path(__file__).parents[2]
    script = runpy.run_path(str(root / "scripts" / "generate_sam_policy_templates.py"))
    shipped = json.loads((root / "src" / "archlint" / "template" / "sam" / f"{table}.json").read_text())
    assert shipped == script[table](), "run: python scripts/generate_sam_policy_templates.py"
