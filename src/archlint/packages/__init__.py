"""How large deployment packages are: measured from what lies in the linted folder; nothing is built or fetched."""

from archlint.packages.index import Packages

__all__ = ["Packages"]
