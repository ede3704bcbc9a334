"""`make fuzz`: reads changed pieces of templates with both readers of YAML; what the quick one reads must be the same.

The quick one (`read_block_style`) may refuse any text; libyaml reads it then. What it does read must have the values,
types and order of keys that libyaml's events give, and keys must stand where those say. The run is the same for the
same --seed and count.
"""

import argparse
import random
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from archlint.errors import TemplateError
from archlint.template.block_style import read_block_style
from archlint.template.block_text import OtherStyle
from archlint.template.document import decode
from archlint.template.parse import parse_events, yaml_events
from archlint.template.scalars import COLUMN_BITS, KeyMarks

ROOT = Path(__file__).parents[1]
LARGEST_BYTES = 40_000
LINES_OF_A_PIECE = 40
TOKENS = (
    *(
        "#",
        " #",
        " # c",
        "'",
        '"',
        ": ",
        ":",
        "::",
        "- ",
        "-",
        "\t",
        "---",
        "...",
        "&a ",
        "*a",
        "<<: *a",
        "? ",
        "=",
        "~",
    ),
    *("|", "|+", "|-", ">", ">2", ">-", "!", "!Sub ", "!Ref", "!If", "!!str ", "!Nope ", "[", "]", "{", "}", ", ", "%"),
    *(
        "@",
        "`",
        "\\",
        "\\n",
        '\\"',
        "''",
        " ",
        "  ",
        "\n",
        "\n\n",
        " \n",
        "\n ",
        "\n  ",
        "\n# c\n",
        "\n      # c\n",
        "x",
    ),
    *(
        "null",
        "Yes",
        "1",
        "0123",
        "1e3",
        ".5",
        "-1",
        "$",
        "(",
        "é",
        "\x85",
        "\u2028",
        "\ufeff",
        "\xa0",
        "{}",
        "[]",
        "''",
    ),
)
LINES = (
    *("", "  ", "# c", "    # c", "---", "...", "%YAML 1.1", "-", "- ", "- a", "  - b: c", "    - - x", "? x", ": y"),
    *("a:", "a: b", "  a: b", "text", "    more text", '"open', "'open", "]", "  }", "key: |", "key: >-", "  'q': 1"),
    *('  "q" : 1', "*a", "<<: *a", "  !Ref x", "a: [1,", "   2]", "  b: {x: 1,", "   y: 2}", '  b: "two', ' lines"'),
)


def difference(text: str) -> str | None:
    """What the quick reader reads otherwise than libyaml; empty when nothing, None when it refuses the text."""
    marks: KeyMarks = {}
    events_marks: KeyMarks = {}
    duplicates: list[tuple[str, int, int]] = []
    try:
        quick = read_block_style(text, marks)
    except OtherStyle:
        return None
    try:
        value = parse_events(text, yaml_events, duplicates, events_marks)
    except TemplateError as error:
        return f"no YAML: {error}"
    if duplicates:
        return f"keys that stand twice: {duplicates}"
    return next(_differences(quick, value, marks, events_marks, ()), "")


def _differences(
    quick: Any, value: Any, marks: KeyMarks, events_marks: KeyMarks, path: tuple[str | int, ...]
) -> Iterator[str]:
    if type(quick) is not type(value):
        yield f"{path}: {quick!r}, not {value!r}"
    elif isinstance(value, (dict, list)):
        if len(quick) != len(value) or (isinstance(value, dict) and [*quick] != [*value]):
            yield f"{path}: {quick!r}, not {value!r}"
            return
        noted, known = marks.get(id(quick)), events_marks.get(id(value), [])
        if noted is not None and len(noted) != len(known):
            yield f"{path}: {len(noted)} marks, not {len(known)}"
        for mark, right in zip(noted or (), known, strict=False):
            if mark is not None and mark != right:
                yield f"{path}: a mark in line {(mark >> COLUMN_BITS) + 1}, {right} was meant"
        for step in value if isinstance(value, dict) else range(len(value)):
            yield from _differences(quick[step], value[step], marks, events_marks, (*path, step))
    elif quick != value:
        yield f"{path}: {quick!r}, not {value!r}"


def piece(text: str, chance: random.Random) -> str:
    """One key of a text with what is below it: an error in another part would hide what this one means."""
    lines = text.split("\n")
    keys = [number for number, line in enumerate(lines) if re.match(r' *[\w"]+:', line)]
    if not keys:
        return text
    first = chance.choice(keys)
    indent = _indent(lines[first])
    last = first + 1
    while last < min(len(lines), first + LINES_OF_A_PIECE) and (
        not lines[last].strip() or _indent(lines[last]) > indent
    ):
        last += 1
    ending = chance.choice(([], [""], ["Last: 1", ""], ["", "# c", ""]))
    return "\n".join([line[indent:] for line in lines[first:last]] + ending)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def changed_lines(text: str, chance: random.Random) -> str:
    """A line removed, doubled, moved, indented, cut in two or joined, or one put in."""
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    other = chance.randrange(len(lines))
    line = lines[at]
    cut = chance.randrange(len(line) + 1)
    blanks = " " * chance.randrange(12)
    lines[at : at + 1] = chance.choice(
        (
            [],
            [line, line],
            [lines[other]],
            [" " + line],
            [line.removeprefix(" ")],
            [line + chance.choice(TOKENS)],
            [line[:cut], blanks + line[cut:]],
            [line, blanks + chance.choice(LINES)],
            [line[: _indent(line)] + chance.choice(LINES), line],
        )
    )
    return "\n".join(lines)


def changed_value(text: str, chance: random.Random) -> str:
    """A value made of indicators, or with one before, behind or inside."""
    places = list(re.finditer(r"(?<=: )\S[^\n]*|(?<=- )\S[^\n]*|(?<=:)(?=\n)", text))
    if not places:
        return text
    place = chance.choice(places)
    value = place.group()
    cut = chance.randrange(len(value) + 1)
    made = "".join(chance.choice(TOKENS) for _ in range(chance.randint(1, 5)))
    token = chance.choice(TOKENS)
    quotes = chance.choice(('"{}"', "'{}'", "|\n        {}\n", ">\n        {}\n        x\n", "[{}, x]", "{{k: {}}}"))
    value = chance.choice((made, token + value, value + token, value[:cut] + token + value[cut:], quotes.format(value)))
    return text[: place.start()] + value + text[place.end() :]


def mutants(texts: Sequence[str], chance: random.Random, count: int) -> Iterator[str]:
    """As many changed texts, most of them pieces of the given ones."""
    for _ in range(count):
        text = chance.choice(texts)
        if chance.randrange(8):
            text = piece(text, chance)
        for _ in range(chance.randint(1, 3)):
            text = chance.choice((changed_lines, changed_lines, changed_value))(text, chance)
        yield text


def seeds(folder: Path) -> list[str]:
    """The texts below the folder that the quick reader reads, in the same order on every machine."""
    paths = [path for path in sorted(folder.rglob("*.y*ml")) if path.is_file() and path.stat().st_size < LARGEST_BYTES]
    texts = []
    for path in paths:
        try:
            text = decode(path.read_bytes())
        except TemplateError:
            continue
        if difference(text) is not None:
            texts.append(text)
    return texts


def main() -> None:
    """Compares the readings of many mutants; ends with 1 when any differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200_000)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - repeatable, not secret
    texts = seeds(ROOT / "examples") + seeds(ROOT / "tests" / "fixtures")
    if options.corpus.is_dir():
        texts += seeds(options.corpus)
    read = wrong = 0
    for text in mutants(texts, chance, options.count):
        found = difference(text)
        read += found is not None
        if found:
            wrong += 1
            print(f"{found}\n{text!r}", flush=True)
    print(f"{options.count} changed texts, {read} of them in block style, {wrong} read wrongly, seed {options.seed}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
