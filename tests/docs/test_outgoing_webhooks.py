"""docs/outgoing-webhooks.md: its commands and examples run, its tables are the code's."""

import asyncio
import json
import re
import shlex
from datetime import UTC, datetime
from typing import get_args

import pytest
from click.testing import CliRunner

from frontdesk.app.outgoing_api import OutgoingApi
from frontdesk.base.clock import SystemClock
from frontdesk.cli.main import cli
from frontdesk.config.check import check
from frontdesk.config.load import load
from frontdesk.durable.outgoing.definition import _READERS
from frontdesk.durable.outgoing.posting import Poster
from frontdesk.ports.deliveries import State
from frontdesk.rules.webhooks.attempts import Result, verdict
from frontdesk.webhooks import sign
from tests.docs.pages import ROOT, codes, examples, spliced, tables
from tests.live.calls import free_port
from tests.live.gateways import project, serving

PATH = ROOT / "docs" / "outgoing-webhooks.md"
PAGE = PATH.read_text()
TABLES = {table.head[0]: table for table in tables(PAGE)}
PUBLISH, RECEIVE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(MACHINE,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
SESSION = "".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL))
WHOLE, *FRAGMENTS = examples(PATH)


@pytest.fixture
def sent(monkeypatch):
    """Have every receiver take what it gets; return what that was."""
    taken = []

    async def ask(_poster, _endpoint, message, _settings, **_):
        taken.append(message)
        return 204, [], b""

    monkeypatch.setattr(Poster, "_ask", ask)
    return taken


def page_project(folder, *fragments):
    port = free_port()
    config = json.loads(json.dumps({**WHOLE.content, "admin": {"listen": f"127.0.0.1:{port}"}}))
    for fragment in fragments:
        spliced(config, fragment)
    path = project(folder, "")
    path.write_text(json.dumps({**config, "listen": "127.0.0.1:0", "logs": {"access": "off"}}))
    return path, port


class Names:
    """Knows what is another one each time by the place of its first use."""

    def __init__(self):
        self.found = {}

    def normal(self, text):
        text = re.sub(
            r"\b(ep|msg|whsec)_[\w+/=]+",
            lambda name: self.found.setdefault(name[0], f"{name[1]}_{len(self.found)}"),
            text,
        )
        text = re.sub(r"\d{4}-\d\d-\d\d [\d:]{8}", "TIME", text)
        return re.sub(r" +", " ", re.sub(r"\d\.\d{3}\b", "SECONDS", text))


async def test_the_commands_print_what_the_page_shows(tmp_path, sent):
    path, _ = page_project(tmp_path)
    ours, theirs = Names(), Names()
    real = {}
    async with serving(path) as app:
        store = app._works.part.durable.outgoing.webhooks.store
        for command, shown in re.findall(r"\$ frontdesk (.*)\n((?:[^$].*\n|\n)+)", SESSION):
            words = [real.get(word, word) for word in shlex.split(command)]
            while (await store.counts()).waiting:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.002)
            result = await asyncio.to_thread(CliRunner().invoke, cli, [*words, "-c", str(path)])
            assert ours.normal(result.stdout) == theirs.normal(shown), result.output
            real = dict(zip(theirs.found, ours.found, strict=True))
    assert [message.type for message in sent] == ["order.paid", "order.sent"]


async def test_a_program_publishes_as_the_page_does(tmp_path, sent):
    path, port = page_project(tmp_path)
    async with serving(path) as app:
        outgoing = app._works.part.durable.outgoing.webhooks
        await outgoing.put_application("acme", {})
        await outgoing.add_endpoint("acme", {"url": "https://hooks.example.com/"})
        scope = {}
        exec(PUBLISH.replace("8081", str(port)), scope)
        first = await scope["order_paid"](42)
        assert await scope["order_paid"](42) == first
        await scope["webhooks"].close()
        while not sent:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.002)
    assert [(message.id, message.payload) for message in sent] == [(first, b'{"order":42}')]


async def test_a_state_machine_publishes_as_the_page_does(tmp_path, sent):
    connections = next(each for each in FRAGMENTS if "connections" in each.content)
    path, port = page_project(tmp_path, connections)
    machine = MACHINE.replace("8081", str(port))
    config = json.loads(path.read_text())
    config["state_machines"] = {"tell": {"definition": json.loads(machine)}}
    path.write_text(json.dumps(config))
    async with serving(path) as app:
        outgoing = app._works.part.durable.outgoing.webhooks
        await outgoing.put_application("acme", {})
        await outgoing.add_endpoint("acme", {"url": "https://hooks.example.com/"})
        given = '{"id": "order-42-paid", "order": 42}'
        execution = await app._works.part.durable.executions.run("tell", given, within=30)
        assert execution.status == "SUCCEEDED", execution
        while not sent:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.002)
    assert [json.loads(message.payload) for message in sent] == [json.loads(given)]
    assert sent[0].event == "order-42-paid"


def test_a_receiver_verifies_as_the_page_does():
    taken = []
    scope = {"handle_once": lambda identity, body: taken.append((identity, body)) or b""}
    exec(RECEIVE, scope)
    secret = re.search(r"whsec_\S+", PAGE)[0]
    signed = sign("standard-webhooks", b"{}", secret, id="msg_1", now=SystemClock.time())
    assert scope["receive"](signed.headers, b"{}", secret) == (204, b"")
    assert scope["receive"](signed.headers, b"[]", secret)[0] == 401
    assert taken == [("msg_1", b"{}")]
    told = {name for cells in TABLES["header"].rows for name in codes(cells[0])}
    assert {name.lower() for name in signed.headers} < told


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=[each.name for each in FRAGMENTS])
def test_the_fragments_belong_where_the_page_says(tmp_path, fragment):
    path, _ = page_project(tmp_path, fragment)
    assert not [each for each in check(load([path], {})) if each.id != "unused"]


def test_all_requests_of_the_api_are_told():
    api = OutgoingApi(_Nothing(), bool)
    told = {codes(row[0])[0] for row in TABLES["request"].rows}
    places = {f"{method} {place}" for method, place in api._actions}
    assert {re.sub(r"/(APP|ID)\b", "/*", each) for each in told} == places
    (made,) = [row[1] for row in TABLES["request"].rows if row[0].endswith("APP/endpoints`")][1:]
    assert set(re.findall(r'"(\w+)"', made)) == {*_READERS, "secret", "ed25519"}


class _Nothing:
    store = None


def test_all_states_are_told():
    told = [codes(row[0])[0] for row in TABLES["state of a delivery"].rows]
    assert told == list(get_args(State))


@pytest.mark.parametrize(
    ("row", "result"),
    [
        ("2xx", Result(204)),
        ("410", Result(410)),
        ("429, or none in time", Result(reason="timeout")),
        ("anything else", Result(500)),
    ],
)
def test_answers_lead_to_what_the_page_says(row, result):
    (told,) = [cells[1] for cells in TABLES["answer"].rows if cells[0] == row]
    judged = verdict(result, 0, (5.0,), 0.5)
    expected = {
        "delivered": judged.state == "delivered",
        "the endpoint is disabled at once": judged.gone,
        "the next attempt comes after 60 s at least": judged.wait == 60.0,
        "the next attempt comes by the schedule": judged.wait == 5.0,
    }
    assert expected[told]


def test_the_date_of_the_page_is_in_the_past():
    since = re.search(r"--since (\S+)", SESSION)[1]
    assert datetime.fromisoformat(since).replace(tzinfo=UTC) < datetime.now(UTC)
