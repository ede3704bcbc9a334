"""Which environment a service runs in, and what stands behind `environment.outputs.X`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from archlint.template.model import Place
from archlint.template.proton.schema import input_types
from archlint.template.proton.specs import shared_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archlint.template.document import Document
    from archlint.template.model import ProtonBundle, Template

# https://docs.aws.amazon.com/proton/latest/userguide/svc-parameters.html, and the alias of ag-troubleshooting.html
_OUTPUT = re.compile(r"(?:service_instances?(?:\[[^\]]*\])?\.)?environment\.outputs\.(\w+)")


class EnvironmentLink(msgspec.Struct, frozen=True):
    """An environment bundle that a service or component may run in.

    `inferred` when no registration file says so and only the names of its outputs fit.
    """

    environment: ProtonBundle
    inferred: bool


class BundleLinks:
    """The environments of every service and component bundle."""

    def __init__(self, links: dict[ProtonBundle, tuple[EnvironmentLink, ...]]) -> None:
        self._links = links

    def environments(self, bundle: ProtonBundle) -> tuple[EnvironmentLink, ...]:
        """The environments of one bundle, in the order of its registration file."""
        return self._links.get(bundle, ())

    def services(self, environment: ProtonBundle) -> list[ProtonBundle]:
        """The bundles that run in an environment."""
        return [
            bundle for bundle, links in self._links.items() if any(link.environment is environment for link in links)
        ]

    def environment_output(self, template: Template, path: str) -> tuple[Template, str, bool] | None:
        """The environment's template, the output's name, and whether the link is inferred; None when not known."""
        name = output_name(path)
        if name is None or template.proton is None:
            return None
        for link in self.environments(template.proton.bundle):
            found = link.environment.parts.get("environment")
            if found is not None and name in found.section("Outputs"):
                return found, name, link.inferred
        return None


def output_name(path: str) -> str | None:
    """`VpcId` of `environment.outputs.VpcId` (or of its aliases); None for any other path."""
    match = _OUTPUT.match(path)
    return match[1] if match is not None else None


def outputs_provided(bundle: ProtonBundle) -> dict[str, Place] | None:
    """The outputs of an environment and where each is declared; None when they cannot be known."""
    part = bundle.parts.get("environment")
    if part is not None:
        if "environment" in bundle.unparsed_parts:
            return None
        scanned = {name: Place(source, (name,)) for source in bundle.sources for name in _keys(source)}
        return {name: scanned.get(name, part.place("Outputs", name)) for name in part.section("Outputs")}
    if bundle.manifests or bundle.schema is None:
        return None
    # A customer managed environment has no infrastructure; its "inputs" are the outputs that somebody types in.
    return {
        name: Place(bundle.schema, found.place(name))
        for found in input_types(bundle.schema)
        for name in found.properties
    }


def _keys(source: Document) -> Iterable[str]:
    return source.data if isinstance(source.data, dict) else ()


def outputs_read(bundle: ProtonBundle) -> set[str]:
    """The names of the environment outputs that a bundle's parts read."""
    reads = (read for part in bundle.parts.values() if part.proton is not None for read in part.proton.reads)
    return {name for path, _ in reads if (name := output_name(path)) is not None}


def link_bundles(bundles: Iterable[ProtonBundle]) -> BundleLinks:
    """Finds the environments of all services and components; parts must be loaded."""
    return _link_bundles(tuple(bundles))


@lru_cache(maxsize=1)
def _link_bundles(bundles: tuple[ProtonBundle, ...]) -> BundleLinks:
    environments = [bundle for bundle in bundles if bundle.kind == "environment"]
    return BundleLinks(
        {
            bundle: _declared(bundle, environments) or _inferred(bundle, environments)
            for bundle in bundles
            if bundle.kind != "environment"
        }
    )


def environment_output(
    bundles: Sequence[ProtonBundle], template: Template, path: str
) -> tuple[Template, str, bool] | None:
    """`link_bundles(bundles).environment_output(template, path)`; the links of the last bundles are kept."""
    return link_bundles(bundles).environment_output(template, path)


def _declared(bundle: ProtonBundle, environments: Sequence[ProtonBundle]) -> tuple[EnvironmentLink, ...]:
    found: dict[ProtonBundle, EnvironmentLink] = {}
    for name, major in bundle.compatible:
        candidates = [
            environment
            for environment in environments
            if environment.template_name == name and (not major or environment.major in {None, major})
        ]
        for environment in _nearest(bundle, candidates):
            found.setdefault(environment, EnvironmentLink(environment, inferred=False))
    return tuple(found.values())


def _inferred(bundle: ProtonBundle, environments: Sequence[ProtonBundle]) -> tuple[EnvironmentLink, ...]:
    """The one nearest environment that provides all that is read; several equally near ones are none."""
    names = outputs_read(bundle)
    if not names or bundle.compatible:
        return ()
    nearest = _nearest(bundle, [found for found in environments if names <= (outputs_provided(found) or {}).keys()])
    return (EnvironmentLink(nearest[0], inferred=True),) if len(nearest) == 1 else ()


def _nearest(bundle: ProtonBundle, candidates: Sequence[ProtonBundle]) -> list[ProtonBundle]:
    if not candidates:
        return []
    shared = [(shared_folders(bundle.directory, candidate.directory), candidate) for candidate in candidates]
    most = max(length for length, _ in shared)
    return [candidate for length, candidate in shared if length == most]
