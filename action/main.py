"""The step of action.yml that runs archlint: installs it, checks, and writes the step's outputs.

Ends with 0 when archlint itself ran, whatever it found: the action fails in its last step, after the SARIF upload.
Only the standard library, because it runs before anything is installed.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

# PEP 440's public versions without epochs; anything else would be an option or a URL to pip.
VERSION = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?")
FAIL_ON = ("", "error", "warning", "note", "never")
NOT_RUN = 2


class InputError(Exception):
    """An input of the action has a value that it cannot have."""


def requirement(inputs: Mapping[str, str], action_path: str) -> str:
    """What pip installs: the exact version asked for, or the code that came with this ref of the action."""
    version = inputs.get("VERSION", "")
    if not version:
        return action_path
    if not VERSION.fullmatch(version):
        raise InputError(f"version must be an exact version such as 1.2.3, not {version!r}")
    return f"archlint=={version}"


def arguments(inputs: Mapping[str, str], json_report: Path) -> list[str]:
    """The arguments of archlint for these inputs; the JSON report feeds the `findings` output."""
    fail_on = inputs.get("FAIL_ON", "")
    if fail_on not in FAIL_ON:
        raise InputError(f"fail-on must be one of error, warning, note, never, not {fail_on!r}")
    # `auto` adds annotations and the job summary on GitHub; naming formats switches it off. `github` writes the summary
    # too, wherever its annotations go.
    reports = ["auto"] if flag(inputs, "ANNOTATIONS") else ["text", f"github:{os.devnull}"]
    reports.append(f"json:{json_report}")
    sarif_file = sarif(inputs)
    if sarif_file:
        reports.append(f"sarif:{sarif_file}")
    command = ["check"]
    for report in reports:
        command += ["--report", report]
    if inputs.get("CONFIG"):
        command += ["--config", inputs["CONFIG"]]
    if fail_on:
        command += ["--fail-on", fail_on]
    try:
        further = shlex.split(inputs.get("ARGS", ""))
    except ValueError as error:
        raise InputError(f"args cannot be split as a shell would: {error}") from error
    return [*command, *further, "--", *inputs.get("PATHS", ".").split()]


def sarif(inputs: Mapping[str, str]) -> str:
    """The SARIF file to write, relative to the working directory; empty for none."""
    named = inputs.get("SARIF_FILE", "")
    return named or ("archlint.sarif" if flag(inputs, "UPLOAD_SARIF") else "")


def flag(inputs: Mapping[str, str], name: str) -> bool:
    """A boolean input; GitHub hands over text."""
    value = inputs.get(name, "false").strip().lower()
    if value not in ("true", "false"):
        raise InputError(f"{name.lower().replace('_', '-')} must be true or false, not {value!r}")
    return value == "true"


def environment(inputs: Mapping[str, str], base: Mapping[str, str]) -> dict[str, str]:
    """What archlint sees: without the summary file when no summary is wanted."""
    kept = dict(base)
    if not flag(inputs, "SUMMARY"):
        kept.pop("GITHUB_STEP_SUMMARY", None)
    return kept


def outputs(exit_code: int, json_report: Path, sarif_file: str, workspace: Path) -> dict[str, str]:
    """The step's outputs; `findings` is empty when archlint did not get as far as a report."""
    findings = ""
    if json_report.is_file():
        document = json.loads(json_report.read_text(encoding="utf-8"))
        findings = str(sum(1 for finding in document["findings"] if not finding["suppressed"]))
    written = Path(sarif_file).resolve() if sarif_file else None
    relative = os.path.relpath(written, workspace) if written is not None and written.is_file() else ""
    return {
        "exit-code": str(exit_code),
        "findings": findings,
        "sarif-file": Path(relative).as_posix() if relative else "",
    }


def install(folder: Path, what: str) -> Path:
    """Installs archlint into an environment of its own; returns its executable."""
    venv.create(folder, with_pip=True, clear=True)
    bin_folder = folder / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run(
        [bin_folder / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", what],
        check=True,
    )
    return bin_folder / "archlint"


def main() -> int:
    """Runs the step; 2 when archlint could not be installed or asked."""
    prefix = "ARCHLINT_IN_"
    inputs = {name.removeprefix(prefix): value for name, value in os.environ.items() if name.startswith(prefix)}
    temporary = Path(os.environ.get("RUNNER_TEMP", "."))
    json_report = temporary / "archlint.json"
    json_report.unlink(missing_ok=True)
    try:
        what = requirement(inputs, os.environ["GITHUB_ACTION_PATH"])
        command = arguments(inputs, json_report)
        child_environment = environment(inputs, os.environ)
        executable = install(temporary / "archlint-venv", what)
    except (InputError, subprocess.CalledProcessError) as error:
        print(f"::error title=archlint::{error}")
        return NOT_RUN
    exit_code = subprocess.run([executable, *command], env=child_environment, check=False).returncode
    workspace = Path(os.environ.get("GITHUB_WORKSPACE", ".")).resolve()
    lines = [f"{name}={value}\n" for name, value in outputs(exit_code, json_report, sarif(inputs), workspace).items()]
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.writelines(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
