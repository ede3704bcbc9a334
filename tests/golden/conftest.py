"""A run that has one of everything a report can show, over real templates."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from archlint.api import locate
from archlint.config import Config, RuleSettings
from archlint.findings import Confidence, Finding, Location, Notification, Severity, Suppression
from archlint.graph.model import EdgeKind
from archlint.lint import Estate, LintResult, Summary, build
from archlint.ruleset.own import OWN_RULES
from archlint.ruleset.rule import Param, RuleMeta
from archlint.template.document import Document, read_document
from archlint.template.model import TemplatePath

PROJECT = Path(__file__).parent / "project"
HELP = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"
SHOP = "shop/template.yaml"
BILLING = "billing/template.json"

VISIBILITY = RuleMeta(
    id="EVT101",
    name="visibility-below-function-timeout",
    severity=Severity.WARNING,
    summary="Queue hides a message for less than six times the timeout of its function",
    help_uri=HELP,
    description="Lambda may retry a throttled batch while the queue still hides it.\n\nThen it arrives twice.",
    remediation="Set `VisibilityTimeout` to six times the timeout, e.g. 180 s for 30 s. Or lower the timeout.",
    exceptions="None.",
    params={"factor": Param("integer", 6, 1, "times the timeout")},
)
LOOP = RuleMeta(
    id="EVT001",
    name="recursive-event-loop",
    severity=Severity.ERROR,
    summary="Function writes to what invokes it",
    help_uri="https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html",
    description="It starts itself again, without end.",
    remediation="Break the loop: see [AWS](https://docs.aws.amazon.com/).",
)
ROLE = RuleMeta(
    id="IAM005",
    name="unbounded-role",
    severity=Severity.NOTE,
    summary="Role may do anything",
    help_uri="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    enabled=False,
    pillar="security",
    precision=Confidence.LOW,
)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a git checkout, so that reports find its root."""
    root = tmp_path_factory.mktemp("golden") / "checkout"
    shutil.copytree(PROJECT, root)
    (root / ".git").mkdir()
    return root


@pytest.fixture(scope="session")
def estate(checkout: Path) -> Estate:
    return build([checkout], Config())


@pytest.fixture(scope="session")
def documents(checkout: Path, estate: Estate) -> dict[str, Document]:
    found = dict(estate.documents)
    for name in (SHOP, BILLING):
        found.setdefault(name, read_document(checkout / name, name))
    return found


Place = Callable[..., Location]


@pytest.fixture(scope="session")
def place(documents: dict[str, Document]) -> Place:
    def located(file: str, path: TemplatePath, message: str = "") -> Location:
        logical_id = str(path[1]) if len(path) > 1 else None
        return Location(file, documents[file].region(path), logical_id, message)

    return located


def _finding(meta: RuleMeta, message: str, at: Location, **more: object) -> Finding:
    found = Finding(
        meta.id,
        meta.name,
        meta.severity,
        meta.precision,
        message,
        at,
        key=(at.logical_id or "",),
        help_uri=meta.help_uri,
    )
    return msgspec.structs.replace(found, **more)


@pytest.fixture(scope="session")
def findings(place: Place, estate: Estate) -> tuple[Finding, ...]:
    jobs = ("Resources", "Jobs")
    timeout = ("Resources", "Worker", "Properties", "Timeout")
    topic = place(BILLING, ("Resources", "Topic"))
    policies = ("Resources", "Worker", "Properties", "Policies")
    events = ("Resources", "Worker", "Properties", "Events", "FromJobs")
    wanted = (EdgeKind.TRIGGERS, EdgeKind.PUBLISHES, EdgeKind.DELIVERS)
    loop = [edge for edge in estate.graph.edges if edge.kind in wanted]
    flow = tuple(locate(edge, f"{edge.source} {edge.kind.value} {edge.target}") for edge in loop)
    return (
        _finding(
            LOOP,
            "event loop: nothing stops it",
            topic,
            related=flow,
            flow=flow,
            owner="billing",
            confidence=Confidence.MEDIUM,
        ),
        _finding(OWN_META, "key Type stands twice in one mapping", Location("broken.yaml", place(SHOP, ()).region)),
        _finding(
            VISIBILITY,
            "Jobs hides a message for 60 s, less than 6 x the 30 s timeout of Worker",
            place(SHOP, (*jobs, "Properties", "VisibilityTimeout")),
            related=(place(SHOP, timeout, "Worker may run for 30 s"),),
            owner="orders",
        ),
        _finding(
            VISIBILITY,
            "accepted [in](the) template",
            place(SHOP, jobs),
            suppression=Suppression("inSource", "drained by hand", place(SHOP, timeout)),
            occurrence=1,
        ),
        _finding(
            VISIBILITY,
            "accepted once",
            place(SHOP, ("Resources", "Worker")),
            suppression=Suppression("external", "old"),
        ),
        _finding(
            ROLE,
            "100% of a:b,c \x1b[31m\u202e[here](there)\nsecond line",
            place(SHOP, ("Resources", "Ordner", "Properties", "Tags", 0, "Key")),
            related=tuple(
                place(SHOP, path, f"place {number}") for number, path in enumerate((jobs, timeout, policies, events))
            ),
        ),
    )


OWN_META = OWN_RULES["TPL001"]


@pytest.fixture(scope="session")
def result(checkout: Path, estate: Estate, documents: dict[str, Document], findings: tuple[Finding, ...]) -> LintResult:
    config = Config().override(
        "test", rules={"EVT101": RuleSettings(Severity.ERROR, {"factor": 3})}, baseline=checkout / "baseline.json"
    )
    crash = Notification("rule EVT114 crashed: KeyError: 'x'", Severity.ERROR, "EVT114", detail="Traceback\n  line")
    unread = Notification("other.yaml cannot be read: Permission denied")
    metas = tuple(sorted([*OWN_RULES.values(), VISIBILITY, LOOP, ROLE], key=lambda meta: meta.id))
    summary = Summary(templates=2, resources=6, edges=9, findings=4, suppressed=1, baselined=1)
    return LintResult(
        checkout,
        findings,
        (crash, unread),
        metas,
        summary,
        estate.graph,
        documents,
        config,
        ("EVT101 in shop/template.yaml (Gone)",),
    )
