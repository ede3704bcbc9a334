"""Files that are meant to be templates and cannot be read as they stand."""

from pathlib import Path

import pytest

from archlint.template.load import MOST_CHARACTERS, NotATemplate, load_template

HEAD = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Jobs:\n    Type: AWS::SQS::Queue\n    Properties:\n"


@pytest.mark.parametrize(
    ("properties", "rule_id", "line"),
    [
        ("      QueueName: {{ cookiecutter.name }}-jobs\n", "TPL003", 6),
        ("      {%- if cookiecutter.fifo == 'yes' %}\n      FifoQueue: true\n      {%- endif %}\n", "TPL003", 6),
        ("      QueueName: a\n      QueueName\n{% if x %}{% endif %}\n", "TPL003", 8),
        ("      KmsMasterKeyId: [{{resolve:ssm:key}}\n", "TPL001", 6),
        ("      QueueName: '{{ name }}'\n      Broken: [\n", "TPL001", 8),
        ("      QueueName: a: b\n", "TPL001", 6),
    ],
)
def test_what_has_to_be_rendered_first_is_no_error(tmp_path: Path, properties: str, rule_id: str, line: int) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(HEAD + properties)
    template = load_template(path, "template.yaml", tmp_path)
    [found] = template.diagnostics
    assert template.resources == {}
    assert found.rule_id == rule_id
    assert found.region is not None
    assert found.region.region.start_line == line


def test_what_is_no_template_stays_none(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_text("# Resources and AWS::SQS::Queue\n{% if x %}\na: {{ b }}\n")
    with pytest.raises(NotATemplate):
        load_template(path, "values.yaml", tmp_path)


def test_what_is_far_too_long_is_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(HEAD + "      QueueName: a\n" + "# ...\n" * (MOST_CHARACTERS // 6))
    [found] = load_template(path, "template.yaml", tmp_path).diagnostics
    assert found.rule_id == "TPL001"
    assert "characters are too many" in found.message
