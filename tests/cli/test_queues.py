"""`frontdesk queue` against a gateway that runs."""

import asyncio
import json

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from frontdesk.ports.queue import Outgoing
from tests.live.gateways import project, serving

CONFIG = """
queues:
  calls: {max_receives: 1, dead_letter: calls-dead}
  calls-dead: {retention: 14d}
  line: {fifo: true, delay: 5s}
store: memory
"""


class Commands:
    """A gateway, and the command asked about it."""

    def __init__(self, app, path):
        self.queues = app._works.part.durable.queues.queues
        self._path = path

    async def __call__(self, *words):
        command = ["queue", words[0], "-c", str(self._path), *words[1:]]
        return await asyncio.to_thread(CliRunner().invoke, cli, command)

    async def dead(self, *bodies):
        """Have messages of `calls` given up."""
        queue = self.queues.find("calls")
        messages = [Outgoing(f"id-{body}", body.encode()) for body in bodies]
        await self.queues.send(queue, messages)
        for _ in range(2):
            received = await self.queues.receive(queue, most=10)
            await self.queues.change(queue, [message.receipt for message in received], 0)


@pytest.fixture
async def queue(tmp_path):
    path = project(tmp_path, CONFIG)
    async with serving(path) as app:
        yield Commands(app, path)


async def test_queues_are_listed_with_what_they_have(queue):
    await queue.dead("a", "b")
    assert (await queue("list")).stdout.splitlines() == [
        "QUEUE       VISIBLE  IN FLIGHT  DELAYED",
        "calls       0        0          0",
        "calls-dead  2        0          0",
        "line        0        0          0",
    ]


async def test_a_queue_is_shown_with_its_rules_and_sources(queue):
    await queue.dead("a")
    assert (await queue("show", "calls-dead")).stdout.splitlines()[1:] == [
        "calls-dead  1        0          0",
        "visibility 30s, retention 14d",
        "1 from calls",
    ]
    rules = (await queue("show", "calls")).stdout.splitlines()[2]
    assert rules == "visibility 30s, retention 4d, to calls-dead after 1 receives"
    assert "delay 5s" in (await queue("show", "line")).stdout


async def test_dead_letters_are_moved_back(queue):
    await queue.dead("a", "b")
    assert (await queue("redrive", "calls-dead")).stdout == "2 messages moved\n"
    received = await queue.queues.receive(queue.queues.find("calls"), most=10)
    assert [message.body for message in received] == [b"a", b"b"]


async def test_what_came_from_nowhere_needs_a_place(queue):
    sent = await queue("send", "calls-dead", "m")
    refused = await queue("redrive", "calls-dead")
    assert refused.exit_code == 1
    assert "CouldNotDetermineMessageSource" in refused.stderr
    assert "--to" in refused.stderr
    assert (await queue("redrive", "calls-dead", "--to", "calls")).stdout == "1 message moved\n"
    (message,) = await queue.queues.receive(queue.queues.find("calls"), most=10)
    assert message.id == sent.stdout.strip()


async def test_a_queue_is_purged_when_that_is_meant(queue):
    await queue.dead("a", "b")
    assert (await queue("purge", "calls-dead")).exit_code == 1
    assert (await queue("purge", "calls-dead", "--yes")).stdout == "2 messages dropped\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "cals"), "there is no such queue: cals"),
        (("send", "line", "m"), "The request must contain the parameter MessageGroupId."),
        (("redrive", "calls-dead", "--to", "line"), "expected another queue of the same kind"),
    ],
)
async def test_what_cannot_be_done_is_refused(queue, words, told):
    refused = await queue(*words)
    assert refused.exit_code == 1
    assert told in refused.stderr


async def test_messages_are_peeked_at_and_nothing_changes(queue):
    await queue.dead("a", "b")
    for _ in range(2):
        head, first, second = (await queue("peek", "calls-dead")).stdout.splitlines()
        assert head.split()[:3] == ["NUMBER", "STATE", "RECEIVES"]
        assert (first.split()[1], first.split()[-2:]) == ("visible", ["calls", "a"])
    assert "more: --after" in (await queue("peek", "calls-dead", "--most", "1")).stdout
    shown = json.loads((await queue("message", "calls-dead", second.split()[0])).stdout)
    assert (shown["id"], shown["body"], shown["source"]) == ("id-b", "b", "calls")


async def test_single_messages_are_moved_replaced_and_dropped(queue):
    await queue.dead("a", "b", "c")
    rows = (await queue("peek", "calls-dead")).stdout.splitlines()[1:]
    first, second, third = (row.split()[0] for row in rows)
    assert (await queue("redrive", "calls-dead", "--only", first)).stdout == "1 message moved\n"
    replaced = await queue("replace", "calls-dead", second, "mended")
    assert replaced.stdout.endswith(" sent to calls\n")
    assert (await queue("drop", "calls-dead", third, "99999")).stdout == "1 message dropped\n"
    received = await queue.queues.receive(queue.queues.find("calls"), most=10)
    assert [message.body for message in received] == [b"a", b"mended"]
    assert (await queue("list")).stdout.splitlines()[2].split() == ["calls-dead", "0", "0", "0"]


async def test_a_redrive_need_not_be_waited_for(queue):
    await queue.dead("a", "b", "c")
    begun = await queue("redrive", "calls-dead", "--rate", "1", "--no-wait")
    id_ = begun.stdout.split()[1]
    await queue("cancel", "calls-dead", id_)
    assert f"redrive {id_} cancel" in (await queue("show", "calls-dead")).stdout
    assert "no such redrive" in (await queue("cancel", "calls", id_)).stderr
