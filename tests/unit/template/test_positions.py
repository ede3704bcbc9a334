"""Lines from the first parse are those that a second, full parse gives."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archlint.template.document import Document, read_document

TEMPLATE = """\
Base: &base
  Timeout: 3
  "Quoted key": {Flow: [1, {Deep: x}], 'single': y}
Resources:
  Jobs:
    Type: AWS::SQS::Queue   # a comment
    Properties:
      <<: *base
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt Dead.Arn
      Tags:
        - Key: a
          Value: !Sub "${X}-y"
        - {Key: b}
        - !If [Yes, {Key: c}, !Ref AWS::NoValue]
        - &item plain # not of it
        - *item
        -
          Key: d
        - "two
          lines"
        - - nested
          - !Sub
            - "${A}"
            - A: 1
  ? complex
  : Type: AWS::SNS::Topic
  "esc\\u0061ped": 1
Outputs: {}
"""


def _paths(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        yield from _paths(item, (*path, step))
    yield (*path, "Nonesuch")
    yield (*path, 99)


def _differences(document: Document) -> Iterator[str]:
    for path in _paths(document.data, ()):
        noted = document.noted_region(path)
        if noted is not None and noted != document.parsed_region(path):
            yield f"{path}: {noted}, not {document.parsed_region(path)}"


def test_noted_lines_are_those_of_a_full_parse() -> None:
    document = read_document(Path("t.yaml"), "t.yaml", TEMPLATE)
    assert list(_differences(document)) == []
    known = [path for path in _paths(document.data, ()) if document.noted_region(path) is not None]
    assert len(known) > 60


def test_what_was_merged_away_leaves_no_lines_behind() -> None:
    mapping = "{}:\n  <<:\n    - *a\n    - {{Q: 2}}\n  <<: [{{R: 3}}, *a]\n{}: [[p], [q], [r, s], !Sub [t, u]]\n"
    text = "A: &a {P: 1}\n" + "".join(mapping.format(f"K{number}", f"L{number}") for number in range(20))
    assert list(_differences(read_document(Path("t.yaml"), "t.yaml", text))) == []


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("Resources", "Jobs"), 5, 3),
        (("Resources", "Jobs", "Properties", "Tags", 0, "Value"), 13, 11),
        (("Resources", "Jobs", "Properties", "Tags", 3), 16, 11),
        (("Resources", "Jobs", "Properties", "Timeout"), 2, 3),
        (("Resources", "complex", "Type"), 27, 5),
        (("Resources", "escaped"), 28, 3),
    ],
)
def test_a_path_has_its_line(path: tuple[str | int, ...], line: int, column: int) -> None:
    region = read_document(Path("t.yaml"), "t.yaml", TEMPLATE).region(path)
    assert (region.start_line, region.start_column) == (line, column)


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    text = "Resources:\n  A: {Ref: x}\n  A: {Type: AWS::SNS::Topic}\n  B: 1\n"
    document = read_document(Path("t.yaml"), "t.yaml", text)
    assert [document.region(("Resources", key)).start_line for key in ("A", "B")] == [3, 4]
