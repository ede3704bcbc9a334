"""The modules that a Python handler reaches, and what their names are bound to."""

from __future__ import annotations

import ast
import posixpath
import sys
import warnings
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

from archlint.graph.code.sources import reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.code.sources import Folder

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
# Libraries that call no service unless the code names it; others may do what nobody sees here.
_HARMLESS = frozenset(
    {"boto3", "botocore", "mypy_boto3_dynamodb", "mypy_boto3_sqs", "aws_lambda_powertools", "aws_xray_sdk"}
    | {"cfnresponse", "dateutil", "jsonschema", "jwt", "pydantic", "pytz", "requests", "simplejson", "six"}
    | {"typing_extensions", "urllib3", "yaml"}
)
_DYNAMIC_MODULES = frozenset({"importlib", "runpy", "subprocess", "ctypes", "imp", "pkgutil", "multiprocessing"})


class Imported(NamedTuple):
    """A name that an import binds: a module of the folder, or a name in it."""

    file: str
    symbol: str | None


Binding: TypeAlias = ast.expr | Imported | Definition | None
"""What a name always stands for; None when that differs or is not told."""


class Module(msgspec.Struct):
    """One file. Attributes of `self` are bound under `self.<name>`."""

    file: str
    tree: ast.Module
    bindings: dict[str, Binding] = msgspec.field(default_factory=dict)
    definitions: dict[str, Definition] = msgspec.field(default_factory=dict)
    imports: set[str] = msgspec.field(default_factory=set)
    """Files of the folder that it imports."""


class Modules:
    """Modules of one code folder, parsed once. `doubts` by file."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._known: dict[str, Module | None] = {}
        self.doubts: dict[str, list[str]] = {}

    def reached(self, file: str) -> tuple[list[Module], list[str]]:
        """The module and all that it imports from the folder, with the reasons to doubt that this is everything."""
        found, doubts = reached(self._folder, file, self.module)
        return list(found.values()), [*doubts, *(doubt for name in found for doubt in self.doubts.get(name, ()))]

    def module(self, file: str) -> Module | None:
        """The parsed module; None when it is absent or no Python that this interpreter reads."""
        if file not in self._known:
            self._known[file] = self._parse(file)
        return self._known[file]

    def text(self, file: str) -> str:
        """The source of a module."""
        return self._folder.text(file) or ""

    def _parse(self, file: str) -> Module | None:
        text = self._folder.text(file)
        if text is None:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes are the team's business
                tree = ast.parse(text)
            module = Module(file, tree)
            self._bind(module)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        return module

    def _bind(self, module: Module) -> None:
        for statement in module.tree.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                module.definitions[statement.name] = statement
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._import(module, node)
                continue
            for name, value in _bound(node):
                _add(module, name, value)

    def _import(self, module: Module, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                target = self._local(alias.name.split("."))
                self._took(module, alias.name, target)
                whole = alias.asname is not None or "." not in alias.name
                binding = Imported(target[-1], None) if target and whole else None
                _add(module, alias.asname or alias.name.split(".")[0], binding)
            return
        base = module.file.split("/")[: -node.level] if node.level else []
        steps = [*base, *(node.module.split(".") if node.module else [])]
        package = self._local(steps) if steps else []
        if node.level and not package and steps and not self._folder.holds_folder("/".join(steps)):
            self._doubt(module, f"imports {'.' * node.level}{node.module or ''}")
        elif not node.level:
            self._took(module, node.module or "", package)
        for alias in node.names:
            inside = self._local([*steps, alias.name])
            if inside:
                module.imports.update(inside)
                _add(module, alias.asname or alias.name, Imported(inside[-1], None))
            elif package:
                module.imports.update(package)
                _add(module, alias.asname or alias.name, Imported(package[-1], alias.name))
            else:
                _add(module, alias.asname or alias.name, None)
                if (node.module, alias.name) in (("boto3", "client"), ("boto3", "resource")):
                    self._doubt(module, f"imports {alias.name} of boto3")

    def _took(self, module: Module, name: str, target: list[str]) -> None:
        """Notes what an absolute import takes in."""
        top = name.split(".", maxsplit=1)[0]
        if target:
            module.imports.update(target)
        elif top in _DYNAMIC_MODULES or name == "botocore.auth":
            self._doubt(module, f"uses {name}")
        elif top not in sys.stdlib_module_names and top not in _HARMLESS and not self._folder.holds_folder(top):
            self._doubt(module, f"imports {name}")
        elif top not in sys.stdlib_module_names and top not in _HARMLESS:
            self._doubt(module, f"imports {name} from a folder that is no package")

    def _local(self, steps: list[str]) -> list[str]:
        """Files of the folder that importing this dotted name runs, outermost first; [] when it is not there."""
        path = "/".join(steps)
        last = next((name for name in (f"{path}.py", f"{path}/__init__.py") if self._exists(name)), None)
        if last is None:
            return []
        parents = ["/".join(steps[:count]) + "/__init__.py" for count in range(1, len(steps))]
        return [*(name for name in parents if self._exists(name)), last]

    def _exists(self, name: str) -> bool:
        return self._folder.text(posixpath.normpath(name)) is not None

    def _doubt(self, module: Module, reason: str) -> None:
        self.doubts.setdefault(module.file, []).append(f"{module.file} {reason}")


def _bound(node: ast.AST) -> Iterator[tuple[str, Binding]]:
    """Names that a statement or expression binds."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _targets(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        if node.value is not None:
            yield from _targets(node.target, node.value)
    elif isinstance(node, (ast.AugAssign, ast.For, ast.AsyncFor, ast.comprehension)):
        yield from _targets(node.target, None)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from _targets(node.optional_vars, node.context_expr)
    elif isinstance(node, ast.arg):
        yield node.arg, None
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name, None
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, node


def _targets(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, Binding]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        yield f"self.{target.attr}", value
    elif isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from _targets(item, None)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value, None)


def _add(module: Module, name: str, value: Binding) -> None:
    """Binds a name; a second, different meaning anywhere in the file leaves it without one."""
    if name not in module.bindings:
        module.bindings[name] = value
        return
    known = module.bindings[name]
    same = known == value if not isinstance(known, ast.AST) else False
    if isinstance(known, ast.expr) and isinstance(value, ast.expr):
        same = ast.dump(known) == ast.dump(value)
    if not same:
        module.bindings[name] = None
