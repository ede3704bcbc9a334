"""Something here calls AWS Proton, and Proton has ended.

Support ended on 7 October 2026. What Proton deployed is still there: the CloudFormation stacks, the Terraform state,
the resources. What called it fails: pipelines that update service instances, CodeBuild steps that report a status,
policies that allow its actions, resources of type `AWS::Proton::*`.

## How to fix it

Deploy the same templates without Proton: `archlint proton export BUNDLE DIR` writes each part as plain CloudFormation
with parameters in place of inputs. In the pipeline, `aws cloudformation deploy` takes the place of
`aws proton update-service-instance`, a stack output that of `get-service`; a status notification and permissions for
`proton:` actions go without replacement.

## Known exceptions

Comments. Trust policies that name `proton.amazonaws.com` are left to whoever removes the role.
"""

import re
from collections.abc import Iterator

from archlint.api import Document, Finding, Location, Region, RuleContext, RuleMeta, Severity, proton

META = RuleMeta(
    id="PRO010",
    name="retired-control-plane",
    severity=Severity.ERROR,
    summary="Template or pipeline calls AWS Proton, which ended on 2026-10-07",
    help_uri="https://docs.aws.amazon.com/proton/latest/userguide/proton-end-of-support.html",
    pillar="operational-excellence",
)

COMMAND = re.compile(r"\baws\s+proton\s+([^\n|;&]+)")
ACTION = re.compile(r"(?<![\w.-])proton:[A-Z*][A-Za-z*]*")
RESOURCE = re.compile(r"\bAWS::Proton::\w+")
MOST_NAMED = 4


def check(context: RuleContext) -> Iterator[Finding]:
    for template in context.templates:
        document = template.document
        calls = list(_calls(document)) if "roton" in document.text else []
        if calls:
            names = list(dict.fromkeys(name for name, _ in calls))
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            bundle = template.proton.bundle.template_name if template.proton is not None else None
            instead = f"deploy what {bundle} describes" if bundle is not None else "deploy"
            yield context.finding(
                calls[0][1],
                f"{', '.join(names[:MOST_NAMED])}{more}: AWS Proton ended on 2026-10-07, so this fails; {instead} with "
                "CloudFormation itself (archlint proton export)",
                related=[(location, name) for name, location in calls[1:]],
                key=("calls",),
                owner_of=proton.stack_node(context.graph, template),
            )


def _calls(document: Document) -> Iterator[tuple[str, Location]]:
    """Everything in a file that needs Proton's API, comments left out."""
    for row, written in enumerate(document.lines, 1):
        line = "" if written.lstrip().startswith("#") else written.partition(" #")[0]
        found = [(match, f"aws proton {_verb(match[1])}") for match in COMMAND.finditer(line)]
        found += [(match, match[0]) for pattern in (ACTION, RESOURCE) for match in pattern.finditer(line)]
        for match, name in found:
            stop = match.end(1) if match.re is COMMAND else match.end()
            stop = min(stop, match.start() + len("aws proton ") + 60)
            yield name, Location(document.name, Region(row, match.start() + 1, row, stop + 1))


def _verb(rest: str) -> str:
    """The operation among the options of a command, `update-service-instance`."""
    words = iter(rest.split())
    for word in words:
        if not word.startswith("-"):
            return word.strip("\"',")
        if "=" not in word:
            next(words, None)
    return "…"
