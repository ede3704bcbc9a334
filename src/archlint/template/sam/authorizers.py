"""The `Auth` of REST and HTTP APIs: authorizers as security schemes, and the security of each method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.template.sam.intrinsics import listed, mapping, ref, sub, without_none
from archlint.template.sam.lowering import PERMISSION, Lowering

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archlint.template.model import Body, Json, Place
    from archlint.template.sam.definitions import Definition
    from archlint.template.sam.resource import Route, SamResource

_AUTHORIZER = "x-amazon-apigateway-authorizer"
_AUTH_TYPE = "x-amazon-apigateway-authtype"
_FUNCTION_URI = (
    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations"
)
_IAM = "AWS_IAM"
_API_KEY = "api_key"
_IAM_SCHEME: Body = {"type": "apiKey", "name": "Authorization", "in": "header", _AUTH_TYPE: "awsSigv4"}
_API_KEY_SCHEME: Body = {"type": "apiKey", "name": "x-api-key", "in": "header"}


def authorizers(auth: Body) -> Body:
    """The well-formed authorizers by name."""
    given = mapping(auth.get("Authorizers"))
    return {name: body for name, body in given.items() if isinstance(body, dict)}


def add_permissions(lowering: Lowering, sam: SamResource, auth: Body, names: Iterable[str]) -> None:
    """Lets the API invoke the functions of these authorizers."""
    for name in names:
        at = sam.place("Auth", "Authorizers", name)
        add_authorizer_permission(
            lowering, sam, f"{sam.logical_id}{name}AuthorizerPermission", authorizers(auth)[name]["FunctionArn"], at
        )


def add_authorizer_permission(lowering: Lowering, sam: SamResource, logical_id: str, function: Json, at: Place) -> None:
    """Lets the API invoke one authorizer function."""
    arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*"
    properties = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": function,
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": sub(arn, {"__ApiId__": ref(sam.logical_id)}),
    }
    lowering.generated(sam, logical_id, PERMISSION, properties, at)


def secure_rest(definition: Definition, sam: SamResource, auth: Body, routes: list[Route]) -> None:
    """Adds schemes and security to the definition of a REST API; `routes` are those whose own `Auth` counts."""
    known = authorizers(auth)
    schemes = {name: _rest_scheme(body) for name, body in known.items()}
    by_route = {(route.path, route.method): route.auth for route in routes}

    def security_of(path: str, method: str, given: list[Body]) -> list[Body] | None:
        own = by_route.get((path, method), {})
        security = [item for item in given if not ("Authorizer" in own and _has([item], {*known, _IAM}))]
        name = own.get("Authorizer", auth.get("DefaultAuthorizer"))
        preflight = method == "options" and not auth.get("AddDefaultAuthorizerToCorsPreflight", True)
        if isinstance(name, str) and name != "NONE" and not preflight and not _has(security, {*known, _IAM}):
            security.append({name: _scopes(own, known, name)})
        if own.get("ApiKeyRequired", auth.get("ApiKeyRequired")) and not _has(security, {_API_KEY}):
            security.append({_API_KEY: []})
        for item in security:
            schemes.update({key: scheme for key, scheme in _BUILT_IN.items() if key in item})
        return security if security != given else None

    definition.secure(security_of)
    definition.add_schemes(schemes, _places(sam, known))


def secure_http(definition: Definition, sam: SamResource, auth: Body, routes: list[Route]) -> None:
    """Adds schemes and security to the definition of an HTTP API."""
    known = authorizers(auth)
    schemes = {name: _http_scheme(body) for name, body in known.items()}
    if auth.get("EnableIamAuthorizer") is True:
        schemes[_IAM] = _IAM_SCHEME
    by_route = {(route.path, route.method): route.auth for route in routes}

    def security_of(path: str, method: str, given: list[Body]) -> list[Body] | None:
        own = by_route.get((path, method), {})
        name = own.get("Authorizer") or auth.get("DefaultAuthorizer")
        if given or method == "options" or not isinstance(name, str) or name == "NONE":
            return None
        return [{name: _scopes(own, known, name)}]

    definition.secure(security_of)
    definition.add_schemes(schemes, _places(sam, known))


def _places(sam: SamResource, names: Iterable[str]) -> dict[str, Place]:
    return {name: sam.place("Auth", "Authorizers", name) for name in names}


_BUILT_IN: Body = {_IAM: _IAM_SCHEME, _API_KEY: _API_KEY_SCHEME}


def _has(security: list[Body], names: set[str]) -> bool:
    return any(not names.isdisjoint(item) for item in security)


def _scopes(own: Body, known: Body, name: str) -> list[Json]:
    scopes = own.get("AuthorizationScopes")
    if scopes is None:
        scopes = mapping(known.get(name)).get("AuthorizationScopes")
    return scopes if isinstance(scopes, list) else []


def _rest_scheme(authorizer: Body) -> Body:
    identity = mapping(authorizer.get("Identity"))
    pools = authorizer.get("UserPoolArn")
    if pools:
        details: Body = {"type": "cognito_user_pools", "providerARNs": listed(pools)}
        on_request = False
    else:
        on_request = authorizer.get("FunctionPayloadType") == "REQUEST"
        details = {"type": "request" if on_request else "token", **_function(authorizer, identity)}
    if on_request:
        details["identitySource"] = _identity(identity, "method.request.")
    elif identity.get("ValidationExpression"):
        details["identityValidationExpression"] = identity["ValidationExpression"]
    return {
        "type": "apiKey",
        "name": "Unused" if on_request else identity.get("Header") or "Authorization",
        "in": "header",
        _AUTH_TYPE: "cognito_user_pools" if pools else "custom",
        _AUTHORIZER: without_none(details),
    }


def _http_scheme(authorizer: Body) -> Body:
    configuration = authorizer.get("JwtConfiguration")
    if isinstance(configuration, dict):
        jwt = {"jwtConfiguration": {key.lower(): value for key, value in configuration.items()}, "type": "jwt"}
        source = without_none({"identitySource": authorizer.get("IdentitySource")})
        return {"type": "oauth2", _AUTHORIZER: {**jwt, **source}}
    identity = mapping(authorizer.get("Identity"))
    details = {
        "type": "request",
        **_function(authorizer, identity),
        "authorizerPayloadFormatVersion": authorizer.get("AuthorizerPayloadFormatVersion"),
        "enableSimpleResponses": authorizer.get("EnableSimpleResponses"),
        "identitySource": _identity(identity, "$request."),
    }
    return {"type": "apiKey", "name": "Unused", "in": "header", _AUTHORIZER: without_none(details)}


def _function(authorizer: Body, identity: Body) -> Body:
    role = authorizer.get("FunctionInvokeRole")
    return without_none(
        {
            "authorizerUri": sub(_FUNCTION_URI, {"__FunctionArn__": authorizer.get("FunctionArn")}),
            "authorizerCredentials": role if role != "NONE" else None,
            "authorizerResultTtlInSeconds": identity.get("ReauthorizeEvery"),
        }
    )


def _identity(identity: Body, request: str) -> str:
    """What identifies a caller, as API Gateway writes it; parts that are not plain text are left out."""
    parts = [
        (request + "header.", "Headers"),
        (request + "querystring.", "QueryStrings"),
        ("stageVariables.", "StageVariables"),
        ("context.", "Context"),
    ]
    return ", ".join(
        prefix + value for prefix, name in parts for value in listed(identity.get(name)) if isinstance(value, str)
    )
