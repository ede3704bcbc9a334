"""A rule that is a Python module: `META` and `check`, run only when its pack may run code."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

from archlint.errors import ArchlintError, RulePackError
from archlint.ruleset.rule import Rule, RuleMeta
from archlint.ruleset.rule_file import display

if TYPE_CHECKING:
    from pathlib import Path


def python_rule(path: Path, pack: str) -> Rule:
    """Runs the module and takes its rule; raises RulePackError. Its docstring is the description if META has none."""
    module = _import(path, pack)
    meta, check = getattr(module, "META", None), getattr(module, "check", None)
    if not isinstance(meta, RuleMeta) or not callable(check):
        raise RulePackError("a rule module has META, a RuleMeta, and a function check(context)", f"{display(path)}:1")
    if not meta.description and module.__doc__:
        meta = dataclasses.replace(meta, description=inspect.cleandoc(module.__doc__))
    return Rule(meta, check, path, pack)


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
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), None)
