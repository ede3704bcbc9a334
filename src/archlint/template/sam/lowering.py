"""One template on its way down: what is written, and what has been generated so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.template.model import Body, Json, Place, Resource, TemplatePath
from archlint.template.sam.globals import Globals, Locate, Origins
from archlint.template.sam.intrinsics import mapping
from archlint.template.sam.resource import Event, Route, SamResource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from archlint.template.sam.deployments import Preference

FUNCTION = "AWS::Lambda::Function"
PERMISSION = "AWS::Lambda::Permission"
QUEUE = "AWS::SQS::Queue"
QUEUE_POLICY = "AWS::SQS::QueuePolicy"
ROLE = "AWS::IAM::Role"


class Lowering:
    """Collects the CloudFormation resources of one template.

    `conditions` takes the conditions that SAM adds to the template (`IsProdOrTest`…); when it is None, generated
    resources that would need one are unconditional.
    """

    def __init__(self, source: Body, locate: Locate, conditions: Body | None) -> None:
        self.source = source
        self.written: Body = mapping(source.get("Resources"))
        self.locate = locate
        self.globals = Globals(source, locate)
        self.conditions = conditions
        self.sam: dict[str, SamResource] = {}
        self.made: dict[str, Resource] = {}
        self.routes: dict[str, list[Route]] = {}
        self.preferences: list[Preference] = []
        self.sharing: list[SamResource] = []
        """APIs that share the template's usage plan."""
        self.destinations: dict[int, Json] = {}
        """ARNs of automatic destinations by the identity of the mapping that asks for them."""
        self._groups: dict[str, list[str]] = {}

    # What is written

    def sam_resource(self, plain: Resource) -> SamResource:
        """Takes a resource of a SAM type in; `plain` is as it would be without lowering."""
        base: TemplatePath = ("Resources", plain.logical_id)
        properties, origins = self.globals.merge(
            plain.type, plain.properties, (*base, "Properties"), plain.body.get("IgnoreGlobals")
        )
        sam = SamResource(
            plain.logical_id,
            plain.type,
            plain.body,
            properties,
            base,
            plain.declared_at,
            self.locate,
            origins,
            plain.condition,
            plain.depends_on,
        )
        self.sam[sam.logical_id] = sam
        return sam

    def default(self, value: Any) -> Any:
        """The value, or for a `!Ref` to a parameter with a default that default."""
        if not isinstance(value, dict) or len(value) != 1:
            return value
        name = value.get("Ref")
        parameter = mapping(self.source.get("Parameters")).get(name) if isinstance(name, str) else None
        if isinstance(parameter, dict) and "Default" in parameter:
            return parameter["Default"]
        return value

    def mapped(self, value: Any) -> Any:
        """Like `default`, but looks into `Mappings` too when all keys are known."""
        value = self.default(value)
        keys = value.get("Fn::FindInMap") if isinstance(value, dict) else None
        if not isinstance(keys, list):
            return value
        found: Any = self.source.get("Mappings")
        for key in map(self.default, keys):
            if not isinstance(found, dict) or not isinstance(key, str) or key not in found:
                return value
            found = found[key]
        return found

    # What is generated

    def lowered(self, sam: SamResource, kind: str, properties: Body, origins: Mapping[TemplatePath, Place]) -> Resource:
        """Adds the resource that keeps the logical ID of a SAM resource."""
        resource = Resource(
            sam.logical_id,
            kind,
            properties,
            sam.place(),
            sam.condition,
            sam.depends_on,
            sam.body,
            sam.implicit_for,
            origins,
        )
        return self._put(sam.group, resource, first=True)

    def generated(
        self,
        parent: SamResource,
        logical_id: str,
        kind: str,
        properties: Body,
        at: Place,
        *,
        origins: Origins | None = None,
        depends_on: tuple[str, ...] = (),
        condition: str | None = None,
    ) -> Resource:
        """Adds a resource that SAM makes for `parent`; it exists when the parent does, or under `condition`."""
        resource = Resource(
            logical_id,
            kind,
            properties,
            at,
            condition or parent.condition,
            depends_on,
            {},
            parent.logical_id,
            {} if origins is None else origins,
        )
        if logical_id in self.written:
            return resource
        return self._put(parent.group, resource)

    def from_event(
        self,
        event: Event,
        logical_id: str,
        kind: str,
        properties: Body,
        renamed: Mapping[TemplatePath, str] | None = None,
        depends_on: tuple[str, ...] = (),
    ) -> Resource:
        """Adds a resource that SAM makes for an event; its properties are the event's, `renamed` ones aside.

        `renamed` maps the path of a CloudFormation property to the property of the event that it comes from, or to
        nothing when it comes from the event as a whole.
        """
        origins: Origins = {(): event.properties_place()}
        if renamed:
            for path, written in renamed.items():
                if not written:
                    origins[path] = event.place()
                elif written in event.properties:
                    origins[path] = event.place(written)
        return self.generated(
            event.owner, logical_id, kind, properties, event.place(), origins=origins, depends_on=depends_on
        )

    def replace(self, resource: Resource) -> None:
        """Puts a resource in the place of the one with the same logical ID."""
        self.made[resource.logical_id] = resource

    def keep(self, resource: Resource) -> None:
        """Adds a resource as it is written."""
        self._put(resource.logical_id, resource)

    def _put(self, group: str, resource: Resource, *, first: bool = False) -> Resource:
        logical_id = resource.logical_id
        if logical_id not in self.made:
            members = self._groups.setdefault(group, [])
            members.insert(0 if first and group == logical_id else len(members), logical_id)
        self.made[logical_id] = resource
        return resource

    def generated_for(self, sam: SamResource) -> Iterator[Resource]:
        """The resources that were made for a SAM resource so far, itself included."""
        for logical_id in self._groups.get(sam.group, ()):
            yield self.made[logical_id]

    def add_condition(self, name: str, definition: Body) -> str | None:
        """Adds a condition to the template; its name, or None when nobody asked for conditions."""
        if self.conditions is None:
            return None
        self.conditions[name] = definition
        return name

    def any_condition(self, names: Collection[str | None], name: str) -> str | None:
        """A condition that holds when any of `names` does; None when there is none, or one of them is always true."""
        distinct = sorted({item for item in names if item is not None})
        if None in names or len(distinct) <= 1:
            return None if None in names or not distinct else distinct[0]
        return self.add_condition(name, {"Fn::Or": [{"Condition": item} for item in distinct]})

    def result(self) -> dict[str, Resource]:
        """Every resource in the order of the document, what was made of one right behind it."""
        groups = self._groups
        return {logical_id: self.made[logical_id] for parent in self.written for logical_id in groups.get(parent, ())}
