"""Results of earlier runs: when nothing that a run read has changed, its findings are told again.

Nothing is guessed: what a run reads is what Python reports of it (audit events), and a single changed file, size or
folder makes the next run a whole one.
"""

from archlint.cache.store import FOLDER, ResultCache, run_cached

__all__ = ["FOLDER", "ResultCache", "run_cached"]
