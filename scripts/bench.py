"""`make bench`: what archlint costs, always as a ratio to something measured in the same run on the same files.

CPU of a cold check against composing the same YAML with libyaml alone, and of a second check against the cold one;
wall clock on one template against cfn-lint, and on many against checkov; time and memory of ten times as many
templates. Prints, never fails: machines differ.
"""

import argparse
import json
import os
import re
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
GROWTH = (1_000, 10_000)
NAME = re.compile(r"""\b(?:Name|(?:Bucket|Function|Queue|Role|Table|Topic)Name)"?[ ]*:[ ]*"?[A-Za-z][\w-]*""")
COMPOSE = (
    "import sys, yaml\n"
    "for name in sys.stdin.read().splitlines():\n"
    "    with open(name, encoding='utf-8') as stream: yaml.compose(stream, Loader=yaml.CSafeLoader)\n"
)


class Cost(NamedTuple):
    """Seconds and megabytes of one process."""

    wall: float
    cpu: float
    memory: float


def once(command: Sequence[str | Path], stdin: str = "") -> Cost:
    """One run; exit codes above 1 end the benchmark, but for cfn-lint, which has others for findings."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as errors:
        given.write(stdin)
        given.seek(0)
        process = subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1) and Path(command[0]).name != "cfn-lint":
            errors.seek(0)
            sys.exit(f"{command[0]} ended with {process.returncode}: {errors.read()[-2000:]}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def best(costs: Sequence[Cost]) -> Cost:
    """The least of each; the others were disturbed."""
    return Cost(*(min(values) for values in zip(*costs, strict=True)))


def run(command: Sequence[str | Path], *, repeat: int = 3) -> Cost:
    """The best of several runs."""
    return best([once(command) for _ in range(repeat)])


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


def repeated(templates: Sequence[Path], folder: Path, wanted: int) -> Path:
    """An estate of `wanted` templates: the same ones again and again, each time with other physical names."""
    for number in range(-(-wanted // len(templates))):
        for index, path in enumerate(templates[: wanted - number * len(templates)]):
            copy = folder / f"r{number}" / f"{index}" / path.name
            copy.parent.mkdir(parents=True)
            text = path.read_text(encoding="utf-8")
            copy.write_text(NAME.sub(rf"\g<0>{number}", text), encoding="utf-8")
    return folder


def row(what: str, mine: float, theirs: float, budget: float, unit: str = "s") -> None:
    """Prints one comparison."""
    ratio = mine / theirs
    verdict = "within" if ratio <= budget else "OVER"
    print(f"{what:<62} {mine:>8.2f} {unit:<2} {theirs:>8.2f} {unit:<2} {ratio:>7.3f} x  {verdict} {budget} x")


def main() -> None:
    """Runs the comparisons that the corpus and the peers at hand allow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--peers", type=Path, required=True, help="bin folder with cfn-lint and checkov")
    parser.add_argument("--templates", type=int, default=500)
    parser.add_argument("--checkov-templates", type=int, default=200)
    options = parser.parse_args()
    options.peers = options.peers.absolute()
    if not options.corpus.is_dir():
        print(f"bench: no templates at {options.corpus}, nothing measured")
        return
    # Outside the repository: what its .gitignore names would not be linted.
    with tempfile.TemporaryDirectory(prefix="archlint-bench-") as work:
        compare(options, Path(work))


def compare(options: argparse.Namespace, work: Path) -> None:
    """Copies the samples into `work`, then runs and prints the comparisons."""
    check: list[str | Path] = [sys.executable, "-m", "archlint", "check", "--isolated", "--exit-zero"]
    check += ["--report", f"json:{os.devnull}"]
    cold = [*check, "--no-cache"]
    many = sample(options.corpus, options.templates, work / "many")
    few = sample(options.corpus, options.checkov_templates, work / "few")
    one = single(many)

    print(f"{'':<62} {'archlint':>11} {'other':>11} {'ratio':>9}  budget")
    names = "\n".join(map(str, many))
    # In turn: a disturbance that lasts meets both.
    pairs = [(once([sys.executable, "-c", COMPOSE], names), once([*cold, work / "many"])) for _ in range(5)]
    composed, checked = (best(costs) for costs in zip(*pairs, strict=True))
    row(f"CPU, cold check of {len(many)} templates / yaml.CSafeLoader", checked.cpu, composed.cpu, 2.5)
    os.chdir(work)  # the cache is made in the working directory
    once([*check, work / "many"])
    again = run([*check, work / "many"])
    row(f"CPU, second check of {len(many)} templates / the cold one", again.cpu, checked.cpu, 0.25)
    peer = run([options.peers / "cfn-lint", one], repeat=5)
    checked = run([*cold, one], repeat=5)
    row(f"wall, one template of {resources(one)} resources / cfn-lint", checked.wall, peer.wall, 0.4)
    checkov = [options.peers / "checkov", "--framework", "cloudformation", "--skip-download", "--quiet", "--compact"]
    peer = run([*checkov, "-o", "json", "-d", work / "few"], repeat=1)
    checked = run([*cold, work / "few"])
    row(f"wall, {len(few)} templates in one process / checkov", checked.wall, peer.wall, 0.1)
    small, large = (once([*cold, repeated(many, work / f"{size}", size)]) for size in GROWTH)
    what = "check of {1:,} templates / {0:,}".format(*GROWTH)
    row(f"CPU, {what}", large.cpu, small.cpu, 11)
    row(f"memory, {what}", large.memory, small.memory, 11, "MB")
    print(json.dumps({"cores": os.cpu_count(), "python": sys.version.split()[0]}))


if __name__ == "__main__":
    main()
