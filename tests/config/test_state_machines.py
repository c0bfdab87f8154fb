"""Files of state machines: JSON and YAML, each diagnostic with its line."""

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.state_machines import load_definition

JSON = """{
  "StartAt": "Pay",
  "States": {
    "Pay": {
      "Type": "Task",
      "Resource": "arn:aws:states:::lambda:invoke",
      "Retry": [
        {"ErrorEquals": ["States.ALL"]},
        {"ErrorEquals": ["Card.Declined"], "MaxAttempts": -1}
      ],
      "Next": "Shop"
    },
    "Ship": {"Type": "Succeed"}
  }
}
"""
YAML = """StartAt: Pay
States:
  Pay:
    Type: Pass
    Next: Shop
"""


def lines(path):
    return [
        f"{one.where.line}:{one.where.column} {one.severity} {one.id} {one.where.path}"
        for one in load_definition(path).findings
    ]


def test_json_has_lines(tmp_path):
    (tmp_path / "pay.asl.json").write_text(JSON)
    assert lines(tmp_path / "pay.asl.json") == [
        "8:10 error SCHEMA_VALIDATION_FAILED /States/Pay/Retry[0]/ErrorEquals",
        "9:44 error SCHEMA_VALIDATION_FAILED /States/Pay/Retry[1]/MaxAttempts",
        "11:7 error MISSING_TRANSITION_TARGET /States/Pay/Next",
        "13:5 error MISSING_TRANSITION_TARGET /States/Ship",
    ]


def test_yaml_has_lines(tmp_path):
    (tmp_path / "pay.yaml").write_text(YAML)
    assert lines(tmp_path / "pay.yaml") == [
        "1:1 error MISSING_END_STATE /",
        "5:5 error MISSING_TRANSITION_TARGET /States/Pay/Next",
    ]


TEXTS = {
    "json": ("x.json", b'{\n "a": yes}', "2:10 error INVALID_JSON_DESCRIPTION "),
    "trailing comma": ("x.json", b'{"a": 1,}', "1:9 error INVALID_JSON_DESCRIPTION "),
    "bytes": ("x.json", b'{"a": "\xff"}', "1:1 error syntax "),
    "yaml": ("x.yaml", b"a: [1\nb: 2", "2:2 error syntax "),
    "empty": ("x.json", b"", "1:1 error MISSING_DESCRIPTION "),
}


@pytest.mark.parametrize(("name", "text", "expected"), TEXTS.values(), ids=TEXTS)
def test_files_that_cannot_be_read(tmp_path, name, text, expected):
    (tmp_path / name).write_bytes(text)
    assert lines(tmp_path / name) == [expected]
    assert load_definition(tmp_path / name).machine is None


def test_a_good_file_is_a_machine(tmp_path):
    (tmp_path / "pay.yaml").write_text(YAML.replace("Next: Shop", "End: true"))
    read = load_definition(tmp_path / "pay.yaml")
    assert (read.machine.start_at, read.findings) == ("Pay", [])


def test_what_is_outside_of_the_basic_plane_is_kept(tmp_path):
    """JSON writes it as two halves, which YAML does not know."""
    text = '{"StartAt": "\\ud83d\\ude80", "States": {"\\ud83d\\ude80": {"Type": "Succeed"}}}'
    (tmp_path / "pay.json").write_text(text)
    assert list(load_definition(tmp_path / "pay.json").machine.states) == ["🚀"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot read: No such file"):
        load_definition(tmp_path / "none.json")


def test_a_file_that_no_definition_can_be(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"# " + b"x" * 4 * 1024 * 1024)
    with pytest.raises(ConfigError, match="larger than 4194304 bytes"):
        load_definition(tmp_path / "x.yaml")
