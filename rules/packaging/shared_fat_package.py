"""Functions that share one code folder each carry all of it: a change for one redeploys all, and each cold start pays.

The sum of everybody's dependencies counts against every function's 250 MiB, and a vulnerability in one library is in
all of them. [Best practices](https://docs.aws.amazon.com/lambda/latest/dg/best-practices.html)

## How to fix it

One folder per function, with the common code in a layer or in a package that each installs. For Node.js, `BuildMethod:
esbuild` bundles only what each handler imports.

## Known exceptions

Bundling builders (`esbuild`, `makefile`, `rust-cargolambda`, Go, custom runtimes): each function gets its own output.
Small packages, up to `min_bytes`.
"""

from collections.abc import Iterator

from archlint.api import Finding, Param, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="PKG006",
    name="shared-fat-package",
    severity=Severity.WARNING,
    summary="Several functions carry the same large package for different handlers",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/best-practices.html",
    params={
        "min_bytes": Param("integer", 5_000_000, minimum=0, description="unpacked bytes above which it is reported")
    },
    pillar="performance-efficiency",
)


def check(context: RuleContext) -> Iterator[Finding]:
    for package, functions in context.packages.sharing("AWS::Lambda::Function"):
        first, *others = functions
        handlers = {handler for node in functions if isinstance(handler := context.values.value(node, "Handler"), str)}
        size, is_estimate = context.packages.whole_size(first)
        if len(handlers) < 2 or size <= context.params["min_bytes"]:
            continue
        about = "about " if is_estimate else ""
        named = ", ".join(node.logical_id for node in functions[:5])
        more = f" and {len(functions) - 5} more" if len(functions) > 5 else ""
        yield context.finding(
            (first, "Code"),
            f"{len(functions)} functions with {len(handlers)} handlers each carry the same package of {about}{size:,} "
            f"bytes ({package.described}): {named}{more}",
            related=[((other, "Code"), f"{other} carries it too") for other in others],
            key=(first.logical_id,),
        )
