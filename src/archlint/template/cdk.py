"""CDK cloud assemblies: which line of the user's own code made a resource.

An assembly is whatever lies on the disk: the paths in its stack traces are followed only inside the linted folder.
https://github.com/aws/aws-cdk-cli/blob/main/packages/%40aws-cdk/cloud-assembly-schema/README.md
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.findings import Region
from archlint.reads import looked_for
from archlint.template.discover import NEVER_WALKED
from archlint.template.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archlint.findings import Finding, Location
    from archlint.template.model import Template

STACK_SUFFIX = ".template.json"
SYNTHESISED = "in the synthesised template"
_SUFFIXES = (".ts", ".tsx", ".js", ".py")
_STACK = "aws:cloudformation:stack"
# `new Shop (/app/lib/shop.ts:19:18)`, `__init__ (/app/shop.py:7)`: what Node.js and JSII write.
_FRAME = re.compile(r"\(([^()\s][^()]{0,4096}?):(\d{1,7})(?::(\d{1,7}))?\)\s*$")
_BARE_FRAME = re.compile(r"^\s*at ([^()\s][^()]{0,4096}?):(\d{1,7}):(\d{1,7})\s*$")
_MAX_METADATA = 64 * 1024 * 1024
_MAX_SOURCE = 4_000_000
_MAX_STACKS = 1_000


class Frame(msgspec.Struct, frozen=True):
    """One line of a stack trace, as the assembly claims it. Numbers are 1-based; hosts of JSII give no column."""

    file: str
    line: int
    column: int | None


class Construct(msgspec.Struct, frozen=True):
    """What an assembly says of one resource: its path in the tree of constructs, and who made it, innermost first."""

    path: str
    frames: tuple[Frame, ...]


def is_assembly(folder: Path) -> bool:
    """True for the output folder of a synthesis."""
    return (folder / "cdk.out").is_file() or (folder / "manifest.json").is_file()


def constructs(folder: Path) -> dict[tuple[str, str], Construct]:
    """The constructs of an assembly by template file and logical ID; empty when the folder is none.

    Two constructs with one logical ID in what seems to be one template are left out: an assembly of an old CDK
    does not say which of them belongs to a nested stack.
    """
    found: dict[tuple[str, str], Construct] = {}
    doubtful: set[tuple[str, str]] = set()
    for template, metadata in _stacks(folder):
        scopes = dict(_scopes(metadata))
        for path, entries in metadata.items():
            construct = Construct(path.lstrip("/"), tuple(_frames(entries)))
            for logical_id in _texts(entries, "aws:cdk:logicalId"):
                key = (_template_of(path, scopes) or template, logical_id)
                if found.setdefault(key, construct) != construct:
                    doubtful.add(key)
    return {key: construct for key, construct in found.items() if key not in doubtful}


def _stacks(folder: Path) -> Iterator[tuple[str, dict[str, list[Any]]]]:
    """Template file and metadata (by construct path, with a leading `/`) of each stack."""
    artifacts = _mapping(_mapping(_read_json(folder, "manifest.json")).get("artifacts"))
    for artifact in [*artifacts.values()][:_MAX_STACKS]:
        body = _mapping(artifact)
        properties = _mapping(body.get("properties"))
        template = properties.get("templateFile")
        if body.get("type") != _STACK or not isinstance(template, str):
            continue
        apart = body.get("additionalMetadataFile", properties.get("additionalMetadataFile"))
        sources = [body.get("metadata"), _read_json(folder, apart) if isinstance(apart, str) else None]
        metadata: dict[str, list[Any]] = {}
        for source in sources:
            for path, entries in _mapping(source).items():
                if isinstance(entries, list):
                    metadata.setdefault(path, []).extend(entries)
        yield template, metadata


def _scopes(metadata: Mapping[str, list[Any]]) -> Iterator[tuple[str, str]]:
    """Paths of stacks and nested stacks with the template files that they become."""
    for path, entries in metadata.items():
        for template in _texts(entries, "aws:cdk:templateFile"):
            yield path, template


def _template_of(path: str, scopes: Mapping[str, str]) -> str | None:
    """The template of the innermost stack around a construct."""
    scope = path
    while scope:
        scope = scope.rpartition("/")[0]
        if scope in scopes:
            return scopes[scope]
    return None


def _texts(entries: Iterable[Any], kind: str) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, dict) and entry.get("type") == kind and isinstance(entry.get("data"), str):
            yield entry["data"]


def _frames(entries: Iterable[Any]) -> Iterator[Frame]:
    """Frames of the entries: the trace of the logical ID (older CDK with `CDK_DEBUG`), then the creation stack."""
    traces: list[Any] = []
    for entry in entries:
        if isinstance(entry, dict) and entry.get("type") == "aws:cdk:logicalId":
            traces.insert(0, entry.get("trace"))
        elif isinstance(entry, dict) and entry.get("type") == "aws:cdk:creationStack":
            traces.append(entry.get("data"))
    for trace in traces:
        for line in trace if isinstance(trace, list) else ():
            match = (_FRAME.search(line) or _BARE_FRAME.match(line)) if isinstance(line, str) else None
            if match and match[1].endswith(_SUFFIXES):
                yield Frame(match[1].removeprefix("file://"), int(match[2]), int(match[3]) if match[3] else None)


def _read_json(folder: Path, name: str) -> Any:
    """A JSON file of the assembly itself; None when it is absent, elsewhere, too large or no JSON."""
    if Path(name).name != name:
        return None
    path = folder / name
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_METADATA:
            return None
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


class SourceLines:
    """Moves findings of one run from synthesised templates to the source. `documents` are the sources, by name."""

    def __init__(self, templates: Iterable[Template], root: Path) -> None:
        self.documents: dict[str, Document] = {}
        self._root = os.path.realpath(root)
        self._paths = {
            template.name: template.document.path
            for template in templates
            if template.document.path.name.endswith(STACK_SUFFIX)
        }
        self._known: dict[Path, dict[tuple[str, str], Construct]] = {}
        self._sources: dict[str, Document | None] = {}
        self._places: dict[Frame, tuple[str, Region] | None] = {}

    def __bool__(self) -> bool:
        """False when no template of the run can be one of an assembly."""
        return bool(self._paths)

    def moved(self, finding: Finding) -> Finding:
        """The finding at the source of its resource, the template's line among the related ones.

        Related places and the steps of a path are moved likewise.
        """
        location = self._at_source(finding.location)
        related = tuple(map(self._at_source, finding.related))
        flow = tuple(map(self._at_source, finding.flow))
        if location.file != finding.location.file:
            template = msgspec.structs.replace(finding.location, message=SYNTHESISED, construct=location.construct)
            related = (*related, template)
        return msgspec.structs.replace(finding, location=location, related=related, flow=flow)

    def _at_source(self, location: Location) -> Location:
        path = self._paths.get(location.file)
        if path is None or location.logical_id is None:
            return location
        folder = path.parent
        if folder not in self._known:
            self._known[folder] = constructs(folder)
        construct = self._known[folder].get((path.name, location.logical_id))
        if construct is None:
            return location
        for frame in construct.frames:
            if frame not in self._places:
                self._places[frame] = self._place(frame)
            place = self._places[frame]
            if place is not None:
                file, region = place
                return msgspec.structs.replace(
                    location, file=file, region=region, template=location.file, construct=construct.path
                )
        return msgspec.structs.replace(location, construct=construct.path)

    def _place(self, frame: Frame) -> tuple[str, Region] | None:
        """The user's own line of a frame, through the source map of compiled code; None when there is none."""
        document = self._source(frame.file)
        if document is None or not 1 <= frame.line <= len(document.lines):
            return None
        if document.path.suffix == ".js":
            mapped = self._mapped(document, frame)
            source = self._source(mapped.file) if mapped is not None else None
            if mapped is not None and source is not None and mapped.line <= len(source.lines):
                document, frame = source, mapped
        self.documents.setdefault(document.name, document)
        return document.name, _region(document.lines[frame.line - 1], frame)

    def _mapped(self, compiled: Document, frame: Frame) -> Frame | None:
        from archlint.template import source_maps

        url = source_maps.reference(compiled.text)
        if url is None:
            return None
        folder = compiled.path.parent
        text = source_maps.inline(url)
        if text is None:
            written = self._source(str(folder / url))
            text = written.text if written is not None else ""
            folder = written.path.parent if written is not None else folder
        found = source_maps.original(text, frame.line, frame.column)
        return Frame(str(folder / found.source), found.line, found.column) if found is not None else None

    def _source(self, file: str) -> Document | None:
        """The user's own file of a frame; None when it lies outside, or among what was installed."""
        if file not in self._sources:
            self._sources[file] = self._read(file)
        return self._sources[file]

    def _read(self, file: str) -> Document | None:
        try:
            named = os.path.join(self._root, file)  # noqa: PTH118 - realpath takes a string
            looked_for(named)
            path = Path(os.path.realpath(named))
            if not path.is_relative_to(self._root):
                return None
            inside = path.relative_to(self._root)
            if not NEVER_WALKED.isdisjoint(inside.parts) or not path.is_file() or path.stat().st_size > _MAX_SOURCE:
                return None
            text = path.read_text(encoding="utf-8-sig", errors="replace")
        except (OSError, ValueError):  # too long, a null byte, a loop
            return None
        return Document(path, inside.as_posix(), text.replace("\r\n", "\n").replace("\r", "\n"), {})


def _region(text: str, frame: Frame) -> Region:
    """From the frame's column (else the first word) to the end of the line."""
    end = len(text.rstrip()) + 1
    column = frame.column or len(text) - len(text.lstrip()) + 1
    column = min(column, max(end - 1, 1))
    return Region(frame.line, column, frame.line, max(end, column + 1))


_HASH = re.compile(r"(?<![0-9a-f])([0-9a-f]{64})(?![0-9a-f])")


def staged_template(folder: Path, url: str) -> str | None:
    """The file in the assembly that a nested stack's URL on S3 is a copy of, told by its hash; else None."""
    match = _HASH.search(url)
    if match is None:
        return None
    try:
        manifests = sorted(path.name for path in folder.iterdir() if path.name.endswith(".assets.json"))
    except OSError:
        return None
    for name in manifests[:_MAX_STACKS]:
        asset = _mapping(_mapping(_mapping(_read_json(folder, name)).get("files")).get(match[1]))
        path = _mapping(asset.get("source")).get("path")
        if isinstance(path, str) and path.endswith(STACK_SUFFIX):
            return path
    return None
