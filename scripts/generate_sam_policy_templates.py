"""Writes the tables of AWS SAM that archlint ships beside `src/archlint/template/sam/`.

    python scripts/generate_sam_policy_templates.py

All of them come from the installed `aws-sam-translator` (Apache-2.0):

- `policy_templates.json`: SAM's policy templates, `{name: {"parameters": [...], "statements": [...]}}`
- `managed_policies.json`: the names of AWS's managed policies by the path in their ARN, `{path: [names]}`
- `connector_profiles.json`: what a connector grants, and where it finds ARNs, URLs and roles
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "src" / "archlint" / "template" / "sam"
TRANSLATOR = files("samtranslator")


def policy_templates() -> dict[str, Any]:
    """Name to parameters and statements."""
    data = read("policy_templates_data/policy_templates.json")
    return {
        name: {"parameters": sorted(template["Parameters"]), "statements": template["Definition"]["Statement"]}
        for name, template in sorted(data["Templates"].items())
    }


def managed_policies() -> dict[str, list[str]]:
    """Path in the ARN (with its final slash, or empty) to names."""
    found: dict[str, list[str]] = {}
    for name, arn in sorted(read("internal/data/aws_managed_policies.json")["aws"].items()):
        path = arn.partition(":policy/")[2].removesuffix(name)
        found.setdefault(path, []).append(name)
    return dict(sorted(found.items()))


def connector_profiles() -> dict[str, Any]:
    """`source type` + space + `destination type` to profile, and a plain type to its inputs and outputs."""
    data = read("model/connector_profiles/profiles.json")
    found: dict[str, Any] = dict(sorted(data["CfnResourceProperties"].items()))
    for source, profiles in sorted(data["Permissions"].items()):
        found |= {f"{source} {destination}": profile for destination, profile in sorted(profiles.items())}
    return found


def read(path: str) -> Any:
    """A JSON file of the translator."""
    return json.loads(TRANSLATOR.joinpath(path).read_text(encoding="utf-8"))


def write(name: str, table: dict[str, Any]) -> None:
    """One entry a line, so that a new release of SAM makes a small diff."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in table.items()]
    target = TARGET / name
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{target.name}: {len(table)} entries, {target.stat().st_size} bytes")


if __name__ == "__main__":
    write("policy_templates.json", policy_templates())
    write("managed_policies.json", managed_policies())
    write("connector_profiles.json", connector_profiles())
