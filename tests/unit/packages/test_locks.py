"""Lock files: which packages a production install brings, and what is known of their size."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from archlint.packages.data import WHEEL_RATIO, known_packages
from archlint.packages.dependencies import DependencySum
from archlint.packages.markers import applies
from archlint.packages.subject import Target
from archlint.packages.wheels import wheel_size

from .conftest import SAM_HEADER, Measured, function, write
from .zips import Member, write_zip

if TYPE_CHECKING:
    from pathlib import Path

NUMPY = known_packages("python")["numpy"].unpacked
PANDAS = known_packages("python")["pandas"].unpacked
TORCH = known_packages("python")["torch"].unpacked


@pytest.fixture
def summed(tmp_path: Path, measured: Callable[[str], Measured]) -> Callable[..., DependencySum | None]:
    """Writes files into the code folder of a function and sums its dependencies."""

    def sum_up(files: dict[str, str], metadata: str = "", **properties: str) -> DependencySum | None:
        write(tmp_path / "src" / "app.py", 10)
        for name, text in files.items():
            write(tmp_path / "src" / name, text=text)
        found = measured(SAM_HEADER + function(**properties) + metadata)
        return found.packages.dependencies(found.nodes["Fn"])

    return sum_up


Summed = Callable[..., DependencySum | None]


def names(found: DependencySum | None) -> set[str]:
    assert found is not None
    return {name for name, _ in found.parts}


def test_requirements_with_what_the_heavy_ones_need(summed: Summed) -> None:
    found = summed(
        {"requirements.txt": "pandas[excel]==2.2 ; python_version >= '3.9'  # data\nrequests\n-i https://x/simple\n"}
    )
    assert found is not None
    assert found.total == PANDAS + NUMPY
    assert (found.file, found.unknown, found.basis) == ("requirements.txt", 1, ("known sizes",))


def unknown(found: DependencySum | None) -> int:
    assert found is not None
    return found.unknown


def test_a_pin_of_a_version_that_was_much_smaller_has_no_known_size(summed: Summed) -> None:
    assert unknown(summed({"requirements.txt": "kubernetes==12.0.1\npymupdf==1.24 ; python_version > '3'"})) == 2
    assert names(summed({"requirements.txt": "pymupdf>=1.24"})) >= {"pymupdf", "numpy"}
    assert unknown(summed({"requirements.txt": "kubernetes"})) == 0


def test_requirements_include_each_other_only_inside_the_root(tmp_path: Path, summed: Summed) -> None:
    write(tmp_path.parent / "outside.txt", text="torch")
    text = "-r more.txt\n-r requirements.txt\n--requirement=../../outside.txt\n"
    assert names(
        summed({"requirements.txt": text, "more.txt": "-r requirements.txt\nnumpy \\\n  --hash=sha256:1"})
    ) == {"numpy"}


@pytest.mark.parametrize(
    "line",
    [
        "torch; sys_platform == 'win32'",
        "torch; extra == 'gpu'",
        "torch; python_version < '3.8'",
        "# torch",
        "-c torch.txt",
        "torch;(",
    ],
)
def test_what_is_not_installed_on_lambda_does_not_count(summed: Summed, line: str) -> None:
    found = summed({"requirements.txt": line})
    assert found is not None
    assert found.total == 0


def test_a_wheel_beside_the_code_is_counted(tmp_path: Path, summed: Summed) -> None:
    (tmp_path / "src").mkdir()
    write_zip(tmp_path / "src" / "duckdb-2.0-cp312-cp312-linux_x86_64.whl", [Member("duckdb/x.so", 999, b"x")])
    found = summed(
        {"requirements.txt": "./duckdb-2.0-cp312-cp312-linux_x86_64.whl\nb @ https://x/b-1-py3-none-any.whl\n"}
    )
    assert found is not None
    assert (found.parts, found.basis) == ((("duckdb", 999),), ("wheels beside it",))


def test_an_installed_copy_is_better_than_the_table(summed: Summed) -> None:
    record = "duckdb/x.so,sha256=a,1000\nduckdb/y.py,sha256=b,500\n../../../bin/duckrun,sha256=c,77\nduckdb/z.pyc,,\n"
    folder = ".venv/lib/python3.12/site-packages/duckdb-2.1.dist-info"
    found = summed({"requirements.txt": "duckdb", f"{folder}/RECORD": record})
    assert found is not None
    assert (found.total, found.basis) == (1500, ("installed copies",))


def test_what_lies_in_the_folder_already_is_not_counted_twice(summed: Summed) -> None:
    assert names(summed({"requirements.txt": "duckdb\nnumpy", "duckdb-2.1.dist-info/RECORD": ""})) == {"numpy"}


UV_LOCK = """
version = 1
[[package]]
name = "app"
version = "0"
source = { virtual = "." }
dependencies = [
  { name = "Heavy" },
  { name = "windows-only", marker = "sys_platform == 'win32'" },
  { name = "x", extra = ["e"] },
]
[package.dev-dependencies]
dev = [{ name = "developer" }]
[[package]]
name = "heavy"
version = "1"
wheels = [
  { url = "https://h/heavy-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", size = 1000 },
  { url = "https://h/heavy-1-cp312-cp312-manylinux_2_17_aarch64.whl", size = 400 },
  { url = "https://h/heavy-1-cp312-cp312-macosx_11_0_arm64.whl", size = 10 },
  { url = "https://h/heavy-1-cp311-cp311-manylinux_2_17_x86_64.whl", size = 20 },
]
[[package]]
name = "windows-only"
wheels = [{ url = "https://h/w-1-py3-none-any.whl", size = 5000 }]
[[package]]
name = "developer"
wheels = [{ url = "https://h/d-1-py3-none-any.whl", size = 5000 }]
[[package]]
name = "x"
wheels = [{ url = "https://h/x-1-py3-none-any.whl", size = 10 }]
[package.optional-dependencies]
e = [{ name = "behind-extra" }]
unused = [{ name = "developer" }]
[[package]]
name = "behind-extra"
wheels = [{ url = "https://h/e-1-py3-none-any.whl", size = 100 }]
"""


def test_uv_lock_is_followed_from_the_project(summed: Summed) -> None:
    found = summed({"uv.lock": UV_LOCK})
    assert found is not None
    assert dict(found.parts) == {"heavy": 2900, "behind-extra": 290, "x": 29}
    assert found.basis == ("wheel sizes x measured ratios",)


def test_the_wheel_is_that_of_the_architecture(summed: Summed) -> None:
    found = summed({"uv.lock": UV_LOCK}, Architectures="[arm64]")
    assert found is not None
    assert dict(found.parts)["heavy"] == round(400 * WHEEL_RATIO)


def test_a_measured_package_has_its_own_ratio(summed: Summed) -> None:
    known = known_packages("python")["scipy"]
    lock = UV_LOCK.replace("heavy", "scipy").replace("Heavy", "scipy")
    found = summed({"uv.lock": lock})
    assert found is not None
    assert dict(found.parts)["scipy"] == round(1000 * known.unpacked / known.packed)


def test_requirements_take_sizes_from_uv_lock(summed: Summed) -> None:
    assert names(summed({"uv.lock": UV_LOCK, "requirements.txt": "heavy==1"})) == {"heavy"}
    both = {"uv.lock": UV_LOCK, "requirements.txt": "heavy==1"}
    assert "x" in names(summed(both, metadata="    Metadata: {BuildMethod: python-uv}\n"))


def test_pylock(summed: Summed) -> None:
    text = """
lock-version = "1.0"
[[packages]]
name = "heavy"
wheels = [{ name = "heavy-1-py3-none-any.whl", url = "https://h/heavy-1-py3-none-any.whl", size = 100 }]
[[packages]]
name = "dev"
marker = "'dev' in dependency_groups"
wheels = [{ url = "https://h/dev-1-py3-none-any.whl", size = 9999 }]
[[packages]]
name = "torch"
"""
    found = summed({"pylock.toml": text})
    assert found is not None
    assert dict(found.parts) == {"torch": TORCH, "heavy": 290}


@pytest.mark.parametrize(
    ("main", "dev"),
    [
        ('groups = ["main"]', 'groups = ["dev"]'),
        ('category = "main"', 'category = "dev"'),
        ("", ""),
        ("optional = false", "optional = true"),
    ],
)
def test_poetry_lock(summed: Summed, main: str, dev: str) -> None:
    lock = f'[[package]]\nname = "numpy"\n{main}\n[[package]]\nname = "torch"\n{dev}\n'
    pyproject = '[tool.poetry.dependencies]\npython = "^3.12"\nnumpy = "^2"\n'
    assert names(summed({"poetry.lock": lock, "pyproject.toml": pyproject})) == {"numpy"}


def test_pipfile_lock(summed: Summed) -> None:
    lock = {"default": {"numpy": {"version": "==2"}, "x": {}}, "develop": {"torch": {}}}
    assert names(summed({"Pipfile.lock": json.dumps(lock)})) == {"numpy"}


NODE = {"Runtime": "nodejs22.x"}


def test_package_lock_by_the_table_and_by_what_is_installed(summed: Summed) -> None:
    packages = {
        "": {},
        "node_modules/googleapis": {"version": "1"},
        "node_modules/typescript": {"dev": True},
        "node_modules/sharp": {},
        "node_modules/@img/sharp-libvips-linux-x64": {"os": ["linux"], "cpu": ["x64"], "optional": True},
        "node_modules/@img/sharp-darwin": {"os": ["darwin"], "optional": True},
        "node_modules/unknown": {},
        "node_modules/linked": {"link": True},
    }
    files = {
        "package.json": "{}",
        "package-lock.json": json.dumps({"lockfileVersion": 3, "packages": packages}),
        "node_modules/sharp/index.js": "x" * 40,
        "node_modules/sharp/node_modules/nested/index.js": "x" * 40,
    }
    found = summed(files, **NODE)
    assert found is not None
    table = known_packages("npm")
    assert dict(found.parts) == {
        "googleapis": table["googleapis"].unpacked,
        "@img/sharp-libvips-linux-x64": table["@img/sharp-libvips-linux-x64"].unpacked,
        "sharp": 40,
    }
    assert found.unknown == 1


def test_package_lock_of_npm_6(summed: Summed) -> None:
    tree = {"dependencies": {"next": {"dependencies": {"googleapis": {}}}, "typescript": {"dev": True}, "bad": 3}}
    assert names(summed({"package.json": "{}", "package-lock.json": json.dumps(tree)}, **NODE)) == {
        "next",
        "googleapis",
    }


def test_package_json_alone(summed: Summed) -> None:
    manifest = {"dependencies": {"puppeteer": "*"}, "devDependencies": {"next": "*"}}
    assert names(summed({"package.json": json.dumps(manifest)}, **NODE)) == {"puppeteer", "puppeteer-core"}


@pytest.mark.parametrize(
    "name", ["uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock", "package-lock.json", "package.json"]
)
@pytest.mark.parametrize(
    "text", ["", "[", "{", "3", '{"packages": 3, "default": 4, "dependencies": []}', "package = 3", "[" * 9999]
)
def test_strange_lock_files_do_not_raise(summed: Summed, name: str, text: str) -> None:
    found = summed({name: text}, Runtime="!Ref AWS::Region")
    assert found is None or found.total == 0


@pytest.mark.parametrize(
    ("marker", "truth"),
    [
        (None, True),
        ("python_version >= '3.9' and python_version < '4'", True),
        ("python_full_version < '3.12'", False),
        ("python_version >= '3.12.0'", True),
        ("'linux' in sys_platform", True),
        ("platform_machine != 'aarch64' and (sys_platform == 'darwin' or os_name == 'posix')", True),
        ("unknown_variable == 'x' or sys_platform == 'linux'", True),
        ("unknown_variable == 'x'", False),
        ("sys_platform not in 'win32'", True),
        ("implementation_name == 'pypy'", False),
        ("extra == 'x'", False),
        ("sys_platform ==", False),
        ("(" * 3000, False),
        (3, False),
        ("sys_platform == 'linux' garbage", False),
    ],
)
def test_markers(marker: object, truth: bool) -> None:
    assert applies(marker, Target()) is truth


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("a-1-py3-none-any.whl", True),
        ("a-1-py2.py3-none-any.whl", True),
        ("a-1-cp39-abi3-manylinux_2_28_x86_64.whl", True),
        ("a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("a-1-cp313-cp313t-manylinux_2_17_x86_64.whl", False),
        ("a-1-cp312-cp312-musllinux_1_2_x86_64.whl", False),
        ("a-1-cp312-cp312-win_amd64.whl", False),
        ("a-1.tar.gz", False),
    ],
)
def test_wheels_that_fit(name: str, fits: bool) -> None:
    size = wheel_size({"wheels": [{"url": f"https://h/{name}", "size": 7}, {"size": True}, 3]}, Target())
    assert size == (7 if fits else None)
