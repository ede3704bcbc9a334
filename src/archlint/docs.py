"""The rules' pages: everything in them comes from the rules and their fixtures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from archlint.ruleset.fixtures import case_files, find_fixtures, without_annotations
from archlint.ruleset.own import OWN_RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from archlint.ruleset.rule import Param, Rule, RuleMeta

INDEX = "README.md"
_LANGUAGES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".py": "python", ".toml": "toml", ".js": "javascript"}


def render_pages(rules: Iterable[Rule]) -> dict[str, str]:
    """File name → Markdown: a page for each rule (`EVT101.md`), one for each of archlint's own, and the index."""
    ordered = sorted(rules, key=lambda rule: rule.meta.id)
    pages = {f"{rule.meta.id}.md": rule_page(rule) for rule in ordered}
    pages.update({f"{meta.id}.md": meta_page(meta) for meta in OWN_RULES.values()})
    pages[INDEX] = _index(ordered)
    return dict(sorted(pages.items()))


def rule_page(rule: Rule) -> str:
    """The page of one rule, in Markdown."""
    fixtures = find_fixtures(rule.path.parent)
    examples = list(_examples(fixtures / rule.path.stem)) if fixtures is not None else []
    return _page(rule.meta, examples)


def meta_page(meta: RuleMeta) -> str:
    """The page of a rule without fixtures, in Markdown."""
    return _page(meta, [])


def _page(meta: RuleMeta, examples: list[str]) -> str:
    state = "on" if meta.enabled else f"off; select it with `--extend-select {meta.id}`"
    blocks = [
        f"# {meta.id} {meta.name}",
        f"{meta.summary}.",
        _table(
            ("severity", "precision", "default", "pillar"),
            [(meta.severity.value, meta.precision.value, state, meta.pillar.replace("-", " "))],
        ),
        "## Why it hurts",
        meta.description.strip(),
        f"AWS on this: <{meta.help_uri}>",
    ]
    if meta.remediation:
        blocks += ["## How to fix it", meta.remediation.strip()]
    blocks += examples
    if meta.exceptions:
        blocks += ["## Known exceptions", meta.exceptions.strip()]
    if meta.params:
        blocks += ["## Parameters", _params(meta), _configuration(meta)]
    blocks += ["## Suppress it", _suppression(meta)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _examples(folder: Path) -> Iterator[str]:
    for stem, title in (("bad", "## Before"), ("good", "## After")):
        case = next((path for path in sorted(folder.glob(f"{stem}*")) if path.name.partition(".")[0] == stem), None)
        if case is None:
            continue
        yield title
        for path in case_files(case):
            if path.suffix in _LANGUAGES:
                if path != case:
                    yield f"`{path.relative_to(case).as_posix()}`"
                text = without_annotations(path.read_text(encoding="utf-8"))
                yield f"```{_LANGUAGES[path.suffix]}\n{text}```"


def _params(meta: RuleMeta) -> str:
    rows = [(f"`{name}`", _kind(param), f"`{_value(param)}`", param.description) for name, param in meta.params.items()]
    return _table(("name", "type", "default", "meaning"), rows)


def _kind(param: Param) -> str:
    return param.type if param.minimum is None else f"{param.type}, at least {param.minimum:g}"


def _value(param: Param) -> str:
    return json.dumps(param.default)


def _configuration(meta: RuleMeta) -> str:
    name, param = next(iter(meta.params.items()))
    return f"```toml\n# archlint.toml\n[rules.{meta.id}]\nparams = {{ {name} = {_value(param)} }}\n```"


def _suppression(meta: RuleMeta) -> str:
    return (
        "Where it is meant to be so, say why, on the line above the finding or on the logical ID:\n\n"
        f"```yaml\n# archlint: ignore[{meta.id}] the reason\n```"
    )


def _index(rules: Iterable[Rule]) -> str:
    """All rules by prefix, each prefix headed by the folder that its rules lie in."""
    titles: dict[str, str] = {}
    by_prefix: dict[str, list[RuleMeta]] = {}
    for rule in rules:
        prefix = rule.meta.id.rstrip("0123456789")
        by_prefix.setdefault(prefix, []).append(rule.meta)
        titles.setdefault(prefix, rule.path.parent.name)
    blocks = ["# Rules", _INTRODUCTION]
    for prefix in sorted(by_prefix):
        blocks += [f"## {prefix}: {titles[prefix]}", _table(_HEADER, map(_row, by_prefix[prefix]))]
    return "\n\n".join([*blocks, "## TPL: archlint itself", _table(_HEADER, map(_row, OWN_RULES.values()))]) + "\n"


_INTRODUCTION = (
    "The severity is that of an ordinary finding. One that rests on weaker evidence than a declaration is milder, and "
    "some are milder or worse by what they find: their pages say so."
)
_HEADER = ("ID", "name", "severity", "fires when")


def _row(meta: RuleMeta) -> tuple[str, ...]:
    severity = meta.severity.value if meta.enabled else f"{meta.severity.value}, off"
    return f"[{meta.id}]({meta.id}.md)", meta.name, severity, meta.summary


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
