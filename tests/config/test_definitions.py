"""Definitions of state machines that a configuration names: what is wrong is told by their own lines."""

import json

import pytest

from frontdesk.app.state_machines import file_machines
from frontdesk.config.check import check
from frontdesk.config.load import load

GOOD = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
BAD = """{
  "StartAt": "Pay",
  "States": {
    "Pay": {"Type": "Pass", "Next": "Shop"},
    "Ship": {"Type": "Succeed"}
  }
}
"""
FILE = "name: x\nstate_machines: {m: {definition: machines/m.asl.json%s}}\n"


@pytest.fixture
def machines(tmp_path):
    """The folder of definitions, in that of the configuration."""
    folder = tmp_path / "machines"
    folder.mkdir()
    return folder


def test_faults_of_a_file_have_its_lines(machines, errors_of):
    (machines / "m.asl.json").write_text(BAD)
    found = errors_of(FILE % "")
    place = str(machines / "m.asl.json")
    assert f"{place}:4:" in found[0]
    assert "MISSING_TRANSITION_TARGET" in "".join(found)


def test_faults_of_one_file_are_told_once(machines, errors_of):
    (machines / "m.asl.json").write_text(BAD)
    once = errors_of(FILE % "")
    twice = errors_of(FILE.replace("}}\n", "}, n: {definition: machines/m.asl.json}}\n") % "")
    assert once == twice


def test_faults_of_an_inline_definition_have_the_lines_of_the_configuration(errors_of):
    found = errors_of(
        "name: x\nstate_machines:\n  m:\n    definition:\n      StartAt: A\n"
        "      States:\n        A: {Type: Pass, Nxt: B}\n"
    )
    assert [line.partition(": error")[0] for line in found] == [
        "frontdesk.yaml:7:9",
        "frontdesk.yaml:7:25",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FILE % "", "frontdesk.yaml:2:34: error: state_machines.m.definition: cannot read"),
        ("name: x\nstate_machines: {m: {definition: 5}}\n", "expected the path of a definition"),
        ("name: x\nstate_machines: {a b: {definition: {}}}\n", "expected the name of a state"),
        (FILE % ", retention: 0s", "expected a duration above 0"),
        (FILE % ", log: loud", "log"),
    ],
    ids=["no file", "no definition", "name", "retention", "log"],
)
def test_what_is_no_machine_is_refused(errors_of, text, told):
    assert told in errors_of(text)[0]


def test_a_warning_is_left_to_the_check(machines, load_text):
    state = {"Type": "Pass", "End": True, "Parameters": {"a": "$.b"}}
    (machines / "m.asl.json").write_text(json.dumps({"StartAt": "A", "States": {"A": state}}))
    [warning] = [one for one in check(load_text(FILE % "")) if one.id == "state-machine"]
    assert "at /States/A" in warning.message


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_the_machines_of_a_file_are_given_as_text(machines, load_text, suffix):
    (machines / f"m.asl.{suffix}").write_text(json.dumps(GOOD))
    text = (FILE % ", type: express, retention: 1d, log: error").replace("json", suffix)
    loaded = load_text(text)
    [machine] = file_machines(loaded).values()
    assert json.loads(machine.definition) == GOOD
    assert machine[2:] == (True, 86400.0, "ERROR")
    again = load(loaded.paths, {}, loaded.sources.__getitem__, known=loaded.references)
    assert again.definitions == loaded.definitions


# -- routes -------------------------------------------------------------------------------------

ROUTES = (
    "name: x\nstate_machines: {charge: {definition: &d {StartAt: A, States: {A: {Type: Succeed}}}}, quick: {type: express, definition: *d}}\n"
    "apis: {a: {routes: {%s}}}\n"
)


@pytest.mark.parametrize(
    ("routes", "told"),
    [
        ("POST /p: {state_machine: chrge}", "did you mean charge?"),
        ("POST /p: {mock: {}, mode: sync}", "expected mode on a route with state_machine only"),
        ("POST /p: {mock: {}, outcome: failure}", "expected outcome on a route with task_token"),
        (
            "POST /p: {state_machine: charge, location: '/p/{execution}'}",
            "expected location beside mode: async only",
        ),
        (
            "POST /p: {state_machine: charge, mode: async, location: /p/x}",
            "expected a path such as /payments/{execution}",
        ),
        ("'$default': {state_machine: charge, mode: async}", "expected a location"),
        ("'POST /{p+}': {state_machine: charge, mode: async}", "expected a location"),
        (
            "POST /p: {state_machine: charge, mode: async, location: '/p/{of}/{execution}'}",
            "expected variables of one segment of the route's own path, not {of}",
        ),
        (
            "'POST /p/{all+}': {state_machine: charge, mode: async, location: '/s/{all}/{execution}'}",
            "expected variables of one segment of the route's own path, not {all}",
        ),
        (
            "POST /p: {state_machine: charge, mode: async}, 'GET /p/executions/{id}': {mock: {}}",
            "GET /p/executions/{execution}, where executions of this route tell their status",
        ),
        (
            "POST /p: {state_machine: charge, mode: async}, PUT /p: {state_machine: charge, mode: async}",
            "is taken (frontdesk.yaml:3:21)",
        ),
        (
            "POST /p: {state_machine: quick, mode: async, location: '/p/{execution}'}",
            "expected no location: express executions tell no status",
        ),
        ("POST /p: {state_machine: charge, input: {a: $response.body}}", "before the response"),
        ("POST /p: {task_token: token}", "expected a selector"),
    ],
)
def test_a_route_that_cannot_be_is_refused(errors_of, routes, told):
    assert told in "\n".join(errors_of(ROUTES % routes))


@pytest.mark.parametrize(
    "routes",
    [
        "POST /p: {state_machine: 'charge:live', mode: async, name: $request.header.Idempotency-Key}",
        "'$default': {state_machine: charge, mode: async, location: '/seen/{execution}'}",
        "POST /p: {state_machine: charge, mode: async}, 'GET /p/{proxy+}': {mock: {}}",
        "POST /p: {state_machine: quick, mode: async}, 'GET /p/executions/{id}': {mock: {}}",
        "'$default': {state_machine: quick, mode: async}",
        "POST /p: {state_machine: charge, input: {a: [$request.body.b, 5, null], c: fixed}}",
        "'POST /cb/{token}': {task_token: $request.path.token, outcome: heartbeat}",
    ],
)
def test_other_routes_are_not(load_text, routes):
    load_text(ROUTES % routes)
