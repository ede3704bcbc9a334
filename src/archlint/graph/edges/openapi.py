"""OpenAPI and Swagger documents with API Gateway's extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.model import Body, TemplatePath

INTEGRATION = "x-amazon-apigateway-integration"
_ANY = "x-amazon-apigateway-any-method"
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", _ANY})
_SCHEMES = (("securityDefinitions",), ("components", "securitySchemes"))


class Operation(msgspec.Struct, frozen=True):
    """One operation with an integration: `GET /orders`, the integration and its path in the document."""

    route: str
    integration: Body
    path: TemplatePath


class Authorizer(msgspec.Struct, frozen=True):
    """One security scheme with a Lambda authorizer."""

    name: str
    body: Body
    path: TemplatePath


def operations(document: Body) -> Iterator[Operation]:
    """The operations of a document that have an integration, in document order."""
    for path, item, here in _alternatives(document.get("paths"), ("paths",)):
        for method, operation, there in _alternatives(item, here):
            name = method.lower()
            if name not in _METHODS or not isinstance(operation, dict):
                continue
            route = path if path == "$default" else f"{'ANY' if name == _ANY else name.upper()} {path}"
            for found, at in _integrations(document, operation, there):
                yield Operation(route, found, at)


def _alternatives(value: Any, path: TemplatePath) -> Iterator[tuple[str, Any, TemplatePath]]:
    """Items of a mapping, of each branch of an `Fn::If`, also where the If is the value of an item."""
    if not isinstance(value, dict):
        return
    choice = value.get("Fn::If")
    if len(value) == 1 and isinstance(choice, list) and len(choice) == 3:
        for index in (1, 2):
            yield from _alternatives(choice[index], (*path, "Fn::If", index))
        return
    for key, item in value.items():
        if isinstance(item, dict) and isinstance(item.get("Fn::If"), list):
            for index, branch in enumerate(item["Fn::If"][1:3], 1):
                yield str(key), branch, (*path, key, "Fn::If", index)
        else:
            yield str(key), item, (*path, key)


def _integrations(document: Body, operation: Body, path: TemplatePath) -> Iterator[tuple[Body, TemplatePath]]:
    for key, found, here in _alternatives(operation, path):
        if key == INTEGRATION and isinstance(found, dict):
            reference = found.get("$ref")
            if isinstance(reference, str) and reference.startswith("#/"):
                steps = tuple(reference[2:].split("/"))
                shared: Any = document
                for step in steps:
                    shared = shared.get(step) if isinstance(shared, dict) else None
                if isinstance(shared, dict):
                    yield shared, steps
            else:
                yield found, here


def authorizers(document: Body) -> Iterator[Authorizer]:
    """The security schemes of a document that call an authorizer."""
    for steps in _SCHEMES:
        schemes: Any = document
        for step in steps:
            schemes = schemes.get(step) if isinstance(schemes, dict) else None
        if isinstance(schemes, dict):
            for name, scheme in schemes.items():
                body = scheme.get("x-amazon-apigateway-authorizer") if isinstance(scheme, dict) else None
                if isinstance(body, dict):
                    yield Authorizer(str(name), body, (*steps, name, "x-amazon-apigateway-authorizer"))
