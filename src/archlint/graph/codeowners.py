"""CODEOWNERS files: who owns a path, in the dialects of GitHub and of GitLab."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from archlint.reads import looked_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

Dialect: TypeAlias = Literal["github", "gitlab"]

# GitHub looks into .github, the root and docs, GitLab into the root, docs and .gitlab; the first file found counts.
# https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
# https://docs.gitlab.com/user/project/codeowners/#codeowners-file
FOLDERS = (".github", "", "docs", ".gitlab")
FILE_NAME = "CODEOWNERS"

_WORD = re.compile(r"(?:\\.|\S)+")
_OWNER = re.compile(r"@[\w.-][\w./-]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# https://docs.gitlab.com/user/project/codeowners/reference/#section-headings
_HEADING = re.compile(r"(?P<optional>\^)?\[(?P<name>[^\]]+)\](?:\[\d*\])?(?P<defaults>(?:\s.*)?)")
_WILD = re.compile(r"[*?\[\\]")
_ANYTHING = "**"


class _Entry(msgspec.Struct, frozen=True):
    matches: Callable[[Sequence[str]], bool]
    owners: tuple[str, ...] | None
    """None for an exclusion."""


class _Section(msgspec.Struct):
    is_optional: bool = False
    defaults: tuple[str, ...] = ()
    entries: list[_Entry] = msgspec.field(default_factory=list)

    def owners(self, steps: Sequence[str]) -> tuple[str, ...]:
        """Those of the last entry that matches; an exclusion is final for its section."""
        found: tuple[str, ...] = ()
        for entry in self.entries:
            if entry.matches(steps):
                if entry.owners is None:
                    return ()
                found = entry.owners
        return found


class CodeOwners:
    """Who owns the files of one repository."""

    def __init__(self, sections: Iterable[_Section]) -> None:
        self._sections = list(sections)
        self._names = _short_names(
            owner
            for section in self._sections
            for owners in (section.defaults, *(entry.owners or () for entry in section.entries))
            for owner in owners
        )

    def owner(self, path: str) -> str | None:
        """The team that owns a file (path from the repository's root, with `/`); several own it as `a + b`.

        GitLab asks the owners of each section that matches; those of optional sections count when there are no others.
        """
        steps = path.split("/")
        for is_optional in (False, True):
            found = {
                self._names[owner]
                for section in self._sections
                if section.is_optional is is_optional
                for owner in section.owners(steps)
            }
            if found:
                return " + ".join(sorted(found))
        return None


def find_code_owners(top: Path) -> CodeOwners | None:
    """The CODEOWNERS of the repository at this folder; None when it has none that can be read."""
    for folder in FOLDERS:
        try:
            text = (top / folder / FILE_NAME).read_text(encoding="utf-8-sig", errors="replace")
        except OSError:
            continue
        return parse_code_owners(text, _dialect(top, folder, text))
    return None


def _dialect(top: Path, folder: str, text: str) -> Dialect:
    """GitLab's when the file lies where only GitLab looks, or says what only GitLab understands."""
    if folder in (".github", ".gitlab"):
        return "gitlab" if folder == ".gitlab" else "github"
    lines = [line.strip() for line in text.splitlines()]
    if any(line.startswith("!") or _HEADING.fullmatch(line) for line in lines):
        return "gitlab"
    looked_for(str(top / ".gitlab-ci.yml"))
    looked_for(str(top / ".github"))
    is_on_gitlab = (top / ".gitlab-ci.yml").is_file() and not (top / ".github").is_dir()
    return "gitlab" if is_on_gitlab else "github"


def parse_code_owners(text: str, dialect: Dialect) -> CodeOwners:
    """Reads the text of a CODEOWNERS file; lines that are none are passed over, as both hosts do."""
    read = _gitlab if dialect == "gitlab" else _github
    return CodeOwners(read(line.strip() for line in text.splitlines()))


def _github(lines: Iterable[str]) -> list[_Section]:
    """The last match wins, and one without owners leaves the file to nobody; `!` and `[ ]` mean nothing special."""
    section = _Section()
    for line in lines:
        words: list[str] = []
        for word in _WORD.findall(line):
            if word.startswith("#"):
                break
            words.append(word)
        if not words or words[0].startswith("!") or not all(_OWNER.fullmatch(owner) for owner in words[1:]):
            continue  # https://docs.github.com/…/about-code-owners: a line with invalid syntax is skipped
        section.entries.append(_Entry(_pattern(words[0], "github"), tuple(words[1:])))
    return [section]


def _gitlab(lines: Iterable[str]) -> list[_Section]:
    """Sections are asked one by one; entries without owners take the section's. Sections of one name are one."""
    current = _Section()
    sections = {"": current}
    for line in lines:
        if not line or line.startswith("#"):
            continue
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            current = sections.setdefault(heading["name"].strip().lower(), _Section(heading["optional"] is not None))
            current.defaults = _owners(heading["defaults"]) or current.defaults
            continue
        pattern = _WORD.match(line)
        if pattern is None:
            continue
        if line.startswith("!"):
            if len(pattern[0]) == 1:
                continue
            current.entries.append(_Entry(_pattern(pattern[0][1:], "gitlab"), None))
        else:
            owners = _owners(line[pattern.end() :]) or current.defaults
            current.entries.append(_Entry(_pattern(pattern[0], "gitlab"), owners))
    return list(sections.values())


def _owners(text: str) -> tuple[str, ...]:
    """Users, groups and e-mail addresses; `@@maintainer` is a role of the project and names no team."""
    return tuple(word for word in text.split() if _OWNER.fullmatch(word))


def _pattern(text: str, dialect: Dialect) -> Callable[[Sequence[str]], bool]:
    """Whether a path, split at `/`, is one of those the pattern means.

    A folder means all below it, `docs/*` only what is directly in it. GitHub ties a pattern with a slash in it to the
    root, as gitignore does, GitLab only one that begins with a slash.
    """
    steps = [step for step in text.split("/") if step]
    is_tied = text.startswith("/") or (dialect == "github" and "/" in text.rstrip("/"))
    tokens = [] if is_tied else [_ANYTHING]
    tokens += [_ANYTHING if step == _ANYTHING else _segment(step, dialect) for step in steps]
    if text.endswith("/") or tokens[-1] == _ANYTHING:
        tokens += ["*", _ANYTHING]
    elif not (len(steps) > 1 and steps[-1] == "*"):
        tokens.append(_ANYTHING)
    tests = [None if token == _ANYTHING else _test(token) for token in tokens]
    return lambda path: _is_match(tests, path)


def _segment(step: str, dialect: Dialect) -> str:
    """One step of a pattern as `fnmatch` reads it: that knows no escapes, and GitHub no character classes."""
    found: list[str] = []
    characters = iter(step)
    for character in characters:
        if character == "\\":
            escaped = next(characters, "\\")
            found.append(f"[{escaped}]" if escaped in "*?[" else escaped)
        elif character == "[" and dialect == "github":
            found.append("[[]")
        else:
            found.append(character)
    return "".join(found).replace("[^", "[!")


def _test(token: str) -> Callable[[str], object]:
    return re.compile(fnmatch.translate(token)).match if _WILD.search(token) else token.__eq__


def _is_match(tests: Sequence[Callable[[str], object] | None], path: Sequence[str]) -> bool:
    """Wildcard matching over steps: None stands for any number of them. Takes at most their product."""
    here = there = 0
    star, mark = -1, 0
    while there < len(path):
        if here < len(tests):
            test = tests[here]
            if test is None:
                star, mark = here, there
                here += 1
                continue
            if test(path[there]):
                here, there = here + 1, there + 1
                continue
        if star < 0:
            return False
        mark += 1
        here, there = star + 1, mark
    return all(test is None for test in tests[here:])


def _short_names(owners: Iterable[str]) -> dict[str, str]:
    """Owners as people call them: `@shop/orders` is `orders`, but `shop/core` where there is a `tools/core` too."""
    plain = {owner: owner.removeprefix("@") for owner in owners}
    by_name: dict[str, set[str]] = {}
    for name in plain.values():
        by_name.setdefault(name.rpartition("/")[2], set()).add(name)
    return {
        owner: name if len(by_name[name.rpartition("/")[2]]) > 1 else name.rpartition("/")[2]
        for owner, name in plain.items()
    }


__all__ = ["FILE_NAME", "FOLDERS", "CodeOwners", "Dialect", "find_code_owners", "parse_code_owners"]
