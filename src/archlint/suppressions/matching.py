"""Matches suppressions with findings; what accepts nothing becomes a finding itself."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from archlint.findings import Confidence, Finding, Location, Severity, Suppression
from archlint.suppressions.model import Malformed, Mark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from archlint.graph.model import ResourceGraph
    from archlint.template.document import Document

UNUSED_ID = "TPL002"
UNUSED_NAME = "unused-suppression"


def apply(
    findings: Iterable[Finding],
    documents: Mapping[str, Document],
    graph: ResourceGraph | None,
    *,
    ran: Collection[str] | None = None,
    known: Collection[str] | None = None,
) -> tuple[list[Finding], list[Finding]]:
    """The findings, suppressed ones with `suppression` set, and a TPL002 finding for each suppression without effect.

    A suppression holds where the primary or a related location of a finding lies: on its line, in its resource,
    or (template-level Metadata) anywhere in the file of the primary location. `ran` are the IDs of the rules that
    ran to their end: suppressions of others are not called unused. `known` are the IDs that exist. None: all.
    """
    scopes = _Scopes(documents, graph)
    result = [scopes.suppressed(finding) for finding in findings] if scopes.marks else list(findings)
    complaints = [_malformed(found) for found in scopes.malformed]
    for mark in scopes.marks:
        if mark.rule_id == UNUSED_ID:
            complaints.append(_unused(mark, f"{UNUSED_ID} cannot be suppressed; remove what is unused"))
        elif known is not None and mark.rule_id not in known:
            complaints.append(_unused(mark, f"no rule is called {mark.rule_id}{_nearest(mark.rule_id, known)}"))
        elif not mark.used and (ran is None or mark.rule_id in ran):
            where = f"on {mark.logical_id} " if mark.logical_id else ""
            complaints.append(_unused(mark, f"ignore[{mark.rule_id}] {where}suppresses nothing, remove it"))
    return result, _numbered(complaints)


def _numbered(complaints: Sequence[Finding]) -> list[Finding]:
    """Complaints that would share a fingerprint count up."""
    seen: Counter[tuple[str, ...]] = Counter()
    numbered = []
    for finding in complaints:
        key = (finding.location.file, *finding.key)
        numbered.append(msgspec.structs.replace(finding, occurrence=seen[key]))
        seen[key] += 1
    return numbered


class _Scopes:
    """All suppressions of a run, found by what they cover."""

    def __init__(self, documents: Mapping[str, Document], graph: ResourceGraph | None) -> None:
        self.marks: list[Mark] = []
        self.malformed: list[Malformed] = []
        self._by_line: dict[tuple[str, int], list[Mark]] = {}
        self._by_resource: dict[tuple[str, str], list[Mark]] = {}
        self._by_file: dict[str, list[Mark]] = {}
        self._outlines: dict[str, _Outline] = {}
        self._generated_by: dict[tuple[str, str], str] | None = None
        self._graph = graph
        for name, document in documents.items():
            # Looking for the word first costs nothing; scanning for comments and positions does.
            if "archlint" in document.text.lower():
                self._add(name, document)

    def _add(self, name: str, document: Document) -> None:
        from archlint.suppressions.comments import comment_marks
        from archlint.suppressions.metadata import metadata_marks

        outline = self._outlines[name] = _Outline(document)
        for found in (*comment_marks(document), *metadata_marks(document)):
            if isinstance(found, Malformed):
                self.malformed.append(found)
                continue
            self.marks.append(found)
            if found.line is not None and found.logical_id is None:
                found.logical_id = outline.declared_on(found.line)
            if found.logical_id is not None:
                self._by_resource.setdefault((name, found.logical_id), []).append(found)
            elif found.line is not None:
                self._by_line.setdefault((name, found.line), []).append(found)
            else:
                self._by_file.setdefault(name, []).append(found)

    def suppressed(self, finding: Finding) -> Finding:
        """The finding with its suppression, if there is one."""
        if finding.suppression is not None:
            return finding
        marks = list(self._by_file.get(finding.location.file, ()))
        for location in (finding.location, *finding.related):
            if location.file in self._outlines:
                marks = [*self._at(location), *marks]
        chosen = None
        for mark in marks:
            if mark.rule_id == finding.rule_id:
                mark.used = True
                chosen = chosen or mark
        if chosen is None:
            return finding
        suppression = Suppression("inSource", chosen.reason, chosen.location)
        return msgspec.structs.replace(finding, suppression=suppression)

    def _at(self, location: Location) -> Sequence[Mark]:
        file = location.file
        found = list(self._by_line.get((file, location.region.start_line), ()))
        names = {self._outlines[file].resource_at(location): None}
        if location.logical_id is not None:
            names[location.logical_id] = None
            names[self._written_as(file, location.logical_id)] = None
        for name in names:
            if name is not None:
                found += self._by_resource.get((file, name), ())
        return found

    def _written_as(self, file: str, logical_id: str) -> str | None:
        """The SAM resource that a generated resource comes from."""
        if self._generated_by is None:
            nodes = self._graph.nodes.values() if self._graph is not None else ()
            self._generated_by = {
                (node.file, node.logical_id): node.generated_by
                for node in nodes
                if node.generated_by is not None and node.file is not None
            }
        return self._generated_by.get((file, logical_id))


class _Outline:
    """Where the resources of a document begin; each ends where the next key of the outline begins."""

    def __init__(self, document: Document) -> None:
        data = document.data
        sections = data if isinstance(data, dict) else {}
        resources = sections.get("Resources")
        starts: list[tuple[tuple[int, int], str | None]] = []
        for section in sections:
            region = document.region((section,))
            starts.append(((region.start_line, region.start_column), None))
        for logical_id in resources if isinstance(resources, dict) else ():
            region = document.region(("Resources", logical_id))
            starts.append(((region.start_line, region.start_column), str(logical_id)))
        starts.sort(key=lambda start: start[0])
        self._places = [place for place, _ in starts]
        self._names = [name for _, name in starts]
        self._by_line = {place[0]: name for place, name in reversed(starts) if name is not None}

    def declared_on(self, line: int) -> str | None:
        """The resource whose logical ID stands on this line."""
        return self._by_line.get(line)

    def resource_at(self, location: Location) -> str | None:
        """The resource that a location lies in."""
        region = location.region
        index = bisect_right(self._places, (region.start_line, region.start_column)) - 1
        return self._names[index] if index >= 0 else None


def _nearest(rule_id: str, known: Collection[str]) -> str:
    import difflib

    near = difflib.get_close_matches(rule_id, sorted(known), 1, 0.7)
    return f", did you mean {near[0]}?" if near else ""


def _malformed(found: Malformed) -> Finding:
    return _finding(found.message, found.location, ("malformed", found.message))


def _unused(mark: Mark, message: str) -> Finding:
    return _finding(message, mark.location, (mark.rule_id, mark.logical_id or "", mark.reason))


def _finding(message: str, location: Location, key: tuple[str, ...]) -> Finding:
    return Finding(UNUSED_ID, UNUSED_NAME, Severity.WARNING, Confidence.HIGH, message, location, key=key)
