"""Locations as SARIF writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from archlint.findings import Location, Region
    from archlint.reporters.options import Names

BASE_ID = "%SRCROOT%"


class Places:
    """Turns locations of the run into those of the repository; `names` says how a file is called there."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def location(self, place: Location) -> dict[str, Any]:
        """A location: where it is in the repository, and the resource it belongs to."""
        result: dict[str, Any] = {
            "physicalLocation": {
                "artifactLocation": {"uri": uri(self.names(place.file)), "uriBaseId": BASE_ID},
                "region": region_object(place.region),
            }
        }
        if place.logical_id:
            result["logicalLocations"] = [
                {
                    "name": place.logical_id,
                    "fullyQualifiedName": f"Resources/{place.logical_id}",
                    "kind": "resource",
                }
            ]
        if place.construct:
            name = place.construct.rpartition("/")[2]
            logical = {"name": name, "fullyQualifiedName": place.construct, "kind": "construct"}
            result.setdefault("logicalLocations", []).append(logical)
        return result


def uri(path: str) -> str:
    """A relative path as a URI reference."""
    return quote(path, safe="/!$&'()*+,;=@~", errors="surrogateescape")


def region_object(region: Region) -> dict[str, int]:
    """A region; SARIF counts like archlint when `columnKind` is `unicodeCodePoints`."""
    return {
        "startLine": region.start_line,
        "startColumn": region.start_column,
        "endLine": region.end_line,
        "endColumn": region.end_column,
    }
