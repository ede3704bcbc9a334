"""AWS Proton bundles: found, lexed into templates without rendering, and linked with their environments.

Names are imported when they are first used: most runs have no bundle.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archlint.template.proton.layout import find_bundles, load_bundles
    from archlint.template.proton.links import BundleLinks, EnvironmentLink, environment_output, link_bundles
    from archlint.template.proton.parts import load_part

__all__ = [
    "BundleLinks",
    "EnvironmentLink",
    "environment_output",
    "find_bundles",
    "link_bundles",
    "load_bundles",
    "load_part",
]

_MODULES = {
    "find_bundles": "layout",
    "load_bundles": "layout",
    "load_part": "parts",
    **dict.fromkeys(("BundleLinks", "EnvironmentLink", "environment_output", "link_bundles"), "links"),
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
