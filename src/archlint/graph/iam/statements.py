"""Policy documents in any spelling, as statements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from archlint.graph.iam.actions import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archlint.template.model import Json, TemplatePath

Resolve: TypeAlias = "Callable[[Json], Json | None]"
"""Yields the plain value of an intrinsic function, None when it is not known."""

_NO_VALUE = {"Ref": "AWS::NoValue"}
# Lists in lists and conditions in conditions: nobody writes more, and recursion stays bounded.
_MAX_DEPTH = 24


class Written(msgspec.Struct, frozen=True):
    """A value of a policy document, and where it stands (path from the top of the document)."""

    path: TemplatePath
    value: Json


class Principal(msgspec.Struct, frozen=True):
    """Who a resource policy or a trust policy speaks of: `kind` is `AWS`, `Service`, `Federated` … or `*`."""

    kind: str
    value: Json
    path: TemplatePath


class Statement(msgspec.Struct, frozen=True, eq=False):
    """One statement. Actions are as written, conditional parts (`Fn::If`) count as present in both forms.

    `path` leads from the top of the policy document to the statement, as do the paths of resources and principals.
    """

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[Written, ...]
    not_resources: tuple[Written, ...]
    principals: tuple[Principal, ...]
    condition: dict[str, Json]
    path: TemplatePath
    sid: str | None = None

    @property
    def is_allow(self) -> bool:
        """True for `Effect: Allow`."""
        return self.effect == "Allow"

    def condition_keys(self) -> frozenset[str]:
        """The condition keys in lower case: `iam:passedtoservice`."""
        return frozenset(key.lower() for tests in self.condition.values() if isinstance(tests, dict) for key in tests)


def allows(statement: Statement, action: str) -> bool:
    """True when an `Allow` statement admits this action on the resources it names."""
    return statement.is_allow and admits(statement, action)


def admits(statement: Statement, action: str) -> bool:
    """True when the statement's actions include this one, whatever its effect is."""
    if statement.not_actions:
        return not any(matches(pattern, action) for pattern in statement.not_actions)
    return any(matches(pattern, action) for pattern in statement.actions)


def statements(document: Json, resolve: Resolve | None = None) -> list[Statement]:
    """The statements of a policy document; empty for what is none. Never raises.

    `resolve` is asked for the value of an intrinsic function where a plain string is needed (effects, actions).
    """
    found: list[Statement] = []
    for written in spread(document, ()):
        body = parsed(written.value)
        if isinstance(body, dict):
            for each in spread(body.get("Statement"), (*written.path, "Statement")):
                statement = _statement(each, resolve)
                if statement is not None:
                    found.append(statement)
    return found


def _statement(written: Written, resolve: Resolve | None) -> Statement | None:
    path, body = written.path, written.value
    if not isinstance(body, dict):
        return None
    effect = next(iter(_strings(body.get("Effect"), resolve)), None)
    actions = _strings(body.get("Action"), resolve)
    not_actions = _strings(body.get("NotAction"), resolve)
    if not (actions or not_actions) or effect not in ("Allow", "Deny"):
        return None
    condition = body.get("Condition")
    sid = body.get("Sid")
    return Statement(
        "Deny" if effect == "Deny" else "Allow",
        actions,
        not_actions,
        tuple(spread(body.get("Resource"), (*path, "Resource"))),
        tuple(spread(body.get("NotResource"), (*path, "NotResource"))),
        tuple(_principals(body, path)),
        condition if isinstance(condition, dict) else {},
        path,
        sid if isinstance(sid, str) else None,
    )


def _strings(value: Json, resolve: Resolve | None) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if value is None:
        return ()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)  # type: ignore[arg-type]  # each item was just looked at
    found: list[str] = []
    for written in spread(value, ()):
        plain = written.value
        if isinstance(plain, dict) and resolve is not None:
            plain = resolve(plain)
            if isinstance(plain, str) and "," in plain:  # a parameter that is a list
                plain = [item.strip() for item in plain.split(",")]
        if isinstance(plain, str):
            found.append(plain)
        elif isinstance(plain, list):
            found += [item for item in plain if isinstance(item, str)]
    return tuple(found)


def _principals(body: dict[str, Json], path: TemplatePath) -> Iterator[Principal]:
    principal = body.get("Principal")
    if principal is None:
        return
    for written in spread(principal, (*path, "Principal")):
        if isinstance(written.value, dict) and not _is_intrinsic(written.value):
            for kind, named in written.value.items():
                for each in spread(named, (*written.path, kind)):
                    yield Principal(str(kind), each.value, each.path)
        elif written.value == "*":
            yield Principal("*", "*", written.path)
        else:
            yield Principal("AWS", written.value, written.path)


def spread(value: Json, path: TemplatePath, depth: int = 0) -> list[Written]:
    """The single values of a value that may be a list, conditional, both or neither; `AWS::NoValue` is none."""
    if isinstance(value, str):
        return [Written(path, value)]
    if value is None or depth > _MAX_DEPTH:
        return []
    found: list[Written] = []
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                found.append(Written((*path, index), item))
            else:
                found += spread(item, (*path, index), depth + 1)
        return found
    if isinstance(value, dict) and len(value) == 1:
        branches = value.get("Fn::If")
        if isinstance(branches, list):
            for index, branch in enumerate(branches[1:3], 1):
                found += spread(branch, (*path, "Fn::If", index), depth + 1)
            return found
        if value == _NO_VALUE:
            return found
    found.append(Written(path, value))
    return found


def _is_intrinsic(value: dict[str, Json]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def parsed(document: Json) -> Json:
    """The document itself, or what it says when it is JSON in a string (also inside `Fn::Sub`)."""
    if isinstance(document, dict) and len(document) == 1 and "Fn::ToJsonString" in document:
        return document["Fn::ToJsonString"]
    if isinstance(document, dict) and len(document) == 1 and "Fn::Sub" in document:
        argument = document["Fn::Sub"]
        text, variables, *_ = [*argument, None, None] if isinstance(argument, list) else [argument, None]
        return _substituted(_from_text(text), variables, 0)
    return _from_text(document) if isinstance(document, str) else document


def _from_text(text: Json) -> Json:
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return None
    try:
        found: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _substituted(value: Json, variables: Json, depth: int) -> Json:
    """The parsed document with each string that has a variable under its own `Fn::Sub`."""
    if isinstance(value, str):
        if "${" not in value:
            return value
        return {"Fn::Sub": [value, variables] if isinstance(variables, dict) else value}
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, list):
        return [_substituted(item, variables, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: _substituted(item, variables, depth + 1) for key, item in value.items()}
    return value
