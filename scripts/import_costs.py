"""Milliseconds that importing each dependency adds to a start of Python: the numbers in docs/dependencies.md."""

import subprocess
import sys
import time

MODULES = ("click", "yaml", "pathspec", "msgspec", "networkx", "jinja2.lexer", "jsonschema", "cfnlint.runner")
REPEAT = 7


def start(code: str) -> float:
    """Best seconds of several fresh processes."""
    best = float("inf")
    for _ in range(REPEAT):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        best = min(best, time.perf_counter() - begin)
    return best


def main() -> None:
    """Prints one line per module."""
    bare = start("pass")
    print(f"{'python':<16} {bare * 1000:>5.0f} ms")
    for module in MODULES:
        print(f"{module:<16} {(start(f'import {module}') - bare) * 1000:>5.0f} ms")


if __name__ == "__main__":
    main()
