"""Service and environment specs: found by content, matched to bundles by folder and keys.

A spec names a deployed environment and no template, so what it belongs to shows only in the keys it gives.
https://docs.aws.amazon.com/proton/latest/userguide/ag-create-svc.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from archlint.errors import TemplateError
from archlint.template.discover import relative_name
from archlint.template.document import Document, decode, read_document
from archlint.template.proton.schema import InputType, input_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from archlint.template.model import Json, ProtonBundle, TemplatePath

_SPEC = re.compile(rb"""^[ \t]*["']?proton["']?\s*:\s*["']?(Environment|Service)Spec\b""", re.MULTILINE)
_HEAD_BYTES = 4096
# Steps up from a spec: `specs/`, `spec/dev/`. Farther away, half a fit is chance.
_NEARBY = 2


class Given(msgspec.Struct, frozen=True):
    """One group of values in a spec: for which inputs, under which path, and the values by name."""

    prefix: str
    path: TemplatePath
    values: dict[str, Json]


def given_values(spec: Document) -> Iterator[Given]:
    """The values of an environment spec, or of the pipeline and each instance of a service spec."""
    data = spec.data if isinstance(spec.data, dict) else {}
    if data.get("proton") == "EnvironmentSpec":
        yield Given("environment.inputs", ("spec",), _mapping(data.get("spec")))
        return
    if "pipeline" in data:
        yield Given("pipeline.inputs", ("pipeline",), _mapping(data.get("pipeline")))
    instances = data.get("instances")
    for index, instance in enumerate(instances if isinstance(instances, list) else ()):
        if isinstance(instance, dict):
            path: TemplatePath = ("instances", index, "spec") if "spec" in instance else ("instances", index)
            yield Given("service_instance.inputs", path, _mapping(instance.get("spec")))


def attach_specs(bundles: Sequence[ProtonBundle], files: Sequence[Path], root: Path) -> None:
    """Adds each spec among `files` to the bundles it fits."""
    for path in files:
        if path.suffix not in {".yaml", ".yml"}:
            continue
        try:
            with path.open("rb") as stream:
                found = _SPEC.search(stream.read(_HEAD_BYTES))
            if found is None:
                continue
            spec = read_document(path, relative_name(path, root), decode(path.read_bytes()))
        except (OSError, TemplateError):
            continue
        kind = "environment" if found[1] == b"Environment" else "service"
        for bundle in _fitting(spec, [bundle for bundle in bundles if bundle.kind == kind]):
            bundle.specs.append(spec)


def _fitting(spec: Document, bundles: Sequence[ProtonBundle]) -> list[ProtonBundle]:
    """The nearest bundles that know all the keys.

    When there is none: those nearby that know at least half of them, or the only bundle next door.
    """
    keys = {(given.prefix, key) for given in given_values(spec) for key in given.values}
    known: dict[ProtonBundle, int] = {}
    for bundle in bundles:
        if bundle.schema is not None:
            types = input_types(bundle.schema)
            known[bundle] = sum(_declares(types, prefix, key) for prefix, key in keys)
    nearest = _nearest(spec, list(known))
    if len(nearest) == 1 and _steps(spec, nearest[0]) <= 1:
        return nearest
    perfect = _nearest(spec, [bundle for bundle, count in known.items() if count == len(keys)])
    if perfect or not keys:
        return perfect if keys else []
    fits = _nearest(spec, [bundle for bundle, count in known.items() if count * 2 >= len(keys)])
    return [bundle for bundle in fits if _steps(spec, bundle) <= _NEARBY]


def _declares(types: Sequence[InputType], prefix: str, key: str) -> bool:
    return any(found.prefix == prefix and key in found.properties for found in types)


def _nearest(spec: Document, bundles: Sequence[ProtonBundle]) -> list[ProtonBundle]:
    """Those that share the longest path with the spec."""
    least = min((_steps(spec, bundle) for bundle in bundles), default=0)
    return [bundle for bundle in bundles if _steps(spec, bundle) == least]


def _steps(spec: Document, bundle: ProtonBundle) -> int:
    """How many folders up from the spec's own the bundle can be seen."""
    return spec.name.count("/") - shared_folders(spec.name, bundle.directory)


def shared_folders(one: str, other: str) -> int:
    """How many folders two names have in common, from the root."""
    count = 0
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
