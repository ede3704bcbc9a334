"""What SARIF 2.1.0 and GitHub ask of a log and schema validators do not see."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from archlint.lint import LintResult
from archlint.reporters import reporter
from archlint.reporters.line_hash import line_hashes
from archlint.reporters.options import Options
from archlint.reporters.sarif import MOST_RESULTS

ROOT = Path(__file__).parents[2]
MULTITOOL = ROOT / "build/sarif/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"


def log_of(result: LintResult, **options: Any) -> dict[str, Any]:
    stream = io.StringIO()
    reporter("sarif")(result, stream, Options(cwd=result.root, **options))
    log: dict[str, Any] = json.loads(stream.getvalue())
    return log


@pytest.fixture(params=[False, True], ids=["plain", "with suppressed"])
def run(request: pytest.FixtureRequest, result: LintResult) -> dict[str, Any]:
    found: dict[str, Any] = log_of(result, show_suppressed=request.param)["runs"][0]
    return found


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a log."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def test_columns_are_declared(run: dict[str, Any]) -> None:
    assert run["columnKind"] == "unicodeCodePoints"


def test_kind_is_left_at_fail(run: dict[str, Any]) -> None:
    assert all("kind" not in result and result["level"] in ("error", "warning", "note") for result in run["results"])


def test_suppressions_are_given_for_all_results_or_for_none(run: dict[str, Any], result: LintResult) -> None:
    given = ["suppressions" in item for item in run["results"]]
    assert len(set(given)) == 1
    assert given[0] == (len(run["results"]) == len(result.findings))
    kinds = [item["kind"] for found in run["results"] for item in found.get("suppressions", ())]
    assert kinds == (["inSource", "external"] if given[0] else [])


def test_graph_traversals_follow_edges_that_exist(run: dict[str, Any]) -> None:
    traversals = 0
    for result in run["results"]:
        for traversal in result.get("graphTraversals", ()):
            traversals += 1
            assert len({"runGraphIndex", "resultGraphIndex"} & traversal.keys()) == 1
            graphs = run["graphs"] if "runGraphIndex" in traversal else result["graphs"]
            graph = graphs[traversal.get("runGraphIndex", traversal.get("resultGraphIndex"))]
            edges = {edge["id"]: edge for edge in graph["edges"]}
            path = [edges[step["edgeId"]] for step in traversal["edgeTraversals"]]
            for before, after in pairwise(path):
                assert before["targetNodeId"] == after["sourceNodeId"]
    assert traversals == sum("codeFlows" in result for result in run["results"]) > 0


def test_graph_edges_join_nodes_that_exist(run: dict[str, Any]) -> None:
    for graph in run["graphs"]:
        nodes = [node["id"] for node in graph["nodes"]]
        assert len(set(nodes)) == len(nodes)
        edges = [edge["id"] for edge in graph["edges"]]
        assert len(set(edges)) == len(edges)
        assert {edge[end] for edge in graph["edges"] for end in ("sourceNodeId", "targetNodeId")} <= set(nodes)


def test_the_loop_runs_through_the_graph_of_the_run(run: dict[str, Any]) -> None:
    traversal = run["results"][0]["graphTraversals"][0]
    [graph] = run["graphs"]
    assert traversal["runGraphIndex"] == 0
    labels = {edge["id"]: edge["label"]["text"] for edge in graph["edges"]}
    steps = [labels[step["edgeId"]] for step in traversal["edgeTraversals"]]
    assert sorted(steps) == ["delivers", "publishes", "triggers"]


def test_an_error_notification_means_failure(run: dict[str, Any]) -> None:
    [invocation] = run["invocations"]
    notes = invocation["toolExecutionNotifications"]
    assert invocation["executionSuccessful"] == all(note["level"] != "error" for note in notes)
    assert [note["descriptor"]["id"] for note in notes] == ["rule-crashed", "file-not-read", "file-not-read"]
    for note in (*notes, *invocation["toolConfigurationNotifications"]):
        declared = run["tool"]["driver"]["notifications"][note["descriptor"]["index"]]
        assert declared["id"] == note["descriptor"]["id"]


def test_a_clean_run_is_successful(result: LintResult) -> None:
    clean = msgspec.structs.replace(result, findings=(), notifications=(), stale_baseline=())
    [run] = log_of(clean)["runs"]
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is True


def test_regions_are_whole_and_small(run: dict[str, Any]) -> None:
    for item in walk(run):
        region = item.get("region")
        if region is not None:
            assert region["startLine"] >= 1
            assert region["startLine"] == region["endLine"]
            assert 1 <= region["startColumn"] < region["endColumn"]


def test_uris_are_relative_to_the_checkout(run: dict[str, Any]) -> None:
    uris = {item["uri"] for item in walk(run) if "uriBaseId" in item}
    assert uris == {"shop/template.yaml", "billing/template.json", "broken.yaml"}
    assert set(run["originalUriBaseIds"]) == {item["uriBaseId"] for item in walk(run) if "uriBaseId" in item}
    assert "uri" not in run["originalUriBaseIds"]["%SRCROOT%"]


def test_uris_without_a_checkout_are_relative_to_the_root_of_the_run(result: LintResult, tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents):
        if (parent / ".git").exists():
            pytest.skip("temporary files lie in a git checkout here")
    moved = msgspec.structs.replace(result, root=tmp_path / "shop")
    uris = {item["uri"] for item in walk(log_of(moved)["runs"][0]) if "uriBaseId" in item}
    assert "shop/template.yaml" in uris


def test_uris_are_escaped(result: LintResult) -> None:
    place = msgspec.structs.replace(result.findings[0].location, file="a b/größe#1%.yaml")
    odd = msgspec.structs.replace(result, findings=(msgspec.structs.replace(result.findings[1], location=place),))
    [found] = log_of(odd)["runs"][0]["results"]
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/gr%C3%B6%C3%9Fe%231%25.yaml"


def test_rule_indexes_point_at_the_rules(run: dict[str, Any]) -> None:
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(rule["id"] for rule in rules)
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_rules_have_what_github_shows(run: dict[str, Any]) -> None:
    taxa = [taxon["id"] for taxon in run["taxonomies"][0]["taxa"]]
    for rule in run["tool"]["driver"]["rules"]:
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
        assert rule["helpUri"] in rule["help"]["markdown"]
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["name"])
        assert len(rule["properties"]["tags"]) <= 10
        assert rule["properties"]["precision"] in ("high", "medium", "low")
        assert rule["properties"]["problem.severity"] in ("error", "warning", "recommendation")
        [relation] = rule["relationships"]
        assert taxa[relation["target"]["index"]] == relation["target"]["id"]
    severities = {rule["id"]: rule["properties"].get("security-severity") for rule in run["tool"]["driver"]["rules"]}
    assert {rule_id for rule_id, severity in severities.items() if severity} == {"IAM005"}


def test_what_the_user_changed_is_in_the_overrides(run: dict[str, Any]) -> None:
    overrides = {item["descriptor"]["id"]: item for item in run["invocations"][0]["ruleConfigurationOverrides"]}
    assert overrides["EVT101"]["configuration"] == {"level": "error", "parameters": {"factor": 3}}
    assert overrides["IAM005"]["configuration"] == {"enabled": True}
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[item["descriptor"]["index"]]["id"] == rule_id for rule_id, item in overrides.items())


def test_messages_link_to_the_related_locations(run: dict[str, Any]) -> None:
    for result in run["results"]:
        text = result["message"]["text"]
        assert text.endswith(".")
        numbers = [int(number) for number in re.findall(r"\]\((\d+)\)", text)]
        assert numbers == [place["id"] for place in result.get("relatedLocations", ())]
        assert "\x1b" not in text


def test_the_first_sentence_is_the_message(run: dict[str, Any]) -> None:
    texts = {result["ruleId"]: result["message"]["text"] for result in run["results"]}
    assert texts["EVT001"].startswith("Event loop: nothing stops it. See [Topic delivers Jobs](1), ")
    first = "Jobs hides a message for 60 s, less than 6 x the 30 s timeout of Worker. See [Worker may run for 30 s](1)."
    assert first in [result["message"]["text"] for result in run["results"]]


def test_line_hashes_are_those_of_the_file(run: dict[str, Any], result: LintResult) -> None:
    for found in run["results"]:
        physical = found["locations"][0]["physicalLocation"]
        hashes = line_hashes((result.root / physical["artifactLocation"]["uri"]).read_bytes())
        line = physical["region"]["startLine"]
        assert found["partialFingerprints"]["primaryLocationLineHash"] == hashes[line - 1]


def test_fingerprints_tell_results_apart(run: dict[str, Any]) -> None:
    prints = [found["partialFingerprints"]["archlint/v1"] for found in run["results"]]
    assert len(set(prints)) == len(prints)


def test_fingerprints_do_not_depend_on_the_folder_linted(result: LintResult) -> None:
    def moved(place: Any) -> Any:
        return msgspec.structs.replace(place, file=place.file.removeprefix("shop/"))

    finding = result.findings[2]
    inner = msgspec.structs.replace(finding, location=moved(finding.location), related=())
    narrow = msgspec.structs.replace(result, root=result.root / "shop", findings=(inner,))
    wide = msgspec.structs.replace(result, findings=(finding,))
    assert [log_of(item)["runs"][0]["results"][0]["partialFingerprints"]["archlint/v1"] for item in (narrow, wide)] == [
        log_of(wide)["runs"][0]["results"][0]["partialFingerprints"]["archlint/v1"]
    ] * 2


def test_at_most_so_many_results_and_the_severe_ones(result: LintResult) -> None:
    note, error = result.findings[5], result.findings[0]
    many = msgspec.structs.replace(
        result, findings=(*[msgspec.structs.replace(note, related=())] * (MOST_RESULTS + 1), error)
    )
    [run] = log_of(many)["runs"]
    assert len(run["results"]) == MOST_RESULTS
    assert run["results"][-1]["ruleId"] == error.rule_id
    texts = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert "2 of 5002 results are left out, the least severe." in texts


def test_log_is_valid_by_its_schema(result: LintResult) -> None:
    schema_file = MULTITOOL.with_name("sarif-2.1.0.json")
    if not schema_file.is_file():
        pytest.skip("python scripts/validate_sarif.py brings the schema")
    from jsonschema import validators

    schema = json.loads(schema_file.read_text(encoding="utf-8-sig"))
    validator = validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(log_of(result, show_suppressed=True))] == []


@pytest.mark.skipif(not MULTITOOL.is_file(), reason="python scripts/validate_sarif.py installs the validator")
def test_microsofts_validator_finds_nothing(result: LintResult, tmp_path: Path) -> None:
    logs = []
    for name, options in (("plain", {}), ("suppressed", {"show_suppressed": True})):
        path = tmp_path / f"{name}.sarif"
        path.write_text(json.dumps(log_of(result, **options)), encoding="utf-8")
        logs.append(path)
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/validate_sarif.py", *logs], capture_output=True, text=True, check=False
    )
    assert done.stdout == "2 logs, 0 errors and warnings\n"
    assert done.returncode == 0
