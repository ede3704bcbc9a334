"""One run: discover, load, link, check, suppress. Takes values, returns a value; prints and exits nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archlint.errors import UsageError
from archlint.findings import Confidence, Finding, Location, Notification, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archlint.config import Config
    from archlint.graph.link import LinkSettings
    from archlint.graph.model import ResourceGraph
    from archlint.ruleset.registry import Registry
    from archlint.ruleset.rule import Rule, RuleMeta
    from archlint.template.discover import Discovery
    from archlint.template.document import Document
    from archlint.template.model import Diagnostic, ProtonBundle, Template


class Summary(msgspec.Struct, frozen=True):
    """Counts of one run. `findings` are those reported; suppressed and baselined ones are counted apart."""

    templates: int = 0
    resources: int = 0
    edges: int = 0
    findings: int = 0
    suppressed: int = 0
    baselined: int = 0


class LintResult(msgspec.Struct, frozen=True):
    """All that one run found. File names are relative to `root`.

    `findings` are sorted by file, line, column and rule; suppressed and baselined ones are among them, with
    `suppression` set. `documents` are the files read, by name.
    """

    root: Path
    findings: tuple[Finding, ...]
    notifications: tuple[Notification, ...]
    rules: tuple[RuleMeta, ...]
    summary: Summary
    graph: ResourceGraph | None
    documents: Mapping[str, Document]
    config: Config
    stale_baseline: tuple[str, ...] = ()
    """Baseline entries that no finding uses any more: rule, file and logical IDs."""


class Estate(msgspec.Struct, frozen=True):
    """The templates of a run and their graph: what `graph` and `query` need."""

    discovery: Discovery
    templates: tuple[Template, ...]
    bundles: tuple[ProtonBundle, ...]
    graph: ResourceGraph
    notifications: tuple[Notification, ...]
    documents: dict[str, Document] = msgspec.field(default_factory=dict)


def build(paths: Sequence[Path], config: Config) -> Estate:
    """Discovers, loads and links; raises UsageError for a path that is missing or named but no template."""
    from archlint.graph.link import link
    from archlint.template.discover import discover

    discovery = discover(paths, config.exclude, config.root if config.path is not None else None)
    templates, bundles, notifications = _load(discovery)
    graph = link(templates, _link_settings(config, discovery, templates), bundles)
    documents = {template.name: template.document for template in templates}
    for bundle in bundles:
        documents.update({document.name: document for document in bundle.documents()})
    return Estate(discovery, tuple(templates), tuple(bundles), graph, tuple(notifications), documents)


def run(paths: Sequence[Path], config: Config, *, focus: Sequence[Path] = ()) -> LintResult:
    """Lints what is below `paths`. With `focus`, only findings that touch one of these files or folders are kept.

    Raises ArchlintError children for what the user can repair; a rule that crashes becomes an error notification.
    """
    from archlint import suppressions
    from archlint.ruleset.registry import Registry

    registry = Registry.load(config)
    estate = build(paths, config)
    rules = registry.selected
    notifications = [*registry.notifications, *estate.notifications]
    findings = [*_diagnostics(estate, registry), *_check(rules, estate, notifications)]
    for edge_document in _definition_documents(findings, estate):
        estate.documents.setdefault(edge_document.name, edge_document)
    crashed = {note.rule_id for note in notifications if note.rule_id is not None}
    ran = {rule.meta.id for rule in rules} - crashed
    kept, unused = suppressions.apply(
        _numbered(findings), estate.documents, estate.graph, ran=ran, known=registry.known_ids
    )
    if registry.is_selected("TPL002"):
        severity = registry.own_severity("TPL002")
        kept.extend(msgspec.structs.replace(finding, severity=severity) for finding in unused)
    owners = {stack.template.name: stack.owner for stack in estate.graph.stacks}
    kept = [_owned(finding, owners) for finding in kept]
    kept = [finding for finding in kept if not _ignored_for_file(finding, config, estate.discovery)]
    kept = _at_source(kept, config, estate)
    kept, stale = _baselined(kept, config, estate)
    if focus:
        kept = list(_touching(kept, {_absolute(path) for path in focus}, estate.discovery.root))
    kept.sort(key=_order)
    summary = Summary(
        templates=len(estate.templates),
        resources=sum(len(stack.nodes) for stack in estate.graph.stacks),
        edges=len(estate.graph.edges),
        findings=sum(finding.suppression is None for finding in kept),
        suppressed=sum(f.suppression is not None and f.suppression.kind == "inSource" for f in kept),
        baselined=sum(f.suppression is not None and f.suppression.kind == "external" for f in kept),
    )
    return LintResult(
        estate.discovery.root,
        tuple(kept),
        tuple(notifications),
        registry.selected_metas,
        summary,
        estate.graph,
        estate.documents,
        config,
        stale,
    )


def _absolute(path: Path) -> Path:
    import os

    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links


def _load(discovery: Discovery) -> tuple[list[Template], list[ProtonBundle], list[Notification]]:
    from archlint.template.load import NotATemplate, load_template

    templates: list[Template] = []
    notifications: list[Notification] = []
    bundles, taken = _bundles(discovery)
    for bundle in bundles:
        templates.extend(bundle.parts.values())
    for path in discovery.files:
        if path in taken:
            continue
        name = discovery.name(path)
        try:
            templates.append(load_template(path, name, discovery.root))
        except NotATemplate as reason:
            if path in discovery.named:
                raise UsageError(f"{name} is no template: {reason}") from reason
        except OSError as error:
            if path in discovery.named:
                raise UsageError(f"{name} cannot be read: {error.strerror}") from error
            notifications.append(Notification(f"{name} cannot be read: {error.strerror}"))
    templates.sort(key=lambda template: template.name)
    return templates, bundles, notifications


def _bundles(discovery: Discovery) -> tuple[list[ProtonBundle], set[Path]]:
    """Proton bundles among the files, and the files that belong to them."""
    is_part = any(path.parent.name.endswith("infrastructure") for path in discovery.files)
    if not is_part and not any(path.name.startswith(("manifest.", "schema.")) for path in discovery.files):
        return [], set()
    from archlint.template.proton import find_bundles, load_bundles

    bundles = load_bundles(find_bundles(discovery.files, discovery.root), discovery.root)
    taken = {document.path for bundle in bundles for document in bundle.documents()}
    taken.update(template.document.path for bundle in bundles for template in bundle.parts.values())
    return bundles, taken


def _link_settings(config: Config, discovery: Discovery, templates: Sequence[Template]) -> LinkSettings:
    from archlint.graph.link import LinkSettings
    from archlint.template.samconfig import deployments

    parameters, tags = deployments(templates, config.config_env, discovery.folders)
    return LinkSettings(
        root=discovery.root,
        glob_root=config.root if config.path is not None else discovery.root,
        parameters=dict(config.parameters),
        template_parameters=parameters,
        owners=config.owners,
        owner_tags=config.owner_tags,
        stack_tags=tags,
        services=config.services,
        non_production=config.non_production,
        external_imports=config.external_imports,
        folders=discovery.folders,
    )


def _check(rules: Iterable[Rule], estate: Estate, notifications: list[Notification]) -> Iterator[Finding]:
    """Findings of all rules; a rule that crashes leaves an error notification and takes nothing else along."""
    from archlint.graph.values import Values
    from archlint.packages import Packages
    from archlint.ruleset.rule import RuleContext

    values = Values(estate.graph)
    packages = Packages(estate.graph, estate.discovery.root, estate.discovery.folders)
    for rule in rules:
        context = RuleContext(
            rule=rule, graph=estate.graph, values=values, packages=packages, templates=estate.templates
        )
        found: list[Finding] = []
        try:
            found.extend(rule.check(context))
        except Exception as error:  # noqa: BLE001 - one broken rule must not take the others' findings along
            import traceback

            message = f"rule {rule.meta.id} crashed: {type(error).__name__}: {error}"
            detail = traceback.format_exc()
            notifications.append(Notification(message, Severity.ERROR, rule.meta.id, detail=detail))
        yield from found
    notifications.extend(packages.notes)


def _diagnostics(estate: Estate, registry: Registry) -> Iterator[Finding]:
    """TPL001 and TPL003 findings of the files."""
    from archlint.ruleset.own import OWN_RULES

    sources: list[Diagnostic] = [diagnostic for template in estate.templates for diagnostic in template.diagnostics]
    sources.extend(diagnostic for bundle in estate.bundles for diagnostic in bundle.diagnostics)
    for diagnostic in sources:
        meta = OWN_RULES[diagnostic.rule_id]
        if not registry.is_selected(meta.id):
            continue
        location = diagnostic.region or diagnostic.place.location()
        message = f"{diagnostic.message}; {diagnostic.hint}" if diagnostic.hint else diagnostic.message
        yield Finding(
            rule_id=meta.id,
            name=meta.name,
            severity=registry.own_severity(meta.id),
            confidence=Confidence.HIGH,
            message=message,
            location=location,
            key=(diagnostic.message,),
            help_uri=meta.help_uri,
        )


def _definition_documents(findings: Iterable[Finding], estate: Estate) -> Iterator[Document]:
    """Definition files that findings point into: reporters show their lines too."""
    wanted = {location.file for finding in findings for location in (finding.location, *finding.related, *finding.flow)}
    wanted -= estate.documents.keys()
    if wanted:
        for edge in estate.graph.edges:
            if edge.place is not None and edge.place.document.name in wanted:
                yield edge.place.document


def _numbered(findings: list[Finding]) -> list[Finding]:
    """Each finding once, counted where two would share a fingerprint.

    A template that is nested several times yields the same finding from every instance: one place to repair.
    """
    seen: dict[tuple[str, str, tuple[str, ...]], int] = {}
    said: set[tuple[str, Location, str]] = set()
    numbered = []
    for finding in sorted(findings, key=_order):
        same = (finding.rule_id, finding.location, finding.message)
        if same in said:
            continue
        said.add(same)
        key = (finding.rule_id, finding.location.file, finding.key)
        count = seen.get(key, 0)
        seen[key] = count + 1
        numbered.append(finding if finding.occurrence == count else msgspec.structs.replace(finding, occurrence=count))
    return numbered


def _at_source(findings: list[Finding], config: Config, estate: Estate) -> list[Finding]:
    """The findings, those in CDK assemblies at the user's own line where the assembly tells it.

    Stages of one application repeat a finding for the same line: it stays once, as one that nobody suppressed.
    """
    from archlint.template.cdk import SourceLines

    lines = SourceLines(estate.templates, estate.discovery.root)
    if not lines:
        return findings
    moved = [lines.moved(finding) for finding in sorted(findings, key=lambda finding: finding.suppression is not None)]
    for name, document in lines.documents.items():
        estate.documents.setdefault(name, document)
    return [finding for finding in _numbered(moved) if not _ignored_for_file(finding, config, estate.discovery)]


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    region = finding.location.region
    return (finding.location.file, region.start_line, region.start_column, finding.rule_id, finding.message)


def _owned(finding: Finding, owners: Mapping[str, str | None]) -> Finding:
    """The finding with the owner of its template when no rule named one: archlint's own rules know no teams."""
    owner = finding.owner or owners.get(finding.location.file)
    return finding if owner == finding.owner else msgspec.structs.replace(finding, owner=owner)


def _touching(findings: Iterable[Finding], paths: set[Path], root: Path) -> Iterator[Finding]:
    """The findings with a place in one of these files, or below one of these folders."""
    for finding in findings:
        files = [_absolute(root / name) for name in _files(finding)]
        if not paths.isdisjoint(folder for file in files for folder in (file, *file.parents)):
            yield finding


def _files(finding: Finding) -> set[str]:
    return {location.file for location in (finding.location, *finding.related, *finding.flow)}


def _ignored_for_file(finding: Finding, config: Config, discovery: Discovery) -> bool:
    if not config.per_file_ignores:
        return False
    from pathspec import GitIgnoreSpec

    base = config.root if config.path is not None else discovery.root
    from archlint.template.discover import relative_name

    name = relative_name(discovery.root / finding.location.file, base)
    return any(
        finding.rule_id.startswith(tuple(prefixes)) and GitIgnoreSpec.from_lines([pattern]).match_file(name)
        for pattern, prefixes in config.per_file_ignores
    )


def _baselined(findings: list[Finding], config: Config, estate: Estate) -> tuple[list[Finding], tuple[str, ...]]:
    if config.baseline is None:
        return findings, ()
    from archlint import baseline

    known = baseline.read_baseline(config.baseline, estate.discovery.root)
    kept = baseline.apply(findings, known)
    stale = baseline.stale(known, kept, estate.documents)
    return kept, tuple(f"{key.rule_id} {key.file} {' '.join(key.names)}".rstrip() for key in stale)
