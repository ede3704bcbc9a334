"""What the quick reader of YAML reads is what libyaml reads; all else it refuses."""

import contextlib
import random
import runpy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archlint.template.block_style import read_block_style
from archlint.template.block_text import OtherStyle
from archlint.template.document import Document, read_document

ROOT = Path(__file__).parents[3]
CORPUS = ROOT.parent / "shared" / "corpus"
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "fuzz_readers.py"))
difference: Callable[[str], str | None] = SCRIPT["difference"]

READ = {
    "values": "a: text\nb: 1\nc: 1.5\nd: true\ne: ~\nf: 0123\ng: 2010-09-09\nh: 1:30\ni: 5.10\nj: =\nk: -x\nl: ::x\n",
    "no values": "a:\nb: # comment\nc:   \nd:\n# comment\n\ne:",
    "start and comments": "---\n\n# comment\na: 1 # comment\n  # comment\nb: x#y\n",
    "keys": "\"a\": 1\n'b c': 2\nd : 3\ne:f: 4\nFn::Sub: 5\n'<<': 6\n/pets/{id}: 7\n2XX: 8\n",
    "no end of line": "a:\n  b: |\n    x",
    "nesting": "a:\n  b:\n      c: 1\n      d: 2\n  e: 3\nf: 4\n",
    "lists": "a:\n  - 1\n  - b: 2\n    c: 3\n  -\n    d: 4\n  -   e: 5\n      f: 6\n",
    "aligned lists": "a:\n- 1\n- b:\n  - 2\n  c: 3\nd:\n- - 4\n  - e: 5\n- - - 6\n",
    "empty items": "a:\n-\n- # comment\n- \n-\n  # comment\n\n  b\n-\nc: 1\n",
    "short forms": "a: !Ref B\nb: !GetAtt C.Arn.Value\nc: !Sub 1\nd: !Sub 'x' # comment\ne: !Ref ~\n",
    "short forms of lists": "a: !If\n- b\n- !Ref c\nd: !Join # comment\n  - ','\n  - - !Sub ${e}\n    - f\n",
    "short forms in lists": "a:\n- !If\n  - b\n- !Ref c\n- !Sub\n  - d\n  - {e: f}\n",
    "short forms above": "a: !Sub\n  'x'\nb: !If\n  [c, d]\ne: !Transform\n  Name: f\ng: !Sub\n  |\n   h\n",
    "quoted": "a: 'it''s'\nb: \"\\\"\\n\\t\\\\\"\nc: ''\nd: 'x # y' # comment\ne: \"two\n lines\"\nf: 'a\n\n b'\n",
    "brackets": "a: [1, 'x', !Ref b, [c], {d: e}, \"f\"]\ng: {\"h\":1, 'i': true, j: !GetAtt k.l}\nm: []\nn: {} # x\n",
    "brackets over lines": "a: [\n  1, # comment\n2\n]\nb: {c: d,\n  e: f}\ng:\n  [h\n   , i]\n",
    "literal": "a: |\n  x\n    y # no comment\n\n  z\n\nb: |-\n x  \n\n# comment\nc:\n- |\n x\n",
    "folded": "a: >\n  x\n  y\n\n\n  z\nb: >- # comment\n  x\n\nc: 1\n",
    "text over lines": "a: one\n  two\n   three\nb: 1\n  2\nc:\n- d: x\n   y\n",
    "folded with lines further in": "a: >\n  x\n    y\n  z\n\n    u\n\n\n  v\n",
    "words as keys": "a b: c\nd e!:\n  'f': g\nh, i#j : # k\n  l m: n\n  o:\n    p://q r: s\n",
    "text below a tag": "a: !Ref\n  1\nb: !Sub # c\n  d e # f\ng: !Sub\n  h\n    i\nj:\n- !Ref\n  k\n",
    "items over lines": "a:\n- one\n  two\n- 1\n   2\n\n- b\n",
    "quoted over lines": "a: \"b \\\"c\\\"\n  d\\\n  \\ e\"\nf: 'g''\n  h'\n",
    "other letters": "a: é\nü: 1\nö ä: 2\n",
    "sixty levels": "".join(f"{' ' * level}a: !If\n{' ' * level}- !If\n" for level in range(60)) + " " * 60 + "b: 1\n",
}
REFUSED = {
    "nothing": "",
    "comments": "# comment\n",
    "list": "- a\n",
    "text": "a\n",
    "indented": "  a: 1\n",
    "JSON": '{"a": 1}\n',
    "two documents": "a: 1\n---\nb: 2\n",
    "end": "a: 1\n...\n",
    "end in quotes": 'a:\n  ""#\n... # "\nb: 1\n',
    "directive": "%YAML 1.1\n---\na: 1\n",
    "tab": "a:\t1\n",
    "break of another kind": "a: x\x85b: 1\n",
    "invisible": "a: \ufeffx\n",
    "anchor": "a: &b 1\n",
    "anchor in brackets": "a: [&b 1,\n *b]\n",
    "alias": "a: *b\n",
    "merge": "<<: 1\n",
    "complex key": "? a\n: b\n",
    "key in brackets": "[a]: b\n",
    "twice": "a: 1\na: 2\n",
    "twice, once quoted": "a: 1\n'a': 2\n",
    "twice in brackets": "a: {b: 1, b: 2}\n",
    "no key": ": 1\n",
    "empty key": "'': 1\n",
    "two on a line": "a: b: c\n",
    "colon behind a colon": "a: : b\n",
    "key of words twice": "a b: 1\na b: 2\n",
    "text behind a comment below a tag": "a: !Sub\n  b\n  # c\n  d\n",
    "item over lines with a comment": "a:\n- b # c\n  d\n",
    "long key": f"{'a' * 1100}: b\n",
    "key far from its colon": f"a{' ' * 1100}: b\n",
    "key and nothing": "a: b:\n",
    "unknown tag": "a: !Nope b\n",
    "standard tag": "a: !!str 1\n",
    "tag below a tag": "a: !If\n  !Ref b\n",
    "two tags": "a: !Base64 !Ref b\n",
    "nothing below a tag": "a: !GetAZs\nb: 1\n",
    "indicators": "a: @b\n",
    "item deeper": "a:\n  - 1\n    - 2\n",
    "item less deep": "a:\n  - 1\n - 2\n",
    "item behind a key": "a: - b\n",
    "item beside keys": "a: 1\n- b\n",
    "key deeper": "a: 1\n  b: 2\n",
    "key less deep": "a:\n   b: 1\n  c: 2\n",
    "comment before more text": "a: b # comment\n  c\n",
    "comment between text": "a: b\n  # comment\n  c\n",
    "never closed": "a: [1,\nb: 2\n",
    "closed too often": "a: [1]]\n",
    "quote never closed": "a: 'b\n",
    "behind a quote": "a: 'b' c\n",
    "unknown escape": 'a: "\\q"\n',
    "kept ends": "a: |+\n  x\n",
    "given indentation": "a: |2\n  x\n",
    "block without text": "a: |",
    "block with its first line empty": "a: |\n\n  x\n",
    "block with text less deep": "a: |\n    x\n  y\n",
    "far to the right": f"a:\n{' ' * 61}b: 1\n",
    "deep in brackets": f"a: {'[' * 60}{']' * 60}\n",
    "deep in brackets over lines": f"a: {'[' * 60}\n{']' * 60}\n",
}


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_plain_style_is_read_as_libyaml_reads_it(text: str) -> None:
    assert difference(text) == ""


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_other_style_is_refused(text: str) -> None:
    with pytest.raises(OtherStyle):
        read_block_style(text, {})


def test_changed_texts_are_read_as_libyaml_reads_them() -> None:
    texts = [*READ.values(), *SCRIPT["seeds"](ROOT / "examples")]
    found = [(difference(text), text) for text in SCRIPT["mutants"](texts, random.Random(1), 8_000)]  # noqa: S311 - repeatable
    assert sum(different is not None for different, _ in found) > 2_000
    assert [(different, text) for different, text in found if different] == []


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus of real templates at ../shared/corpus")
def test_real_templates_are_read_as_libyaml_reads_them() -> None:
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(CORPUS.rglob("*.y*ml"))[::4]]
    found = [difference(text) for text in texts]
    assert [different for different in found if different] == []
    assert found.count("") > 0.9 * len(found)  # or it is not worth its lines


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, (*path, "Nonesuch"), *(found for step, item in inner for found in _paths(item, (*path, step)))]


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_lines_are_those_of_a_full_parse(text: str) -> None:
    document = read_document(Path("t.yaml"), "t.yaml", text)
    bare = Document(document.path, document.name, text, document.data)
    assert document.key_marks
    for path in _paths(document.data):
        assert document.region(path) == bare.region(path), path


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        "- " * 500_000,
        "a: " * 300_000,
        '"' * 1_000_000,
        "a:" + " " * 1_000_000 + "b",
        "a" + " " * 1_000_000 + ":",
        "a:\n" + "  [b,\n" * 100_000,
        "a: [\n" + "  b,\n" * 30_000,
        "".join(f"a{number}: [b,\n" for number in range(30_000)),
        "".join(f'a{number}: "b\n  c"\n' for number in range(10_000)),
        "".join(f"a{number}: |\n  b\n" for number in range(50_000)),
        "".join(" " * level + "a:\n" for level in range(1_000)),
        "a: [b" + " " * 60_000 + "c\n",
        "a: [" + "b:" * 30_000 + "\n",
    ],
    ids=lambda text: text[:12],
)
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()
    with contextlib.suppress(OtherStyle):
        read_block_style(text, {})
    assert time.process_time() - start < 5  # a fraction of a second; what is quadratic takes minutes
