"""The report for people: each finding with its lines, its path and a fix; counts at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from archlint.reporters.code_frame import Label, frame
from archlint.reporters.github import guarded
from archlint.reporters.options import Names, Options
from archlint.reporters.paint import Paint, clean
from archlint.reporters.sources import Sources
from archlint.reporters.summary import accepted, by_rule, by_severity, by_team, chain, fixes, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archlint.findings import Finding, Location
    from archlint.lint import LintResult

_MOST_LINES = 11
"""Of the frames of a finding: what does not fit is named in one line, not shown."""
_LABEL_LINES = 3
"""A label more in a frame, or a frame more: the line, its marks, and what stands between."""
_MOST_PLACES = 3
"""Related places that the line for the rest names before it only counts."""


def report(result: LintResult, stream: TextIO, options: Options) -> None:
    """Writes findings, archlint's own trouble and the summary."""
    stream.write(guarded("".join(f"{line}\n" for line in _Text(result, options).lines()), options))


class _Text:
    def __init__(self, result: LintResult, options: Options) -> None:
        self.result = result
        self.options = options
        self.findings = options.shown(result)
        self.paint = Paint(options.color, options.links)
        self.names = Names(result.root, options.cwd)
        self.sources = Sources(result)
        self.fixes = fixes(result.rules)

    def lines(self) -> Iterator[str]:
        """All lines of the report."""
        if not self.options.statistics:
            for finding in self.findings:
                yield from self._finding(finding)
                yield ""
        yield from self._notifications()
        if not self.options.quiet:
            yield from self._summary()

    def _finding(self, finding: Finding) -> Iterator[str]:
        paint = self.paint
        rule = paint.link(f"{finding.severity.value}[{finding.rule_id}]", finding.help_uri)
        yield f"{paint.severity(finding.severity, rule)}: {paint('bold', clean(finding.message))}"
        places = [finding.location, *finding.related]
        gutter = len(str(max(place.region.start_line for place in places)))
        arrow = paint("frame", "-->")
        yield f"{' ' * gutter}{arrow} {self._place(finding.location)}{self._remarks(finding)}"
        shown, left = self._frames(finding, gutter)
        yield from shown
        path = chain(finding)
        notes = [("path", clean(path))] if path else []
        if left:
            notes.append(("also", self._rest(finding.location.file, left)))
        if finding.rule_id in self.fixes:
            notes.append(("fix", paint("fix", clean(self.fixes[finding.rule_id]))))
        for name, text in notes:
            yield f"{' ' * gutter} {paint('frame', '=')} {paint('bold', name)}: {text}"

    def _place(self, location: Location) -> str:
        region = location.region
        return f"{clean(self.names(location.file))}:{region.start_line}:{region.start_column}"

    def _remarks(self, finding: Finding) -> str:
        """What one should know beside the place: the rule, whose it is, how sure, whether accepted."""
        remarks = [finding.name]
        if finding.owner:
            remarks.append(f"team {clean(finding.owner)}")
        if finding.confidence.value != "high":
            remarks.append(f"{finding.confidence.value} confidence")
        if finding.suppression is not None:
            kind = "suppressed" if finding.suppression.kind == "inSource" else "in the baseline"
            remarks.append(f"{kind}: {clean(finding.suppression.reason)}")
        return self.paint("dim", f" ({', '.join(remarks)})")

    def _frames(self, finding: Finding, gutter: int) -> tuple[list[str], list[Location]]:
        """The frame of the finding's own file, then those of related places in other files, as many as fit."""
        file = finding.location.file
        room = _MOST_LINES if not self.options.verbose else _MOST_LINES * len(finding.related) + _MOST_LINES
        own = [Label(finding.location.region, primary=True)]
        left = []
        for place in dict.fromkeys(finding.related):
            if place.file == file and len(own) * _LABEL_LINES + _LABEL_LINES <= room:
                own.append(Label(place.region, place.message))
            else:
                left.append(place)
        lines = self._frame(file, own, finding, gutter)
        shown = [f"{' ' * gutter} {self.paint('frame', '|')}", *lines] if lines else []
        # In their order: the ends of a path that are shown are its first ones.
        while left and left[0].file != file and len(shown) + _LABEL_LINES <= room:
            inside = self._frame(left[0].file, [Label(left[0].region, left[0].message)], finding, gutter)
            if not inside:
                break
            shown += [f"{' ' * gutter}{self.paint('frame', ':::')} {self._place(left.pop(0))}", *inside]
        return shown, left

    def _frame(self, file: str, labels: Sequence[Label], finding: Finding, gutter: int) -> list[str]:
        return frame(self.sources.lines(file), labels, finding.severity, self.paint, gutter)

    def _rest(self, file: str, left: Sequence[Location]) -> str:
        """Places by line, with the file where it changes."""
        named = []
        for place in left:
            where = f"line {place.region.start_line}" if place.file == file else self._place(place)
            named.append(f"{where} {clean(place.message)}".rstrip())
            file = place.file
        more = len(named) - _MOST_PLACES
        if more > 0 and not self.options.verbose:
            named = [*named[:_MOST_PLACES], f"{more} more (--verbose names them)"]
        return "; ".join(named)

    def _notifications(self) -> Iterator[str]:
        for note in self.result.notifications:
            where = f"{self._place(note.location)}: " if note.location is not None else ""
            yield f"{self.paint.severity(note.level, note.level.value)}: {where}{clean(note.message)}"
            if note.detail and self.options.verbose:
                yield from (f"  {clean(line)}" for line in note.detail.rstrip().split("\n"))
        if any(note.rule_id is not None for note in self.result.notifications):
            yield f"{self.paint('note', 'note')}: a rule that crashes is a bug{self._traceback_hint()}; the others ran"
        for entry in self.result.stale_baseline:
            yield f"{self.paint('note', 'note')}: the baseline accepts what is no longer found: {clean(entry)}"
        if self.result.stale_baseline:
            yield f"{self.paint('note', 'note')}: `archlint baseline prune` removes such entries"
        if self.result.notifications or self.result.stale_baseline:
            yield ""

    def _traceback_hint(self) -> str:
        return "" if self.options.verbose else " (--verbose shows where)"

    def _summary(self) -> Iterator[str]:
        summary, paint = self.result.summary, self.paint
        size = f"{plural(summary.templates, 'template')}, {plural(summary.resources, 'resource')}"
        set_aside = accepted(self.result)
        hint = "" if self.options.show_suppressed or not set_aside else " (--show-suppressed shows them)"
        tail = f"; {set_aside}{hint}" if set_aside else ""
        reported = [finding for finding in self.findings if finding.suppression is None]
        if not reported:
            yield f"{paint('fix', 'No findings')} in {size}{tail}"
            return
        rules = by_rule(reported)
        width = max(len(str(count)) for _, _, count in rules)
        identity = max(len(rule_id) for rule_id, _, _ in rules)
        for rule_id, name, count in rules:
            yield f"{str(count).rjust(width)}  {paint('bold', rule_id.ljust(identity))}  {name}"
        teams = by_team(reported)
        if teams:
            yield f"by team: {', '.join(f'{clean(team)} {count}' for team, count in teams)}"
        yield ""
        found = paint("bold", f"{plural(len(reported), 'finding')}: {by_severity(reported)}")
        yield f"{found} in {size}{tail}"
        worst = max(reported, key=lambda finding: finding.severity.rank)
        yield f"`archlint explain {worst.rule_id}` says why one matters and how to repair it"
