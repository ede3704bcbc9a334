"""What `archlint explain PKG001` says was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint import cli
from archlint.packages.data import known_packages
from archlint.packages.measure import megabytes
from archlint.packages.report import measured_lines

from .conftest import SAM_HEADER, Measured, function, write
from .tars_by_hand import saved

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REMOTE = "arn:aws:lambda:eu-west-1:999999999999:layer:tools:7"
TEMPLATE = (
    SAM_HEADER
    + function("Built", "src", Layers=f"[!Ref Common, {REMOTE!r}]")
    + function("Plain", "plain")
    + function("Away", "s3://bucket/key.zip")
    + "  Common:\n    Type: AWS::Serverless::LayerVersion\n    Properties: {ContentUri: layer}\n"
    + "  Shop:\n    Type: AWS::Serverless::Function\n    Properties: {PackageType: Image, ImageUri: ./shop.tar}\n"
)
NUMPY = known_packages("python")["numpy"].unpacked
EXPECTED = f"""\
Shop (template.yaml): 9,000 bytes, 0.0% of 10,737,418,240
  container image shop.tar: l.tar 9 kB
Built (template.yaml): at least 5,150 bytes, 0.0% of 262,144,000
  code             5,100  sam build folder .aws-sam/build/Built
                          2 files: numpy 5 kB, app.py 100 bytes
  Common              50  source folder layer
                          1 file: python/x.py 50 bytes
  tools:7              ?  lies elsewhere
Plain (template.yaml): at least 16 bytes, 0.0% of 262,144,000
  code             16  source folder plain, without the dependencies that the builder adds
                       2 files: app.py 10 bytes, requirements.txt 6 bytes
  about {NUMPY + 16:,} with what requirements.txt installs (by known sizes):
  numpy {megabytes(NUMPY)}, app.py 10 bytes, requirements.txt 6 bytes
not measured, nothing of it lies here: Away"""


def project(folder: Path) -> None:
    write(folder / ".aws-sam/build/Built/app.py", 100)
    write(folder / ".aws-sam/build/Built/numpy/core.so", 5000)
    write(folder / "layer/python/x.py", 50)
    write(folder / "plain/app.py", 10)
    write(folder / "plain/requirements.txt", text="numpy\n")
    saved(folder / "shop.tar", {"l.tar": 9000})


def test_each_package_with_its_sources(tmp_path: Path, measured: Callable[[str], Measured]) -> None:
    project(tmp_path)
    assert "\n".join(measured_lines(measured(TEMPLATE).packages)) == EXPECTED


def test_nothing_to_measure(measured: Callable[[str], Measured]) -> None:
    topic = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"
    assert measured_lines(measured(topic).packages) == []


@pytest.mark.parametrize("arguments", [[], ["."]])
def test_the_page_ends_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    project(tmp_path)
    write(tmp_path / "template.yaml", text=TEMPLATE)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["explain", "PKG002", *arguments, "--format", "markdown"]) == 0
    assert capsys.readouterr().out.endswith(f"## Measured here\n\n```text\n{EXPECTED}\n```\n")
