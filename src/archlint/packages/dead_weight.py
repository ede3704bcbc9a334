"""What a package carries that its function never needs at run time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from archlint.packages.listing import part_label
from archlint.packages.measure import biggest, megabytes
from archlint.packages.names import vendored

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from archlint.packages.listing import Listing
    from archlint.packages.measure import PackageMeasure

CACHES = "caches"
_BY_FOLDER = {
    **dict.fromkeys((".git", ".svn", ".hg"), "version control"),
    **dict.fromkeys((".venv", "venv", ".virtualenv"), "virtual environments"),
    **dict.fromkeys(("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".nox", ".cache"), CACHES),
    **dict.fromkeys((".aws-sam", "cdk.out", ".serverless"), "build output"),
    **dict.fromkeys(("tests", "test", "__tests__"), "tests"),
    **dict.fromkeys(("htmlcov", "lcov-report", ".nyc_output"), "test reports"),
}
SDK = "SDK that "
"""What the kind of an SDK's files begins with."""
_PYTHON_SDK = frozenset({"boto3", "botocore", "s3transfer"})
_PYTHON_TOOLS = {
    **{name: name for name in (
        "pytest", "mypy", "black", "ruff", "flake8", "pylint", "coverage", "hypothesis", "moto", "tox", "nox", "pip",
        "setuptools", "wheel", "isort", "bandit", "boto3-stubs", "botocore-stubs", "ipython", "jupyter", "jedi",
        "debugpy",
    )},
    "_pytest": "pytest", "cfnlint": "cfn-lint", "samtranslator": "aws-sam-translator", "samcli": "aws-sam-cli",
    "aws_sam_cli": "aws-sam-cli", "IPython": "ipython",
}  # fmt: skip
"""Top-level name to distribution: a folder `coverage` is only the tool where the tool is installed."""
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
_CODE = (".py", ".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx", ".rb")
MAX_READ = 1000
MAX_CODE = 256 * 1024
_NODE_RUNTIME = re.compile(r"nodejs(\d+)\.x")
SDK_V3_RUNTIME = 18
"""From nodejs18.x on the runtime carries AWS SDK v3, before that v2."""
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html, https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html


class DeadWeight(msgspec.Struct, frozen=True):
    """Unpacked bytes that could stay out of a package of `package_total` bytes, by kind, biggest first.

    `package_total` includes the dependencies that will be installed; None where their size is not known.
    """

    kinds: tuple[tuple[str, int], ...]
    package_total: int | None

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
        """Part of the package, 0 to 1; 0 where the whole is not known."""
        return self.total / self.package_total if self.package_total else 0.0

    @property
    def portion(self) -> str:
        """The share for people."""
        return f"{self.share:.0%} of its package" if self.package_total else "before its dependencies are installed"

    @property
    def is_debatable(self) -> bool:
        """Whether all of it is an SDK that the runtime has too, or bytecode: shipping these can be a decision."""
        return all(kind.startswith(SDK) or kind == CACHES for kind, _ in self.kinds)


def dead_weight(
    measure: PackageMeasure,
    whole: int | None,
    runtime: str | None,
    handler: str | None,
    other_code: Sequence[str],
) -> DeadWeight | None:
    """The dead weight of a package of `whole` bytes (None: not known); None when there is none.

    `other_code` are folders of other functions' code relative to the package. The folder that the handler is in is
    never dead, whatever it is called.
    """
    own = _own_folder(runtime, handler)
    apart = [folder for folder in other_code if own is None or not own.startswith(f"{folder}/")]
    others = tuple(f"{folder}/" for folder in apart if apart and not _is_imported(measure.listing, folder, apart))
    installed = vendored(measure.listing)
    sizes: dict[str, int] = {}
    for path, size in measure.listing.files:
        if own is not None and path.startswith(own):
            continue
        kind = "other functions" if path.startswith(others) else _kind(path, runtime, installed)
        if kind is not None:
            sizes[kind] = sizes.get(kind, 0) + size
    kinds = tuple(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))
    return DeadWeight(kinds, whole) if kinds else None


def _own_folder(runtime: str | None, handler: str | None) -> str | None:
    """The folder of the handler (`a/app.handler`, in Python `a.app.handler`), with a slash; None for the top."""
    if not handler:
        return None
    path = handler.rpartition(".")[0]
    if runtime is not None and runtime.startswith("python"):
        path = path.replace(".", "/")
    folder = path.rpartition("/")[0]
    return f"{folder}/" if folder else None


def _is_imported(listing: Listing, folder: str, apart: Sequence[str]) -> bool:
    """Whether code elsewhere in the package mentions the folder where it imports; true when that cannot be told."""
    if not listing.origin.is_dir():
        return True
    inside = tuple(f"{other}/" for other in apart)
    code = [path for path, _ in listing.files if path.endswith(_CODE) and not path.startswith(inside)]
    name = re.escape(folder.rpartition("/")[2])
    mention = re.compile(rf"\b(?:from|import|require)\b[^\n]{{0,200}}\b{name}\b".encode())
    if len(code) > MAX_READ:
        return True
    for path in code:
        try:
            with (listing.origin / path).open("rb") as file:
                if mention.search(file.read(MAX_CODE)):
                    return True
        except (OSError, ValueError):
            return True
    return False


def _kind(path: str, runtime: str | None, installed: Collection[str]) -> str | None:
    components = path.split("/")
    package = _package(components)
    if package is not None:
        kind = _node_kind(package, runtime) if "node_modules" in components else _python_kind(package, installed)
        if kind is not None:
            return kind
    for component in components[:-1]:
        if component in _BY_FOLDER:
            return _BY_FOLDER[component]
    return CACHES if path.endswith(".pyc") else None


def _package(components: list[str]) -> str | None:
    """The distribution that a file belongs to: `botocore`, `@aws-sdk`; None for a file of the function itself."""
    if "node_modules" in components:
        rest = components[components.index("node_modules") + 1 :]
        return rest[0] if len(rest) > 1 else None
    label = part_label("/".join(components)).rpartition("/")[2]
    name = label.partition("-")[0] if label.endswith(".dist-info") else label
    return name if len(components) > 1 else None


def _node_kind(package: str, runtime: str | None) -> str | None:
    if package in _NODE_TOOLS:
        return "development tools"
    return f"{SDK}{runtime} carries" if _is_in_node_runtime(package, runtime) else None


def _python_kind(package: str, installed: Collection[str]) -> str | None:
    if package in _PYTHON_SDK:
        return f"{SDK}the Python runtimes carry"
    return "development tools" if _PYTHON_TOOLS.get(package) in installed else None


def _is_in_node_runtime(package: str, runtime: str | None) -> bool:
    matched = _NODE_RUNTIME.fullmatch(runtime or "")
    if matched is None:
        return False
    is_v3 = int(matched[1]) >= SDK_V3_RUNTIME
    return package in ("@aws-sdk", "@smithy") if is_v3 else package == "aws-sdk"
