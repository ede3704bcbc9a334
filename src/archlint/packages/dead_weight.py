"""What a package carries that its function never needs at run time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from archlint.packages.listing import part_label
from archlint.packages.measure import biggest, megabytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archlint.packages.measure import PackageMeasure

_BY_FOLDER = {
    **dict.fromkeys((".git", ".svn", ".hg"), "version control"),
    **dict.fromkeys((".venv", "venv", ".virtualenv"), "virtual environments"),
    **dict.fromkeys(("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".nox", ".cache"), "caches"),
    **dict.fromkeys((".aws-sam", "cdk.out", ".serverless"), "build output"),
    **dict.fromkeys(("tests", "test", "__tests__"), "tests"),
}
_PYTHON_SDK = frozenset({"boto3", "botocore", "s3transfer"})
_PYTHON_TOOLS = frozenset(
    [
        "pytest",
        "_pytest",
        "mypy",
        "black",
        "ruff",
        "flake8",
        "pylint",
        "coverage",
        "hypothesis",
        "moto",
        "tox",
        "nox",
        "pip",
        "setuptools",
        "wheel",
        "isort",
        "bandit",
        "cfnlint",
        "samtranslator",
        "aws_sam_cli",
        "samcli",
        "boto3-stubs",
        "botocore-stubs",
        "ipython",
        "IPython",
        "jupyter",
        "jedi",
        "debugpy",
    ]
)
_NODE_TOOLS = frozenset(
    [
        "typescript",
        "eslint",
        "prettier",
        "jest",
        "mocha",
        "chai",
        "nyc",
        "sinon",
        "webpack",
        "webpack-cli",
        "rollup",
        "esbuild",
        "ts-node",
        "ts-jest",
        "aws-cdk",
        "aws-cdk-lib",
        "serverless",
        "vite",
        "vitest",
        "nodemon",
        "@types",
        "@jest",
        "@babel",
        "@typescript-eslint",
        "@esbuild",
    ]
)
_NODE_RUNTIME = re.compile(r"nodejs(\d+)\.x")
SDK_V3_RUNTIME = 18
"""From nodejs18.x on the runtime carries AWS SDK v3, before that v2."""
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html, https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html


class DeadWeight(msgspec.Struct, frozen=True):
    """Unpacked bytes that could stay out of a package of `package_total` bytes, by kind, biggest first."""

    kinds: tuple[tuple[str, int], ...]
    package_total: int

    @property
    def total(self) -> int:
        """Bytes of all kinds."""
        return sum(size for _, size in self.kinds)

    @property
    def size(self) -> str:
        """The total for people."""
        return megabytes(self.total)

    @property
    def listed(self) -> str:
        """The kinds in one line: `tests 12.1 MB, caches 812 kB`."""
        return biggest(self.kinds, len(self.kinds))

    @property
    def share(self) -> float:
        """Part of the package, 0 to 1."""
        return self.total / self.package_total if self.package_total else 0.0


def dead_weight(
    measure: PackageMeasure, runtime: str | None, handler: str | None, other_code: Sequence[str]
) -> DeadWeight | None:
    """The dead weight of a package; None when there is none.

    `other_code` are folders of other functions' code relative to the package. The folder that the handler is in is
    never dead, whatever it is called.
    """
    own = handler.rpartition("/")[0] + "/" if handler and "/" in handler else None
    others = tuple(f"{folder}/" for folder in other_code if own is None or not own.startswith(f"{folder}/"))
    sizes: dict[str, int] = {}
    for path, size in measure.listing.files:
        if own is not None and path.startswith(own):
            continue
        kind = "other functions" if path.startswith(others) else _kind(path, runtime)
        if kind is not None:
            sizes[kind] = sizes.get(kind, 0) + size
    kinds = tuple(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))
    return DeadWeight(kinds, measure.total) if kinds else None


def _kind(path: str, runtime: str | None) -> str | None:
    components = path.split("/")
    package = _package(components)
    if package is not None:
        kind = _package_kind(package, "node_modules" in components, runtime)
        if kind is not None:
            return kind
    for component in components[:-1]:
        if component in _BY_FOLDER:
            return _BY_FOLDER[component]
    return "caches" if path.endswith(".pyc") else None


def _package(components: list[str]) -> str | None:
    """The distribution that a file belongs to: `botocore`, `@aws-sdk`; None for a file of the function itself."""
    if "node_modules" in components:
        rest = components[components.index("node_modules") + 1 :]
        return rest[0] if len(rest) > 1 else None
    label = part_label("/".join(components)).rpartition("/")[2]
    name = label.partition("-")[0] if label.endswith(".dist-info") else label
    return name if len(components) > 1 else None


def _package_kind(package: str, is_node: bool, runtime: str | None) -> str | None:  # noqa: FBT001 - two languages
    if is_node:
        if package in _NODE_TOOLS:
            return "development tools"
        return f"SDK that {runtime} carries" if _is_in_node_runtime(package, runtime) else None
    if package in _PYTHON_SDK:
        return "SDK that the Python runtimes carry"
    return "development tools" if package in _PYTHON_TOOLS else None


def _is_in_node_runtime(package: str, runtime: str | None) -> bool:
    matched = _NODE_RUNTIME.fullmatch(runtime or "")
    if matched is None:
        return False
    is_v3 = int(matched[1]) >= SDK_V3_RUNTIME
    return package in ("@aws-sdk", "@smithy") if is_v3 else package == "aws-sdk"
