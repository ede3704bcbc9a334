"""The rules that archlint reports about itself: what it could not read, and what it was told in vain."""

from __future__ import annotations

from archlint.findings import Severity
from archlint.ruleset.rule import RuleMeta

UNREADABLE = "TPL001"
"""Reported unless it is ignored by name: a file that was skipped in silence would look clean."""

OWN_RULES: dict[str, RuleMeta] = {
    meta.id: meta
    for meta in (
        RuleMeta(
            id=UNREADABLE,
            name="unreadable-template",
            severity=Severity.ERROR,
            summary="File that is meant to be a template cannot be read",
            help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html",
            description="Syntax, a duplicate key, an alias bomb, too deep nesting or a wrong shape keep archlint from "
            "reading the file. The other files are linted all the same, but whatever this one declares is missing "
            "from the graph.",
            remediation="Repair the file at the line given. `aws cloudformation validate-template` refuses it as well.",
            pillar="operational-excellence",
        ),
        RuleMeta(
            id="TPL002",
            name="unused-suppression",
            severity=Severity.WARNING,
            summary="Suppression that suppresses nothing, or is not spelled as one",
            help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/metadata-section-structure.html",
            description="The mistake that it excuses is gone, it stands in the wrong place, it names a rule that does "
            "not exist, or it is malformed. One that is left over will hide the next finding of that rule there; one "
            "that is malformed hides nothing, although it looks as if it did.",
            remediation="Repair its spelling if the message says so; else delete it, or move it to the line above the "
            "finding.",
            exceptions="Suppressions of rules that did not run are not judged.",
            pillar="operational-excellence",
        ),
        RuleMeta(
            id="TPL003",
            name="not-expanded",
            severity=Severity.NOTE,
            summary="Part of a template was not expanded, so rules may have missed it",
            help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-section-structure.html",
            description="An unknown transform or macro, an unreadable include or a nested template that is not among "
            "the files can add, change or take away resources. Rules saw the template without them.",
            remediation="Lint the expanded template too, or put the included file below the linted folder.",
            pillar="operational-excellence",
        ),
    )
}
