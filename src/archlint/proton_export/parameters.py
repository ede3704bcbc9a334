"""The parameters and conditions of an exported template: what Proton filled in and Jinja decided."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.template.proton.schema import input_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archlint.template.model import Body, Json, ProtonBundle

_TYPES = {"number": "Number", "integer": "Number"}
_LIMITS = {
    "minLength": "MinLength",
    "maxLength": "MaxLength",
    "minimum": "MinValue",
    "maximum": "MaxValue",
    "pattern": "AllowedPattern",
    "enum": "AllowedValues",
}
_INSTANCES = re.compile(r"service_instances(?:\[[^\]]*\])?")
_DEFINED = re.compile(r"([\w.\[\]]+) is defined")


class Parameters:
    """Gives every dotted name (or whole expression) one parameter; `declared` are those that were asked for."""

    def __init__(self, bundle: ProtonBundle, taken: Iterable[str]) -> None:
        self.declared: dict[str, Body] = {}
        self._taken = set(taken)
        self._names: dict[str, str] = {}
        self._inputs = {
            f"{found.prefix}.{name}": body
            for found in input_types(bundle.schema)
            for name, body in found.properties.items()
        }

    def of_path(self, path: str) -> str:
        """The parameter for a dotted name, declared as the schema declares the input."""
        path = _INSTANCES.sub("service_instance", path)
        if path not in self._names:
            short = re.sub(r"^(?:service_instance|pipeline|environment)\.inputs\.", "", path)
            short = short.replace("environment.outputs.", "environment.")
            name = self._names[path] = self.free_name(camel(short))
            self.declared[name] = self._declaration(path)
        return self._names[path]

    def of_expression(self, expression: str, paths: Sequence[str]) -> str:
        """The parameter for the value of an expression that CloudFormation cannot compute from `paths`."""
        key = "{{" + expression + "}}"
        if key not in self._names:
            words = [re.sub(r"\b(?:in|out)puts\b", "", path) for path in paths] or re.findall(
                r"[A-Za-z]\w*", expression
            )
            name = self._names[key] = self.free_name(camel(" ".join(words))[:100])
            self.declared[name] = {"Type": "String", "Description": f"Value of the expression {expression}"}
        return self._names[key]

    def of_test(self, test: str) -> str:
        """The parameter that decides a test which CloudFormation cannot compute: `true` or `false`."""
        key = "{%" + test + "%}"
        if key not in self._names:
            name = self._names[key] = self.free_name("When" + camel(test[:60]))
            allowed = ["true", "false"]
            description = f"Whether this holds - {test}"
            self.declared[name] = {"Type": "String", "AllowedValues": allowed, "Description": description}
        return self._names[key]

    def optional(self, path: str) -> str:
        """The parameter for a dotted name that may be left out: empty then."""
        name = self.of_path(path)
        declared = self.declared[name]
        if "Default" not in declared:
            for limit in ("MinLength", "AllowedPattern", "AllowedValues", "MinValue", "MaxValue"):
                declared.pop(limit, None)
            declared.update({"Type": "String", "Default": ""})
        return name

    def free_name(self, wanted: str) -> str:
        """A logical ID that nothing else in the template has."""
        base = wanted or "Value"
        name, count = base, 1
        while name in self._taken:
            count += 1
            name = f"{base}{count}"
        self._taken.add(name)
        return name

    def _declaration(self, path: str) -> Body:
        schema = self._inputs.get(path)
        if schema is None:
            return {"Type": "String", "Description": _meaning(path)}
        kind = schema.get("type")
        declared: Body = {"Type": _TYPES.get(kind, "String") if isinstance(kind, str) else "String"}
        if kind == "boolean":
            declared["AllowedValues"] = ["true", "false"]
        if isinstance(schema.get("description"), str):
            declared["Description"] = schema["description"]
        if "default" in schema:
            default = schema["default"]
            declared["Default"] = str(default).lower() if isinstance(default, bool) else default
        declared.update({ours: schema[theirs] for theirs, ours in _LIMITS.items() if theirs in schema})
        shortest = declared.get("MinLength")
        if isinstance(shortest, int) and len(str(declared.get("Default", " " * shortest))) < shortest:
            del declared["MinLength"]  # Proton let a default be shorter, CloudFormation does not
        return declared

    def default_of(self, path: str) -> Json:
        """The default that the schema gives an input; None when it gives none."""
        found: Json = self._inputs.get(path, {}).get("default")
        return found


def condition_body(body: Body, parameters: Parameters) -> Body:
    """A condition that CloudFormation can evaluate, for the test or comparison of an `{% if %}`."""
    test = body.get("Proton::Test")
    if isinstance(test, str):
        defined = _DEFINED.fullmatch(test)
        if defined is not None:
            given = {"Fn::Equals": [{"Ref": parameters.optional(defined[1])}, ""]}
            return {"Fn::Not": [given]}
        return {"Fn::Equals": [{"Ref": parameters.of_test(test)}, "true"]}
    sides = body.get("Fn::Equals")
    if isinstance(sides, list) and isinstance(sides[0], dict) and isinstance(sides[0].get("Ref"), str):
        return {"Fn::Equals": [{"Ref": parameters.of_path(sides[0]["Ref"])}, *sides[1:]]}
    return body


def camel(text: str) -> str:
    """`service_instance.name` as `ServiceInstanceName`: letters and digits only."""
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", text))


def _meaning(path: str) -> str:
    owner, _, rest = path.partition(".")
    if rest.startswith("outputs."):
        return f"Output {rest.removeprefix('outputs.')} of the {owner.replace('_', ' ')} stack"
    return f"What Proton called {path}"
