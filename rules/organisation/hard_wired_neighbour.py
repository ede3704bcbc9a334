"""A template names a resource of another template by a name that was written down, not handed over.

Nothing ties the two: CloudFormation does not know that one needs the other. When the other stack renames or replaces
the resource, or moves it to another region, it deploys without a complaint, and the code that relied on the name fails
at run time. No search for the logical ID finds the place.

## How to fix it

Let the declaring stack export the value (or put it into an SSM parameter), and import it: then a rename is refused, or
arrives. In one repository of nested stacks pass it as output and parameter.

## Known exceptions

Names that a parameter holds, which each deployment may set. Names that several stacks declare, when nothing tells which
one is meant. SSM parameters, whose names are the interface, and what one of them tells (`{{resolve:ssm:…}}`). ARNs with
`*` for the account: what lies in another account cannot be imported.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from archlint.api import EdgeKind, Finding, Json, Node, RuleContext, RuleMeta, Severity, Stack

Path: TypeAlias = tuple[str | int, ...]

META = RuleMeta(
    id="ORG007",
    name="hard-wired-neighbour",
    severity=Severity.WARNING,
    summary="Literal name or ARN of a resource that another template declares",
    help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html",
    pillar="reliability",
)

VARIABLE = re.compile(r"\$\{([^!}{][^}{]*)\}")
# What every stack of an account knows by itself.
PSEUDO = frozenset({"AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::URLSuffix"})
STRUCTURE = (EdgeKind.CONTAINS, EdgeKind.IMPORTS, EdgeKind.REFERENCES)
WORD = re.compile(r"[\w.-]+")
ARN = re.compile(r"arn:([^\s'\"]*)")
PIECE = re.compile(r"[^\s'\"]*")
BLANK = " \t\n\"'"
# How the later part of an ARN begins that is put together of several.
JOINTS = ('":', "':", '"/', "'/")
PARAMETER = "AWS::SSM::Parameter"
ANY_ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:[^:]*:\*:")
# What a resource calls its own parts by.
LABELS = frozenset({"Description", "Id", "Name", "Sid"})
FUNCTIONS = ("Ref", "Fn::", "Condition")
MAX_DEPTH = 60
MAX_RELATED = 4


def check(context: RuleContext) -> Iterator[Finding]:
    names = _names(context)
    neighbours = _neighbours(context, names)
    with_neighbours = {holder.stack for holder in neighbours}
    declared: dict[str, set[str | None]] = {}
    for node, word in names.items():
        declared.setdefault(word, set()).add(node.file)
    for stack in context.graph.stacks:
        own = {stack.template.name}
        has_arns = any(declared[word] - own for word in _words(stack) & declared.keys())
        if not has_arns and stack not in with_neighbours:
            continue
        nodes = [node for node in stack.nodes.values() if node in neighbours or (has_arns and _may_name(node))]
        for target, holders in _by_target(context, stack, nodes, neighbours, declared.keys()).items():
            (holder, path), *others = holders
            written = _written(holder)
            also = f" and {len(others)} more" if others else ""
            yield context.finding(
                holder.place(*path) or holder,
                f"{written}{also} {'name' if also else 'names'} {target} of {target.file} by its literal name: "
                "a rename there breaks it unseen",
                related=[
                    *(
                        (other.place(*at) or other, f"{_written(other)} names it too")
                        for other, at in others[:MAX_RELATED]
                    ),
                    (target, "the resource that is meant"),
                ],
                key=(written, target.logical_id),
                owner_of=holder,
            )


def _written(node: Node) -> str:
    return node.generated_by or node.logical_id


def _by_target(
    context: RuleContext,
    stack: Stack,
    nodes: list[Node],
    neighbours: dict[Node, dict[Node, str]],
    declared: AbstractSet[str],
) -> dict[Node, list[tuple[Node, Path]]]:
    """The resources of other templates that a stack names, each with the first place in every resource that does."""
    found: dict[Node, list[tuple[Node, Path]]] = {}
    for holder, path, target in _named(context, nodes, neighbours, declared):
        if target.stack is None or target.stack.template is stack.template or target.type == PARAMETER:
            continue
        holders = found.setdefault(target, [])
        if all(_written(other) != _written(holder) for other, _ in holders):
            holders.append((holder, path))
    return found


def _names(context: RuleContext) -> dict[Node, str]:
    """The resources with a literal physical name, and its last word: cheap to look for before anything is resolved."""
    resolver = context.graph.resolver
    found: dict[Node, str] = {}
    for kind in list(context.graph.types()) if resolver is not None else ():
        for text, node in resolver.names.names_of(kind) if resolver is not None else ():
            last = text.parts[-1] if text.parts else None
            words = WORD.findall(last) if isinstance(last, str) else []
            if words:
                found[node] = words[-1]
    return found


def _may_name(node: Node) -> bool:
    """False when no text of a resource begins an ARN: cheaper than to walk through all of them."""
    return "'arn" in (text := repr(node.properties)) or '"arn' in text


def _words(stack: Stack) -> set[str]:
    """The words of everything in a template that is an ARN, or the end of one that is put together."""
    text = stack.template.document.text
    # Every template is looked at: to split is faster than to search.
    pieces = ARN.findall(text)
    if not pieces:
        return set()
    if "Join" in text:
        later = (piece for joint in JOINTS for piece in text.split(joint)[1:])
        pieces += [found[0] for piece in later if piece[:1] not in BLANK and (found := PIECE.match(piece))]
    return set(WORD.findall("\n".join(pieces))) - {"root"}


def _neighbours(context: RuleContext, names: dict[Node, str]) -> dict[Node, dict[Node, str]]:
    """For each resource the named ends in other stacks of the edges that it declares or carries."""
    found: dict[Node, dict[Node, str]] = {}
    graph = context.graph
    for node, word in names.items():
        for edge in (*graph.outgoing(node), *graph.incoming(node)):
            source, target = edge.source, edge.target
            here, there = source.stack, target.stack
            if here is there or here is None or there is None or edge.kind in STRUCTURE:
                continue
            for holder in (source, target) if edge.via is None else (edge.via,):
                if holder.stack is not node.stack:
                    found.setdefault(holder, {})[node] = word
    return found


def _named(
    context: RuleContext, nodes: list[Node], neighbours: dict[Node, dict[Node, str]], declared: AbstractSet[str]
) -> Iterator[tuple[Node, Path, Node]]:
    """Literal ARNs anywhere in a resource, and literal names where an edge says what they mean."""
    resolver = context.graph.resolver
    if resolver is None:
        return
    for node in nodes:
        stack = node.stack
        if stack is None:
            continue
        others = neighbours.get(node, {})
        for path, value in _literals(node.properties, (), 0):
            is_arn = _is_arn(value)
            if not is_arn and (not others or path[-1] in LABELS):
                continue
            if _is_filled_in(stack, value) or ANY_ACCOUNT.search(VARIABLE.sub("x", str(value))):
                continue
            if is_arn:
                if declared.isdisjoint(WORD.findall(str(value))):
                    continue  # names nothing that any template declares: most ARNs do not
                yield from (
                    (node, path, each.node) for each in resolver.targets(stack, value) if not each.node.external
                )
                continue
            for other, word in others.items():
                if word in str(value) and any(
                    each.node is other for each in resolver.targets(stack, value, other.type)
                ):
                    yield node, path, other


def _literals(value: Json, path: Path, depth: int) -> Iterator[tuple[Path, Json]]:
    """Text that says a name without asking a parameter, a resource or another stack for it, with its path."""
    if _is_literal(value, 0):
        yield path, value
    elif isinstance(value, dict) and depth < MAX_DEPTH:
        branches = value.get("Fn::If") if len(value) == 1 else None
        if isinstance(branches, list):
            for index, branch in enumerate(branches[1:], 1):
                yield from _literals(branch, (*path, "Fn::If", index), depth + 1)
            return
        if len(value) == 1 and next(iter(value)).startswith(FUNCTIONS):
            return  # the name of a parameter or a resource is no name of something outside
        for key, item in value.items():
            yield from _literals(item, (*path, key), depth + 1)
    elif isinstance(value, list) and depth < MAX_DEPTH:
        for index, item in enumerate(value):
            yield from _literals(item, (*path, index), depth + 1)


def _is_literal(value: Json, depth: int) -> bool:
    if isinstance(value, str):
        return bool(value) and "{{" not in value
    if not isinstance(value, dict) or len(value) != 1 or depth > MAX_DEPTH:
        return False
    [(function, argument)] = value.items()
    if function == "Ref":
        return depth > 0 and isinstance(argument, str) and argument in PSEUDO
    if function == "Fn::Sub":
        text, variables, *_ = [*argument, {}, {}] if isinstance(argument, list) else [argument, {}]
        if not isinstance(text, str) or "{{" in text or not isinstance(variables, dict):
            return False
        named = {name.strip() for name in VARIABLE.findall(text)} - PSEUDO
        return all(_is_literal(variables.get(name), depth + 1) for name in named)
    if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list):
        return all(_is_literal(item, depth + 1) for item in argument[1])
    return False


def _is_arn(value: Json) -> bool:
    """True for text that begins with `arn:`."""
    if isinstance(value, dict) and value.keys() == {"Fn::Join"}:
        argument = value["Fn::Join"]
        items = argument[1] if isinstance(argument, list) and len(argument) == 2 else None
        value = items[0] if isinstance(items, list) and items else None
    elif isinstance(value, dict):
        argument = value.get("Fn::Sub")
        value = argument[0] if isinstance(argument, list) and argument else argument
    return isinstance(value, str) and value.startswith("arn")


def _is_filled_in(stack: Stack, value: Json) -> bool:
    """True for text that Proton fills in: what looks like a word here is an expression."""
    proton = stack.template.proton
    return proton is not None and any(mark in str(value) for mark in proton.expressions)
