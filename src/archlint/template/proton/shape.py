"""The events of a lexed template, with its `if` branches turned into what CloudFormation has for them.

Both branches of an `if` stand in the lexed text. A property that only one of them writes becomes
`{"Fn::If": [test, value, {"Ref": "AWS::NoValue"}]}`, a key that both write becomes one `Fn::If`, a resource or output
gets a `Condition`. Whoever reads the template needs to know nothing of Jinja.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeAlias

from archlint.template.parse import yaml_events
from archlint.template.proton.conditions import Conditions
from archlint.template.proton.nodes import Node, all_events, first_node, mapping, node_of, scalar, sequence
from archlint.template.proton.strays import rehome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archlint.template.model import TemplatePath
    from archlint.template.proton.lexed import Block, Guard, Lexed

Entry: TypeAlias = tuple[Node, Node]
Guards: TypeAlias = "tuple[Guard, ...]"

# More separate `if` blocks that write one key than anybody has; each may double the tree.
_MAX_ALTERNATIVES = 8
# SAM wants these to stand as they are: an event that only one branch has counts as always there.
_EVENT_BODY = ("name", "Properties")


class _Zone(Enum):
    """What an `if` around a key of a template turns into."""

    VALUE = auto()  # Fn::If around the value
    ENTRY = auto()  # a Condition inside the entry
    DEEPER = auto()  # nothing here: the entries below are treated instead
    KEEP = auto()  # nothing: the entry counts as always there


def _zone(path: TemplatePath) -> _Zone:
    match path:
        case (_,) | ("Globals", _) | ("Resources", _, "Properties"):
            return _Zone.DEEPER
        case ("Resources" | "Outputs", _):
            return _Zone.ENTRY
        case ("Resources", _, "Properties", "Events", *rest) if len(rest) <= len(_EVENT_BODY):
            return _Zone.KEEP
        case ("Resources", _, "Properties", *_) | ("Globals", _, *_) | ("Outputs", _, "Value", *_):
            return _Zone.VALUE
    return _Zone.KEEP


class Shaper:
    """Shapes the events of one lexed text.

    `loops` is filled on the way: the path of each guarded key or item (as written, without the `Fn::If` that this
    adds) and what guards it.
    """

    def __init__(self, lexed: Lexed) -> None:
        self.lexed = lexed
        self.loops: dict[TemplatePath, tuple[str, ...]] = {}
        self.conditions = Conditions()

    def events(self, text: str) -> Callable[[], Any]:
        """An event source for the lexed text, as `yaml.CSafeLoader(text).get_event` is one for any text."""
        self.conditions = Conditions()
        events = all_events(text)
        if events is None:
            return yaml_events(text)  # the reader will refuse it
        shaped = iter(self._shaped(events))
        return lambda: next(shaped, None)

    def _shaped(self, events: list[Any]) -> list[Any]:
        found = first_node(events)
        if found is None or found[0].entries is None:
            return events
        root, first, behind = found
        rehome(self.lexed, root)
        root.entries = self._declared(self._mapping(root.entries or [], (), ()))
        return [*events[:first], *root.events(), *events[behind:]]

    def _declared(self, entries: list[Entry]) -> list[Entry]:
        """The entries of the template with the conditions that were needed in its `Conditions`."""
        marks = self.conditions.marks
        added = [
            (scalar(name, marks[name]), node_of(body, marks[name])) for name, body in self.conditions.bodies.items()
        ]
        if not added:
            return entries
        for key, value in entries:
            if key.text == "Conditions" and value.entries is not None:
                value.entries.extend(added)
                return entries
        mark = added[0][0].mark
        return [*entries, (scalar("Conditions", mark), mapping(added, mark))]

    def _value(self, node: Node, path: TemplatePath, context: Guards) -> Node:
        if node.entries is not None:
            split = self._split_intrinsics(node.entries, path, context)
            if split is not None:
                return split
            node.entries = self._mapping(node.entries, path, context)
        elif node.items is not None:
            node.items = [self._item(item, (*path, index), context) for index, item in enumerate(node.items)]
        elif node.text is not None:
            return self._unmixed(node)
        return node

    def _item(self, node: Node, path: TemplatePath, context: Guards) -> Node:
        guards = self._guards(node, context)
        if guards:
            self.loops[path] = tuple(map(str, guards))
        shaped = self._value(node, path, (*context, *guards))
        tests = _tests(guards)
        return self._choose([(tests, shaped)], None) if tests and _zone(path) is _Zone.VALUE else shaped

    def _mapping(self, entries: list[Entry], path: TemplatePath, context: Guards) -> list[Entry]:
        groups: dict[tuple[str | None, int], list[Entry]] = {}
        for index, (key, value) in enumerate(entries):
            name = self._unmixed(key).text
            unique = 0 if name not in {None, "<<"} else index + 1
            groups.setdefault((name, unique), []).append((key, value))
        shaped: list[Entry] = []
        for (name, unique), group in groups.items():
            shaped.extend(group if unique or name is None else self._entry(group, (*path, name), context))
        return shaped

    def _entry(self, group: list[Entry], path: TemplatePath, context: Guards) -> list[Entry]:
        """One key with all the values that the branches give it, made one entry (or left to be refused)."""
        guards = [self._guards(key, context) for key, _ in group]
        tests = [_tests(found) for found in guards]
        if len(group) > len(set(tests)):
            return group  # a duplicate key in one branch: the reader will say so
        if any(guards):
            self.loops[path] = tuple(dict.fromkeys(str(guard) for found in guards for guard in found))
        key, value = group[0]
        zone = _zone(path)
        if zone is _Zone.VALUE:
            values = [
                self._value(value, path, (*context, *found)) for (_, value), found in zip(group, guards, strict=True)
            ]
            return [(key, self._choose(list(zip(tests, values, strict=True)), None))]
        if len(group) > 1 or zone is _Zone.DEEPER:
            if all(value.entries is not None for _, value in group):
                value.entries = [entry for _, other in group for entry in other.entries or ()]
            return [(key, self._value(value, path, context))]
        shaped = self._value(value, path, (*context, *guards[0]))
        if zone is _Zone.ENTRY and tests[0] and shaped.entries is not None:
            shaped.entries = self._with_condition(shaped.entries, tests[0], key.mark)
        return [(key, shaped)]

    def _with_condition(self, entries: list[Entry], tests: Guards, mark: Any) -> list[Entry]:
        own = next((value.text for key, value in entries if key.text == "Condition"), None)
        name = self.conditions.every(tests, own, mark)
        others = [entry for entry in entries if own is None or entry[0].text != "Condition"]
        return [*others, (scalar("Condition", mark), scalar(name, mark))]

    def _split_intrinsics(self, entries: list[Entry], path: TemplatePath, context: Guards) -> Node | None:
        """`Ref:` in one branch and `Fn::GetAtt:` in the other are two values, not two keys of one."""
        if _zone(path) is not _Zone.VALUE:
            return None
        guarded = [(_tests(self._guards(key, context)), key, value) for key, value in entries]
        if not any(tests and _is_intrinsic(key.text) for tests, key, _ in guarded):
            return None
        groups: dict[Guards, list[Entry]] = {}
        for tests, key, value in guarded:
            groups.setdefault(tests, []).append((key, self._value(value, path, (*context, *tests))))
        return self._choose([(tests, mapping(inside, inside[0][0].mark)) for tests, inside in groups.items()], None)

    def _choose(self, alternatives: Sequence[tuple[Guards, Node]], otherwise: Node | None) -> Node:
        """The value that the branches leave: nested `Fn::If`, ending in `otherwise` or no value at all.

        There is at least one alternative.
        """
        tests, node = alternatives[0]
        if not tests:
            return node if len(alternatives) == 1 else self._choose(alternatives[1:], node)
        block = tests[0].block
        same = [(found, value) for found, value in alternatives if found and found[0].block is block]
        rest = [pair for pair in alternatives if pair not in same]
        fallback = otherwise if otherwise is not None else node_of({"Ref": "AWS::NoValue"}, node.mark)
        if rest and len(alternatives) <= _MAX_ALTERNATIVES:
            fallback = self._choose(rest, otherwise)
        result = fallback
        for branch in range(max(found[0].branch for found, _ in same), -1, -1):
            taken = [(found[1:], value) for found, value in same if found[0].branch == branch]
            value = self._choose(taken, fallback) if taken else fallback
            result = value if branch == len(block.tests) else self._if(block, branch, value, result)
        return result

    def _if(self, block: Block, branch: int, then: Node, otherwise: Node) -> Node:
        mark = then.mark
        name, negated = self.conditions.atom(block, branch, mark)
        arguments = [otherwise, then] if negated else [then, otherwise]
        return mapping([(scalar("Fn::If", mark), sequence([scalar(name, mark), *arguments], mark))], mark)

    def _unmixed(self, node: Node) -> Node:
        """A placeholder instead of a scalar that runs through several branches: no single text would be right."""
        event = node.start
        if node.text is None or event.style in ("|", ">"):
            return node
        start, end = event.start_mark.index, event.end_mark.index
        if len({_tests(guards) for guards in self.lexed.guards_between(start, end)}) > 1:
            node.start = scalar(self.lexed.mixed(start, end), event.start_mark, event.end_mark).start
        return node

    def _guards(self, node: Node, context: Guards) -> Guards:
        """The branches and loops around a node that are not around its parent."""
        return tuple(guard for guard in self.lexed.guards(node.mark.index) if guard not in context)


def _tests(guards: Guards) -> Guards:
    return tuple(guard for guard in guards if guard.block.kind == "if")


def _is_intrinsic(name: str | None) -> bool:
    return name is not None and (name in {"Ref", "Condition"} or name.startswith("Fn::"))
