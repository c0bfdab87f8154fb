"""The operator's requests about executions: what they answer, who is meant by a name, why they are refused."""

import json

import pytest

from frontdesk.app.executions_api import ExecutionsApi
from frontdesk.base.errors import StoreError
from frontdesk.durable.machines import FileMachine, Machines
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.ports.executions import Execution, ExecutionError, ExecutionPage, HistoryPage
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

    async def steps(self, arn, *, first, most):
        facts = {"execution": arn, "name": "n", "machine": "m", "machine_name": "m"}
        pinned = {"digest": self.digest, "facts": facts, "given": {}, "interpreter": 1}
        return [{"in": {}, "out": [], "execution": pinned}][first - 1 : first - 1 + most]


class Desk:
    def __init__(self, machines, service):
        self.service = service
        self.face = ExecutionsApi(service, service, machines)

    async def ask(self, method, target, document=None):
        ex = Exchange()
        ex.method = method
        ex.path, _, ex.query = target.partition("?")
        ex.body = document if isinstance(document, bytes) else json.dumps(document or {}).encode()
        assert self.face.serves(ex)
        reply = self.face.answer(ex)
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
        ("GET", "/api/state-machines/charge", 404),
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
