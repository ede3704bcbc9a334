"""The sizes of all packages of a run, measured when somebody asks, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.packages.builders import BUNDLERS, Builder
from archlint.packages.data import limit
from archlint.packages.layers import layer_entries
from archlint.packages.measure import LayerMeasure, PackageMeasure, PackageSum, Source
from archlint.packages.roots import LintedRoot
from archlint.packages.sources import Measurer
from archlint.packages.subject import FUNCTION, LAYER, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archlint.findings import Notification
    from archlint.folders import Folders
    from archlint.graph.model import Node, ResourceGraph
    from archlint.packages.binaries import ForeignBinary
    from archlint.packages.dead_weight import DeadWeight
    from archlint.packages.dependencies import DependencySum, Expectation
    from archlint.packages.layers import RemoteLayer
    from archlint.template.model import Resource


class Packages:
    """Answers how large the packages of a run's functions and layers are.

    `root` is the linted folder: nothing outside of it is opened.
    """

    def __init__(self, graph: ResourceGraph, root: Path, folders: Folders | None = None) -> None:
        self.root = LintedRoot(root, folders)
        self.graph = graph
        self._measurer = Measurer(self.root)
        self._subjects: dict[Node, Subject] = {}
        self._measures: dict[Node, PackageMeasure | None] = {}
        self._sums: list[tuple[Node, PackageSum]] | None = None
        self._code_folders: list[Path] | None = None

    @property
    def notes(self) -> list[Notification]:
        """What could not be read or was not believed, so far."""
        return self._measurer.notes

    @staticmethod
    def limit(name: str) -> int:
        """A limit of AWS Lambda, `zip_unzipped_bytes` for example."""
        return limit(name)

    def of(self, node: Node) -> PackageMeasure | None:
        """The package of a Lambda function or layer version; None when nothing of it lies in the linted folder.

        Measured, best first: a fresh `sam build` folder, a CDK asset, a .zip or .jar, the source folder as the builder
        copies it.
        """
        if node not in self._measures:
            is_measurable = node.type in (FUNCTION, LAYER) and node.resource is not None and node.stack is not None
            self._measures[node] = self._measurer.measure(self._subject(node)) if is_measurable else None
        return self._measures[node]

    def with_layers(self, node: Node) -> PackageSum | None:
        """A function's code with all its layers; None when neither code nor any layer can be measured."""
        if node.type != FUNCTION or self._subject(node).is_image:
            return None
        best: PackageSum | None = None
        code = self.of(node)
        for entries in layer_entries(node, self.graph):
            layers = tuple(
                max((self._layer(name, layer) for name, layer in entry), key=_known_size) for entry in entries
            )
            found = PackageSum(code, layers)
            if best is None or found.total > best.total:
                best = found
        return best if best is not None and best.measures else None

    def sums(self) -> list[tuple[Node, PackageSum]]:
        """Every function whose code was measured, with its layers; then every layer that none of them uses, alone.

        A resource of a template that is nested several times comes once, with its largest sum.
        """
        if self._sums is None:
            self._sums = list(self._all_sums())
        return self._sums

    def _all_sums(self) -> Iterator[tuple[Node, PackageSum]]:
        largest: dict[Resource, tuple[Node, PackageSum]] = {}
        used: set[Node] = set()
        for node in self.graph.of_type(FUNCTION):
            # Most functions' code lies elsewhere: their layers need not be looked up.
            found = self.with_layers(node) if self.of(node) is not None else None
            if found is None or found.code is None or node.resource is None:
                continue
            used.update(layer.node for layer in found.layers if layer.node is not None)
            if node.resource not in largest or found.total > largest[node.resource][1].total:
                largest[node.resource] = node, found
        yield from largest.values()
        seen = {node.resource for node in used}
        for node in self.graph.of_type(LAYER):
            measure = self.of(node)
            if measure is not None and node.resource not in seen:
                seen.add(node.resource)
                yield node, PackageSum(measure, (), "Content")

    def sharing(self, *types: str) -> Iterator[tuple[PackageMeasure, list[Node]]]:
        """Measured packages, each with the functions or layers that have this very package: mostly one.

        Functions of one folder share its package unless a bundler makes each its own. A resource comes once, however
        often its template is nested.
        """
        groups: dict[tuple[str, Path], tuple[PackageMeasure, dict[Resource, Node]]] = {}
        for node in self.graph.of_type(*types):
            measure = self.of(node)
            if measure is None or measure.source in (Source.IMAGE, Source.INLINE) or node.resource is None:
                continue
            source = None if self.is_bundled(node) else self.code_path(node)
            _, group = groups.setdefault((node.type, source or measure.path), (measure, {}))
            group.setdefault(node.resource, node)
        for measure, group in groups.values():
            yield measure, list(group.values())

    def expected(self, node: Node, package: PackageSum) -> Expectation | None:
        """What a package of `sums` will be with the dependencies of its code and layers; None when it gets none."""
        from archlint.packages.dependencies import expectation

        nodes = [node, *(layer.node for layer in package.layers if layer.node is not None)]
        return expectation(package, [found for each in nodes if (found := self.dependencies(each)) is not None])

    def whole_size(self, node: Node) -> tuple[int, bool]:
        """Bytes of a package with the dependencies that its builder installs, and whether those are an estimate."""
        measure = self.of(node)
        if measure is None:
            return 0, False
        added = self.dependencies(node) if measure.at_least else None
        return (measure.total + added.total, True) if added is not None and added.total else (measure.total, False)

    def remote_layers(self, node: Node) -> list[RemoteLayer]:
        """The layers of a function that are named by the ARN of a version."""
        from archlint.packages.layers import remote_layers

        return remote_layers(node, self.graph)

    def repeated_layers(self, node: Node) -> list[str]:
        """Names of layers that a function lists twice, be it in two versions."""
        from archlint.packages.layers import repeated_layers

        return repeated_layers(node, self.graph)

    def dependencies(self, node: Node) -> DependencySum | None:
        """What the lock file next to the code of a function or layer will add to it.

        None when there is no lock file, when the measured package holds the dependencies already, or when the builder
        bundles them.
        """
        measure = self.of(node)
        if measure is None or measure.source is not Source.FOLDER:
            return None
        subject = self._subject(node)
        if self._measurer.builder(subject, measure.path) is Builder.UNKNOWN or not measure.path.is_dir():
            return None
        from archlint.packages.dependencies import Project
        from archlint.packages.estimates import dependency_sum

        prefers_uv = subject.build_method == "python-uv"
        target, language = subject.target, subject.language
        return dependency_sum(Project(self.root, measure.path, target, language, prefers_uv, measure.listing))

    def code_path(self, node: Node) -> Path | None:
        """The file or folder that holds a function's source (or its staged asset), the same for all that share it."""
        if node.type not in (FUNCTION, LAYER) or node.stack is None:
            return None
        subject = self._subject(node)
        if subject.is_image:
            return None
        return self._measurer.local_path(subject) or self._measurer.staged(subject)

    def is_bundled(self, node: Node) -> bool:
        """Whether a function's package is made for it alone: bundlers and compilers leave out what it does not use."""
        subject = self._subject(node)
        path = self._measurer.local_path(subject)
        runtime = subject.runtime or ""
        is_built = path is None or path.is_dir()
        return is_built and (subject.build_method in BUNDLERS or runtime.startswith(("go", "provided")))

    def image(self, node: Node) -> PackageMeasure | None:
        """The container image of a function, where one lies in the linted folder; None otherwise."""
        measure = self.of(node)
        return measure if measure is not None and measure.source is Source.IMAGE else None

    def dead_weight(self, node: Node) -> DeadWeight | None:
        """What a package carries that its function does not need; None when it could not be measured."""
        measure = self.of(node)
        if measure is None or measure.source in (Source.IMAGE, Source.INLINE):
            return None
        from archlint.packages.dead_weight import dead_weight

        subject = self._subject(node)
        other_code = self._other_code(measure.path)
        return dead_weight(measure, self._whole(node, measure), subject.runtime, subject.handler, other_code)

    def _whole(self, node: Node, measure: PackageMeasure) -> int | None:
        """Bytes of a package with its dependencies; None where it will get some of unknown size."""
        if not measure.at_least:
            return measure.total
        added = self.dependencies(node)
        if added is None or added.unknown or measure.listing.at_least:
            return None
        return measure.total + added.total

    def foreign_binaries(self, node: Node) -> list[ForeignBinary]:
        """Native libraries in a package that cannot load on the machine type its function asks for."""
        measure = self.of(node)
        if measure is None or measure.source in (Source.IMAGE, Source.INLINE):
            return []
        from archlint.packages.binaries import foreign_binaries

        return foreign_binaries(measure.listing, self._subject(node).architectures)

    def _subject(self, node: Node) -> Subject:
        known = self._subjects.get(node)
        if known is None:
            known = self._subjects[node] = Subject(node, self.graph)
        return known

    def _layer(self, name: str, node: Node | None) -> LayerMeasure:
        return LayerMeasure(name, node, self.of(node) if node is not None else None)

    def _other_code(self, folder: Path) -> list[str]:
        """Code folders of other functions inside this one, relative to it."""
        if self._code_folders is None:
            found = {self._measurer.local_path(self._subject(node)) for node in self.graph.of_type(FUNCTION, LAYER)}
            self._code_folders = sorted(path for path in found if path is not None)
        prefix = f"{folder}/"
        return [str(path).removeprefix(prefix) for path in self._code_folders if str(path).startswith(prefix)]


def _known_size(layer: LayerMeasure) -> int:
    return layer.measure.total if layer.measure is not None else -1
