"""One big stack holds several services, each with its own database and functions, that share nothing.

Functions change every day, databases should never have to. Together in one stack each deployment of any service touches
the databases of all: a failed update rolls back the others' changes too, a deleted stack takes every table along, and
no team can deploy alone. CloudFormation's limit of 500 resources comes nearer with each of them.

## How to fix it

One stack for each service, and inside a service one for the data and one for the code; export the table's name and ARN
from the first. Moving a table needs `DeletionPolicy: Retain` and a resource import, not a copy.

## Known exceptions

Stacks below the number of resources, and services that are tied by data or events: they belong together. An API, a user
pool, keys and secrets in common do not tie.
"""

from collections.abc import Iterator

from archlint.api import EdgeKind, Finding, Node, Param, RuleContext, RuleMeta, Severity, Stack

META = RuleMeta(
    id="ORG006",
    name="mixed-lifecycle-stack",
    severity=Severity.NOTE,
    summary="One stack holds databases and functions of services that share nothing",
    help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/best-practices.html",
    pillar="operational-excellence",
    params={
        "resources": Param("integer", 50, 1, "resources of the stack, those that SAM makes included"),
        "services": Param("integer", 2, 2, "groups of functions with a database of their own"),
    },
)

FUNCTION = "AWS::Lambda::Function"
DATABASES = (
    "AWS::DynamoDB::",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::DocDB::DBCluster",
    "AWS::Neptune::DBCluster",
    "AWS::DSQL::",
    "AWS::ElastiCache::",
    "AWS::MemoryDB::",
    "AWS::OpenSearchService::",
    "AWS::Elasticsearch::",
    "AWS::Timestream::",
)
# Many services stand behind one API, and keys, secrets and log groups are shared by all of a stack.
NO_TIES = (
    "AWS::ApiGateway",
    "AWS::AppSync::",
    "AWS::Cognito::",
    "AWS::ElasticLoadBalancing",
    "AWS::KMS::",
    "AWS::Logs::",
    "AWS::SecretsManager::",
    "AWS::SSM::",
    "AWS::CloudFormation::",
)
TIES = (
    EdgeKind.TRIGGERS,
    EdgeKind.INVOKES,
    EdgeKind.PUBLISHES,
    EdgeKind.DELIVERS,
    EdgeKind.DEAD_LETTERS,
    EdgeKind.READS,
    EdgeKind.WRITES,
    EdgeKind.CONNECTS,
    EdgeKind.MEMBER_OF,
    EdgeKind.PROXIES,
    EdgeKind.REPLICATES,
)
MAX_NAMED = 3


def check(context: RuleContext) -> Iterator[Finding]:
    for stack in context.graph.stacks:
        if len(stack.nodes) < context.params["resources"]:
            continue
        services = [group for group in _groups(context, stack) if _databases(group) and _functions(group)]
        if len(services) < context.params["services"]:
            continue
        services.sort(key=len, reverse=True)
        shown = "; ".join(map(_described, services[:MAX_NAMED]))
        more = f"; and {len(services) - MAX_NAMED} more" if len(services) > MAX_NAMED else ""
        yield context.finding(
            stack.template.place("Resources"),
            f"{len(stack.nodes)} resources in one stack, among them {len(services)} services that share nothing: "
            f"{shown}{more}",
            related=[(_databases(group)[0], "database of one service") for group in services[:6]],
            key=(stack.template.name,),
            owner_of=stack.node,
        )


def _groups(context: RuleContext, stack: Stack) -> list[list[Node]]:
    """The resources of a stack that data and events tie together, directly or through others."""
    nodes = [node for node in stack.nodes.values() if not node.type.startswith(NO_TIES)]
    inside = set(nodes)
    group = {node: [node] for node in nodes}
    for node in nodes:
        for edge in context.graph.outgoing(node, *TIES):
            one, other = group[node], group.get(edge.target)
            if edge.target in inside and other is not None and one is not other:
                one.extend(other)
                group.update(dict.fromkeys(other, one))
    return list({id(members): members for members in group.values()}.values())


def _databases(group: list[Node]) -> list[Node]:
    return [node for node in group if node.type.startswith(DATABASES)]


def _functions(group: list[Node]) -> list[Node]:
    return [node for node in group if node.type == FUNCTION]


def _described(group: list[Node]) -> str:
    count = len(_functions(group))
    return f"{_databases(group)[0]} with {count} function{'s' if count > 1 else ''}"
