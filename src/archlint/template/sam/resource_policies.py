"""The `ResourcePolicy` of a REST API and of its events, as the policy in the API's definition.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-api-resourcepolicystatement.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.template.sam.definitions import ANY_METHOD, Definition
from archlint.template.sam.intrinsics import listed, mapping, sub
from archlint.template.sam.policies import VERSION

if TYPE_CHECKING:
    from archlint.template.model import Body, Json
    from archlint.template.sam.lowering import Lowering
    from archlint.template.sam.resource import Route, SamResource

_POLICY = "x-amazon-apigateway-policy"
_INVOKE = "execute-api:Invoke"


def add_resource_policy(
    lowering: Lowering, definition: Definition, sam: SamResource, auth: Body, routes: list[Route]
) -> None:
    """Adds the statements of the API (for each path) and of its events (for theirs)."""
    statements: list[Any] = list(listed(mapping(definition.body.get(_POLICY)).get("Statement")))
    stage = sam.properties.get("StageName")
    given = mapping(auth.get("ResourcePolicy"))
    for path, item in definition.paths.items():
        _extend(statements, _statements(lowering, given, _resources(path, mapping(item), stage)))
    custom = listed(given.get("CustomStatements"))
    for route in routes:
        own = mapping(route.auth.get("ResourcePolicy"))
        item = mapping(definition.paths.get(route.path))
        _extend(statements, _statements(lowering, own, _resources(route.path, item, stage)))
        custom = [*custom, *listed(own.get("CustomStatements"))]
    _extend(statements, custom)
    if statements:
        definition.body[_POLICY] = {"Version": VERSION, "Statement": statements}
        definition.origins[("Body", _POLICY)] = sam.place("Auth", "ResourcePolicy")


def _extend(statements: list[Any], added: list[Any]) -> None:
    statements.extend(item for item in added if item not in statements)


def _resources(path: str, item: Body, stage: Json) -> list[Json]:
    methods = ["*" if method == ANY_METHOD else method.upper() for method in item]
    return [sub("execute-api:/${__Stage__}/" + method + path, {"__Stage__": stage}) for method in methods]


def _statements(lowering: Lowering, given: Body, resources: list[Json]) -> list[Any]:
    found: list[Any] = []
    for effect, name in (("Allow", "AwsAccountWhitelist"), ("Deny", "AwsAccountBlacklist")):
        if given.get(name):
            principal = {"AWS": listed(given[name])}
            found.append({"Effect": effect, "Action": _INVOKE, "Resource": resources, "Principal": principal})
    for condition in _conditions(lowering, given):
        everyone = {"Action": _INVOKE, "Resource": resources, "Principal": "*"}
        found.append({"Effect": "Allow", **everyone})
        found.append({"Effect": "Deny", **everyone, "Condition": condition})
    return found


def _conditions(lowering: Lowering, given: Body) -> list[Body]:
    """Under which each list of addresses or networks is denied."""
    found: list[Body] = []
    for operator, name in (("NotIpAddress", "IpRangeWhitelist"), ("IpAddress", "IpRangeBlacklist")):
        if given.get(name):
            found.append({operator: {"aws:SourceIp": listed(given[name])}})
    for operator, shade in (("StringEquals", "Blacklist"), ("StringNotEquals", "Whitelist")):
        named = [(item, str(lowering.default(item))) for item in listed(given.get("SourceVpc" + shade))]
        networks = [item for item, name in named if name.startswith("vpc-")]
        networks += listed(given.get("IntrinsicVpc" + shade))
        endpoints = [item for item, name in named if name.startswith("vpce-")]
        endpoints += listed(given.get("IntrinsicVpce" + shade))
        keys = {"aws:SourceVpc": networks, "aws:SourceVpce": endpoints}
        if networks or endpoints:
            found.append({operator: {key: values for key, values in keys.items() if values}})
    return found
