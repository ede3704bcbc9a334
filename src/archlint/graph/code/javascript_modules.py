"""JavaScript and TypeScript files that a handler reaches, and what their names are bound to. Needs tree-sitter."""

from __future__ import annotations

import posixpath
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

from archlint.graph.code.model import Env
from archlint.graph.code.sources import reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node as Syntax
    from tree_sitter import Parser

    from archlint.graph.code.sources import Folder

SUFFIXES = (".js", ".mjs", ".cjs", ".ts", ".mts", ".tsx", ".jsx")
_WRAPPERS = ("non_null_expression", "as_expression", "satisfies_expression", "parenthesized_expression")
# Packages that call no service unless the code names it.
_HARMLESS = (
    "@aws-sdk/",
    "@smithy/",
    "@types/",
    "aws-xray-sdk",
    "@aws-lambda-powertools/logger",
    "@aws-lambda-powertools/commons",
)
_HARMLESS_NAMES = frozenset(
    {
        "aws-sdk",
        "cfn-response",
        "uuid",
        "ulid",
        "axios",
        "node-fetch",
        "lodash",
        "moment",
        "dayjs",
        "zod",
        "ajv",
        "aws-lambda",
    }
    | {"@aws-lambda-powertools/tracer", "@aws-lambda-powertools/metrics", "jsonwebtoken", "source-map-support"}
    | {"assert", "buffer", "crypto", "events", "fs", "fs/promises", "http", "https", "os", "path", "process", "stream"}
    | {"querystring", "timers", "url", "util", "zlib", "perf_hooks", "string_decoder", "async_hooks", "dns", "net"}
)


class Package(NamedTuple):
    """A name of an installed package; `symbol` None is the package as a whole."""

    package: str
    symbol: str | None


class Imported(NamedTuple):
    """A name of another file of the folder."""

    file: str
    symbol: str | None


Binding: TypeAlias = "Syntax | Package | Imported | Env | None"


class Script(msgspec.Struct):
    """One parsed file."""

    file: str
    top: Syntax
    bindings: dict[str, Binding] = msgspec.field(default_factory=dict)
    imports: set[str] = msgspec.field(default_factory=set)
    doubts: list[str] = msgspec.field(default_factory=list)


@cache
def parser(suffix: str) -> Parser | None:
    """The parser of files with this suffix; None when the extra is not installed."""
    try:
        import tree_sitter

        if suffix in (".ts", ".mts", ".tsx"):
            import tree_sitter_typescript as typescript

            language = typescript.language_tsx() if suffix == ".tsx" else typescript.language_typescript()
        else:
            import tree_sitter_javascript

            language = tree_sitter_javascript.language()
    except ImportError:
        return None
    return tree_sitter.Parser(tree_sitter.Language(language))


class Scripts:
    """Files of one code folder, parsed once."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._known: dict[str, Script | None] = {}

    def find(self, base: str) -> str | None:
        """The file that `./orders` or `./orders.js` means."""
        stem, suffix = posixpath.splitext(base)
        names = [base] if suffix in SUFFIXES else []
        names += [stem + other for other in (".ts", ".tsx", ".mts") if suffix in (".js", ".mjs", ".jsx")]
        names += [f"{base}{tail}" for tail in (*SUFFIXES, *(f"/index{each}" for each in SUFFIXES))]
        return next((name for name in names if self._folder.text(name) is not None), None)

    def reached(self, file: str) -> tuple[list[Script], list[str]]:
        """The file and all that it imports from the folder, with the reasons to doubt that this is everything."""
        found, doubts = reached(self._folder, file, self.script)
        return list(found.values()), [*doubts, *(doubt for script in found.values() for doubt in script.doubts)]

    def script(self, file: str) -> Script | None:
        """The parsed file; None when it is absent. One with errors in it is parsed as far as it goes."""
        if file not in self._known:
            text = self._folder.text(file)
            reader = parser(posixpath.splitext(file)[1])
            self._known[file] = self._parse(file, text, reader) if text is not None and reader is not None else None
        return self._known[file]

    def text(self, file: str) -> str:
        """The source of a file."""
        return self._folder.text(file) or ""

    def _parse(self, file: str, text: str, reader: Parser) -> Script:
        script = Script(file, reader.parse(text.encode("utf-8", "replace")).root_node)
        if script.top.has_error:
            script.doubts.append(f"{file} has a syntax error")
        for node in walk(script.top):
            self._bind(script, node)
        return script

    def _bind(self, script: Script, node: Syntax) -> None:
        kind = node.type
        if kind == "import_statement":
            self._import(script, node)
        elif kind == "variable_declarator":
            self._declare(script, node)
        elif kind == "assignment_expression":
            left = node.child_by_field_name("left")
            if left is not None and left.type == "identifier":
                _add(script, word(left), None)
        elif kind in ("formal_parameters", "catch_clause", "for_in_statement"):
            for name in _pattern_names(node):
                _add(script, name, None)
        elif kind == "arrow_function" and (parameter := node.child_by_field_name("parameter")) is not None:
            _add(script, word(parameter), None)
        elif kind == "call_expression":
            self._call(script, node)
        elif kind == "export_statement" and (source := node.child_by_field_name("source")) is not None:
            self._take(script, string(source) or "")

    def _import(self, script: Script, node: Syntax) -> None:
        source = string(node.child_by_field_name("source"))
        if source is None:
            return
        file = self._take(script, source)
        for child in walk(node):
            if child.type == "import_specifier":
                name = child.child_by_field_name("name")
                bound = child.child_by_field_name("alias") or name
                if name is not None and bound is not None:
                    _add(script, word(bound), Imported(file, word(name)) if file else Package(source, word(name)))
            elif child.type == "namespace_import" or (child.type == "identifier" and _is_default(child)):
                name = child if child.type == "identifier" else child.named_children[0]
                _add(script, word(name), Imported(file, None) if file else Package(source, None))

    def _declare(self, script: Script, node: Syntax) -> None:
        name, value = node.child_by_field_name("name"), unwrap(node.child_by_field_name("value"))
        if name is None:
            return
        if name.type == "identifier":
            whole = self._required(script, value)
            _add(script, word(name), whole or value)
            return
        whole = self._required(script, value)
        for key, bound in _pattern_pairs(name):
            if value is not None and value.text == b"process.env":
                _add(script, bound, Env(key))
            elif isinstance(whole, Package):
                _add(script, bound, Package(whole.package, key))
            elif isinstance(whole, Imported):
                _add(script, bound, Imported(whole.file, key))
            else:
                _add(script, bound, None)

    def _required(self, script: Script, value: Syntax | None) -> Package | Imported | None:
        """What `require("…")` yields, also inside of one call (`captureAWS(require("aws-sdk"))`)."""
        if value is None or value.type != "call_expression":
            return None
        function, first = value.child_by_field_name("function"), argument(value)
        if function is None or first is None:
            return None
        if function.text != b"require":
            return self._required(script, first) if first.type == "call_expression" else None
        source = string(first)
        if source is None:
            return None
        file = self._resolve(script, source)
        return Imported(file, None) if file else Package(source, None)

    def _call(self, script: Script, node: Syntax) -> None:
        function = node.child_by_field_name("function")
        name = function.text if function is not None else None
        if name in (b"require", b"import"):
            source = string(argument(node))
            if source is None:
                script.doubts.append(f"{script.file} loads a module that is named at run time")
            else:
                self._take(script, source)
        elif name in (b"eval", b"Function"):
            script.doubts.append(f"{script.file} evaluates text")

    def _take(self, script: Script, source: str) -> str | None:
        """Notes an import and returns the file of the folder that it means."""
        file = self._resolve(script, source)
        plain = source.removeprefix("node:")
        if file is not None:
            script.imports.add(file)
        elif source.startswith("."):
            if not source.endswith(".json"):
                script.doubts.append(f"{script.file} imports {source}")
        elif plain not in _HARMLESS_NAMES and not plain.startswith((*_HARMLESS, "aws-sdk/clients/")):
            script.doubts.append(f"{script.file} imports {source}")
        return file

    def _resolve(self, script: Script, source: str) -> str | None:
        if not source.startswith("."):
            return None
        return self.find(posixpath.normpath(posixpath.join(posixpath.dirname(script.file), source)))


def walk(top: Syntax) -> Iterator[Syntax]:
    """The node and all below it, in the order of the text."""
    pending = [top]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(node.named_children))


def word(node: Syntax) -> str:
    """The text of a node."""
    return (node.text or b"").decode("utf-8", "replace")


def string(node: Syntax | None) -> str | None:
    """The value of a string literal without escapes or substitutions."""
    if node is None or node.type not in ("string", "template_string"):
        return None
    if any(child.type != "string_fragment" for child in node.named_children):
        return None
    return "".join(map(word, node.named_children))


def argument(call: Syntax) -> Syntax | None:
    """The first argument of a call or `new`."""
    arguments = call.child_by_field_name("arguments")
    return unwrap(arguments.named_children[0]) if arguments is not None and arguments.named_children else None


def unwrap(node: Syntax | None) -> Syntax | None:
    """The expression inside parentheses, `!`, `as` and before `||` or `??`."""
    while node is not None:
        if node.type in _WRAPPERS and node.named_children:
            node = node.named_children[0]
        elif node.type == "binary_expression" and (operator := node.child_by_field_name("operator")) is not None:
            if operator.type not in ("||", "??"):
                return node
            node = node.child_by_field_name("left")
        else:
            return node
    return None


def _is_default(node: Syntax) -> bool:
    return node.parent is not None and node.parent.type == "import_clause"


def _pattern_pairs(pattern: Syntax) -> Iterator[tuple[str, str]]:
    """Key and bound name of an object pattern."""
    for child in pattern.named_children:
        if child.type == "shorthand_property_identifier_pattern":
            yield word(child), word(child)
        elif child.type == "object_assignment_pattern" and child.named_children:
            yield word(child.named_children[0]), word(child.named_children[0])
        elif child.type == "pair_pattern":
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if key is not None and value is not None and value.type == "identifier":
                yield word(key), word(value)


def _pattern_names(node: Syntax) -> Iterator[str]:
    """Names that parameters bind; default values may add some that they only read, which does no harm."""
    for child in node.named_children:
        if child.type == "statement_block":
            continue
        for below in walk(child):
            if below.type in ("identifier", "shorthand_property_identifier_pattern"):
                yield word(below)


def _add(script: Script, name: str, value: Binding) -> None:
    known = script.bindings.get(name)
    same = name not in script.bindings or (isinstance(known, tuple) and known == value)
    script.bindings[name] = value if same else None
