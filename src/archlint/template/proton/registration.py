"""Which environments a service template says it works with.

`.template-registration.yaml` holds `compatible_environments` and `supported_component_sources`; the older
`.compatible-envs` holds one `name:major` a line.
https://docs.aws.amazon.com/proton/latest/userguide/create-template-sync.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.errors import TemplateError
from archlint.reads import looked_for
from archlint.template.document import Document, decode, read_document
from archlint.template.load import unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.template.model import Json, ProtonBundle

REGISTRATION_FILE = ".template-registration.yaml"
COMPATIBLE_FILE = ".compatible-envs"


def read_registration(bundle: ProtonBundle, folder: Path, name: str) -> None:
    """Fills the registration, the compatible environments and the component sources of a bundle."""
    registration, compatible = folder / REGISTRATION_FILE, folder / COMPATIBLE_FILE
    looked_for(str(registration))
    looked_for(str(compatible))
    try:
        if registration.is_file():
            bundle.registration = read_document(registration, f"{name}/{REGISTRATION_FILE}")
        elif compatible.is_file():
            bundle.registration = _read_lines(compatible, f"{name}/{COMPATIBLE_FILE}")
    except TemplateError as error:
        path = registration if registration.is_file() else compatible
        text = path.read_bytes().decode("utf-8", errors="replace")
        bundle.diagnostics.extend(unreadable(Document(path, f"{name}/{path.name}", text, {}), error).diagnostics)
    except OSError:
        return
    if bundle.registration is not None:
        data = bundle.registration.data
        found = data.get("compatible_environments") if isinstance(data, dict) else data
        bundle.compatible = tuple(_pair(entry) for entry in _texts(found))
        sources = data.get("supported_component_sources") if isinstance(data, dict) else None
        bundle.component_sources = tuple(_texts(sources))


def _read_lines(path: Path, name: str) -> Document:
    """A list document whose item `i` stands on the line of entry `i`."""
    source = decode(path.read_bytes())
    entries = [(row, line.strip()) for row, line in enumerate(source.split("\n"), 1)]
    kept = [(row, text) for row, text in entries if text and not text.startswith("#")]
    lines = source.split("\n")
    listed = "\n".join(f"- '{text.split('#')[0].strip()}'" for _, text in kept)

    def relocate(line: int, column: int) -> tuple[int, int]:
        if not kept:
            return 1, 1
        row = kept[min(line, len(kept)) - 1][0]
        indent = len(lines[row - 1]) - len(lines[row - 1].lstrip())
        quotes = 0 if column <= len("- ") + 1 else 2
        return row, max(column - len("- ") - quotes + indent, 1)

    return read_document(path, name, listed or "[]", relocate=relocate, source=source)


def _pair(entry: str) -> tuple[str, str]:
    """`vpc:1` as name and major version; the version is empty when it is not given."""
    name, _, major = entry.partition(":")
    return name.strip(), major.strip().split(".")[0]


def _texts(value: Json) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
