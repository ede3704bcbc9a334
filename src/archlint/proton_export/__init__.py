"""Proton bundles as plain CloudFormation, for the time after Proton.

Jinja is not rendered: what Proton filled in becomes a parameter, what an `{% if %}` decided becomes a condition over
parameters. What CloudFormation cannot say (a loop, a filter) is written once and listed at the top of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.errors import UsageError
from archlint.proton_export.rewrite import Rewrite
from archlint.proton_export.yaml_text import yaml_text

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.template.model import ProtonBundle


def export(bundle: Path, directory: Path) -> list[Path]:
    """Writes `<role>.yaml` into `directory` for each CloudFormation part of the one bundle in the folder `bundle`.

    Returns the files written. Raises UsageError when there is no bundle or several, when no part is CloudFormation,
    when a part cannot be read, when a file cannot be written, and rather than overwrite one.
    """
    found = _one_bundle(bundle)
    texts = {}
    for role, template in found.parts.items():
        problem = next((diagnostic for diagnostic in template.diagnostics if diagnostic.rule_id == "TPL001"), None)
        if problem is not None:
            raise UsageError(f"{problem.message}", template.name, problem.hint)
        if template.proton is not None and "Resources" in template.source:
            rewrite = Rewrite(found, template)
            body = rewrite.run()
            texts[role] = yaml_text(body, _header(found, role, [*rewrite.notes, *_other_parts(found)]))
    if not texts:
        raise UsageError(f"{bundle} has no CloudFormation part", hint="Terraform and CodeBuild parts run as they are")
    targets = {role: directory / f"{role}.yaml" for role in texts}
    for target in targets.values():
        if target.exists():
            raise UsageError(f"{target} is there already", hint="name an empty folder")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for role, target in targets.items():
            target.write_text(texts[role], encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", str(directory)) from error
    return list(targets.values())


def _other_parts(bundle: ProtonBundle) -> list[str]:
    """What is said about the parts that are Terraform or run by CodeBuild."""
    opaque = [role for role, template in bundle.parts.items() if "Resources" not in template.source]
    return [f"the {role} part: it is Terraform or run by CodeBuild, and stays as it is" for role in opaque]


def _one_bundle(folder: Path) -> ProtonBundle:
    from archlint.template.discover import discover
    from archlint.template.proton import find_bundles, load_bundles

    discovery = discover([folder])
    bundles = find_bundles(discovery.files, discovery.root)
    if not bundles:
        raise UsageError(f"{folder} holds no Proton bundle", hint="a bundle has schema/ and infrastructure folders")
    if len(bundles) > 1:
        names = ", ".join(bundle.directory for bundle in bundles[:4])
        raise UsageError(f"{folder} holds {len(bundles)} bundles", hint=f"name one of them: {names} …")
    return load_bundles(bundles, discovery.root)[0]


def _header(bundle: ProtonBundle, role: str, notes: list[str]) -> str:
    lines = [f"{role} part of the Proton {bundle.kind} template {bundle.template_name}, as plain CloudFormation."]
    if notes:
        lines += ["", "To be done by hand:", *(f"- {note}" for note in notes)]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)
