"""`make corpus`: what archlint sees in a folder of real templates, as counts that a change can be compared by.

usage: corpus.py FOLDER [ARGUMENT OF archlint check]...
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FINDINGS = 1
WIDTH = 78


def archlint(*arguments: str) -> tuple[str, float, float]:
    """Standard output, seconds of wall clock and of CPU of one run; ends the script when the run failed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "archlint", *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode > FINDINGS:
        sys.exit(f"archlint {arguments[0]} ended with {done.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, wall, cpu


def table(title: str, counts: Counter[str]) -> None:
    """Prints counts, largest first, in as many columns as fit."""
    print(f"\n{title}: {sum(counts.values())}")
    cells = [f"{number:>7} {name}" for name, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    width = max((len(cell) for cell in cells), default=0) + 2
    columns = max(1, WIDTH // max(width, 1))
    for start in range(0, len(cells), columns):
        print("".join(cell.ljust(width) for cell in cells[start : start + columns]).rstrip())


def findings_table(findings: Iterable[dict[str, Any]]) -> None:
    """Prints how often each rule speaks, by severity, and in how many files."""
    by_rule: dict[str, Counter[str]] = {}
    files: dict[str, set[str]] = {}
    for finding in findings:
        rule = f"{finding['rule']} {finding['name']}"
        by_rule.setdefault(rule, Counter())[finding["severity"]] += 1
        files.setdefault(rule, set()).add(finding["file"])
    print(f"\nfindings by rule: {sum(counts.total() for counts in by_rule.values())}")
    print(f"{'error':>7} {'warning':>7} {'note':>7} {'files':>7}")
    for rule, counts in sorted(by_rule.items()):
        row = [counts["error"], counts["warning"], counts["note"], len(files[rule])]
        print(" ".join(f"{number or '-':>7}" for number in row), rule)


def main() -> None:
    """Checks, draws the graph as JSON, counts."""
    if len(sys.argv) == 1:
        sys.exit(__doc__)
    folder, extra = Path(sys.argv[1]), sys.argv[2:]
    if not folder.is_dir():
        print(f"corpus: no templates at {folder}, nothing counted")
        return
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.json")
        _, wall, cpu = archlint("check", "--quiet", "--exit-zero", "--report", f"json:{report}", *extra, str(folder))
        result = json.loads(report.read_text(encoding="utf-8"))
    drawn, graph_wall, _ = archlint("graph", "--format", "json", str(folder))
    edges = json.loads(drawn)["edges"]
    print(" ".join(f"{name} {number}" for name, number in result["summary"].items()))
    table("edges by kind", Counter(edge["kind"] for edge in edges))
    table("edges by evidence", Counter(edge["evidence"] for edge in edges))
    findings_table(result["findings"])
    table("notifications", Counter(note["message"][:WIDTH] for note in result["notifications"]))
    print(f"\ncheck {wall:.1f} s ({cpu:.1f} s CPU), graph {graph_wall:.1f} s")


if __name__ == "__main__":
    main()
