"""Containers, instances, Elastic Beanstalk and the balancers in front of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.graph.model import EdgeKind
from tests.unit.graph.drawing import drawn

if TYPE_CHECKING:
    from archlint.graph.model import ResourceGraph
    from tests.unit.graph.conftest import GraphOf


def _connects(graph: ResourceGraph) -> list[str]:
    return sorted(f"{edge.source} -> {edge.target}" for edge in graph.edges if edge.kind is EdgeKind.CONNECTS)


def test_the_options_of_a_beanstalk_environment(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}}
        Resources:
          Web:
            Type: AWS::ElasticBeanstalk::Environment
            Properties:
              OptionSettings:
                - {Namespace: "aws:ec2:vpc", OptionName: Subnets, Value: !Join [",", !Ref Subnets]}
                - {Namespace: "aws:ec2:vpc", OptionName: ELBSubnets, Value: !Join [",", [!Ref One, !Ref Two]]}
                - {Namespace: "aws:autoscaling:launchconfiguration", OptionName: SecurityGroups, Value: !Ref Group}
                - {Namespace: "aws:elbv2:loadbalancer", OptionName: SecurityGroups, Value: !Sub "${Group},${Front}"}
                - {Namespace: "aws:autoscaling:launchconfiguration", OptionName: IamInstanceProfile, Value: !Ref Own}
                - {Namespace: "aws:elasticbeanstalk:environment", OptionName: ServiceRole, Value: !Ref Service}
                - {Namespace: "aws:elasticbeanstalk:sqsd", OptionName: WorkerQueueURL, Value: !Ref Jobs}
                - {Namespace: "aws:elasticbeanstalk:sns:topics", OptionName: Notification Topic ARN, Value: !Ref News}
                - Namespace: "aws:elasticbeanstalk:application:environment"
                  OptionName: DB
                  Value: !GetAtt Db.Endpoint.Address
                - {Namespace: "aws:autoscaling:asg", OptionName: MinSize, Value: "1"}
                - nonsense
          One: {Type: AWS::EC2::Subnet}
          Two: {Type: AWS::EC2::Subnet}
          Group: {Type: AWS::EC2::SecurityGroup}
          Front: {Type: AWS::EC2::SecurityGroup}
          Own: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Instance]}}
          Instance: {Type: AWS::IAM::Role}
          Service: {Type: AWS::IAM::Role}
          Jobs: {Type: AWS::SQS::Queue}
          News: {Type: AWS::SNS::Topic}
          Db: {Type: AWS::RDS::DBInstance, Properties: {Engine: mysql}}
        """
    )
    assert drawn(graph) == [
        "Jobs -triggers:poll-> Web",
        "Own -assumes-> Instance",
        "Web -assumes-> Instance",
        "Web -assumes-> Service",
        "Web -delivers-> News",
        "Web -runs_in-> Front",
        "Web -runs_in-> Group",
        "Web -runs_in-> One",
        "Web -runs_in-> Two",
        "Web -runs_in-> template.yaml#Subnets",
    ]
    assert _connects(graph) == ["Web -> Db"]


def test_what_instances_and_containers_are_told(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Web:
            Type: AWS::EC2::LaunchTemplate
            Properties: {LaunchTemplateData: {UserData: {"Fn::Base64": !Sub "export DB=${Db.Endpoint.Address}"}}}
          Old:
            Type: AWS::AutoScaling::LaunchConfiguration
            Metadata:
              AWS::CloudFormation::Init:
                config: {files: {/etc/db.conf: {content: !Sub "host=${Db.Endpoint.Address}"}}, commands: [x, !Ref Old]}
            Properties: {UserData: {"Fn::Base64": !Sub "echo ${Balancer}"}}
          Job:
            Type: AWS::Batch::JobDefinition
            Properties:
              ContainerProperties:
                Environment: [{Name: DB, Value: !GetAtt Db.Endpoint.Address}]
                LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: !Ref Group}}
          Runner:
            Type: AWS::AppRunner::Service
            Properties:
              SourceConfiguration:
                ImageRepository:
                  ImageConfiguration:
                    RuntimeEnvironmentVariables: [{Name: URL, Value: !Sub "http://${Balancer.DNSName}/"}]
          Db: {Type: AWS::RDS::DBInstance, Properties: {Engine: mysql}}
          Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
          Group: {Type: AWS::Logs::LogGroup}
        """
    )
    assert _connects(graph) == ["Job -> Db", "Old -> Db", "Runner -> Balancer", "Web -> Db"]
    assert drawn(graph, EdgeKind.LOGS_TO) == ["Job -logs_to-> Group"]


def test_classic_load_balancers(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Balancer: {Type: AWS::ElasticLoadBalancing::LoadBalancer, Properties: {Instances: [!Ref Machine, i-12345]}}
          Service:
            Type: AWS::ECS::Service
            Properties: {LoadBalancers: [{LoadBalancerName: !Ref Balancer, ContainerName: web}]}
          Machine: {Type: AWS::EC2::Instance}
        """
    )
    assert drawn(graph) == ["Balancer -delivers-> Machine", "Balancer -triggers:sync-> Service"]


def test_members_and_capacity(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Name: {Type: String, Default: orders}}
        Resources:
          Nodes: {Type: AWS::EKS::Nodegroup, Properties: {ClusterName: !Ref Cluster}}
          Cluster: {Type: AWS::EKS::Cluster}
          Group: {Type: AWS::RedshiftServerless::Workgroup, Properties: {NamespaceName: !Ref Name}}
          Space: {Type: AWS::RedshiftServerless::Namespace, Properties: {NamespaceName: !Ref Name}}
          Capacity:
            Type: AWS::ECS::CapacityProvider
            Properties: {AutoScalingGroupProvider: {AutoScalingGroupArn: !Ref Machines}}
          Machines: {Type: AWS::AutoScaling::AutoScalingGroup}
        """
    )
    assert drawn(graph) == [
        "Capacity -runs_in-> Machines",
        "Group -member_of-> Space",
        "Nodes -member_of-> Cluster",
    ]


def test_health_checks_watch_what_they_ask(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Data:
            Type: AWS::Route53::HealthCheck
            Properties: {HealthCheckConfig: {IPAddress: !GetAtt Db.Endpoint.Address}}
          Site:
            Type: AWS::Route53::HealthCheck
            Properties: {HealthCheckConfig: {FullyQualifiedDomainName: !GetAtt Balancer.DNSName}}
          Follows:
            Type: AWS::Route53::HealthCheck
            Properties: {HealthCheckConfig: {AlarmIdentifier: {Name: !Ref Alarm}}}
          Other:
            Type: AWS::Route53::HealthCheck
            Properties: {HealthCheckConfig: {FullyQualifiedDomainName: example.com}}
          Db: {Type: AWS::RDS::DBInstance}
          Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
          Alarm: {Type: AWS::CloudWatch::Alarm}
        """
    )
    assert drawn(graph) == ["Data -watches-> Db", "Follows -watches-> Alarm", "Site -watches-> Balancer"]


def test_brokers_and_classic_balancers_are_reached_by_their_endpoints(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Told:
            Type: AWS::Lambda::Function
            Properties:
              Environment:
                Variables:
                  BROKER: !Select [0, !GetAtt Broker.AmqpEndpoints]
                  SITE: !Sub "http://${Balancer.DNSName}/"
                  HOST: !Select [2, !Split ["/", !GetAtt Url.FunctionUrl]]
          Url: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: !GetAtt Named.Arn}}
          Named:
            Type: AWS::Lambda::Function
            Properties: {Environment: {Variables: {BROKER_ID: !Ref Broker, BALANCER: !Ref Balancer}}}
          Broker: {Type: AWS::AmazonMQ::Broker, Properties: {EngineType: ActiveMQ}}
          Balancer: {Type: AWS::ElasticLoadBalancing::LoadBalancer, Properties: {}}
        """
    )
    assert _connects(graph) == ["Told -> Balancer", "Told -> Broker", "Told -> Url"]


def test_a_balancer_in_front_of_an_endpoint_whose_addresses_are_looked_up(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
          Listener:
            Type: AWS::ElasticLoadBalancingV2::Listener
            Properties:
              LoadBalancerArn: !Ref Balancer
              DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]
          Group:
            Type: AWS::ElasticLoadBalancingV2::TargetGroup
            Properties: {TargetType: ip, Targets: [{Id: !GetAtt Addresses.IP0}]}
          Addresses:
            Type: Custom::Addresses
            Properties:
              ServiceToken: !GetAtt LookUp.Arn
              NetworkInterfaceIds: !GetAtt Endpoint.NetworkInterfaceIds
          LookUp: {Type: AWS::Lambda::Function}
          Endpoint: {Type: AWS::EC2::VPCEndpoint}
        """
    )
    assert drawn(graph, EdgeKind.DELIVERS) == ["Balancer -delivers-> Endpoint"]


def test_an_accelerator_delivers_to_its_endpoints(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Front: {Type: AWS::GlobalAccelerator::Accelerator}
          Port: {Type: AWS::GlobalAccelerator::Listener, Properties: {AcceleratorArn: !Ref Front}}
          Near:
            Type: AWS::GlobalAccelerator::EndpointGroup
            Properties: {ListenerArn: !Ref Port, EndpointConfigurations: [{EndpointId: !Ref Balancer}, nonsense]}
          Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
        """
    )
    assert drawn(graph, EdgeKind.DELIVERS) == ["Front -delivers-> Balancer"]


def test_a_pipeline_calls_what_it_deploys_to(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Pipeline:
            Type: AWS::CodePipeline::Pipeline
            Properties:
              Stages:
                - Actions:
                    - {ActionTypeId: {Category: Source, Provider: ECR}, Configuration: {RepositoryName: !Ref Images}}
                - Actions:
                    - ActionTypeId: {Category: Deploy, Provider: ECS}
                      Configuration: {ClusterName: c, ServiceName: !GetAtt Service.Name}
                    - ActionTypeId: {Category: Deploy, Provider: CodeDeployToECS}
                      Configuration: {ApplicationName: !Ref App, DeploymentGroupName: !Ref Group}
                    - ActionTypeId: {Category: Deploy, Provider: ElasticBeanstalk}
                      Configuration: {ApplicationName: a, EnvironmentName: !Ref Web}
          Images: {Type: AWS::ECR::Repository}
          Service: {Type: AWS::ECS::Service}
          App: {Type: AWS::CodeDeploy::Application}
          Group: {Type: AWS::CodeDeploy::DeploymentGroup}
          Web: {Type: AWS::ElasticBeanstalk::Environment}
        """
    )
    assert drawn(graph) == [
        "Images -triggers:async-> Pipeline",
        "Pipeline -invokes:sync-> Group",
        "Pipeline -invokes:sync-> Service",
        "Pipeline -invokes:sync-> Web",
    ]


def test_images_are_pushed_and_pulled_as_the_policy_says(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Images: {Type: AWS::ECR::Repository}
          Build: {Type: AWS::CodeBuild::Project, Properties: {ServiceRole: !GetAtt Role.Arn}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: push
                  PolicyDocument:
                    Statement:
                      - {Effect: Allow, Action: [ecr:PutImage, ecr:UploadLayerPart], Resource: !GetAtt Images.Arn}
        """
    )
    found = [
        str(edge.kind.value)
        for edge in graph.edges
        if edge.target.logical_id == "Images" and edge.evidence.label == "policy"
    ]
    assert found == ["writes"]


def test_an_instance_runs_where_its_network_interfaces_are(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {Outer: {Type: "AWS::EC2::NetworkInterface::Id"}}
        Resources:
          Host:
            Type: AWS::EC2::Instance
            Properties:
              NetworkInterfaces: [{NetworkInterfaceId: !Ref Card}, {NetworkInterfaceId: !Ref Outer}, {DeviceIndex: "2"}]
          Card:
            Type: AWS::EC2::NetworkInterface
            Properties: {SubnetId: !Ref Net, GroupSet: [!Ref Group]}
          Net: {Type: AWS::EC2::Subnet}
          Group: {Type: AWS::EC2::SecurityGroup}
        """
    )
    assert [text for text in drawn(graph, EdgeKind.RUNS_IN) if text.startswith("Host")] == [
        "Host -runs_in-> Group",
        "Host -runs_in-> Net",
    ]


def test_a_gateway_runs_in_its_subnet(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Public: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1}}
          Gateway: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref Public}}
        """
    )
    assert drawn(graph) == ["Gateway -runs_in-> Public"]


def test_keys_of_one_secret_are_one_secret(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Own: {Type: AWS::SecretsManager::Secret, Properties: {Name: own}}
          Task:
            Type: AWS::ECS::TaskDefinition
            Properties:
              ContainerDefinitions:
                - Secrets:
                    - {Name: A, ValueFrom: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:other:USER::"}
                    - {Name: B, ValueFrom: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:other:WORD::"}
                    - {Name: C, ValueFrom: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:own:WORD::"}
        """
    )
    assert drawn(graph) == [
        "Task -reads-> Own",
        "Task -reads-> arn:aws:secretsmanager:eu-west-1:111122223333:secret:other",
    ]
