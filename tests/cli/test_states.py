"""`frontdesk states validate` and `graph`: exit codes, AWS's answer, files and standard output."""

import json

import pytest

GOOD = {"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}
WARNED = {"StartAt": "X", "States": {"X": {"Type": "Fail", "Error": "$.a"}}}
FAULTY = {"StartAt": "X", "States": {"X": {"Type": "Tusk"}}}
TOKEN = {
    "StartAt": "X",
    "States": {
        "X": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "End": True,
        }
    },
}


@pytest.mark.parametrize(
    ("document", "options", "code", "count"),
    [
        (GOOD, [], 0, "0 error(s), 0 warning(s)"),
        (WARNED, [], 0, "0 error(s), 1 warning(s)"),
        (FAULTY, [], 1, "1 error(s), 0 warning(s)"),
        (TOKEN, [], 0, "0 error(s), 0 warning(s)"),
        (TOKEN, ["--type", "EXPRESS"], 1, "1 error(s), 0 warning(s)"),
    ],
    ids=["good", "warned", "faulty", "standard", "express"],
)
def test_the_exit_code_tells_errors(run, tmp_path, document, options, code, count):
    (tmp_path / "x.json").write_text(json.dumps(document))
    result = run("states", "validate", *options, "x.json")
    assert (result.exit_code, result.stdout) == (code, f"x.json: {count}\n")


def test_findings_have_their_line(run, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(FAULTY, indent=1))
    result = run("states", "validate", "x.json")
    assert "x.json:5:4: error: /States/X/Type: The field 'Type' should have" in result.stderr


def test_one_faulty_file_of_several_is_enough(run, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(FAULTY))
    (tmp_path / "y.json").write_text(json.dumps(GOOD))
    result = run("states", "validate", "x.json", "y.json")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "y.json: 0 error(s), 0 warning(s)"


def test_a_configuration_is_told_from_a_definition(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text("name: shop\nstate_machines: {}\n")
    result = run("states", "validate", "frontdesk.yaml")
    hint = "hint: frontdesk.yaml is a configuration: `frontdesk check -c frontdesk.yaml` checks the definitions in it"
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, hint)


def test_json_is_the_answer_of_aws(run, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(WARNED))
    result = run("states", "validate", "--json", "x.json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert (answer["result"], answer["truncated"]) == ("OK", False)
    assert [(one["severity"], one["location"]) for one in answer["diagnostics"]] == [
        ("WARNING", "/States/X/Error")
    ]


def test_a_picture_goes_to_a_file_or_to_standard_output(run, tmp_path):
    (tmp_path / "pay.asl.json").write_text(json.dumps(GOOD))
    printed = run("states", "graph", "pay.asl.json").stdout
    assert printed.startswith("<svg")
    assert "<title>pay</title>" in printed
    assert run("states", "graph", "pay.asl.json", "-o", "x.svg").stdout == ""
    assert (tmp_path / "x.svg").read_text() == printed


def test_a_file_that_cannot_be_written_is_told_in_one_line(run, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(GOOD))
    result = run("states", "graph", "x.json", "-o", "nowhere/x.svg")
    assert result.exit_code == 1
    assert result.stderr == "Error: cannot write nowhere/x.svg: No such file or directory\n"


def test_a_faulty_definition_has_no_picture(run, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(FAULTY))
    result = run("states", "graph", "x.json", "-o", "x.svg")
    assert result.exit_code == 1
    assert "SCHEMA_VALIDATION_FAILED" in result.stderr
    assert not (tmp_path / "x.svg").exists()
