"""The container image of a function, found among the files of the linted folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from archlint.packages.cdk_assets import staged_asset
from archlint.packages.images import Image, images_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archlint.packages.roots import LintedRoot
    from archlint.packages.subject import Subject
    from archlint.template.model import Json

_ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz")
_MAX_NEIGHBOURS = 50
_OCI_MACHINES = {"x86_64": "amd64", "arm64": "arm64"}


class LocalImages:
    """The container images in the linted folder; each file is read once."""

    def __init__(self, root: LintedRoot) -> None:
        self.root = root
        self._images: dict[Path, list[Image]] = {}
        self._candidates: dict[Path, list[Path]] = {}

    def find(self, subject: Subject) -> tuple[Path, Image] | None:
        """The image of a function with the file or folder it lies in.

        That is what `ImageUri` names when it is a local path, a CDK image asset, or an archive or OCI layout in the
        Docker context or beside the template that holds an image of the name which the function asks for.
        """
        for path in _named(self.root, subject):
            images = self._images_at(path)
            if images:
                return path, _smallest(images, subject)
        wanted = _wanted_names(subject)
        for path in self._neighbours(subject):
            images = [
                image for image in self._images_at(path) if any(_repository(name) in wanted for name in image.names)
            ]
            if images:
                return path, _smallest(images, subject)
        return None

    def _images_at(self, path: Path) -> list[Image]:
        if path not in self._images:
            self._images[path] = images_at(path, self.root)
        return self._images[path]

    def _neighbours(self, subject: Subject) -> Iterator[Path]:
        """Archives and OCI layouts in the Docker context and in the folder of the template."""
        context: Json = subject.metadata.get("DockerContext")
        folders = [self.root.resolve(subject.template_folder, context)] if isinstance(context, str) else []
        folders.append(self.root.resolve(subject.template_folder, "."))
        for folder in dict.fromkeys(folders):
            if folder is not None and folder.is_dir():
                if folder not in self._candidates:
                    self._candidates[folder] = _candidates(self.root, folder)
                yield from self._candidates[folder]


def _smallest(images: list[Image], subject: Subject) -> Image:
    """The image for the function's architecture; the smallest where that does not tell them apart."""
    machines = [_OCI_MACHINES[name] for name in subject.architectures]
    fitting = [image for image in images if image.architecture in (None, *machines)]
    return min(fitting or images, key=lambda image: sum(image.layers.values()))


def _named(root: LintedRoot, subject: Subject) -> Iterator[Path]:
    """The files that the template names."""
    uri = subject.literal(subject.code_value("ImageUri")) if subject.code_path is None else subject.code_path
    local = root.resolve(subject.template_folder, uri) if uri else None
    if local is not None:
        yield local
    staged = staged_asset(root, subject.template_folder, subject.metadata, subject.code)
    if staged is not None:
        yield staged


def _wanted_names(subject: Subject) -> set[str]:
    """Repositories that would be this function's image: `sam build` calls it like the function, in lower case."""
    names = {subject.node.logical_id.lower()}
    uri = subject.literal(subject.code_value("ImageUri"))
    if uri:
        names.add(_repository(uri))
    return names


def _repository(name: str) -> str:
    """`shop` of `123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:latest`, without registry, tag and digest."""
    return name.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _candidates(root: LintedRoot, folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                entry.name
                for entry in entries
                if entry.name.endswith(_ARCHIVE_SUFFIXES)
                or (entry.is_dir() and (folder / entry.name / "oci-layout").is_file())
            )
    except OSError:
        return []
    found = (root.resolve(folder, name) for name in names[:_MAX_NEIGHBOURS])
    return [path for path in found if path is not None]
