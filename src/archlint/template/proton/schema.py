"""What a bundle's `schema/schema.yaml` declares: the inputs of an environment, a service instance, a pipeline.

https://docs.aws.amazon.com/proton/latest/userguide/ag-schema.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archlint.template.document import Document
    from archlint.template.model import Body, Json, TemplatePath

_PREFIXES = {
    "environment_input_type": "environment.inputs",
    "service_input_type": "service_instance.inputs",
    "pipeline_input_type": "pipeline.inputs",
}


class InputType(msgspec.Struct, frozen=True):
    """One `*_input_type` of a schema.

    `prefix` is how templates reach it (`service_instance.inputs`), `properties` its inputs by name, `path` leads to
    the type in the schema document.
    """

    prefix: str
    properties: Mapping[str, Body]
    required: tuple[str, ...]
    path: TemplatePath

    def place(self, name: str) -> TemplatePath:
        """The path of one input in the schema document."""
        return (*self.path, "properties", name)


def input_types(schema: Document | None) -> tuple[InputType, ...]:
    """The input types that a schema declares, in the order environment, service, pipeline; none when misshapen."""
    body = _mapping(_mapping(schema.data if schema is not None else None).get("schema"))
    types = _mapping(body.get("types"))
    found = []
    for key, prefix in _PREFIXES.items():
        name = body.get(key)
        if isinstance(name, str):
            found.append(_input_type(prefix, name, _mapping(types.get(name))))
    return tuple(found)


def _input_type(prefix: str, name: str, body: Body) -> InputType:
    properties = {key: _mapping(value) for key, value in _mapping(body.get("properties")).items()}
    required = body.get("required")
    names = tuple(item for item in required if isinstance(item, str)) if isinstance(required, list) else ()
    return InputType(prefix, properties, names, ("schema", "types", name))


def bundle_kind(data: Json) -> Literal["environment", "service"] | None:
    """What a schema belongs to, by the `*_input_type` it has; None when it is no Proton schema."""
    body = _mapping(_mapping(data).get("schema"))
    if "environment_input_type" in body:
        return "environment"
    return "service" if "service_input_type" in body or "pipeline_input_type" in body else None


def _mapping(value: Json) -> Body:
    return value if isinstance(value, dict) else {}
