"""`frontdesk states run`: one execution in memory, shown state by state."""

import json

import pytest
from click.testing import CliRunner

from frontdesk.cli.states import states
from tests.rules.asl.machines import machine, task

TASKS = """
from frontdesk.asl import TaskError

calls = []

def charge(order):
    calls.append(order)
    if len(calls) == 1:
        raise TaskError("Vendor.Busy", "later")
    return {"charged": order["id"]}

def fail(order):
    raise TaskError("Vendor.Refused", "no money")

def handler(event, context):
    return {"charged": event["id"], "by": context}

nothing = 1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch, request):
    module = f"tasks_{abs(hash(request.node.name))}"
    (tmp_path / f"{module}.py").write_text(TASKS)
    definition = machine(
        Wait={"Type": "Wait", "Seconds": 3600, "Next": "Charge"},
        Charge=task(
            Resource="arn:aws:lambda:us-east-1:1:function:charge",
            Retry=[{"ErrorEquals": ["Vendor.Busy"]}],
        ),
    )
    (tmp_path / "charge.asl.json").write_text(json.dumps(definition))
    monkeypatch.chdir(tmp_path)
    return module


def run(*arguments):
    return CliRunner().invoke(states, ["run", "charge.asl.json", *arguments])


def test_states_are_shown_with_times_attempts_and_errors(folder):
    made = run("--input", '{"id": 7}', "--task", f"charge=python:{folder}.charge")
    assert made.exit_code == 0
    assert made.output.splitlines() == [
        "AT      STATE   TYPE  TOOK    ATTEMPTS  ERRORS",
        "0 s     Wait    Wait  3600 s",
        "3600 s  Charge  Task  1 s     2         Vendor.Busy",
        "",
        "SUCCEEDED after 3601 s",
        "{",
        '  "charged": 7',
        "}",
    ]


def test_input_may_come_from_a_file(folder, tmp_path):
    (tmp_path / "order.json").write_text('{"id": 8}')
    made = run("--input", "@order.json", "--task", f"charge=python:{folder}.charge")
    assert '"charged": 8' in made.output


def test_the_handler_of_a_function_is_called_without_a_context(folder):
    made = run("--input", '{"id": 9}', "--task", f"charge=python:{folder}.handler")
    assert json.loads(made.output.partition("SUCCEEDED after 3600 s")[2]) == {
        "charged": 9,
        "by": None,
    }


def test_a_failed_execution_exits_with_1(folder):
    made = run("--task", f"charge=python:{folder}.fail")
    assert made.exit_code == 1
    assert made.output.splitlines()[-3:] == [
        "FAILED after 3600 s",
        "error: Vendor.Refused",
        "cause: no money",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input", "{no"], "--input: expected JSON"),
        (["--input", "@missing.json"], "--input: expected JSON"),
        (["--task", "charge"], "--task: expected NAME=python:MODULE.CALLABLE: charge"),
        (["--task", "charge=python:no_such.module"], "--task: No module named 'no_such'"),
        (["--task", "charge=python:{module}.absent"], "has no attribute 'absent'"),
        (["--task", "charge=python:{module}.nothing"], "nothing to call"),
    ],
)
def test_arguments_are_refused_in_plain_words(folder, arguments, said):
    made = run(*(one.replace("{module}", folder) for one in arguments))
    assert made.exit_code == 2
    assert said in made.output


def test_a_broken_definition_is_told_with_its_line(folder, tmp_path):
    (tmp_path / "charge.asl.json").write_text(
        '{"StartAt": "A",\n "States": {"A": {"Type": "Pas"}}}'
    )
    made = run()
    assert made.exit_code == 1
    assert "charge.asl.json:2:" in made.output
