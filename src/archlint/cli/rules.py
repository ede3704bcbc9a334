"""`archlint rules`, `explain`, `test` and `docs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archlint.cli.settings import color_option, config_options, load, paths_argument, prefixes
from archlint.errors import UsageError

if TYPE_CHECKING:
    from archlint.ruleset.registry import Registry
    from archlint.ruleset.rule import RuleMeta


def _registry(given: dict[str, Any]) -> Registry:
    from archlint.ruleset.registry import Registry

    return Registry.load(load((), **given))


def complete_rule(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's
    """Rule IDs of the built-in pack, for shells."""
    from archlint.config import Config
    from archlint.ruleset.registry import Registry

    return sorted(rule_id for rule_id in Registry.load(Config()).known_ids if rule_id.startswith(incomplete.upper()))


@click.command()
@click.option("--format", "form", type=click.Choice(("text", "json", "markdown")), default="text", show_default=True)
@click.option("--select", multiple=True, metavar="PREFIXES", help="Only rules with these prefixes: EVT,DAT001.")
@config_options
def rules(form: str, select: tuple[str, ...], **given: Any) -> int:
    """List the rules; those that are not checked here are marked."""
    registry = _registry(given)
    wanted = prefixes(select)
    metas = [meta for meta in registry.metas if not wanted or meta.id.startswith(wanted)]
    if wanted and not metas:
        raise UsageError(f"no rule begins with {', '.join(wanted)}")
    if form == "json":
        rows = [_json_rule(meta, is_on=registry.is_selected(meta.id)) for meta in metas]
        click.echo(json.dumps({"version": 1, "rules": rows}, indent=2, ensure_ascii=False))
        return 0
    if form == "markdown":
        click.echo("| rule | severity | name | finds | |\n|---|---|---|---|---|")
    width = max((len(meta.name) for meta in metas), default=0)
    for meta in metas:
        mark = "" if registry.is_selected(meta.id) else "off"
        if form == "markdown":
            cells = (meta.id, meta.severity.value, f"`{meta.name}`", meta.summary.replace("|", "\\|"), mark)
            click.echo(f"| {' | '.join(cells)} |")
        else:
            summary = f"{meta.summary} (off)" if mark else meta.summary
            click.echo(f"{meta.id:<7}  {meta.severity.value:<7}  {meta.name:<{width}}  {summary}")
    return 0


def _json_rule(meta: RuleMeta, *, is_on: bool) -> dict[str, Any]:
    return {
        "id": meta.id,
        "name": meta.name,
        "severity": meta.severity.value,
        "confidence": meta.precision.value,
        "pillar": meta.pillar,
        "summary": meta.summary,
        "help_uri": meta.help_uri,
        "default": meta.enabled,
        "selected": is_on,
        "params": {
            name: {"type": param.type, "default": param.default, "description": param.description}
            for name, param in meta.params.items()
        },
    }


@click.command()
@click.argument("rule", metavar="ID", shell_complete=complete_rule)
@paths_argument
@click.option("--format", "form", type=click.Choice(("text", "markdown")), default="text", show_default=True)
@config_options
@color_option
def explain(rule: str, paths: tuple[Path, ...], form: str, color: str, **given: Any) -> int:
    """Say why a rule matters and how to repair what it finds. ID may be the rule's name.

    Rules about package sizes also show what was measured: in PATH, else in the working directory.
    """
    from archlint.docs import meta_page, rule_page
    from archlint.ruleset.rule import RuleMeta

    found = _registry(given).find(rule)
    page = meta_page(found) if isinstance(found, RuleMeta) else rule_page(found.rule)
    if not isinstance(found, RuleMeta) and "context.packages" in found.path.read_text("utf-8", "replace"):
        page += _measured(paths, given)
    elif paths:
        raise UsageError(f"{found.id} measures nothing in a PATH", hint="the rules about packages do")
    if form == "text":
        from archlint.cli.page import terminal_page

        page = terminal_page(page, color)
    click.echo(page, nl=False, color=True)
    return 0


def _measured(paths: tuple[Path, ...], given: dict[str, Any]) -> str:
    """The part of a page that says what lies here and how large it is; empty where no function does."""
    from archlint.lint import build
    from archlint.packages import Packages
    from archlint.packages.report import measured_lines

    estate = build(list(paths) or [Path()], load(paths, **given))
    lines = measured_lines(Packages(estate.graph, estate.discovery.root))
    if not lines:
        return f"\n## Measured here\n\nNo function or layer below {', '.join(map(str, paths))}.\n" if paths else ""
    return "\n".join(("\n## Measured here\n", "```text", *lines, "```", ""))


@click.command()
@click.argument("packs", nargs=-1, metavar="[PACK]...", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--no-python-packs", is_flag=True, help="Run no Python rules.")
@click.option("-q", "--quiet", is_flag=True, help="Only what is wrong.")
def test(packs: tuple[Path, ...], *, no_python_packs: bool, quiet: bool) -> int:
    """Run the fixtures of rule packs (folders with a pack.toml; default: the built-in one) with their want comments."""
    from archlint.cli import EXIT_FINDINGS
    from archlint.testing import check_packs

    report = check_packs(packs, python=not no_python_packs)
    for problem in report.problems:
        click.echo(str(problem))
    if not quiet:
        from archlint.reporters.summary import plural

        wrong = plural(len(report.problems), "problem") if report.problems else "all as wanted"
        click.echo(f"{plural(report.rules, 'rule')}, {plural(report.fixtures, 'fixture')}: {wrong}", err=True)
    return EXIT_FINDINGS if report.problems else 0


@click.command(hidden=True)
@click.option("--write", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write the pages.")
@click.option("--check", "compare", type=click.Path(path_type=Path), metavar="DIR", help="Compare them.")
def docs(write: Path | None, compare: Path | None) -> int:
    """Generate the pages of the built-in rules."""
    from archlint.cli import EXIT_FINDINGS
    from archlint.config import Config
    from archlint.docs import render_pages
    from archlint.ruleset.registry import Registry

    if (write is None) == (compare is None):
        raise click.UsageError("Give either --write or --check.")
    pages = render_pages(file.rule for file in Registry.load(Config()).files.values())
    folder = write or compare or Path()
    if write is not None:
        _write_pages(folder, pages)
        return 0
    wrong = _differences(folder, pages)
    for name in wrong:
        click.echo(f"{folder / name} is not what the rules say")
    if wrong:
        click.echo(f"run: archlint docs --write {folder}")
    return EXIT_FINDINGS if wrong else 0


def _write_pages(folder: Path, pages: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _differences(folder: Path, pages: dict[str, str]) -> list[str]:
    """Names of pages that are missing, superfluous or different."""
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return sorted(name for name in present.keys() | pages.keys() if present.get(name) != pages.get(name))
