"""The graph against what people read in real templates: at least 97 of 100 edges that a reader sees are drawn."""

import pytest

from tests.graph.compare import CORPUS, drawn, missing, readings

RECALL = 0.97


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"NO READING IS COMPARED: the real templates are not at {CORPUS}")
def test_what_readers_see_is_drawn() -> None:
    read = found = 0
    lines = []
    for reading in readings():
        gone = missing(reading, drawn(reading.folder))
        read += len(reading.edges)
        found += len(reading.edges) - len(gone)
        lines += [f"{reading.name}: {1 - len(gone) / len(reading.edges):.1%}", *(f"  missing {edge}" for edge in gone)]
    assert read, "no readings beside this file"
    report = "\n".join(lines)
    assert found / read >= RECALL, f"found {found} of {read}, {found / read:.2%}\n{report}"


def test_readings_name_every_edge_once() -> None:
    for reading in readings():
        ends = [edge[:4] for edge in reading.edges]
        assert len(ends) == len(set(ends)), reading.name
