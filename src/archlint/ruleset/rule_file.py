"""Reading one rule file, YAML or Python, into the same `Rule` value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from archlint.errors import RulePackError
from archlint.ruleset.params import param_problem

if TYPE_CHECKING:
    from archlint.ruleset.rule import Rule, RuleMeta

RULE_ID = re.compile(r"[A-Z]{3,4}[0-9]{3}")
RULE_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")


def display(path: Path) -> str:
    """The path as messages show it: relative to the working directory when it lies below."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def read_rule(path: Path, pack: str, *, is_trusted: bool = False) -> Rule:
    """The rule in this file; raises RulePackError that says file, line and key.

    The schema is checked unless the file is trusted (the built-in pack, whose tests check it).
    """
    if path.suffix == ".py":
        from archlint.ruleset.python_rule import python_rule

        rule = python_rule(path, pack)
    else:
        from archlint.ruleset.yaml_rule import yaml_rule

        rule = yaml_rule(path, pack, is_trusted=is_trusted)
    problem = _meta_problem(rule.meta, path)
    if problem is not None:
        raise RulePackError(problem, f"{display(path)}:{_meta_line(path)}")
    return rule


def _meta_problem(meta: RuleMeta, path: Path) -> str | None:
    if not RULE_ID.fullmatch(meta.id):
        return f'id "{meta.id}" is not three or four capitals and three digits'
    if not RULE_NAME.fullmatch(meta.name):
        return f'name "{meta.name}" is not lower case words joined by hyphens'
    if path.stem != meta.name.replace("-", "_"):
        return f'rule "{meta.name}" belongs in a file named {meta.name.replace("-", "_")}{path.suffix}'
    for text, what in ((meta.summary, "a summary"), (meta.help_uri, "a help_uri"), (meta.description, "a description")):
        if not text.strip():
            return f"rule {meta.id} has no {what.partition(' ')[2]}"
    for name, param in meta.params.items():
        wrong = param_problem(param, param.default)
        if wrong:
            return f"default of parameter {name} {wrong}"
    return None


def _meta_line(path: Path) -> int:
    """The line where the rule describes itself, for what is wrong with the description."""
    start = re.compile(r"(?:META\b|id:)")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if start.match(line)), 1)
