import pytest

from archlint.graph.iam.actions import access_levels, expand, glob, matches, service_actions
from archlint.graph.iam.flows import FLOWS, RECEIVE, allowed_flows, allows_receiving
from archlint.graph.model import EdgeKind


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("a*c*e", "abcde", True),
        ("a*c*f", "abcde", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("??", "ab", True),
        ("a**b", "ab", True),
        ("ab", "abc", False),
        ("*ab", "aab", True),
        ("a*b*", "b", False),
    ],
)
def test_glob(pattern: str, text: str, expected: bool) -> None:
    assert glob(pattern, text) is expected


def test_glob_stays_fast_when_the_pattern_is_hostile() -> None:
    assert not glob("*a" * 400 + "b", "a" * 2000)


def test_matches_ignores_case() -> None:
    assert matches("SQS:send*", "sqs:SendMessage")
    assert not matches("sqs:Send?", "sqs:SendMessage")


def test_expand_spells_as_aws_does() -> None:
    assert expand("sqs:*messageBATCH*") == ()
    assert expand("SQS:send*") == ("sqs:SendMessage",)
    assert expand("states:start*execution") == ("states:StartExecution", "states:StartSyncExecution")


def test_expand_keeps_an_unknown_name_and_drops_an_unknown_pattern() -> None:
    assert expand("nothing:DoIt") == ("nothing:DoIt",)
    assert expand("nothing:*") == ()


def test_expand_of_everything_holds_many_services() -> None:
    assert {"sqs:SendMessage", "dynamodb:PutItem", "s3:GetObject"} <= set(expand("*"))
    assert set(expand("s?s:*")) >= set(expand("sqs:*"))


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (["dynamodb:GetItem"], {"Read"}),
        (["dynamodb:putitem"], {"Write"}),
        (["s3:ListBucket"], {"List"}),
        (["s3:PutObjectTagging"], {"Tagging"}),
        (["sqs:AddPermission"], {"Permissions management"}),
        (["sqs:SendMessage", "sqs:Get*"], {"Read", "Write"}),
        (["newservice:DescribeThing"], {"Read"}),
        (["newservice:ListThings"], {"List"}),
        (["newservice:TagResource"], {"Tagging"}),
        (["newservice:Frobnicate"], {"Write"}),
        (["*:Get*"], {"Read"}),
        (["*"], {"Read", "Write", "List", "Tagging", "Permissions management"}),
        ([], set()),
    ],
)
def test_access_levels(actions: list[str], expected: set[str]) -> None:
    assert access_levels(actions) == expected


def test_every_action_of_the_flow_table_exists() -> None:
    # kafka-cluster, execute-api and the like are services of the reference, too.
    unknown = [
        action
        for action in (*RECEIVE, *(action for flow in FLOWS for action in flow.actions))
        if action.partition(":")[2].lower() not in service_actions(action.partition(":")[0])
    ]
    assert unknown == []


def kinds(*patterns: str) -> set[EdgeKind]:
    return {flow.kind for flow, _ in allowed_flows(frozenset(patterns))}


def test_deleting_messages_publishes_nothing() -> None:
    assert kinds("sqs:DeleteMessage", "sqs:ReceiveMessage") == set()


def test_listing_a_bucket_reads_only_when_nothing_else_is_allowed() -> None:
    assert kinds("s3:ListBucket") == {EdgeKind.READS}
    assert kinds("s3:ListBucket", "s3:PutObject") == {EdgeKind.WRITES}


def test_a_wildcard_allows_what_it_admits() -> None:
    assert kinds("dynamodb:*Item") == {EdgeKind.READS, EdgeKind.WRITES}
    assert kinds("events:Put*") == {EdgeKind.PUBLISHES}


def test_invoking_by_wildcard_is_one_flow() -> None:
    assert [flow.actions for flow, _ in allowed_flows(frozenset({"lambda:*"}))] == [("lambda:InvokeFunction",)]


def test_receiving_takes_both_actions_and_more_than_a_service_wildcard() -> None:
    assert allows_receiving(frozenset({"sqs:ReceiveMessage", "sqs:Delete*"}))
    assert not allows_receiving(frozenset({"sqs:ReceiveMessage"}))
    assert not allows_receiving(frozenset({"sqs:*"}))
    assert not allows_receiving(frozenset({"*"}))
