"""A container image over 10 GiB uncompressed cannot be used for a function.

What counts is the sum of the uncompressed layers, not what the registry shows.
[Lambda quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)

## How it is measured

From an OCI layout folder or a `docker save` archive that lies in the linted folder: what `ImageUri` names, a CDK image
asset, or an archive in the Docker context or beside the template that holds an image called like the function. Of an
index of several platforms the one of the function's architecture counts. A layer is as large as its tar archive, what
later layers delete included. The size of a compressed one comes from its trailer, which states it modulo 4 GiB; where
that leaves a doubt, layers of up to 32 MiB are unpacked into nothing to count them, and larger ones count with the
smallest size that fits: the message then says "at least".

## How to fix it

Use a multi-stage build that copies only what runs into the last stage, a smaller base image, and load models or data
from S3 or EFS.

## Known exceptions

Images that do not lie in the linted folder.
"""

from collections.abc import Iterator

from archlint.api import Finding, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="PKG004",
    name="image-too-large",
    severity=Severity.ERROR,
    summary="Container image is larger than Lambda accepts",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
)


def check(context: RuleContext) -> Iterator[Finding]:
    limit = context.packages.limit("image_uncompressed_bytes")
    for node in context.graph.of_type("AWS::Lambda::Function"):
        image = context.packages.image(node)
        if image is None or image.total <= limit:
            continue
        bound = "at least " if image.at_least else ""
        yield context.finding(
            (node, "Code.ImageUri"),
            f"{node} runs an image of {bound}{image.total:,} bytes uncompressed, Lambda accepts {limit:,} "
            f"(measured: {image.described}); biggest: {image.biggest}",
            key=(node.logical_id,),
        )
