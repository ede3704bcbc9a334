"""SDK calls of Python handlers: boto3 clients and resources, followed through names but not through arguments.

A name counts only when everything in its file binds it to one meaning: a wrong edge is worse than a missing one.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from archlint.graph.code.model import Call, Code, Env, Value, Word
from archlint.graph.code.operations import INVOCATION_TYPE, OPERATIONS, POSITIONS
from archlint.graph.code.python_modules import Imported, Module, Modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.code.python_modules import Definition
    from archlint.graph.code.sources import Folder

_MAX_DEPTH = 8
_DYNAMIC_NAMES = frozenset({"getattr", "eval", "exec", "__import__", "compile", "globals", "vars"})
_MAKERS = ("client", "resource", "create_client")
# Decorators of these say nothing about who calls the function.
_OBSERVERS = frozenset({"logger", "tracer", "metrics", "xray_recorder", "functools", "staticmethod", "classmethod"})


class _Client(NamedTuple):
    """`boto3.client("sqs")` or `boto3.resource("sqs")`."""

    service: str


class _Handle(NamedTuple):
    """A resource object: `dynamodb.Table(name)`."""

    service: str
    kind: str
    name: Value


_Meaning: TypeAlias = Env | Word | _Client | _Handle | None

# Resource object → the argument of the client that its name stands for, and the operations whose names differ.
_HANDLES: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("dynamodb", "Table"): ("TableName", {}),
    ("sqs", "Queue"): ("QueueUrl", {"send_messages": "send_message_batch"}),
    ("sns", "Topic"): ("TopicArn", {}),
    ("s3", "Bucket"): ("Bucket", {"copy": "copy_object"}),
    ("s3", "Object"): ("Bucket", {"put": "put_object", "get": "get_object", "delete": "delete_object"}),
}


class PythonReader:
    """Reads the handlers of one folder; a file is parsed once, whoever needs it."""

    def __init__(self, folder: Folder) -> None:
        self._modules = Modules(folder)

    def read(self, handler: str) -> Code | None:
        """What a handler (`orders/app.handler`) runs; None when its file is not there or no Python."""
        path, _, function = handler.replace("/", ".").rpartition(".")
        names = (f"{path.replace('.', '/')}.py", f"{path.replace('.', '/')}/__init__.py")
        file = next((name for name in names if self._modules.module(name) is not None), None)
        if not path or file is None:
            return None
        modules, doubts = self._modules.reached(file)
        code = Code(texts=[self._modules.text(module.file) for module in modules], doubts=doubts)
        by_file = {module.file: module for module in modules}
        for module, body in _Reach(by_file).bodies(file, function):
            for node in _inside(body):
                code.doubts += _doubts(module, node)
                if isinstance(node, ast.Call):
                    call = self._call(module, node)
                    if call is not None:
                        code.calls.append(call)
        return code

    def _call(self, module: Module, node: ast.Call) -> Call | None:
        if not isinstance(node.func, ast.Attribute):
            return None
        owner = self._meaning(module, node.func.value, 0)
        operation = node.func.attr
        arguments: dict[str, tuple[Value, ...]] = {}
        if isinstance(owner, _Handle):
            argument, renamed = _HANDLES[owner.service, owner.kind]
            operation = renamed.get(operation, operation)
            arguments[argument] = (owner.name,)
        elif not isinstance(owner, _Client):
            return None
        if (owner.service, operation) not in OPERATIONS:
            return None
        if isinstance(owner, _Client):
            for name, value in zip(POSITIONS.get((owner.service, operation), ()), node.args, strict=False):
                arguments[name] = (self._value(module, value),)
            for keyword in node.keywords:  # what `**rest` holds may be the one argument that is optional
                self._collect(module, keyword.arg or INVOCATION_TYPE, keyword.value, arguments, 0)
        return Call(owner.service, operation, arguments, module.file, node.lineno)

    def _collect(
        self, module: Module, name: str, value: ast.expr, found: dict[str, tuple[Value, ...]], depth: int
    ) -> None:
        """The argument, and what lists and mappings inside it hold by name (`Entries` of `put_events`)."""
        if isinstance(value, ast.Name) and isinstance(bound := module.bindings.get(value.id), (ast.Dict, ast.List)):
            value = bound
        if depth < _MAX_DEPTH and isinstance(value, (ast.List, ast.Tuple)):
            for item in value.elts:
                self._collect(module, name, item, found, depth + 1)
        elif depth < _MAX_DEPTH and isinstance(value, ast.Dict):
            for key, item in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    self._collect(module, key.value, item, found, depth + 1)
        else:
            found[name] = (*found.get(name, ()), self._value(module, value))

    def _value(self, module: Module, value: ast.expr) -> Value:
        meaning = self._meaning(module, value, 0)
        return meaning if isinstance(meaning, (Env, Word)) else None

    def _meaning(self, module: Module, value: ast.expr, depth: int) -> _Meaning:
        if depth > _MAX_DEPTH:
            return None
        if isinstance(value, ast.Constant):
            return Word(value.value) if isinstance(value.value, str) else None
        if isinstance(value, ast.Name):
            return self._bound(module, value.id, depth)
        if isinstance(value, ast.Attribute):
            return self._attribute(module, value, depth)
        if isinstance(value, ast.Subscript):
            return _environment(value.value, value.slice)
        if isinstance(value, ast.Call):
            return self._called(module, value, depth)
        return None

    def _bound(self, module: Module, name: str, depth: int) -> _Meaning:
        binding = module.bindings.get(name)
        if isinstance(binding, Imported):
            other = self._modules.module(binding.file) if binding.symbol is not None else None
            return self._bound(other, binding.symbol or "", depth + 1) if other and depth < _MAX_DEPTH else None
        if isinstance(binding, ast.expr):
            return self._meaning(module, binding, depth + 1)
        return None

    def _attribute(self, module: Module, value: ast.Attribute, depth: int) -> _Meaning:
        if not isinstance(value.value, ast.Name):
            return None
        if value.value.id == "self":
            return self._bound(module, f"self.{value.attr}", depth)
        binding = module.bindings.get(value.value.id)
        if isinstance(binding, Imported) and binding.symbol is None:
            other = self._modules.module(binding.file)
            return self._bound(other, value.attr, depth + 1) if other is not None else None
        return None

    def _called(self, module: Module, call: ast.Call, depth: int) -> _Meaning:
        first = call.args[0] if call.args else None
        if isinstance(call.func, ast.Name):
            return _environment(call.func, first) if call.func.id == "getenv" else None
        if not isinstance(call.func, ast.Attribute):
            return None
        name = call.func.attr
        if name in _MAKERS:
            return _client(call)
        if name == "getenv" or (name == "get" and _is_environ(call.func.value)):
            return _environment(call.func.value, first)
        owner = self._meaning(module, call.func.value, depth + 1)
        if isinstance(owner, _Client) and (owner.service, name) in _HANDLES:
            given = first or next((word.value for word in call.keywords), None)
            return _Handle(owner.service, name, self._value(module, given) if given is not None else None)
        return None


class _Reach:
    """Which functions a handler can run: those that its own body, and the bodies of what it names, name."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self._modules = modules
        self._seen: set[tuple[str, str]] = set()
        self._named: set[tuple[str, str]] = set()
        self._pending: list[tuple[Module, ast.AST]] = []

    def bodies(self, file: str, function: str) -> Iterator[tuple[Module, list[ast.AST]]]:
        """Each module with the statements and definitions of it that run. Code outside of functions always runs."""
        bodies: dict[str, list[ast.AST]] = {}
        for module in self._modules.values():
            top = [node for node in module.tree.body if node not in module.definitions.values()]
            bodies[module.file] = list(top)
            self._pending += [(module, node) for node in top]
        entry = self._modules[file]
        if function in entry.definitions:
            self._reach(entry, function)
        else:  # the handler is made by something: any function may be behind it
            for name in entry.definitions:
                self._reach(entry, name)
        while True:
            while self._pending:
                module, node = self._pending.pop()
                self._follow(module, node)
            if not self._register():
                break
        for name, symbol in sorted(self._seen):
            bodies[name].append(self._modules[name].definitions[symbol])
        for name, body in bodies.items():
            yield self._modules[name], body

    def _reach(self, module: Module, symbol: str) -> None:
        key = (module.file, symbol)
        if symbol in module.definitions and key not in self._seen:
            self._seen.add(key)
            self._pending.append((module, module.definitions[symbol]))

    def _follow(self, module: Module, body: ast.AST) -> None:
        for node in ast.walk(body):
            if isinstance(node, ast.Name):
                self._named.add((module.file, node.id))
                self._reach(module, node.id)
                binding = module.bindings.get(node.id)
                if isinstance(binding, Imported) and binding.symbol and binding.file in self._modules:
                    self._reach(self._modules[binding.file], binding.symbol)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                binding = module.bindings.get(node.value.id)
                if isinstance(binding, Imported) and binding.symbol is None and binding.file in self._modules:
                    self._reach(self._modules[binding.file], node.attr)

    def _register(self) -> bool:
        """Functions that decorators hand to something that runs (`@app.get("/orders")` and `app.resolve`)."""
        before = len(self._seen)
        for module in self._modules.values():
            for name, definition in module.definitions.items():
                if any((module.file, base) in self._named for base in _registrars(definition)):
                    self._reach(module, name)
        return len(self._seen) > before


def _registrars(definition: Definition) -> Iterator[str]:
    for decorator in definition.decorator_list:
        base: ast.expr = decorator
        while isinstance(base, (ast.Call, ast.Attribute)):
            base = base.func if isinstance(base, ast.Call) else base.value
        if isinstance(base, ast.Name) and base.id not in _OBSERVERS and base is not decorator:
            yield base.id


def _inside(body: list[ast.AST]) -> Iterator[ast.AST]:
    for node in body:
        yield from ast.walk(node)


def _doubts(module: Module, node: ast.AST) -> list[str]:
    """Why this node may call anything."""
    if isinstance(node, ast.Name) and node.id in _DYNAMIC_NAMES:
        return [f"{module.file}:{node.lineno} uses {node.id}"]
    if isinstance(node, ast.Attribute) and node.attr in ("system", "popen"):
        return [f"{module.file}:{node.lineno} uses {node.attr}"]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MAKERS:
        return [] if _client(node) else [f"{module.file}:{node.lineno} chooses a client at run time"]
    return []


def _client(call: ast.Call) -> _Client | None:
    named = next((word.value for word in call.keywords if word.arg == "service_name"), None)
    name = call.args[0] if call.args else named
    return _Client(name.value) if isinstance(name, ast.Constant) and isinstance(name.value, str) else None


def _is_environ(value: ast.expr) -> bool:
    return (isinstance(value, ast.Name) and value.id == "environ") or (
        isinstance(value, ast.Attribute) and value.attr == "environ"
    )


def _environment(owner: ast.expr, name: ast.expr | None) -> Env | None:
    is_getter = isinstance(owner, ast.Name) and owner.id in ("os", "getenv")
    if not (is_getter or _is_environ(owner)) or not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return None
    return Env(name.value)
