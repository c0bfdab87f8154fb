"""The recorded executions of AWS Step Functions, each run in memory with functions by the case.

The cases lie beside the repository, in `shared/cases`, and are no part of it. What cannot pass, and why,
is listed in `cases/states_waiting.json`.
"""

import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontdesk.asl import After, DefinitionError, TaskError, run_local

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "states"
WAITING = json.loads((Path(__file__).parent / "cases" / "states_waiting.json").read_text())
KINDS = {"execution", "sync_execution"}
NOW = datetime(2020, 1, 2, tzinfo=UTC)
PLACES = {
    "us-east-1:111111111111": "us-east-1:123456789012",
    "arn:aws:iam::111111111111:role/states-role": "arn:aws:iam::123456789012:role/local",
}

if not FOLDER.is_dir():
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)

_SPEC = importlib.util.spec_from_file_location("compare", FOLDER / "compare.py")
compare = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(compare)


def _cases():
    for path in sorted(FOLDER.glob("*.json")):
        text = path.read_text()
        for theirs, ours in PLACES.items():
            text = text.replace(theirs, ours)
        yield from json.loads(text)["cases"]


CASES = {case["name"]: case for case in _cases() if case["kind"] in KINDS}


@pytest.mark.parametrize("name", CASES)
def test_recorded_execution(name, request):
    if name in WAITING:
        request.applymarker(pytest.mark.xfail(reason=WAITING[name], strict=True))
    assert _differences(CASES[name]) == []


def test_the_share_of_recorded_executions_that_pass():
    waiting = [name for name in CASES if name in WAITING]
    assert len(waiting) <= 0.03 * len(CASES), f"{len(waiting)} of {len(CASES)} wait"


def test_only_recorded_executions_wait():
    assert sorted(set(WAITING) - set(CASES)) == []


def _differences(case):
    functions = case["mocks"]["lambda"]
    names = case.get("names", {"stateMachine": "machine", "execution": "execution"})
    try:
        run = run_local(
            case["definition"],
            case["input"],
            {name: _function(behaviour) for name, behaviour in functions.items()},
            now=NOW,
            machine_name=names["stateMachine"],
            execution_name=names["execution"],
        )
    except DefinitionError as error:
        return [str(error)]
    expected = case["expected"]
    found = [None if run.status == expected["status"] else f"{run.status}: {run.error} {run.cause}"]
    if run.status == "SUCCEEDED" and "output" in expected:
        found.append(compare.matches(expected["output"], run.output, "output"))
    found += [
        compare.matches(expected[field], getattr(run, field), field)
        for field in ("error", "cause")
        if field in expected
    ]
    if "history" in expected:
        events = [compare.api_event(event) for event in run.history]
        found.append(compare.history(expected["history"], expected["historyOrder"], events))
    return [one for one in found if one]


def _function(mock):
    return lambda event: _BEHAVIOURS[mock["behaviour"]](mock, event)


def _raise(mock, _event):
    document = {
        "errorMessage": mock["errorMessage"],
        "errorType": mock["errorType"],
        "requestId": "id",
        "stackTrace": [],
    }
    raise TaskError(mock["errorType"], json.dumps(document))


_BEHAVIOURS = {
    "raise": _raise,
    "return": lambda mock, _event: mock["value"],
    "return_event": lambda _mock, event: event,
    "return_formatted": lambda _mock, event: f"input-event-{event}",
    "return_raw": lambda mock, _event: json.loads(mock["payload"]),
    "return_raw_repeated": lambda mock, _event: mock["char"] * mock["count"],
    "sleep_then_return_event": lambda mock, event: After(mock["seconds"], event),
}
