"""Data access policies of OpenSearch Serverless: `permits` from whom they name to the collections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.edges.string_template import Flat, flatten, parse_json
from archlint.graph.iam.grants import levels_of
from archlint.graph.iam.protect import principal_nodes
from archlint.graph.model import EdgeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.graph.edges.table import Finder
    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack

_COLLECTION = "AWS::OpenSearchServerless::Collection"


def data_access_policy(linker: Linker, node: Node) -> None:
    """Principals of the policy → the collections that its rules name, also by an index or model of theirs."""
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html
    stack, flat = node.stack, flatten(node.properties.get("Policy"))
    if stack is None or flat is None or node.properties.get("Type") != "data":
        return
    permits: dict[tuple[Node, Node], set[str]] = {}
    entries = parse_json(flat.text)
    for entry in _items(entries):
        if not isinstance(entry, dict):
            continue
        principals = [
            source
            for principal in _strings(entry.get("Principal"))
            for source in principal_nodes(linker, stack, "AWS", flat.value(principal))
        ]
        for rule in _items(entry.get("Rules")):
            if not isinstance(rule, dict):
                continue
            for resource in _strings(rule.get("Resource")):
                for collection in _collections(linker, stack, flat, resource):
                    for source in principals:
                        permits.setdefault((source, collection), set()).update(_strings(rule.get("Permission")))
    for (source, collection), permissions in permits.items():
        actions = frozenset(permissions)
        linker.connect(
            EdgeKind.PERMITS,
            source,
            collection,
            place=node.place("Policy"),
            via=node,
            access=levels_of(actions),
            actions=actions,
        )


def _collections(linker: Linker, stack: Stack, flat: Flat, resource: str) -> Iterator[Node]:
    """The collections that `collection/name` or `index/name/…` means; a pattern those of its stack."""
    name = resource.split("/")[1] if "/" in resource else ""
    if name.endswith("*"):
        beginning = name.removesuffix("*")
        for known, collection in linker.resolver.names.names_of(_COLLECTION):
            if collection.stack is stack and (not beginning or known.startswith(beginning)):
                yield collection
        return
    for text in linker.texts(stack, flat.value(name)):
        found = text.node.node if text.node is not None else linker.resolver.named(stack, (_COLLECTION,), text)
        if found is not None and found.type == _COLLECTION:
            yield found


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _strings(value: Any) -> list[str]:
    return [item for item in _items(value) if isinstance(item, str)]


FINDERS: dict[str, tuple[Finder, ...]] = {"AWS::OpenSearchServerless::AccessPolicy": (data_access_policy,)}
