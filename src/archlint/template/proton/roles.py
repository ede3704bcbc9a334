"""The roles that the code of a part runs with, and what their policies are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from archlint.template.proton.provenance import (
    alternatives,
    items,
    names_in,
    properties_of,
    referenced_ids,
    scalars,
    written_resources,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.model import Body, Json, Template, TemplatePath

# The services that hand a role to the user's code.
_TRUSTED = frozenset({"lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "tasks.apprunner.amazonaws.com"})
_POLICY_KEYS = ("Policies", "ManagedPolicyArns")
_POLICY_TYPES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")


class ExecutionRole(msgspec.Struct, frozen=True):
    """A role of the code: its own resource, or the one SAM makes for a function (then `logical_id` is the function).

    `names` are the dotted names that its policies are made from, or that decide about them; `anchor` is its path.
    """

    logical_id: str
    anchor: TemplatePath
    names: frozenset[str]
    is_implicit: bool


def execution_roles(template: Template) -> list[ExecutionRole]:
    """Roles of functions, tasks and App Runner services; a role that only starts containers is none of them."""
    found = []
    for logical_id, body in written_resources(template, "AWS::IAM::Role"):
        if _is_trusted(properties_of(body)) and not _only_starts_containers(template, logical_id):
            found.append(_explicit(template, logical_id, properties_of(body)))
    for logical_id, body in written_resources(template, "AWS::Serverless::Function"):
        properties = properties_of(body)
        if not is_given(properties, ("Role",)) and not is_given(_globals(template), ("Role",)):
            path: TemplatePath = ("Resources", logical_id, "Properties", "Policies")
            names = names_in(template, properties.get("Policies")) | _guard_names(template, path)
            found.append(ExecutionRole(logical_id, path, frozenset(names), is_implicit=True))
    return found


def _explicit(template: Template, logical_id: str, properties: Body) -> ExecutionRole:
    path: TemplatePath = ("Resources", logical_id)
    names: set[str] = set()
    for key in _POLICY_KEYS:
        names |= names_in(template, properties.get(key)) | _guard_names(template, (*path, "Properties", key))
    for policy in policies_of(template, logical_id):
        names |= names_in(template, template.section("Resources")[policy])
        names |= _guard_names(template, ("Resources", policy))
    return ExecutionRole(logical_id, path, frozenset(names), is_implicit=False)


def policies_of(template: Template, role: str) -> list[str]:
    """Logical IDs of the part's policies that a role has attached."""
    body = template.section("Resources").get(role)
    properties = properties_of(body) if isinstance(body, dict) else {}
    attached = set(referenced_ids(properties.get("ManagedPolicyArns")))
    found = []
    for logical_id, policy in written_resources(template, *_POLICY_TYPES):
        given = properties_of(policy)
        if logical_id in attached or role in referenced_ids([given.get("Roles"), given.get("RoleName")]):
            found.append(logical_id)
    return found


def allowed_actions(template: Template, logical_id: str) -> list[str] | None:
    """The actions that the statements of a role or policy allow; None when not all of them can be read."""
    body = template.section("Resources").get(logical_id)
    actions: list[str] = []
    properties = properties_of(body) if isinstance(body, dict) else {}
    for _, statement in allow_statements([properties.get("Policies"), properties.get("PolicyDocument")], ()):
        if "Action" not in statement or names_in(template, statement["Action"]):
            return None
        for action in items(statement["Action"]):
            if not isinstance(action, str):
                return None
            actions.append(action)
    return actions


def allow_statements(value: Json, path: TemplatePath) -> Iterator[tuple[TemplatePath, Body]]:
    """Every IAM statement inside a value that allows something, with its path."""
    if isinstance(value, dict):
        if value.get("Effect") == "Allow" and ("Action" in value or "NotAction" in value):
            yield path, value
            return
        for key, child in value.items():
            yield from allow_statements(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from allow_statements(child, (*path, index))


def is_given(properties: Json, path: tuple[str, ...]) -> bool:
    """Whether a property has a value in at least one branch."""
    if not path:
        return any(found is not None for found in alternatives(properties))
    return any(
        isinstance(found, dict) and path[0] in found and is_given(found[path[0]], path[1:])
        for found in alternatives(properties)
    )


def _is_trusted(properties: Body) -> bool:
    return any(text in _TRUSTED for _, text in scalars(properties.get("AssumeRolePolicyDocument")))


def _only_starts_containers(template: Template, role: str) -> bool:
    """Whether tasks name the role only as the one that pulls the image and writes the log."""
    uses = {
        key
        for _, body in written_resources(template)
        for key, value in properties_of(body).items()
        if role in referenced_ids(value)
    }
    return uses - {"Roles"} == {"ExecutionRoleArn"}


def _globals(template: Template) -> Json:
    return template.section("Globals").get("Function")


def _guard_names(template: Template, path: TemplatePath) -> set[str]:
    """The tests and loops at or below a path, as the text of their names."""
    part = template.proton
    loops = part.loops if part is not None else {}
    return {guard for where, guards in loops.items() if where[: len(path)] == path for guard in guards}
