"""Jinja without rendering: text, positions, what is read, and syntax errors."""

from __future__ import annotations

from textwrap import dedent

import pytest

from archlint.errors import TemplateError
from archlint.template.proton.lexer import lex


def _names(source: str) -> list[str]:
    return [read.path for read in lex(source).reads]


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("service.name", ["service.name"]),
        ("environment.outputs['VpcId']", ["environment.outputs.VpcId"]),
        ("service_instances[0].outputs.Runtime", ["service_instances[0].outputs.Runtime"]),
        ("a.b ~ '-' ~ c.d | truncate(20, true, e.f)", ["a.b", "c.d", "e.f"]),
        ("service_instance.inputs.names.split(',')", ["service_instance.inputs.names"]),
        ("x.y if p.q is defined else z", ["x.y", "p.q", "z"]),
        ("a.b is not none and not c.d", ["a.b", "c.d"]),
        ("{'one': 1, 'two': a.b}[c.d] | tojson | safe", ["a.b", "c.d"]),
        ("a.b | some_filter(raw=True)", ["a.b"]),
        ("loop.index", []),
        ("range(3)", []),
        ("a[b.c].d", ["a", "b.c"]),
        ("'text'", []),
    ],
)
def test_dotted_names_of_an_expression(expression: str, names: list[str]) -> None:
    assert _names("{{ " + expression + " }}") == names


def test_equal_expressions_have_equal_placeholders_whatever_their_spaces() -> None:
    lexed = lex("{{a.b}} {{ a.b }} {{ a.c }}")
    one, two, three = lexed.text.split()
    assert one == two != three
    assert lexed.expressions[one] == "a.b"
    assert lexed.paths[three] == ("a.c",)


def test_placeholder_is_a_word_that_the_source_does_not_have() -> None:
    first = lex("{{ a }}").text
    assert lex(first + " {{ a }}").text.split()[1] != first


def test_names_set_and_looped_over_stand_for_what_they_were_made_from() -> None:
    source = dedent("""\
        {% set image = service_instance.inputs.image %}
        {% set names = service_instance.inputs.names.split(';') %}
        {% for name in names %}{% set key, value = name.split('=') %}{{ key | trim }} {{ image }}{% endfor %}
        {% for each in service_instances if each.name != 'x' %}{{ each.outputs.Url }}{% endfor %}
        {{ each.name }}
    """)
    lexed = lex(source)
    paths = {lexed.expressions[word]: found for word, found in lexed.paths.items()}
    assert paths["key | trim"] == ("service_instance.inputs.names[]",)
    assert paths["image"] == ("service_instance.inputs.image",)
    assert paths["each.outputs.Url"] == ("service_instances[].outputs.Url",)
    assert paths["each.name"] == ("each.name",), "the loop is over"
    assert "service_instances[].name" in [read.path for read in lexed.reads]


def test_both_branches_may_set_a_name() -> None:
    lexed = lex("{% if a.b %}{% set port = c.d %}{% else %}{% set port = '80' %}{% endif %}{{ port }}")
    assert list(lexed.paths.values()) == [("c.d",)]


def test_guards_say_which_branch_and_loop_a_text_stands_in() -> None:
    lexed = lex("a{% if x %}b{% elif y %}c{% else %}d{% endif %}{% for z in p.q %}e{% endfor %}f")
    guards = {lexed.text[segment.start]: [str(guard) for guard in segment.guards] for segment in lexed.segments}
    assert guards == {
        "a": [],
        "b": ["if x"],
        "c": ["if not (x) and y"],
        "d": ["if not (x) and not (y)"],
        "e": ["for p.q"],
        "f": [],
    }


@pytest.mark.parametrize("block", ["macro m(x)", "call m()", "filter upper", "set text"])
def test_captured_blocks_are_left_out(block: str) -> None:
    name = block.split(maxsplit=1)[0]
    source = "before {% " + block + " %}inside{% end" + name + " %}after"
    assert lex(source).text == "before after"


def test_comments_raw_text_and_whitespace_control() -> None:
    assert lex("a {# b #}{% raw %}{{resolve:ssm:x}}{% endraw %} {%- if y %} c{%- endif -%}  d").text == (
        "a {{resolve:ssm:x}} cd"
    )


def test_string_literal_is_itself() -> None:
    assert lex("P: \"{{ '{{resolve:ssm:/key}}' }}\"").text == 'P: "{{resolve:ssm:/key}}"'


def test_every_character_leads_back_to_the_source() -> None:
    source = "Ä: 1\n{% if x %}\nB:\n  {{ c.d\n    | e }}-tail\n{% endif %}\n{# gone\n#}F: g"
    lexed = lex(source)
    for segment in lexed.segments:
        written = source[segment.source_start : segment.source_end]
        if segment.exact:
            assert lexed.text[segment.start : segment.start + len(written)] == written
    line = lexed.text[: lexed.text.index("F: g")].count("\n") + 1
    assert lexed.relocate(line, 1) == (8, 3)
    tail = lexed.text.split("\n")
    row = next(index for index, text in enumerate(tail) if text.endswith("-tail"))
    assert lexed.relocate(row + 1, 3) == (4, 3), "an expression is a single place"
    assert lexed.relocate(row + 1, tail[row].index("-tail") + 1) == (5, 11)


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("a: 1\nb: {{ c d }}\n", 2, "expected token"),
        ("a: 1\n{% if x %}\nb: 2\n", 2, "Unexpected end"),
        ("{% nonsense %}", 1, "unknown tag"),
        ("a: {{ b", 1, "unexpected end|Unexpected end|unexpected"),
    ],
)
def test_syntax_error_has_the_line_of_the_source(source: str, line: int, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        lex(source)
    assert caught.value.line == line
    assert caught.value.hint is None


def test_dynamic_reference_that_is_not_escaped_says_how_to_write_it() -> None:
    with pytest.raises(TemplateError) as caught:
        lex("a: 1\nb: '{{resolve:secretsmanager:db:SecretString:password}}'\n")
    assert caught.value.line == 2
    assert "{% raw %}" in str(caught.value.hint)


def test_thousands_of_nested_brackets_are_no_problem() -> None:
    lexed = lex("a: {{ " + "(" * 5000 + "b.c" + ")" * 5000 + " }}")
    assert [read.path for read in lexed.reads] == ["b.c"]


@pytest.mark.parametrize(
    "payload",
    [
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{{ 'a' * 3000000000 }}{{ 9 ** (9 ** 9) }}{{ lipsum(n=3000000) }}",
        "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{% include '/etc/hostname' %}{% import 'os' as os %}",
    ],
)
def test_nothing_is_run(payload: str) -> None:
    assert len(lex(payload).text) < len(payload)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{% if a %}" * 5000, "nest deeper than 100"),
        ("{% if a %}" + "{% elif b %}x" * 5000 + "{% endif %}", "more than 100 branches"),
    ],
)
def test_endless_blocks_are_refused(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        lex(source)


def test_name_made_from_everything_stays_small() -> None:
    lexed = lex("".join(f"{{% set a = a ~ b{number} %}}" for number in range(500)) + "{{ a }}")
    [paths] = lexed.paths.values()
    assert len(paths) == 50
