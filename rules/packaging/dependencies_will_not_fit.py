"""The code fits, but what its lock file will install beside it does not: the build succeeds, the deployment fails.

Lambda accepts 262,144,000 bytes (250 MiB) of unpacked code and layers.
[Lambda quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)

## How it is measured

Only where the source folder is all there is: a build folder, a CDK asset or an archive holds the dependencies already
and is measured by PKG001. The production dependencies come from `requirements.txt`, `uv.lock`, `pylock.toml`,
`poetry.lock`, `Pipfile.lock` or `package-lock.json` next to the code; groups, extras and markers that do not apply on
Lambda are left out. Each one's size is that of a wheel or installed copy next to the code, else its wheel's size in
the lock file times a ratio (of the same package as measured for a shipped table, else 2.9, the weighted mean of popular
wheels), else that in the table. Packages that none of these know count nothing, so the sum leans low. It stays an
estimate, hence a warning at most.

## How to fix it

Build a container image, choose a smaller distribution (`opencv-python-headless`, a CPU build, `pyarrow` without
extras), or drop the dependency. `sam build` shows the real size.

## Known exceptions

Builders that bundle or compile (`BuildMethod: esbuild`, `makefile` …), dependencies that lie in the folder already, and
what PKG001 reports.
"""

from collections.abc import Iterator

from archlint.api import Confidence, Finding, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="PKG003",
    name="dependencies-will-not-fit",
    severity=Severity.WARNING,
    summary="Code and locked dependencies will not fit into a zip package",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    precision=Confidence.MEDIUM,
)


def check(context: RuleContext) -> Iterator[Finding]:
    limit = context.packages.limit("zip_unzipped_bytes")
    for node, package in context.packages.sums():
        expected = context.packages.expected(node, package)
        if expected is None or package.total > limit or expected.total <= limit:
            continue
        yield context.finding(
            (node, package.code_property),
            f"{node} will unpack to about {expected.total:,} bytes, Lambda accepts {limit:,}: {package.total:,} "
            f"measured, {expected.added:,} from {expected.files} (by {expected.basis}); biggest: {expected.biggest}",
            related=package.layer_places(),
            key=(node.logical_id,),
        )
