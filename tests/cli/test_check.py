"""`check` and `schema`: findings with place, why and fix; exit codes; a schema that editors can use."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

CLINIC = Path(__file__).parents[2] / "examples" / "clinic" / "frontdesk.yaml"

GOOD = """
name: x
apis: {a: {throttle: 10/s, routes: {GET /h: {mock: {}, throttle: 5/s}}}}
"""
WARNING = """
name: x
apis: {a: {routes: {GET /h: {http: "http://127.0.0.1:9/"}}}}
"""
ERROR = """
name: x
functions: {f: {handler: f.f, timeout: 60s}}
apis:
  a:
    routes:
      GET /f: {function: f, throttle: 5/s}
"""


@pytest.mark.parametrize(
    ("text", "options", "code", "count"),
    [
        (GOOD, [], 0, "0 error(s), 0 warning(s)"),
        (GOOD, ["--strict"], 0, "0 error(s), 0 warning(s)"),
        (WARNING, [], 0, "0 error(s), 1 warning(s)"),
        (WARNING, ["--strict"], 1, "0 error(s), 1 warning(s)"),
        (ERROR, [], 1, "1 error(s), 0 warning(s)"),
    ],
    ids=["good", "good-strict", "warning", "warning-strict", "error"],
)
def test_the_exit_code_tells_errors_and_strictly_warnings(
    run, tmp_path, text, options, code, count
):
    (tmp_path / "frontdesk.yaml").write_text(text)
    (tmp_path / "f.py").write_text("def f(event, context):\n    return 1\n")
    result = run("check", *options)
    assert result.exit_code == code
    assert count in result.stdout


def test_a_finding_has_place_id_why_and_fix(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(ERROR)
    (tmp_path / "f.py").write_text("def f(event, context):\n    return 1\n")
    head, why, hint = run("check").stderr.splitlines()
    assert head.startswith("frontdesk.yaml:3:")
    assert head.endswith("]")
    assert "error: functions.f.timeout: " in head
    assert why.startswith("  why: ")
    assert hint.startswith("  hint: ")


def test_an_unknown_variable_of_the_log_format_is_an_error(run, tmp_path):
    form = "logs: {access: {format: '$context.nothing'}}\n"
    (tmp_path / "frontdesk.yaml").write_text(GOOD + form)
    result = run("check")
    assert result.exit_code == 1
    assert "frontdesk.yaml:4:" in result.stderr
    assert "there is no $context.nothing" in result.stderr


def test_a_file_that_does_not_load_shows_all_that_is_wrong_at_once(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text("name: x\nlistn: 1\nadmin: {listen: nowhere}\n")
    result = run("check")
    assert result.exit_code == 1
    assert "frontdesk.yaml:2:1: error: " in result.stderr
    assert "did you mean listen?" in result.stderr
    assert "frontdesk.yaml:3:" in result.stderr


def test_several_files_are_checked_as_one(run, tmp_path):
    (tmp_path / "one.yaml").write_text(GOOD)
    (tmp_path / "two.yaml").write_text("apis: {a: {routes: {GET /i: {mock: {}, throttle: 1/s}}}}\n")
    result = run("check", "-c", "one.yaml", "-c", "two.yaml")
    assert result.exit_code == 0
    assert "one.yaml, two.yaml: 1 API(s), 2 route(s)" in result.stdout


def test_the_schema_accepts_the_clinic_and_refuses_a_typo(run):
    schema = json.loads(run("schema").stdout)
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    clinic = yaml.safe_load(CLINIC.read_text())
    validator(schema).validate(clinic)
    [error] = validator(schema).iter_errors(clinic | {"listn": "127.0.0.1:1"})
    assert "listn" in error.message
