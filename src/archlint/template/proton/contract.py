"""Where the halves of a Proton contract do not fit: outputs and inputs, specs and schemas, registration files."""

from __future__ import annotations

import difflib
import re
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from archlint.template.model import Place
from archlint.template.proton.links import link_bundles, output_name, outputs_provided
from archlint.template.proton.schema import input_types
from archlint.template.proton.specs import given_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archlint.findings import Location
    from archlint.template.document import Document
    from archlint.template.model import ProtonBundle
    from archlint.template.proton.links import BundleLinks
    from archlint.template.proton.schema import InputType
    from archlint.template.proton.specs import Given

_SERVICE_INPUT = re.compile(r"service_instances\[[^\]]*\]\.inputs")
# https://docs.aws.amazon.com/proton/latest/userguide/create-template-sync.html
_REGISTRATION_KEYS = ("compatible_environments", "supported_component_sources")


class DriftKind(StrEnum):
    """What does not fit."""

    MISSING_OUTPUT = "missing-output"
    UNDECLARED_INPUT = "undeclared-input"
    UNUSED_INPUT = "unused-input"
    UNKNOWN_KEY = "unknown-key"
    DOUBTFUL_KEY = "doubtful-key"
    MISSING_KEY = "missing-key"
    UNUSED_OUTPUT = "unused-output"
    REGISTRATION = "registration"
    UNRESOLVED_ENVIRONMENT = "unresolved-environment"


class Drift(msgspec.Struct, frozen=True):
    """One misfit. `name` is the output, input or key; `also` are further places of the same misfit."""

    kind: DriftKind
    bundle: ProtonBundle
    name: str
    message: str
    at: Location
    also: tuple[tuple[Location, str], ...] = ()


def contract_drift(bundles: Iterable[ProtonBundle]) -> Iterator[Drift]:
    """All misfits between the bundles of a run, in the order of the bundles."""
    everything = tuple(bundles)
    links = link_bundles(everything)
    for bundle in everything:
        if bundle.kind == "environment":
            yield from _unused_outputs(bundle, links)
        else:
            yield from _missing_outputs(bundle, links)
            yield from _registration(bundle, links)
        yield from _inputs(bundle)
    for spec in dict.fromkeys(spec for bundle in everything for spec in bundle.specs):
        yield from _spec(spec, [bundle for bundle in everything if spec in bundle.specs])


def _reads(bundle: ProtonBundle) -> Iterator[tuple[str, Location]]:
    for part in bundle.parts.values():
        if part.proton is not None:
            for path, location in part.proton.reads:
                yield _SERVICE_INPUT.sub("service_instance.inputs", path), location


def _missing_outputs(bundle: ProtonBundle, links: BundleLinks) -> Iterator[Drift]:
    """Outputs that no environment declared in the registration file provides; rendering fails on them."""
    declared = [link.environment for link in links.environments(bundle) if not link.inferred]
    provided = [outputs_provided(environment) for environment in declared]
    if not declared or any(found is None for found in provided):
        return
    missing: dict[str, list[Location]] = {}
    for path, location in _reads(bundle):
        name = output_name(path)
        if name is not None and not any(name in (found or {}) for found in provided):
            missing.setdefault(name, []).append(location)
    names = ", ".join(environment.template_name for environment in declared)
    for name, locations in missing.items():
        known = dict.fromkeys(key for found in provided for key in found or {})
        message = f"{bundle.template_name} reads the output {name}, which {names} does not have{_guess(name, known)}"
        also = tuple((location, "read here too") for location in locations[1:])
        yield Drift(DriftKind.MISSING_OUTPUT, bundle, name, message, locations[0], also)


def _unused_outputs(bundle: ProtonBundle, links: BundleLinks) -> Iterator[Drift]:
    """Outputs that no service reads; nothing while a service is not declared or could not be read."""
    services = links.services(bundle)
    declared = [
        service
        for service in services
        if any(link.environment is bundle and not link.inferred for link in links.environments(service))
    ]
    provided = outputs_provided(bundle)
    if not declared or provided is None or any(service.unparsed_parts for service in services):
        return
    read = {output_name(path) for service in services for path, _ in _reads(service)}
    if any(path in {"environment", "environment.outputs"} for service in services for path, _ in _reads(service)):
        return
    for name, place in provided.items():
        if name not in read:
            count = f"the {len(declared)} services" if len(declared) > 1 else "the one service"
            message = f"output {name} of {bundle.template_name} is read by none of {count} declared here"
            if len(declared) == 1:
                message = f"output {name} of {bundle.template_name} is not read by {declared[0].template_name}"
            yield Drift(DriftKind.UNUSED_OUTPUT, bundle, name, message, place.location())


def _inputs(bundle: ProtonBundle) -> Iterator[Drift]:
    """Inputs that are read without being declared, and declared without being read."""
    types = input_types(bundle.schema)
    if bundle.schema is None or not bundle.parts:
        return
    reads = list(_reads(bundle))
    for found in types:
        yield from _undeclared(bundle, found, reads)
    if bundle.unparsed_parts:
        return
    for found in types:
        if found.prefix != "pipeline.inputs" or "pipeline" in bundle.parts:
            yield from _unread(bundle, found, {path for path, _ in reads})


def _undeclared(bundle: ProtonBundle, inputs: InputType, reads: Sequence[tuple[str, Location]]) -> Iterator[Drift]:
    unknown: dict[str, list[Location]] = {}
    for path, location in reads:
        if path.startswith(inputs.prefix + "."):
            name = re.split(r"[.\[]", path[len(inputs.prefix) + 1 :])[0]
            if name not in inputs.properties:
                unknown.setdefault(name, []).append(location)
    for name, locations in unknown.items():
        message = f"{inputs.prefix}.{name} is not declared in the schema{_guess(name, inputs.properties)}"
        also = tuple((location, "read here too") for location in locations[1:])
        yield Drift(DriftKind.UNDECLARED_INPUT, bundle, name, message, locations[0], also)


def _unread(bundle: ProtonBundle, inputs: InputType, read: set[str]) -> Iterator[Drift]:
    assert bundle.schema is not None  # noqa: S101 - the caller has looked
    prefix = inputs.prefix
    wholes = {prefix, prefix.split(".", maxsplit=1)[0]}
    if prefix == "service_instance.inputs":
        wholes.add("service_instances[]")
    if wholes & read:
        return  # somebody passes all the inputs on
    for name in inputs.properties:
        path = f"{prefix}.{name}"
        if not any(found == path or found.startswith((f"{path}.", f"{path}[")) for found in read):
            message = f"no part of {bundle.template_name} reads the input {name}: whoever sets it changes nothing"
            at = Place(bundle.schema, inputs.place(name)).location()
            yield Drift(DriftKind.UNUSED_INPUT, bundle, name, message, at)


def _spec(spec: Document, bundles: Sequence[ProtonBundle]) -> Iterator[Drift]:
    """Keys of a spec that the schema does not know, and required ones it does not give."""
    for given in given_values(spec):
        types = {
            bundle: next((found for found in input_types(bundle.schema) if found.prefix == given.prefix), None)
            for bundle in bundles
        }
        for key in given.values:
            unknown = [bundle for bundle, found in types.items() if found is None or key not in found.properties]
            if unknown:
                yield _unknown_key(spec, given, key, unknown, [found for found in types.values() if found is not None])
        yield from _missing_keys(spec, given, types)


def _unknown_key(
    spec: Document, given: Given, key: str, unknown: Sequence[ProtonBundle], types: Sequence[InputType]
) -> Drift:
    names = ", ".join(bundle.template_name for bundle in unknown)
    knows = any(key in found.properties for found in types)
    guess = "" if knows else _guess(key, [name for found in types for name in found.properties])
    message = f"{key} is no input in the schema of {names}{guess}"
    kind = DriftKind.DOUBTFUL_KEY if knows else DriftKind.UNKNOWN_KEY
    return Drift(kind, unknown[0], key, message, Place(spec, (*given.path, key)).location())


def _missing_keys(spec: Document, given: Given, types: dict[ProtonBundle, InputType | None]) -> Iterator[Drift]:
    """Required inputs without a default that all the templates of this spec ask for."""
    wanted = [
        [name for name in found.required if "default" not in found.properties.get(name, {})]
        for found in types.values()
        if found is not None
    ]
    if len(wanted) != len(types):
        return
    for name in wanted[0] if wanted else ():
        if name not in given.values and all(name in names for names in wanted):
            bundle = next(iter(types))
            message = f"the required input {name} of {bundle.template_name} is not given and has no default"
            yield Drift(DriftKind.MISSING_KEY, bundle, name, message, Place(spec, given.path).location())


def _registration(bundle: ProtonBundle, links: BundleLinks) -> Iterator[Drift]:
    registration = bundle.registration
    if registration is None:
        return
    if isinstance(registration.data, dict):
        for key in registration.data:
            if key not in _REGISTRATION_KEYS:
                message = f"unknown key {key}{_guess(key, _REGISTRATION_KEYS)}: Proton ignores it"
                yield Drift(DriftKind.REGISTRATION, bundle, key, message, Place(registration, (key,)).location())
    known = {
        (link.environment.template_name, link.environment.major)
        for link in links.environments(bundle)
        if not link.inferred
    }
    for index, (name, major) in enumerate(bundle.compatible):
        path = ("compatible_environments", index) if isinstance(registration.data, dict) else (index,)
        at = Place(registration, path).location()
        if not name or not major.isdecimal():
            message = f"{name}:{major} is not of the form name:major" if major else f"{name} names no major version"
            yield Drift(DriftKind.REGISTRATION, bundle, name, message, at)
        elif not any(found == name and version in {None, major} for found, version in known):
            message = f"environment template {name}, major version {major}, is not in these files"
            yield Drift(DriftKind.UNRESOLVED_ENVIRONMENT, bundle, f"{name}:{major}", message, at)


def _guess(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f" (meant {close[0]}?)" if close else ""
