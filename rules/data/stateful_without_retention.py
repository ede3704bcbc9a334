"""Data that goes when its stack goes: a table, database, bucket or user pool beside functions, and nothing keeps it.

A stack with functions is deployed every day, and now and then deleted, renamed or rolled back. CloudFormation deletes
what is no longer in a template, and what a change replaces: a new key schema or name is a new, empty table.
[DeletionPolicy](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html),
[UpdateReplacePolicy](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html)

## How to fix it

Give it `DeletionPolicy: Retain` and `UpdateReplacePolicy: Retain` (databases: `Snapshot`), or move it to a stack of its
own that holds no functions. `RetainExceptOnCreate` does not leave anything behind when the first deployment fails.

## Known exceptions

Deletion protection (`DeletionProtection`, `DeletionProtectionEnabled`) of a table, database or user pool, and whatever
a parameter decides. RDS: without a policy CloudFormation takes a snapshot of clusters and single instances when it
deletes them; the instances of a cluster and read replicas hold nothing of their own. Functions that only serve custom
resources do not make a stack one with functions. Buckets with content that comes from elsewhere or expires: websites,
logs, artifacts of a pipeline, lifecycle rules. Stacks that the configuration lists as `non-production`.

It is a note when only `UpdateReplacePolicy` is missing, and when the data passes (TTL, a table of sessions or locks by
its name).
"""

import re
from collections.abc import Iterator

from archlint.api import UNKNOWN, EdgeKind, Finding, Node, RuleContext, RuleMeta, Severity, Stack, databases

META = RuleMeta(
    id="DAT012",
    name="stateful-without-retention",
    severity=Severity.WARNING,
    summary="Deleting the stack, or replacing the resource, deletes its data",
    help_uri="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html",
)

BUCKET = "AWS::S3::Bucket"
INSTANCE = "AWS::RDS::DBInstance"
USER_POOL = "AWS::Cognito::UserPool"
PIPELINES = ("AWS::CodePipeline::Pipeline", "AWS::CodeBuild::Project", "AWS::CloudTrail::Trail")
# What holds data → the property that protects it from deletion.
STATEFUL = {
    "AWS::DynamoDB::Table": "DeletionProtectionEnabled",
    "AWS::DynamoDB::GlobalTable": "DeletionProtectionEnabled",
    "AWS::RDS::DBCluster": "DeletionProtection",
    INSTANCE: "DeletionProtection",
    "AWS::DocDB::DBCluster": "DeletionProtection",
    "AWS::Neptune::DBCluster": "DeletionProtection",
    "AWS::DSQL::Cluster": "DeletionProtectionEnabled",
    "AWS::Redshift::Cluster": "",
    USER_POOL: "DeletionProtection",
    BUCKET: "",
}
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
SNAPSHOT_BY_DEFAULT = ("AWS::RDS::DBCluster", INSTANCE)
# Names of buckets that hold what is made again.
REFILLED = re.compile(
    r"artifact|athena|accesslog|cloudtrail|deploy|frontend|logging|logs?bucket|results?bucket|staging|web(?:app|site)",
    re.IGNORECASE,
)
KEEPS = ("Retain", "RetainExceptOnCreate", "Snapshot")


def check(context: RuleContext) -> Iterator[Finding]:
    functions: dict[Stack, int] = {}
    for node in context.graph.of_type(*STATEFUL):
        stack = node.stack
        if stack is None or stack.non_production:
            continue
        if stack not in functions:
            functions[stack] = _functions(context, stack)
        if functions[stack] and not _is_protected(context, node):
            yield from _finding(context, node, functions[stack])


def _finding(context: RuleContext, node: Node, functions: int) -> Iterator[Finding]:
    deletion, replacement = _policy(node, "DeletionPolicy"), _policy(node, "UpdateReplacePolicy")
    if deletion is None and node.type in SNAPSHOT_BY_DEFAULT:
        deletion = "Snapshot"
    keeps, survives = (policy in KEEPS or policy is UNKNOWN for policy in (deletion, replacement))
    if keeps and (survives or node.type == BUCKET):  # a bucket that a change replaces is not empty: it stays
        return
    what = "bucket" if node.type == BUCKET else "user pool" if node.type == USER_POOL else "data"
    message = f"{node} has {'DeletionPolicy Delete' if deletion else 'no DeletionPolicy'} in a stack with {functions} "
    message += f"{'functions' if functions > 1 else 'function'}: "
    if keeps:
        message = f"{node} has no UpdateReplacePolicy: a change that replaces it deletes the {what} of the old one"
    elif node.type == BUCKET:
        message += "the stack cannot be deleted until somebody empties it, and what it held is lost then"
    else:
        message += "deleting the stack or replacing the resource deletes its " + ("users" if what != "data" else what)
    passes = _passes(context, node)
    is_minor = keeps or passes
    message += "; its items expire or come again" if passes and not keeps else ""
    yield context.finding(node, message, severity=Severity.NOTE if is_minor else None, key=(node.logical_id,))


def _policy(node: Node, name: str) -> object:
    """`Retain`, `Delete` …; None when absent, UNKNOWN when a parameter or condition decides."""
    value = node.resource.body.get(name) if node.resource is not None else None
    return value if value is None or isinstance(value, str) else UNKNOWN


def _functions(context: RuleContext, stack: Stack) -> int:
    """How many functions the stack has beside those that serve its deployment."""
    functions = (node for node in stack.nodes.values() if node.type == databases.FUNCTION)
    return sum(not databases.runs_once(context.graph, function) for function in functions)


def _is_protected(context: RuleContext, node: Node) -> bool:
    """True when it cannot be deleted in some world, or holds nothing of its own."""
    values = context.values
    if node.type == INSTANCE and (
        values.exists(node, "DBClusterIdentifier") or values.exists(node, "SourceDBInstanceIdentifier")
    ):
        return True
    if node.type == BUCKET:
        return _is_refillable(context, node)
    guard = STATEFUL[node.type]
    is_open = isinstance(node.properties.get(guard), dict)  # left to a parameter or condition
    return bool(guard) and (is_open or values.value(node, guard) in (True, "ACTIVE"))


def _is_refillable(context: RuleContext, bucket: Node) -> bool:
    """True for a bucket whose content comes from elsewhere or expires: a website, logs, artifacts, a lifecycle rule."""
    text = str(bucket.properties.get("LifecycleConfiguration"))
    if REFILLED.search(bucket.logical_id) or "WebsiteConfiguration" in bucket.properties:
        return True
    if "ExpirationInDays" in text or "ExpirationDate" in text:
        return True
    if context.values.value(bucket, "AccessControl") == "LogDeliveryWrite":
        return True
    incoming = context.graph.incoming(bucket, EdgeKind.LOGS_TO, EdgeKind.WRITES, EdgeKind.DELIVERS)
    return any(edge.kind is EdgeKind.LOGS_TO or edge.source.type in PIPELINES for edge in incoming)


def _passes(context: RuleContext, node: Node) -> bool:
    """True for data that goes by itself."""
    return databases.is_transient(node) or context.values.exists(node, "TimeToLiveSpecification.AttributeName")
