from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.graph.drawing import drawn, edge

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_firehose(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Hose:
            Type: AWS::KinesisFirehose::DeliveryStream
            Properties:
              KinesisStreamSourceConfiguration: {KinesisStreamARN: !GetAtt Clicks.Arn, RoleARN: !GetAtt Role.Arn}
              ExtendedS3DestinationConfiguration:
                BucketARN: !GetAtt Files.Arn
                RoleARN: !GetAtt Role.Arn
                CloudWatchLoggingOptions: {LogGroupName: !Ref Group}
                S3BackupConfiguration: {BucketARN: !GetAtt Backup.Arn}
                ProcessingConfiguration:
                  Processors:
                    - Type: Lambda
                      Parameters:
                        - {ParameterName: LambdaArn, ParameterValue: !Sub "${Fn.Arn}:live"}
                        - {ParameterName: BufferSizeInMBs, ParameterValue: "1"}
          Search:
            Type: AWS::KinesisFirehose::DeliveryStream
            Properties:
              AmazonopensearchserviceDestinationConfiguration:
                {DomainARN: !GetAtt Domain.Arn, S3Configuration: {BucketARN: !GetAtt Backup.Arn}}
          Clicks: {Type: AWS::Kinesis::Stream, Properties: {}}
          Files: {Type: AWS::S3::Bucket}
          Backup: {Type: AWS::S3::Bucket}
          Domain: {Type: AWS::OpenSearchService::Domain, Properties: {}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Group: {Type: AWS::Logs::LogGroup}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
        """
    )
    assert drawn(graph) == [
        "Clicks -delivers-> Hose",
        "Hose -assumes-> Role",
        "Hose -delivers-> Backup",
        "Hose -delivers-> Files",
        "Hose -logs_to-> Group",
        "Hose -triggers:sync-> Fn:live",
        "Search -delivers-> Backup",
        "Search -delivers-> Domain",
    ]


def test_distributions_and_user_pools(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Site:
            Type: AWS::CloudFront::Distribution
            Properties:
              DistributionConfig:
                Origins:
                  - {Id: api, DomainName: !Sub "${Api}.execute-api.${AWS::Region}.amazonaws.com"}
                  - {Id: url, DomainName: !Select [2, !Split [/, !GetAtt Url.FunctionUrl]]}
                  - {Id: files, DomainName: !GetAtt Files.RegionalDomainName}
                DefaultCacheBehavior:
                  LambdaFunctionAssociations: [{EventType: viewer-request, LambdaFunctionARN: !Ref Version}]
                CacheBehaviors:
                  - FunctionAssociations: [{EventType: viewer-response, FunctionARN: !GetAtt Edge.FunctionARN}]
          Cdk:
            Type: AWS::CloudFront::Distribution
            Properties:
              DistributionConfig:
                Origins:
                  - Id: api
                    DomainName:
                      Fn::Select:
                        - 0
                        - !Split [/, !Select [1, !Split ["://", !Sub "https://${Api}.execute-api.x.amazonaws.com/"]]]
          Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: a}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Served: {Type: AWS::Lambda::Function, Properties: {}}
          Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref Served, AuthType: NONE}}
          Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Fn}}
          Edge: {Type: AWS::CloudFront::Function, Properties: {}}
          Files: {Type: AWS::S3::Bucket}
          Users:
            Type: AWS::Cognito::UserPool
            Properties:
              LambdaConfig:
                PreSignUp: !GetAtt Fn.Arn
                CustomEmailSender: {LambdaArn: !GetAtt Served.Arn, LambdaVersion: V1_0}
                KMSKeyID: !GetAtt Key.Arn
          Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {}}}
        """
    )
    assert drawn(graph) == [
        "Cdk -delivers-> Api",
        "Key -encrypts-> Users",
        "Site -delivers-> Api",
        "Site -delivers-> Files",
        "Site -triggers:sync-> Edge",
        "Site -triggers:sync-> Fn:Version",
        "Site -triggers:sync-> Served",
        "Url -triggers:sync-> Served",
        "Users -triggers:sync-> Fn",
        "Users -triggers:sync-> Served",
    ]
    assert edge(graph, "Users -triggers:sync-> Served").detail == {"trigger": "CustomEmailSender"}


def test_load_balancers(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {ListenerArn: {Type: String}}
        Resources:
          Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {}}
          Outer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {}}
          Listener:
            Type: AWS::ElasticLoadBalancingV2::Listener
            Properties:
              LoadBalancerArn: !Ref Front
              DefaultActions: [{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Tasks}]}}]
          Network:
            Type: AWS::ElasticLoadBalancingV2::Listener
            Properties: {LoadBalancerArn: !Ref Outer, DefaultActions: [{Type: forward, TargetGroupArn: !Ref Inner}]}
          Rule:
            Type: AWS::ElasticLoadBalancingV2::ListenerRule
            Properties:
              ListenerArn: !Ref Listener
              Conditions: [{Field: path-pattern, Values: [/fn]}]
              Actions: [{Type: forward, TargetGroupArn: !Ref Functions}]
          Elsewhere:
            Type: AWS::ElasticLoadBalancingV2::ListenerRule
            Properties: {ListenerArn: !Ref ListenerArn, Actions: [{Type: forward, TargetGroupArn: !Ref Functions}]}
          Functions:
            Type: AWS::ElasticLoadBalancingV2::TargetGroup
            Properties: {TargetType: lambda, Targets: [{Id: !GetAtt Fn.Arn}]}
          Tasks: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: ip}}
          Inner:
            Type: AWS::ElasticLoadBalancingV2::TargetGroup
            Properties: {TargetType: alb, Targets: [{Id: !Ref Front}, {Id: !GetAtt Lookup.Ip}]}
          Lookup: {Type: Custom::Lookup, Properties: {}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Service:
            Type: AWS::ECS::Service
            Properties:
              {TaskDefinition: !Ref Task, Cluster: !Ref Cluster, LoadBalancers: [{TargetGroupArn: !Ref Tasks}]}
          Task: {Type: AWS::ECS::TaskDefinition, Properties: {}}
          Cluster: {Type: AWS::ECS::Cluster}
        """
    )
    assert drawn(graph) == [
        "Front -triggers:sync-> Fn",
        "Front -triggers:sync-> Service",
        "Outer -delivers-> Front",
        "Service -invokes:unknown-> Task",
        "Service -runs_in-> Cluster",
        "template.yaml#ListenerArn -triggers:sync-> Fn",
    ]
    found = edge(graph, "Front -triggers:sync-> Fn")
    assert str(found.via) == "Functions"
    assert found.detail == {"conditions": [{"Field": "path-pattern", "Values": ["/fn"]}]}


def test_containers(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Task:
            Type: AWS::ECS::TaskDefinition
            Properties:
              TaskRoleArn: !GetAtt Role.Arn
              ExecutionRoleArn: !GetAtt Agent.Arn
              Volumes: [{Name: v, EFSVolumeConfiguration: {FilesystemId: !Ref Files}}]
              ContainerDefinitions:
                - Secrets:
                    - {Name: A, ValueFrom: !Ref Secret}
                    - {Name: B, ValueFrom: /shop/key}
                  LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: !Ref Group}}
          Host: {Type: AWS::EC2::Instance, Properties: {IamInstanceProfile: !Ref Profile}}
          Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Role]}}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
          Agent: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
          Secret: {Type: AWS::SecretsManager::Secret}
          Key: {Type: AWS::SSM::Parameter, Properties: {Name: /shop/key, Type: String, Value: x}}
          Files: {Type: AWS::EFS::FileSystem}
          Group: {Type: AWS::Logs::LogGroup}
        """
    )
    assert drawn(graph) == [
        "Host -assumes-> Role",
        "Profile -assumes-> Role",
        "Task -assumes-> Agent",
        "Task -assumes-> Role",
        "Task -logs_to-> Group",
        "Task -reads-> Files",
        "Task -reads-> Secret",
        "Task -writes-> Files",
    ]
    assert edge(graph, "Task -assumes-> Agent").detail == {"role": "execution"}
    assert str(edge(graph, "Host -assumes-> Role").via) == "Profile"
    assert edge(graph, "Task -references-> Key")


def test_pipelines(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Pipeline:
            Type: AWS::CodePipeline::Pipeline
            Properties:
              RoleArn: !GetAtt Role.Arn
              ArtifactStore: {Type: S3, Location: !Ref Artifacts}
              Stages:
                - Actions:
                    - ActionTypeId: {Category: Source, Provider: CodeCommit}
                      Configuration: {RepositoryName: !GetAtt Repository.Name}
                - Actions:
                    - ActionTypeId: {Category: Build, Provider: CodeBuild}
                      Name: build
                      Configuration: {ProjectName: !Ref Project}
                    - ActionTypeId: {Category: Invoke, Provider: Lambda}
                      Configuration: {FunctionName: !Ref Fn}
                    - ActionTypeId: {Category: Approval, Provider: Manual}
                      Configuration: {NotificationArn: !Ref Told}
                    - ActionTypeId: {Category: Deploy, Provider: S3}
                      RoleArn: !GetAtt Deployer.Arn
                      Configuration: {BucketName: !Ref Site}
          Repository: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: shop}}
          Project: {Type: AWS::CodeBuild::Project, Properties: {}}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
          Told: {Type: AWS::SNS::Topic}
          Artifacts: {Type: AWS::S3::Bucket}
          Site: {Type: AWS::S3::Bucket}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
          Deployer: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
        """
    )
    assert drawn(graph) == [
        "Pipeline -assumes-> Deployer",
        "Pipeline -assumes-> Role",
        "Pipeline -invokes:async-> Fn",
        "Pipeline -invokes:sync-> Project",
        "Pipeline -publishes-> Told",
        "Pipeline -reads-> Artifacts",
        "Pipeline -writes-> Artifacts",
        "Pipeline -writes-> Site",
        "Repository -triggers:async-> Pipeline",
    ]
    assert edge(graph, "Pipeline -invokes:sync-> Project").detail == {"action": "build"}


def test_stores(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Cluster: {Type: AWS::RDS::DBCluster, Properties: {GlobalClusterIdentifier: !Ref World}}
          World: {Type: AWS::RDS::GlobalCluster}
          Writer: {Type: AWS::RDS::DBInstance, Properties: {DBClusterIdentifier: !Ref Cluster}}
          Single: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: single}}
          Copy: {Type: AWS::RDS::DBInstance, Properties: {SourceDBInstanceIdentifier: single}}
          Files:
            Type: AWS::S3::Bucket
            Properties: {ReplicationConfiguration: {Rules: [{Destination: {Bucket: !GetAtt Safe.Arn}}]}}
          Safe: {Type: AWS::S3::Bucket}
          Table:
            Type: AWS::DynamoDB::Table
            Properties: {KinesisStreamSpecification: {StreamArn: !GetAtt Changes.Arn}}
          Changes: {Type: AWS::Kinesis::Stream, Properties: {}}
          Secret: {Type: AWS::SecretsManager::Secret}
          Rotation:
            Type: AWS::SecretsManager::RotationSchedule
            Properties: {SecretId: !Ref Secret, RotationLambdaARN: !GetAtt Fn.Arn}
          Fn: {Type: AWS::Lambda::Function, Properties: {}}
        """
    )
    assert drawn(graph) == [
        "Cluster -member_of-> World",
        "Copy -replicates-> Single",
        "Files -replicates-> Safe",
        "Secret -triggers:async-> Fn",
        "Table -delivers-> Changes",
        "Writer -member_of-> Cluster",
    ]


def test_crawlers_read_what_they_crawl(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Crawler:
            Type: AWS::Glue::Crawler
            Properties:
              Targets:
                S3Targets: [{Path: !Sub "s3://${Files}/raw"}, {Path: files/x}]
                DynamoDBTargets: [{Path: !Ref Table}]
          Files: {Type: AWS::S3::Bucket}
          Named: {Type: AWS::S3::Bucket, Properties: {BucketName: files}}
          Table: {Type: AWS::DynamoDB::Table, Properties: {}}
        """
    )
    assert drawn(graph) == ["Crawler -reads-> Files", "Crawler -reads-> Named", "Crawler -reads-> Table"]


def test_a_balancer_of_instances_and_its_logs(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Logs: {Type: AWS::S3::Bucket}
          Alb:
            Type: AWS::ElasticLoadBalancingV2::LoadBalancer
            Properties:
              LoadBalancerAttributes:
                - {Key: access_logs.s3.enabled, Value: "true"}
                - {Key: access_logs.s3.bucket, Value: !Ref Logs}
          Listener:
            Type: AWS::ElasticLoadBalancingV2::Listener
            Properties:
              LoadBalancerArn: !Ref Alb
              DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]
          Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {}}
          Fleet:
            Type: AWS::AutoScaling::AutoScalingGroup
            Properties: {TargetGroupARNs: [!Ref Group]}
          Site:
            Type: AWS::CloudFront::Distribution
            Properties: {DistributionConfig: {Logging: {Bucket: !GetAtt Logs.DomainName}}}
        """
    )
    assert drawn(graph) == ["Alb -delivers-> Fleet", "Alb -logs_to-> Logs", "Site -logs_to-> Logs"]


def test_a_balancer_of_an_instance_that_a_parameter_names(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Parameters: {InstanceId: {Type: AWS::EC2::Instance::Id}}
        Resources:
          Alb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {}}
          Listener:
            Type: AWS::ElasticLoadBalancingV2::Listener
            Properties:
              LoadBalancerArn: !Ref Alb
              DefaultActions:
                - {Type: forward, TargetGroupArn: !Ref Group}
                - {Type: forward, TargetGroupArn: !Ref Addresses}
          Group:
            Type: AWS::ElasticLoadBalancingV2::TargetGroup
            Properties: {Targets: [{Id: !Ref InstanceId}]}
          Addresses:
            Type: AWS::ElasticLoadBalancingV2::TargetGroup
            Properties: {TargetType: ip, Targets: [{Id: 10.0.0.7}]}
        """
    )
    assert drawn(graph) == ["Alb -delivers-> template.yaml#InstanceId"]


def test_a_distribution_delivers_to_the_buckets_of_its_origins(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Site: {Type: AWS::S3::Bucket}
          Media: {Type: AWS::S3::Bucket}
          Front:
            Type: AWS::CloudFront::Distribution
            Properties:
              DistributionConfig:
                Origins:
                  - {Id: site, DomainName: !GetAtt Site.RegionalDomainName}
                  - {Id: media, DomainName: !Select [2, !Split ["/", !GetAtt Media.WebsiteURL]]}
        """
    )
    assert drawn(graph) == ["Front -delivers-> Media", "Front -delivers-> Site"]


def test_a_distribution_delivers_to_websites_and_buckets_by_host_name(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Site: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-site}}
          Files: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-files}}
          Front:
            Type: AWS::CloudFront::Distribution
            Properties:
              DistributionConfig:
                Origins:
                  - {Id: a, DomainName: shop-site.s3-website-eu-west-1.amazonaws.com}
                  - {Id: b, DomainName: shop-files.s3.eu-west-1.amazonaws.com}
                  - {Id: c, DomainName: other.s3.amazonaws.com}
        """
    )
    assert drawn(graph) == ["Front -delivers-> Files", "Front -delivers-> Site"]
