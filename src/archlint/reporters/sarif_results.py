"""Results of a SARIF log: messages, locations, fingerprints, code flows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.reporters.line_hash import line_hashes
from archlint.reporters.paint import clean
from archlint.reporters.sarif_rules import sentence
from archlint.reporters.summary import repository_fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archlint.findings import Finding, Location, Suppression
    from archlint.reporters.options import Names
    from archlint.reporters.sarif_graph import GraphPart
    from archlint.reporters.sarif_places import Places
    from archlint.reporters.sources import Sources

_MOST_RELATED = 100
_MOST_STEPS = 1000
"""Locations of a result and of a thread flow that GitHub keeps."""
_LINK_LIKE = re.compile(r"\](?=\()")


class Results:
    """Makes results; computes the line hashes of a file once."""

    def __init__(self, places: Places, sources: Sources, rule_index: dict[str, int], graph: GraphPart | None) -> None:
        self._places = places
        self._names = places.names
        self._sources = sources
        self._rule_index = rule_index
        self._graph = graph
        self._hashes: dict[str, list[str]] = {}

    def result(self, finding: Finding, *, with_suppressions: bool, with_baseline: bool) -> dict[str, Any]:
        """One result. Either every result of a run has `suppressions` or none has (3.27.23)."""
        related = finding.related[:_MOST_RELATED]
        result: dict[str, Any] = {
            "ruleId": finding.rule_id,
            "ruleIndex": self._rule_index[finding.rule_id],
            "level": finding.severity.value,
            "message": {"text": message_text(finding, related)},
            "locations": [self._places.location(finding.location)],
        }
        if related:
            result["relatedLocations"] = [
                {
                    "id": number,
                    **self._places.location(place),
                    "message": {"text": sentence(_label(place, self._names))},
                }
                for number, place in enumerate(related, 1)
            ]
        if finding.flow:
            result["codeFlows"] = [{"threadFlows": [{"locations": self._steps(finding.flow[:_MOST_STEPS])}]}]
            if self._graph is not None:
                result |= self._graph.traversal(finding)
        result["partialFingerprints"] = self._fingerprints(finding)
        if with_suppressions:
            result["suppressions"] = [self._suppression(finding.suppression)] if finding.suppression else []
        if with_baseline:
            is_known = finding.suppression is not None and finding.suppression.kind == "external"
            result["baselineState"] = "unchanged" if is_known else "new"
        properties = {"confidence": finding.confidence.value}
        if finding.owner:
            properties["owner"] = finding.owner
        result["properties"] = properties
        return result

    def _steps(self, flow: Sequence[Location]) -> list[dict[str, Any]]:
        return [{"location": self._labelled(place)} for place in flow]

    def _labelled(self, place: Location) -> dict[str, Any]:
        return {**self._places.location(place), "message": {"text": sentence(_label(place, self._names))}}

    def _suppression(self, suppression: Suppression) -> dict[str, Any]:
        result: dict[str, Any] = {"kind": suppression.kind, "status": "accepted", "justification": suppression.reason}
        if suppression.location is not None:
            result["location"] = self._places.location(suppression.location)
        return result

    def _fingerprints(self, finding: Finding) -> dict[str, str]:
        found = {"archlint/v1": repository_fingerprint(finding, self._names)}
        file, line = finding.location.file, finding.location.region.start_line
        if file not in self._hashes:
            self._hashes[file] = line_hashes(self._sources.bytes_of(file))
        hashes = self._hashes[file]
        if line <= len(hashes):
            found["primaryLocationLineHash"] = hashes[line - 1]
        return found


def message_text(finding: Finding, related: Sequence[Location]) -> str:
    """A sentence, and links to the related locations behind it: GitHub's title is the first sentence."""
    text = sentence(_capitalised(finding, clean(finding.message)))
    text = _LINK_LIKE.sub("] ", text)
    if not related:
        return text
    links = (f"[{_link_text(place)}]({number})" for number, place in enumerate(related, 1))
    return f"{text} See {', '.join(links)}."


def _capitalised(finding: Finding, message: str) -> str:
    """The message with an upper case letter first, unless it begins with the name of a resource."""
    places = (finding.location, *finding.related, *finding.flow)
    names = {*finding.key, *(place.logical_id for place in places)}
    first_word = re.split(r"[\s:,]", message, maxsplit=1)[0]
    return message if first_word in names else message[:1].upper() + message[1:]


def _link_text(place: Location) -> str:
    text = clean(place.message or place.logical_id or f"line {place.region.start_line}")
    return text.replace("\\", "/").replace("[", "(").replace("]", ")")


def _label(place: Location, names: Names) -> str:
    return clean(place.message or place.logical_id or f"{names(place.file)}:{place.region.start_line}")
