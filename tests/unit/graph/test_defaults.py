"""AWS's defaults: each known property type, each with its page."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from archlint.graph.defaults import property_default


@pytest.mark.parametrize(
    ("resource_type", "path", "source", "expected"),
    [
        ("AWS::Lambda::Function", "Timeout", None, 3),
        ("AWS::SQS::Queue", "VisibilityTimeout", None, 30),
        ("AWS::Lambda::EventSourceMapping", "BatchSize", "AWS::SQS::Queue", 10),
        ("AWS::Lambda::EventSourceMapping", "BatchSize", "AWS::Kinesis::Stream", 100),
        ("AWS::Lambda::EventSourceMapping", "BatchSize", None, None),
        ("AWS::Lambda::EventSourceMapping", "MaximumBatchingWindowInSeconds", "AWS::MSK::Cluster", 0.5),
        ("AWS::Lambda::EventSourceMapping", "MaximumBatchingWindowInSeconds", "AWS::SQS::Queue", 0),
        ("AWS::AppSync::GraphQLApi", "request_timeout_seconds", None, 30),
        ("AWS::SQS::Queue", "RedrivePolicy", None, None),
        ("Custom::Thing", "Timeout", None, None),
    ],
)
def test_property_default(resource_type: str, path: str, source: str | None, expected: object) -> None:
    assert property_default(resource_type, path, source) == expected


def test_every_default_has_its_page() -> None:
    text = resources.files("archlint.graph").joinpath("property_defaults.json").read_text(encoding="utf-8")
    for resource_type, paths in json.loads(text).items():
        assert resource_type.startswith("AWS::")
        for path, entry in paths.items():
            assert set(entry) <= {"value", "by_source", "url"}, (resource_type, path)
            assert "value" in entry
            assert entry["url"].startswith("https://docs.aws.amazon.com/"), (resource_type, path)
