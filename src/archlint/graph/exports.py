"""Exports and imports: which stack provides the value that another one imports by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.graph.stacks import Stack, closest, shared_folders
from archlint.graph.text import Hole, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.model import Node
    from archlint.graph.texts import Texts

_UNKNOWN = "\0"
_STACK_NAME = "AWS::StackName"
Provider = tuple[Stack, str]
_Entry = tuple[Text, Stack, str]
# A library of interchangeable stacks has a handful that export the same names; more is a name that says nothing.
MAX_PROVIDERS = 8


class Link(msgspec.Struct, frozen=True):
    """A value that came from another stack: `via` is the export, SSM parameter or nested output that carried it."""

    importer: Stack
    exporter: Stack
    via: Node | None
    how: str
    """`export`, `ssm`, `output`, `parameter` or `proton`."""
    is_sure: bool = True
    """False when several stacks provide the name and nothing tells which one is meant."""


def shape(text: Text) -> str:
    """The text with every unknown part as NUL: exports and imports are compared in this form."""
    return "".join(part if isinstance(part, str) else _UNKNOWN for part in text.parts)


def unify(one: str, other: str) -> bool:
    """True when two shapes can be the same name.

    Where only one has unknown parts they match anything but nothing. Where both have, all fixed pieces must agree:
    `${AWS::StackName}-Vpc` is `${ParentStack}-Vpc`. A shape without any word says nothing and unifies with nothing.
    """
    if not one.strip(_SAYS_NOTHING) or not other.strip(_SAYS_NOTHING):
        return False
    if _UNKNOWN not in other:
        return _matches(one, other)
    if _UNKNOWN not in one:
        return _matches(other, one)
    first, second = one.split(_UNKNOWN), other.split(_UNKNOWN)
    if len(first) == len(second):
        return first == second
    # `${Stack}-${Env}-Vpc` against `${Parent}-Vpc`: the fixed ends decide.
    return bool(first[-1]) and first[-1] == second[-1] and first[0] == second[0]


_SAYS_NOTHING = _UNKNOWN + "-_:/."


def _matches(pattern: str, text: str) -> bool:
    pieces = pattern.split(_UNKNOWN)
    if not text.startswith(pieces[0]) or not text.endswith(pieces[-1]):
        return False
    return re.fullmatch(".+".join(re.escape(piece) for piece in pieces), text, re.DOTALL) is not None


class Exports:
    """All exports of the run, by shape."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._by_shape: dict[str, list[_Entry]] = {}
        self._matching: dict[str, list[_Entry]] = {}
        self._imported: dict[int, dict[Hole, set[str]]] = {}
        self._offered: dict[int, set[str]] = {}
        for stack in texts.stacks:
            for output, body in stack.template.section("Outputs").items():
                export = body.get("Export") if isinstance(body, dict) else None
                if isinstance(export, dict):
                    for found in texts.texts(stack, export.get("Name")):
                        text = Text(texts.names.canonical(found))
                        self._by_shape.setdefault(shape(text), []).append((text, stack, output))
                        self._offered.setdefault(id(stack), set()).add(shape(text))

    def providers(self, stack: Stack, name: Text) -> list[Provider]:
        """The stacks and outputs that export `name`: one, its alternatives in one stack, or all that could be meant.

        Of several, those that also export whatever else `stack` imports with the same unknown prefix, then the
        nearest. Alternatives outside this application folder are none.
        """
        name = Text(self._texts.names.canonical(name))
        wanted = shape(name)
        exact = [(s, output) for text, s, output in self._by_shape.get(wanted, ()) if text == name]
        if _UNKNOWN in wanted:  # the same unknown may be another value there, but not the name of that very stack
            exact = [(s, output) for s, output in exact if s is not stack and _has_own_name(name, s)]
        candidates = exact
        if not candidates:
            matching = [entry for entry in self._candidates(wanted) if entry[1] is not stack]
            if _has_own_name(name, stack):
                matching = [e for e in matching if shape(e[0]) != wanted or not _has_own_name(*e[:2])]
            hole = next((part for part in name.parts if isinstance(part, Hole)), None)
            if hole is not None:
                matching = self._complete(stack, hole, matching)
            candidates = [(s, output) for _, s, output in matching]
        chosen = closest(stack, candidates, _stack_of)
        if chosen is not None:
            return [chosen]
        nearest = closest(stack, list({id(s): (s, output) for s, output in candidates}.values()), _stack_of)
        if nearest is not None:  # one stack has the name twice: outputs that exclude each other by their conditions
            return [provider for provider in candidates if provider[0] is nearest[0]]
        return candidates if len(candidates) <= MAX_PROVIDERS else []

    def interchangeable(self, providers: list[Provider]) -> bool:
        """True when at least half of all that these stacks export is exported by each: variants of one thing.

        `${Parent}-SecurityGroup` alone does not tell a bastion from a cluster; a network of two zones and one of
        three offer nearly the same names.
        """
        offered = [self._offered[id(stack)] for stack, _ in providers]
        return len(set.intersection(*offered)) * 2 >= len(set.union(*offered))

    def _candidates(self, wanted: str) -> list[_Entry]:
        known = self._matching.get(wanted)
        if known is None:
            same = self._by_shape.get(wanted)
            # The same fixed words around the same unknown is the interface itself; looser matches are not needed.
            known = (
                same
                if same and wanted.strip(_SAYS_NOTHING)
                else [entry for other, entries in self._by_shape.items() if unify(other, wanted) for entry in entries]
            ) or self._below(wanted)
            self._matching[wanted] = known
        return known

    def _below(self, wanted: str) -> list[_Entry]:
        """Exports of a stack whose own name the name goes on from: `${AWS::StackName}-Vpc-Id` of the stack `…-Vpc`."""
        return [
            entry
            for other, entries in self._by_shape.items()
            if other[0] == _UNKNOWN == wanted[0] and other.count(_UNKNOWN) == 1 and _matches(other, wanted)
            for entry in entries
            if any(isinstance(part, Hole) and part.name == _STACK_NAME for part in entry[0].parts)
        ]

    def _complete(self, stack: Stack, hole: Hole, candidates: list[_Entry]) -> list[_Entry]:
        """Candidates that provide everything `stack` imports by this unknown; in unrelated folders only those.

        A parameter of the same name on both sides is no stack's name but the prefix of an environment, whose stacks
        each provide a part.
        """
        names = self._imports(stack).get(hole, set())
        here = stack.template.name.split("/")
        complete, partial, prefixed = [], [], []
        for candidate in candidates:
            text, other, _ = candidate
            there = other.template.name.split("/")
            if all(any(entry[1] is other for entry in self._candidates(name)) for name in names):
                complete.append(candidate)
            elif shared_folders(here, there) > 0 or here[:-1] == there[:-1]:
                partial.append(candidate)
            elif any(isinstance(part, Hole) and part.scope and part.name == hole.name for part in text.parts):
                prefixed.append(candidate)
        return complete or partial or prefixed

    def _imports(self, stack: Stack) -> dict[Hole, set[str]]:
        """The shapes of the names a stack imports, by the unknown part they contain."""
        known = self._imported.get(id(stack))
        if known is None:
            known = self._imported[id(stack)] = {}
            for argument in _import_arguments(stack.template.source):
                for found in self._texts.import_names(stack, argument):
                    text = Text(self._texts.names.canonical(found))
                    for part in text.parts:
                        if isinstance(part, Hole):
                            known.setdefault(part, set()).add(shape(text))
        return known


def _has_own_name(text: Text, stack: Stack) -> bool:
    """True when a name carries the name of this stack: what two stacks name after themselves is never the same."""
    return any(isinstance(part, Hole) and part.name == _STACK_NAME and part.scope == stack.scope for part in text.parts)


def _stack_of(provider: Provider) -> Stack:
    return provider[0]


def _import_arguments(value: Any) -> Iterator[Any]:
    pending = [value]
    while pending:
        item = pending.pop()
        if type(item) is dict:
            if "Fn::ImportValue" in item:
                yield item["Fn::ImportValue"]
            pending.extend(item.values())
        elif type(item) is list:
            pending.extend(item)
