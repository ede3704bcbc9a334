"""An independent judge of the graph: every reference between resources that cfn-lint sees is an edge here.

A sample of the corpus by default, all of it with ARCHLINT_FULL=1.
"""

import json
import logging
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
FULL = os.environ.get("ARCHLINT_FULL") == "1"
SAMPLE = 150
SUFFIXES = {".yaml", ".yml", ".json", ".template"}

Pairs = set[tuple[str, str]]


def oracle_edges(path: Path) -> Pairs | None:
    """Pairs of logical IDs that cfn-lint's graph joins; None when cfn-lint does not take the file for a template."""
    from cfnlint.decode import decode  # type: ignore[import-untyped]  # cfn-lint ships no type information
    from cfnlint.template import Template  # type: ignore[import-untyped]  # likewise

    raw, errors = decode(str(path))
    if errors or not isinstance(raw, dict) or not isinstance(raw.get("Resources"), dict):
        return None
    if any("Fn::ForEach" in str(key) for key in raw["Resources"]):
        return None  # cfn-lint names what a loop makes in its own way
    try:
        graph = Template(str(path), raw, ["us-east-1"]).graph.graph
    except Exception:  # noqa: BLE001 - whatever the oracle cannot digest is no verdict on archlint
        return None
    of_resources = {name for name, data in graph.nodes.items() if data.get("type") == "Resource"}
    return {
        (source.removeprefix("Resource-"), target.removeprefix("Resource-"))
        for source, target in graph.edges()
        if source != target and source in of_resources and target in of_resources
    }


def expectations(limit: int | None) -> dict[Path, Pairs]:
    """The oracle's pairs for the first `limit` templates of a shuffled corpus."""
    logging.disable(logging.CRITICAL)
    files = sorted(path for path in CORPUS.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    random.Random(7).shuffle(files)  # noqa: S311 - a sample, not a secret
    expected: dict[Path, Pairs] = {}
    for path in files:
        pairs = oracle_edges(path)
        if pairs is not None:
            expected[path] = pairs
        if limit is not None and len(expected) == limit:
            break
    logging.disable(logging.NOTSET)
    return expected


def archlint_edges(paths: Sequence[Path]) -> dict[str, Pairs]:
    """Pairs of logical IDs by file, in both directions: an event may flow against the reference that declares it."""
    done = subprocess.run(
        [sys.executable, "-m", "archlint", "graph", "--format", "json", *map(str, paths)],
        cwd=CORPUS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    document = json.loads(done.stdout)
    nodes = {node["id"]: node for node in document["nodes"]}
    pairs: dict[str, Pairs] = defaultdict(set)
    for edge in document["edges"]:
        source, target = nodes[edge["source"]], nodes[edge["target"]]
        if source["file"] and source["file"] == target["file"]:
            pair = (source["logical_id"], target["logical_id"])
            pairs[source["file"]] |= {pair, pair[::-1]}
    return pairs


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus of real templates at ../shared/corpus")
def test_every_reference_is_an_edge() -> None:
    expected = expectations(None if FULL else SAMPLE)
    found = archlint_edges([CORPUS] if FULL else list(expected))
    root = CORPUS if FULL else Path(os.path.commonpath([path.parent for path in expected]))
    lost = [
        f"{path.relative_to(CORPUS)}: {source} -> {target}"
        for path, pairs in expected.items()
        for source, target in sorted(pairs - found.get(path.relative_to(root).as_posix(), set()))
    ]
    assert sum(map(len, expected.values())) > len(expected)
    assert not lost, "\n".join(lost[:40])
