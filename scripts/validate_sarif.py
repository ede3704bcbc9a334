"""Validates SARIF logs with Microsoft's Sarif.Multitool (rule kinds Sarif and Ghas): 0 errors and warnings, or exit 1.

usage: validate_sarif.py FILE...

The tool is a program of its own that npm brings into build/sarif; it needs neither .NET nor, once it is there, a
network. Its exit code says nothing, so its own log is read. Ends with 2 when it cannot be had.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "build" / "sarif"
PACKAGE = "@microsoft/sarif-multitool-linux"
VERSION = "5.7.0"
TOOL = FOLDER / "node_modules" / PACKAGE / "Sarif.Multitool"
NOT_RUN = 2


def install() -> None:
    """Puts the tool into build/sarif."""
    if TOOL.is_file():
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to install Sarif.Multitool")
    FOLDER.mkdir(parents=True, exist_ok=True)
    arguments = ["install", "--no-audit", "--no-fund", "--no-save", "--prefix", str(FOLDER), f"{PACKAGE}@{VERSION}"]
    subprocess.run([npm, *arguments], check=True, stdout=subprocess.DEVNULL)
    # npm may be told not to run install scripts; this is all that the package's would do.
    TOOL.chmod(0o755)


def problems(log: Path) -> Iterator[str]:
    """What the tool says about a log at level error or warning, one line each."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "validation.sarif"
        arguments = ["validate", str(log), "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning"]
        subprocess.run(
            [TOOL, *arguments, "-o", str(output), "--log", "ForceOverwrite"], check=True, stdout=subprocess.DEVNULL
        )
        run = json.loads(output.read_text(encoding="utf-8-sig"))["runs"][0]
    yield from (_line(log, result) for result in run.get("results", ()))
    for invocation in run.get("invocations", ()):
        for note in invocation.get("toolExecutionNotifications", ()):
            if note.get("level", "warning") in ("error", "warning"):
                yield f"{log}: {note['message'].get('text', note['message'])}"


def _line(log: Path, result: dict[str, Any]) -> str:
    region = result["locations"][0]["physicalLocation"].get("region", {})
    words = " ".join(result["message"].get("arguments", ())) or result["message"].get("text", "")
    return f"{log}:{region.get('startLine', 1)}: {result.get('level', 'warning')} {result['ruleId']} {words}"


def main() -> int:
    """Validates the logs named on the command line."""
    logs = [Path(argument) for argument in sys.argv[1:]]
    if not logs:
        print(__doc__)
        return NOT_RUN
    try:
        install()
        found = [problem for log in logs for problem in problems(log)]
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"Sarif.Multitool did not run: {error}", file=sys.stderr)
        return NOT_RUN
    for problem in found:
        print(problem)
    print(f"{len(logs)} logs, {len(found)} errors and warnings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
