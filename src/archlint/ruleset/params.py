"""The parameters of a rule: their declared defaults and what the configuration sets instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.errors import ConfigError
from archlint.ruleset.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archlint.ruleset.rule import Param, RuleMeta
    from archlint.template.model import Json


def resolve_params(meta: RuleMeta, given: Mapping[str, Json] | None = None, where: str | None = None) -> dict[str, Any]:
    """The value of each parameter of a rule; raises ConfigError for one that does not exist or does not fit."""
    values: dict[str, Any] = {name: param.default for name, param in meta.params.items()}
    for name, value in (given or {}).items():
        param = meta.params.get(name)
        if param is None:
            hint = did_you_mean(name, meta.params) or f"it has {', '.join(meta.params) or 'none'}"
            raise ConfigError(f'rule {meta.id} has no parameter "{name}"', where, hint)
        problem = param_problem(param, value)
        if problem:
            raise ConfigError(f"parameter {name} of rule {meta.id} {problem}", where)
        values[name] = value
    return values


def param_problem(param: Param, value: Json) -> str | None:
    """What is wrong with a value, as the end of a sentence; None when it fits."""
    kinds: dict[str, tuple[type, ...]] = {
        "integer": (int,),
        "number": (int, float),
        "string": (str,),
        "boolean": (bool,),
        "list": (list,),
    }
    fits = isinstance(value, kinds[param.type]) and (param.type == "boolean" or not isinstance(value, bool))
    if not fits:
        return f"must be {'an' if param.type == 'integer' else 'a'} {param.type}, not {value!r}"
    if param.minimum is not None and isinstance(value, int | float) and value < param.minimum:
        return f"must be at least {param.minimum:g}, not {value!r}"
    return None
