"""What the stages tell about the files they look at, for whoever keeps results."""

from __future__ import annotations

import sys

MISSED = "archlint.missed"
"""Audit event: a file or folder that a template names is not there. Python itself tells what is opened and listed."""


def missed(path: str) -> None:
    """Tells that a path was looked for in vain: a result changes when something appears there."""
    sys.audit(MISSED, path)
