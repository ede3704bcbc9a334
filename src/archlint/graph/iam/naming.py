"""The `Resource` of a statement to the resources it names: one, a family by name pattern, or everything."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

import msgspec

from archlint.graph.iam.actions import glob
from archlint.graph.iam.reach import HOLE, may_name_family, reaches_everything
from archlint.graph.iam.shortcut import direct
from archlint.graph.names import arn_form, given_name
from archlint.graph.text import Hole, NodePart, Text, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.names import ArnName
    from archlint.graph.stacks import Stack
    from archlint.template.model import Json

# A pattern that fits more resources than this names a kind, not a family.
MAX_FAMILY = 20
# The log groups of all functions, or of all of anything: no name.
_LOGS_OF_A_SERVICE = re.compile(r"/aws/[^/$]+/?\*")
# A folder with more named resources of one type is no application, and comparing all with all would be quadratic.
MAX_NEIGHBOURS = 500


class Named(msgspec.Struct, frozen=True):
    """A resource that a policy names. `family` is true when a wildcard in the name fits several resources."""

    node: Node
    attribute: str | None = None
    rest: str = ""
    family: bool = False
    qualifier: str | None = None


class Reached(msgspec.Struct, frozen=True):
    """What one `Resource` entry reaches."""

    everything: bool
    named: tuple[Named, ...] = ()
    text: Text | str = ""
    """The value for a reader (the first alternative); `str()` of it."""


NOTHING = Reached(everything=False)
EVERYTHING = Reached(everything=True, text="*")


def reached(linker: Linker, stack: Stack, value: Json) -> Reached:
    """What this value reaches. Things outside the run come as external nodes, default event buses not at all."""
    if value == "*":
        return EVERYTHING
    found = direct(stack, value)
    if found is not None:
        node, attribute, rest = found
        qualifier = rest[1:] if node.type == "AWS::Lambda::Function" and rest[:1] == ":" and rest != ":*" else None
        return Reached(everything=False, named=(Named(node, attribute, rest, qualifier=qualifier),), text=_shown(value))
    texts = linker.texts(stack, value)
    is_unset = isinstance(value, dict) and "Ref" in value and not any(text.parts for text in texts)
    if isinstance(value, dict) and ("Fn::Split" in value or is_unset):  # a parameter that is empty by default is itself
        return Reached(everything=False, named=tuple(_of_target(target) for target in linker.targets(stack, value)))
    texts = linker.resolver.given(stack, value, texts) or texts
    if isinstance(value, dict) and not any(text.parts for text in texts):  # no policy is valid with an empty resource
        texts = linker.resolver.filled(stack, value)
    parts: list[Reached] = []
    for text in texts:
        literal = text.literal
        if literal is not None and "," in literal:  # a list in a parameter's default
            parts += [_of_text(linker, stack, Text((item.strip(),))) for item in literal.split(",")]
        else:
            parts.append(_of_text(linker, stack, text))
    return Reached(
        any(part.everything for part in parts),
        tuple(named for part in parts for named in part.named),
        texts[0] if texts else "",
    )


def _shown(value: Json) -> str:
    """A `Ref`, `GetAtt` or `Sub` as `${Name}`, `${Name.Attribute}` or its text."""
    [(_, argument)] = value.items() if isinstance(value, dict) else [("", value)]
    first = argument[0] if isinstance(argument, list) else argument
    return first if isinstance(first, str) and "${" in first else f"${{{first}}}"


def _of_text(linker: Linker, stack: Stack, text: Text) -> Reached:
    if any(isinstance(part, str) and ("*" in part or "?" in part) for part in text.parts):
        bare = "".join(part if isinstance(part, str) else HOLE for part in text.parts)
        if reaches_everything(bare):
            return EVERYTHING
        family = _family(linker, stack, text) if may_name_family(bare) else None
        if family is not None:
            return Reached(everything=False, named=family)
    target = linker.target(stack, text)
    if target is None or (target.node.external and target.node.logical_id.endswith(":event-bus/default")):
        return NOTHING
    return Reached(everything=False, named=(_of_target(target),))


def _of_target(target: tuple[Node, str | None, str | None, str]) -> Named:
    node, attribute, qualifier, rest = target
    return Named(node, attribute, rest, qualifier=qualifier)


def _family(linker: Linker, stack: Stack, text: Text) -> tuple[Named, ...] | None:
    """The resources whose names a pattern fits; None when the wildcard is not in the resource's name."""
    arn = linker.resolver.arn(text)
    if arn is None:
        return _below_reference(text)
    if not any(isinstance(part, str) and ("*" in part or "?" in part) for part in arn.name.parts):
        return None
    first = arn.name.parts[0]
    if isinstance(first, NodePart):  # `table/${Table}*`: the table with all that lies below
        target = linker.target(stack, Text((first,)))
        return (Named(target.node, None, arn.rest),) if target is not None and _is_of(arn, target.node) else ()
    if arn.service == "logs" and _LOGS_OF_A_SERVICE.fullmatch("".join(map(str, arn.name.parts))):
        return ()
    letters: dict[Hole | NodePart, str] = {}
    pattern = _lettered(arn.name, letters)
    found = [
        node
        for kind in arn.types
        for name, node in neighbours(linker, stack, kind)
        if glob(pattern, _lettered(name, letters))
    ]
    distinct = list(dict.fromkeys(found))
    if len(distinct) > MAX_FAMILY:
        return ()
    return tuple(Named(node, None, arn.rest, family=len(distinct) > 1) for node in distinct)


def _is_of(arn: ArnName, node: Node) -> bool:
    """False for ARNs of other things of the service: `report-group/${Project}-*` is no project."""
    form = arn_form(node.type)
    return form is None or form[0] != arn.service or form[1].rstrip(":/") == arn.word or node.type in arn.types


def _below_reference(text: Text) -> tuple[Named, ...] | None:
    """`${Bucket.Arn}*` means the bucket; `${Bucket.Arn}/*` is left to the linker."""
    first = text.parts[0]
    if len(text.parts) > 1 and isinstance(first, NodePart) and str(text.parts[1])[:1] in "*?":
        return (Named(first.node, first.attribute, str(Text(text.parts[1:]))),)
    return None


def _lettered(text: Text, letters: dict[Hole | NodePart, str]) -> str:
    """The text as a string with one private-use character for each distinct unknown."""
    return "".join(
        part if isinstance(part, str) else letters.setdefault(part, chr(0xE000 + len(letters) % 0x1000))
        for part in text.parts
    )


def neighbours(linker: Linker, stack: Stack, kind: str) -> Iterator[tuple[Text, Node]]:
    """Names of the resources of one type in this application: same root stack, or same folder as the template.

    Resources without a name of their own have the one that CloudFormation makes: stack name, logical ID, suffix.
    """
    facts = linker.graph.iam
    if kind not in facts.neighbours:
        facts.neighbours[kind] = _indexed(linker, kind)
    near = facts.neighbours[kind]
    for node in near.get(stack.root.id, ()):
        yield from ((name, node) for name in _names(linker, kind, node))
    folder = near.get(_folder(stack), ())
    if len(folder) <= MAX_NEIGHBOURS:
        for node in folder:
            if node.stack is not None and node.stack.root is not stack.root:
                yield from ((name, node) for name in _names(linker, kind, node))


def _folder(stack: Stack) -> str:
    return f"folder:{posixpath.dirname(stack.template.name)}"


def _indexed(linker: Linker, kind: str) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in linker.graph.of_type(kind):
        if node.stack is not None:
            found.setdefault(node.stack.root.id, []).append(node)
            found.setdefault(_folder(node.stack), []).append(node)
    return found


def _names(linker: Linker, kind: str, node: Node) -> list[Text]:
    known = linker.graph.iam.names.get(node)
    if known is None and node.stack is not None:
        given = given_name(kind, node.properties)
        if given is None:
            known = [joined((Hole("AWS::StackName", node.stack.scope), f"-{node.logical_id}-", Hole(node.id)))]
        else:
            known = [text for text in linker.texts(node.stack, given) if text.parts and text.hole is None]
        if kind == "AWS::SSM::Parameter":  # its ARN leaves out the slash that a hierarchical name begins with
            known = [_without_slash(name) for name in known]
        linker.graph.iam.names[node] = known
    return known or []


def _without_slash(name: Text) -> Text:
    first = name.parts[0]
    return joined((first.removeprefix("/"), *name.parts[1:])) if isinstance(first, str) else name
