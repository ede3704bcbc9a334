"""What a function or layer says about its package: code, builder, runtime, machine type."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.template.model import Body, Json, Kind

if TYPE_CHECKING:
    from archlint.graph.model import Node, ResourceGraph

FUNCTION = "AWS::Lambda::Function"
LAYER = "AWS::Lambda::LayerVersion"
DEFAULT_PYTHON = (3, 12)
_PYTHON_RUNTIME = re.compile(r"python(\d)\.(\d{1,2})")


class Target(msgspec.Struct, frozen=True):
    """What a package must run on: machine type as wheels spell it (`x86_64`, `aarch64`) and Python version."""

    machine: str = "x86_64"
    python: tuple[int, int] = DEFAULT_PYTHON


class Subject:
    """Reads the properties of one Lambda function or layer version; any of them can be anything."""

    def __init__(self, node: Node, graph: ResourceGraph) -> None:
        self.node = node
        self.is_layer = node.type == LAYER
        self._resolver = graph.resolver
        body: Body = node.resource.body if node.resource is not None else {}
        metadata = body.get("Metadata")
        self.metadata: Body = metadata if isinstance(metadata, dict) else {}
        self.code: Json = node.properties.get("Content" if self.is_layer else "Code")

    def literal(self, value: Json) -> str | None:
        """A string with parameter defaults applied; None when it is not one known string."""
        if isinstance(value, str) or value is None:
            return value
        if self._resolver is None or self.node.stack is None or not isinstance(value, dict):
            return None
        texts = self._resolver.texts(self.node.stack, value)
        return texts[0].literal if len(texts) == 1 else None

    @property
    def template_folder(self) -> Path:
        """The folder that relative paths count from."""
        stack = self.node.stack
        return _folder(stack.template.document.path) if stack is not None else Path()

    @property
    def folders(self) -> list[Path]:
        """The folders of its template and of the templates around it, innermost first."""
        stack = self.node.stack
        return [_folder(level.template.document.path) for level in stack.lineage()] if stack is not None else [Path()]

    @property
    def build_paths(self) -> list[tuple[Path, str]]:
        """Template folder and the resource's path as `sam build` names it there, the outermost stack first."""
        name = self.node.logical_id
        found: list[tuple[Path, str]] = []
        stack = self.node.stack
        for level in stack.lineage() if stack is not None else ():
            found.append((_folder(level.template.document.path), name))
            name = f"{level.nested_id}/{name}"
        return found[::-1]

    @property
    def kind(self) -> Kind:
        """The kind of its template."""
        return self.node.stack.template.kind if self.node.stack is not None else Kind.CLOUDFORMATION

    @property
    def code_path(self) -> str | None:
        """The local path that the template names, as written: a plain string in the place of an S3 location."""
        if isinstance(self.code, dict) and len(self.code) != 1:
            return None
        return self.literal(self.code)

    @property
    def is_image(self) -> bool:
        """Whether the function is a container image."""
        if self.is_layer:
            return False
        return self.node.properties.get("PackageType") == "Image" or self.code_value("ImageUri") is not None

    def code_value(self, key: str) -> Json:
        """One property of a structured `Code`."""
        return self.code.get(key) if isinstance(self.code, dict) else None

    @property
    def runtime(self) -> str | None:
        """The runtime of a function, `python3.12`."""
        return self.literal(self.node.properties.get("Runtime"))

    @property
    def handler(self) -> str | None:
        """The handler of a function, `orders/app.handler`."""
        return self.literal(self.node.properties.get("Handler"))

    @property
    def language(self) -> str | None:
        """`python` or `nodejs` (or another word that no lock file is read for); None when the template does not say."""
        names: list[Any] = [self.build_method, self.runtime]
        compatible = self.node.properties.get("CompatibleRuntimes")
        names += compatible if isinstance(compatible, list) else []
        for name in names:
            if isinstance(name, str) and name not in ("makefile", "esbuild"):
                return next((language for language in ("python", "nodejs") if name.startswith(language)), name)
        return None

    @property
    def build_method(self) -> str | None:
        """`Metadata.BuildMethod`."""
        method = self.metadata.get("BuildMethod")
        return method if isinstance(method, str) else None

    @property
    def skips_build(self) -> bool:
        """`Metadata.SkipBuild`: the code was built by something else."""
        return self.metadata.get("SkipBuild") in (True, "true", "True")

    @property
    def architectures(self) -> tuple[str, ...]:
        """The machine types it runs on, in Lambda's words; of a layer every one that it says it fits."""
        found = self.node.properties.get("CompatibleArchitectures" if self.is_layer else "Architectures")
        if not isinstance(found, list):
            return () if self.is_layer or found is not None else ("x86_64",)
        names = [self.literal(item) for item in found]
        return tuple(name for name in names if name in ("x86_64", "arm64")) if None not in names else ()

    @property
    def target(self) -> Target:
        """What dependencies are chosen for."""
        names: list[Any] = [self.runtime, self.build_method]
        compatible = self.node.properties.get("CompatibleRuntimes")
        names += compatible if isinstance(compatible, list) else []
        versions = [match for name in names if isinstance(name, str) and (match := _PYTHON_RUNTIME.fullmatch(name))]
        python = (int(versions[0][1]), int(versions[0][2])) if versions else DEFAULT_PYTHON
        return Target("aarch64" if self.architectures == ("arm64",) else "x86_64", python)


@lru_cache(maxsize=4096)
def _folder(path: Path) -> Path:
    """The folder of a file: one value for all that ask, every function of a template does so many times."""
    return path.parent
