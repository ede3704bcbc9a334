"""SAM's tags: a map in the template, a list in CloudFormation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.template.sam.intrinsics import mapping
from archlint.template.sam.lowering import QUEUE, ROLE, Lowering

if TYPE_CHECKING:
    from archlint.template.model import Body, Json
    from archlint.template.sam.resource import SamResource

_CREATED_BY_SAM: Body = {"Key": "lambda:createdBy", "Value": "SAM"}
_LISTS = frozenset({QUEUE, ROLE, "AWS::SNS::Topic", "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage"})


def tag_list(tags: Any, first: Body = _CREATED_BY_SAM) -> list[Json]:
    """The tags as CloudFormation's list, behind the tag that SAM adds."""
    return [first, *plain_tag_list(tags)]


def plain_tag_list(tags: Any) -> list[Json]:
    """The tags as CloudFormation's list."""
    return [{"Key": key, "Value": value} for key, value in mapping(tags).items()]


def propagate_tags(lowering: Lowering, sam: SamResource) -> None:
    """Copies the tags of a resource with `PropagateTags` to what was made for it."""
    tags = sam.properties.get("Tags")
    if not isinstance(tags, dict) or not sam.properties.get("PropagateTags"):
        return
    for resource in lowering.generated_for(sam):
        if resource.type in _LISTS and "Tags" not in resource.properties:
            resource.properties["Tags"] = plain_tag_list(tags)
