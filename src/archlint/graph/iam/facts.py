"""What the policies of a run say, kept beside the edges: `ResourceGraph.iam`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from archlint.graph.iam.statements import Statement
    from archlint.graph.model import Node
    from archlint.graph.text import Text
    from archlint.template.model import Json, Place

DocumentKind: TypeAlias = Literal["inline", "managed", "trust", "resource"]
"""`inline`: part of a role, user or group; `managed`: attached by ARN; `trust`: who may assume a role; `resource`: on a
queue, topic, bucket, key …"""


@dataclass(frozen=True, slots=True, eq=False)
class PolicyDocument:
    """One policy document and where it is written.

    `target` is the role for inline and trust policies, else the policy or the protected resource.
    """

    kind: DocumentKind
    body: Json
    target: Node
    place: Place | None
    name: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Permission:
    """One statement as it takes part in the run.

    `holder` is the role (inline policy), the policy resource, or the external node of a policy that AWS manages;
    `place` is where the statement is written, for one of AWS's where the policy is attached. `everything` is true when
    the statement reaches all resources: `*`, an ARN of wildcards only, `NotResource`.
    """

    statement: Statement
    holder: Node
    place: Place | None
    everything: bool


@dataclass(slots=True, eq=False)
class IamFacts:
    """Statements and documents by the node that holds them, filled while linking."""

    permissions: dict[Node, list[Permission]] = field(default_factory=dict)
    """Identity statements: by role, user or group for inline policies, by policy resource otherwise."""
    trust: dict[Node, list[Permission]] = field(default_factory=dict)
    """Statements of `AssumeRolePolicyDocument` by role."""
    resource_policies: dict[Node, list[Permission]] = field(default_factory=dict)
    """Statements by the resource they protect; `holder` is the resource that carries the policy."""
    documents: dict[Node, list[PolicyDocument]] = field(default_factory=dict)
    """Every document by the role, user, group or policy resource it counts for."""
    effective: dict[Node, tuple[Permission, ...]] = field(default_factory=dict)
    """Memory of `role_permissions`; complete only when linking is over."""
    neighbours: dict[str, dict[str, list[tuple[Text, Node]]]] = field(default_factory=dict)
    """Memory of `naming.neighbours`: type → root stack or folder → names."""
