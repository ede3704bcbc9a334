"""Findings that somebody accepted in the template itself, by a comment or by Metadata."""

from archlint.suppressions.matching import apply

__all__ = ["apply"]
