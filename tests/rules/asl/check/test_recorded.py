"""What AWS answered: definitions that it took, that it refused, and its diagnostics, word for word.

The recordings lie beside the repository (`../shared/cases/states`); without them there is nothing to do.
"""

import json
from pathlib import Path

import pytest

from frontdesk.rules.asl.check import check, diagnose, validation
from frontdesk.rules.asl.diagnostics import Severity

CASES = [
    case
    for path in sorted((Path(__file__).parents[5] / "shared" / "cases" / "states").glob("*.json"))
    for case in json.loads(path.read_text())["cases"]
]
VALIDATED = [case for case in CASES if case["kind"] == "validate"]
RUN = [case for case in CASES if "execution" in case["kind"]]
CREATED = [
    (case, step)
    for case in CASES
    for step in case.get("steps", ())
    if step.get("op") == "CreateStateMachine" and "definition" in step["params"]
]


def errors(text, kind):
    found = diagnose(text, express=kind == "EXPRESS")
    return [str(one) for one in found if one.severity is Severity.ERROR]


@pytest.mark.parametrize("case", VALIDATED, ids=[case["name"] for case in VALIDATED])
def test_diagnostics_are_those_of_aws(case):
    request = case["request"]
    answer = validation(diagnose(request["definition"], express=request["type"] == "EXPRESS"))
    assert answer == case["expected"]["response"]


@pytest.mark.parametrize("case", RUN, ids=[case["name"] for case in RUN])
def test_a_definition_that_aws_has_run_has_no_error(case):
    found = check(case["definition"], express=case.get("machineType") == "EXPRESS")
    assert [str(one) for one in found if one.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    ("case", "step"), CREATED, ids=[f"{case['name']}-{step['id']}" for case, step in CREATED]
)
def test_a_definition_is_refused_where_aws_refused_it(case, step):
    found = errors(step["params"]["definition"], step["params"].get("type"))
    error = step.get("expect", {}).get("error", {})
    if error.get("code") != "InvalidDefinition":
        assert found == []
    elif error["message"] == "{{*}}":
        assert found
    else:
        assert error["message"] == f"Invalid State Machine Definition: '{', '.join(found)}'"
