"""The pipeline of one service reaches farther than its service.

Three ways were seen again and again: the artifact store trusts the whole account of an environment
(`arn:aws:iam::…:root`), so everything there may read what is deployed; something of the first instance
(`service_instances[0]`) decides about all of them; a role may use `proton:` actions on `*`, that is on the services of
every team.

## How to fix it

Trust the role that deploys, not the account. Pass what instances differ in as an input of the pipeline, or loop over
the instances. Name the service in `Resource`; since Proton has ended the statement can go altogether (PRO010).

## Known exceptions

Loops over all instances. Account roots that are written as plain numbers.
"""

import re
from collections.abc import Iterator

from archlint.api import Finding, Location, RuleContext, RuleMeta, Severity, Template, proton

META = RuleMeta(
    id="PRO012",
    name="pipeline-global-coupling",
    severity=Severity.NOTE,
    summary="Pipeline trusts an account, or one instance decides for all",
    help_uri="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
    pillar="security",
)

FIRST_INSTANCE = re.compile(r"service_instances\[\d+\]")


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    for bundle, template in proton.parts(context.graph, "service", "pipeline"):
        name = bundle.template_name
        for kind, message, places in (
            ("root", f"the pipeline of {name} trusts a whole account", _trusted_accounts(template)),
            (
                "first",
                f"the pipeline of {name} reads its first instance, which so decides for all",
                _first_instances(template),
            ),
            ("actions", f"the pipeline of {name} may use proton: actions on every service", _actions(template)),
        ):
            found = list(places)
            if found:
                yield context.finding(
                    found[0],
                    message + (f" ({len(found)} places)" if len(found) > 1 else ""),
                    related=[(location, "here too") for location in found[1:]],
                    key=(kind,),
                    owner_of=proton.stack_node(context.graph, template),
                )


def _trusted_accounts(template: Template) -> Iterator[Location]:
    for where, text in proton.scalars(template.section("Resources"), ("Resources",)):
        if "Principal" in where and text.endswith(":root") and proton.names_in(template, text):
            yield proton.location(template, *where)


def _first_instances(template: Template) -> Iterator[Location]:
    if template.proton is not None:
        yield from (location for path, location in template.proton.reads if FIRST_INSTANCE.match(path))


def _actions(template: Template) -> Iterator[Location]:
    for path, statement in proton.allow_statements(template):
        actions = [action for action in proton.items(statement.get("Action")) if isinstance(action, str)]
        if "*" in proton.items(statement.get("Resource")) and any(a.startswith("proton:") for a in actions):
            yield proton.location(template, *path, "Action")
