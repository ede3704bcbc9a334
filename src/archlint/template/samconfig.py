"""`samconfig.toml`: the parameter values and stack tags that `sam deploy` passes, per template and environment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archlint.folders import Folders
    from archlint.template.model import Template

# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
_PAIR = re.compile(r"""(?<![\w.:/@+-])([\w.:/@+-]++)=("(?:[^"\\]|\\.)*"|'[^']*'|\S*)""")


def deployments(
    templates: Sequence[Template], environment: str, folders: Folders
) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Parameter values and stack tags by template name, from the samconfig file beside each template.

    `environment` is the section (`--config-env`); a file that cannot be read gives nothing. CloudFormation puts the
    tags of a stack on every resource of it.
    """
    by_folder: dict[Path, dict[str, Any]] = {}
    parameters: dict[str, dict[str, str]] = {}
    tags: dict[str, dict[str, str]] = {}
    for template in templates:
        path = template.document.path
        folder = path.parent
        if folder not in by_folder:
            by_folder[folder] = _read(folder) if folders.may_hold(str(folder), "samconfig.toml") else {}
        if by_folder[folder]:
            for key, found in (("parameter_overrides", parameters), ("tags", tags)):
                given = _of_template(by_folder[folder], environment, path, key)
                if given:
                    found[template.name] = given
    return parameters, tags


def _read(folder: Path) -> dict[str, Any]:
    path = folder / "samconfig.toml"
    if not path.is_file():
        return {}
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # sam itself will complain; for linting the defaults stand


def _of_template(config: Mapping[str, Any], environment: str, template: Path, key: str) -> dict[str, str]:
    section = config.get(environment)
    if not isinstance(section, dict):
        return {}
    given: dict[str, str] = {}
    for command in ("global", "build", "deploy"):
        body = section.get(command)
        parameters = body.get("parameters") if isinstance(body, dict) else None
        if not isinstance(parameters, dict):
            continue
        named = parameters.get("template_file") or parameters.get("template")
        if isinstance(named, str) and Path(named).name not in (template.name, ""):
            continue
        given.update(_pairs(parameters.get(key)))
    return given


def _pairs(value: Any) -> dict[str, str]:
    if isinstance(value, list):
        return {key: item for entry in value for key, item in _pairs(entry).items()}
    if isinstance(value, dict):
        return {str(key): str(item) for key, item in value.items()}
    if not isinstance(value, str):
        return {}
    found = {}
    for key, item in _PAIR.findall(value):
        quoted = len(item) > 1 and item[0] in "\"'" and item[-1] == item[0]
        found[key] = item[1:-1].replace('\\"', '"') if quoted else item
    return found
