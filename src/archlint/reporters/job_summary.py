"""The summary of a GitHub Actions job: a table of findings and a picture of the affected part of the graph."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from archlint.errors import UsageError
from archlint.reporters.affected import NodeIndex, affected
from archlint.reporters.paint import clean
from archlint.reporters.summary import LEVELS, accepted, by_severity, by_team, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from archlint.findings import Finding
    from archlint.graph.model import ResourceGraph
    from archlint.lint import LintResult
    from archlint.reporters.options import Names

_MOST_BYTES = 900_000
"""The runner drops a summary above 1 MiB as a whole."""
_MOST_NODES = 60
"""Of the picture; a bigger one says nothing. Mermaid itself refuses more than 500 edges and 50,000 characters."""
_MOST_EDGES = 300
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&])")
_ICONS = {"error": ":x:", "warning": ":warning:", "note": ":information_source:"}


def write_job_summary(
    path: Path, result: LintResult, findings: Sequence[Finding], names: Names, environ: Mapping[str, str]
) -> None:
    """Appends the summary to the file; raises UsageError when it cannot be written."""
    try:
        with path.open("a", encoding="utf-8", errors="replace") as stream:
            stream.write(summary_markdown(result, findings, names, environ))
    except OSError as error:
        raise UsageError(f"cannot write the job summary: {error.strerror}", str(path)) from error


def summary_markdown(result: LintResult, findings: Sequence[Finding], names: Names, environ: Mapping[str, str]) -> str:
    """The summary as GitHub Markdown, below the size that the runner accepts."""
    size = plural(result.summary.templates, "template")
    set_aside = accepted(result)
    counts = by_severity(findings) or "no findings"
    lines = [
        "## archlint",
        "",
        f"{counts[:1].upper()}{counts[1:]} in {size}{f'; {set_aside}' if set_aside else ''}.",
        "",
    ]
    teams = by_team(findings)
    if teams:
        lines += [f"By team: {', '.join(f'{_text(team)} {count}' for team, count in teams)}.", ""]
    picture = _picture(result.graph, findings)
    room = _MOST_BYTES - len(picture.encode("utf-8", "replace"))
    lines += _table(findings, names, environ, room)
    lines += [f"- {_text(note.message)}" for note in result.notifications[:20]]
    return "\n".join(lines) + "\n" + picture


def _table(findings: Sequence[Finding], names: Names, environ: Mapping[str, str], room: int) -> list[str]:
    if not findings:
        return []
    lines = ["| | rule | where | finding | team |", "|---|---|---|---|---|"]
    ordered = sorted(findings, key=lambda finding: LEVELS.index(finding.severity))
    for number, finding in enumerate(ordered):
        row = _row(finding, names, environ)
        room -= len(row.encode("utf-8", "replace")) + 1
        if room < 0:
            lines += ["", f"{len(ordered) - number} more findings are in the log."]
            break
        lines.append(row)
    return [*lines, ""]


def _row(finding: Finding, names: Names, environ: Mapping[str, str]) -> str:
    file, line = names(finding.location.file), finding.location.region.start_line
    place = f"{_text(file)}:{line}"
    link = _blob(environ)
    if link:
        target = quote(file, errors="surrogateescape")
        place = f"[{place}]({link}/{target}#L{line})"
    rule = f"[{finding.rule_id}]({quote(finding.help_uri, safe=':/?#=&%')})" if finding.help_uri else finding.rule_id
    cells = [_ICONS[finding.severity.value], rule, place, _text(finding.message), _text(finding.owner or "")]
    return f"| {' | '.join(cells)} |"


def _blob(environ: Mapping[str, str]) -> str | None:
    """Where files of the commit are shown; for a pull request that is the merge commit."""
    parts = [environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")]
    return f"{parts[0]}/{parts[1]}/blob/{parts[2]}" if all(parts) else None


def _text(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(clean(text).split()))


def _picture(graph: ResourceGraph | None, findings: Sequence[Finding]) -> str:
    if graph is None or not findings:
        return ""
    from archlint.graph.export import to_mermaid
    from archlint.graph.view import Level, default_kinds, view

    marked = affected(NodeIndex(graph), findings)[:_MOST_NODES]
    if not marked:
        return ""
    kinds = default_kinds(Level.STACK)
    near = view(graph, kinds=kinds, focus=marked, depth=1).drawn()
    if len(near.nodes) > _MOST_NODES or len(near.edges) > _MOST_EDGES:
        near = view(graph, kinds=kinds, focus=marked, depth=0).drawn()
    if not near.nodes or len(near.edges) > _MOST_EDGES:
        return ""
    picture = to_mermaid(near, {node.id for node in marked})
    return f"\nWhat the findings speak about (marked) and what is next to it:\n\n```mermaid\n{picture}```\n"
