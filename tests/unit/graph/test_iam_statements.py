from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.graph.iam.reach import reaches_everything, skeleton
from archlint.graph.iam.statements import allows, statements
from archlint.template.model import Json


def test_statement_as_a_mapping_and_as_a_list_is_the_same() -> None:
    body: Json = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    [one] = statements({"Statement": body})
    [other] = statements({"Statement": [body]})
    assert (one.actions, one.path, one.resources[0].path) == (
        ("s3:GetObject",),
        ("Statement",),
        ("Statement", "Resource"),
    )
    assert (other.actions, other.path) == (one.actions, ("Statement", 0))


def test_both_branches_of_conditions_count_and_no_value_is_none() -> None:
    document: Json = {
        "Statement": [
            {
                "Fn::If": [
                    "IsProd",
                    {
                        "Effect": "Allow",
                        "Action": ["a:B", {"Fn::If": ["X", "c:D", {"Ref": "AWS::NoValue"}]}],
                        "Resource": {"Fn::If": ["X", "one", ["two", "three"]]},
                    },
                    {"Ref": "AWS::NoValue"},
                ]
            }
        ]
    }
    [found] = statements(document)
    assert found.path == ("Statement", 0, "Fn::If", 1)
    assert found.actions == ("a:B", "c:D")
    assert [written.value for written in found.resources] == ["one", "two", "three"]
    assert found.resources[2].path == (*found.path, "Resource", "Fn::If", 2, 1)


def test_principals_of_every_spelling() -> None:
    document: Json = {
        "Statement": [
            {"Effect": "Allow", "Action": "a:B", "Principal": "*"},
            {"Effect": "Allow", "Action": "a:B", "Principal": {"Service": ["a", "b"], "AWS": {"Ref": "R"}}},
            {"Effect": "Allow", "Action": "a:B", "Principal": {"Ref": "Account"}},
        ]
    }
    first, second, third = statements(document)
    assert [(p.kind, p.value) for p in first.principals] == [("*", "*")]
    assert [(p.kind, p.value) for p in second.principals] == [("Service", "a"), ("Service", "b"), ("AWS", {"Ref": "R"})]
    assert [p.kind for p in third.principals] == ["AWS"]


def test_not_action_admits_the_rest() -> None:
    document: Json = {"Statement": {"Effect": "Allow", "NotAction": ["iam:*"], "NotResource": "x"}}
    [found] = statements(document)
    assert allows(found, "s3:GetObject")
    assert not allows(found, "iam:PassRole")


def test_a_deny_allows_nothing() -> None:
    [found] = statements({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})
    assert not allows(found, "s3:GetObject")


def test_intrinsic_actions_are_resolved() -> None:
    document: Json = {"Statement": {"Effect": {"Ref": "E"}, "Action": {"Ref": "A"}, "Resource": "*"}}
    assert statements(document) == []
    values: dict[str, Json] = {"E": "Allow", "A": ["a:B", "c:D"]}

    def resolve(value: Json) -> Json:
        return values[str(value["Ref"])] if isinstance(value, dict) else None

    assert statements(document, resolve)[0].actions == ("a:B", "c:D")


def test_a_document_in_a_string() -> None:
    text = '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${Bucket}/*"}]}'
    [plain] = statements(text)
    [substituted] = statements({"Fn::Sub": [text, {"Bucket": "b"}]})
    assert plain.resources[0].value == "arn:aws:s3:::${Bucket}/*"
    assert substituted.resources[0].value == {"Fn::Sub": ["arn:aws:s3:::${Bucket}/*", {"Bucket": "b"}]}


def test_condition_keys_are_lower_case() -> None:
    condition: Json = {"StringEquals": {"IAM:PassedToService": "x"}, "Bool": "odd"}
    [found] = statements({"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": condition}})
    assert found.condition_keys() == {"iam:passedtoservice"}


_ODD: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["Allow", "*", "a:B", "{", '{"Statement": 1}', "${"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Statement",
                    "Effect",
                    "Action",
                    "NotAction",
                    "Resource",
                    "Principal",
                    "Condition",
                    "Fn::If",
                    "Fn::Sub",
                    "Ref",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


@given(_ODD)
def test_odd_documents_never_raise(document: Json) -> None:
    for found in statements(document):
        found.condition_keys()
        for written in found.resources:
            reaches_everything(skeleton(written.value))


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "**",
        "arn:*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::*/*",
        "arn:aws:sqs:*:*:*",
        "arn:aws:sqs:us-east-1:\0:*",
        "arn:aws:sqs:*",
        "arn:aws:dynamodb:*:*:table/*",
        "arn:aws:dynamodb:*:*:table/*/index/*",
        "arn:\0:lambda:\0:\0:function:*",
        "arn:aws:logs:*:*:*",
        "arn:aws:logs:\0:\0:log-group:*:log-stream:*",
        "arn:aws:iam::*:role/*",
        "arn:aws:*:*:*:*",
    ],
)
def test_reaches_everything(text: str) -> None:
    assert reaches_everything(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "\0/*",
        "arn:aws:s3:::bucket/*",
        "arn:aws:s3:::bucket*",
        "arn:aws:sqs:*:*:jobs-*",
        "arn:aws:dynamodb:*:*:table/\0",
        "arn:aws:dynamodb:*:*:table/orders*",
        "arn:aws:logs:*:*:log-group:/aws/lambda/*",
        "arn:aws:ssm:*:*:parameter/app/*",
        "arn:aws:lambda:*:*:function:\0-*",
        "arn:aws:execute-api:*:*:\0/*",
        "arn:aws:neptune-db:\0:\0:\0/*",
        "arn:aws:neptune-db:*:*:cluster-ABC/*",
        "prefix*",
    ],
)
def test_reaches_something_named(text: str) -> None:
    assert not reaches_everything(text)
