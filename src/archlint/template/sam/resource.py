"""A SAM resource and its events while they are lowered, and where their parts were written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from archlint.template.sam.globals import Locate, Origins, place_within
from archlint.template.sam.intrinsics import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archlint.template.model import Body, Place, TemplatePath


class SamResource(msgspec.Struct, eq=False):
    """One resource of a SAM type. `properties` are its own with `Globals` merged in; `body` is as written.

    `base` is the template path of the resource; an implicit API has the path of the event that asks for it.
    """

    logical_id: str
    type: str
    body: Body
    properties: Body
    base: TemplatePath
    declared_at: Place
    locate: Locate
    origins: Mapping[TemplatePath, Place]
    condition: str | None = None
    depends_on: tuple[str, ...] = ()
    implicit_for: str | None = None
    """The written resource that asks for this one (by an event, by `Connectors`), when it is not written itself."""

    @property
    def group(self) -> str:
        """The written resource behind which everything made of this one is listed."""
        return self.implicit_for or self.logical_id

    def place(self, *path: str | int) -> Place:
        """Where the property at this path is written; the resource itself without a path."""
        if not path:
            return self.declared_at
        return place_within(self.origins, path) or self.locate((*self.base, "Properties", *path))

    def origins_of(self, name: str, renamed: TemplatePath = ()) -> Origins:
        """Where a property and its parts are written, for a resource that has it at the path `renamed`."""
        found: Origins = {renamed: self.place(name)}
        for path, place in self.origins.items():
            if len(path) > 1 and path[0] == name:
                found[(*renamed, *path[1:])] = place
        return found

    def place_properties(self) -> Place:
        """Where the properties are written."""
        return self.locate((*self.base, "Properties"))

    def events(self) -> Iterator[Event]:
        """The well-formed entries of `Events`."""
        events = self.properties.get("Events")
        if not isinstance(events, dict):
            return
        for name, body in events.items():
            kind = body.get("Type") if isinstance(body, dict) else None
            if isinstance(kind, str):
                yield Event(self, name, kind, mapping(body.get("Properties")))


class Event(msgspec.Struct, frozen=True):
    """One event of a function or state machine."""

    owner: SamResource
    name: str
    type: str
    properties: Body

    @property
    def logical_id(self) -> str:
        """The stem of what is generated for the event."""
        return self.owner.logical_id + self.name

    def place(self, *path: str | int) -> Place:
        """Where the property of the event at this path is written; the event itself without a path."""
        if not path:
            return self.owner.place("Events", self.name)
        return self.owner.place("Events", self.name, "Properties", *path)

    def properties_place(self) -> Place:
        """Where the properties of the event are written."""
        return self.owner.place("Events", self.name, "Properties")


class Route(msgspec.Struct, frozen=True):
    """A path and method of an API that an event asks for. `method` is as OpenAPI spells it."""

    path: str
    method: str
    integration: Body
    event: Event

    @property
    def auth(self) -> Body:
        """The `Auth` of the event."""
        return mapping(self.event.properties.get("Auth"))
