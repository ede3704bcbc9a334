"""Lines with marks under what a finding speaks about."""

from archlint.findings import Region, Severity
from archlint.reporters.code_frame import Label, frame
from archlint.reporters.paint import Paint


def drawn(text: str, *labels: Label) -> list[str]:
    return frame(text.split("\n"), labels, Severity.WARNING, Paint(), 2)


def region(line: int, column: int, end: int) -> Region:
    return Region(line, column, line, end)


def test_one_label() -> None:
    assert drawn("a\n  key: 1", Label(region(2, 3, 6), primary=True)) == [" 2 |   key: 1", "   |   ^^^"]


def test_labels_in_the_order_of_the_file_with_a_gap() -> None:
    labels = (Label(region(5, 1, 2), primary=True), Label(region(1, 1, 2), "first"), Label(region(2, 1, 2)))
    assert drawn("a\nb\nc\nd\ne", *labels) == [
        " 1 | a",
        "   | - first",
        " 2 | b",
        "   | -",
        "  ...",
        " 5 | e",
        "   | ^",
    ]


def test_two_labels_on_one_line() -> None:
    labels = (Label(region(1, 4, 5), "b"), Label(region(1, 1, 2), primary=True))
    assert drawn("a: b", *labels) == [" 1 | a: b", "   | ^", "   |    - b"]


def test_wide_characters_and_tabs_shift_the_marks() -> None:
    assert drawn("日本: x", Label(region(1, 5, 6), primary=True))[1] == "   |       ^"
    assert drawn("\tkey", Label(region(1, 2, 5), primary=True)) == [" 1 |     key", "   |     ^^^"]
    assert drawn("e\u0301: x", Label(region(1, 5, 6), primary=True))[1] == "   |    ^"


def test_long_lines_are_cut_around_the_label() -> None:
    text = "x" * 500 + "KEY" + "y" * 500
    line, marks = drawn(text, Label(region(1, 501, 504), primary=True))
    assert len(line) <= 130
    assert line[marks.index("^") : marks.rindex("^") + 1] == "KEY"
    assert line.startswith(" 1 | ...x")
    assert line.endswith("y...")


def test_regions_that_do_not_fit_the_text() -> None:
    assert drawn("a", Label(region(7, 1, 2), primary=True)) == []
    assert drawn("ab", Label(region(1, 9, 12), primary=True))[1] == "   |   ^"
    assert drawn("ab", Label(Region(1, 2, 3, 1), primary=True))[1] == "   |  ^"
    assert drawn("", Label(region(1, 1, 2), primary=True)) == [" 1 |", "   | ^"]


def test_control_characters_are_not_shown() -> None:
    assert drawn("\x1b[31m", Label(region(1, 1, 2), primary=True))[0] == " 1 | \ufffd[31m"
