from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind
from tests.unit.graph.drawing import drawn, edge

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_a_data_access_policy_lets_its_principals_into_collections(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Name: {Type: String}}
        Resources:
          Policy:
            Type: AWS::OpenSearchServerless::AccessPolicy
            Properties:
              Type: data
              Policy: !Sub >-
                [{"Rules": [{"ResourceType": "index", "Resource": ["index/${Name}/*"],
                "Permission": ["aoss:ReadDocument"]},
                {"ResourceType": "collection", "Resource": ["collection/${Name}"], "Permission": ["aoss:*"]}],
                "Principal": ["${Role.Arn}"]},
                {"Rules": [{"Resource": ["collection/log*", "collection/elsewhere"]}],
                "Principal": ["arn:aws:iam::${AWS::AccountId}:root"]}]
          Network:
            Type: AWS::OpenSearchServerless::AccessPolicy
            Properties: {Type: network, Policy: '[{"Rules": [{"Resource": ["collection/logs"]}], "Principal": ["*"]}]'}
          Odd: {Type: AWS::OpenSearchServerless::AccessPolicy, Properties: {Type: data, Policy: '[1, {"Rules": [2]}]'}}
          Orders: {Type: AWS::OpenSearchServerless::Collection, Properties: {Name: !Ref Name}}
          Logs: {Type: AWS::OpenSearchServerless::Collection, Properties: {Name: logs}}
          Role: {Type: AWS::IAM::Role}
        """
    )
    assert drawn(graph, EdgeKind.PERMITS) == [
        "Role -permits-> Orders",
        "arn:aws:iam::${AWS::AccountId}:root -permits-> Logs",
    ]
    assert edge(graph, "Role -permits-> Orders").actions == {"aoss:ReadDocument", "aoss:*"}
