"""A declarative rule file: YAML to a description and a declaration, with file, line and key in every complaint."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archlint.errors import RulePackError, TemplateError
from archlint.findings import Confidence, Severity
from archlint.ruleset.declarative import Absence, Case, Declaration, Related, Spot
from archlint.ruleset.expression import EDGE_FACTS, Expression, ExpressionError, Vocabulary, compile_expression
from archlint.ruleset.message import Message, compile_message
from archlint.ruleset.pattern import Pattern, PatternError, parse_pattern
from archlint.ruleset.rule import Param, Rule, RuleMeta
from archlint.ruleset.rule_file import display
from archlint.template.document import Document, read_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from archlint.findings import Finding
    from archlint.ruleset.rule import RuleContext
    from archlint.template.model import TemplatePath

MAXIMUM_SIZE = 256_000
"""Bytes of a declarative rule file."""


class _KeyProblemError(Exception):
    """Something wrong at a key of a declarative rule."""

    def __init__(self, path: TemplatePath, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.hint = hint


def yaml_rule(path: Path, pack: str, *, is_trusted: bool = False) -> Rule:
    """The rule in this file; raises RulePackError. A trusted one is compiled when its pattern is found first."""
    document = _read(path)
    with _placed(document):
        if not is_trusted:
            _validate(document)
        meta, later = _described(document), _Deferred(document)
        check = later.check if is_trusted else later.declaration.check
    return Rule(meta, check, path, pack)


def _read(path: Path) -> Document:
    name = display(path)
    try:
        if path.stat().st_size > MAXIMUM_SIZE:
            raise RulePackError(f"rule file is larger than {MAXIMUM_SIZE} bytes", name)
        document = read_document(path, name)
    except TemplateError as error:
        raise RulePackError(error.message, f"{name}:{error.line}:{error.column}", error.hint) from error
    except OSError as error:
        raise RulePackError(f"cannot be read: {error.strerror}", name) from error
    for key, line, column in document.duplicates:
        raise RulePackError(f'key "{key}" is given twice', f"{name}:{line}:{column}")
    return document


@contextmanager
def _placed(document: Document) -> Iterator[None]:
    """Turns a problem of a key into an error with file, line and column."""
    try:
        yield
    except _KeyProblemError as problem:
        where = f"{display(document.path)}:1:1"
        if problem.path:
            region = document.region(problem.path)
            where = f"{display(document.path)}:{region.start_line}:{region.start_column}"
        key = ".".join(map(str, problem.path))
        message = f"{key}: {problem.message}" if key else problem.message
        raise RulePackError(message, where, problem.hint) from problem


class _Deferred:
    """A declaration that is compiled when its pattern is found for the first time: most of a pack never fires."""

    def __init__(self, document: Document) -> None:
        self._document = document

    @functools.cached_property
    def _pattern(self) -> Pattern:
        with _placed(self._document):
            return _pattern(_mapping(self._document)["match"], ("match",))

    @functools.cached_property
    def declaration(self) -> Declaration:
        data = _mapping(self._document)
        with _placed(self._document):
            return _declaration(data, self._pattern, frozenset(data.get("params", ())))

    def check(self, context: RuleContext) -> Iterator[Finding]:
        if any(self._pattern.matches(context.graph)):
            yield from self.declaration.check(context)


def _validate(document: Document) -> None:
    from archlint.ruleset.schema import schema_problem

    found = schema_problem(document.data)
    if found is not None:
        raise _KeyProblemError(*found)


def _mapping(document: Document) -> dict[str, Any]:
    if not isinstance(document.data, dict):
        raise _KeyProblemError((), "a rule is a mapping")
    return document.data


def _described(document: Document) -> RuleMeta:
    data = _mapping(document)
    try:
        return RuleMeta(
            id=data["id"],
            name=data["name"],
            severity=Severity(data["severity"]),
            summary=data["summary"].strip(),
            help_uri=data["help_uri"],
            description=data.get("description", "").strip(),
            remediation=data.get("remediation", "").strip(),
            exceptions=data.get("exceptions", "").strip(),
            params={name: Param(**body) for name, body in data.get("params", {}).items()},
            enabled=data.get("enabled", True),
            pillar=data.get("pillar", "reliability"),
            precision=Confidence(data.get("precision", "high")),
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        _validate(document)  # says which key; a rule that is valid and still fails is a bug
        raise


def _declaration(data: Mapping[str, Any], pattern: Pattern, params: frozenset[str]) -> Declaration:
    words = Vocabulary(pattern.node_names, pattern.edge_names, params)
    report = data["report"]
    cases = tuple(
        Case(
            _expression(case["when"], words, ("report", "severity", index, "when")),
            Severity(case["level"]),
            _message(case["message"], words, ("report", "severity", index, "message")) if "message" in case else None,
        )
        for index, case in enumerate(report.get("severity", ()))
    )
    related = tuple(
        Related(
            _spot(item["at"], words, ("report", "related", index, "at")),
            _message(item["message"], words, ("report", "related", index, "message")),
        )
        for index, item in enumerate(report.get("related", ()))
    )
    return Declaration(
        pattern=pattern,
        at=_spot(report["at"], words, ("report", "at")),
        message=_message(report["message"], words, ("report", "message")),
        where=_expression(data["where"], words, ("where",)) if "where" in data else None,
        absences=_absences(data.get("without", []), words),
        related=related,
        cases=cases,
        has_flow=report.get("flow", False),
    )


def _absences(value: Any, words: Vocabulary) -> tuple[Absence, ...]:
    items = value if isinstance(value, list) else [value]
    found = []
    for index, item in enumerate(items):
        path: TemplatePath = ("without", index) if isinstance(value, list) else ("without",)
        body = item if isinstance(item, dict) else {"match": item}
        pattern = _pattern(body["match"], (*path, "match") if isinstance(item, dict) else path, words.nodes)
        if not pattern.node_names & words.nodes:
            raise _KeyProblemError(path, "shares no name with match", "a pattern in without names a node of match")
        if pattern.edge_names & (words.nodes | words.edges) or pattern.node_names & words.edges:
            raise _KeyProblemError(path, "uses the name of an edge again")
        inner = Vocabulary(words.nodes | pattern.node_names, words.edges | pattern.edge_names, words.params)
        where = _expression(body["where"], inner, (*path, "where")) if "where" in body else None
        found.append(Absence(pattern, where))
    return tuple(found)


def _pattern(value: Any, path: TemplatePath, given: frozenset[str] = frozenset()) -> Pattern:
    text = ", ".join(value) if isinstance(value, list) else value
    with _located(path):
        return parse_pattern(text, given)


def _expression(value: Any, words: Vocabulary, path: TemplatePath) -> Expression:
    with _located(path):
        return compile_expression(str(value), words)


def _message(text: str, words: Vocabulary, path: TemplatePath) -> Message:
    with _located(path):
        return compile_message(text.strip(), words)


@contextmanager
def _located(path: TemplatePath) -> Iterator[None]:
    try:
        yield
    except (PatternError, ExpressionError) as error:
        raise _KeyProblemError(path, f"{error.message} (column {error.column} of the text)", error.hint) from error


def _spot(text: str, words: Vocabulary, path: TemplatePath) -> Spot:
    name, *keys = text.split(".")
    if name in words.nodes:
        return Spot(name, ".".join(keys))
    if name in words.edges:
        if not keys:
            return Spot(name)
        if keys[0] == "via":
            return Spot(name, ".".join(keys[1:]), via=True)
        facts = ", ".join(sorted(EDGE_FACTS))
        raise _KeyProblemError(
            path, f"an edge has no place {keys[0]}", f"write {name} or {name}.via (facts are {facts})"
        )
    known = ", ".join(sorted(words.nodes | words.edges)) or "nothing has a name"
    raise _KeyProblemError(path, f'unknown name "{name}"', f"known: {known}")
