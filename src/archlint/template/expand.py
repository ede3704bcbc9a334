"""`Fn::ForEach` and `AWS::Include`: repeated and included parts take their place in the template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.errors import ArchlintError
from archlint.reads import looked_for
from archlint.template.document import Document, read_document
from archlint.template.model import Body, Diagnostic, Place, TemplatePath

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archlint.template.model import Json

FOR_EACH = "Fn::ForEach::"
# CloudFormation's own bound on resources in a template; a loop that makes more cannot be deployed.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_COPIES = 500
# All loops of a template together: loops in loops multiply, and a few lines would make millions.
MAX_ALL_COPIES = 10_000
MAX_INCLUDE_DEPTH = 10


class Expansion:
    """A template's data with loops and includes expanded, and where the moved parts were written."""

    def __init__(self, document: Document, root: Path) -> None:
        self.document = document
        self.root = root
        self.moved: dict[TemplatePath, Place] = {}
        self.diagnostics: list[Diagnostic] = []
        self._copied = 0

    def place(self, path: TemplatePath) -> Place:
        """Where the value at this path of the expanded data is written."""
        if self.moved:
            for length in range(len(path), 0, -1):
                origin = self.moved.get(path[:length])
                if origin is not None:
                    return Place(origin.document, origin.path + path[length:])
        return Place(self.document, path)

    def run(self) -> Body:
        """The expanded data; the document's own when there is nothing to expand."""
        data = self.document.data
        text = self.document.text
        assert isinstance(data, dict)  # noqa: S101 - load_template has looked
        if "Fn::Transform" in text or "!Transform" in text:
            data = self._include(data, (), Place(self.document, ()), 0)
        if FOR_EACH in text:
            data = self._loops(data)
        return data

    def _note(self, message: str, place: Place, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic("TPL003", message, place, hint))

    def _include(self, value: Any, path: TemplatePath, source: Place, depth: int) -> Any:
        """`value` with includes of local files spliced in; `source` is where it is written."""
        if isinstance(value, list):
            return [
                self._include(item, (*path, index), Place(source.document, (*source.path, index)), depth)
                for index, item in enumerate(value)
            ]
        if not isinstance(value, dict):
            return value
        result = {}
        for key, item in value.items():
            here = Place(source.document, (*source.path, key))
            if key == "Fn::Transform":
                included = self._included(item, path, here, depth)
                if included is not None:
                    result.update(included)
                    continue
            result[key] = self._include(item, (*path, key), here, depth)
        return result

    def _included(self, transform: Any, path: TemplatePath, here: Place, depth: int) -> Body | None:
        if isinstance(transform, list) and len(transform) == 1:
            transform = transform[0]
        name = transform.get("Name") if isinstance(transform, dict) else None
        if name != "AWS::Include":
            called = f"macro {name!r}" if isinstance(name, str) else "a macro"
            self._note(f"{called} is not expanded: what it creates is not checked", here)
            return None
        parameters = transform.get("Parameters")
        location = parameters.get("Location") if isinstance(parameters, dict) else None
        if not isinstance(location, str) or location.startswith(("s3://", "http://", "https://")):
            self._note("an include from S3 is not read: what it adds is not checked", here)
            return None
        named = here.document.path.parent / location
        looked_for(str(named))
        target = named.resolve()
        if depth >= MAX_INCLUDE_DEPTH or not target.is_relative_to(self.root.resolve()):
            self._note(f"include {location} is outside the checked folder or includes itself: it is not read", here)
            return None
        try:
            document = read_document(target, _sibling_name(here.document, location))
        except (ArchlintError, OSError) as error:
            self._note(f"include {location} cannot be read: {getattr(error, 'message', None) or 'no such file'}", here)
            return None
        if not isinstance(document.data, dict):
            self._note(f"include {location} is not a mapping", here)
            return None
        for key in document.data:
            self.moved[(*path, key)] = Place(document, (key,))
        included = self._include(document.data, path, Place(document, ()), depth + 1)
        return included if isinstance(included, dict) else None

    def _loops(self, data: Body) -> Body:
        result = dict(data)
        for section in ("Conditions", "Resources", "Outputs"):
            body = data.get(section)
            if isinstance(body, dict):
                result[section] = self._section(body, (section,), data)
        return result

    def _section(self, body: Body, path: TemplatePath, data: Body) -> Body:
        result: Body = {}
        for key, value in body.items():
            if key.startswith(FOR_EACH):
                for made, content, origin in self._copies(key, value, (*path, key), data, {}):
                    result[made] = content
                    self.moved[(*path, made)] = origin
            elif isinstance(value, dict) and FOR_EACH in repr(value):
                result[key] = self._nested(value, (*path, key), data)
            else:
                result[key] = value
        return result

    def _nested(self, value: Any, path: TemplatePath, data: Body) -> Any:
        """Loops inside properties."""
        if isinstance(value, list):
            return [self._nested(item, (*path, index), data) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        return {
            key: self._nested(item, (*path, key), data) for key, item in self._section_flat(value, path, data).items()
        }

    def _section_flat(self, body: Body, path: TemplatePath, data: Body) -> Body:
        result: Body = {}
        for key, value in body.items():
            if key.startswith(FOR_EACH):
                for made, content, origin in self._copies(key, value, (*path, key), data, {}):
                    result[made] = content
                    self.moved[(*path, made)] = origin
            else:
                result[key] = value
        return result

    def _copies(
        self, key: str, loop: Any, path: TemplatePath, data: Body, bound: dict[str, str]
    ) -> Iterator[tuple[str, Any, Place]]:
        shaped = isinstance(loop, list) and len(loop) == 3 and isinstance(loop[0], str) and isinstance(loop[2], dict)
        if not shaped:
            self._note(f"{key} is not [identifier, collection, body]: it is not expanded", self.place(path))
            return
        identifier, collection, body = loop
        values = _collection(_substituted(collection, bound), data)
        if values is None:
            self._note(
                f"{key} loops over values that are not known here: one symbolic copy is checked", self.place(path)
            )
            values = ["${" + identifier + "}"]
        for value in values[:MAX_COPIES]:
            if self._copied >= MAX_ALL_COPIES:
                return
            names = {**bound, identifier: value}
            for inner_key, content in body.items():
                inner_path = (*path, 2, inner_key)
                if inner_key.startswith(FOR_EACH):
                    yield from self._copies(inner_key, content, inner_path, data, names)
                else:
                    self._copied += 1
                    yield (
                        _replace(inner_key, names),
                        _substituted(content, names),
                        self.place(inner_path),
                    )


def _sibling_name(document: Document, location: str) -> str:
    import posixpath

    return posixpath.normpath(posixpath.join(posixpath.dirname(document.name), location))


_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")


def _replace(text: str, names: dict[str, str]) -> str:
    for identifier, value in names.items():
        text = text.replace("${" + identifier + "}", value)
        # `&{X}` is the value with everything that a logical ID may not hold left out.
        text = text.replace("&{" + identifier + "}", _NOT_ALPHANUMERIC.sub("", value))
    return text


def _substituted(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        return _replace(value, names) if "{" in value else value
    if isinstance(value, list):
        return [_substituted(item, names) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("Ref"), str) and value["Ref"] in names:
            return names[value["Ref"]]
        return {_replace(key, names) if "{" in key else key: _substituted(item, names) for key, item in value.items()}
    return value


def _collection(collection: Json, data: Body) -> list[str] | None:
    if isinstance(collection, dict):
        name = collection.get("Ref")
        parameters = data.get("Parameters")
        parameter = parameters.get(name) if isinstance(parameters, dict) and isinstance(name, str) else None
        default = parameter.get("Default") if isinstance(parameter, dict) else None
        if not isinstance(default, str):
            return None
        return [item.strip() for item in default.split(",")]
    if not isinstance(collection, list):
        return None
    values: list[str] = []
    for item in collection:
        if isinstance(item, (str, int)):
            values.append(str(item))
        else:
            nested = _collection(item, data)
            if nested is None:
                return None
            values.extend(nested)
    return values
