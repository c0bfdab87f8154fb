"""docs/webhooks-door.md: its examples take what vendors sign, its commands run, its tables are the code's."""

import asyncio
import json
import re
import shlex
from typing import get_args

import pytest
from click.testing import CliRunner

from frontdesk.app import Frontdesk
from frontdesk.app.inbox_api import InboxApi
from frontdesk.base import metrics
from frontdesk.cli.main import cli
from frontdesk.config.load import load
from frontdesk.config.models.webhook import TARGETS, Word
from frontdesk.durable.inbox.hook import AGAIN
from frontdesk.ports.inbox import State
from frontdesk.rules.events.webhook import Taken, function_event
from frontdesk.webhooks import sign
from tests.docs.pages import ROOT, codes, examples, spliced, tables
from tests.live.calls import call, free_port

PATH = ROOT / "docs" / "webhooks-door.md"
PAGE = PATH.read_text()
TABLES = {table.head[0]: table for table in tables(PAGE)}
(HANDLER,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)
WHOLE, *PARTS = examples(PATH)
PAYMENT = {"id": "pi_1", "amount": 100}


def event(number, type_="payment_intent.succeeded"):
    return json.dumps({"id": f"evt_{number}", "type": type_, "data": {"object": PAYMENT}}).encode()


@pytest.fixture
async def gateway(tmp_path):
    """Run the first example; yields a function that sends, and the path of its file."""
    path = tmp_path / "frontdesk.yaml"
    admin = {"listen": f"127.0.0.1:{free_port()}"}
    usual = {"admin": admin, "listen": "127.0.0.1:0", "logs": {"access": "off"}}
    path.write_text(json.dumps({**WHOLE.content, **usual}))
    (tmp_path / "hooks.py").write_text(HANDLER)
    app = Frontdesk(load([path], {}, lookup=lambda _scheme, name: name))

    async def send(to, body, headers):
        target = f"/hooks/{to}"
        return await asyncio.to_thread(
            call, app.addresses[0], "POST", target, body=body, headers=headers
        )

    await app.start()
    try:
        yield app, send, path
    finally:
        await app.stop()


async def ended(app, webhook, id_):
    async with asyncio.timeout(30):
        while True:
            found = await app._works.part.durable.inbox.inbox.find(webhook, id_)
            if found is not None and found.entry.state not in ("received", "processing"):
                return found
            await asyncio.sleep(0.02)


async def test_the_quick_start_takes_what_stripe_and_github_sign(gateway, tmp_path, monkeypatch):
    app, send, _ = gateway
    answer = await send("stripe", event(1), sign("stripe", event(1), "stripe").headers)
    assert (answer.status, answer.body.decode()) == (200, '{"received": true}')
    paid = await ended(app, "stripe", "evt_1")
    assert (paid.entry.state, json.loads(paid.result)) == ("processed", {"seen": "pi_1"})
    await send(
        "stripe", event(2, "charge.x"), sign("stripe", event(2, "charge.x"), "stripe").headers
    )
    charges = app._works.part.durable.queues.queues.find("charges")
    (message,) = await app._works.part.durable.queues.queues.receive(charges, most=10)
    assert message.body == event(2, "charge.x")
    headers = sign("github", b"{}", "github").headers
    headers |= {"X-GitHub-Event": "push", "X-GitHub-Delivery": "d1"}
    assert (await send("github", b"{}", headers)).status == 200
    assert (await ended(app, "github", "d1")).entry.state == "processed"

    monkeypatch.chdir(tmp_path)
    (tmp_path / "event.json").write_bytes(event(3))
    (tmp_path / "secret.txt").write_text("stripe\n")
    hook = [command.partition(" > ")[0] for command in COMMANDS if " hook " in command]
    assert len(hook) == 6
    for command in hook:
        words = shlex.split(command.removeprefix("frontdesk "))
        result = await asyncio.to_thread(CliRunner().invoke, cli, words)
        assert result.exit_code == 0, (command, result.output)
        if words[1] == "sign":
            lines = dict(line.split(": ", 1) for line in result.stdout.splitlines())
            assert (await send("stripe", event(3), lines)).status == 200


async def test_the_requests_of_the_operator_are_answered(gateway):
    app, send, _ = gateway
    await send("stripe", event(1), sign("stripe", event(1), "stripe").headers)
    admin = app.config.admin.listen
    for row in TABLES["Request"].rows:
        method, target = codes(row[0])[0].split(" ")
        body = codes(row[1])[0] if method == "POST" else None
        answer = await asyncio.to_thread(call, admin, method, target, body=body)
        assert answer.status == 200, target


def test_the_requests_of_the_operator_are_all():
    asked = {tuple(codes(row[0])[0].partition("?")[0].split(" ")) for row in TABLES["Request"].rows}
    assert asked == set(InboxApi(None, None, None)._actions)


@pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
def test_an_example_is_accepted(part, tmp_path):
    path = tmp_path / "frontdesk.yaml"
    path.write_text(json.dumps(spliced(json.loads(json.dumps(WHOLE.content)), part)))
    load([path], {}, lookup=lambda _scheme, name: name)


def test_the_tables_are_the_codes():
    assert codes(" ".join(row[0] for row in TABLES["State"].rows)) == list(get_args(State))
    told = json.loads(function_event(Taken("s", "i", "t", b"[]", b"")))
    members = codes(" ".join(row[0] for row in TABLES["Member"].rows))
    assert {*members, "isBase64Encoded"} == set(told)
    targets = codes(" ".join(row[0] for row in TABLES["Target"].rows))
    assert [word.strip("{}").partition(":")[0] for word in targets] == [
        *("function", "state_machine", "queue", "task_token"),
        *get_args(Word),
    ]
    assert set(TARGETS) == {word.strip("{}").partition(":")[0] for word in targets[:4]}
    for name in codes(" ".join(row[0] for row in TABLES["Metric"].rows)):
        if name.startswith("frontdesk"):
            assert name.partition("{")[0] in {
                each.name for each in vars(metrics).values() if hasattr(each, "labels")
            }


def test_the_waits_are_the_codes():
    (told,) = re.findall(r"again after (.*?), a fifth more or less", PAGE)
    units = {"s": 1, "min": 60, "h": 3600}
    waits = [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)\b", told)]
    assert waits == list(AGAIN)
