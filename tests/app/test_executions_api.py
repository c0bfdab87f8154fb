"""The operator's requests about executions: what they answer, who is meant by a name, why they are refused."""

import json

import pytest

from frontdesk.app.executions_api import ExecutionsApi
from frontdesk.app.state_machines_api import StateMachinesApi
from frontdesk.base.errors import StoreError
from frontdesk.durable.machine_entries import Alias, Entry, Route, Settings
from frontdesk.durable.machines import FileMachine, Machines
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.ports.executions import (
    Census,
    Execution,
    ExecutionError,
    ExecutionPage,
    HistoryPage,
    MapRun,
)
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.outlook import Awaited, Expected
from frontdesk.stores.memory.catalog import MemoryCatalog

PLACE = "arn:aws:states:us-east-1:1"
WAIT = '{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}'
DEEP = b'{"%%s": %s}' % (b"[" * 300 + b"]" * 300)
OVER = HistoryEvent(3, 0, 3000, "ExecutionAborted", {})
EVENTS = [
    HistoryEvent(1, 0, 1000, "ExecutionStarted", {"input": {}}),
    HistoryEvent(2, 0, 1000, "WaitStateEntered", {"name": "W", "input": {}}),
]


class Clock:
    def time(self):
        return 1000.0

    monotonic = time


def execution(machine, name, **fields):
    arn = f"{PLACE}:execution:{machine}:{name}"
    return Execution(arn, f"{PLACE}:stateMachine:{machine}", name, "RUNNING", 1.0, **fields)


class Service:
    """Executions that are given; keeps what it was asked."""

    def __init__(self, digest):
        self.known = [
            execution("charge", "order-7", input='{"big": 123456789012345678901234567890}'),
            execution("charge", "order-71"),
            execution("ship", "parcel-1"),
        ]
        self.asked = []
        self.digest = digest

    async def start(self, machine, given, *, name=""):
        self.asked.append((machine, given, name))
        return execution(machine, name or "random")

    async def describe(self, arn):
        found = next((one for one in self.known if one.arn == arn), None)
        if found is None:
            raise ExecutionError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return found

    async def settled(self, arn, *, within):
        self.asked.append(within)
        return (await self.describe(arn))._replace(status="SUCCEEDED", ended=2.0, output="[1]")

    async def list(self, *, machine="", map_run="", status=None, most=100, token=""):
        self.asked.append((machine or map_run, status, most, token))
        name = machine.rpartition(":")[2]
        found = [one for one in self.known if f":execution:{name}:" in one.arn]
        return ExecutionPage(found[:most], "more")

    async def history(self, arn, *, most, token="", newest_first=False):
        events = list(reversed(EVENTS)) if newest_first else EVENTS
        at = int(token or 0)
        page = events[at : at + min(most, 1)]
        return HistoryPage(page, str(at + 1) if at + 1 < len(events) else "")

    async def events(self, arn):
        await self.describe(arn)
        return EVENTS

    async def stop(self, arn, error, cause):
        self.asked.append((arn, error, cause))
        return 4.0

    async def redrive(self, arn):
        raise ExecutionError(
            "ExecutionNotRedrivable", "Execution is RUNNING and cannot be redriven"
        )

    async def succeed(self, token, output):
        self.asked.append((token, output))

    async def fail(self, token, error, cause):
        self.asked.append((token, error, cause))

    async def beat(self, token):
        raise ExecutionError("TaskTimedOut", "Task Timed Out: 'gone'")

    async def outlook(self, arn):
        await self.describe(arn)
        return [Expected(state="W", awaited=Awaited.TIMER, since=1000, until=61_000, within=(("M", 2),))]  # fmt: skip

    async def census(self, machines):
        known = Census(2, 1, 1.0)
        return {name: known if name == "charge" else Census(0, 0, None) for name in machines}

    async def map_runs(self, execution):
        return [await self.map_run(f"{PLACE}:mapRun:charge/Each:1")]

    async def map_run(self, arn):
        execution = f"{PLACE}:execution:charge:order-7"
        return MapRun(arn, execution, "RUNNING", 1.0, None, 5, 0, 0.0, {"succeeded": 2}, {})

    async def steps(self, arn, *, first, most):
        facts = {"execution": arn, "name": "n", "machine": "m", "machine_name": "m"}
        pinned = {"digest": self.digest, "facts": facts, "given": {}, "interpreter": 1}
        return [{"in": {}, "out": [], "execution": pinned}][first - 1 : first - 1 + most]


class Desk:
    def __init__(self, machines, service):
        self.service = service
        self.machines = machines
        given = (service, service, machines)
        self.faces = (StateMachinesApi(*given), ExecutionsApi(*given))

    async def ask(self, method, target, document=None):
        ex = Exchange()
        ex.method = method
        ex.path, _, ex.query = target.partition("?")
        ex.body = document if isinstance(document, bytes) else json.dumps(document or {}).encode()
        (face,) = [one for one in self.faces if one.serves(ex)]
        reply = face.answer(ex)
        reply = reply if hasattr(reply, "status") else await reply
        is_json = dict(reply.fields)[b"content-type"] == b"application/json"
        return reply.status, json.loads(reply.body) if is_json else reply.body.decode()


@pytest.fixture
async def desk():
    machines = Machines(MemoryCatalog(Clock()), Clock(), region="us-east-1", account="1")
    await machines.adopt(
        {
            name: FileMachine(name, WAIT, name == "quick", 1.0, "OFF")
            for name in ("charge", "quick", "ship")
        }
    )
    return Desk(machines, Service(machines.of_file()["charge"].revision.digest))


async def test_machines_tell_their_type_and_where_they_are_from(desk):
    status, told = await desk.ask("GET", "/api/state-machines")
    assert status == 200
    assert [(one["name"], one["type"], one["from"]) for one in told["machines"]] == [
        ("charge", "STANDARD", "file"),
        ("quick", "EXPRESS", "file"),
        ("ship", "STANDARD", "file"),
    ]


async def test_an_execution_is_started_with_a_name_and_any_json(desk):
    status, told = await desk.ask(
        "POST", "/api/state-machines/charge%3Alive/executions", {"input": [1, None], "name": "n"}
    )
    assert (status, told["execution"]["status"]) == (201, "RUNNING")
    await desk.ask("POST", "/api/state-machines/charge/executions", b"")
    assert desk.service.asked == [("charge:live", "[1,null]", "n"), ("charge", "{}", "")]


async def test_a_list_is_of_a_machine_and_a_status_and_has_a_next_page(desk):
    target = "/api/state-machines/charge/executions?status=FAILED&most=1&token=t"
    status, told = await desk.ask("GET", target)
    assert (status, len(told["executions"]), told["next"]) == (200, 1, "more")
    assert desk.service.asked == [("charge", "FAILED", 1, "t")]


async def test_a_list_is_of_a_map_run_too(desk):
    map_run = f"{PLACE}:mapRun:charge/Each:1"
    await desk.ask("GET", f"/api/state-machines/{map_run}/executions")
    assert desk.service.asked == [(map_run, None, 100, "")]


@pytest.mark.parametrize(
    "name",
    [f"{PLACE}:execution:charge:order-7", "charge:order-7", "order-7", "order-71", "parcel"],
    ids=["arn", "machine and name", "name that begins another", "name", "unique beginning"],
)
async def test_an_execution_is_found_by_what_names_it(desk, name):
    status, told = await desk.ask("GET", f"/api/executions/{name.replace(':', '%3A')}")
    assert (status, told["execution"]["name"][:5]) == (200, name.rpartition(":")[2][:5])


async def test_input_output_and_outlook_are_values(desk):
    _, told = await desk.ask("GET", "/api/executions/order-7?wait=99")
    assert told["execution"]["output"] == [1]
    assert told["execution"]["input"] == {"big": 123456789012345678901234567890}
    assert told["outlook"][0] | {"within": None} == {
        "state": "W", "awaited": "timer", "since": 1.0, "until": 61.0, "attempt": 1, "most_attempts": 1,
        "next": None, "within": None, "ended": 0, "total": 0,
    }  # fmt: skip
    assert told["outlook"][0]["within"] == [{"state": "M", "index": 2}]
    assert desk.service.asked == [60.0]


async def test_a_history_comes_page_by_page_in_both_orders(desk):
    _, first = await desk.ask("GET", "/api/executions/order-7/history")
    _, second = await desk.ask("GET", f"/api/executions/order-7/history?token={first['next']}")
    assert [one["id"] for one in first["events"] + second["events"]] == [1, 2]
    assert second["next"] == ""
    _, newest = await desk.ask("GET", "/api/executions/order-7/history?newest_first=true")
    assert newest["events"][0]["stateEnteredEventDetails"]["name"] == "W"


async def test_a_picture_is_drawn_of_the_whole_history(desk):
    status, drawn = await desk.ask("GET", "/api/executions/order-7/graph.svg")
    assert status == 200
    assert "<title>charge:order-7</title>" in drawn
    assert "waiting; until 1970-01-01 00:01:01 UTC" in drawn


async def test_steps_and_the_definition_are_those_of_the_journal(desk):
    _, told = await desk.ask("GET", "/api/executions/order-7/definition")
    assert told == {"definition": WAIT}
    _, told = await desk.ask("GET", "/api/executions/order-7/steps")
    assert told["steps"][0]["execution"]["interpreter"] == 1
    assert (await desk.ask("GET", "/api/executions/order-7/steps?first=2"))[1] == {"steps": []}


async def test_stopping_tells_how_it_stands_then(desk):
    _, told = await desk.ask("POST", "/api/executions/order-7/stop", {"error": "E", "cause": "C"})
    assert (told["status"], told["ended"]) == ("RUNNING", 4.0)
    assert desk.service.asked == [(f"{PLACE}:execution:charge:order-7", "E", "C")]


async def test_tasks_are_answered_by_their_token(desk):
    assert await desk.ask("POST", "/api/tasks/t%3D/success", {"output": [1]}) == (200, {})
    assert await desk.ask("POST", "/api/tasks/t/success") == (200, {})
    assert await desk.ask("POST", "/api/tasks/t/failure", {"error": "E"}) == (200, {})
    assert desk.service.asked == [("t=", "[1]"), ("t", "null"), ("t", "E", None)]


@pytest.mark.parametrize(
    ("method", "target", "document", "status", "code", "message"),
    [
        ("GET", "/api/executions/nobody", None, 404, "ExecutionDoesNotExist", "no execution begins so: nobody"),
        ("GET", "/api/executions/order", None, 409, "Ambiguous", "several executions begin so: order-7, order-71"),
        ("GET", "/api/executions/charge:x", None, 404, "ExecutionDoesNotExist", f"Execution Does Not Exist: '{PLACE}:execution:charge:x'"),
        ("GET", "/api/executions/bill:x", None, 404, "StateMachineDoesNotExist", "State Machine Does Not Exist: 'bill'"),
        ("POST", "/api/executions/order-7/redrive", None, 409, "ExecutionNotRedrivable", "Execution is RUNNING and cannot be redriven"),
        ("POST", "/api/tasks/t/heartbeat", None, 409, "TaskTimedOut", "Task Timed Out: 'gone'"),
        ("POST", "/api/executions/order-7/stop", b"[]", 400, "ValidationException", "expected a JSON object"),
        ("POST", "/api/executions/order-7/stop", b"{", 400, "ValidationException", "expected a JSON object"),
        ("POST", "/api/executions/order-7/stop", {"error": 1}, 400, "ValidationException", "expected a text for error"),
        ("POST", "/api/state-machines/charge/executions", DEEP % b"input", 400, "json_text", "value cannot be written as JSON: Recursion limit reached"),
        ("POST", "/api/tasks/t/success", DEEP % b"output", 400, "json_text", "value cannot be written as JSON: Recursion limit reached"),
        ("GET", "/api/executions/order-7/steps?first=x", None, 400, "ValidationException", "expected a number for first: x"),
    ],
)  # fmt: skip
async def test_a_refusal_has_awss_name_and_says_why(
    desk, method, target, document, status, code, message
):
    answered, told = await desk.ask(method, target, document)
    assert (answered, told["code"], told["message"]) == (status, code, message)


async def test_a_page_of_nothing_is_one_of_the_usual_size(desk):
    status, told = await desk.ask("GET", "/api/executions/order-7/history?most=0")
    assert (status, len(told["events"])) == (200, 1)
    await desk.ask("GET", "/api/state-machines/charge/executions?most=0")
    assert desk.service.asked[-1][2] == 100


async def test_a_beginning_of_several_names_says_how_to_write_one(desk):
    _, told = await desk.ask("GET", "/api/executions/order")
    assert told["hint"] == "write more of the name, or MACHINE:NAME"


async def test_a_store_that_fails_is_not_the_callers_fault(desk):
    async def broken(_arn):
        raise StoreError("the disk is full", hint="make room")

    desk.service.describe = broken
    status, told = await desk.ask("GET", f"/api/executions/{PLACE}:execution:charge:order-7")
    assert (status, told["message"], told["hint"]) == (503, "the disk is full", "make room")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/api/executions/order-7/stop", 405),
        ("POST", "/api/state-machines", 405),
        ("GET", "/api/executions/order-7/nothing", 404),
        ("GET", "/api/state-machines/nobody", 404),
        ("PUT", "/api/state-machines/charge", 405),
        ("GET", "/api/definitions/validation", 405),
        ("GET", "/api/executions/history", 404),
        ("POST", "/api/executions/a:b/c:d", 405),
    ],
)
async def test_what_is_not_there_is_told(desk, method, target, status):
    assert (await desk.ask(method, target))[0] == status


async def test_names_that_many_share_are_told_in_part(desk):
    desk.service.known += [execution("ship", f"order-7{at}") for at in range(3, 6)]
    _, told = await desk.ask("GET", "/api/executions/order-")
    assert told["message"].endswith("begin so: order-7, order-71, order-73 and 2 more")


async def test_a_machine_tells_its_definition(desk):
    _, told = await desk.ask("GET", "/api/state-machines/charge")
    assert told["machine"]["definition"] == WAIT
    assert (told["machine"]["versions"], told["machine"]["aliases"]) == ([], [])


async def test_a_list_of_machines_counts_their_executions_where_that_is_asked(desk):
    _, told = await desk.ask("GET", "/api/state-machines?counts=true")
    assert [(one["name"], one["running"], one["failed"], one["last"]) for one in told["machines"]] == [
        ("charge", 2, 1, 1.0),
        ("quick", 0, 0, None),
        ("ship", 0, 0, None),
    ]  # fmt: skip


async def test_versions_and_aliases_are_told_newest_and_first_by_name(desk):
    settings = Settings(digest=desk.service.digest, role="r")
    entry = Entry(name="bill", express=False, settings=settings, created=1.0, updated=1.0)
    for text in ("one", "two"):
        entry = entry.changed(revision=text).published(text, 2.0)
    route = Route(version="2", weight=100)
    await desk.machines.put(entry.changed(aliases={"live": Alias(routes=(route,), created=3.0, updated=4.0)}))  # fmt: skip
    _, told = await desk.ask("GET", "/api/state-machines/bill:live")
    machine = told["machine"]
    assert [(one["version"], one["description"]) for one in machine["versions"]] == [("2", "two"), ("1", "one")]  # fmt: skip
    assert machine["aliases"][0]["routes"] == [{"version": "2", "weight": 100}]
    assert machine["aliases"][0]["arn"].endswith(":stateMachine:bill:live")


@pytest.mark.parametrize("target", ["state-machines/charge", "executions/order-7"])
async def test_a_picture_is_for_itself_or_for_a_page(desk, target):
    _, alone = await desk.ask("GET", f"/api/{target}/graph.svg")
    _, part = await desk.ask("GET", f"/api/{target}/graph.svg?style=none")
    assert "<style>" in alone
    assert "<style>" not in part
    assert 'data-state="W"' in part


async def test_a_list_is_of_names_that_begin_so(desk):
    _, told = await desk.ask("GET", "/api/state-machines/charge/executions?name=order-71")
    assert [one["name"] for one in told["executions"]][:1] == ["order-71"]
    assert len(desk.service.asked) == 10  # as many as are looked at, as every page has a next one


@pytest.mark.parametrize(
    ("definition", "kind", "result", "found"),
    [
        (WAIT, "STANDARD", "OK", []),
        ('{\n "StartAt": "A",\n "States": {"A": {"Type": "Pass",\n  "Next": "B"}}\n}', "", "FAIL", [("MISSING_END_STATE", 1, 1), ("MISSING_TRANSITION_TARGET", 4, 3)]),
        ('{"StartAt":\n  nonsense}', "STANDARD", "FAIL", [("INVALID_JSON_DESCRIPTION", 2, 11)]),
        ("", "STANDARD", "FAIL", [("MISSING_DESCRIPTION", 1, 1)]),
    ],
    ids=["valid", "no such state", "no JSON", "nothing"],
)  # fmt: skip
async def test_a_definition_is_judged_by_line_and_column(desk, definition, kind, result, found):
    given = {"definition": definition, "type": kind}
    status, told = await desk.ask("POST", "/api/definitions/validation", given)
    assert (status, told["result"]) == (200, result)
    assert [(one["code"], one["line"], one["column"]) for one in told["diagnostics"] if one["severity"] == "ERROR"] == found  # fmt: skip


async def test_a_definition_is_of_a_type_that_there_is(desk):
    status, told = await desk.ask("POST", "/api/definitions/validation", {"type": "express"})
    assert (status, told["message"]) == (400, "expected STANDARD or EXPRESS: express")


async def test_states_tell_outcomes_visits_and_all_about_one_of_them(desk):
    status, told = await desk.ask("GET", "/api/executions/order-7/states?of=W")
    assert (status, told["status"]) == (200, "RUNNING")
    assert told["states"] == [
        {"state": "W", "outcome": "waiting", "counts": "", "time": "until 00:01:01 UTC",
         "words": "waiting; until 1970-01-01 00:01:01 UTC"},
    ]  # fmt: skip
    (visit,) = told["of"]["visits"]
    assert (visit["entered"], visit["left"], visit["input"]) == (1.0, None, {})
    assert visit["expected"]["until"] == 61.0
    assert [one["type"] for one in visit["events"]] == ["WaitStateEntered"]
    assert told["of"]["definition"] == {"Type": "Wait", "Seconds": 60, "End": True}
    assert (await desk.ask("GET", "/api/executions/order-7/states?of=X"))[0] == 400


async def test_map_runs_are_told_by_execution_and_by_their_arn(desk):
    _, told = await desk.ask("GET", "/api/executions/order-7/map-runs")
    assert told["map_runs"][0]["items"] == {"succeeded": 2}
    _, told = await desk.ask("GET", f"/api/map-runs/{told['map_runs'][0]['arn']}")
    assert told["map_run"]["execution"] == f"{PLACE}:execution:charge:order-7"
