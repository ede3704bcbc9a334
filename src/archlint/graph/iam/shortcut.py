"""The spellings that most policies use, resolved without taking a value apart: `Ref`, `GetAtt`, an ARN around one name.

Half of all linking time was spent on the region and account of ARNs that name a resource of the same template. What is
not spelled like this, or stands for something else, is None here and left to the linker.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from archlint.graph.iam.reach import WORDLESS

if TYPE_CHECKING:
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.template.model import Json

# Aliases and versions stand for a function, nested stacks and parameters for what they hold.
_STAND_INS = frozenset(
    {
        "AWS::CloudFormation::Stack",
        "AWS::KMS::Alias",
        "AWS::Lambda::Alias",
        "AWS::Lambda::Url",
        "AWS::Lambda::Version",
        "AWS::SSM::Parameter",
        "AWS::Serverless::Application",
        "AWS::StepFunctions::StateMachineAlias",
        "AWS::StepFunctions::StateMachineVersion",
    }
)
# Their resources' names come last: `rule/${Bus}/${Rule}`.
_PATHS = frozenset({"ecs", "events", "glue", "iam"})
_FIELD = r"(?:[^:${}]|\$\{AWS::[A-Za-z]+\})*"
_ARN = re.compile(
    rf"arn:{_FIELD}:(?P<service>[a-z0-9-]+):{_FIELD}:{_FIELD}:(?P<word>[A-Za-z-]+[/:])?"
    r"\$\{(?P<name>[A-Za-z0-9_]+)(?P<attribute>\.[A-Za-z]+)?\}(?P<rest>(?:[/:*?].*)?)",
    re.DOTALL,
)


class Direct(NamedTuple):
    """One resource of the stack, and what the ARN has behind its name."""

    node: Node
    attribute: str | None
    rest: str = ""


def direct(stack: Stack, value: Json) -> Direct | None:
    """The resource that a `Ref`, a `GetAtt` or an ARN in a `Sub` names; None when that takes more than a look."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    [(function, argument)] = value.items()
    if function == "Fn::Sub":
        return _in_arn(stack, argument)
    if function == "Ref":
        return _node(stack, argument, "Ref")
    if function == "Fn::GetAtt" and isinstance(argument, list) and len(argument) == 2:
        return _node(stack, argument[0], argument[1])
    return None


def _node(stack: Stack, logical_id: Any, attribute: Any) -> Direct | None:
    node = stack.nodes.get(logical_id) if isinstance(logical_id, str) and isinstance(attribute, str) else None
    return Direct(node, attribute) if node is not None and node.type not in _STAND_INS else None


def _in_arn(stack: Stack, argument: Any) -> Direct | None:
    variables: Any = None
    if isinstance(argument, list) and len(argument) == 2:
        argument, variables = argument
    match = _ARN.fullmatch(argument) if isinstance(argument, str) else None
    if match is None or (match["word"] is None) != (match["service"] in WORDLESS) or match["attribute"] == ".Arn":
        return None
    if match["rest"].startswith("/") and match["service"] in _PATHS:
        return None
    name = match["name"]
    if isinstance(variables, dict) and name in variables:
        found = direct(stack, variables[name]) if match["attribute"] is None else None
        if found is None or found.rest or found.attribute == "Arn":
            return None
    else:
        found = _node(stack, name, "Ref")
    return found._replace(attribute=None, rest=match["rest"]) if found is not None else None
