"""Lists that templates write, split or get as parameters, and `Fn::Select` of their items."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.graph.spelled import spelled
from archlint.graph.text import NOTHING, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from archlint.graph.stacks import Stack


class Lists:
    """Looks into lists. `texts` says what a value is."""

    def __init__(self, texts: Callable[[Stack, Any], list[Text]]) -> None:
        self._texts = texts

    def items(self, stack: Stack, value: Any) -> list[Any] | None:
        """The items (values or texts) of a list-valued value, None when unknown."""
        if isinstance(value, list):
            return value
        if isinstance(value, dict) and len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Fn::Split":
                return self._split(stack, argument)
            if function == "Ref":
                return self._referenced(stack, value, argument)
            if function == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
                return self.items(stack, argument[1]) or self.items(stack, argument[2])
        return None

    def _split(self, stack: Stack, argument: Any) -> list[Any] | None:
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
            return None
        sources = self._texts(stack, argument[1])
        return list(_apart(sources[0], argument[0])) if len(sources) == 1 else None

    def _referenced(self, stack: Stack, value: Any, name: Any) -> list[Any] | None:
        """The list that a parameter is: by its text, else what the parent passes."""
        sources = self._texts(stack, value)
        if len(sources) == 1 and sources[0].hole is None and sources[0].node is None:
            return [*sources[0].split(",")]
        parent = stack.parent
        passed = stack.arguments.get(name) if parent is not None and isinstance(name, str) else None
        if parent is None or not isinstance(passed, (list, dict)):
            return None
        inner = self.items(parent, passed)
        if inner is None:
            return None
        return [item if isinstance(item, Text) else (self._texts(parent, item) or [NOTHING])[0] for item in inner]

    def selected(self, stack: Stack, argument: Any) -> list[Text]:
        """What a `Select` can yield; nothing when the list or the index is not known."""
        if not isinstance(argument, list) or len(argument) != 2:
            return []
        index, value = argument
        if isinstance(index, str) and index.isdecimal():
            index = int(index)
        found: list[Text] = []
        for items in self._alternatives(stack, value) if isinstance(index, int) and index >= 0 else ():
            item = items[index] if index < len(items) else None
            for text in [item] if isinstance(item, Text) else self._texts(stack, item):
                if text not in found:
                    found.append(text)
        return found or self._of_endpoint(stack, value)

    def _of_endpoint(self, stack: Stack, value: Any) -> list[Text]:
        """A host taken out of a resource's URL, or one of its endpoints, still leads to the resource."""
        split = value.get("Fn::Split") if isinstance(value, dict) else None
        is_url = isinstance(split, list) and len(split) == 2 and isinstance(split[0], str) and split[0] in _IN_URLS
        whole = split[1] if split is not None and is_url else value
        if not isinstance(whole, dict) or not ("Fn::GetAtt" in whole or split is not None):
            return []
        return [text for text in self._texts(stack, whole) if _is_endpoint(text)]

    def _alternatives(self, stack: Stack, value: Any) -> list[list[Any]]:
        """The lists that a list-valued value can be: one for each branch of an `If`, also where a parameter has it."""
        if isinstance(value, dict) and len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
                return [items for branch in argument[1:] for items in self._alternatives(stack, branch)]
            items = self.items(stack, value)
            if items is None and function == "Ref":
                return [list(text.split(",")) for text in self._texts(stack, value) if text.hole is None]
            return [items] if items is not None else []
        return [value] if isinstance(value, list) else []


def _is_endpoint(text: Text) -> bool:
    return text.node is not None and _ENDPOINT.search(text.node.attribute) is not None


_IN_URLS = frozenset({"/", "//", "://", ":"})
_ENDPOINT = re.compile(r"(?i)(?:url|endpoints?)$")


def _apart(text: Text, separator: str) -> list[Text]:
    """The text split; an ARN or URL that a resource yields is first written out around the resource's name."""
    whole = spelled(text.node) if text.node is not None and separator in (":", "/") else None
    return (whole or text).split(separator)
