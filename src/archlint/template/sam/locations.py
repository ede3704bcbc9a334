"""Where code, layers and definitions lie: SAM's `…Uri` properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.template.sam.intrinsics import without_none

if TYPE_CHECKING:
    from archlint.template.model import Json

_S3 = "s3://"


def s3_location(uri: Any, bucket: str, key: str, version: str) -> Json:
    """A SAM URI as CloudFormation's mapping with these keys.

    A local path stays the string that it is, as in CloudFormation before `aws cloudformation package`.
    """
    found: Json = uri
    if isinstance(uri, dict) and "Bucket" in uri:
        found = without_none({bucket: uri.get("Bucket"), key: uri.get("Key"), version: uri.get("Version")})
    elif isinstance(uri, str) and uri.startswith(_S3):
        name, _, rest = uri[len(_S3) :].partition("/")
        path, _, query = rest.partition("?versionId=")
        found = without_none({bucket: name, key: path, version: query or None})
    return found
