"""`make fuzz`: throws broken templates at the command line; archlint must answer with findings, never a traceback.

Seeds are the example shop, the rule fixtures and a sample of the corpus. A round is a folder of unrelated mutants or
an application with some files changed; what archlint answered wrongly is kept in build/fuzz.
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
SHOP = ROOT / "examples" / "shop"
KEEP = ROOT / "build" / "fuzz"
SUFFIXES = {".yaml", ".yml", ".json", ".template"}
CODE_SUFFIXES = {".py", ".js", ".ts", ".toml", ".txt"}
RUN_LIMIT_SECONDS = 300
FILES_PER_ROUND = 60
FILES_OF_AN_APPLICATION = 150
CORPUS_SEEDS = 600
SMALL_BYTES = 200_000
SOUND = "Resources:\n  Sound:\n    Type: AWS::SNS::Topic\n"
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


def templates(folder: Path) -> list[Path]:
    """Files below the folder that look like templates, in the same order on every machine."""
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES and path.is_file()]
    kept = [path for path in files if ".aws-sam" not in path.parts]
    return [path for path in kept if "Resources" in path.read_text(encoding="utf-8", errors="replace")]


def mutated(text: str, chance: random.Random) -> str:
    """The text after one to four mutations."""
    for _ in range(chance.randint(1, 4)):
        text = chance.choice(MUTATIONS)(text, chance)
    return text


def write(path: Path, text: str) -> None:
    """Writes exactly this text, broken surrogates and line ends included."""
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")


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
    """What archlint did wrong on one mutant; beside a sound template, as a folder without any is a usage error."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(path, Path(folder, path.name))
        write(Path(folder, "sound.yaml"), SOUND)
        return complaint([Path(folder)])


def keep(what: Path, name: str, message: str) -> None:
    """Saves what archlint answered wrongly, and says so."""
    kept = KEEP / name
    if what.is_dir():
        shutil.copytree(what, kept, dirs_exist_ok=True)
    else:
        shutil.copyfile(what, kept)
    print(f"{kept.relative_to(ROOT)}: {message}", flush=True)


def round_of_files(sources: Sequence[Path], chance: random.Random, number: int) -> int:
    """Checks one folder of unrelated mutants; how many wrong answers it found."""
    with tempfile.TemporaryDirectory() as scratch:
        paths = []
        for index in range(FILES_PER_ROUND):
            source = chance.choice(sources)
            path = Path(scratch, f"mutant{number}-{index}{source.suffix}")
            write(path, mutated(source.read_text(encoding="utf-8", errors="replace"), chance))
            paths.append(path)
        together = complaint([Path(scratch)])
        if together is None:
            return 0
        culprits = [(path, message) for path in paths if (message := alone(path))]
        for path, message in culprits:
            keep(path, path.name, message)
        if not culprits:
            keep(Path(scratch), f"round{number}", f"only together: {together}")
        return max(1, len(culprits))


def round_of_an_application(sources: Sequence[Path], chance: random.Random, number: int) -> int:
    """Checks an application some of whose files were changed: bundles, nested stacks, definitions, code; 1 if wrong."""
    application = chance.choice([SHOP, SHOP, *(source.parent for source in chance.sample(sources, 4))])
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "application")
        files = [path for path in sorted(application.rglob("*")) if path.is_file() and ".aws-sam" not in path.parts]
        small = [path for path in files if path.stat().st_size < SMALL_BYTES][:FILES_OF_AN_APPLICATION]
        for path in small:
            target = copy / path.relative_to(application)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        write(copy / "sound.yaml", SOUND)
        changeable = [copy / path.relative_to(application) for path in small if path.suffix in SUFFIXES | CODE_SUFFIXES]
        for path in chance.sample(changeable, min(len(changeable), chance.randint(1, 8))):
            write(path, mutated(path.read_text(encoding="utf-8", errors="replace"), chance))
        message = complaint([copy])
        if message:
            keep(copy, f"application{number}", message)
        return 1 if message else 0


def main() -> None:
    """Runs rounds until the time is up; ends with 1 when anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - repeatable, not secret
    sources = templates(ROOT / "examples") + templates(ROOT / "tests" / "fixtures")
    if options.corpus.is_dir():
        real = templates(options.corpus)
        sources += chance.sample(real, min(len(real), CORPUS_SEEDS))
    KEEP.mkdir(parents=True, exist_ok=True)
    start, number, wrong = time.monotonic(), 0, 0
    while time.monotonic() - start < options.minutes * 60:
        one_round = round_of_an_application if number % 2 else round_of_files
        wrong += one_round(sources, chance, number)
        number += 1
    files = (number + 1) // 2 * FILES_PER_ROUND
    print(f"{files} files, {number // 2} applications, {wrong} wrong answers, seed {options.seed}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
