"""SARIF 2.1.0 for code scanning and editors; docs/sarif.md says what is in it and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from archlint import __version__
from archlint.reporters.json_text import write_json
from archlint.reporters.options import Names, Options, repository_root
from archlint.reporters.paint import clean
from archlint.reporters.sarif_graph import GraphPart
from archlint.reporters.sarif_places import BASE_ID, Places
from archlint.reporters.sarif_results import Results
from archlint.reporters.sarif_rules import (
    NOTIFICATIONS,
    TAXONOMY_GUID,
    TAXONOMY_NAME,
    descriptors,
    index_of,
    notification_descriptors,
    sentence,
    taxonomy,
)
from archlint.reporters.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archlint.config import Config
    from archlint.findings import Finding, Severity
    from archlint.lint import LintResult

MOST_RESULTS = 5000
"""GitHub keeps so many of a run: https://docs.github.com/code-security/code-scanning (SARIF limits)."""

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOMEPAGE = "https://github.com/archlint/archlint"
_UNREADABLE = "TPL001"


def report(result: LintResult, stream: TextIO, options: Options) -> None:
    """Writes one log with one run; URIs are relative to the git checkout, else to the root of the run."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_Run(result, options).run()]}
    write_json(log, stream)


class _Run:
    def __init__(self, result: LintResult, options: Options) -> None:
        self.result = result
        self.options = options
        shown = options.shown(result)
        self.findings = most_severe(shown)
        self.left_out = len(shown) - len(self.findings)
        self.rules = descriptors(result.rules, self.findings)
        self.rule_index = index_of(self.rules)
        self.places = Places(Names(result.root.resolve(), repository_root(result.root)))
        self.graph = GraphPart(result.graph, self.findings, self.places) if result.graph is not None else None
        self.results = Results(self.places, Sources(result), self.rule_index, self.graph)

    def run(self) -> dict[str, Any]:
        """The one run of the log."""
        with_suppressions = self.options.show_suppressed
        with_baseline = self.result.config.baseline is not None
        results = [
            self.results.result(finding, with_suppressions=with_suppressions, with_baseline=with_baseline)
            for finding in self.findings
        ]
        graph = self.graph.run_graph() if self.graph is not None else None
        return {
            "tool": {"driver": self._driver()},
            "automationDetails": {"id": "archlint/"},
            "language": "en-US",
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {BASE_ID: {"description": {"text": "The root of the repository."}}},
            "taxonomies": [taxonomy()],
            "invocations": [self._invocation()],
            **({"graphs": [graph]} if graph is not None else {}),
            "results": results,
        }

    def _driver(self) -> dict[str, Any]:
        return {
            "name": "archlint",
            "version": __version__,
            "semanticVersion": __version__,
            "informationUri": _HOMEPAGE,
            "shortDescription": {"text": "Linter for serverless architecture on AWS."},
            "supportedTaxonomies": [{"name": TAXONOMY_NAME, "index": 0, "guid": TAXONOMY_GUID}],
            "notifications": notification_descriptors(),
            "rules": self.rules,
        }

    def _invocation(self) -> dict[str, Any]:
        execution = self._execution_notifications()
        configuration = [
            _notification("baseline-stale", f"The baseline accepts what is no longer found: {entry}")
            for entry in self.result.stale_baseline
        ]
        invocation: dict[str, Any] = {
            # A notification of level error means that the run failed (3.20.21).
            "executionSuccessful": all(note["level"] != "error" for note in execution),
            "toolExecutionNotifications": execution,
            "toolConfigurationNotifications": configuration,
        }
        overrides = _overrides(self.result.config, self.rule_index, self.rules)
        if overrides:
            invocation["ruleConfigurationOverrides"] = overrides
        return invocation

    def _execution_notifications(self) -> list[dict[str, Any]]:
        notes = []
        for note in self.result.notifications:
            kind = "rule-crashed" if note.rule_id is not None else "file-not-read"
            found = _notification(kind, note.message, note.level)
            if note.rule_id in self.rule_index:
                found["associatedRule"] = {"id": note.rule_id, "index": self.rule_index[note.rule_id]}
            if note.location is not None:
                found["locations"] = [self.places.location(note.location)]
            notes.append(found)
        for finding in self.result.findings:
            if finding.rule_id == _UNREADABLE:
                found = _notification("file-not-read", finding.message)
                notes.append({**found, "locations": [self.places.location(finding.location)]})
        if self.left_out:
            text = f"{self.left_out} of {self.left_out + len(self.findings)} results are left out, the least severe"
            notes.append(_notification("results-left-out", text))
        return notes


def most_severe(findings: Sequence[Finding]) -> list[Finding]:
    """As many findings as a log may hold, the least severe left out, in their order."""
    if len(findings) <= MOST_RESULTS:
        return list(findings)
    order = sorted(range(len(findings)), key=lambda number: -findings[number].severity.rank)
    return [findings[number] for number in sorted(order[:MOST_RESULTS])]


def _notification(kind: str, text: str, level: Severity | None = None) -> dict[str, Any]:
    return {
        "descriptor": {"id": kind, "index": list(NOTIFICATIONS).index(kind)},
        "level": (level or NOTIFICATIONS[kind][0]).value,
        "message": {"text": sentence(clean(text[:1].upper() + text[1:]))},
    }


def _overrides(config: Config, rule_index: dict[str, int], rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the user set for rules, and the rules that run although they are off by default."""
    overrides = []
    for rule in rules:
        settings = config.rules.get(rule["id"])
        configuration: dict[str, Any] = {}
        if rule["defaultConfiguration"].get("enabled") is False:
            configuration["enabled"] = True
        if settings is not None and settings.severity is not None:
            configuration["level"] = settings.severity.value
        if settings is not None and settings.params:
            configuration["parameters"] = dict(settings.params)
        if configuration:
            descriptor = {"id": rule["id"], "index": rule_index[rule["id"]]}
            overrides.append({"descriptor": descriptor, "configuration": configuration})
    return overrides
