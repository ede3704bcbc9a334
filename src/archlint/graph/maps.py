"""`Fn::FindInMap`: the values that a look-up can yield, also when its key is a parameter that nobody here knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archlint.graph.stacks import Stack
    from archlint.graph.text import Text

_Key = tuple[int, str]


class Maps:
    """Looks into the mappings of templates. `texts` says what a value is."""

    def __init__(self, texts: Callable[[Stack, Any], list[Text]]) -> None:
        self._texts = texts
        self._keys: dict[_Key, str] = {}

    def values(self, stack: Stack, argument: Any) -> list[Any]:
        """The values that a look-up can yield; unknown keys stand for all keys of the map."""
        if not isinstance(argument, list) or len(argument) < 3:
            return []
        level = self._sections(stack, argument[0])
        for key in argument[:3]:
            names = self._names(stack, key)
            following: list[Any] = []
            for mapping in level:
                if isinstance(mapping, dict):
                    known = [mapping[name] for name in sorted(n for n in names if n is not None) if name in mapping]
                    following.extend(mapping.values() if None in names else known)
            level = following
        if not level and len(argument) == 4 and isinstance(argument[3], dict):
            return [argument[3].get("DefaultValue")]
        return level

    def _sections(self, stack: Stack, name: Any) -> list[Any]:
        own = stack.template.section("Mappings")
        if stack.whole is not None and isinstance(name, str) and name not in own:
            elsewhere = stack.whole.section("Mappings", name)
            return [elsewhere[1]] if elsewhere is not None else [own]
        return [own]

    def _names(self, stack: Stack, key: Any) -> set[str | None]:
        parameter = _referenced(key) if self._keys else None
        chosen = self._keys.get((id(stack), parameter)) if parameter is not None else None
        return {text.literal for text in self._texts(stack, key)} if chosen is None else {chosen}

    def together(self, stack: Stack, values: Iterable[Any]) -> Iterator[str]:
        """One turn for each key under which several of these values look into maps by the same unknown parameter.

        During a turn that parameter is the turn's key. `arn:…:${AccountOf[Stage]}:${ApiOf[Stage]}` has as many
        alternatives as there are stages, not their square.
        """
        maps: dict[str, list[Any]] = {}
        for value in values:
            look_up = value.get("Fn::FindInMap") if isinstance(value, dict) and len(value) == 1 else None
            if not isinstance(look_up, list) or len(look_up) < 3 or not isinstance(look_up[0], str):
                continue
            parameter = _referenced(look_up[1])
            if parameter is not None:
                [section] = self._sections(stack, look_up[0])
                maps.setdefault(parameter, []).append(section.get(look_up[0]))
        for parameter, found in maps.items():
            key = (id(stack), parameter)
            is_open = key not in self._keys and None in self._names(stack, {"Ref": parameter})
            if len(found) > 1 and is_open and all(isinstance(each, dict) for each in found):
                yield from self._turns(key, sorted(set.intersection(*(set(map(str, each)) for each in found))))
                return

    def _turns(self, key: _Key, names: list[str]) -> Iterator[str]:
        for name in names:
            self._keys[key] = name
            try:
                yield name
            finally:
                del self._keys[key]


def _referenced(value: Any) -> str | None:
    name = value.get("Ref") if isinstance(value, dict) and len(value) == 1 else None
    return name if isinstance(name, str) else None
