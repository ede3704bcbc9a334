"""The schema lets developers choose a runtime from a list that has mostly passed away.

The list of runtimes is an `enum` in the platform's schema. Lambda ends runtimes every year; the list changes only when
somebody registers a new template version. Until then a team cannot choose a runtime that gets security patches, and
after the block dates it cannot even deploy.

## How to fix it

Let the team name the runtime: a `string` with a pattern, or no input at all once the function is in the team's own
stack. If the list has to stay, renew it and date it.

## Known exceptions

Lists of which less than half are deprecated, and runtimes that Lambda's table does not know. Dates are those of the
table that comes with archlint, so that a run finds the same tomorrow.
"""

from collections.abc import Iterator

from archlint.api import Finding, Param, Place, RuleContext, RuleMeta, Severity, Template, lambda_runtimes, proton

META = RuleMeta(
    id="PRO009",
    name="platform-pinned-runtime",
    severity=Severity.WARNING,
    summary="Schema offers mostly runtimes that Lambda has deprecated",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
    pillar="security",
    params={"ratio": Param("number", 0.5, 0, "share of deprecated runtimes from which a list is reported")},
)


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    for bundle in context.graph.bundles:
        if bundle.schema is None:
            continue
        reached = {name for template in bundle.parts.values() for name in _runtime_names(template)}
        for inputs in proton.input_types(bundle.schema):
            for name, declared in inputs.properties.items():
                offered = [value for value in proton.items(declared.get("enum")) if isinstance(value, str)]
                ended = [known for value in offered if (known := lambda_runtimes().get(value)) and known.is_deprecated]
                if f"{inputs.prefix}.{name}" not in reached or not ended:
                    continue
                if len(ended) >= context.params["ratio"] * len(offered):
                    dates = ", ".join(f"{runtime.name} since {runtime.deprecated}" for runtime in ended)
                    verb = "are" if len(ended) > 1 else "is"
                    yield context.finding(
                        Place(bundle.schema, (*inputs.place(name), "enum")),
                        f"{len(ended)} of the {len(offered)} runtimes that {name} offers {verb} deprecated: {dates}",
                        key=(bundle.template_name, name),
                        owner_of=proton.stack_node(context.graph, next(iter(bundle.parts.values()))),
                    )


def _runtime_names(template: Template) -> Iterator[str]:
    """The dotted names that reach a `Runtime` property, of a resource or of SAM's Globals."""
    for section in ("Resources", "Globals"):
        for where, name in proton.dotted_reads(template, template.section(section), (section,)):
            if "Runtime" in where:
                yield name
