"""AWS Proton bundles: found, lexed into templates without rendering, and linked with their environments."""

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
