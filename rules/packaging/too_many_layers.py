"""Lambda takes five layers per function; `Globals` and the function's own list are added up, so nobody sees six coming.

The same layer twice, even in two versions, is refused as well.
[Lambda quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)

## How to fix it

Merge layers that always come together, or drop those from `Globals` that most functions do not need.

## Known exceptions

None: the deployment fails.
"""

from collections.abc import Iterator

from archlint.api import Finding, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="PKG007",
    name="too-many-layers",
    severity=Severity.WARNING,
    summary="Function has more layers than Lambda takes, or one of them twice",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
)


def check(context: RuleContext) -> Iterator[Finding]:
    limit = context.packages.limit("layers_per_function")
    for function in context.graph.of_type("AWS::Lambda::Function"):
        if "Layers" not in function.properties:
            continue
        lists = [layers for layers in context.values.possible(function, "Layers") if isinstance(layers, list)]
        count = max((len([layer for layer in layers if layer is not None]) for layers in lists), default=0)
        repeated = context.packages.repeated_layers(function)
        if count > limit:
            condition = "" if len(lists) == 1 else " under some condition"
            message = f"{function} has {count} layers{condition}, Lambda takes {limit}: those of Globals count too"
        elif repeated:
            message = f"{function} has the layer {' and '.join(repeated)} twice, which Lambda refuses"
        else:
            continue
        yield context.finding((function, "Layers"), message, key=(function.logical_id,))
