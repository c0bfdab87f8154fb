"""`frontdesk upstreams` against a gateway that runs; beside it what else tells of the file's parts in the console."""

import asyncio

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from tests.live.calls import call
from tests.live.gateways import project, serving

CONFIG = """
upstreams:
  billing: {url: "http://127.0.0.1:9", breaker: {failures: 1, reset: 10m}, bulkhead: 5}
  plain: {targets: ["http://127.0.0.1:9", "http://127.0.0.1:10"]}
plans: {small: {apis: a, throttle: 5/s, quota: "1,000/d"}, free: {apis: a}}
webhooks: {stripe: {scheme: stripe, secrets: [{value: hush, id: new}]}}
apis:
  a:
    routes:
      GET /bill: {http: {upstream: billing, path: /}}
      GET /plain: {http: {upstream: plain, path: /}}
"""


@pytest.fixture
async def command(tmp_path):
    path = project(tmp_path, CONFIG)
    async with serving(path) as app:

        async def run(group, word, *more):
            words = [group, word, "-c", str(path), *more]
            return await asyncio.to_thread(CliRunner().invoke, cli, words)

        run.app = app
        yield run


async def test_breakers_are_seen_and_moved(command):
    await asyncio.to_thread(call, command.app.addresses[0], "GET", "/bill")
    head, billing, plain = (await command("upstreams", "list")).stdout.splitlines()
    assert head.split() == ["UPSTREAM", "WORKER", "BREAKER", "WHY", "CALLS", "WAITING", "TARGETS"]
    assert "open for" in billing
    assert "failures in a row: 1  0 of 5  0" in billing
    assert plain.split() == ["plain", "-", "-", "-", "0", "0", "2"]
    for word, state in (("trip", "isolated"), ("disable", "disabled"), ("reset", "closed")):
        assert state in (await command("upstreams", word, "billing")).stdout


@pytest.mark.parametrize(
    ("name", "told"),
    [("biling", "did you mean billing?"), ("plain", "this upstream has no breaker: plain")],
)
async def test_what_cannot_be_moved_is_refused(command, name, told):
    refused = await command("upstreams", "trip", name)
    assert refused.exit_code == 1
    assert told in refused.output


async def test_plans_and_webhooks_are_listed(command):
    assert (await command("keys", "plans")).stdout.splitlines()[1:] == [
        "small  a     5/s       1000 a day  0",
        "free   a     -         -           0",
    ]
    sources = (await command("hook", "sources")).stdout
    assert sources.splitlines()[1].split() == ["stripe", "stripe", "new", "-"]
    assert "hush" not in sources
