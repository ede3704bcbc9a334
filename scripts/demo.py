"""`make demo`: lints the example shop and says where the SARIF file and the pictures of the graph are.

Ends with 0 although the shop has findings; anything but findings is an error of the demo.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHOP = ROOT / "examples" / "shop"
OUTPUT = ROOT / "build" / "demo"
GRAPHS = {"mermaid": "graph.mmd", "dot": "graph.dot", "json": "graph.json"}
FINDINGS = 1


def archlint(*arguments: str | Path) -> int:
    """Runs the command line in the shop; its exit code, or the end of the demo when it did not work."""
    code = subprocess.run([sys.executable, "-m", "archlint", *arguments], cwd=SHOP, check=False).returncode
    if code > FINDINGS:
        sys.exit(code)
    return code


def main() -> None:
    """Checks, draws, tells."""
    subprocess.run([sys.executable, Path(__file__).with_name("make_big_package.py"), SHOP], check=True)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    print(f"archlint check {os.path.relpath(SHOP)}\n", flush=True)
    archlint("check", "--report", "text", "--report", f"sarif:{OUTPUT / 'archlint.sarif'}")
    for name, file in GRAPHS.items():
        with (OUTPUT / file).open("w", encoding="utf-8") as stream:
            subprocess.run(
                [sys.executable, "-m", "archlint", "graph", "--format", name], cwd=SHOP, stdout=stream, check=True
            )
    where = os.path.relpath(OUTPUT)
    print("\nThe shop is wrong on purpose; examples/shop/README.md says why each of these hurts. Now look at")
    print(f"  {where}/archlint.sarif   the findings for code scanning and editors")
    print(f"  {where}/graph.mmd        the resource graph, to paste into Markdown; also as graph.dot and graph.json")
    print("and try: archlint explain EVT001")


if __name__ == "__main__":
    main()
