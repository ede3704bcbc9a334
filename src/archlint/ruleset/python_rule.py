"""A rule that is a Python module: `META` and `check`, run only when its pack may run code."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.errors import ArchlintError, RulePackError
from archlint.ruleset.rule import Rule, RuleMeta
from archlint.ruleset.rule_file import display

if TYPE_CHECKING:
    from pathlib import Path

_SECTIONS = {"How to fix it": "remediation", "Known exceptions": "exceptions"}


def python_rule(path: Path, pack: str) -> Rule:
    """Runs the module and takes its rule; raises RulePackError.

    The docstring is the page's text: up to the first section the description, `## How to fix it` the remediation,
    `## Known exceptions` the exceptions. What META says itself goes before it.
    """
    module = _import(path, pack)
    meta, check = getattr(module, "META", None), getattr(module, "check", None)
    if not isinstance(meta, RuleMeta) or not callable(check):
        raise RulePackError("a rule module has META, a RuleMeta, and a function check(context)", f"{display(path)}:1")
    return Rule(_documented(meta, module.__doc__ or ""), check, path, pack)


def _documented(meta: RuleMeta, docstring: str) -> RuleMeta:
    described: dict[str, list[str]] = {"description": [], "remediation": [], "exceptions": []}
    current = "description"
    for line in inspect.cleandoc(docstring).splitlines():
        if line.startswith("## "):
            current = _SECTIONS.get(line[3:].strip(), "description")
            if current != "description":
                continue
            line = f"#{line}"  # noqa: PLW2901 - a section of the description
        described[current].append(line)
    texts = {name: "\n".join(lines).strip() for name, lines in described.items()}
    return msgspec.structs.replace(
        meta,
        description=meta.description or texts["description"],
        remediation=meta.remediation or texts["remediation"],
        exceptions=meta.exceptions or texts["exceptions"],
    )


def _import(path: Path, pack: str) -> Any:
    """Runs the module under a made-up package name, so that packs neither touch `sys.path` nor each other."""
    name = f"archlint_packs.{re.sub(r'[^A-Za-z0-9_]', '_', pack)}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RulePackError("is no Python module", display(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except ArchlintError:
        raise
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        line = error.lineno if isinstance(error, SyntaxError) else _line_in(path, error)
        raise RulePackError(f"{type(error).__name__}: {error}", f"{display(path)}:{line or 1}") from error
    return module


def _line_in(path: Path, error: BaseException) -> int | None:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), None)
