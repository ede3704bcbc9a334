"""Finding the best source of a package's size, and measuring it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archlint.findings import Notification, Severity
from archlint.packages.builders import PYTHON_EXCLUDES, Builder, builder_for, copied
from archlint.packages.listing import Listing, printable, single_file, walk
from archlint.packages.measure import PackageMeasure, Source
from archlint.packages.sam_build import BUILD_FOLDER, BuildPlace, build_places, find_build
from archlint.template.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.model import Node
    from archlint.packages.local_images import LocalImages
    from archlint.packages.roots import LintedRoot
    from archlint.packages.subject import Subject

MAX_NOTES = 50
MANIFESTS = (
    "requirements.txt",
    "package.json",
    "pyproject.toml",
    "uv.lock",
    "pylock.toml",
    "poetry.lock",
    "Pipfile.lock",
)
"""Files that name dependencies which a build adds to a source folder."""
_NOWHERE = Path()


class Measurer:
    """Measures functions and layers; every folder and archive once. `notes` collect what could not be read."""

    def __init__(self, root: LintedRoot) -> None:
        self.root = root
        self.notes: list[Notification] = []
        self._listings: dict[tuple[Path, Builder | None], Listing] = {}
        self._are_built: dict[Path, bool] = {}
        self._changed: dict[Path, float] = {}
        self._images: LocalImages | None = None
        self._build_places: dict[Path, list[BuildPlace]] = {}
        self._local_paths: dict[Node, Path | None] = {}

    def measure(self, subject: Subject) -> PackageMeasure | None:
        """The package, from the best source that lies in the linted folder; None when there is none."""
        if subject.is_image:
            return self._image(subject)
        if isinstance(subject.code_value("ZipFile"), str):
            return _inline(subject)  # nothing is built or staged for it
        local = self.local_path(subject)
        return self._built(subject, local) or self._asset(subject) or self._local(subject, local)

    def _built(self, subject: Subject, source: Path | None) -> PackageMeasure | None:
        """The `sam build` folder, if it is not older than the source."""
        if subject.code_value("S3Key") is not None or self._is_build_output(subject, source):
            return None  # what lies in S3 was not built from here, and a build's own template names its output
        for place, full_path in self._places(subject):
            build = find_build(self.root, place, full_path, source)
            if build is None:
                continue
            name = self.root.name(build.folder)
            if build.is_stale(self._newest(source)):
                self._note(f"{name}: older than its source, so it was not measured")
                continue
            if not build.is_finished:
                self._note(f"{name}: the build did not reach its end, so more belongs in there")
            return self._folder(build.folder, Builder.AS_IS, Source.SAM_BUILD, at_least=not build.is_finished)
        return None

    def _places(self, subject: Subject) -> Iterator[tuple[BuildPlace, str]]:
        """Where the resource may have been built, with its path there, the outermost stack first."""
        for folder, full_path in subject.build_paths:
            if folder not in self._build_places:
                self._build_places[folder] = build_places(self.root, folder)
            yield from ((place, full_path) for place in self._build_places[folder])

    def _is_built(self, folder: Path) -> bool:
        if folder not in self._are_built:
            self._are_built[folder] = (folder / BUILD_FOLDER).is_dir()
        return self._are_built[folder]

    def _newest(self, source: Path | None) -> float:
        """When the code was last changed; 0 when it does not lie here."""
        if source is None or not source.is_dir():
            return 0.0
        if source not in self._changed:
            self._changed[source] = walk(source, self.root, (*PYTHON_EXCLUDES, "node_modules")).newest
        return self._changed[source]

    def _is_build_output(self, subject: Subject, path: Path | None) -> bool:
        """Whether the code is itself in a SAM build folder: somebody lints `.aws-sam/build/template.yaml`."""
        if path is None:
            return False
        mark = subject.metadata.get("SamResourceId")
        if isinstance(mark, str) and path == self.root.resolve(subject.template_folder, mark.rpartition("/")[2]):
            return True
        return f"/{BUILD_FOLDER}/" in f"/{self.root.name(path)}/"

    def _asset(self, subject: Subject) -> PackageMeasure | None:
        path = self.staged(subject)
        if path is None:
            return None
        return (
            self._folder(path, Builder.AS_IS, Source.CDK_ASSET) if path.is_dir() else self._file(path, Source.CDK_ASSET)
        )

    def _local(self, subject: Subject, path: Path | None) -> PackageMeasure | None:
        if path is None:
            return None
        if not path.is_dir():
            return self._file(path, Source.ZIP)
        if self._is_build_output(subject, path):
            return self._folder(path, Builder.AS_IS, Source.SAM_BUILD)
        builder = self.builder(subject, path)
        return None if builder is Builder.UNKNOWN else self._folder(path, builder, Source.FOLDER)

    def builder(self, subject: Subject, folder: Path) -> Builder:
        """How the folder is packaged: only SAM builds, and layers only with a `BuildMethod`."""
        method = subject.build_method
        if subject.kind is not Kind.SAM or subject.skips_build or (subject.is_layer and method is None):
            return Builder.AS_IS
        return builder_for(folder, subject.runtime, method)

    def local_path(self, subject: Subject) -> Path | None:
        """The file or folder that the template names as code; None when it names none inside the linted folder."""
        node = subject.node
        if node not in self._local_paths:
            self._local_paths[node] = self._find_local_path(subject)
        return self._local_paths[node]

    def _find_local_path(self, subject: Subject) -> Path | None:
        text = subject.code_path
        if text is None:
            return None
        path = self.root.resolve(subject.template_folder, text)
        if path is None and self.root.leaves(subject.template_folder, text):
            self._note(
                f"{subject.node.file}: the code of {subject.node} lies outside the linted folder ({printable(text)})"
            )
        return path

    def staged(self, subject: Subject) -> Path | None:
        """The CDK asset, or the archive that the Serverless Framework put beside its template."""
        if subject.kind is Kind.SERVERLESS_FRAMEWORK:
            key = subject.literal(subject.code_value("S3Key"))
            if not key:
                return None
            from archlint.packages.serverless import artifact

            return artifact(self.root, subject.template_folder, key)
        from archlint.packages.cdk_assets import staged_asset

        return staged_asset(self.root, subject.template_folder, subject.metadata, subject.code)

    def _folder(self, path: Path, builder: Builder, source: Source, *, at_least: bool = False) -> PackageMeasure:
        key = (path, builder)
        if key not in self._listings:
            self._listings[key] = self._noted(copied(path, self.root, builder), path)
        adds = builder in (Builder.PYTHON, Builder.UV, Builder.NPM) and _has_manifest(path)
        return self._measured(self._listings[key], source, at_least=adds or at_least)

    def _file(self, path: Path, source: Source) -> PackageMeasure | None:
        if not path.is_file():
            return None  # a pipe would be waited for without end
        from archlint.packages.archives import is_zip, list_zip

        key = (path, None)
        if key not in self._listings:
            is_archive = is_zip(path) or path.suffix in (".zip", ".jar", ".war")
            self._listings[key] = self._noted(list_zip(path) if is_archive else single_file(path), path)
        listing = self._listings[key]
        if not listing.files and listing.at_least:
            return None
        return self._measured(listing, source if is_zip(path) or source is not Source.ZIP else Source.FOLDER)

    def _image(self, subject: Subject) -> PackageMeasure | None:
        from archlint.packages.images import image_listing
        from archlint.packages.local_images import LocalImages

        self._images = self._images or LocalImages(self.root)
        found = self._images.find(subject)
        if found is None:
            return None
        path, image = found
        return self._measured(image_listing(image, path), Source.IMAGE)

    def _measured(self, listing: Listing, source: Source, *, at_least: bool = False) -> PackageMeasure:
        path = listing.origin
        return PackageMeasure(
            total=listing.total,
            parts=listing.parts(),
            source=source,
            exact=True,
            at_least=at_least or listing.at_least,
            path=path,
            name=printable(self.root.name(path)),
            listing=listing,
        )

    def _noted(self, listing: Listing, path: Path) -> Listing:
        for note in listing.notes:
            self._note(f"{self.root.name(path)}/{note}" if path.is_dir() else f"{self.root.name(path)}: {note}")
        return listing

    def _note(self, message: str) -> None:
        notification = Notification(message, Severity.NOTE)
        if len(self.notes) < MAX_NOTES and notification not in self.notes:
            self.notes.append(notification)


def _inline(subject: Subject) -> PackageMeasure | None:
    """Code written into the template itself."""
    text = subject.code_value("ZipFile")
    if not isinstance(text, str):
        return None
    size = len(text.encode("utf-8", errors="replace"))
    listing = Listing((("index", size),), _NOWHERE)
    return PackageMeasure(
        size, listing.parts(), Source.INLINE, exact=True, at_least=False, path=_NOWHERE, name="", listing=listing
    )


def _has_manifest(folder: Path) -> bool:
    return any((folder / name).is_file() for name in MANIFESTS)
