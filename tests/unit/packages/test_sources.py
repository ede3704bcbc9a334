"""Where a package's size comes from: the best source that lies in the linted folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from archlint.config import Config
from archlint.lint import build, run
from archlint.packages import Packages

from .conftest import SAM_HEADER, Measured, function, write
from .tars_by_hand import saved
from .zips import Member, write_zip

if TYPE_CHECKING:
    from pathlib import Path

Measure = Callable[[str], Measured]
HASH = "0123456789abcdef" * 4


def age(path: Path, seconds: float) -> None:
    for each in (path, *path.rglob("*")):
        os.utime(each, (each.stat().st_mtime - seconds,) * 2)


def build_toml(folder: Path, source: Path | str, *names: str) -> None:
    text = f'[function_build_definitions.a]\ncodeuri = "{source}"\nfunctions = {json.dumps(names)}\n'
    write(folder / ".aws-sam" / "build.toml", text=text)


def test_a_fresh_build_is_better_than_the_source(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / ".aws-sam/build/Fn/numpy/core.so", 50_000)
    build_toml(tmp_path, tmp_path / "src", "Fn")
    found = measured(SAM_HEADER + function())
    assert (found.total("Fn"), found.source("Fn")) == (50_000, "sam build folder")


def test_a_build_without_build_toml_is_believed(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / ".aws-sam/build/Fn/app.py", 50)
    assert measured(SAM_HEADER + function()).total("Fn") == 50


def test_a_stale_build_is_ignored_with_a_note(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / ".aws-sam/build/Fn/app.py", 50)
    build_toml(tmp_path, tmp_path / "src", "Fn")
    age(tmp_path / ".aws-sam", 3600)
    found = measured(SAM_HEADER + function())
    assert (found.total("Fn"), found.source("Fn")) == (10, "source folder")
    assert "older than its source" in found.notes


def test_what_was_not_believed_is_a_notification_of_the_run(tmp_path: Path) -> None:
    write(tmp_path / "template.yaml", text=SAM_HEADER + function())
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / ".aws-sam/build/Fn/app.py", 50)
    age(tmp_path / ".aws-sam", 3600)
    [note] = run([tmp_path], Config(select=("PKG001",))).notifications
    assert (note.message, note.level) == (".aws-sam/build/Fn: older than its source, so it was not measured", "note")


def test_code_in_s3_is_not_what_an_old_build_left(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / ".aws-sam/build/Fn/app.py", 50)
    assert measured(SAM_HEADER + function(code="s3://bucket/code.zip")).total("Fn") is None


def test_caches_do_not_make_a_build_stale(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / ".aws-sam/build/Fn/app.py", 50)
    age(tmp_path, 3600)
    write(tmp_path / "src" / "__pycache__" / "app.cpython-312.pyc", 5)
    assert measured(SAM_HEADER + function()).total("Fn") == 50


def test_a_build_of_another_folder_or_function_is_ignored(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / "old" / "app.py", 10)
    write(tmp_path / ".aws-sam/build/Fn/app.py", 50)
    build_toml(tmp_path, tmp_path / "old", "Fn")
    assert measured(SAM_HEADER + function()).total("Fn") == 10
    build_toml(tmp_path, "/asset-input/src", "Other")
    assert measured(SAM_HEADER + function()).total("Fn") == 10
    build_toml(tmp_path, "/asset-input/src", "Fn")
    assert measured(SAM_HEADER + function()).total("Fn") == 50


def test_functions_of_one_build_share_its_folder(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / ".aws-sam/build/First/app.py", 50)
    build_toml(tmp_path, tmp_path / "src", "First", "Second")
    found = measured(SAM_HEADER + function("First") + function("Second"))
    assert (found.total("First"), found.total("Second")) == (50, 50)


@pytest.mark.parametrize("content", ["", "not toml [", "a = 1", "[x]\ny = 1", "[x.y]\nfunctions = 3\nlayer = {}"])
def test_a_strange_build_toml_does_not_raise(tmp_path: Path, measured: Measure, content: str) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / ".aws-sam/build.toml", text=content)
    write(tmp_path / ".aws-sam/build/Fn/app.py", 50)
    assert measured(SAM_HEADER + function()).total("Fn") in (10, 50)


def test_a_nested_stack_is_built_below_its_parent(tmp_path: Path) -> None:
    parent = "  Child:\n    Type: AWS::Serverless::Application\n    Properties:\n      Location: child/template.yaml\n"
    write(tmp_path / "template.yaml", text=SAM_HEADER + parent)
    write(tmp_path / "child" / "template.yaml", text=SAM_HEADER + function())
    write(tmp_path / "child" / "src" / "app.py", 10)
    write(tmp_path / ".aws-sam/build/Child/Fn/app.py", 70)
    build_toml(tmp_path, tmp_path / "child" / "src", "Child/Fn")
    assert Measured(tmp_path).total("Fn") == 70


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("samconfig.toml", '[default.build.parameters]\ncached = true\nbuild_dir = "out/lambda"  # for CI\n'),
        ("samconfig.yaml", "default:\n  build:\n    parameters:\n      build_dir: out/lambda\n"),
    ],
)
def test_the_build_folder_of_samconfig(tmp_path: Path, measured: Measure, file: str, text: str) -> None:
    write(tmp_path / file, text=text)
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / "out/lambda/Fn/app.py", 50)
    assert measured(SAM_HEADER + function()).total("Fn") == 50


def test_a_build_run_further_up_belongs_to_the_template_of_its_source(tmp_path: Path) -> None:
    for name in ("infra", "other"):
        write(tmp_path / name / "template.yaml", text=SAM_HEADER + function(f"Fn{name}", "../src/" + name))
        write(tmp_path / "src" / name / "app.py", 10)
        write(tmp_path / f".aws-sam/build/Fn{name}/app.py", 50)
    build_toml(tmp_path, tmp_path / "src" / "infra", "Fninfra", "Fnother")
    found = Measured(tmp_path)
    assert (found.total("Fninfra"), found.total("Fnother")) == (50, 10)
    build_toml(tmp_path, "/asset-input/checkout/src/infra", "Fninfra", "Fnother")
    found = Measured(tmp_path)
    assert (found.total("Fninfra"), found.total("Fnother")) == (50, 10)


def test_a_build_that_failed_is_a_lower_bound(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / ".aws-sam/build/Fn/pandas/core.so", 50)
    build_toml(tmp_path, tmp_path / "src", "Fn")
    found = measured(SAM_HEADER + function())
    measure = found.packages.of(found.nodes["Fn"])
    assert measure is not None
    assert (measure.total, measure.at_least) == (50, True)
    assert "did not reach its end" in found.notes
    write(tmp_path / ".aws-sam/build/template.yaml", text="Resources: {}")
    found = measured(SAM_HEADER + function())
    assert not (found.packages.of(found.nodes["Fn"]) or measure).at_least


def test_a_build_elsewhere_is_no_second_stack(tmp_path: Path) -> None:
    write(tmp_path / "template.yaml", text=SAM_HEADER + function())
    built = SAM_HEADER + function(code="Fn") + "    Metadata:\n      SamResourceId: Fn\n"
    write(tmp_path / "out/lambda/template.yaml", text=built)
    write(tmp_path / "out/lambda/Fn/numpy/__pycache__/x.pyc", 70)
    write(tmp_path / "out/build.toml", text="")
    write(tmp_path / "out/docs/template.yaml", text=SAM_HEADER + function("Docs"))
    assert set(Measured(tmp_path).nodes) >= {"Fn", "Docs"}
    assert [template.name for template in build([tmp_path], Config()).templates] == [
        "out/docs/template.yaml",
        "template.yaml",
    ]
    found = Measured(tmp_path / "out/lambda")
    assert (found.total("Fn"), found.source("Fn")) == (70, "sam build folder")


def test_a_mark_of_sam_in_a_source_template_says_nothing(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    assert measured(SAM_HEADER + function() + "    Metadata: {SamResourceId: Fn}\n").source("Fn") == "source folder"


def test_linting_the_build_itself(tmp_path: Path) -> None:
    write(tmp_path / ".aws-sam/build/Fn/__pycache__/x.pyc", 70)
    template = write(tmp_path / ".aws-sam/build/template.yaml", text=SAM_HEADER + function(code="Fn"))
    estate = build([template], Config())
    packages = Packages(estate.graph, tmp_path)
    [node] = estate.graph.of_type("AWS::Lambda::Function")
    measure = packages.of(node)
    assert measure is not None
    assert (measure.total, str(measure.source)) == (70, "sam build folder")


def cdk(code: object, metadata: object) -> str:
    resource = {"Type": "AWS::Lambda::Function", "Properties": {"Code": code, "Handler": "a.b"}, "Metadata": metadata}
    return json.dumps({"Resources": {"Fn": resource}})


@pytest.mark.parametrize(
    ("code", "metadata"),
    [
        ({"S3Bucket": {"Fn::Sub": "cdk-${AWS::Region}"}, "S3Key": f"{HASH}.zip"}, {}),
        ({"S3Bucket": "b", "S3Key": {"Fn::Sub": f"prefix/{HASH}.zip"}}, None),
        ({"S3Bucket": "b", "S3Key": "whatever"}, {"aws:asset:path": f"asset.{HASH}"}),
    ],
)
def test_a_cdk_asset(tmp_path: Path, measured: Measure, code: object, metadata: object) -> None:
    write(tmp_path / f"asset.{HASH}" / "index.js", 300)
    found = measured(cdk(code, metadata))
    assert (found.total("Fn"), found.source("Fn")) == (300, "CDK asset")


def test_an_image_asset_that_cdk_joins_to_an_uri(tmp_path: Path, measured: Measure) -> None:
    saved(tmp_path / f"asset.{HASH}.tar", {"layer.tar": 7000})
    repository = {"Fn::Sub": "cdk-container-assets-${AWS::AccountId}-${AWS::Region}"}
    uri = {"Fn::Join": ["", [{"Ref": "AWS::AccountId"}, ".dkr.ecr/", repository, f":{HASH}"]]}
    assert measured(cdk({"ImageUri": uri}, {})).total("Fn") == 7000


def test_a_cdk_asset_that_only_the_manifest_names(tmp_path: Path, measured: Measure) -> None:
    write_zip(tmp_path / "bundle.zip", [Member("index.js", 900, b"x")])
    write(tmp_path / "S.assets.json", text=json.dumps({"files": {HASH: {"source": {"path": "bundle.zip"}}}}))
    assert measured(cdk({"S3Bucket": "b", "S3Key": f"{HASH}.zip"}, {})).total("Fn") == 900


def test_an_asset_outside_the_root_is_not_opened(tmp_path: Path) -> None:
    write(tmp_path / "outside" / "index.js", 300)
    code = {"S3Bucket": "b", "S3Key": "k"}
    write(tmp_path / "root" / "template.json", text=cdk(code, {"aws:asset:path": "../outside"}))
    assert Measured(tmp_path / "root").total("Fn") is None


def test_code_in_s3_has_no_size(measured: Measure) -> None:
    assert measured(cdk({"S3Bucket": "b", "S3Key": "k.zip"}, {})).total("Fn") is None
    assert measured(SAM_HEADER + function(code="s3://bucket/key.zip")).total("Fn") is None


def test_inline_code(measured: Measure) -> None:
    assert measured(cdk({"ZipFile": "exports.handler = 1"}, {})).total("Fn") == 19


@pytest.mark.parametrize(
    "code", [3, [], {}, {"Ref": "Nothing"}, {"S3Key": 3}, {"ImageUri": []}, {"Fn::If": 1}, None, True]
)
def test_any_value_may_stand_for_code(measured: Measure, code: object) -> None:
    found = measured(cdk(code, {"aws:asset:path": code, "BuildMethod": code, "DockerContext": code}))
    assert found.total("Fn") is None
    assert found.packages.dependencies(found.nodes["Fn"]) is None
    assert found.packages.dead_weight(found.nodes["Fn"]) is None
    assert found.packages.foreign_binaries(found.nodes["Fn"]) == []


def test_a_path_by_parameter_default(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    parameters = "Parameters:\n  Where: {Type: String, Default: src}\n"
    assert measured(parameters + SAM_HEADER + function(code="{Ref: Where}")).total("Fn") == 10


def test_a_zip_and_a_jar(tmp_path: Path, measured: Measure) -> None:
    write_zip(tmp_path / "code.zip", [Member("app.py", 262_144_001, b"x")])
    found = measured(SAM_HEADER + function(code="code.zip"))
    assert (found.total("Fn"), found.source("Fn")) == (262_144_001, "zip archive")
    write(tmp_path / "code.zip", text="version https://git-lfs.github.com/spec/v1")
    found = measured(SAM_HEADER + function(code="code.zip"))
    assert found.total("Fn") is None
    assert "is no zip archive" in found.notes


def test_the_python_builder_leaves_out_caches_and_environments(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / "src" / "tests" / "test_app.py", 20)
    for name in (".git/x", ".venv/lib/y", "__pycache__/z.pyc", "a.egg-info/w", "native.so", ".aws-sam/build/v"):
        write(tmp_path / "src" / name, 1000)
    assert measured(SAM_HEADER + function()).total("Fn") == 30


def test_without_a_build_everything_is_zipped(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / "src" / "native.so", 1000)
    plain = "Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n    Properties: {Code: src, Runtime: python3.12}\n"
    assert measured(plain).total("Fn") == 1010
    assert measured(SAM_HEADER + function() + "    Metadata: {SkipBuild: true}\n").total("Fn") == 1010


@pytest.mark.parametrize("method", ["esbuild", "makefile", "rust-cargolambda"])
def test_what_is_bundled_or_compiled_has_no_size(tmp_path: Path, measured: Measure, method: str) -> None:
    write(tmp_path / "src" / "app.ts", 10)
    found = measured(SAM_HEADER + function(Runtime="nodejs22.x") + f"    Metadata: {{BuildMethod: {method}}}\n")
    assert found.total("Fn") is None
    assert found.packages.is_bundled(found.nodes["Fn"])


@pytest.mark.parametrize(
    ("runtime", "manifest"), [("java21", "pom.xml"), ("dotnet8", "App.csproj"), ("provided.al2023", "go.mod")]
)
def test_compiled_languages_have_no_size_before_the_build(
    tmp_path: Path, measured: Measure, runtime: str, manifest: str
) -> None:
    write(tmp_path / "src" / manifest, 10)
    assert measured(SAM_HEADER + function(Runtime=runtime)).total("Fn") is None


def test_npm_packs_what_is_neither_ignored_nor_left_out(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "package.json", text='{"name": "a"}')
    write(tmp_path / "src" / "index.js", 100)
    write(tmp_path / "src" / "node_modules/big/index.js", 10_000)
    write(tmp_path / "src" / "data" / "big.bin", 5000)
    node = SAM_HEADER + function(Runtime="nodejs22.x")
    assert measured(node).total("Fn") == 5113
    write(tmp_path / "src" / ".npmignore", text="data/\n")
    assert measured(node).total("Fn") == 113
    write(tmp_path / "src" / "package.json", text='{"files": ["data"]}')
    assert measured(node).total("Fn") == 5000 + 19
    write(tmp_path / "src" / "package.json", text="[" * 9000)
    assert measured(node).total("Fn") == 100 + 9000


@pytest.mark.parametrize("name", ["code.zip", "code.pipe", "image.tar"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, measured: Measure, name: str) -> None:
    os.mkfifo(tmp_path / name)
    image = (
        "  Image:\n    Type: AWS::Serverless::Function\n    Properties: {PackageType: Image, ImageUri: ./image.tar}\n"
    )
    found = measured(SAM_HEADER + function(code=name) + image)
    assert (found.total("Fn"), found.total("Image")) == (None, None)


def test_layers_are_added_across_templates(tmp_path: Path) -> None:
    layer = "  Deps:\n    Type: AWS::Serverless::LayerVersion\n    Properties: {ContentUri: layer}\n"
    export = "Outputs:\n  Deps: {Value: !Ref Deps, Export: {Name: deps-layer}}\n"
    write(tmp_path / "base" / "template.yaml", text=SAM_HEADER + layer + export)
    write(tmp_path / "base" / "layer" / "python" / "numpy" / "core.so", 7000)
    write(tmp_path / "shop" / "template.yaml", text=SAM_HEADER + function(Layers="[!ImportValue deps-layer]"))
    write(tmp_path / "shop" / "src" / "app.py", 10)
    found = Measured(tmp_path)
    package = found.packages.with_layers(found.nodes["Fn"])
    assert package is not None
    assert (package.total, package.at_least) == (7010, False)
    assert package.parts == (("Deps: python/numpy", 7000), ("app.py", 10))


@pytest.mark.parametrize(
    "layers",
    [
        "[!Ref Deps, arn:aws:lambda:eu-west-1:123456789012:layer:other:3]",
        "[!Ref Deps, !Ref Parameter]",
    ],
)
def test_a_layer_elsewhere_makes_it_a_lower_bound(tmp_path: Path, measured: Measure, layers: str) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / "layer" / "python" / "x.py", 20)
    layer = "  Deps:\n    Type: AWS::Serverless::LayerVersion\n    Properties: {ContentUri: layer}\n"
    parameters = "Parameters:\n  Parameter: {Type: String}\n"
    found = measured(parameters + SAM_HEADER + layer + function(Layers=layers))
    package = found.packages.with_layers(found.nodes["Fn"])
    assert package is not None
    assert (package.total, package.at_least) == (30, True)


def test_only_one_branch_of_a_conditional_layer_counts(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / "one" / "a", 100)
    write(tmp_path / "two" / "a", 200)
    layers = "".join(
        f"  {name}:\n    Type: AWS::Lambda::LayerVersion\n    Properties: {{Content: {name.lower()}}}\n"
        for name in ("One", "Two")
    )
    head = "Parameters:\n  P: {Type: String}\nConditions:\n  C: !Equals [!Ref P, x]\n"
    found = measured(head + SAM_HEADER + layers + function(Layers="[!If [C, !Ref One, !Ref Two]]"))
    package = found.packages.with_layers(found.nodes["Fn"])
    assert package is not None
    assert package.total == 210


def test_code_outside_the_root_is_a_note(tmp_path: Path) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / "root" / "template.yaml", text=SAM_HEADER + function(code="../src"))
    found = Measured(tmp_path / "root")
    assert found.total("Fn") is None
    assert "outside the linted folder" in found.notes
