"""Rules, taxonomy and notification descriptors of a SARIF log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archlint.ruleset.rule import RuleMeta

_MOST_TEXT = 1024
"""Characters of short and full descriptions that GitHub takes."""

_PROBLEM = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
# GitHub calls 7.0 to 8.9 high, 4.0 to 6.9 medium and less low.
_SECURITY = {Severity.ERROR: "8.0", Severity.WARNING: "5.5", Severity.NOTE: "2.0"}

TAXONOMY_NAME = "AWS Well-Architected Framework"
TAXONOMY_GUID = "5f0ad5a4-5a5c-4c0e-9c39-5b0b1c0f6d11"
_FRAMEWORK = "https://docs.aws.amazon.com/wellarchitected/latest"
_PILLARS = (
    ("operational-excellence", "Operational excellence", "Run and monitor systems, and improve processes."),
    ("security", "Security", "Protect information and systems."),
    ("reliability", "Reliability", "Do what is intended, and recover quickly from failure."),
    ("performance-efficiency", "Performance efficiency", "Use computing resources efficiently as demand changes."),
    ("cost-optimization", "Cost optimization", "Avoid unnecessary cost."),
)

NOTIFICATIONS = {
    "rule-crashed": (Severity.ERROR, "A rule ended with an exception; the findings of the other rules are complete."),
    "file-not-read": (Severity.ERROR, "A file that is meant to be a template could not be read and was not linted."),
    "results-left-out": (Severity.WARNING, "There are more results than a log may hold; the least severe are missing."),
    "baseline-stale": (Severity.NOTE, "The baseline accepts a finding that no longer exists."),
}
"""Level and meaning of each kind of notification."""


def descriptors(rules: Iterable[RuleMeta], findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """A reporting descriptor for each rule, by ID; for findings of a rule that is not among them a bare one."""
    found = {rule.id: _descriptor(rule) for rule in rules}
    for finding in findings:
        if finding.rule_id not in found:
            found[finding.rule_id] = _bare(finding)
    return [found[rule_id] for rule_id in sorted(found)]


def _descriptor(rule: RuleMeta) -> dict[str, Any]:
    summary = sentence(rule.summary)
    properties: dict[str, Any] = {
        "tags": ["serverless", "aws", rule.pillar, rule.id.rstrip("0123456789").lower()],
        "precision": rule.precision.value,
        "problem.severity": _PROBLEM[rule.severity],
    }
    if rule.pillar == "security":
        properties["security-severity"] = _SECURITY[rule.severity]
    configuration: dict[str, Any] = {"level": rule.severity.value}
    if not rule.enabled:
        configuration["enabled"] = False
    if rule.params:
        configuration["parameters"] = {name: param.default for name, param in rule.params.items()}
    pillar = next(index for index, known in enumerate(_PILLARS) if known[0] == rule.pillar)
    return {
        "id": rule.id,
        "name": pascal_case(rule.name),
        "shortDescription": {"text": summary[:_MOST_TEXT]},
        "fullDescription": {"text": sentence(_first_paragraph(rule.description) or rule.summary)[:_MOST_TEXT]},
        "help": {"text": _help(rule, markdown=False), "markdown": _help(rule, markdown=True)},
        "helpUri": rule.help_uri,
        "defaultConfiguration": configuration,
        "relationships": [
            {
                "target": {
                    "id": rule.pillar,
                    "index": pillar,
                    "toolComponent": {"name": TAXONOMY_NAME, "index": 0, "guid": TAXONOMY_GUID},
                },
                "kinds": ["relevant"],
            }
        ],
        "properties": properties,
    }


def _bare(finding: Finding) -> dict[str, Any]:
    text = {"text": sentence(finding.name.replace("-", " ").capitalize())}
    return {
        "id": finding.rule_id,
        "name": pascal_case(finding.name),
        "shortDescription": text,
        "fullDescription": text,
        "help": text,
        **({"helpUri": finding.help_uri} if finding.help_uri else {}),
        "defaultConfiguration": {"level": finding.severity.value},
    }


def _help(rule: RuleMeta, *, markdown: bool) -> str:
    """GitHub shows the help and not `helpUri`, so the link stands in it too."""
    parts = [rule.description.strip() or sentence(rule.summary)]
    for title, text in (("How to fix", rule.remediation), ("Exceptions", rule.exceptions)):
        if text.strip():
            parts += [f"## {title}" if markdown else f"{title}:", text.strip()]
    parts.append(f"[More at AWS]({rule.help_uri})" if markdown else f"More: {rule.help_uri}")
    return "\n\n".join(parts)


def _first_paragraph(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].split())


def sentence(text: str) -> str:
    """The text with a final period."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def pascal_case(name: str) -> str:
    """`RecursiveEventLoop` for `recursive-event-loop`."""
    return "".join(part[:1].upper() + part[1:] for part in name.replace("_", "-").split("-"))


def taxonomy() -> dict[str, Any]:
    """The pillars of the Well-Architected Framework."""
    return {
        "name": TAXONOMY_NAME,
        "guid": TAXONOMY_GUID,
        "organization": "Amazon Web Services",
        "shortDescription": {"text": "The pillars of the AWS Well-Architected Framework."},
        "informationUri": f"{_FRAMEWORK}/framework/the-pillars-of-the-framework.html",
        "isComprehensive": False,
        "contents": ["localizedData", "nonLocalizedData"],
        "taxa": [
            {
                "id": pillar,
                "name": pascal_case(pillar),
                "shortDescription": {"text": f"{title}."},
                "fullDescription": {"text": text},
                "help": {"text": f"{text} {_FRAMEWORK}/{pillar}-pillar/welcome.html"},
                "helpUri": f"{_FRAMEWORK}/{pillar}-pillar/welcome.html",
            }
            for pillar, title, text in _PILLARS
        ],
    }


def notification_descriptors() -> list[dict[str, Any]]:
    """What archlint says about its own work."""
    return [
        {
            "id": name,
            "name": pascal_case(name),
            "shortDescription": {"text": text},
            "fullDescription": {"text": text},
            "help": {"text": text},
            "defaultConfiguration": {"level": level.value},
        }
        for name, (level, text) in NOTIFICATIONS.items()
    ]


def index_of(rules: Sequence[dict[str, Any]]) -> dict[str, int]:
    """`ruleIndex` by rule ID."""
    return {rule["id"]: index for index, rule in enumerate(rules)}
