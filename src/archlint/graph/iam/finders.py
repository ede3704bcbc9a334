"""The edge finders of policies, by resource type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.iam import collections, identity, protect

if TYPE_CHECKING:
    from archlint.graph.edges.table import Finder

FINDERS: dict[str, tuple[Finder, ...]] = {**collections.FINDERS, **identity.FINDERS, **protect.FINDERS}
