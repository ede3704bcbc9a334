"""The IaC files of a bundle: Jinja and CloudFormation lexed into templates, Terraform and CodeBuild kept opaque."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Literal, TypeAlias

from archlint.errors import TemplateError
from archlint.findings import Location, Region
from archlint.template.document import Document, decode, read_document
from archlint.template.load import NotATemplate, template_of, unreadable
from archlint.template.model import Diagnostic, Kind, Place, ProtonPart, Template
from archlint.template.proton.lexer import lex
from archlint.template.proton.preview import engine_of, is_preview, todays_names
from archlint.template.proton.provenance import readable
from archlint.template.proton.shape import Shaper
from archlint.template.proton.terraform import terraform_files, terraform_reads

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.template.model import Body, Json, ProtonBundle
    from archlint.template.proton.lexed import Lexed

Role: TypeAlias = Literal["environment", "instance", "pipeline", "component"]

# Proton took 200 KB: https://docs.aws.amazon.com/proton/latest/userguide/ag-limits.html
_MOST_BYTES = 1_000_000


def load_part(bundle: ProtonBundle, role: Role, path: Path, name: str, root: Path) -> Template:
    """The template in a Jinja and CloudFormation file of a bundle; its positions are those of the source.

    A file that Jinja or YAML refuses comes back without resources and with a `TPL001` diagnostic. Raises OSError.
    """
    raw = path.read_bytes()
    source = raw.decode("utf-8", errors="replace")
    lexed: Lexed | None = None
    try:
        source = _source(raw)
        lexed = lex(source)
        shaper = Shaper(lexed)
        document = read_document(path, name, lexed.text, relocate=lexed.relocate, source=source, events=shaper.events)
        template = template_of(document, root)
    except TemplateError as error:
        template = unreadable(Document(path, name, source, {}), _relocated(error, lexed))
    except NotATemplate as reason:
        template = unreadable(Document(path, name, source, {}), TemplateError(str(reason)))
    template.kind = Kind.PROTON
    template.proton = ProtonPart(bundle, role)
    if lexed is not None:
        template.proton.expressions = lexed.expressions
        template.proton.paths = lexed.paths
        template.proton.reads = _reads(lexed, name)
        template.proton.loops = shaper.loops
        _modernise(template.proton)
        for resource in template.resources.values():
            resource.logical_id = readable(template, resource.logical_id)
    if not template.source:
        bundle.unparsed_parts = (*bundle.unparsed_parts, role)
    return template


def _modernise(part: ProtonPart) -> None:
    """Names of Proton's preview become those of today."""
    manifest = part.bundle.manifests.get(part.role)
    entries = manifest_entries(manifest.data) if manifest is not None else []
    if entries and is_preview(entries[0]):
        today = todays_names(part.bundle, part.role)
        part.expressions = {mark: today(expression) for mark, expression in part.expressions.items()}
        part.paths = {mark: tuple(map(today, paths)) for mark, paths in part.paths.items()}
        part.reads = [(today(path), place) for path, place in part.reads]


def _source(raw: bytes) -> str:
    if len(raw) > _MOST_BYTES:
        raise TemplateError(f"{len(raw):,} bytes are too many for a Proton template, whose limit was 200 KB")
    return decode(raw)


def _relocated(error: TemplateError, lexed: Lexed | None) -> TemplateError:
    """The error at its place in the source, when it came from parsing the lexed text."""
    if lexed is None:
        return error
    line, column = lexed.relocate(error.line, error.column)
    return TemplateError(error.message, line, column, error.hint)


def _reads(lexed: Lexed, name: str) -> list[tuple[str, Location]]:
    found = []
    for read in lexed.reads:
        line, column = lexed.source_position(read.start)
        end_line, end_column = lexed.source_position(read.end)
        if end_line != line:
            stop = lexed.source.find("\n", read.start)
            end_line, end_column = line, column + (stop if stop >= 0 else len(lexed.source)) - read.start
        found.append((read.path, Location(name, Region(line, column, end_line, end_column))))
    return found


def load_parts(bundle: ProtonBundle, root: Path) -> None:
    """Fills `parts` (and what goes with them) from the bundle's manifests."""
    for role in ("environment", "instance", "pipeline", "component"):
        manifest = bundle.manifests.get(role)
        if manifest is not None:
            part = _part(bundle, role, manifest, root)
            if part is not None:
                bundle.parts[role] = part


def _part(bundle: ProtonBundle, role: Role, manifest: Document, root: Path) -> Template | None:
    entries = manifest_entries(manifest.data)
    if not entries:
        _complain(bundle, manifest, (), "no entry in infrastructure.templates")
        return None
    entry = entries[0]
    if len(entries) > 1:
        place = Place(manifest, ("infrastructure", "templates", 1))
        message = "only the first file of a part is read; the resources of the others are not checked"
        bundle.diagnostics.append(Diagnostic("TPL003", message, place))
    if engine_of(entry) != "jinja":
        return _opaque(bundle, role, manifest, entry)
    file = entry.get("file")
    if not isinstance(file, str) or "/" in file or "\\" in file or file in {"", ".", "..", "*"}:
        _complain(bundle, manifest, ("file",), "file must be the name of one file beside the manifest")
        return None
    path = manifest.path.parent / file
    if path.is_symlink() or not path.is_file():
        _complain(bundle, manifest, ("file",), f"file {file} is not here")
        return None
    return load_part(bundle, role, path, posixpath.join(posixpath.dirname(manifest.name), file), root)


def manifest_entries(data: Json) -> list[Body]:
    """The entries of `infrastructure.templates`; empty when the document is no Proton manifest."""
    infrastructure = data.get("infrastructure") if isinstance(data, dict) else None
    templates = infrastructure.get("templates") if isinstance(infrastructure, dict) else None
    return [entry for entry in templates if isinstance(entry, dict)] if isinstance(templates, list) else []


def _complain(bundle: ProtonBundle, manifest: Document, path: tuple[str, ...], message: str) -> None:
    place = Place(manifest, ("infrastructure", "templates", 0, *path) if path else ())
    bundle.diagnostics.append(Diagnostic("TPL001", f"cannot be read: {message}", place))
    bundle.unparsed_parts = (*bundle.unparsed_parts, posixpath.basename(posixpath.dirname(manifest.name)))


def _opaque(bundle: ProtonBundle, role: Role, manifest: Document, entry: Body) -> Template:
    """A part without resources: what its files read and output is scanned, nothing more."""
    engine = engine_of(entry)
    kind = {"hcl": "Terraform", "codebuild": "CodeBuild"}.get(str(engine), f"rendering engine {engine}")
    kind = "a part without rendering_engine" if engine is None else kind
    if engine != "hcl":
        bundle.unparsed_parts = (*bundle.unparsed_parts, role)
    part = ProtonPart(bundle, role)
    outputs: Body = {}
    for source in terraform_files(manifest.path.parent, posixpath.dirname(manifest.name)):
        bundle.sources.append(source)
        part.reads.extend(terraform_reads(source))
        outputs.update({key: {} for key in source.data} if isinstance(source.data, dict) else {})
    message = f"{kind} is not expanded: the resources of this {role} part are not checked"
    diagnostic = Diagnostic("TPL003", message, Place(manifest, ("infrastructure", "templates", 0, "rendering_engine")))
    source_data: Body = {"Outputs": outputs} if outputs else {}
    return Template(manifest, Kind.PROTON, {}, source_data, [diagnostic], part)
