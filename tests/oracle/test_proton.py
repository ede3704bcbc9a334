"""Which Proton bundles of the corpus are flagged, by a table that people drew up by reading them.

A number is the count of findings; rules that say nothing about a bundle are left out.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archlint.config import Config
from archlint.lint import run

if TYPE_CHECKING:
    from archlint.lint import LintResult

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
SAMPLES = CORPUS / "aws-samples__aws-proton-cloudformation-sample-templates"
TUTORIAL = CORPUS / "mreferre__aws-proton-tutorial"

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no corpus of real templates at ../shared/corpus")

FUNCTION = {"PRO001": 1, "PRO002": 1, "PRO003": 1, "PRO009": 1, "PRO010": 1, "PRO012": 3, "PRO014": 1}
CONTAINER = {"PRO001": 1, "PRO004": 1, "PRO005": 1, "PRO010": 1, "PRO012": 2}
FLAGGED = {
    "apigw-lambda-svc": FUNCTION,
    "scheduled-lambda-svc": FUNCTION,
    "worker-lambda-svc": FUNCTION,
    "loadbalanced-fargate-svc": CONTAINER,
    "loadbalanced-public-svc": CONTAINER,
    "private-fargate-svc": CONTAINER,
    "vpc-env": {"PRO008": 1, "PRO011": 3},
    "microservices-env": {"PRO005": 1},
}
"""`vpc-env` has two more unused outputs than upstream: the App Runner service that reads them is not in the corpus."""


def _flagged(result: LintResult) -> dict[str, Counter[str]]:
    """Counts per bundle, by the name of the folder above its version."""
    found: dict[str, Counter[str]] = {}
    for finding in result.findings:
        folders = finding.location.file.split("/")
        name = folders[folders.index("v1") - 1] if "v1" in folders else finding.location.file
        found.setdefault(name, Counter())[finding.rule_id] += 1
    return found


def test_samples() -> None:
    result = run([SAMPLES], Config(select=("PRO", "TPL")))
    assert _flagged(result) == FLAGGED
    assert not result.notifications


def test_tutorial() -> None:
    assert _flagged(run([TUTORIAL], Config(select=("PRO", "TPL")))) == {"lb-fargate-svc": CONTAINER}
