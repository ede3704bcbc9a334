"""Lambda refuses a function whose code and layers unpack to more than 262,144,000 bytes (250 MiB).

The limit is on the unpacked sum of the function's `.zip` and of all its layers, so a function that fits today stops
deploying when somebody else's layer grows. The size of the upload does not matter.
[Lambda quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)

## How it is measured

Nothing is built, unpacked or fetched. What counts is the first of these that lies in the linted folder:

1. the output of `sam build` (`.aws-sam/build/<LogicalId>` beside the template or further up, or `build_dir` of
   samconfig.toml), when `build.toml` lists the function and no source file is newer;
2. the CDK asset in `cdk.out` that the template names;
3. the `.zip` or `.jar` that the template names, by the sizes in its directory;
4. the `CodeUri` or `ContentUri` folder, without what `sam build` leaves out (`.git`, virtual environments, caches, what
   `npm pack` does not take) and without the dependencies that it adds (see PKG003).

`archlint explain PKG001` in the folder, or with a path, shows each package with its source and its biggest parts.

Layers of other accounts cannot be measured; the sum is then a lower bound: the message says "at least" and names them.
A layer that no measured function uses is compared with the limit by itself.

## How to fix it

Ship a container image (`PackageType: Image`, up to 10 GB), or look at the five biggest parts in the message: leave out
what the runtime has (boto3, the AWS SDK), replace heavy libraries, split functions that share one package.

## Known exceptions

`PackageType: Image` and code that only lies in S3.
"""

from collections.abc import Iterator

from archlint.api import Finding, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="PKG001",
    name="zip-package-too-large",
    severity=Severity.ERROR,
    summary="Function and its layers unpack to more than Lambda accepts",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
)


def check(context: RuleContext) -> Iterator[Finding]:
    limit = context.packages.limit("zip_unzipped_bytes")
    for node, package in context.packages.sums():
        if package.total <= limit or not package.exact:
            continue
        bound = "at least " if package.at_least else ""
        yield context.finding(
            (node, package.code_property),
            f"{node} unpacks to {bound}{package.total:,} bytes, Lambda accepts {limit:,} "
            f"(measured: {package.described}); biggest: {package.biggest}{package.uncounted}",
            related=package.layer_places(),
            key=(node.logical_id,),
        )
