"""The `UsagePlan` of a REST API: one for itself, or one that it shares with the template's other APIs.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-api-apiusageplan.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.template.sam.intrinsics import ref

if TYPE_CHECKING:
    from archlint.template.model import Body
    from archlint.template.sam.lowering import Lowering
    from archlint.template.sam.resource import SamResource

_OPTIONS = ("Description", "Quota", "Tags", "Throttle", "UsagePlanName")


def add_usage_plan(lowering: Lowering, sam: SamResource, plan: Body, stage: str) -> None:
    """Adds usage plan, API key, and what joins them."""
    kind = lowering.default(plan.get("CreateUsagePlan"))
    if kind not in ("PER_API", "SHARED"):
        return
    stem = sam.logical_id if kind == "PER_API" else "Serverless"
    at = sam.place("Auth", "UsagePlan")
    by_stage = {"ApiId": ref(sam.logical_id), "Stage": ref(stage)}
    for_key = {"RestApiId": ref(sam.logical_id), "StageName": ref(stage)}
    if kind == "SHARED":
        lowering.sharing.append(sam)
        if len(lowering.sharing) > 1:
            _extend_shared(lowering, by_stage, for_key)
            return
    options = {name: plan[name] for name in _OPTIONS if plan.get(name)}
    lowering.generated(
        sam,
        stem + "UsagePlan",
        "AWS::ApiGateway::UsagePlan",
        {"ApiStages": [by_stage], **options},
        at,
        origins={(): at},
        depends_on=(sam.logical_id,),
    )
    key_properties = {"Enabled": True, "StageKeys": [for_key]}
    lowering.generated(
        sam, stem + "ApiKey", "AWS::ApiGateway::ApiKey", key_properties, at, depends_on=(stem + "UsagePlan",)
    )
    joined = {"KeyId": ref(stem + "ApiKey"), "KeyType": "API_KEY", "UsagePlanId": ref(stem + "UsagePlan")}
    lowering.generated(
        sam, stem + "UsagePlanKey", "AWS::ApiGateway::UsagePlanKey", joined, at, depends_on=(stem + "ApiKey",)
    )


def _extend_shared(lowering: Lowering, by_stage: Body, for_key: Body) -> None:
    """Adds one more API to what the first one made; it all exists when any of the APIs does."""
    condition = lowering.any_condition([sam.condition for sam in lowering.sharing], "SharedUsagePlanCondition")
    plan, key, joined = (lowering.made.get("Serverless" + name) for name in ("UsagePlan", "ApiKey", "UsagePlanKey"))
    if plan is None or key is None or joined is None:
        return
    plan.properties["ApiStages"].append(by_stage)
    plan.depends_on = tuple(sam.logical_id for sam in lowering.sharing)
    key.properties["StageKeys"].append(for_key)
    plan.condition = key.condition = joined.condition = condition
