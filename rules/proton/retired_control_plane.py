"""Something here calls AWS Proton, and Proton has ended.

Support ended on 7 October 2026. What Proton deployed is still there: the CloudFormation stacks, the Terraform state,
the resources. What called it fails: pipelines that update service instances, CodeBuild steps that report a status,
policies that allow its actions, resources of type `AWS::Proton::*`.

## How to fix it

Deploy the same templates without Proton: `archlint proton export BUNDLE DIR` writes each part as plain CloudFormation
with parameters in place of inputs. In the pipeline, `aws cloudformation deploy` takes the place of
`aws proton update-service-instance`, a stack output that of `get-service`; a status notification and permissions for
`proton:` actions go without replacement. Terraform and what CodeBuild runs stay as they are: a pipeline of your own
runs `terraform apply`, or the commands of the manifest, with the inputs in a file.

## Known exceptions

Comments. Trust policies that name `proton.amazonaws.com` are left to whoever removes the role.
"""

import re
from collections.abc import Iterator

from archlint.api import Document, Finding, Location, Region, RuleContext, RuleMeta, Severity, Template, proton

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
        documents = [template.document, *_scanned(template)]
        calls = [call for document in documents if "roton" in document.text for call in _calls(document)]
        if calls:
            names = list(dict.fromkeys(name for name, _ in calls))
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            yield context.finding(
                calls[0][1],
                f"{', '.join(names[:MOST_NAMED])}{more}: AWS Proton ended on 2026-10-07, so this fails; "
                f"{_instead(template)}",
                related=[(location, name) for name, location in calls[1:]],
                key=("calls",),
                owner_of=proton.stack_node(context.graph, template),
            )


def _is_opaque(template: Template) -> bool:
    """Whether the part is Terraform or run by CodeBuild: all that there is of it is the manifest."""
    part = template.proton
    return part is not None and any(template.document is manifest for manifest in part.bundle.manifests.values())


def _scanned(template: Template) -> list[Document]:
    """The Terraform files of a part."""
    part = template.proton
    if part is None or not _is_opaque(template):
        return []
    folder = template.document.name.rpartition("/")[0] + "/"
    return [source for source in part.bundle.sources if source.name.startswith(folder)]


def _instead(template: Template) -> str:
    """What to do in place of Proton."""
    name = template.proton.bundle.template_name if template.proton is not None else None
    if _is_opaque(template):
        return f"provision what {name} describes from a pipeline of your own"
    what = f"deploy what {name} describes" if name is not None else "deploy"
    return f"{what} with CloudFormation itself (archlint proton export)"


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
