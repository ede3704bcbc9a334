"""Roles that SAM makes: the `Policies` of a function or state machine in every spelling, and what events add.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html#sam-function-policies
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlint.template.model import Body, Json, Place, TemplatePath
from archlint.template.sam.intrinsics import NO_VALUE, choice_of, choose, is_intrinsic, is_no_value, listed
from archlint.template.sam.lowering import ROLE, Lowering

if TYPE_CHECKING:
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.resource import SamResource

_MANAGED_ARN = "arn:aws:iam::aws:policy/"
VERSION = "2012-10-17"


class Role:
    """A role while it is put together. Its lists may grow after the role was added to the template."""

    def __init__(self, logical_id: str, trust: Json) -> None:
        self.logical_id = logical_id
        self.properties: Body = {"AssumeRolePolicyDocument": trust}
        self.origins: Origins = {}

    @property
    def arn(self) -> Body:
        """`!GetAtt <role>.Arn`."""
        return {"Fn::GetAtt": [self.logical_id, "Arn"]}

    def attach(self, arn: Json, at: Place) -> None:
        """Attaches a managed policy, once."""
        attached = self.properties.setdefault("ManagedPolicyArns", [])
        if arn not in attached:
            self.origins[("ManagedPolicyArns", len(attached))] = at
            attached.append(arn)

    def attach_managed(self, name: str, at: Place) -> None:
        """Attaches the managed policy of AWS with this name (`service-role/AWSLambdaRole`)."""
        self.attach(_MANAGED_ARN + name, at)

    def allow(self, name: str, statements: list[Body], at: Place, version: str | None = None) -> None:
        """Adds an inline policy unless the role has the same one already."""
        document: Body = {"Statement": statements}
        if version:
            document["Version"] = version
        policies = self.properties.get("Policies", ())
        if not any(policy.get("PolicyDocument") == document for policy in policies):
            self._inline({"PolicyName": name, "PolicyDocument": document}, at)

    def add_policies(self, sam: SamResource) -> None:
        """Adds everything that the resource's `Policies` say."""
        given = sam.properties.get("Policies")
        if isinstance(given, list):
            for index, policy in enumerate(given):
                self._add(policy, index, sam.place("Policies", index))
        elif given:
            self._add(given, 0, sam.place("Policies"))

    def _add(self, policy: Any, index: int, at: Place) -> None:
        if isinstance(policy, str):
            return self.attach(managed_policy_arn(policy), at)
        name = f"{self.logical_id}Policy{index}"
        choice = choice_of(policy)
        if choice is not None:
            return self._choose(choice.condition, _several(choice.yes), _several(choice.no), name, at)
        if is_intrinsic(policy):
            return self.attach(policy, at)
        document = policy_document(policy)
        if document is not None:
            self._inline({"PolicyName": name, "PolicyDocument": document}, at, inside=True)
        return None

    def _choose(self, condition: str, yes: list[Any], no: list[Any], name: str, at: Place) -> None:
        for index in range(max(len(yes), len(no))):
            pair = [branch[index] if index < len(branch) else NO_VALUE for branch in (yes, no)]
            documents = [policy_document(item) for item in pair]
            if documents == [None, None]:
                self.attach(choose(condition, *map(_managed, pair)), at)
                continue
            inline = [
                NO_VALUE if document is None else {"PolicyName": name, "PolicyDocument": document}
                for document in documents
            ]
            self._inline(choose(condition, *inline), at, inside=True)

    def _inline(self, policy: Body, at: Place, *, inside: bool = False) -> None:
        policies = self.properties.setdefault("Policies", [])
        path: TemplatePath = ("Policies", len(policies))
        policies.append(policy)
        self.origins[path] = at
        if not inside:
            return
        if "PolicyDocument" in policy:
            self.origins[(*path, "PolicyDocument")] = at
            return
        for branch in (1, 2):
            within = (*at.path, "Fn::If", branch)
            self.origins[(*path, "Fn::If", branch, "PolicyDocument")] = Place(at.document, within)


def trust(service: str) -> Body:
    """The document that lets an AWS service assume a role."""
    statement = {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [service]}}
    return {"Version": VERSION, "Statement": [statement]}


def allow(actions: Json, resource: Json) -> Body:
    """One statement that allows actions on a resource."""
    return {"Action": actions, "Effect": "Allow", "Resource": resource}


def add_role(lowering: Lowering, parent: SamResource, role: Role, at: Place, condition: str | None = None) -> None:
    """Adds the role to the template."""
    lowering.generated(parent, role.logical_id, ROLE, role.properties, at, origins=role.origins, condition=condition)


def service_role(lowering: Lowering, parent: SamResource, logical_id: str, service: str, at: Place) -> Role:
    """A new role for an AWS service, added to the template."""
    role = Role(logical_id, trust(service))
    add_role(lowering, parent, role, at)
    return role


def role_settings(role: Role, sam: SamResource, **names: str) -> None:
    """Copies settings of the resource to its role: `Path="RolePath"`."""
    for name, written in names.items():
        value = sam.properties.get(written)
        if value is not None:
            role.properties[name] = value
            role.origins[(name,)] = sam.place(written)


def policy_document(policy: Any) -> Body | None:
    """The policy document that an entry of `Policies` spells out; None when it names a managed policy or nothing."""
    if not isinstance(policy, dict) or is_no_value(policy):
        return None
    if "Statement" in policy:
        return policy
    if len(policy) == 1:
        name, values = next(iter(policy.items()))
        return _filled(name, values if isinstance(values, dict) else {})
    return {"Statement": [policy]} if "Effect" in policy else None


def managed_policy_arn(name: str) -> str:
    """The ARN of AWS's managed policy with this name; any other text stays as it is."""
    path = _managed_paths().get(name)
    return name if path is None else f"{_MANAGED_ARN}{path}{name}"


def _managed(item: Any) -> Json:
    if isinstance(item, str):
        return managed_policy_arn(item)
    return item if is_intrinsic(item) else NO_VALUE


def _several(branch: Any) -> list[Any]:
    return [] if is_no_value(branch) else listed(branch)


def _filled(name: str, values: Body) -> Body | None:
    template = policy_templates().get(name)
    if template is None:
        return None
    known = {parameter: values.get(parameter, NO_VALUE) for parameter in template["parameters"]}
    return {"Statement": [_with_values(statement, known) for statement in template["statements"]]}


def _with_values(value: Any, known: Body) -> Any:
    """The template's value with its parameters replaced; parts without parameters are shared, not copied."""
    if isinstance(value, dict):
        name = value.get("Ref")
        if isinstance(name, str) and name in known:
            return known[name]
        return {key: item if key == "Action" else _with_values(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_values(item, known) for item in value]
    return value


@lru_cache(maxsize=1)
def policy_templates() -> dict[str, Any]:
    """SAM's policy templates: `{name: {"parameters": [...], "statements": [...]}}`."""
    return dict(json.loads(Path(__file__).with_name("policy_templates.json").read_bytes()))


@lru_cache(maxsize=1)
def _managed_paths() -> dict[str, str]:
    """The path in the ARN of each managed policy of AWS, with its final slash."""
    paths = json.loads(Path(__file__).with_name("managed_policies.json").read_bytes())
    return {name: path for path, names in paths.items() for name in names}
