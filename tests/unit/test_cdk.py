from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from archlint.config import Config
from archlint.lint import build, run
from archlint.reporters.options import Names
from archlint.reporters.sarif_places import Places
from archlint.template.cdk import SYNTHESISED, constructs, staged_template

if TYPE_CHECKING:
    from archlint.findings import Finding

_SHOP = Path(__file__).parents[1] / "fixtures/cdk/shop"
_RULE = Config(select=("EVT101",))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The fixture as it lies after a synthesis: stack traces name absolute paths."""
    root = tmp_path / "shop"
    shutil.copytree(_SHOP, root)
    for path in root.rglob("*.json"):
        path.write_text(path.read_text().replace("@root@", str(root)))
    return root


def _findings(root: Path, config: Config = _RULE) -> list[Finding]:
    return list(run([root], config).findings)


def _metadata(root: Path, change: Any) -> None:
    path = root / "cdk.out/Shop.metadata.json"
    metadata = json.loads(path.read_text())
    change(metadata)
    path.write_text(json.dumps(metadata))
    shutil.rmtree(root / "cdk.out/assembly-Prod")


def test_only_stacks_of_an_assembly_are_read(shop: Path) -> None:
    names = [template.name for template in build([shop], Config()).templates]
    assert names == [
        "cdk.out/Shop.template.json",
        "cdk.out/ShopInner.nested.template.json",
        "cdk.out/assembly-Prod/Shop.template.json",
        "cdk.out/assembly-Prod/ShopInner.nested.template.json",
    ]


def test_a_project_folder_that_contains_an_assembly_is_none_itself(shop: Path) -> None:
    (shop / "asset.of-mine").mkdir()
    body = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'
    (shop / "asset.of-mine/other.json").write_text(body)
    (shop / "other.json").write_text(body)
    names = {template.name for template in build([shop], Config()).templates}
    assert {"other.json", "asset.of-mine/other.json"} <= names


def test_nested_stacks_link_by_hash_where_no_asset_path_is_given(shop: Path) -> None:
    stacks = {stack.id: stack.evidence.label for stack in build([shop], Config()).graph.stacks}
    assert stacks["cdk.out/ShopInner.nested.template.json@cdk.out/Shop.template.json#Inner7A8B"] == "declared"


def test_nested_stacks_link_by_asset_path(shop: Path) -> None:
    path = shop / "cdk.out/Shop.template.json"
    template = json.loads(path.read_text())
    template["Resources"]["Inner7A8B"]["Metadata"] = {"aws:asset:path": "ShopInner.nested.template.json"}
    path.write_text(json.dumps(template))
    (shop / "cdk.out/Shop.assets.json").unlink()
    ids = [stack.id for stack in build([shop], Config()).graph.stacks]
    assert "cdk.out/ShopInner.nested.template.json@cdk.out/Shop.template.json#Inner7A8B" in ids


def test_a_finding_points_at_the_source_once_for_all_stages(shop: Path) -> None:
    [finding] = _findings(shop)
    place = finding.location
    assert (place.file, place.region.start_line, place.region.start_column) == ("lib/shop.ts", 7, 18)
    assert place.construct == "Shop/Jobs/Resource"
    assert [(other.file, other.message) for other in finding.related if other.message == SYNTHESISED] == [
        ("cdk.out/Shop.template.json", SYNTHESISED)
    ]
    ends = {other.logical_id: (other.file, other.region.start_line) for other in finding.related}
    assert ends["Worker3C4D"] == ("lib/shop.ts", 8), "what was installed is nobody's own code"


def test_constructs_of_nested_stacks_are_told_from_their_parents(shop: Path) -> None:
    found = constructs(shop / "cdk.out")
    assert found["Shop.template.json", "Jobs1A2B"].path == "Shop/Jobs/Resource"
    nested = found["ShopInner.nested.template.json", "Jobs1A2B"]
    assert (nested.path, nested.frames[0].line, nested.frames[0].column) == ("Shop/Inner/Jobs/Resource", 6, None)


def test_without_traces_the_template_line_stays(shop: Path) -> None:
    def drop(metadata: dict[str, list[dict[str, Any]]]) -> None:
        for path, entries in metadata.items():
            metadata[path] = [entry for entry in entries if entry["type"] != "aws:cdk:creationStack"]

    _metadata(shop, drop)
    [finding] = _findings(shop)
    assert finding.location.file == "cdk.out/Shop.template.json"
    assert finding.location.construct == "Shop/Jobs/Resource"


def test_the_trace_of_the_logical_id_comes_first(shop: Path) -> None:
    def trace(metadata: dict[str, list[dict[str, Any]]]) -> None:
        metadata["/Shop/Jobs/Resource"][0]["trace"] = [f"new Inner ({shop}/lib/inner.py:5:3)"]

    _metadata(shop, trace)
    [finding] = _findings(shop)
    assert (finding.location.file, finding.location.region.start_line) == ("lib/inner.py", 5)


@pytest.mark.parametrize(
    "frame",
    [
        "f (/etc/passwd.py:1:1)",
        "f (../outside.ts:1:1)",
        "f (lib/link.ts:1:1)",
        "f (lib/shop.ts:999:1)",
        "f (lib/shop.ts:0:1)",
        "f (lib:1:1)",
        "f (\0.ts:1:1)",
        "f (lib/shop.ts:99999999999999999999:1)",
        7,
        None,
        {"a": 1},
    ],
)
def test_frames_are_not_trusted(shop: Path, frame: Any) -> None:
    (shop.parent / "outside.ts").write_text("secret\n")
    (shop / "lib/link.ts").symlink_to(shop.parent / "outside.ts")
    _metadata(shop, lambda metadata: metadata["/Shop/Jobs/Resource"][1].update(data=[frame]))
    [finding] = _findings(shop)
    assert finding.location.file == "cdk.out/Shop.template.json"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"artifacts": 3}', '{"artifacts": {"a": 1, "b": {"type": 3}}}', "\xff"]
)
def test_broken_manifests_cost_only_the_source_lines(shop: Path, text: str) -> None:
    (shop / "cdk.out/manifest.json").write_text(text, encoding="latin-1")
    shutil.rmtree(shop / "cdk.out/assembly-Prod")
    [finding] = _findings(shop)
    assert finding.location.file == "cdk.out/Shop.template.json"


def test_metadata_outside_the_assembly_is_not_opened(shop: Path) -> None:
    path = shop / "cdk.out/manifest.json"
    path.write_text(path.read_text().replace("Shop.metadata.json", "../cdk.out/Shop.metadata.json"))
    assert constructs(shop / "cdk.out") == {}


def test_metadata_suppresses_and_files_are_ignored_by_either_name(shop: Path) -> None:
    assert not _findings(shop, Config(select=("EVT101",), per_file_ignores=(("lib/*.ts", ("EVT",)),)))
    template = shop / "cdk.out/Shop.template.json"
    body = json.loads(template.read_text())
    body["Resources"]["Jobs1A2B"]["Metadata"] = {"archlint": {"ignore": [{"id": "EVT101", "reason": "measured"}]}}
    template.write_text(json.dumps(body))
    [finding] = _findings(shop)
    assert finding.suppression is None, "the other stage is not suppressed"
    shutil.rmtree(shop / "cdk.out/assembly-Prod")
    [finding] = _findings(shop)
    assert finding.suppression is not None
    assert finding.location.file == "lib/shop.ts"


def test_a_change_of_the_source_is_a_change_of_the_finding(shop: Path) -> None:
    assert run([shop], _RULE, focus=[shop / "lib/shop.ts"]).findings
    assert not run([shop], _RULE, focus=[shop / "lib/inner.py"]).findings


def test_sarif_names_the_construct(shop: Path) -> None:
    [finding] = _findings(shop)
    names = Places(Names(shop, shop)).location(finding.location)["logicalLocations"]
    assert [name["fullyQualifiedName"] for name in names] == ["Resources/Jobs1A2B", "Shop/Jobs/Resource"]


def test_an_ignored_assembly_is_read_when_it_is_named(shop: Path) -> None:
    (shop / ".git").mkdir()
    (shop / ".gitignore").write_text("cdk.out\n")
    assert not build([shop], Config()).templates
    assert len(build([shop, shop / "cdk.out"], Config()).templates) == 4
    [finding] = run([shop, shop / "cdk.out"], _RULE).findings
    assert finding.location.file == "lib/shop.ts"


def test_a_url_without_hash_is_no_staged_template(shop: Path) -> None:
    assert staged_template(shop / "cdk.out", "https://bucket.s3.amazonaws.com/template.json") is None
    assert staged_template(shop / "cdk.out", "0" * 64) is None


# Line 3 of the compiled file, columns 0 and 16, come from line 7, columns 4 and 17 of the source.
_MAP = {"version": 3, "sources": ["../lib/shop.ts"], "names": [], "mappings": ";;AAMI,gBAAa"}


def _compiled(root: Path, url: str, line: str = "3:17") -> Finding:
    (root / "build").mkdir()
    (root / "build/shop.js").write_text(
        f"'use strict';\n\n    const jobs = new Queue(this);\n//# sourceMappingURL={url}\n"
    )
    (root / "build/shop.js.map").write_text(json.dumps(_MAP))
    frame = f"new Shop ({root}/build/shop.js:{line})"
    _metadata(root, lambda metadata: metadata["/Shop/Jobs/Resource"][1].update(data=[frame]))
    [finding] = _findings(root)
    return finding


def test_compiled_code_leads_to_its_source(shop: Path) -> None:
    place = _compiled(shop, "shop.js.map").location
    assert (place.file, place.region.start_line, place.region.start_column) == ("lib/shop.ts", 7, 18)


def test_a_map_may_stand_in_the_code(shop: Path) -> None:
    data = base64.b64encode(json.dumps(_MAP).encode()).decode()
    place = _compiled(shop, f"data:application/json;base64,{data}", "3:5").location
    assert (place.file, place.region.start_line, place.region.start_column) == ("lib/shop.ts", 7, 5)


@pytest.mark.parametrize(
    "url", ["absent.map", "data:application/json;base64,%%%", "../../outside.map", "shop.js", "x" * 9999]
)
def test_without_a_map_compiled_code_is_the_place(shop: Path, url: str) -> None:
    (shop.parent / "outside.map").write_text(json.dumps(_MAP))
    place = _compiled(shop, url).location
    assert (place.file, place.region.start_line) == ("build/shop.js", 3)


@pytest.mark.parametrize(
    "change",
    [
        {"sources": ["../../outside.ts"]},
        {"sources": []},
        {"sources": [7]},
        {"sources": 7},
        {"mappings": ";;AAgggggggggggggE"},
        {"mappings": ";;AADI"},
        {"mappings": ";;ADAA"},
        {"mappings": ";;$$$$"},
        {"mappings": 3},
        {"sourceRoot": "/etc"},
    ],
)
def test_maps_are_not_trusted(shop: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]) -> None:
    (shop.parent / "outside.ts").write_text("secret\n" * 99)
    monkeypatch.setattr(f"{__name__}._MAP", {**_MAP, **change})
    assert _compiled(shop, "shop.js.map").location.file == "build/shop.js"
