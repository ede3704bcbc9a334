"""What the stages tell about the files they look at, for whoever keeps results."""

from __future__ import annotations

import sys

LOOKED_FOR = "archlint.looked_for"
"""Audit event: a path that is not there, or that links lead to. Python itself tells what is opened and listed."""


def looked_for(path: str) -> None:
    """Tells that a path was looked for: a result changes when something else is found there."""
    sys.audit(LOOKED_FOR, path)


def looked_into(folder: str) -> None:
    """Tells that the time of a folder counts, which changes with what lies in it: as if it had been listed."""
    sys.audit("os.scandir", folder)
