"""Finds bundles among the files of a run, by their layout and the content of their schema and manifests.

https://docs.aws.amazon.com/proton/latest/userguide/ag-wrap-up.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from archlint.errors import TemplateError
from archlint.template.discover import relative_name
from archlint.template.document import Document, decode, read_document
from archlint.template.load import unreadable
from archlint.template.model import Diagnostic, Place, ProtonBundle
from archlint.template.proton.parts import load_parts, manifest_entries
from archlint.template.proton.preview import engine_of
from archlint.template.proton.registration import read_registration
from archlint.template.proton.schema import bundle_kind
from archlint.template.proton.specs import attach_specs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from archlint.template.proton.parts import Role

_SCHEMA_NAMES = frozenset({"schema.yaml", "schema.yml"})
_MANIFEST_NAMES = frozenset({"manifest.yaml", "manifest.yml"})
_VERSION = re.compile(r"v?(\d{1,4})(?:\.\d{1,4})?")
# `template` is not in the documentation, but AWS's own workshop uses it for environments; in Proton's preview a service
# had `infrastructure` and `pipeline`.
_PART_FOLDERS: dict[str, Role] = {
    "infrastructure": "environment",
    "template": "environment",
    "instance_infrastructure": "instance",
    "pipeline_infrastructure": "pipeline",
    "pipeline": "pipeline",
}


def find_bundles(files: Sequence[Path], root: Path) -> list[ProtonBundle]:
    """The bundles whose schema or manifests are among `files` (absolute paths), without their parts.

    Costs one look at the file names when there is none. `root` is the folder that names are relative to.
    """
    schemas = {
        path.parent.parent: path for path in files if path.name in _SCHEMA_NAMES and path.parent.name == "schema"
    }
    manifests = {**_beside(files), **{path.parent: path for path in files if path.name in _MANIFEST_NAMES}}
    if not schemas and not manifests:
        return []
    bundles = []
    folders: set[Path] = set()
    candidates = {*schemas, *(folder.parent for folder in manifests if folder.name in _PART_FOLDERS)}
    for folder in sorted(candidates, key=str):
        bundle = _bundle(folder, schemas.get(folder), manifests, root)
        if bundle is not None:
            bundles.append(bundle)
            folders.add(folder)
    for folder in sorted(manifests.keys() - {path / name for path in folders for name in _PART_FOLDERS}, key=str):
        if not any(parent in folders for parent in folder.parents):
            component = _component(folder, manifests[folder], root)
            if component is not None:
                bundles.append(component)
    if bundles:
        attach_specs(bundles, files, root)
    return bundles


def _beside(files: Sequence[Path]) -> dict[Path, Path]:
    """The manifests in the folders of parts of which only another file is in the run."""
    folders = {path.parent for path in files if path.parent.name in _PART_FOLDERS}
    found = ((folder, folder / name) for folder in folders for name in _MANIFEST_NAMES)
    return {folder: path for folder, path in found if path.is_file() and not path.is_symlink()}


def load_bundles(bundles: Iterable[ProtonBundle], root: Path) -> list[ProtonBundle]:
    """The same bundles with their parts loaded."""
    loaded = list(bundles)
    for bundle in loaded:
        load_parts(bundle, root)
    return loaded


def _bundle(folder: Path, schema_path: Path | None, manifests: dict[Path, Path], root: Path) -> ProtonBundle | None:
    """The environment or service bundle in a folder; None when what lies there has nothing to do with Proton."""
    name = relative_name(folder, root)
    parts = {role: manifests[folder / part] for part, role in _PART_FOLDERS.items() if folder / part in manifests}
    documents = {role: _read(path, root) for role, path in parts.items()}
    are_manifests = any(isinstance(found, Document) and manifest_entries(found.data) for found in documents.values())
    schema = _read(schema_path, root) if schema_path is not None else None
    declared = bundle_kind(schema.data) if isinstance(schema, Document) else None
    if declared is None and not are_manifests:
        return None
    kind = declared or ("environment" if "environment" in documents else "service")
    bundle = _new_bundle(folder, name, kind)
    if isinstance(schema, Diagnostic):
        bundle.diagnostics.append(schema)
    elif declared is not None:
        bundle.schema = schema
    for role, found in documents.items():
        if isinstance(found, Diagnostic):
            bundle.diagnostics.append(found)
        elif found is not None:
            bundle.manifests["instance" if kind == "service" and role == "environment" else role] = found
    if kind == "service" and (folder == root or root in folder.parents):
        read_registration(bundle, folder, name)
    _check_layout(bundle)
    return bundle


def _check_layout(bundle: ProtonBundle) -> None:
    """A service without instance infrastructure cannot be deployed; say so once, at its schema."""
    if bundle.kind == "service" and "instance" not in bundle.manifests and bundle.schema is not None:
        message = "cannot be read: the service bundle has no instance_infrastructure/manifest.yaml"
        bundle.diagnostics.append(Diagnostic("TPL001", message, Place(bundle.schema, ("schema",))))
        bundle.unparsed_parts = (*bundle.unparsed_parts, "instance")


def _component(folder: Path, manifest_path: Path, root: Path) -> ProtonBundle | None:
    """A directly defined component: one manifest entry whose file lies beside it.

    https://docs.aws.amazon.com/proton/latest/userguide/ag-components.html
    """
    manifest = _read(manifest_path, root)
    entries = manifest_entries(manifest.data) if isinstance(manifest, Document) else []
    if not isinstance(manifest, Document) or len(entries) != 1:
        return None
    engine, file = engine_of(entries[0]), entries[0].get("file")
    if engine not in {"jinja", "hcl"} or not isinstance(file, str) or "/" in file:
        return None
    if not (any(folder.glob("*.tf")) if engine == "hcl" else (folder / file).is_file()):
        return None
    bundle = _new_bundle(folder, relative_name(folder, root), "component")
    bundle.manifests["component"] = manifest
    return bundle


def _new_bundle(folder: Path, name: str, kind: Literal["environment", "service", "component"]) -> ProtonBundle:
    version = _VERSION.fullmatch(folder.name)
    if version is None:
        return ProtonBundle(name, kind, folder.name, None)
    return ProtonBundle(name, kind, folder.parent.name, version[1])


def _read(path: Path, root: Path) -> Document | Diagnostic | None:
    """The parsed file, what is wrong with it, or None when it cannot be opened."""
    name = relative_name(path, root)
    text = ""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8", errors="replace")
        return read_document(path, name, decode(raw))
    except TemplateError as error:
        return unreadable(Document(path, name, text, {}), error).diagnostics[0]
    except OSError:
        return None
