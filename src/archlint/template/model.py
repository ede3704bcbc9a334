"""What loading a file yields: a template of CloudFormation resources, each of which knows where it was written."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from archlint.findings import Location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archlint.template.document import Document

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""Template data. Intrinsic functions are in their long form: `{"Fn::GetAtt": ["Queue", "Arn"]}`."""

Body: TypeAlias = dict[str, Any]
"""A mapping of a template whose values are `Json`; `Any` because every use narrows it by `isinstance`."""

TemplatePath: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes from the top of a document, e.g. `("Resources", "Jobs", "Properties", "Timeout")`."""


class Kind(StrEnum):
    """What a template file is; told by content, not by name."""

    CLOUDFORMATION = "cloudformation"
    SAM = "sam"
    PROTON = "proton"
    CDK = "cdk"
    SERVERLESS_FRAMEWORK = "serverless-framework"


class Place(msgspec.Struct, frozen=True):
    """Where something is written, before anybody asks for its line. `document.locate(place)` finds the region."""

    document: Document
    path: TemplatePath
    on: Literal["key", "value"] = "key"

    def location(self, logical_id: str | None = None, message: str = "") -> Location:
        """The region of the key (or value) at `path`, or of its nearest existing ancestor."""
        return Location(self.document.name, self.document.region(self.path, self.on), logical_id, message)


# One for all: most resources have none.
_NO_ORIGINS: Mapping[TemplatePath, Place] = MappingProxyType({})


class Resource(msgspec.Struct, eq=False):
    """One CloudFormation resource after lowering. `properties` is shared with the document: never mutate it.

    `declared_at` is where the resource (or the SAM resource, event, policy it was generated from) is written.
    `origins` says where a property was written when that is not `declared_at` + `Properties` + its path: keys are
    property paths (`("Timeout",)`), the longest matching prefix wins, `()` is the fallback for the whole.
    """

    logical_id: str
    type: str
    properties: Body
    declared_at: Place
    condition: str | None = None
    depends_on: tuple[str, ...] = ()
    body: Body = msgspec.field(default_factory=dict)
    """The resource as written (`DeletionPolicy`, `Metadata` …); empty for generated ones."""
    generated_by: str | None = None
    origins: Mapping[TemplatePath, Place] = _NO_ORIGINS

    def place(self, property_path: TemplatePath = ()) -> Place:
        """Where the property at this path is written; the resource itself for `()`."""
        if not property_path:
            return self.declared_at
        origins = self.origins
        if origins:
            for length in range(len(property_path), -1, -1):
                origin = origins.get(property_path[:length])
                if origin is not None:
                    return Place(origin.document, origin.path + property_path[length:])
        if self.generated_by is not None:
            return self.declared_at
        start = self.declared_at
        return Place(start.document, (*start.path, "Properties", *property_path))


class Diagnostic(msgspec.Struct, frozen=True):
    """Something about a file that the user should hear: `TPL001` not readable, `TPL003` not expanded."""

    rule_id: str
    message: str
    place: Place
    hint: str | None = None
    region: Location | None = None
    """Set when the file could not be parsed, so that no path leads to the place."""


class Template(msgspec.Struct, eq=False):
    """One file: its resources after lowering and the sections that linking needs, all as written."""

    document: Document
    kind: Kind
    resources: dict[str, Resource]
    source: Body
    """The whole document after `Fn::ForEach` and includes, before SAM lowering."""
    diagnostics: list[Diagnostic] = msgspec.field(default_factory=list)
    proton: ProtonPart | None = None

    @property
    def name(self) -> str:
        """The file, relative to the root of the run."""
        return self.document.name

    def section(self, name: str) -> Body:
        """`Parameters`, `Mappings`, `Conditions`, `Outputs` …; empty when absent or misshapen."""
        found = self.source.get(name)
        return found if isinstance(found, dict) else {}

    def place(self, *path: str | int) -> Place:
        """Where the value at this path of the source is written."""
        return Place(self.document, path)


class ProtonPart(msgspec.Struct, eq=False):
    """The role of one IaC file in a Proton bundle.

    `expressions` maps each placeholder that stands in the parsed template to the Jinja expression it replaces, and
    `paths` maps it to the dotted names that the expression reads (`environment.outputs.VpcId`).
    """

    bundle: ProtonBundle
    role: Literal["environment", "instance", "pipeline", "component"]
    expressions: dict[str, str] = msgspec.field(default_factory=dict)
    paths: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    loops: dict[TemplatePath, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Template paths of keys inside a `{% for %}` (or `{% if %}`), with the tests and iterables that guard them."""
    reads: list[tuple[str, Location]] = msgspec.field(default_factory=list)
    """Every dotted name that the source reads, in expressions, tests and loops alike, and where."""


class ProtonBundle(msgspec.Struct, eq=False):
    """A bundle directory: `environment`, `service` or `component`; `template_name` is how others refer to it."""

    directory: str
    kind: Literal["environment", "service", "component"]
    template_name: str
    major: str | None
    schema: Document | None = None
    registration: Document | None = None
    compatible: tuple[tuple[str, str], ...] = ()
    """`(environment template name, major version)` pairs from the registration file."""
    component_sources: tuple[str, ...] = ()
    manifests: dict[str, Document] = msgspec.field(default_factory=dict)
    """Manifest documents by part role."""
    parts: dict[str, Template] = msgspec.field(default_factory=dict)
    specs: list[Document] = msgspec.field(default_factory=list)
    sources: list[Document] = msgspec.field(default_factory=list)
    """Files that are only scanned: Terraform, and what CodeBuild runs."""
    diagnostics: list[Diagnostic] = msgspec.field(default_factory=list)
    unparsed_parts: tuple[str, ...] = ()

    def documents(self) -> Iterator[Document]:
        """Schema, registration, manifests, specs and scanned files, for source lines."""
        yield from (d for d in (self.schema, self.registration) if d is not None)
        yield from self.manifests.values()
        yield from self.specs
        yield from self.sources
