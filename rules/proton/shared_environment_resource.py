"""Several services work on one store or channel of their environment, so none of them owns it.

A table that two services write belongs to neither: its keys, its capacity and its backups are decided in the
environment's template, and a service that changes the format of its items breaks the other one. A topic or queue that
many services share couples them by what is in the messages.

## How to fix it

Move the resource to the service that owns the data, and give the others an API or an event. What environments are for
stays there: network, cluster, certificates.

## Known exceptions

Networks, clusters, load balancers, certificates and security groups, and resources that one service only uses.
Channels are reported as notes, since publishing to a shared topic is often meant.
"""

from collections import defaultdict
from collections.abc import Iterator

from archlint.api import Confidence, Finding, Location, Param, RuleContext, RuleMeta, Severity, Template, proton

META = RuleMeta(
    id="PRO008",
    name="shared-environment-resource",
    severity=Severity.WARNING,
    summary="Several services share a store or channel of their environment",
    help_uri="https://docs.aws.amazon.com/prescriptive-guidance/latest/modernization-data-persistence/shared-database.html",
    pillar="operational-excellence",
    params={"services": Param("integer", 2, 2, "services that must use the resource")},
)

STORES = frozenset({
    "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::Serverless::SimpleTable", "AWS::S3::Bucket",
    "AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::RDS::DBProxy", "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache", "AWS::EFS::FileSystem",
    "AWS::OpenSearchService::Domain", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster",
})  # fmt: skip
CHANNELS = frozenset({
    "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::Events::EventBus", "AWS::Kinesis::Stream",
    "AWS::KinesisFirehose::DeliveryStream", "AWS::MSK::Cluster",
})  # fmt: skip


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    users: dict[tuple[Template, str, str], dict[str, tuple[Location, bool]]] = defaultdict(dict)
    for bundle, template in proton.parts(context.graph, "service"):
        for path, location in template.proton.reads if template.proton is not None else ():
            target = proton.output_target(context.graph, template, path)
            if target is not None and target.type in STORES | CHANNELS:
                found = users[target.template, target.logical_id, target.type]
                found.setdefault(bundle.template_name, (location, target.inferred))
    for (environment, logical_id, kind), services in users.items():
        if len(services) >= context.params["services"]:
            inferred = any(guess for _, guess in services.values())
            yield context.finding(
                proton.location(environment, "Resources", logical_id),
                f"{logical_id} ({kind}) is shared by {len(services)} services: {', '.join(sorted(services))}",
                related=[(location, f"{name} uses it") for name, (location, _) in services.items()],
                severity=None if kind in STORES else Severity.NOTE,
                confidence=Confidence.MEDIUM if inferred else None,
                key=(logical_id,),
                owner_of=proton.stack_node(context.graph, environment),
            )
