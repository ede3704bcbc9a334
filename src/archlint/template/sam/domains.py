"""The `Domain` of an API: domain name, mappings to the API, and records in Route 53.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-api-domainconfiguration.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.template.sam.intrinsics import get_att, hash_suffix, listed, mapping, ref, without_none

if TYPE_CHECKING:
    from archlint.template.model import Body, Json, Place
    from archlint.template.sam.lowering import Lowering
    from archlint.template.sam.resource import SamResource

_RECORDS = "AWS::Route53::RecordSetGroup"
# The zone of every CloudFront distribution.
# https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
_CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
_REST_OPTIONS = ("EndpointAccessMode", "OwnershipVerificationCertificateArn", "SecurityPolicy")
_PRIVATE_OPTIONS = ("EndpointAccessMode", "Policy", "SecurityPolicy")


def add_rest_domain(lowering: Lowering, sam: SamResource, domain: Body, stage: str) -> None:
    """Adds the custom domain of a REST API."""
    if domain.get("EndpointConfiguration") == "PRIVATE":
        _add_private_domain(lowering, sam, domain, stage)
        return
    at = sam.place("Domain")
    logical_id = "ApiGatewayDomainName" + _hash(lowering, domain.get("DomainName"))
    endpoint = domain.get("EndpointConfiguration") or "REGIONAL"
    certificate = "RegionalCertificateArn" if endpoint == "REGIONAL" else "CertificateArn"
    properties = without_none(
        {
            "DomainName": domain.get("DomainName"),
            certificate: domain.get("CertificateArn"),
            "EndpointConfiguration": _endpoint(domain, endpoint),
            "MutualTlsAuthentication": domain.get("MutualTlsAuthentication"),
            **{name: domain.get(name) for name in _REST_OPTIONS},
        }
    )
    lowering.generated(sam, logical_id, "AWS::ApiGateway::DomainName", properties, at, origins={(): at})
    for mapping_id, path in _base_paths(sam, domain):
        target = {"DomainName": ref(logical_id), "RestApiId": ref(sam.logical_id), "Stage": ref(stage), **path}
        lowering.generated(sam, mapping_id, "AWS::ApiGateway::BasePathMapping", target, at)
    _add_records(lowering, sam, domain, _alias(domain, endpoint, logical_id))


def _add_private_domain(lowering: Lowering, sam: SamResource, domain: Body, stage: str) -> None:
    at = sam.place("Domain")
    logical_id = "ApiGatewayDomainNameV2" + _hash(lowering, domain.get("DomainName"))
    properties = without_none(
        {
            "DomainName": domain.get("DomainName"),
            "CertificateArn": domain.get("CertificateArn"),
            "EndpointConfiguration": _endpoint(domain, "PRIVATE"),
            **{name: domain.get(name) for name in _PRIVATE_OPTIONS},
        }
    )
    lowering.generated(sam, logical_id, "AWS::ApiGateway::DomainNameV2", properties, at, origins={(): at})
    for mapping_id, path in _base_paths(sam, domain):
        target = {"DomainNameArn": ref(logical_id), "RestApiId": ref(sam.logical_id), "Stage": ref(stage), **path}
        lowering.generated(sam, mapping_id, "AWS::ApiGateway::BasePathMappingV2", target, at)
    access = domain.get("AccessAssociation")
    if isinstance(access, dict):
        endpoint = access.get("VpcEndpointId")
        association = {
            "DomainNameArn": ref(logical_id),
            "AccessAssociationSourceType": "VPCE",
            "AccessAssociationSource": endpoint,
        }
        association_id = "DomainNameAccessAssociation" + hash_suffix([endpoint, logical_id])
        lowering.generated(sam, association_id, "AWS::ApiGateway::DomainNameAccessAssociation", association, at)
    _add_records(lowering, sam, domain, _alias(domain, "PRIVATE", logical_id))


def add_http_domain(lowering: Lowering, sam: SamResource, domain: Body, stage: str) -> None:
    """Adds the custom domain of an HTTP or WebSocket API."""
    at = sam.place("Domain")
    logical_id = "ApiGatewayDomainNameV2" + _hash(lowering, domain.get("DomainName"))
    endpoint = domain.get("EndpointConfiguration") or "REGIONAL"
    configuration = without_none(
        {
            "CertificateArn": domain.get("CertificateArn"),
            "EndpointType": endpoint,
            "OwnershipVerificationCertificateArn": domain.get("OwnershipVerificationCertificateArn"),
            "SecurityPolicy": domain.get("SecurityPolicy"),
        }
    )
    properties = without_none(
        {
            "DomainName": domain.get("DomainName"),
            "DomainNameConfigurations": [configuration],
            "MutualTlsAuthentication": domain.get("MutualTlsAuthentication"),
        }
    )
    lowering.generated(sam, logical_id, "AWS::ApiGatewayV2::DomainName", properties, at, origins={(): at})
    for mapping_id, path in _api_mappings(sam, domain):
        target = {"DomainName": ref(logical_id), "ApiId": ref(sam.logical_id), "Stage": ref(stage), **path}
        lowering.generated(sam, mapping_id, "AWS::ApiGatewayV2::ApiMapping", target, at)
    _add_records(lowering, sam, domain, _alias(domain, endpoint, logical_id))


def _hash(lowering: Lowering, name: Any) -> str:
    return hash_suffix(lowering.default(name))


def _endpoint(domain: Body, endpoint: Json) -> Body:
    return without_none({"Types": [endpoint], "IpAddressType": domain.get("IpAddressType")})


def _base_paths(sam: SamResource, domain: Body) -> list[tuple[str, Body]]:
    paths = [path for path in listed(domain.get("BasePath")) if isinstance(path, str) and path]
    if not paths:
        return [(sam.logical_id + "BasePathMapping", {})]
    found = []
    for path in paths:
        plain = "".join(character for character in path if character.isalnum())
        base = plain if domain.get("NormalizeBasePath", True) else path
        found.append((f"{sam.logical_id}{plain}BasePathMapping", {"BasePath": base}))
    return found


def _api_mappings(sam: SamResource, domain: Body) -> list[tuple[str, Body]]:
    paths = [path for path in listed(domain.get("BasePath")) if isinstance(path, str) and path]
    if not paths:
        return [(sam.logical_id + "ApiMapping", {})]
    return [
        (f"{sam.logical_id}{re.sub(r'[-_/]+', '', path)}ApiMapping", {"ApiMappingKey": path.strip("/")})
        for path in paths
    ]


def _alias(domain: Body, endpoint: Json, logical_id: str) -> Body:
    """What the record of the domain points at."""
    route53 = mapping(domain.get("Route53"))
    if endpoint == "REGIONAL":
        zone: Json = get_att(logical_id, "RegionalHostedZoneId")
        name: Json = get_att(logical_id, "RegionalDomainName")
    elif endpoint == "EDGE":
        zone = _CLOUDFRONT_ZONE
        name = route53.get("DistributionDomainName") or get_att(logical_id, "DistributionDomainName")
    else:
        zone, name = route53.get("VpcEndpointHostedZoneId"), route53.get("VpcEndpointDomainName")
    health = route53.get("EvaluateTargetHealth")
    return without_none({"EvaluateTargetHealth": health, "HostedZoneId": zone, "DNSName": name})


def _add_records(lowering: Lowering, sam: SamResource, domain: Body, alias: Body) -> None:
    route53 = domain.get("Route53")
    if not isinstance(route53, dict):
        return
    zone = route53.get("HostedZoneId") or route53.get("HostedZoneName")
    if zone is None:
        return
    kinds = ["A", "AAAA"] if route53.get("IpV6") is True else ["A"]
    shared = {"Region": route53.get("Region"), "SetIdentifier": route53.get("SetIdentifier")}
    records = [
        without_none({"Name": domain.get("DomainName"), "Type": kind, "AliasTarget": alias, **shared}) for kind in kinds
    ]
    at = sam.place("Domain", "Route53")
    if route53.get("SeparateRecordSetGroup"):
        logical_id = "RecordSetGroup" + hash_suffix(
            [lowering.default(zone), lowering.default(domain.get("DomainName"))]
        )
    else:
        logical_id = "RecordSetGroup" + hash_suffix(lowering.default(zone))
    _extend_group(lowering, sam, logical_id, route53, records, at)


def _extend_group(
    lowering: Lowering, sam: SamResource, logical_id: str, route53: Body, records: list[Body], at: Place
) -> None:
    """APIs with domains in the same zone share one group of records."""
    known = lowering.made.get(logical_id)
    if known is not None and known.generated_by is not None:
        known.properties["RecordSets"].extend(records)
        return
    names = ("HostedZoneId", "HostedZoneName")
    properties = {name: route53[name] for name in names if route53.get(name) is not None}
    lowering.generated(sam, logical_id, _RECORDS, {**properties, "RecordSets": records}, at)
