"""A native library for another system or processor fails at the first import, not at deployment.

It gets into the package when dependencies are installed on a laptop (macOS, an Arm machine) instead of for Lambda:
`sam build` picks Linux wheels, `pip install -t` does not.
[Why does my function fail to import](https://docs.aws.amazon.com/lambda/latest/dg/python-package.html)

## How it is measured

By the head of each `.so`, `.node`, `.dylib` and `.pyd` in the package. A dependency that brings builds for several
systems is silent when one of them fits.

## How to fix it

Build with `sam build --use-container`, or install with `pip install --platform manylinux2014_x86_64
--only-binary=:all:` (`manylinux2014_aarch64` for `arm64`), or set `Architectures` to what the package was built for.

## Known exceptions

Layers that do not say which architectures they fit.
"""

from collections.abc import Iterator

from archlint.api import Finding, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="PKG009",
    name="native-build-as-zip",
    severity=Severity.NOTE,
    summary="Package holds native libraries that cannot load on its architecture",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/python-package.html",
)


def check(context: RuleContext) -> Iterator[Finding]:
    for _, nodes in context.packages.sharing("AWS::Lambda::Function", "AWS::Lambda::LayerVersion"):
        for node in nodes:
            foreign = context.packages.foreign_binaries(node)
            if not foreign:
                continue
            libraries = "library" if len(foreign) == 1 else "libraries"
            built_for = ", ".join(dict.fromkeys(binary.built_for for binary in foreign))
            named = ", ".join(binary.path for binary in foreign[:3])
            code = "Code" if node.type == "AWS::Lambda::Function" else "Content"
            yield context.finding(
                (node, "Architectures" if context.values.exists(node, "Architectures") else code),
                f"{node} holds {len(foreign)} native {libraries} built for {built_for}, which its "
                f"architecture cannot load: {named}",
                key=(node.logical_id,),
            )
            break
