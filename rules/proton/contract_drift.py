"""The two halves of a Proton contract do not fit: what one side reads, the other does not provide.

A service template reads outputs of its environment and inputs of its schema, a spec gives values for them, and a
registration file says which environments a service works with. Nothing checks these against each other before Proton
renders a template, and then the deployment of an instance fails.

| found | severity |
|---|---|
| an output that no declared environment provides | error |
| a required input that a spec does not give | error |
| an input that is read but not declared, a spec key that no schema knows | warning |
| an unknown key or entry in a registration file | warning |
| an input or output that nobody reads, an environment that is not in these files | note |

## How to fix it

Add the output or input, or correct the name; take out what nobody reads. A registration key with a typo is ignored
silently: the service then works with no environment at all.

## Known exceptions

Links that only the names of outputs suggest are no reason to report a missing one. Unused inputs and outputs are not
reported while a part cannot be read (TPL001), runs in CodeBuild, or passes all its inputs on.
"""

from collections.abc import Iterator

from archlint.api import Confidence, Finding, RuleContext, RuleMeta, Severity, proton

META = RuleMeta(
    id="PRO011",
    name="contract-drift",
    severity=Severity.ERROR,
    summary="Outputs, inputs, specs and registration of Proton bundles do not fit",
    help_uri="https://docs.aws.amazon.com/proton/latest/userguide/parameters.html",
    pillar="reliability",
)

SEVERITIES = {
    "missing-output": Severity.ERROR,
    "missing-key": Severity.ERROR,
    "undeclared-input": Severity.WARNING,
    "unknown-key": Severity.WARNING,
    "registration": Severity.WARNING,
}


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    for drift in proton.contract_drift(context.graph.bundles):
        part = next(iter(drift.bundle.parts.values()), None)
        yield context.finding(
            drift.at,
            drift.message,
            related=drift.also,
            severity=SEVERITIES.get(drift.kind, Severity.NOTE),
            confidence=Confidence.LOW if drift.kind == "doubtful-key" else None,
            key=(drift.kind, drift.bundle.template_name, drift.name),
            owner_of=proton.stack_node(context.graph, part) if part is not None else None,
        )
