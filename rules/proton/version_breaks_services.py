"""A newer version of a template takes away what the services of the older one rely on.

An output that a service reads is gone, or an input is required that existing specs do not give. Proton checks neither
when a version is registered: the instance that is updated first finds out. Minor versions must stay compatible; a new
major version may break, but then somebody has to move every service by hand.

## How to fix it

Keep the output until no service reads it. Give the new input a default, or make it optional. If it has to break,
register a new major version and list it in the `compatible_environments` of the services that were changed for it.

## Known exceptions

Outputs that no service in these files reads. Between major versions it is a warning, not an error.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

from archlint.api import At, Finding, Location, Place, ProtonBundle, RuleContext, RuleMeta, Severity, proton

META = RuleMeta(
    id="PRO013",
    name="version-breaks-services",
    severity=Severity.ERROR,
    summary="Newer template version drops an output or requires a new input",
    help_uri="https://docs.aws.amazon.com/proton/latest/userguide/ag-template-versions.html",
    pillar="reliability",
)

Break: TypeAlias = "tuple[At, str, list[tuple[At, str]]]"
"""Where a newer version breaks, how, and the related places."""

VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?")


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    families: dict[tuple[str, str], list[tuple[tuple[int, int], ProtonBundle]]] = defaultdict(list)
    for bundle in context.graph.bundles:
        folder, name = posixpath.split(bundle.directory)
        version = VERSION.fullmatch(name)
        if version is not None:
            families[folder, bundle.kind].append(((int(version[1]), int(version[2] or 0)), bundle))
    for family in families.values():
        ordered = sorted(family, key=lambda pair: pair[0])
        for (old, older), (new, newer) in pairwise(ordered):
            severity = None if old[0] == new[0] else Severity.WARNING
            step = f"{posixpath.basename(newer.directory)} of {newer.template_name}"
            part = next(iter(newer.parts.values()), None)
            for at, message, related in (*_outputs(context, older, newer), *_inputs(older, newer)):
                yield context.finding(
                    at,
                    f"{step} {message}",
                    related=related,
                    severity=severity,
                    key=(newer.template_name, message),
                    owner_of=proton.stack_node(context.graph, part) if part is not None else None,
                )


def _outputs(context: RuleContext, older: ProtonBundle, newer: ProtonBundle) -> Iterator[Break]:
    before, after = proton.outputs_provided(older), proton.outputs_provided(newer)
    if older.kind != "environment" or before is None or after is None:
        return
    readers: dict[str, dict[str, Location]] = defaultdict(dict)
    for service in proton.link_bundles(context.graph.bundles).services(older):
        for template in service.parts.values():
            for path, location in template.proton.reads if template.proton is not None else ():
                readers[proton.output_name(path) or ""].setdefault(service.template_name, location)
    for name, place in before.items():
        if name in readers and name not in after:
            yield (
                _outputs_place(newer, place),
                f"has no output {name} any more, which {', '.join(sorted(readers[name]))} reads",
                [(place, "the output until now"), *((at, f"{who} reads it") for who, at in readers[name].items())],
            )


def _outputs_place(bundle: ProtonBundle, otherwise: Place) -> Place:
    """Where outputs are declared, or in a customer managed environment would be."""
    part = bundle.parts.get("environment")
    if part is not None:
        return part.place("Outputs")
    return Place(bundle.schema, ("schema",)) if bundle.schema is not None else otherwise


def _inputs(older: ProtonBundle, newer: ProtonBundle) -> Iterator[Break]:
    if older.schema is None or newer.schema is None:
        return
    before = {inputs.prefix: inputs for inputs in proton.input_types(older.schema)}
    for inputs in proton.input_types(newer.schema):
        known = before.get(inputs.prefix)
        for name in inputs.required:
            if known is None or name in known.required or "default" in inputs.properties.get(name, {}):
                continue
            yield (
                Place(newer.schema, inputs.place(name)),
                f"requires the input {name}, which existing specs need not give, and has no default for it",
                [(Place(older.schema, known.path), "the inputs until now")],
            )
