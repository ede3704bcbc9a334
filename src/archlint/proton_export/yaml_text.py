"""Template data as YAML that people like to read: short forms for plain references, blocks for long texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from archlint.template.model import Body

_SHORT = {"Ref": "!Ref", "Fn::Sub": "!Sub", "Fn::ImportValue": "!ImportValue"}
_PLAIN = frozenset({"!Ref", "!GetAtt"})
"""Tags whose values need no quotes, which PyYAML puts around everything that has a tag."""
_WIDTH = 120


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's
        super().increase_indent(flow, indentless=False)

    def choose_scalar_style(self) -> str:
        style: str = super().choose_scalar_style()
        tag = getattr(self.event, "tag", None)
        plain = style == "'" and tag in _PLAIN and getattr(self.analysis, "allow_block_plain", False)
        return "" if plain else style


def _mapping(dumper: yaml.SafeDumper, data: dict[str, Any]) -> yaml.Node:
    if len(data) == 1:
        [(key, value)] = data.items()
        if key in _SHORT and isinstance(value, str):
            return dumper.represent_scalar(_SHORT[key], value, style="|" if "\n" in value else None)
        if key == "Fn::GetAtt" and isinstance(value, list) and all(isinstance(item, str) for item in value):
            return dumper.represent_scalar("!GetAtt", ".".join(value))
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items())


def _string(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(str, _string)


def yaml_text(data: Body, header: str) -> str:
    """The template as YAML, sections apart, with comment lines above."""
    sections = [
        yaml.dump({name: section}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
        for name, section in data.items()
    ]
    text = ""
    for name, section in zip(data, sections, strict=True):
        text += section if not isinstance(data[name], dict) or not text else f"\n{section}"
    return f"{header}{text}"
