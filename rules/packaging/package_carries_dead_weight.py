"""Bytes that never run still cost: every cold start loads the package, and the 250 MiB are shared with what does run.

Reported are tests and their reports, version control, virtual environments, caches, development tools, the AWS SDK that
the runtime has (boto3 and botocore alone are 22 MB), and other functions' code that nothing here imports.
[Best practices: deployment packages](https://docs.aws.amazon.com/lambda/latest/dg/best-practices.html)

## How it is measured

In the build folder, CDK asset or archive when there is one; else in the source folder, where only what the builder
really copies counts: `sam build` leaves out `.git`, virtual environments and caches by itself.

## How to fix it

Keep tests, tools and their requirements beside the `CodeUri`, not in it, and give each function one with nothing but
its code. Leave boto3 (Python) and the AWS SDK (Node.js 18 and later: v3) out unless you need a newer version than the
runtime's.

## Known exceptions

Less than `min_bytes` and less than `share` of the package; where the size of dependencies that will be installed is not
known, only `min_bytes` counts. A large share of less than 1 MB is a note. So is an SDK alone, which AWS advises to ship
in the version that was tested, and bytecode alone, which saves the compilation when it was made by the very runtime:
both can be a decision.
"""

from collections.abc import Iterator

from archlint.api import Finding, Param, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="PKG005",
    name="package-carries-dead-weight",
    severity=Severity.WARNING,
    summary="Package carries files that its function never needs",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/best-practices.html",
    params={
        "min_bytes": Param(
            "integer", 10_000_000, minimum=0, description="unpacked bytes of dead weight that are reported"
        ),
        "share": Param("number", 0.25, minimum=0, description="share of the package that is reported however small"),
    },
    pillar="performance-efficiency",
)

SMALL = 1_000_000
"""Bytes below which a large share is only a note: it costs nothing yet."""


def check(context: RuleContext) -> Iterator[Finding]:
    for package, nodes in context.packages.sharing("AWS::Lambda::Function", "AWS::Lambda::LayerVersion"):
        node, *others = nodes
        weight = context.packages.dead_weight(node)
        if weight is None or (weight.total < context.params["min_bytes"] and weight.share < context.params["share"]):
            continue
        is_small = weight.total < context.params["min_bytes"] and (weight.total < SMALL or package.at_least)
        is_note = is_small or weight.is_debatable
        yield context.finding(
            (node, "Code" if node.type == "AWS::Lambda::Function" else "Content"),
            f"{node} carries {weight.size} that it never needs, {weight.portion}: {weight.listed} "
            f"(measured: {package.described})",
            related=[(other, f"{other} has the same package") for other in others],
            severity=Severity.NOTE if is_note else None,
            key=(node.logical_id,),
        )
