"""The OpenAPI document of an API, put together from what is written and from the events of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from archlint.template.model import Body
from archlint.template.sam.intrinsics import choice_of, choose, listed, mapping, ref

if TYPE_CHECKING:
    from archlint.template.model import Place
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.resource import Route

INTEGRATION = "x-amazon-apigateway-integration"
ANY_METHOD = "x-amazon-apigateway-any-method"
SecurityOf: TypeAlias = Callable[[str, str, list[Body]], list[Body] | None]
"""Path, method and the security that is written there, to the security that holds."""


def method_name(method: str) -> str:
    """An HTTP method as OpenAPI spells it."""
    lower = method.lower()
    return ANY_METHOD if lower == "any" else lower


def is_definition(body: Any) -> bool:
    """Whether the value is an OpenAPI (or Swagger) document that can be added to."""
    if not isinstance(body, dict) or not isinstance(body.get("paths"), dict):
        return False
    return bool(body.get("swagger") or body.get("openapi"))


class Definition:
    """A document that shares everything unchanged with what the user wrote, and where its parts are written."""

    def __init__(self, own: Body | None, at: Place | None) -> None:
        self.origins: Origins = {}
        if own is None:
            info = {"version": "1.0", "title": ref("AWS::StackName")}
            self.body: Body = {"openapi": "3.0.1", "info": info, "paths": {}}
        else:
            self.body = {**own, "paths": dict(mapping(own.get("paths")))}
            if at is not None:
                self.origins[("Body",)] = at
        self.paths: Body = self.body["paths"]

    def add(self, route: Route, *, override: bool = True) -> None:
        """Adds the integration of a route; one that is there already gives way only to `override`."""
        item = self.paths.get(route.path)
        item = dict(item) if isinstance(item, dict) else {}
        method = mapping(item.get(route.method))
        if "Fn::If" in item or "Fn::If" in method:
            return
        integration = route.integration
        if INTEGRATION in method and not override:
            integration = {**mapping(method[INTEGRATION]), **_explicit(route)}
        else:
            self.origins[("Body", "paths", route.path, route.method)] = route.event.place()
        item[route.method] = {**method, INTEGRATION: integration, "responses": method.get("responses", {})}
        self.paths[route.path] = item

    def secure(self, security_of: SecurityOf) -> None:
        """Sets the security of every method that has an integration; None leaves a method as it is."""
        for path, item in self.paths.items():
            self.paths[path] = _secured_item(item, path, security_of)

    def add_schemes(self, schemes: Body, place: dict[str, Place]) -> None:
        """Adds security schemes, where this version of OpenAPI keeps them."""
        if not schemes:
            return
        if self.body.get("swagger"):
            self.body["securityDefinitions"] = {**mapping(self.body.get("securityDefinitions")), **schemes}
            where: tuple[str, ...] = ("Body", "securityDefinitions")
        else:
            components = mapping(self.body.get("components"))
            merged = {**mapping(components.get("securitySchemes")), **schemes}
            self.body["components"] = {**components, "securitySchemes": merged}
            where = ("Body", "components", "securitySchemes")
        for name in schemes:
            if name in place:
                self.origins[(*where, name)] = place[name]


def _explicit(route: Route) -> Body:
    """What an event says about an integration that is written in the definition."""
    given = route.event.properties
    names = {"TimeoutInMillis": "timeoutInMillis", "PayloadFormatVersion": "payloadFormatVersion"}
    return {name: given[written] for written, name in names.items() if given.get(written)}


def _secured_item(item: Any, path: str, security_of: SecurityOf) -> Any:
    choice = choice_of(item)
    if choice is not None:
        branches = [_secured_item(branch, path, security_of) for branch in (choice.yes, choice.no)]
        return choose(choice.condition, *branches)
    if not isinstance(item, dict):
        return item
    return {method: _secured(definition, path, method, security_of) for method, definition in item.items()}


def _secured(definition: Any, path: str, method: str, security_of: SecurityOf) -> Any:
    choice = choice_of(definition)
    if choice is not None:
        branches = [_secured(branch, path, method, security_of) for branch in (choice.yes, choice.no)]
        return choose(choice.condition, *branches)
    if not isinstance(definition, dict) or INTEGRATION not in definition:
        return definition
    given = definition.get("security")
    security = security_of(path, method, [item for item in listed(given) if isinstance(item, dict)])
    return definition if security is None else {**definition, "security": security}
