"""Webhooks from the door to whoever deals with them: with real functions, queues, executions, stores and workers."""

import asyncio
import contextlib
import json

import pytest
from click.testing import CliRunner

from frontdesk.app import Frontdesk
from frontdesk.app.reading import read_files
from frontdesk.cli.main import cli
from frontdesk.ports.inbox import Search
from frontdesk.webhooks import sign
from tests.live.calls import call
from tests.live.gateways import project, serving

CONFIG = """
functions:
  tell: {handler: handlers.tell, timeout: 10s}
  answer: {handler: handlers.answer, timeout: 10s}
  ask: {handler: handlers.ask, timeout: 10s}
queues: {charges: {}}
state_machines:
  ship: {definition: {StartAt: A, States: {A: {Type: Pass, End: true}}}}
  paid:
    definition:
      StartAt: Ask
      States:
        Ask:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke.waitForTaskToken
          Parameters: {FunctionName: ask, Payload: {token.$: $$.Task.Token}}
          End: true
webhooks:
  stripe:
    scheme: stripe
    secret: s
    dispatch:
      paid: {function: tell}
      "charge.*": {queue: charges}
      order: {state_machine: ship}
      done: {task_token: $body.token}
  slack: {scheme: slack, secret: s, mode: sync, dispatch: {default: {function: answer}}}
apis:
  hooks: {routes: {POST /stripe: {webhook: stripe}, POST /slack: {webhook: slack}}}
"""
HANDLERS = """
import json
from pathlib import Path

HERE = Path(__file__).parent

def tell(event, context):
    if (HERE / "broken").exists():
        raise ValueError("broken")
    with open(HERE / "told", "a") as told:
        told.write(json.dumps(event) + "\\n")

def answer(event, context):
    if (HERE / "broken").exists():
        raise ValueError("broken")
    return {"text": event["id"]}

def ask(event, context):
    (HERE / "token").write_text(event["token"])
"""


async def until(condition):
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0.02)


async def written(file):
    return file.exists() and file.read_text() != ""


class Gateway:
    def __init__(self, app, path):
        self.app = app
        self.folder = path.parent
        self.path = path
        (self._address,) = app.addresses

    @property
    def inbox(self):
        return self.app._works.part.durable.inbox.inbox

    async def send(self, event, to="stripe", secret="s"):
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        headers = sign(to, body, secret).headers
        return await asyncio.to_thread(
            call, self._address, "POST", f"/{to}", body=body, headers=headers
        )

    async def ended(self, id_, state="processed", to="stripe"):
        """Wait until a delivery is in a state; return it."""
        await until(lambda: self._is(to, id_, state))
        return await self.inbox.find(to, id_)

    async def _is(self, to, id_, state):
        found = await self.inbox.find(to, id_)
        return found is not None and found.entry.state == state

    async def is_taken(self, event, secret):
        return (await self.send(event, secret=secret)).status == 200

    async def has_told(self, count):
        return len((self.folder / "told").read_text().splitlines()) == count

    async def command(self, *words, **more):
        arguments = ["hook", words[0], "-c", str(self.path), *words[1:]]
        return await asyncio.to_thread(CliRunner().invoke, cli, arguments, **more)


@contextlib.asynccontextmanager
async def started(app):
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


@pytest.fixture
def path(tmp_path):
    return project(tmp_path, CONFIG, handlers=HANDLERS)


@pytest.fixture
async def gateway(path):
    async with serving(path) as app:
        yield Gateway(app, path)


@pytest.mark.parametrize("workers", [1, 2])
async def test_each_target_deals_with_its_types_once(path, workers):
    async with serving(path, workers=workers) as app:
        gateway = Gateway(app, path)
        for _ in range(2):
            for number, kind in enumerate(("paid", "charge.failed", "order", "unknown")):
                answer = await gateway.send({"id": f"e{number}", "type": kind})
                assert (answer.status, answer.body) == (200, b'{"received": true}')
        assert answer.headers["x-frontdesk-duplicate"] == "1"
        await gateway.ended("e0")
        (event,) = map(json.loads, (path.parent / "told").read_text().splitlines())
        queues = app._works.part.durable.queues.queues
        (message,) = await queues.receive(queues.find("charges"), most=10)
        executions = (await app._works.part.durable.executions.list(machine="ship")).executions
        states = [(await gateway.inbox.find("stripe", f"e{n}")).entry for n in range(4)]
    assert (event["id"], event["type"], event["attempt"]) == ("e0", "paid", 1)
    assert json.loads(event["body"]) == {"id": "e0", "type": "paid"}
    assert message.body == b'{"id": "e1", "type": "charge.failed"}'
    assert [one.name for one in executions] == ["stripe.e2"]
    assert [one.state for one in states] == ["processed"] * 3 + ["ignored"]
    assert {one.duplicates for one in states} == {1}


async def test_a_webhook_answers_the_task_that_waits(gateway):
    executions = gateway.app._works.part.durable.executions
    begun = await executions.start("paid", "{}")
    token = gateway.folder / "token"
    await until(lambda: written(token))
    event = {"id": "e1", "type": "done", "token": token.read_text(), "amount": 5}
    assert (await gateway.send(event)).status == 200
    ended = await executions.settled(begun.arn, within=30.0)
    assert (ended.status, json.loads(ended.output)["amount"]) == ("SUCCEEDED", 5)


async def test_who_waits_gets_the_result_and_repetitions_the_same(gateway):
    event = {"event_id": "e1", "type": "event_callback"}
    first, again = [await gateway.send(event, "slack") for _ in range(2)]
    assert (first.status, first.json) == (200, {"text": "e1"})
    assert (again.status, again.json) == (200, {"text": "e1"})
    assert (first.headers["x-frontdesk-duplicate"], again.headers["x-frontdesk-duplicate"]) == (
        None,
        "1",
    )


async def test_a_failure_is_500_and_the_repetition_tries_again(gateway):
    event = {"event_id": "e1"}
    broken = gateway.folder / "broken"
    broken.touch()
    assert (await gateway.send(event, "slack")).status == 500
    broken.unlink()
    assert (await gateway.send(event, "slack")).json == {"text": "e1"}


async def test_of_two_at_the_same_moment_one_is_dealt_with(path):
    async with serving(path, workers=2) as app:
        gateway = Gateway(app, path)
        answers = await asyncio.gather(
            *(gateway.send({"id": "e1", "type": "paid"}) for _ in range(8))
        )
        await gateway.ended("e1")
    assert {answer.status for answer in answers} == {200}
    told = [answer.headers["x-frontdesk-duplicate"] for answer in answers]
    assert sorted(told, key=str) == ["1"] * 7 + [None]
    assert len((path.parent / "told").read_text().splitlines()) == 1


async def test_a_new_secret_counts_without_a_restart(path):
    path.write_text(path.read_text().replace("secret: s\n", "secret: '${secret:stripe}'\n"))

    def secret(value):
        words = ["secrets", "set", "stripe", "-c", str(path)]
        result = CliRunner().invoke(cli, words, input=value)
        assert result.exit_code == 0, result.output

    await asyncio.to_thread(secret, "old")
    loaded = await asyncio.to_thread(read_files, (path,), {})
    async with started(Frontdesk(loaded)) as app:
        gateway = Gateway(app, path)
        event = {"id": "e1", "type": "unknown"}
        assert (await gateway.send(event, secret="old")).status == 200
        await asyncio.to_thread(secret, "new")
        await until(lambda: gateway.is_taken(event, "new"))
        assert (await gateway.send(event, secret="old")).status == 401


# -- the command ------------------------------------------------------------------------------------------


async def test_the_command_lists_shows_and_replays(gateway):
    for number, kind in enumerate(("unknown", "paid")):
        await gateway.send({"id": f"e{number}", "type": kind, "token": "sk_live_x"})
    await gateway.ended("e1")
    head, *rows = (await gateway.command("list")).stdout.splitlines()
    assert head.split()[:5] == ["RECEIVED", "WEBHOOK", "TYPE", "ID", "STATE"]
    assert [row.split()[2:7] for row in rows] == [
        ["stripe", "paid", "e1", "processed", "1"],
        ["stripe", "unknown", "e0", "ignored", "0"],
    ]
    listed = json.loads((await gateway.command("list", "stripe", "--type", "pa*", "--json")).stdout)
    assert [each["id"] for each in listed] == ["e1"]
    assert (await gateway.command("list", "--since", "1h", "--until", "30m")).stdout.count(
        "e1"
    ) == 0
    shown = (await gateway.command("show", "stripe", "e1")).stdout
    assert "processed" in shown
    assert "sk_live_x" not in shown
    assert shown.count("content-length") == 1
    body = (await gateway.command("show", "stripe", "e1", "--body")).stdout_bytes
    assert body == b'{"id": "e1", "type": "paid", "token": "sk_live_x"}'
    replayed = await gateway.command("replay", "stripe", "e1")
    assert replayed.stdout == "1 delivery is dealt with again\n"
    await until(lambda: gateway.has_told(2))
    told = [json.loads(line) for line in (gateway.folder / "told").read_text().splitlines()]
    assert [event["replay"] for event in told] == [0, 1]


async def test_the_command_says_what_it_cannot_do(gateway):
    gone = await gateway.command("show", "stripe", "e9")
    assert gone.exit_code == 1
    assert "refused: there is no delivery e9 of stripe" in gone.stderr
    absent = await gateway.command("replay", "stripe", "e9")
    assert (absent.exit_code, absent.stdout) == (1, "")
    assert "refused: e9 of stripe is not there" in absent.stderr
    for action in ("list", "replay"):
        unknown = await gateway.command(action, "strip")  # nobody is asked whether to
        assert (unknown.exit_code, unknown.stdout) == (1, "")
        assert "there is no webhook strip" in unknown.stderr
        assert "did you mean stripe" in unknown.stderr
    none = await gateway.command("replay", "stripe")
    assert (none.exit_code, none.output) == (0, "there are no deliveries of stripe, state: dead\n")
    every = await gateway.command("replay", "--yes", "--state", "any")
    assert every.stdout == "0 deliveries are dealt with again\n"
    wrong = await gateway.command("list", "--since", "yesterday")
    assert "expected how long ago, such as 2h" in wrong.stderr


async def test_dead_ones_are_found_and_dealt_with_again(path):
    path.write_text(path.read_text().replace("secret: s\n", "secret: s\n    attempts: 1\n", 1))
    async with serving(path) as app:
        gateway = Gateway(app, path)
        (gateway.folder / "broken").touch()
        await gateway.send({"id": "e1", "type": "paid"})
        dead = await gateway.ended("e1", "dead")
        assert "broken" in dead.entry.error
        (gateway.folder / "broken").unlink()
        assert (await gateway.command("list", "--state", "dead")).stdout.count("ValueError") == 1
        refused = await gateway.command("replay", "stripe", input="n\n")
        assert "Replay 1 delivery of stripe, state: dead? [y/N]" in refused.output
        assert (refused.exit_code, "dealt with" in refused.output) == (1, False)
        replayed = await gateway.command("replay", "stripe", "--since", "1h", input="y\n")
        assert replayed.stdout.endswith("1 delivery is dealt with again\n")
        await gateway.ended("e1")
        page = await gateway.inbox.list(Search(state="dead"), most=10)
        assert page.entries == []
