"""CODEOWNERS as GitHub and as GitLab read it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from archlint.graph.codeowners import Dialect, find_code_owners, parse_code_owners

if TYPE_CHECKING:
    from pathlib import Path


def owner(text: str, path: str, dialect: Dialect = "github") -> str | None:
    return parse_code_owners(textwrap.dedent(text), dialect).owner(path)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "orders/template.yaml", True),
        ("*.yaml", "orders/template.yaml", True),
        ("*.yaml", "orders/template.json", False),
        ("orders/", "orders/api/template.yaml", True),
        ("orders/", "teams/orders/template.yaml", True),
        ("orders/", "orders.yaml", False),
        ("orders/", "orders", False),
        ("/orders/", "teams/orders/template.yaml", False),
        ("/orders", "orders/template.yaml", True),
        ("orders", "teams/orders/template.yaml", True),
        ("/orders/*", "orders/template.yaml", True),
        ("/orders/*", "orders/api/template.yaml", False),
        ("/orders/**", "orders/api/template.yaml", True),
        ("/orders/**", "orders", False),
        ("**/nested", "orders/nested/template.yaml", True),
        ("/orders/**/template.yaml", "orders/template.yaml", True),
        ("/orders/**/template.yaml", "orders/a/b/template.yaml", True),
        ("/ord?rs/", "orders/template.yaml", True),
        ("/my\\ orders/", "my orders/template.yaml", True),
        ("\\*.yaml", "a.yaml", False),
        ("\\*.yaml", "*.yaml", True),
        ("Orders/", "orders/template.yaml", False),
        ("/", "orders/template.yaml", True),
        ("*a*a*a*a*a*a*a*a*a*b", "a" * 4000, False),
    ],
)
def test_patterns_of_both_hosts(pattern: str, path: str, matches: bool) -> None:
    for dialect in ("github", "gitlab"):
        found = parse_code_owners(f"{pattern} @shop/team", dialect).owner(path)
        assert (found == "team") is matches, dialect


def test_a_pattern_with_a_slash_inside_is_tied_to_the_root_on_github_only() -> None:
    text = "teams/orders/ @shop/orders"
    assert owner(text, "a/teams/orders/t.yaml") is None
    assert owner(text, "a/teams/orders/t.yaml", "gitlab") == "orders"


def test_character_classes_are_gitlabs() -> None:
    assert owner("/[ab]/ @shop/team", "a/t.yaml") is None
    assert owner("/[ab]/ @shop/team", "a/t.yaml", "gitlab") == "team"
    assert owner("/[^ab]/ @shop/team", "c/t.yaml", "gitlab") == "team"
    assert owner("/[ab]/ @shop/team", "[ab]/t.yaml") == "team"


def test_the_last_match_wins() -> None:
    text = """
        * @shop/everyone
        /orders/ @shop/orders
        /orders/roles.yaml @shop/platform
    """
    assert owner(text, "readme.yaml") == "everyone"
    assert owner(text, "orders/template.yaml") == "orders"
    assert owner(text, "orders/roles.yaml") == "platform"


def test_a_line_without_owners_leaves_files_to_nobody_on_github() -> None:
    text = """
        /orders/ @shop/orders
        /orders/generated/
    """
    assert owner(text, "orders/template.yaml") == "orders"
    assert owner(text, "orders/generated/template.yaml") is None


def test_comments_on_github() -> None:
    text = """
        # @shop/nobody
        /orders/ @shop/orders # since @shop/platform handed it over
    """
    assert owner(text, "orders/template.yaml") == "orders"


def test_gitlab_has_no_inline_comments() -> None:
    text = """
        # @shop/nobody
        /orders/ @shop/orders # and @shop/platform
        \\#odd @shop/odd
    """
    assert owner(text, "orders/template.yaml", "gitlab") == "orders + platform"
    assert owner(text, "#odd", "gitlab") == "odd"


def test_lines_that_github_cannot_read_are_passed_over() -> None:
    text = """
        /orders/ @shop/orders
        /orders/ orders-team
        !/orders/
    """
    assert owner(text, "orders/template.yaml") == "orders"


def test_owners_are_users_groups_and_mail_addresses() -> None:
    text = """
        /a/ @anna
        /b/ platform@shop.example
        /c/ @shop/orders @bert
        /d/ @@maintainer
    """
    assert owner(text, "a/t.yaml", "gitlab") == "anna"
    assert owner(text, "b/t.yaml", "gitlab") == "platform@shop.example"
    assert owner(text, "c/t.yaml", "gitlab") == "bert + orders"
    assert owner(text, "d/t.yaml", "gitlab") is None


def test_nested_groups_keep_their_path_where_the_last_name_is_taken() -> None:
    text = """
        /orders/ @shop/orders/core
        /platform/ @shop/platform/core
        /web/ @shop/web/site
    """
    assert owner(text, "orders/t.yaml", "gitlab") == "shop/orders/core"
    assert owner(text, "platform/t.yaml", "gitlab") == "shop/platform/core"
    assert owner(text, "web/t.yaml", "gitlab") == "site"


def test_sections_of_gitlab() -> None:
    text = """
        * @shop/everyone

        [Orders] @shop/orders
        /orders/
        /orders/roles.yaml @shop/platform

        [Billing][2] @shop/billing @shop/finance
        /billing/

        ^[Docs] @shop/writers
        /orders/docs/
        /notes/
    """
    assert owner(text, "web/t.yaml", "gitlab") == "everyone"
    assert owner(text, "orders/t.yaml", "gitlab") == "everyone + orders"
    assert owner(text, "orders/roles.yaml", "gitlab") == "everyone + platform"
    assert owner(text, "billing/t.yaml", "gitlab") == "billing + everyone + finance"
    assert owner(text, "orders/docs/t.yaml", "gitlab") == "everyone + orders"


def test_optional_sections_count_when_no_other_does() -> None:
    text = """
        [Orders] @shop/orders
        /orders/
        ^[Docs] @shop/writers
        /orders/docs/
        /notes/
    """
    assert owner(text, "orders/docs/t.yaml", "gitlab") == "orders"
    assert owner(text, "notes/t.yaml", "gitlab") == "writers"


def test_sections_of_one_name_are_one() -> None:
    text = """
        [Orders] @shop/orders
        /orders/ @shop/platform
        [ORDERS]
        /orders/
    """
    assert owner(text, "orders/t.yaml", "gitlab") == "orders"


def test_an_entry_without_owners_in_a_section_without_defaults_owns_nothing() -> None:
    text = """
        [Orders]
        /orders/ @shop/orders
        /orders/generated/
    """
    assert owner(text, "orders/t.yaml", "gitlab") == "orders"
    assert owner(text, "orders/generated/t.yaml", "gitlab") is None


def test_exclusions_of_gitlab_are_final_for_their_section() -> None:
    text = """
        * @shop/everyone
        !*.json
        /orders/*.json @shop/orders
        [Platform]
        /platform/ @shop/platform
        !
    """
    assert owner(text, "orders/t.yaml", "gitlab") == "everyone"
    assert owner(text, "orders/t.json", "gitlab") is None
    assert owner(text, "platform/t.json", "gitlab") == "platform"


SECTION = "[Orders] @shop/orders\n/orders/\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".github/CODEOWNERS": "* @a", "CODEOWNERS": "* @b", "docs/CODEOWNERS": "* @c"}, "a"),
        ({"CODEOWNERS": "* @b", "docs/CODEOWNERS": "* @c", ".gitlab/CODEOWNERS": "* @d"}, "b"),
        ({"docs/CODEOWNERS": "* @c", ".gitlab/CODEOWNERS": "* @d"}, "c"),
        ({".gitlab/CODEOWNERS": "orders/ @d\n!*.md"}, "d"),
        ({"CODEOWNERS": SECTION}, "orders"),
        ({"CODEOWNERS": "* @a\n!/x\n"}, "a"),
        ({"CODEOWNERS": "a/orders @a\norders/t.yaml"}, None),
        ({"CODEOWNERS": "\ufeff* @a\r\n"}, "a"),
        ({}, None),
    ],
)
def test_where_the_file_lies_and_whose_dialect_it_speaks(
    tmp_path: Path, files: dict[str, str], expected: str | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = find_code_owners(tmp_path)
    assert (found.owner("orders/t.yaml") if found is not None else None) == expected


def test_a_repository_of_gitlab_speaks_gitlab(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("teams/orders/ @shop/orders\n")
    (tmp_path / ".gitlab-ci.yml").write_text("{}")
    found = find_code_owners(tmp_path)
    assert found is not None
    assert found.owner("a/teams/orders/t.yaml") == "orders"
