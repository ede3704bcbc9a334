"""What the policies of a run say, kept beside the edges: `ResourceGraph.iam`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from archlint.graph.iam.statements import Statement
    from archlint.graph.model import EdgeKind, Node
    from archlint.graph.text import Text
    from archlint.template.model import Json, Place, TemplatePath

DocumentKind: TypeAlias = Literal["inline", "managed", "trust", "resource"]
"""`inline`: part of a role, user or group; `managed`: attached by ARN; `trust`: who may assume a role; `resource`: on a
queue, topic, bucket, key …"""


class PolicyDocument(msgspec.Struct, frozen=True, eq=False):
    """One policy document. `holder` is the role, user or group it is part of, else the policy resource."""

    kind: DocumentKind
    body: Json
    holder: Node
    path: TemplatePath
    """From the holder's properties to the document."""

    @property
    def place(self) -> Place | None:
        """Where the document is written."""
        return self.holder.place(*self.path)


class Permission(msgspec.Struct, frozen=True, eq=False):
    """One statement as it takes part in the run.

    `holder` is the role (inline policy), the policy resource, or the external node of a policy that AWS manages.
    `everything` is true when the statement reaches all resources: `*`, an ARN of wildcards only, `NotResource`.
    """

    statement: Statement
    holder: Node
    path: TemplatePath
    everything: bool
    attached_at: Place | None = None
    """Where a policy that AWS manages is attached."""

    @property
    def place(self) -> Place | None:
        """Where the statement is written; for a policy that AWS manages, where it is attached."""
        return self.attached_at or self.holder.place(*self.path, *self.statement.path)


class OpenCall(msgspec.Struct, frozen=True, eq=False):
    """What an API does with a resource that only a request names: the role of the integration tells which it may be."""

    api: Node
    role: Node
    kind: EdgeKind
    types: tuple[str, ...]
    route: str
    place: Place | None


class IamFacts(msgspec.Struct, eq=False):
    """Statements and documents by the node that holds them, filled while linking."""

    permissions: dict[Node, list[Permission]] = msgspec.field(default_factory=dict)
    """Identity statements: by role, user or group for inline policies, by policy resource otherwise."""
    resource_policies: dict[Node, list[Permission]] = msgspec.field(default_factory=dict)
    """Statements by the resource they protect; `holder` is the resource that carries the policy."""
    documents: dict[Node, list[PolicyDocument]] = msgspec.field(default_factory=dict)
    """Every document by the role, user, group or policy resource it counts for."""
    open_calls: list[OpenCall] = msgspec.field(default_factory=list)
    """Integrations whose target is chosen by the request."""
    effective: dict[Node, tuple[Permission, ...]] = msgspec.field(default_factory=dict)
    """Memory of `role_permissions`; complete only when linking is over."""
    neighbours: dict[str, dict[str, list[Node]]] = msgspec.field(default_factory=dict)
    """Memory of `naming.neighbours`: type → root stack or folder → resources."""
    names: dict[Node, list[Text]] = msgspec.field(default_factory=dict)
    """Memory of the same: the names of a resource."""
