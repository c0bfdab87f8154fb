"""docs/publishing.md: its examples run against a gateway, its tables are the code's."""

import asyncio
import json
import re

import pytest

from frontdesk.aws.events.service import operations as of_events
from frontdesk.aws.sns.service import operations as of_sns
from frontdesk.config.check import check
from frontdesk.config.load import load
from frontdesk.config.models.service import NEEDED, OPTIONAL
from frontdesk.rules.events.event_bus import _OF_AWS
from tests.docs.pages import ROOT, codes, examples, spliced, tables
from tests.live.calls import call, free_port
from tests.live.gateways import project, serving

PATH = ROOT / "docs" / "publishing.md"
PAGE = PATH.read_text()
TABLES = [table for table in tables(PAGE) if table.head[0] == "about"]
SNS, HANDLER, EVENTS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
WHOLE, INPUT, TASK, REST, HTTP = examples(PATH)


@pytest.fixture
async def desk(tmp_path, monkeypatch):
    """A gateway with everything of the page."""
    port = free_port()
    config = json.loads(json.dumps(WHOLE.content)) | {"admin": {"listen": f"127.0.0.1:{port}"}}
    config |= {"listen": "127.0.0.1:0", "logs": {"access": "off"}}
    spliced(config, TASK)
    config["apis"] = {
        name: {**api, "base_path": f"/{name}"}
        for example in (REST, HTTP)
        for name, api in example.content["apis"].items()
    }
    path = project(tmp_path, "", bookings=HANDLER)
    path.write_text(json.dumps(config))
    for name in ("SNS", "EVENTBRIDGE"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", f"http://127.0.0.1:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    said = asyncio.Queue()
    async with serving(path, echo=lambda _function, line: said.put_nowait(line)) as app:
        app.said = said
        yield app


async def _run(example, client):
    def run():
        scope = {}
        exec(example, scope)
        scope[client].close()

    await asyncio.to_thread(run)


async def _bodies(app, name):
    queues = app._works.part.durable.queues.queues
    found = await queues.receive(queues.find(name), most=10)
    return [json.loads(message.body) for message in found]


async def test_a_message_goes_where_the_page_says(desk):
    await _run(SNS, "sns")
    patient = {"patient": {"name": "Ada", "vip": True}}
    assert await _bodies(desk, "letters") == [patient]
    (envelope,) = await _bodies(desk, "audit")
    assert json.loads(envelope["Message"]) == patient
    async with asyncio.timeout(30):
        while not (await desk.said.get()).startswith("hello, {"):
            pass


async def test_an_event_goes_where_the_page_says(desk, capsys):
    await _run(EVENTS, "events")
    assert capsys.readouterr().out == "1 MalformedDetail\n"
    assert await _bodies(desk, "audit") == [{"patient": "Ada", "minutes": 30}]
    (execution,) = (await desk._works.part.durable.executions.list(machine="remind")).executions
    assert execution.status == "RUNNING"


async def test_tasks_publish_as_the_page_says(desk):
    execution = await desk._works.part.durable.executions.run("tell", '{"a": 1}', within=30)
    assert execution.status == "SUCCEEDED"
    (envelope,) = await _bodies(desk, "audit")
    assert json.loads(envelope["Message"]) == {"a": 1}


async def test_methods_ask_services_as_the_page_says(desk):
    async def post(path, body):
        address = desk.addresses[0]
        return await asyncio.to_thread(call, address, "POST", f"/partners{path}", body=body)

    answer = await post("/letters", b'{"dear": "Ada & Co"}')
    queues = desk._works.part.durable.queues.queues
    (message,) = await queues.receive(queues.find("letters"), most=10)
    assert (answer.status, json.loads(answer.body)) == (200, {"id": message.id})
    assert message.body == b'{"dear": "Ada & Co"}'
    assert (await post("/letters", b"")).status == 200  # the template writes {} for an empty body
    detail = {"patient": "Ada", "minutes": 30}
    answer = await post("/bookings", json.dumps(detail).encode())
    assert (answer.status, json.loads(answer.body)["FailedEntryCount"]) == (202, 0)
    assert await _bodies(desk, "audit") == [detail]


async def test_routes_ask_services_as_the_page_says(desk):
    async def post(path, body):
        address = desk.addresses[0]
        return await asyncio.to_thread(call, address, "POST", f"/desk{path}", body=body)

    answer = await post("/calls", b"Dear Ada")
    queues = desk._works.part.durable.queues.queues
    (message,) = await queues.receive(queues.find("letters"), most=10)
    assert message.body == b"Dear Ada"
    assert answer.status == 200
    assert f"<MessageId>{message.id}</MessageId>" in answer.body.decode()
    assert (await post("/calls", b"")).status == 400
    detail = {"patient": "Ada", "minutes": 30}
    answer = await post("/visits", json.dumps(detail).encode())
    assert (answer.status, json.loads(answer.body)["FailedEntryCount"]) == (200, 0)
    assert await _bodies(desk, "audit") == [detail]


def test_all_parameters_of_services_are_told():
    (table,) = (each for each in tables(PAGE) if each.head == ["names", "parameters", "answers"])
    told = {codes(key)[0]: {*codes(parameters)} for key, parameters, _ in table.rows}
    assert told == {key: {*NEEDED[key], *OPTIONAL[key]} for key in NEEDED}


def test_the_fragments_belong_where_the_page_says(tmp_path):
    path = project(tmp_path, "", bookings=HANDLER)
    whole = json.loads(json.dumps(WHOLE.content))
    for example in (INPUT, TASK, HTTP):
        spliced(whole, example)
    path.write_text(json.dumps(whole))
    assert not check(load([path], {}))


@pytest.mark.parametrize(
    ("table", "operations"),
    [(TABLES[0], of_sns(None, None, None)), (TABLES[1], of_events(None, None, None))],
    ids=["sns", "events"],
)
def test_all_operations_are_told(table, operations):
    assert {name for _, cell in table.rows for name in codes(cell)} == operations.keys()


def test_all_words_of_templates_are_told():
    (table,) = (table for table in tables(PAGE) if table.head[0] == "in the template")
    told = {word.strip("<>") for row in table.rows for word in codes(row[0])}
    assert told - {"name"} == _OF_AWS.keys()
