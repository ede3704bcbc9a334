"""SDK calls of JavaScript and TypeScript handlers: commands of the SDK for JavaScript v3, clients of v2 and v3."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from archlint.graph.code.javascript_modules import (
    Imported,
    Package,
    Script,
    Scripts,
    argument,
    parser,
    string,
    unwrap,
    walk,
    word,
)
from archlint.graph.code.model import Call, Code, Env, Value, Word
from archlint.graph.code.operations import OPERATIONS, snake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node as Syntax

    from archlint.graph.code.javascript_modules import Binding
    from archlint.graph.code.sources import Folder

_MAX_DEPTH = 8
_SERVICES = {
    "dynamodb": "dynamodb",
    "eventbridge": "events",
    "cloudwatch-events": "events",
    "cloudwatchevents": "events",
    "firehose": "firehose",
    "kinesis": "kinesis",
    "lambda": "lambda",
    "s3": "s3",
    "secrets-manager": "secretsmanager",
    "secretsmanager": "secretsmanager",
    "sfn": "stepfunctions",
    "stepfunctions": "stepfunctions",
    "sns": "sns",
    "sqs": "sqs",
    "storage": "s3",
}
# The document clients of DynamoDB leave out "Item".
_DOCUMENT = {
    "get": "get_item",
    "put": "put_item",
    "update": "update_item",
    "delete": "delete_item",
    "batch_get": "batch_get_item",
    "batch_write": "batch_write_item",
    "transact_get": "transact_get_items",
    "transact_write": "transact_write_items",
}
# Spellings of v2 that differ from boto3's.
_SAME = {"upload": "put_object", "list_objects_v_2": "list_objects_v2"}


class _Client(NamedTuple):
    service: str


def is_available() -> bool:
    """Whether the extra `code` is installed."""
    return parser(".js") is not None


class JavaScriptReader:
    """Reads the handlers of one folder; a file is parsed once, whoever needs it."""

    def __init__(self, folder: Folder) -> None:
        self._scripts = Scripts(folder)

    def read(self, handler: str) -> Code | None:
        """What a handler (`orders/app.handler`) runs; None when its file is not there."""
        folder, name = posixpath.split(handler)
        file = self._scripts.find(posixpath.normpath(posixpath.join(folder, name.partition(".")[0])))
        entry = self._scripts.script(file) if file is not None else None
        if file is None or entry is None:
            return None
        scripts, doubts = self._scripts.reached(file)
        code = Code(texts=[self._scripts.text(script.file) for script in scripts], doubts=doubts)
        code.confirms_only = sum(1 for _ in _exports(entry.top)) > 1
        for script in scripts:
            for node in walk(script.top):
                call = self._call(script, node)
                if call is not None:
                    code.calls.append(call)
                elif node.type == "subscript_expression" and self._is_sdk(script, node):
                    code.doubts.append(f"{script.file} chooses a client at run time")
        return code

    def _call(self, script: Script, node: Syntax) -> Call | None:
        named = None
        if node.type == "new_expression":
            named = self._command(script, node.child_by_field_name("constructor"))
        elif node.type == "call_expression":
            named = self._method(script, node.child_by_field_name("function"))
        if named is None or named not in OPERATIONS:
            return None
        arguments: dict[str, tuple[Value, ...]] = {}
        given = argument(node)
        if given is not None:
            self._collect(script, "", given, arguments, 0)
        return Call(*named, arguments, script.file, node.start_point[0] + 1)

    def _command(self, script: Script, constructor: Syntax | None) -> tuple[str, str] | None:
        """Service and operation of `new SendMessageCommand`."""
        package = self._package(script, constructor)
        if package is None or package.symbol is None or not package.package.startswith("@aws-sdk/"):
            return None
        service = _service(package.package)
        if package.package == "@aws-sdk/lib-storage" and package.symbol == "Upload":
            return "s3", "put_object"
        name, command, rest = package.symbol.rpartition("Command")
        if service is None or not command or rest:
            return None
        operation = snake(name)
        if package.package == "@aws-sdk/lib-dynamodb":
            operation = _DOCUMENT.get(operation, operation)
        return service, _SAME.get(operation, operation)

    def _method(self, script: Script, function: Syntax | None) -> tuple[str, str] | None:
        """Service and operation of `sqs.sendMessage`."""
        if function is None or function.type != "member_expression":
            return None
        owner, name = unwrap(function.child_by_field_name("object")), function.child_by_field_name("property")
        client = self._client(script, owner, 0)
        if client is None or name is None:
            return None
        operation = snake(word(name))
        if client.service == "dynamodb":
            operation = _DOCUMENT.get(operation, operation)
        return client.service, _SAME.get(operation, operation)

    def _client(self, script: Script, node: Syntax | None, depth: int) -> _Client | None:
        """The client that an expression is; wrappers such as `captureAWSClient(…)` are looked through."""
        if node is None or depth > _MAX_DEPTH:
            return None
        if node.type == "identifier":
            found = self._bound(script, word(node), 0)
            return self._client(found[0], found[1], depth + 1) if found and _is_syntax(found[1]) else None
        if node.type == "call_expression":
            function = node.child_by_field_name("function")
            if function is not None and word(function) == "DynamoDBDocument.from":
                return _Client("dynamodb")
            return self._client(script, argument(node), depth + 1)
        if node.type != "new_expression":
            return None
        constructor = node.child_by_field_name("constructor")
        package = self._package(script, constructor)
        if package is None:
            return None
        if package.package == "aws-sdk":
            service = _SERVICES.get((package.symbol or "").split(".")[0].lower())
        else:
            service = _service(package.package)
        is_command = (package.symbol or "").endswith("Command")
        return _Client(service) if service is not None and not is_command else None

    def _package(self, script: Script, node: Syntax | None) -> Package | None:
        """The name of an installed package that a constructor is: `SQS`, `AWS.SQS`, `AWS.DynamoDB.DocumentClient`."""
        if node is None:
            return None
        steps = word(node).replace("?.", ".").split(".")
        if node.type not in ("identifier", "member_expression") or not all(step.isidentifier() for step in steps):
            return None
        found = self._bound(script, steps[0], 0)
        if found is None or not isinstance(found[1], Package):
            return None
        package, symbol = found[1]
        return Package(package, ".".join(filter(None, [symbol, *steps[1:]])) or None)

    def _bound(self, script: Script, name: str, depth: int) -> tuple[Script, Binding] | None:
        """What a name stands for, with the file that says it."""
        binding = script.bindings.get(name)
        if isinstance(binding, Imported):
            other = self._scripts.script(binding.file) if binding.symbol is not None else None
            return self._bound(other, binding.symbol or "", depth + 1) if other and depth < _MAX_DEPTH else None
        return (script, binding) if binding is not None else None

    def _is_sdk(self, script: Script, node: Syntax) -> bool:
        owner = node.child_by_field_name("object")
        package = self._package(script, owner)
        return package is not None and package.package.startswith(("aws-sdk", "@aws-sdk/"))

    def _collect(
        self, script: Script, name: str, node: Syntax, found: dict[str, tuple[Value, ...]], depth: int
    ) -> None:
        """The values of an argument's keys, those of nested objects and lists too."""
        if depth > _MAX_DEPTH:
            return
        if node.type == "identifier" and (bound := self._bound(script, word(node), 0)) is not None:
            origin, value = bound
            if _is_syntax(value) and value.type in ("object", "array"):
                self._collect(origin, name, value, found, depth + 1)
                return
        if node.type == "array":
            for item in node.named_children:
                self._collect(script, name, item, found, depth + 1)
        elif node.type == "object":
            for key, item in _pairs(node):
                self._collect(script, key, item, found, depth + 1)
        elif name:
            found[name] = (*found.get(name, ()), self._value(script, node, 0))

    def _value(self, script: Script, node: Syntax | None, depth: int) -> Value:
        node = unwrap(node)
        if node is None or depth > _MAX_DEPTH:
            return None
        literal = string(node)
        if literal is not None:
            return Word(literal)
        environment = _environment(node)
        if environment is not None:
            return environment
        if node.type == "template_string" and len(node.named_children) == 1:
            inside = node.named_children[0]
            is_whole = len(node.text or b"") == len(inside.text or b"") + 2
            return self._value(script, inside.named_children[0], depth + 1) if is_whole else None
        if node.type in ("identifier", "shorthand_property_identifier"):
            return self._named(script, word(node), depth)
        if node.type == "member_expression":
            return self._member(script, node, depth)
        return None

    def _named(self, script: Script, name: str, depth: int) -> Value:
        found = self._bound(script, name, 0)
        if found is None:
            return None
        origin, binding = found
        if isinstance(binding, Env):
            return binding
        return self._value(origin, binding, depth + 1) if _is_syntax(binding) else None

    def _member(self, script: Script, node: Syntax, depth: int) -> Value:
        """`config.tableName` of an object that is written out."""
        owner, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        if owner is None or name is None or owner.type != "identifier":
            return None
        binding = script.bindings.get(word(owner))
        if isinstance(binding, Imported) and binding.symbol is None:
            other = self._scripts.script(binding.file)
            return self._named(other, word(name), depth + 1) if other is not None else None
        found = self._bound(script, word(owner), 0)
        if found is None or not _is_syntax(found[1]) or found[1].type != "object":
            return None
        value = next((item for key, item in _pairs(found[1]) if key == word(name)), None)
        return self._value(found[0], value, depth + 1)


def _is_syntax(value: Binding) -> TypeGuard[Syntax]:
    return value is not None and not isinstance(value, tuple)


def _service(package: str) -> str | None:
    """The boto3 name of a service by the package of its client."""
    for prefix in ("@aws-sdk/client-", "@aws-sdk/lib-", "aws-sdk/clients/"):
        if package.startswith(prefix):
            return _SERVICES.get(package.removeprefix(prefix))
    return None


def _environment(node: Syntax) -> Env | None:
    """`process.env.NAME` and `process.env["NAME"]`."""
    owner = node.child_by_field_name("object")
    if owner is None or owner.text != b"process.env":
        return None
    if node.type == "member_expression" and (name := node.child_by_field_name("property")) is not None:
        return Env(word(name))
    text = string(node.child_by_field_name("index")) if node.type == "subscript_expression" else None
    return Env(text) if text is not None else None


def _pairs(node: Syntax) -> Iterator[tuple[str, Syntax]]:
    """Keys and values of an object literal."""
    for child in node.named_children:
        if child.type == "pair":
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if key is not None and value is not None:
                yield string(key) or word(key), value
        elif child.type == "shorthand_property_identifier":
            yield word(child), child


def _exports(top: Syntax) -> Iterator[str]:
    """The names that a file offers as handlers."""
    for node in top.named_children:
        if node.type == "export_statement" and (declared := node.child_by_field_name("declaration")) is not None:
            yield word(declared)
        elif node.type == "expression_statement" and node.named_children:
            left = node.named_children[0].child_by_field_name("left")
            right = node.named_children[0].child_by_field_name("right")
            if left is None or right is None:
                continue
            if word(left) == "module.exports" and right.type == "object":
                yield from (key for key, _ in _pairs(right))
            elif word(left).startswith(("exports.", "module.exports")):
                yield word(left)
