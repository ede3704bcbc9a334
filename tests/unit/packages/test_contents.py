"""What a package holds: dead weight and libraries for another machine."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from archlint.packages.data import known_packages

from .conftest import SAM_HEADER, Measured, function, write

if TYPE_CHECKING:
    from pathlib import Path

Measure = Callable[[str], Measured]
ELF = {
    machine: b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HH", 3, number)
    for machine, number in (("x86_64", 62), ("arm64", 183))
}
MACH_O = b"\xcf\xfa\xed\xfe" + bytes(16)


def kinds(found: Measured, name: str = "Fn") -> dict[str, int]:
    weight = found.packages.dead_weight(found.nodes[name])
    return dict(weight.kinds) if weight is not None else {}


def test_dead_weight_of_a_build_folder(tmp_path: Path, measured: Measure) -> None:
    built = tmp_path / ".aws-sam/build/Fn"
    write(tmp_path / "src" / "app.py", 1)
    for name, size in {
        "app.py": 100,
        "tests/test_app.py": 10,
        "numpy/tests/test_core.py": 20,
        "numpy/core.py": 500,
        "botocore/data/x.json": 1000,
        "boto3-1.40.dist-info/RECORD": 5,
        "numpy/__pycache__/x.pyc": 7,
        "pytest/__init__.py": 30,
        "_pytest/config.py": 4,
        "pytest-9.0.0.dist-info/RECORD": 6,
        "coverage/policy.py": 900,
        "notebook.pyc": 3,
    }.items():
        write(built / name, size)
    assert kinds(measured(SAM_HEADER + function())) == {
        "SDK that the Python runtimes carry": 1005,
        "tests": 30,
        "development tools": 40,
        "caches": 10,
    }


@pytest.mark.parametrize(
    ("runtime", "expected"),
    [("nodejs22.x", {"SDK that nodejs22.x carries": 50}), ("nodejs16.x", {"SDK that nodejs16.x carries": 70})],
)
def test_the_sdk_of_the_node_runtime(tmp_path: Path, measured: Measure, runtime: str, expected: dict[str, int]) -> None:
    write(tmp_path / "src" / "index.js", 1)
    write(tmp_path / ".aws-sam/build/Fn/node_modules/@aws-sdk/client-s3/index.js", 50)
    write(tmp_path / ".aws-sam/build/Fn/node_modules/aws-sdk/index.js", 70)
    assert kinds(measured(SAM_HEADER + function(Runtime=runtime))) == expected


def test_other_functions_inside_the_folder(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / "src" / "orders" / "app.py", 20)
    write(tmp_path / "src" / "shared" / "app.py", 40)
    found = measured(SAM_HEADER + function("All") + function("Orders", "src/orders"))
    assert kinds(found, "All") == {"other functions": 20}
    assert kinds(found, "Orders") == {}
    own = measured(SAM_HEADER + function("All", Handler="orders/app.handler") + function("Orders", "src/orders"))
    assert kinds(own, "All") == {}


@pytest.mark.parametrize("line", ["from orders.app import handler", "import orders", "x = require('./orders/app')"])
def test_what_is_imported_is_not_dead(tmp_path: Path, measured: Measure, line: str) -> None:
    write(tmp_path / "src" / "app.py", text=line)
    write(tmp_path / "src" / "orders" / "app.py", 20)
    found = measured(SAM_HEADER + function("All") + function("Orders", "src/orders"))
    assert kinds(found, "All") == {}


def test_the_folder_of_a_dotted_handler_is_its_own(tmp_path: Path, measured: Measure) -> None:
    write(tmp_path / "src" / "tests" / "app.py", 20)
    assert kinds(measured(SAM_HEADER + function(Handler="tests.app.handler"))) == {}


@pytest.mark.parametrize(
    ("requirements", "whole"), [("", 110), ("numpy", known_packages("python")["numpy"].unpacked + 115), ("mine", None)]
)
def test_the_share_is_of_the_package_with_its_dependencies(
    tmp_path: Path, measured: Measure, requirements: str, whole: int | None
) -> None:
    write(tmp_path / "src" / "app.py", 10)
    write(tmp_path / "src" / "tests" / "data.json", 100)
    write(tmp_path / "src" / "requirements.txt", text=requirements)
    found = measured(SAM_HEADER + function())
    weight = found.packages.dead_weight(found.nodes["Fn"])
    assert weight is not None
    assert weight.package_total == whole
    assert weight.portion.endswith("its package" if whole else "installed")


def test_native_libraries_in_a_folder(tmp_path: Path, measured: Measure) -> None:
    for name, head in {
        "good.so": ELF["x86_64"],
        "bad.so.3": ELF["arm64"],
        "mac.so": MACH_O,
        "text.so": b"#!/bin/sh",
    }.items():
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src" / name).write_bytes(head)
    plain = "Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n    Properties: {Code: src%s}\n"
    found = measured(plain % "")
    assert {(b.path, b.built_for) for b in found.packages.foreign_binaries(found.nodes["Fn"])} == {
        ("bad.so.3", "arm64"),
        ("mac.so", "macOS"),
    }
    found = measured(plain % ", Architectures: [arm64]")
    assert [b.path for b in found.packages.foreign_binaries(found.nodes["Fn"])] == ["good.so", "mac.so"]
    found = measured(plain % ", Architectures: !Ref X")
    assert [b.path for b in found.packages.foreign_binaries(found.nodes["Fn"])] == ["mac.so"]


def test_native_libraries_in_an_archive(tmp_path: Path, measured: Measure) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("numpy/core.so", ELF["arm64"] + bytes(100_000))
        archive.writestr("stored.so", zipfile.ZipInfo("stored.so").filename.encode() + bytes(30))
    found = measured(SAM_HEADER + function(code="code.zip"))
    assert [b.path for b in found.packages.foreign_binaries(found.nodes["Fn"])] == ["numpy/core.so"]


def test_builds_for_several_systems_are_fine_when_one_fits(tmp_path: Path, measured: Measure) -> None:
    for name, head in {
        "node_modules/bcrypt/prebuilds/darwin-arm64/b.node": MACH_O,
        "node_modules/bcrypt/prebuilds/linux-x64/b.node": ELF["x86_64"],
        "node_modules/@img/sharp-darwin-arm64/sharp.node": MACH_O,
        "node_modules/@img/sharp-linux-x64/sharp.node": ELF["x86_64"],
        "node_modules/alone/b.node": MACH_O,
    }.items():
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).write_bytes(head)
    found = measured("Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n    Properties: {Code: src}\n")
    assert [b.path for b in found.packages.foreign_binaries(found.nodes["Fn"])] == ["node_modules/alone/b.node"]


def test_layers_by_arn_and_twice(measured: Measure) -> None:
    arn = "!Sub 'arn:${AWS::Partition}:lambda:${AWS::Region}:%s:layer:%s'"
    layers = [
        arn % ("123456789012", "shared:3"),
        arn % ("${AWS::AccountId}", "own:1"),
        arn % ("123456789012", "shared:4"),
    ]
    found = measured(SAM_HEADER + function(Layers=f"[{', '.join(layers)}]"))
    node = found.nodes["Fn"]
    assert [(layer.account, layer.name) for layer in found.packages.remote_layers(node)] == [
        ("123456789012", "shared"),
        (None, "own"),
        ("123456789012", "shared"),
    ]
    assert found.packages.repeated_layers(node) == ["shared:4"]


@pytest.mark.parametrize(
    "layers", ["3", "{}", "[3, [], {}, {Ref: 4}]", "!Ref Nothing", "!If [a]", "{Fn::If: [a, 1, {Ref: AWS::NoValue}]}"]
)
def test_any_value_may_stand_for_layers(tmp_path: Path, measured: Measure, layers: str) -> None:
    write(tmp_path / "src" / "app.py", 1)
    found = measured(SAM_HEADER + function(Layers=layers))
    node = found.nodes["Fn"]
    assert found.packages.with_layers(node) is not None
    assert found.packages.remote_layers(node) == []
    assert found.packages.repeated_layers(node) == []
