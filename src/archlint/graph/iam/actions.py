"""IAM action names: what a pattern stands for, and what an action does to a resource.

The table behind it (453 services, 22,000 actions) is read when the first question needs it.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

READ: Final = "Read"
WRITE: Final = "Write"
LIST: Final = "List"
TAGGING: Final = "Tagging"
PERMISSIONS: Final = "Permissions management"

ALL_LEVELS: Final = frozenset({READ, WRITE, LIST, TAGGING, PERMISSIONS})
_LETTERS = {"R": READ, "W": WRITE, "L": LIST, "T": TAGGING, "P": PERMISSIONS}
_TABLE = Path(__file__).parents[2] / "data" / "iam_actions.json"

# First words of action names in services that the table does not hold.
_READING = ("batchget", "check", "describe", "detect", "get", "head", "lookup", "query", "read", "scan", "search")
_TAGGING = ("tag", "untag")


@lru_cache(maxsize=8192)
def matches(pattern: str, action: str) -> bool:
    """True when the IAM pattern (`*` any run, `?` one character, case ignored) admits this action."""
    return glob(pattern.lower(), action.lower())


def glob(pattern: str, text: str) -> bool:
    """IAM's wildcard match, in time `len(pattern) * len(text)` whatever the pattern is."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == text
    if pattern.find("*") == len(pattern) - 1 and "?" not in pattern:  # `Get*`, as most are
        return text.startswith(pattern[:-1])
    at = start = 0
    star = resume = -1
    while start < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, start
            at += 1
        elif at < len(pattern) and (pattern[at] == "?" or pattern[at] == text[start]):
            at += 1
            start += 1
        elif star >= 0:
            at = star + 1
            resume += 1
            start = resume
        else:
            return False
    return not pattern[at:].strip("*")


def is_pattern(action: str) -> bool:
    """True when the name holds a wildcard."""
    return "*" in action or "?" in action


def service_of(action: str) -> str:
    """The service prefix in lower case: `sqs` of `SQS:SendMessage`, `*` of `*`."""
    prefix, colon, _ = action.partition(":")
    return prefix.lower() if colon else "*"


@lru_cache(maxsize=4096)
def expand(pattern: str) -> tuple[str, ...]:
    """The actions that a pattern admits, spelled as AWS does and sorted by service and name.

    A name without wildcard stands for itself even when the table does not know it; an unknown pattern for nothing.
    """
    service, colon, name = pattern.partition(":")
    if not colon:
        service, name = "*", pattern
    prefix, lowered = service.lower(), name.lower()
    services = [known for known in _services() if glob(prefix, known)] if is_pattern(prefix) else [prefix]
    found = tuple(
        f"{each}:{spelled}"
        for each in services
        for key, (spelled, _) in service_actions(each).items()
        if glob(lowered, key)
    )
    return found or (() if is_pattern(pattern) else (pattern,))


def access_levels(patterns: Iterable[str]) -> frozenset[str]:
    """What these actions or patterns do: a set of `Read`, `Write`, `List`, `Tagging`, `Permissions management`."""
    found: frozenset[str] = frozenset()
    for pattern in patterns:
        found |= _levels(pattern)
    return found


@lru_cache(maxsize=4096)
def _levels(pattern: str) -> frozenset[str]:
    service, _, name = pattern.lower().partition(":")
    if is_pattern(service):
        return ALL_LEVELS if not name.strip("*") else frozenset(_guessed(name))
    actions = service_actions(service)
    if is_pattern(name):
        return frozenset(level for key, (_, level) in actions.items() if glob(name, key)) or frozenset(_guessed(name))
    known = actions.get(name)
    return frozenset({known[1]}) if known is not None else frozenset(_guessed(pattern.partition(":")[2]))


def _guessed(name: str) -> set[str]:
    """Levels of an action the table does not hold, by its first word; of a bare wildcard all that touch data."""
    lowered = name.lower()
    if not lowered.strip("*?"):
        return {READ, WRITE, LIST}
    if lowered.startswith("list"):
        return {LIST}
    if lowered.startswith(_READING):
        return {READ}
    return {TAGGING} if lowered.startswith(_TAGGING) else {WRITE}


@lru_cache(maxsize=1)
def _services() -> Mapping[str, str]:
    table = json.loads(_TABLE.read_text(encoding="utf-8"))
    services: dict[str, str] = table["services"]
    return services


@lru_cache(maxsize=512)
def service_actions(service: str) -> Mapping[str, tuple[str, str]]:
    """Lower-case name → (name as AWS spells it, access level) of one service; empty for an unknown one."""
    packed = _services().get(service)
    if packed is None:
        return {}
    found: list[tuple[str, str]] = []
    for section in packed.split(" "):
        letter, _, names = section.partition(":")
        found += [(name, _LETTERS[letter]) for name in _unpacked(names)]
    return {name.lower(): (name, level) for name, level in sorted(found)}


def _unpacked(names: str) -> list[str]:
    """`Get{Item,Records},Query` → GetItem, GetRecords, Query."""
    found: list[str] = []
    verb = ""
    for piece in names.split(","):
        stem, brace, rest = piece.partition("{")
        if brace:
            verb, tail = stem, rest
        else:
            tail = piece
        found.append(verb + tail.rstrip("}"))
        if tail.endswith("}"):
            verb = ""
    return found
