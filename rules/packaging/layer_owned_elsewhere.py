"""A layer version of somebody else, pinned by number: its owner can delete it or withdraw the permission at any time.

Functions that run keep the layer, but the next deployment of yours fails, and nobody tells you when a newer version
fixes a vulnerability. [Layer permissions](https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html)

## How to fix it

Copy the layer into your own account and declare it (`AWS::Serverless::LayerVersion`), or install the library with your
code. A layer of another team belongs behind an export or an SSM parameter, so that its owner sees who depends on it.

## Known exceptions

Layers of the account that the function's own role is in, and those that AWS publishes (Powertools, Lambda Insights,
OpenTelemetry, AppConfig, Parameters and Secrets …). `trusted` adds accounts.
"""

import re
from collections.abc import Iterator

from archlint.api import Finding, Node, Param, RuleContext, RuleMeta, Severity

META = RuleMeta(
    id="PKG008",
    name="layer-owned-elsewhere",
    severity=Severity.NOTE,
    summary="Function depends on a pinned layer version that somebody else owns",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html",
    params={"trusted": Param("list", [], description="account IDs whose layers are welcome")},
)


ROLE = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/")


def check(context: RuleContext) -> Iterator[Finding]:
    declared: dict[str, list[Node]] = {}
    for layer in context.graph.of_type("AWS::Lambda::LayerVersion"):
        declared.setdefault(str(context.values.value(layer, "LayerName")), []).append(layer)
    users: dict[tuple[str | None, str], dict[str, list[Node]]] = {}
    own: dict[str | None, set[str]] = {}
    for function in context.graph.of_type("AWS::Lambda::Function"):
        for name, owners in _foreign_layers(context, function, declared, own).items():
            layers = users.setdefault((function.file, " or ".join(sorted(owners))), {})
            layers.setdefault(name, []).append(function)
    for (_, whose), layers in users.items():
        first, *others = dict.fromkeys(function for functions in layers.values() for function in functions)
        named = ", ".join(list(layers)[:5]) + (f" and {len(layers) - 5} more" if len(layers) > 5 else "")
        yield context.finding(
            (first, "Layers"),
            f"{first} is pinned to {named}, which {whose} owns and can delete",
            related=[((other, "Layers"), f"{other} uses it too") for other in others],
            key=(first.logical_id, whose),
        )


def _own_accounts(one: Node, context: RuleContext) -> set[str]:
    """The accounts that a function's template is deployed to: a role is always of its function's own account."""
    beside = one.stack.nodes.values() if one.stack is not None else ()
    functions = (node for node in beside if node.type == "AWS::Lambda::Function")
    roles = (context.values.value(function, "Role") for function in functions)
    return {matched[1] for role in roles if isinstance(role, str) and (matched := ROLE.match(role))}


def _foreign_layers(
    context: RuleContext, function: Node, declared: dict[str, list[Node]], own: dict[str | None, set[str]]
) -> dict[str, set[str]]:
    """`name:version` of the layers that somebody else owns, with who that is: one per partition or region.

    `own` remembers the accounts of each file.
    """
    found: dict[str, set[str]] = {}
    for remote in context.packages.remote_layers(function):
        here = declared.get(remote.name, [])
        owners = {node.owner for node in here if node.owner is not None}
        is_foreign = function.owner is not None and bool(owners) and function.owner not in owners
        is_remote = not here and remote.account is not None and not remote.is_published_by_aws
        if is_remote and function.file not in own:
            own[function.file] = _own_accounts(function, context)
        is_remote = is_remote and str(remote.account) not in own[function.file]
        if (is_foreign or is_remote) and remote.account not in context.params["trusted"]:
            names = found.setdefault(f"{remote.name}:{remote.version}", set())
            names.update(owners or {f"account {remote.account}"})
    return found
