"""`make fuzz`: throws broken templates at the command line; archlint must answer with findings, never a traceback.

Seeds are the example shop, the rule fixtures and a sample of the corpus. Each round writes a folder of mutants and
checks it in one run; a run that goes wrong is repeated file by file, and the culprits are kept in build/fuzz.
The run is the same for the same --seed.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
KEEP = ROOT / "build" / "fuzz"
SUFFIXES = {".yaml", ".yml", ".json", ".template"}
RUN_LIMIT_SECONDS = 300
VALUES = (
    *("[]", "{}", "null", "~", "true", "-1", "0", "1e400", "0x7fffffffffffffff", '""', '"${"', '"${}"', '"${A.B.C}"'),
    *("!Ref X", "!Ref []", "!GetAtt a", "!GetAtt [a]", "!GetAtt {a: b}", '!Sub ["${x}", {x: !Ref x}]', "!If [a]"),
    *(
        "!Select [99, []]",
        "!Join [1, 2, 3]",
        "!FindInMap [a]",
        "!ImportValue {}",
        "!Split [, a]",
        "!Nope x",
        "*nowhere",
    ),
    *(
        "&a [*a]",
        "2020-01-01",
        "!!binary aGk=",
        "!!python/object:os.system x",
        '"\\u0000"',
        "{{resolve:ssm:}}",
        "{{ x }}",
    ),
    *(
        "{Ref: {Ref: {Ref: x}}}",
        "{'Fn::If': [a, {}, []]}",
        "{'Fn::ForEach': 1}",
        "{'Fn::Transform': {}}",
        "[[[[[[]]]]]]",
    ),
    *(
        "arn:aws:sqs:::",
        '"arn:aws:lambda:*:*:function:*"',
        "999999999999999999999999",
        "{? [a] : b}",
        "<<: 1",
        "'%s%n'",
    ),
)


def change_value(text: str, chance: random.Random) -> str:
    """Another value behind a key or in a list."""
    places = list(re.finditer(r"(?<=: )\S[^\n]*|(?<=- )\S[^\n]*", text))
    if not places:
        return text
    place = chance.choice(places)
    return text[: place.start()] + chance.choice(VALUES) + text[place.end() :]


def change_lines(text: str, chance: random.Random) -> str:
    """Lines removed, doubled, swapped or moved to another depth."""
    lines = text.split("\n")
    first = chance.randrange(len(lines))
    last = min(len(lines), first + chance.randint(1, 6))
    block = lines[first:last]
    indented = [" " * chance.choice((1, 2, 4)) + line for line in block]
    lines[first:last] = chance.choice(([], block * 2, block[::-1], indented))
    return "\n".join(lines)


def change_characters(text: str, chance: random.Random) -> str:
    """A few characters replaced, or the end cut off."""
    if not chance.randrange(5):
        return text[: chance.randrange(len(text) + 1)]
    characters = list(text)
    for _ in range(chance.randint(1, 5)):
        if characters:
            characters[chance.randrange(len(characters))] = chance.choice("\t\x00\ufeff\u2028{}[]:,&*!|>'\"%@`#-?é😀")
    return "".join(characters)


def change_name(text: str, chance: random.Random) -> str:
    """One word of the file in the place of another: wrong types, wrong references, cycles."""
    words = list(re.finditer(r"[A-Za-z][A-Za-z0-9:]{2,}", text))
    if not words:
        return text
    place, other = chance.choice(words), chance.choice(words)
    return text[: place.start()] + other.group() + text[place.end() :]


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    change_value,
    change_value,
    change_lines,
    change_characters,
    change_name,
)


def seeds(corpus: Path, limit: int) -> list[Path]:
    """Templates to start from."""
    own = [path for folder in ("examples", "tests/fixtures") for path in sorted((ROOT / folder).rglob("*"))]
    real = sorted(corpus.rglob("*")) if corpus.is_dir() else []
    random.Random(7).shuffle(real)  # noqa: S311 - a sample, not a secret
    candidates = [
        path for path in own + real if path.suffix in SUFFIXES and path.is_file() and ".aws-sam" not in path.parts
    ]
    return [path for path in candidates if "Resources" in path.read_text(encoding="utf-8", errors="replace")][:limit]


def complaint(paths: Sequence[Path]) -> str | None:
    """What archlint did wrong on these files; None when it answered as it should."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [
            sys.executable,
            "-m",
            "archlint",
            "check",
            "--isolated",
            "--report",
            f"json:{report.name}",
        ]
        try:
            done = subprocess.run(
                [*command, *paths], capture_output=True, text=True, check=False, timeout=RUN_LIMIT_SECONDS
            )
        except subprocess.TimeoutExpired:
            return f"no answer in {RUN_LIMIT_SECONDS} s"
        if "Traceback" in done.stderr + done.stdout or done.returncode not in (0, 1):
            return f"exit {done.returncode}: {done.stderr.strip()[-600:]}"
        notes = json.loads(Path(report.name).read_text(encoding="utf-8"))["notifications"]
    crashed = [note["message"] for note in notes if note.get("rule")]
    return f"a rule crashed: {crashed[0]}" if crashed else None


def alone(path: Path) -> str | None:
    """What archlint did wrong on one mutant, in a folder of its own: a file that is named must be a template."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(path, Path(folder, path.name))
        return complaint([Path(folder)])


def one_round(sources: Sequence[str], chance: random.Random, mutants: int, first: int) -> int:
    """Writes and checks one folder of mutants; how many wrong answers it found."""
    with tempfile.TemporaryDirectory() as scratch:
        paths = []
        for number in range(first, first + mutants):
            text = chance.choice(sources)
            for _ in range(chance.randint(1, 4)):
                text = chance.choice(MUTATIONS)(text, chance)
            path = Path(scratch, f"mutant{number}.yaml")
            path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
            paths.append(path)
        together = complaint([Path(scratch)])
        if together is None:
            return 0
        culprits = [(path, message) for path in paths if (message := alone(path))]
        for path, message in culprits:
            shutil.copyfile(path, KEEP / path.name)
            print(f"{(KEEP / path.name).relative_to(ROOT)}: {message}", flush=True)
        if not culprits:
            shutil.copytree(scratch, KEEP / f"round{first}", dirs_exist_ok=True)
            print(f"{(KEEP / f'round{first}').relative_to(ROOT)}, only together: {together}", flush=True)
        return max(1, len(culprits))


def main() -> None:
    """Runs rounds until the time is up; ends with 1 when anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--mutants", type=int, default=60, help="files per run")
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - repeatable, not secret
    sources = [path.read_text(encoding="utf-8", errors="replace") for path in seeds(options.corpus, 600)]
    KEEP.mkdir(parents=True, exist_ok=True)
    start, tried, wrong = time.monotonic(), 0, 0
    while time.monotonic() - start < options.minutes * 60:
        wrong += one_round(sources, chance, options.mutants, tried)
        tried += options.mutants
    print(f"{tried} mutants, {wrong} wrong answers, {time.monotonic() - start:.0f} s, seed {options.seed}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
