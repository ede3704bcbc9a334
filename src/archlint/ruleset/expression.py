"""`where` expressions: a whitelisted part of Python's syntax, compiled once, evaluated in three-valued logic.

queue.VisibilityTimeout < params.factor * function.Timeout and not exists(queue.RedrivePolicy)
"""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, cast

import msgspec

from archlint.errors import ArchlintError
from archlint.graph.values import UNKNOWN
from archlint.ruleset.logic import arithmetic, contained, equal, negation, ordered, truth
from archlint.ruleset.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from archlint.ruleset.logic import Truth, Value
    from archlint.template.model import Json

MAXIMUM_LENGTH = 2000
"""Characters of an expression; a stranger's rule pack is input like any other."""
MAXIMUM_DEPTH = 40
"""Nesting of an expression: compiling and evaluating recurse this deep."""
PARAMS = "params"
CONSTANTS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}

NODE_FACTS = frozenset(
    {"condition", "external", "file", "generated_by", "id", "logical_id", "non_production", "owner", "service"}
    | {"stack", "type"}
)
"""What a node says about itself; a property begins with a capital."""
EDGE_FACTS = frozenset({"detail", "evidence", "kind", "mode", "qualifier", "via"})

NamePath: TypeAlias = tuple[str, ...]
"""Keys behind a name: `("VisibilityTimeout",)`."""


class ExpressionError(ArchlintError):
    """The text is no expression; `column` is 1-based and counts from the start of the expression."""

    def __init__(self, message: str, column: int = 1, hint: str | None = None) -> None:
        super().__init__(message, f"column {column}", hint)
        self.column = column


class Scope(Protocol):
    """Where an expression finds its values: bound nodes and edges in one world."""

    def value(self, name: str, path: NamePath) -> Value:
        """The value at the path behind a name; None when absent, UNKNOWN when it cannot be known."""

    def exists(self, name: str, path: NamePath) -> bool:
        """Whether the property is given in any world; an unknown value counts as given."""


class Vocabulary(msgspec.Struct, frozen=True):
    """The names that an expression may use."""

    nodes: frozenset[str] = frozenset()
    edges: frozenset[str] = frozenset()
    params: frozenset[str] = frozenset()


class Expression(msgspec.Struct, frozen=True):
    """A compiled expression."""

    text: str
    names: tuple[str, ...]
    """The nodes and edges it reads, in order of appearance."""
    evaluate: Callable[[Scope], Value]

    def holds(self, scope: Scope) -> Truth:
        """True, False or UNKNOWN."""
        return truth(self.evaluate(scope))


Evaluation: TypeAlias = "Callable[[Scope], Value]"

_ARITHMETIC: Final[dict[type[ast.operator], Callable[..., int | float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Value, Value], Truth]]] = {
    ast.Eq: equal,
    ast.NotEq: lambda left, right: negation(equal(left, right)),
    ast.In: contained,
    ast.NotIn: lambda left, right: negation(contained(left, right)),
    ast.Lt: lambda left, right: ordered(operator.lt, left, right),
    ast.LtE: lambda left, right: ordered(operator.le, left, right),
    ast.Gt: lambda left, right: ordered(operator.gt, left, right),
    ast.GtE: lambda left, right: ordered(operator.ge, left, right),
}


def compile_expression(text: str, vocabulary: Vocabulary) -> Expression:
    """The expression that this text writes; raises ExpressionError."""
    if len(text) > MAXIMUM_LENGTH:
        raise ExpressionError(f"expression is longer than {MAXIMUM_LENGTH} characters", MAXIMUM_LENGTH)
    line = text.replace("\n", " ")
    start = len(line) - len(line.lstrip())
    try:
        tree = ast.parse(line.strip(), mode="eval").body
    except SyntaxError as error:
        if line.strip() and not error.offset:  # Python says so when something is missing at the end
            raise ExpressionError("something is missing at the end", len(line.rstrip())) from error
        hint = "; one = is no comparison, write ==" if re.search(r"(?<![=!<>])=(?!=)", line) else ""
        raise ExpressionError(f"{error.msg.lower()}{hint}", start + (error.offset or 1)) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError("expression cannot be read") from error
    comment = line.strip().encode().find(b"#", tree.end_col_offset or 0)
    if comment >= 0:
        raise ExpressionError("an expression has no comments", start + comment + 1)
    compiler = _Compiler(vocabulary, start)
    evaluate = compiler.compile(tree, 0)
    return Expression(text, tuple(compiler.names), evaluate)


class _Compiler:
    """Turns whitelisted syntax into closures and refuses the rest."""

    def __init__(self, vocabulary: Vocabulary, start: int) -> None:
        self.vocabulary = vocabulary
        self.start = start
        self.names: dict[str, None] = {}

    def compile(self, node: ast.expr, depth: int) -> Evaluation:
        if depth > MAXIMUM_DEPTH:
            raise self._error(f"expression is nested deeper than {MAXIMUM_DEPTH}", node)
        match node:
            case ast.BoolOp():
                parts = [self._condition(part, depth + 1) for part in node.values]
                return _every(parts) if isinstance(node.op, ast.And) else _some(parts)
            case ast.UnaryOp(op=ast.Not()):
                inner = self._condition(node.operand, depth + 1)
                return lambda scope: negation(inner(scope))
            case ast.UnaryOp(op=ast.USub()):
                operand = self.compile(node.operand, depth + 1)
                return lambda scope: arithmetic(operator.sub, 0, operand(scope))
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                return self._arithmetic(node, depth)
            case ast.Compare():
                return self._comparison(node, depth)
            case ast.Constant(value=str() | bool() | int() | float() | None as value):
                return lambda _scope: value
            case ast.List() | ast.Tuple():
                items = [self.compile(item, depth + 1) for item in node.elts]
                return lambda scope: _list([item(scope) for item in items])
            case ast.Name(id=name) if name in CONSTANTS:
                constant = CONSTANTS[name]
                return lambda _scope: constant
            case ast.Name() | ast.Attribute() | ast.Subscript():
                name, path = self._path(node)
                return lambda scope: scope.value(name, path)
            case ast.Call():
                return self._exists(node)
        raise self._error("not allowed in an expression", node, "see docs/writing-rules.md for what is")

    def _condition(self, node: ast.expr, depth: int) -> Callable[[Scope], Truth]:
        inner = self.compile(node, depth)
        return lambda scope: truth(inner(scope))

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Evaluation:
        function = _ARITHMETIC[type(node.op)]
        left, right = self.compile(node.left, depth + 1), self.compile(node.right, depth + 1)
        return lambda scope: arithmetic(function, left(scope), right(scope))

    def _comparison(self, node: ast.Compare, depth: int) -> Evaluation:
        operands = [self.compile(operand, depth + 1) for operand in (node.left, *node.comparators)]
        pairs = zip(node.ops, operands, operands[1:], strict=False)
        return _every([self._compare(kind, left, right, node) for kind, left, right in pairs])

    def _compare(self, kind: ast.cmpop, left: Evaluation, right: Evaluation, node: ast.Compare) -> Evaluation:
        comparison = _COMPARISONS.get(type(kind))
        if comparison is None:
            raise self._error('"is" is not allowed in an expression', node, "write == or !=")
        return lambda scope: comparison(left(scope), right(scope))

    def _exists(self, node: ast.Call) -> Evaluation:
        if not (isinstance(node.func, ast.Name) and node.func.id == "exists"):
            raise self._error("exists(path) is the only function", node)
        if len(node.args) != 1 or node.keywords:
            raise self._error("exists takes one property path", node)
        name, path = self._path(node.args[0])
        if not path or name == PARAMS:
            raise self._error("exists takes a property path", node, "write exists(queue.RedrivePolicy)")
        return lambda scope: scope.exists(name, path)

    def _path(self, node: ast.expr) -> tuple[str, NamePath]:
        """The name and the keys of `name.Key.0` or `name.Key["x-y"]`, checked against the vocabulary."""
        keys: list[str] = []
        inner = node
        while True:
            match inner:
                case ast.Attribute():
                    keys.append(inner.attr)
                    inner = inner.value
                case ast.Subscript(slice=ast.Constant(value=str() | int() as key)) if not isinstance(key, bool):
                    keys.append(str(key))
                    inner = inner.value
                case ast.Name(id=name):
                    break
                case _:
                    raise self._error("not a property path", node)
        path = tuple(reversed(keys))
        self._check(name, path, node)
        return name, path

    def _check(self, name: str, path: NamePath, node: ast.expr) -> None:
        known = self.vocabulary
        if name == PARAMS:
            if len(path) != 1 or path[0] not in known.params:
                raise self._unknown("parameter", path[0] if path else "", known.params, node)
        elif name in known.edges:
            self.names[name] = None
            if path and path[0] not in EDGE_FACTS:
                raise self._unknown("fact of an edge", path[0], EDGE_FACTS, node)
            if path[:1] == ("via",):
                self._check_node(path[1:], node)
        elif name in known.nodes:
            self.names[name] = None
            self._check_node(path, node)
        else:
            raise self._unknown("name", name, known.nodes | known.edges | {PARAMS}, node)

    def _check_node(self, path: NamePath, node: ast.expr) -> None:
        if path and not path[0][:1].isupper() and path[0] not in NODE_FACTS:
            raise self._unknown("fact of a node", path[0], NODE_FACTS, node, "; properties begin with a capital")

    def _unknown(self, what: str, name: str, known: frozenset[str], node: ast.expr, more: str = "") -> ExpressionError:
        hint = did_you_mean(name, known) or f"known: {', '.join(sorted(known)) or 'none'}"
        return self._error(f'unknown {what} "{name}"', node, hint + more)

    def _error(self, message: str, node: ast.expr, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, self.start + node.col_offset + 1, hint)


def _every(parts: Sequence[Callable[[Scope], Value]]) -> Callable[[Scope], Truth]:
    """Kleene's `and`."""

    def evaluate(scope: Scope) -> Truth:
        result: Truth = True
        for part in parts:
            value = truth(part(scope))
            if value is False:
                return False
            if value is UNKNOWN:
                result = UNKNOWN
        return result

    return evaluate


def _some(parts: Sequence[Callable[[Scope], Value]]) -> Callable[[Scope], Truth]:
    """Kleene's `or`."""

    def evaluate(scope: Scope) -> Truth:
        result: Truth = False
        for part in parts:
            value = truth(part(scope))
            if value is True:
                return True
            if value is UNKNOWN:
                result = UNKNOWN
        return result

    return evaluate


def _list(items: list[Value]) -> Value:
    """A list literal; UNKNOWN elements make the list UNKNOWN only where it matters, in `contained`."""
    return cast("Json", items)
