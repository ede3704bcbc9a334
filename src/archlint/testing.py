"""The harness for rules: run one rule over its fixtures and compare with their want comments."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archlint.config import Config, PackSpec, RuleSettings, load_config
from archlint.errors import ArchlintError
from archlint.lint import run
from archlint.ruleset.fixtures import REQUIRED, Want, WantError, case_files, cases, find_fixtures, read_wants
from archlint.ruleset.packs import Pack, RuleFile, builtin_pack, read_pack
from archlint.ruleset.rule_file import display

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archlint.findings import Finding, Location
    from archlint.lint import LintResult
    from archlint.template.model import Json

_PARAMS = re.compile(r"#\s*params:\s*(\{.*\})\s*")
_LINE_LIMIT = 4000
CONFIG_NAME = "archlint.toml"
"""A fixture folder may hold one: owners, services and the like, which some rules need."""


class Problem(msgspec.Struct, frozen=True):
    """One way in which a fixture is not as it should be."""

    path: Path
    line: int
    rule_id: str
    message: str

    def __str__(self) -> str:
        return f"{display(self.path)}:{self.line}: {self.rule_id} {self.message}"


class PackReport(msgspec.Struct, frozen=True):
    """What came of testing packs: how much there was, and what is wrong."""

    rules: int
    fixtures: int
    problems: tuple[Problem, ...]


def check_packs(paths: Sequence[Path], *, python: bool = True) -> PackReport:
    """Tests the packs in these folders, the built-in one if none is given; raises RulePackError for a broken pack."""
    specs = [PackSpec(path, python=python) for path in paths] or [PackSpec(None, python=True)]
    problems: list[Problem] = []
    rules = fixtures = 0
    for spec in specs:
        for rule in open_pack(spec).files:
            rules += 1
            fixtures += len(rule_cases(rule))
            problems.extend(check_rule(rule, spec))
    return PackReport(rules, fixtures, tuple(problems))


def open_pack(spec: PackSpec) -> Pack:
    """The pack that a configuration names; raises RulePackError."""
    return builtin_pack() if spec.path is None else read_pack(spec.path, python=spec.python)


def rule_cases(rule: RuleFile) -> list[Path]:
    """The fixtures of a rule."""
    folder = _folder(rule)
    return cases(folder) if folder is not None else []


def _folder(rule: RuleFile) -> Path | None:
    fixtures = find_fixtures(rule.path.parent)
    return fixtures / rule.path.stem if fixtures is not None else None


def check_rule(rule: RuleFile, spec: PackSpec) -> Iterator[Problem]:
    """Problems of all fixtures of one rule, and of the ones it lacks."""
    found = rule_cases(rule)
    present = {case.name.partition(".")[0] for case in found}
    for required in REQUIRED:
        if required not in present:
            place = (_folder(rule) or Path("tests/fixtures/rules") / rule.path.stem) / f"{required}.yaml"
            yield Problem(rule.path, 1, rule.id, f"has no {required} fixture; write {display(place)}")
    for case in found:
        yield from check_case(case, rule.id, spec)


def check_case(case: Path, rule_id: str, spec: PackSpec | None = None) -> list[Problem]:
    """Runs one rule over a fixture, a file or a folder, and compares both ways."""
    wants: list[Want] = []
    for path in case_files(case):
        try:
            wants.extend(read_wants(path, _name(path, case)))
        except WantError as error:
            return [Problem(path, error.line, rule_id, str(error))]
    try:
        result = run([case], _config(case, rule_id, spec or PackSpec(None, python=True)))
    except ArchlintError as error:
        return [Problem(case, 1, rule_id, f"did not run: {error}")]
    comparison = _Comparison(case, rule_id, wants)
    problems = [*_crashes(case, rule_id, result), *comparison.findings(result.findings)]
    problems += [problem for finding in result.findings for problem in _bad_style(case, finding)]
    if case.name.startswith("bad.") and not wants and not problems:
        problems.append(Problem(case, 1, rule_id, "the bad fixture wants no finding"))
    return problems


def _name(path: Path, case: Path) -> str:
    return path.name if path == case else path.relative_to(case).as_posix()


def _crashes(case: Path, rule_id: str, result: LintResult) -> Iterator[Problem]:
    for note in result.notifications:
        if note.rule_id is not None:
            frames = [line.strip() for line in note.detail.splitlines() if line.strip().startswith("File ")]
            yield Problem(case, 1, rule_id, f"{note.message} {frames[-1] if frames else ''}".rstrip())


def _bad_style(case: Path, finding: Finding) -> Iterator[Problem]:
    """Messages are one line that ends without a period, and name what they speak of or start in lower case."""
    path = case if case.is_file() else case / finding.location.file
    line = finding.location.region.start_line
    for text in (finding.message, *(place.message for place in (*finding.related, *finding.flow))):
        if not text.strip() or text != " ".join(text.split()) or text.endswith("."):
            message = "is not one line without a final period"
            yield Problem(path, line, finding.rule_id, f'the message "{text}" {message}')


def _config(case: Path, rule_id: str, spec: PackSpec) -> Config:
    """Only this rule, with its defaults or the params that the first line of a file of the fixture sets."""
    own = case / CONFIG_NAME
    config = load_config(own) if own.is_file() else Config()
    params = next(filter(None, map(_params, case_files(case))), {})
    settings = RuleSettings(params=params) if params else config.rules.get(rule_id, RuleSettings())
    return msgspec.structs.replace(
        config,
        packs=(spec,),
        select=(rule_id,),
        ignore=(),
        extend_select=(),
        baseline=None,
        per_file_ignores=(),
        rules={rule_id: settings},
    )


def _params(path: Path) -> dict[str, Json]:
    with path.open(encoding="utf-8", errors="replace") as stream:
        found = _PARAMS.fullmatch(stream.readline(_LINE_LIMIT))
    if found is None:
        return {}
    import yaml

    params = yaml.safe_load(found[1])
    return {str(name): value for name, value in params.items()} if isinstance(params, dict) else {}


class _Comparison:
    """Wants against findings: each uses up one of the other."""

    def __init__(self, case: Path, rule_id: str, wants: Iterable[Want]) -> None:
        self.case = case
        self.rule_id = rule_id
        wants = list(wants)
        self.primary = [want for want in wants if not want.is_related]
        self.related = [want for want in wants if want.is_related]

    def findings(self, findings: Iterable[Finding]) -> Iterator[Problem]:
        reported = [finding for finding in findings if finding.suppression is None]
        texts = [_Text(f.rule_id, f.location, f.message) for f in reported]
        yield from self._compare(texts, self.primary, "want")
        listing = {(want.file, want.rule_id) for want in self.related}
        others = [
            _Text(finding.rule_id, location, location.message)
            for finding in reported
            for location in finding.related
            if (location.file, finding.rule_id) in listing
        ]
        yield from self._compare(others, self.related, "want-related")

    def _compare(self, texts: list[_Text], wants: list[Want], word: str) -> Iterator[Problem]:
        places = dict.fromkeys([*((t.file, t.line) for t in texts), *((w.file, w.line) for w in wants)])
        for file, line in sorted(places):
            here = [text for text in texts if (text.file, text.line) == (file, line)]
            wanted = [want for want in wants if (want.file, want.line) == (file, line)]
            pairs = _pair(wanted, here)
            left = [text for index, text in enumerate(here) if index not in pairs.values()]
            for index, want in enumerate(wanted):
                if index not in pairs:
                    got = "; ".join(f'"{text.message}"' for text in left) or "nothing"
                    yield self._problem(file, line, want.rule_id, f'wanted "{want.pattern}", got {got}')
            for text in left if len(left) > len(wanted) - len(pairs) else ():
                comment = f'# {word}: {text.rule_id} "{_quoted(text.message)}"'
                yield self._problem(file, line, text.rule_id, f'got "{text.message}", which nothing wants: {comment}')

    def _problem(self, file: str, line: int, rule_id: str, message: str) -> Problem:
        path = self.case if self.case.is_file() else self.case / file
        return Problem(path, line, rule_id, message)


class _Text:
    """A location with what is said there."""

    __slots__ = ("file", "line", "message", "rule_id")

    def __init__(self, rule_id: str, location: Location, message: str) -> None:
        self.rule_id = rule_id
        self.file = location.file
        self.line = location.region.start_line
        self.message = message


def _pair(wants: list[Want], texts: list[_Text]) -> dict[int, int]:
    """The largest set of pairs of a want and a text that it fits: index of want → index of text."""
    taken: dict[int, int] = {}

    def claim(want: int, tried: set[int]) -> bool:
        for index, text in enumerate(texts):
            if (
                index in tried
                or text.rule_id != wants[want].rule_id
                or not re.search(wants[want].pattern, text.message)
            ):
                continue
            tried.add(index)
            if index not in taken or claim(taken[index], tried):
                taken[index] = want
                return True
        return False

    for want in range(len(wants)):
        claim(want, set())
    return {want: index for index, want in taken.items()}


def _quoted(message: str) -> str:
    """The message as the regex of a want comment."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", message).replace('"', '\\"')
