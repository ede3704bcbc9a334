"""Comments and Metadata entries that accept findings."""

import textwrap
from pathlib import Path

import pytest

from archlint import suppressions
from archlint.config import Config
from archlint.findings import Confidence, Finding, Location, Region, Severity
from archlint.lint import build
from archlint.suppressions.comments import parse_comment
from archlint.template.document import Document, read_document

ACCEPTED = [
    ("# archlint: ignore[EVT101] drained by hand", ("EVT101",), "drained by hand"),
    ("#archlint: ignore[EVT101] no blank behind the hash", ("EVT101",), "no blank behind the hash"),
    ("#   archlint: ignore[EVT101]   blanks around   ", ("EVT101",), "blanks around"),
    ("# archlint: ignore[EVT101,DAT007] two rules", ("EVT101", "DAT007"), "two rules"),
    ("# archlint: ignore[EVT101, DAT007] two rules", ("EVT101", "DAT007"), "two rules"),
    ("# archlint: ignore[EVT101] see #42 [ticket]", ("EVT101",), "see #42 [ticket]"),
    ("# archlint: ignore[EVT101] - dash", ("EVT101",), "- dash"),
]

REFUSED = [
    ("# archlint: ignore[EVT101]", "the reason is missing"),
    ("# archlint: ignore[EVT101]   ", "the reason is missing"),
    ("# archlint: ignore[EVT101]: drained", "a space must follow the bracket"),
    ("# archlint: ignore[EVT101]drained", "a space must follow the bracket"),
    ("# archlint: ignore[] drained", "no rule ID is named"),
    ("# archlint: ignore[EVT101,] drained", "no rule ID is named"),
    ("# archlint: ignore[evt101] drained", "write `EVT101`"),
    ("# archlint: ignore[EVT] drained", "a prefix accepts too much"),
    ("# archlint: ignore[*] drained", "`*` is not a rule ID"),
    ("# archlint: ignore[visibility-below-function-timeout] x", "is not a rule ID"),
    ("# archlint: ignore EVT101 drained", "in brackets"),
    ("# archlint: ignore(EVT101) drained", "in brackets"),
    ("# archlint: ignore [EVT101] drained", "in brackets"),
    ("# archlint: ignore", "in brackets"),
    ("# archlint: disable[EVT101] drained", "not how a suppression is spelt"),
    ("# archlint:ignore[EVT101] drained", "not how a suppression is spelt"),
    ("# archlint:  ignore[EVT101] drained", "not how a suppression is spelt"),
    ("# Archlint: ignore[EVT101] drained", "not how a suppression is spelt"),
    ("# ARCHLINT: IGNORE[EVT101] drained", "not how a suppression is spelt"),
    ("# archlint ignore[EVT101] drained", "not how a suppression is spelt"),
    ("# archlint-ignore[EVT101] drained", "not how a suppression is spelt"),
    ("# archlint: noqa", "not how a suppression is spelt"),
    ("# archlint ignore EVT101", "not how a suppression is spelt"),
    ("# archlint=ignore[EVT101] drained", "not how a suppression is spelt"),
    ("## archlint: ignore[EVT101] drained", "not how a suppression is spelt"),
]

PROSE = [
    "# archlint finds this",
    "# see the archlint baseline",
    "# we ignore what archlint says",
    "# archlint ignores generated files",
    "# checked: archlint: ignore[EVT101] quoted in the middle",
    '# want: EVT101 "archlint"',
]


@pytest.mark.parametrize(("comment", "rule_ids", "reason"), ACCEPTED)
def test_comment_when_spelt_right(comment: str, rule_ids: tuple[str, ...], reason: str) -> None:
    parsed = parse_comment(comment)
    assert parsed is not None
    assert parsed.complaint == ""
    assert tuple(rule_id for rule_id, _ in parsed.rule_ids) == rule_ids
    assert all(comment[offset:].startswith(rule_id) for rule_id, offset in parsed.rule_ids)
    assert parsed.reason == reason


@pytest.mark.parametrize(("comment", "complaint"), REFUSED)
def test_comment_when_spelt_wrong(comment: str, complaint: str) -> None:
    parsed = parse_comment(comment)
    assert parsed is not None
    assert complaint in parsed.complaint
    assert not parsed.rule_ids


@pytest.mark.parametrize("comment", PROSE)
def test_comment_when_it_only_mentions_archlint(comment: str) -> None:
    assert parse_comment(comment) is None


def document(text: str, name: str = "template.yaml") -> Document:
    return read_document(Path("/nowhere") / name, name, textwrap.dedent(text).lstrip("\n"))


def finding(
    line: int,
    rule_id: str = "EVT101",
    *,
    file: str = "template.yaml",
    logical_id: str | None = None,
    related: tuple[Location, ...] = (),
) -> Finding:
    location = Location(file, Region(line, 7, line, 20), logical_id)
    return Finding(rule_id, "name", Severity.WARNING, Confidence.HIGH, "message", location, related)


def related(line: int, *, file: str = "template.yaml", logical_id: str | None = None) -> tuple[Location, ...]:
    return (Location(file, Region(line, 7, line, 20), logical_id, "label"),)


def outcome(source: Document, *findings: Finding) -> tuple[list[str | None], list[str]]:
    """The reason that each finding is suppressed for, and the messages about the rest."""
    kept, complaints = suppressions.apply(findings, {source.name: source}, None)
    reasons = [item.suppression.reason if item.suppression else None for item in kept]
    return reasons, [f"{item.location.region.start_line}: {item.message}" for item in complaints]


QUEUE = """
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      # archlint: ignore[EVT101] drained by hand
      VisibilityTimeout: 60
      Tags: []  # archlint: ignore[EVT102] behind the line
  Other:
    Type: AWS::SQS::Queue
"""


def test_comment_on_the_line_above_and_behind() -> None:
    assert outcome(document(QUEUE), finding(6), finding(7, "EVT102")) == (["drained by hand", "behind the line"], [])


def test_comment_holds_for_its_own_rule_and_line_only() -> None:
    reasons, complaints = outcome(document(QUEUE), finding(6, "EVT102"), finding(7, "EVT101"), finding(5), finding(9))
    assert reasons == [None, None, None, None]
    assert complaints == [
        "5: ignore[EVT101] suppresses nothing, remove it",
        "7: ignore[EVT102] suppresses nothing, remove it",
    ]


def test_comment_in_another_file() -> None:
    assert outcome(document(QUEUE), finding(6, file="other.yaml"))[0] == [None]


def test_comment_on_a_related_line() -> None:
    reasons, _ = outcome(document(QUEUE), finding(3, file="other.yaml", related=related(6)))
    assert reasons == ["drained by hand"]


def test_comments_stacked_above_a_line() -> None:
    source = document(
        """
        Resources:
          Jobs:
            # archlint: ignore[EVT101] first
            # prose between
            # archlint: ignore[EVT102] second
            Type: AWS::SQS::Queue
        """
    )
    assert outcome(source, finding(6), finding(6, "EVT102")) == (["first", "second"], [])


def test_comment_with_a_blank_line_below_covers_that_line_only() -> None:
    source = document("Resources:\n  Jobs:\n    # archlint: ignore[EVT101] lost\n\n    Type: AWS::SQS::Queue\n")
    assert outcome(source, finding(5))[0] == [None]


@pytest.mark.parametrize(
    "declaration",
    ["  Jobs:  # archlint: ignore[EVT101] whole", "  # archlint: ignore[EVT101] whole\n  Jobs:"],
    ids=["behind", "above"],
)
def test_comment_at_the_logical_id_covers_the_resource(declaration: str) -> None:
    source = document(
        f"Resources:\n{declaration}\n    Type: A\n    Properties:\n      DelaySeconds: 3\n  Other:\n    Type: X\n"
    )
    last = len(source.lines) - 3
    assert source.lines[last - 1].strip() == "DelaySeconds: 3"
    assert outcome(source, finding(last), finding(2), finding(last + 1), finding(last + 2))[0][:1] == ["whole"]
    assert outcome(source, finding(last + 1), finding(last + 2))[0] == [None, None]
    assert outcome(source, finding(3, file="other.yaml", related=related(last)))[0] == ["whole"]


def test_comment_at_the_logical_id_covers_its_part_of_globals() -> None:
    source = document(
        """
        Globals:
          Function:
            Timeout: 30
        Resources:
          Worker:  # archlint: ignore[EVT101] whole
            Type: AWS::Serverless::Function
        """
    )
    assert outcome(source, finding(3, logical_id="Worker"), finding(3, logical_id="Elsewhere"))[0] == ["whole", None]


def test_comment_at_the_logical_id_covers_what_sam_generates(tmp_path: Path) -> None:
    text = """\
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Timeout: 30, Runtime: python3.13}}
Resources:
  Worker:  # archlint: ignore[IAM005] whole
    Type: AWS::Serverless::Function
    Properties: {Handler: app.handler, CodeUri: src}
"""
    (tmp_path / "template.yaml").write_text(text)
    estate = build([tmp_path], Config())
    generated = finding(2, "IAM005", logical_id="WorkerRole")
    kept, unused = suppressions.apply([generated], estate.documents, estate.graph)
    assert [item.suppression.reason for item in kept if item.suppression] == ["whole"]
    assert unused == []


def test_comment_in_a_proton_bundle_is_read_as_written(tmp_path: Path) -> None:
    part = tmp_path / "service/v1/instance_infrastructure"
    part.mkdir(parents=True)
    (part / "manifest.yaml").write_text(
        "infrastructure:\n  templates:\n    - file: cloudformation.yaml\n"
        "      engine: cloudformation\n      rendering_engine: jinja\n"
    )
    (part / "cloudformation.yaml").write_text(
        "{% set x = 1 %}\nResources:\n  # archlint: ignore[EVT101] for {{ environment.name }}\n"
        "  {% if environment.inputs.queue %}\n  Jobs:\n    Type: AWS::SQS::Queue\n  {% endif %}\n"
    )
    documents = build([tmp_path], Config()).documents
    [name] = [name for name in documents if name.endswith("cloudformation.yaml")]
    kept, unused = suppressions.apply([finding(5, file=name)], documents, None)
    assert kept[0].suppression is not None, unused
    assert kept[0].suppression.reason == "for {{ environment.name }}"
    assert kept[0].suppression.location == Location(name, Region(3, 22, 3, 28))


@pytest.mark.parametrize(
    "value",
    [
        "|\n  # archlint: ignore[EVT101] in a block scalar\n  more",
        ">-\n\n  # archlint: ignore[EVT101] folded\n",
        '"# archlint: ignore[EVT101] quoted"',
        "'first\n  # archlint: ignore[EVT101] quoted over lines'",
        "'isn''t # archlint: ignore[EVT101] quoted'",
    ],
)
def test_comment_inside_a_scalar_is_text(value: str) -> None:
    source = document(f"Description: {value}\nResources: {{}}\n")
    assert outcome(source, finding(1), finding(2), finding(3)) == ([None, None, None], [])


def test_comment_at_the_head_and_the_foot_of_a_block_scalar() -> None:
    source = document(
        """
        Resources:
          Jobs:
            Type: X
            Text: |  # archlint: ignore[EVT101] head
              # archlint: ignore[EVT102] text
              body
            # archlint: ignore[EVT103] foot
            Last: 1
        """
    )
    assert outcome(source, finding(4), finding(4, "EVT102"), finding(8, "EVT103")) == (["head", None, "foot"], [])


def test_malformed_comment_says_what_is_wrong() -> None:
    source = document("Resources:\n  Jobs:  # archlint: ignore[EVT101]\n    Type: X\n")
    reasons, complaints = outcome(source, finding(2))
    assert reasons == [None]
    assert complaints == ["2: the reason is missing: # archlint: ignore[EVT101] reason"]


def test_two_comments_for_one_finding_are_both_used() -> None:
    source = document(
        """
        Resources:
          # archlint: ignore[EVT101] whole
          Jobs:
            Type: X  # archlint: ignore[EVT101] line
        """
    )
    assert outcome(source, finding(4)) == (["line"], [])


JSON = """
{"Metadata": {"archlint": {"ignore": [{"id": "ORG008", "reason": "split is planned"}]}},
 "Resources": {
  "Jobs": {"Type": "AWS::SQS::Queue",
    "Metadata": {"aws:cdk:path": "x", "archlint": {"ignore": [{"id": "EVT101", "reason": "by hand"}]}},
    "Properties": {"Note": "# archlint: ignore[EVT102] text"}},
  "Other": {"Type": "AWS::SQS::Queue"}}}
"""


def test_metadata_of_a_resource_and_of_the_template() -> None:
    source = document(JSON)
    assert outcome(source, finding(5), finding(6), finding(6, "ORG008")) == (["by hand", None, "split is planned"], [])


def test_metadata_of_the_template_covers_primary_locations_only() -> None:
    assert outcome(document(JSON), finding(1, "ORG008", file="other.yaml", related=related(5)))[0] == [None]


def test_metadata_without_effect() -> None:
    assert outcome(document(JSON))[1] == [
        "1: ignore[ORG008] suppresses nothing, remove it",
        "4: ignore[EVT101] on Jobs suppresses nothing, remove it",
    ]


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        ("{archlint: {ignore: [{id: EVT101}]}}", "the reason is missing"),
        ("{archlint: {ignore: [{id: EVT101, reason: ' '}]}}", "the reason is missing"),
        ("{archlint: {ignore: [{id: EVT101, reason: 3}]}}", "the reason is missing"),
        ("{archlint: {ignore: [{reason: x}]}}", "no rule ID is named"),
        ("{archlint: {ignore: [{id: EVT, reason: x}]}}", "a prefix accepts too much"),
        ("{archlint: {ignore: [{id: EVT101, reason: x, until: y}]}}", "unknown key `until`"),
        ("{archlint: {ignore: [EVT101]}}", "must be a mapping"),
        ("{archlint: {ignore: {id: EVT101, reason: x}}}", "must be a list"),
        ("{archlint: {ignored: []}}", "nothing is ignored here"),
        ("{archlint: EVT101}", "nothing is ignored here"),
    ],
)
def test_metadata_when_malformed(metadata: str, complaint: str) -> None:
    source = document(f"Resources:\n  Jobs:\n    Type: X\n    Metadata: {metadata}\n")
    reasons, complaints = outcome(source, finding(3))
    assert reasons == [None]
    assert complaint in complaints[0]
    assert complaints[0].startswith("4: ")


@pytest.mark.parametrize(
    "text", ["[archlint]", "Resources: [archlint]", "Resources:\n  A: archlint\n", "archlint", "Metadata: archlint"]
)
def test_odd_documents_are_survived(text: str) -> None:
    assert outcome(document(text), finding(1)) == ([None], [])


def test_rules_that_did_not_run_leave_their_suppressions_alone() -> None:
    source = document(QUEUE)
    _, complaints = suppressions.apply([], {source.name: source}, None, ran={"EVT102"}, known={"EVT101", "EVT102"})
    assert [item.message for item in complaints] == ["ignore[EVT102] suppresses nothing, remove it"]


def test_equal_complaints_have_fingerprints_of_their_own() -> None:
    source = document("Resources: {}  # archlint: ignore[EVT101]\nOutputs: {}  # archlint: ignore[EVT101]\n")
    _, complaints = suppressions.apply([], {source.name: source}, None)
    assert len({item.fingerprint for item in complaints}) == 2


def test_unknown_rules_are_named() -> None:
    source = document(QUEUE)
    _, complaints = suppressions.apply([], {source.name: source}, None, ran=set(), known={"EVT102", "EVT111"})
    assert [item.message for item in complaints] == ["no rule is called EVT101, did you mean EVT111?"]


def test_the_finding_about_unused_suppressions_cannot_be_suppressed() -> None:
    source = document("Resources: {}  # archlint: ignore[TPL002] tidy\n")
    assert outcome(source)[1] == ["1: TPL002 cannot be suppressed; remove what is unused"]


def test_suppression_says_where_it_stands() -> None:
    source = document(QUEUE)
    kept, _ = suppressions.apply([finding(6)], {source.name: source}, None)
    assert kept[0].suppression is not None
    assert kept[0].suppression.kind == "inSource"
    assert kept[0].suppression.location == Location("template.yaml", Region(5, 26, 5, 32), None)
