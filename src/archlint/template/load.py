"""A file to a template: read, told by content, expanded, lowered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archlint.errors import TemplateError
from archlint.findings import Location, Region
from archlint.template.discover import SERVERLESS_FOLDER, SERVERLESS_TEMPLATE
from archlint.template.document import Document, decode, read_document
from archlint.template.expand import FOR_EACH, Expansion
from archlint.template.model import Body, Diagnostic, Kind, Place, Template

if TYPE_CHECKING:
    from pathlib import Path

SAM_TRANSFORM = "AWS::Serverless-2016-10-31"
KNOWN_TRANSFORMS = frozenset(
    {
        SAM_TRANSFORM,
        "AWS::LanguageExtensions",
        "AWS::Include",
        "AWS::CodeDeployBlueGreen",
        "AWS::SecretsManager-2020-07-23",
    }
    | {"AWS::SecretsManager-2024-09-16", "AWS::ServiceCatalog"}
)
# Sixteen times what CloudFormation takes; parsed values need some sixty times the memory of their text.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MOST_CHARACTERS = 16_000_000
# A file that has both is meant to be a template even when it cannot be parsed.
_MEANT_TOP = re.compile(r"""(?:^\s{0,4}|[{,]\s*)["']?(?:AWSTemplateFormatVersion|Resources)["']?\s*:""", re.MULTILINE)
# `{{resolve:ssm:…}}` is CloudFormation's own.
_ENGINE_BLOCK = re.compile(r"^[ \t]*\{%[-+]?\s*\w", re.MULTILINE)
_ENGINE_VALUE = re.compile(r"\{\{(?!\s*resolve:)")
_MEANT_TYPE = re.compile(r"""["']?Type["']?\s*:\s*["']?(?:AWS|Alexa|Custom)::""")


class NotATemplate(Exception):  # noqa: N818 - an answer, not an error
    """The file is something else; `str()` says what was missing."""


def may_be_template(raw: bytes) -> bool:
    """False when the bytes cannot be a template: saves parsing every other YAML and JSON file of a repository."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    return b"Resources" in raw and (b"::" in raw or b"AWSTemplateFormatVersion" in raw)


def load_template(path: Path, name: str, root: Path) -> Template:
    """Reads the file at `path`.

    A template that cannot be read comes back without resources and with a `TPL001` diagnostic, one that has to be
    rendered first with a `TPL003`.
    Raises NotATemplate when the file is something else, OSError when it cannot be opened.
    """
    with open(path, "rb") as file:  # noqa: PTH123 - half the time of Path.read_bytes, for every file of the tree
        raw = file.read()
    if not may_be_template(raw):
        raise NotATemplate("it has no Resources section")
    text = ""
    try:
        text = decode(raw)
        document = _document(path, name, text)
    except TemplateError as error:
        text = text or raw.decode("utf-8", errors="replace")
        if not (_MEANT_TOP.search(text) and _MEANT_TYPE.search(text)):
            raise NotATemplate(f"it cannot be read: {error.message} (line {error.line})") from error
        document = Document(path, name, text, {})
        return _unrendered(document, error) if _is_unrendered(text, error.line) else unreadable(document, error)
    return template_of(document, root)


def _document(path: Path, name: str, text: str) -> Document:
    if len(text) > MOST_CHARACTERS:
        raise TemplateError(f"{len(text):,} characters are too many: CloudFormation takes 1,000,000 bytes")
    return read_document(path, name, text)


def _is_unrendered(text: str, line: int) -> bool:
    """Whether an engine has to render the file first (cookiecutter, Sceptre, Ansible): until then it is no YAML."""
    lines = text.split("\n")
    return bool(_ENGINE_BLOCK.search(text) or _ENGINE_VALUE.search(lines[min(max(line, 1), len(lines)) - 1]))


def unreadable(document: Document, error: TemplateError) -> Template:
    """An empty template that carries one `TPL001` diagnostic at the line of the error."""
    return _empty(document, error, "TPL001", f"cannot be read: {error.message}", error.hint)


def _unrendered(document: Document, error: TemplateError) -> Template:
    message = "the file has to be rendered first ({{ … }}, {% … %}): as it stands nothing in it is checked"
    return _empty(document, error, "TPL003", message, None)


def _empty(document: Document, error: TemplateError, rule_id: str, message: str, hint: str | None) -> Template:
    lines = document.text.split("\n")
    line = min(max(error.line, 1), len(lines))
    end = max(error.column + 1, len(lines[line - 1].rstrip()) + 1)
    region = Region(line, max(error.column, 1), line, end)
    diagnostic = Diagnostic(rule_id, message, Place(document, ()), hint, Location(document.name, region))
    return Template(document, Kind.CLOUDFORMATION, {}, {}, [diagnostic])


def template_of(document: Document, root: Path) -> Template:
    """The template in a parsed document; raises NotATemplate."""
    from archlint.template.sam import lower

    data = document.data
    if not isinstance(data, dict) or "Resources" not in data:
        raise NotATemplate("it has no Resources section")
    resources = data["Resources"]
    declared = "AWSTemplateFormatVersion" in data or "Transform" in data
    if not isinstance(resources, dict):
        if declared and resources is not None:
            return _misshapen(document, "Resources must be a mapping of logical IDs")
        if not declared:
            raise NotATemplate("its Resources section is no mapping")
        resources = {}
    if not declared and not any(_is_resource(key, value) for key, value in resources.items()):
        raise NotATemplate("no entry of its Resources section has a Type")
    expansion = Expansion(document, root)
    source = expansion.run() if resources else {**data, "Resources": {}}
    diagnostics = expansion.diagnostics
    diagnostics.extend(_duplicate_diagnostics(document))
    diagnostics.extend(_shape_diagnostics(document, source))
    diagnostics.extend(_transform_diagnostics(document, data))
    conditions: Body = {}
    lowered = lower(source, document, expansion.place, conditions)
    if conditions:  # SAM makes some of its own: an implicit API exists when one of its functions does
        given = source.get("Conditions")
        source = {**source, "Conditions": {**conditions, **(given if isinstance(given, dict) else {})}}
    return Template(document, _kind(document, source), lowered, source, diagnostics)


def _is_resource(key: str, value: Any) -> bool:
    if key.startswith(FOR_EACH):
        return True
    kind = value.get("Type") if isinstance(value, dict) else None
    return isinstance(kind, str) and "::" in kind


def _misshapen(document: Document, message: str) -> Template:
    return Template(
        document, Kind.CLOUDFORMATION, {}, {}, [Diagnostic("TPL001", message, Place(document, ("Resources",)))]
    )


def _duplicate_diagnostics(document: Document) -> list[Diagnostic]:
    """One `TPL001` for the first key that stands twice; the template is checked all the same, with the last value."""
    if not document.duplicates:
        return []
    key, line, column = document.duplicates[0]
    if document.relocate is not None:
        line, column = document.relocate(line, column)
    more = len(document.duplicates) - 1
    message = f"key {key} stands twice in one mapping, the first value is lost" + (
        f" ({more} more such keys)" if more else ""
    )
    region = Region(line, column, line, column + len(key))
    return [Diagnostic("TPL001", message, Place(document, ()), None, Location(document.name, region))]


def _shape_diagnostics(document: Document, source: Body) -> list[Diagnostic]:
    """One `TPL001` for the first resource that is no resource: CloudFormation would refuse the whole file."""
    resources = source.get("Resources")
    if not isinstance(resources, dict):
        return []
    for logical_id, body in resources.items():
        if logical_id.startswith("Fn::"):
            continue
        place = Place(document, ("Resources", logical_id))
        if not isinstance(body, dict):
            return [Diagnostic("TPL001", f"resource {logical_id} is no mapping", place)]
        if not isinstance(body.get("Type"), str):
            problem = "has a Type that is no text" if body.get("Type") is not None else "has no Type"
            return [Diagnostic("TPL001", f"resource {logical_id} {problem}", place)]
        if not isinstance(body.get("Properties", {}), dict) and body.get("Properties") is not None:
            return [Diagnostic("TPL001", f"the Properties of {logical_id} are no mapping", place)]
    return []


def _transform_diagnostics(document: Document, data: Body) -> list[Diagnostic]:
    diagnostics = []
    for name in transforms(data):
        if name not in KNOWN_TRANSFORMS:
            message = f"transform {name} is not run: what it adds or changes is not checked"
            diagnostics.append(Diagnostic("TPL003", message, Place(document, ("Transform",))))
    return diagnostics


def transforms(data: Body) -> list[str]:
    """Names in the `Transform` section, in any of its spellings."""
    given = data.get("Transform")
    items = given if isinstance(given, list) else [given]
    names = []
    for item in items:
        name = item.get("Name") if isinstance(item, dict) else item
        if isinstance(name, str):
            names.append(name)
    return names


def _kind(document: Document, source: Body) -> Kind:
    if SAM_TRANSFORM in transforms(source) or "AWS::Serverless::" in document.text:
        return Kind.SAM
    if document.path.name == SERVERLESS_TEMPLATE and document.path.parent.name == SERVERLESS_FOLDER:
        return Kind.SERVERLESS_FRAMEWORK
    if "aws:cdk:path" in document.text or document.name.endswith(".template.json"):
        return Kind.CDK
    return Kind.CLOUDFORMATION
