"""`make bench`: what archlint costs, always as a ratio to something measured in the same run on the same files.

Three comparisons: CPU of a cold check against composing the same YAML with libyaml alone; wall clock on one
template against cfn-lint; wall clock on many against checkov. Prints, never fails: machines differ.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

SUFFIXES = {".yaml", ".yml", ".json", ".template"}
COMPOSE = (
    "import sys, yaml\n"
    "for name in sys.stdin.read().splitlines():\n"
    "    with open(name, encoding='utf-8') as stream: yaml.compose(stream, Loader=yaml.CSafeLoader)\n"
)


class Cost(NamedTuple):
    """Seconds of one process."""

    wall: float
    cpu: float


def run(command: Sequence[str | Path], *, stdin: str = "", repeat: int = 3) -> Cost:
    """The best of several runs; the others were disturbed. Exit codes above 1 end the benchmark."""
    costs = []
    for _ in range(repeat):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in (0, 1) and Path(command[0]).name != "cfn-lint":
            sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
        costs.append(Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return Cost(min(cost.wall for cost in costs), min(cost.cpu for cost in costs))


def resources(path: Path) -> int:
    """How many resources a file has, 0 when it is no template that every contestant can read."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if "Resources" not in text or "AWS::" not in text or "{%" in text or "{{" in text:
        return 0
    try:
        top = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return 0
    if not isinstance(top, yaml.MappingNode):
        return 0
    return next((len(value.value) for key, value in top.value if key.value == "Resources"), 0)


def sample(corpus: Path, wanted: int, folder: Path) -> list[Path]:
    """Copies `wanted` templates, taken evenly from the corpus, into a folder of their own."""
    files = sorted(path for path in corpus.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    templates = [path for path in files if resources(path)]
    step = max(1, len(templates) // wanted)
    chosen = templates[::step][:wanted]
    copies = []
    for path in chosen:
        copy = folder / path.relative_to(corpus)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copies.append(copy)
    return copies


def single(copies: Sequence[Path]) -> Path:
    """The template of the sample whose number of resources is nearest to 30."""
    return min(copies, key=lambda path: (abs(resources(path) - 30), path))


def row(what: str, mine: float, theirs: float, budget: float) -> None:
    """Prints one comparison."""
    ratio = mine / theirs
    verdict = "within" if ratio <= budget else "OVER"
    print(f"{what:<58} {mine:>8.2f} s {theirs:>8.2f} s {ratio:>7.3f} x  {verdict} {budget} x")


def main() -> None:
    """Runs the comparisons that the corpus and the peers at hand allow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--peers", type=Path, required=True, help="bin folder with cfn-lint and checkov")
    parser.add_argument("--templates", type=int, default=500)
    parser.add_argument("--checkov-templates", type=int, default=200)
    options = parser.parse_args()
    if not options.corpus.is_dir():
        print(f"bench: no templates at {options.corpus}, nothing measured")
        return
    # Outside the repository: what its .gitignore names would not be linted.
    with tempfile.TemporaryDirectory(prefix="archlint-bench-") as work:
        compare(options, Path(work))


def compare(options: argparse.Namespace, work: Path) -> None:
    """Copies the samples into `work`, then runs and prints the three comparisons."""
    check = [sys.executable, "-m", "archlint", "check", "--isolated", "--exit-zero"]
    check += ["--report", f"json:{os.devnull}"]
    many = sample(options.corpus, options.templates, work / "many")
    few = sample(options.corpus, options.checkov_templates, work / "few")
    one = single(many)

    print(f"{'':<58} {'archlint':>10} {'other':>10} {'ratio':>9}  budget")
    composed = run([sys.executable, "-c", COMPOSE], stdin="\n".join(map(str, many)))
    checked = run([*check, work / "many"])
    row(f"CPU, cold check of {len(many)} templates / yaml.CSafeLoader", checked.cpu, composed.cpu, 2.5)
    peer = run([options.peers / "cfn-lint", one], repeat=5)
    checked = run([*check, one], repeat=5)
    row(f"wall, one template of {resources(one)} resources / cfn-lint", checked.wall, peer.wall, 0.4)
    checkov = [options.peers / "checkov", "--framework", "cloudformation", "--skip-download", "--quiet", "--compact"]
    peer = run([*checkov, "-o", "json", "-d", work / "few"], repeat=1)
    checked = run([*check, work / "few"])
    row(f"wall, {len(few)} templates in one process / checkov", checked.wall, peer.wall, 0.1)
    print(json.dumps({"cores": os.cpu_count(), "python": sys.version.split()[0]}))


if __name__ == "__main__":
    main()
