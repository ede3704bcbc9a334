"""A package at 80 % of Lambda's 262,144,000 bytes (250 MiB) is one dependency update away from a failed deployment.

The limit is on the unpacked sum of the function's `.zip` and of all its layers, measured as PKG001 does: build folder,
CDK asset, archive or source folder, in this order.
[Lambda quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)

## How to fix it

Remove what the function does not need while there is time, or move to a container image. `ratio` sets the share of the
limit from which on this is reported.

## Known exceptions

What PKG001 reports already.
"""

from collections.abc import Iterator

from archlint.api import Finding, Param, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="PKG002",
    name="zip-package-near-limit",
    severity=Severity.WARNING,
    summary="Function and its layers unpack to almost what Lambda accepts",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    params={
        "ratio": Param("number", 0.8, minimum=0, description="share of Lambda's limit from which on it is reported")
    },
)


def check(context: RuleContext) -> Iterator[Finding]:
    limit = context.packages.limit("zip_unzipped_bytes")
    for node, package in context.packages.sums():
        if not context.params["ratio"] * limit <= package.total <= limit:
            continue
        bound = "at least " if package.at_least else ""
        yield context.finding(
            (node, package.code_property),
            f"{node} unpacks to {bound}{package.total:,} bytes, {package.total / limit:.0%} of the {limit:,} that "
            f"Lambda accepts (measured: {package.described}); biggest: {package.biggest}{package.uncounted}",
            related=package.layer_places(),
            key=(node.logical_id,),
        )
