"""The recorded executions of AWS Step Functions, started through the API and driven through the journal.

Those that wait, time out or retry are left to `test_recorded_states`, where time is played. The cases lie beside
the repository, in `shared/cases`, and are no part of it.
"""

import importlib.util
import json
import math
from pathlib import Path

import pytest

from frontdesk.rules.asl.history import aws_event
from tests.live.states import FunctionError, StatesApi

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "states"
WAITING = json.loads((Path(__file__).parent / "cases" / "states_waiting.json").read_text())

if not FOLDER.is_dir():
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)

_SPEC = importlib.util.spec_from_file_location("compare", FOLDER / "compare.py")
compare = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(compare)

FAMILIES = {
    path.stem: [
        case
        for case in json.loads(path.read_text())["cases"]
        if case["kind"] == "execution" and not case.get("slow") and case["name"] not in WAITING
    ]
    for path in sorted(FOLDER.glob("*.json"))
}


@pytest.mark.parametrize("family", [family for family, cases in FAMILIES.items() if cases])
async def test_recorded_executions(family):
    async with StatesApi().serving() as api:
        found = {case["name"]: await _differences(api, case) for case in FAMILIES[family]}
    assert {name: differences for name, differences in found.items() if differences} == {}


async def _differences(api, case):
    api.functions = {name: _function(mock) for name, mock in case["mocks"]["lambda"].items()}
    names = case.get("names", {"stateMachine": "machine", "execution": "execution"})
    name, kind = names["stateMachine"], case.get("machineType", "STANDARD")
    made = await api.create(name, json.dumps(case["definition"]), type=kind)
    ended = await api.executions.run(
        name, json.dumps(case["input"]), name=names["execution"], within=30
    )
    expected = case["expected"]
    found = [compare.matches(expected["status"], ended.status)]
    if "output" in expected and ended.output is not None:
        found.append(compare.matches(expected["output"], json.loads(ended.output)))
    found += [
        compare.matches(expected[field], getattr(ended, field), field)
        for field in ("error", "cause")
        if field in expected
    ]
    if "history" in expected and not ended.express:
        events = (await api.executions.history(ended.arn, most=1000)).events
        shown = [compare.api_event(aws_event(event)) for event in events]
        found.append(compare.history(expected["history"], expected["historyOrder"], shown))
    await api("delete_state_machine", stateMachineArn=made["stateMachineArn"])
    await api.journal.forget(f"execution/{name}", math.inf, most=1000)
    return [one for one in found if one]


def _function(mock):
    return lambda event: _BEHAVIOURS[mock["behaviour"]](mock, event)


def _raise(mock, _event):
    raise FunctionError(
        {
            "errorMessage": mock["errorMessage"],
            "errorType": mock["errorType"],
            "requestId": "id",
            "stackTrace": [],
        }
    )


_BEHAVIOURS = {
    "raise": _raise,
    "return": lambda mock, _event: mock["value"],
    "return_event": lambda _mock, event: event,
    "return_formatted": lambda _mock, event: f"input-event-{event}",
    "return_raw": lambda mock, _event: json.loads(mock["payload"]),
    "return_raw_repeated": lambda mock, _event: mock["char"] * mock["count"],
}
