"""Who owns a stack, and its resources: the first source that answers, and nobody where none does."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archlint.config import Config, load_config
from archlint.lint import build

if TYPE_CHECKING:
    from archlint.graph.model import ResourceGraph

TABLE = "Resources:\n  Table: {Type: AWS::DynamoDB::Table}\n"
CONTEXT = "Metadata: {com.aws.cloudformation.Context: {owner: orders}}\n"


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()


def linked(root: Path, config: Config | None = None, /, **files: str) -> ResourceGraph:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_yaml", ".yaml").replace("_toml", ".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    own = root / "archlint.toml"
    return build([root], config or (load_config(own) if own.is_file() else Config())).graph


def owners(graph: ResourceGraph) -> dict[str, str | None]:
    return {stack.template.name: stack.owner for stack in graph.stacks}


def test_nobody_owns_anything_until_somebody_says_so(tmp_path: Path) -> None:
    graph = linked(tmp_path, orders__template_yaml=TABLE, platform__template_yaml=TABLE)
    assert set(owners(graph).values()) == {None}
    assert {node.owner for node in graph.nodes.values()} == {None}


def test_each_source_answers_before_the_next(tmp_path: Path) -> None:
    tagged = TABLE.replace("{", "{Properties: {Tags: [{Key: Team, Value: tagged}]}, ")
    context = CONTEXT.replace("orders", "context")
    files = {
        "CODEOWNERS": "* @shop/code",
        "a_yaml": context + tagged,
        "b_yaml": context + tagged,
        "c_yaml": tagged,
        "d_yaml": TABLE,
        "archlint_toml": '[owners]\n"a.yaml" = "configured"\n',
    }
    graph = linked(tmp_path, **files)
    assert owners(graph) == {"a.yaml": "configured", "b.yaml": "context", "c.yaml": "tagged", "d.yaml": "code"}


def test_globs_count_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    files = {"teams__orders__a_yaml": TABLE, "teams__platform__b_yaml": TABLE}
    text = '[owners]\n"teams/orders/**" = "orders"\n"/teams/*/b.yaml" = "platform"\n'
    (tmp_path / "archlint.toml").write_text(text)
    linked(tmp_path, **files)
    config = load_config(tmp_path / "archlint.toml")
    graph = build([tmp_path / "teams" / "orders"], config).graph
    assert owners(graph) == {"a.yaml": "orders"}
    assert owners(build([tmp_path], config).graph) == {
        "teams/orders/a.yaml": "orders",
        "teams/platform/b.yaml": "platform",
    }


def test_the_first_glob_that_matches_wins(tmp_path: Path) -> None:
    config = '[owners]\n"orders/**" = "orders"\n"**" = "platform"\n'
    graph = linked(tmp_path, archlint_toml=config, orders__a_yaml=TABLE, b_yaml=TABLE)
    assert owners(graph) == {"orders/a.yaml": "orders", "b.yaml": "platform"}


@pytest.mark.parametrize("value", ["[orders]", "7", "{name: orders}", "''"])
def test_context_metadata_of_another_shape_says_nothing(tmp_path: Path, value: str) -> None:
    graph = linked(tmp_path, a_yaml=f"Metadata: {{com.aws.cloudformation.Context: {{owner: {value}}}}}\n{TABLE}")
    assert owners(graph) == {"a.yaml": None}
    graph = linked(tmp_path, a_yaml=f"Metadata: {{com.aws.cloudformation.Context: {value}}}\n{TABLE}")
    assert owners(graph) == {"a.yaml": None}


NESTED = """
    Resources:
      Inner:
        Type: AWS::CloudFormation::Stack
        Properties: {TemplateURL: inner.yaml%s}
"""


def test_a_nested_stack_has_its_own_owner_else_its_parents(tmp_path: Path) -> None:
    config = '[owners]\n"root.yaml" = "orders"\n'
    graph = linked(tmp_path, archlint_toml=config, root_yaml=NESTED % "", inner_yaml=TABLE)
    assert owners(graph) == {"root.yaml": "orders", "inner.yaml": "orders"}
    graph = linked(tmp_path, archlint_toml=config + '"inner.yaml" = "platform"\n')
    assert owners(graph) == {"root.yaml": "orders", "inner.yaml": "platform"}


def test_a_nested_stack_is_tagged_by_its_parent(tmp_path: Path) -> None:
    tags = ", Tags: [{Key: Team, Value: platform}]"
    graph = linked(tmp_path, CODEOWNERS="* @shop/orders", root_yaml=NESTED % tags, inner_yaml=TABLE)
    assert owners(graph) == {"root.yaml": "platform", "inner.yaml": "platform"}
    other = "  Table: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: other.yaml}}\n"
    graph = linked(tmp_path, root_yaml=textwrap.dedent(NESTED % tags) + other, other_yaml=TABLE)
    assert owners(graph) == {"root.yaml": "orders", "inner.yaml": "platform", "other.yaml": "orders"}


def test_tags_in_every_spelling(tmp_path: Path) -> None:
    template = """
        Transform: AWS::Serverless-2016-10-31
        Parameters: {Team: {Type: String, Default: by-parameter}}
        Resources:
          Listed: {Type: AWS::SNS::Topic, Properties: {Tags: [{Key: x, Value: y}, {Key: Team, Value: listed}]}}
          Mapped: {Type: AWS::Serverless::Function, Properties: {InlineCode: x, Tags: {Team: mapped}}}
          Named: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: Owner, Value: !Ref Team}]}}
          Pool: {Type: AWS::Cognito::UserPool, Properties: {UserPoolTags: {team: pool}}}
          Odd: {Type: AWS::KMS::Key, Properties: {Tags: [7, {Key: [Team], Value: x}, {Key: Team, Value: {a: b}}]}}
          Plain: {Type: AWS::S3::Bucket}
    """
    graph = linked(tmp_path, a_yaml=template)
    found = {node.logical_id: node.owner for node in graph.nodes.values() if node.resource is not None}
    assert found == {
        "Listed": "listed",
        "Mapped": "mapped",
        "MappedRole": "mapped",
        "Named": "by-parameter",
        "Pool": "pool",
        "Odd": None,
        "Plain": None,
    }


def test_an_address_in_a_tag_is_a_contact_of_the_team_that_codeowners_names(tmp_path: Path) -> None:
    tagged = TABLE.replace("{", "{Properties: {Tags: [{Key: Owner, Value: tech@shop.example}]}, ")
    queue = "  Queue: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: Owner, Value: tech@shop.example}]}}\n"
    some = tagged + queue + "  Other: {Type: AWS::SQS::Queue}\n"
    graph = linked(tmp_path, CODEOWNERS="/orders/ @shop/orders", orders__a_yaml=tagged, orders__b_yaml=some)
    assert {node.owner for node in graph.nodes.values() if node.resource is not None} == {"orders"}
    (tmp_path / "CODEOWNERS").unlink()
    graph = linked(tmp_path)
    assert owners(graph) == {"orders/a.yaml": "tech@shop.example", "orders/b.yaml": None}


def test_tags_of_all_resources_of_a_type_own_the_stack(tmp_path: Path) -> None:
    queue = "  %s: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: Team, Value: orders}]}}\n"
    both = TABLE + queue % "One" + queue % "Two"
    assert owners(linked(tmp_path, a_yaml=both)) == {"a.yaml": "orders"}
    one_bare = both + "  Three: {Type: AWS::SQS::Queue}\n"
    graph = linked(tmp_path, a_yaml=one_bare)
    assert owners(graph) == {"a.yaml": None}
    assert {node.logical_id for node in graph.nodes.values() if node.owner} == {"One", "Two"}
    disputed = both + "  Topic: {Type: AWS::SNS::Topic, Properties: {Tags: [{Key: Team, Value: platform}]}}\n"
    graph = linked(tmp_path, a_yaml=disputed)
    assert owners(graph) == {"a.yaml": None}


def test_tags_of_globals(tmp_path: Path) -> None:
    template = """
        Transform: AWS::Serverless-2016-10-31
        Globals: {Function: {Tags: {Team: orders}}}
        Resources:
          One: {Type: AWS::Serverless::Function, Properties: {InlineCode: x}}
          Table: {Type: AWS::DynamoDB::Table}
    """
    graph = linked(tmp_path, a_yaml=template)
    assert {node.owner for node in graph.nodes.values() if node.resource is not None} == {"orders"}


def test_tags_that_sam_deploys_the_stack_with(tmp_path: Path) -> None:
    sam = '[default.deploy.parameters]\ntags = "Stage=prod Team=\\"the orders\\""\n'
    assert owners(linked(tmp_path, samconfig_toml=sam, a_yaml=TABLE)) == {"a.yaml": "the orders"}
    sam = '[default.global.parameters]\ntags = ["Stage=prod", "aws:x=y", "Team=orders"]\n'
    assert owners(linked(tmp_path, samconfig_toml=sam, a_yaml=TABLE)) == {"a.yaml": "orders"}


def test_owner_tags_are_configurable(tmp_path: Path) -> None:
    template = TABLE.replace("{", "{Properties: {Tags: [{Key: squad, Value: a}, {Key: Team, Value: b}]}, ")
    graph = linked(tmp_path, archlint_toml='owner-tags = ["squad"]\n', a_yaml=template)
    assert owners(graph) == {"a.yaml": "a"}


def test_the_nearest_codeowners_inside_the_checkout_counts(tmp_path: Path) -> None:
    files = {
        "CODEOWNERS": "/orders/ @shop/orders\n/docs/ @shop/writers",
        "orders__a_yaml": TABLE,
        "docs__b_yaml": TABLE,
    }
    graph = linked(tmp_path, **files)
    assert owners(graph) == {"orders/a.yaml": "orders", "docs/b.yaml": "writers"}
    only_orders = build([tmp_path / "orders"], Config()).graph
    assert owners(only_orders) == {"a.yaml": "orders"}


def test_the_codeowners_in_docs_speaks_for_the_whole_repository(tmp_path: Path) -> None:
    files = {
        "docs__CODEOWNERS": "/orders/ @shop/orders\n/docs/ @shop/writers",
        "docs__b_yaml": TABLE,
        "orders__a_yaml": TABLE,
    }
    assert owners(linked(tmp_path, **files)) == {"orders/a.yaml": "orders", "docs/b.yaml": "writers"}


def test_nothing_above_the_checkout_is_read(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("* @stranger")
    inner = tmp_path / "inner"
    (inner / ".git").mkdir(parents=True)
    assert owners(linked(inner, a_yaml=TABLE)) == {"a.yaml": None}


def test_proton_templates_belong_to_those_who_author_them() -> None:
    fixture = Path(__file__).parents[2] / "fixtures" / "rules" / "environment_owned_role" / "bad"
    found = owners(build([fixture], Config()).graph)
    assert set(found.values()) == {"platform"}
