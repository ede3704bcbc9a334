"""What installing the locked dependencies of a source folder will add to its package.

Each dependency's size is, best first: that of a wheel lying here, of the copy installed next to the code, of the wheel
that the lock file names times a measured ratio (that of the same package, else that of popular ones), of the shipped
table. A dependency that none of them knows counts
nothing, so the sum leans low.
"""

from __future__ import annotations

from archlint.packages import npm_locks
from archlint.packages.data import WHEEL_RATIO, KnownPackage, measured
from archlint.packages.dependencies import DependencySum, Locked, Project, make_sum
from archlint.packages.names import vendored

_PYTHON_LOCKS = ("requirements.txt", "uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock")
"""All that `python_locks` reads."""


def dependency_sum(project: Project) -> DependencySum | None:
    """The estimate for a folder; None when it has no lock file or requirements that can be read."""
    if project.language in (None, "python") and _has_python_lock(project):
        from archlint.packages import python_locks

        locked = python_locks.locked(project)
        if locked is not None:
            return _python_sum(project, locked)
    if project.language in (None, "nodejs"):
        return npm_locks.dependency_sum(project)
    return None


def _has_python_lock(project: Project) -> bool:
    """Asked before what reads them is loaded: many folders have none."""
    return any(project.root.resolve(project.folder, name) is not None for name in _PYTHON_LOCKS)


def _python_sum(project: Project, locked: Locked) -> DependencySum:
    """Adds up what is not in the package already."""
    from archlint.packages import python_locks

    present = vendored(project.listing)
    installed = python_locks.installed(project)
    sizes: dict[str, int] = {}
    basis: dict[str, None] = {}
    wanted = {name: dependency for name, dependency in locked.dependencies.items() if name not in present}
    for name, dependency in wanted.items():
        size, how = dependency.unpacked, "wheels beside it"
        known = measured(name, dependency.version)
        if size is None and name in installed:
            size, how = python_locks.installed_size(project, installed[name]), "installed copies"
        if size is None and dependency.packed is not None:
            size, how = _unpacked(dependency.packed, known), "wheel sizes x measured ratios"
        if size is None and known is not None:
            size, how = known.unpacked, "known sizes"
        if size is not None:
            sizes[name] = size
            basis[how] = None
    return make_sum(locked.file, sizes, len(wanted) - len(sizes), tuple(basis))


def _unpacked(packed: int, known: KnownPackage | None) -> int:
    """What a wheel of this size unpacks to: versions of one package shrink alike."""
    ratio = known.unpacked / known.packed if known is not None and known.packed else WHEEL_RATIO
    return round(packed * ratio)
