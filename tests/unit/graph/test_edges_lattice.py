from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind
from tests.unit.graph.drawing import drawn, edge

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_a_service_reaches_what_its_listeners_and_rules_forward_to(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Shop: {Type: AWS::VpcLattice::Service, Properties: {Name: shop}}
          Listener:
            Type: AWS::VpcLattice::Listener
            Properties:
              ServiceIdentifier: !Ref Shop
              DefaultAction: {Forward: {TargetGroups: [{TargetGroupIdentifier: !Ref Orders, Weight: 1}]}}
          Rule:
            Type: AWS::VpcLattice::Rule
            Properties:
              ListenerIdentifier: !Ref Listener
              Action: {Forward: {TargetGroups: [{TargetGroupIdentifier: !GetAtt Inner.Arn}]}}
          Orders:
            Type: AWS::VpcLattice::TargetGroup
            Properties: {Type: LAMBDA, Targets: [{Id: !GetAtt Order.Arn}]}
          Inner:
            Type: AWS::VpcLattice::TargetGroup
            Properties: {Type: ALB, Targets: [{Id: !Ref Balancer}]}
          Unused: {Type: AWS::VpcLattice::TargetGroup, Properties: {Type: LAMBDA, Targets: [{Id: !GetAtt Order.Arn}]}}
          Order: {Type: AWS::Lambda::Function}
          Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
        """
    )
    assert drawn(graph) == ["Shop -delivers-> Balancer", "Shop -triggers:sync-> Order"]
    via = edge(graph, "Shop -triggers:sync-> Order").via
    assert via is not None
    assert via.logical_id == "Orders"


def test_container_services_register_and_code_connects_by_the_name_of_the_service(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Shop: {Type: AWS::VpcLattice::Service}
          Listener:
            Type: AWS::VpcLattice::Listener
            Properties:
              ServiceIdentifier: !Ref Shop
              DefaultAction: {Forward: {TargetGroups: [{TargetGroupIdentifier: !Ref Group}]}}
          Group: {Type: AWS::VpcLattice::TargetGroup, Properties: {Type: IP}}
          Tasks:
            Type: AWS::ECS::Service
            Properties: {VpcLatticeConfigurations: [{TargetGroupArn: !Ref Group, PortName: web}]}
          Caller:
            Type: AWS::Lambda::Function
            Properties: {Environment: {Variables: {URL: !GetAtt Shop.DnsEntry.DomainName}}}
        """
    )
    assert drawn(graph) == ["Shop -triggers:sync-> Tasks"]
    connects = [found for found in graph.edges if found.kind is EdgeKind.CONNECTS]
    assert [(found.source.logical_id, found.target.logical_id) for found in connects] == [("Caller", "Shop")]


def test_odd_lattice_properties_say_nothing(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Listener: {Type: AWS::VpcLattice::Listener, Properties: {DefaultAction: [x], ServiceIdentifier: {a: 1}}}
          Rule: {Type: AWS::VpcLattice::Rule, Properties: {ListenerIdentifier: !Ref Rule, Action: {Forward: none}}}
          Group: {Type: AWS::VpcLattice::TargetGroup, Properties: {Type: [LAMBDA], Targets: {Id: 3}}}
        """
    )
    assert drawn(graph) == []
