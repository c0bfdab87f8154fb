"""The operator's requests about versions and canaries: what they need, and why they are refused."""

import json
from urllib.parse import quote

import pytest

from frontdesk.app.releases_api import ReleasesApi, VersionCalls
from frontdesk.base.errors import StoreError
from frontdesk.config.load import load
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.ports.usage import Row
from frontdesk.stores.memory.usage import MemoryUsage

FILE = """\
name: clinic
apis:
  visits: {versioning: {by: path, versions: {v1: {sunset: 2026-10-01}, v2: {}}}}
  desk: {base_path: /desk, versioning: {by: path, versions: {v1: {deprecated: 2026-11-01}}}}
"""
NOVEMBER = 1795219200  # 2026-11-21


class Clock:
    def time(self):
        return NOVEMBER

    monotonic = time


class Canaries:
    """Keeps what it was asked."""

    def __init__(self):
        self.asked = []

    async def status(self):
        return []

    async def records(self, api, stage):
        return [{"api": api, "stage": stage}]

    async def act(self, action, api, stage):
        if api == "broken":
            raise StoreError("the disk is full")
        self.asked.append((action, api, stage))
        return {"state": action}


class Desk:
    def __init__(self, config):
        self.usage, self.canaries = MemoryUsage(), Canaries()
        self.face = ReleasesApi(VersionCalls(lambda: config, self.usage, Clock()), self.canaries)

    async def ask(self, method, target, document=None):
        ex = Exchange()
        ex.method = method
        ex.path, _, ex.query = target.partition("?")
        ex.body = document if isinstance(document, bytes) else json.dumps(document or {}).encode()
        assert self.face.serves(ex)
        reply = self.face.answer(ex)
        reply = reply if hasattr(reply, "status") else await reply
        return reply.status, json.loads(reply.body)


@pytest.fixture
def desk(tmp_path):
    path = tmp_path / "frontdesk.yaml"
    path.write_text(FILE)
    return Desk(load([path], {}).config)


async def test_every_version_stands_somewhere(desk):
    _, told = await desk.ask("GET", "/versions")
    assert [(each["api"], each["version"], each["state"]) for each in told["versions"]] == [
        ("visits", "v1", "retired"),
        ("visits", "v2", "current"),
        ("desk", "v1", "deprecated"),
    ]


async def test_calls_are_those_of_the_last_days(desk):
    await desk.usage.add(
        [
            Row("key a", "version visits/v1", "2026-11-21", 3),
            Row("key a", "version visits/v1", "2026-11-15", 2),
            Row("key a", "version visits/v1", "2026-11-14", 9),
            Row("key a", "version visits/v2", "2026-11-21", 9),
            Row("anonymous", "version desk/v1", "2026-11-20", 1),
            Row("a", "small", "2026-11-21", 9),
        ]
    )
    _, told = await desk.ask("GET", "/versions/calls?version=v1&days=7")
    assert (told["first"], told["last"]) == ("2026-11-15", "2026-11-21")
    found = [(each["api"], each["consumer"], each["requests"]) for each in told["calls"]]
    assert found == [("visits", "key a", 2), ("visits", "key a", 3), ("desk", "anonymous", 1)]
    _, told = await desk.ask("GET", "/versions/calls?version=v1&api=desk")
    assert len(told["calls"]) == 1
    parts, after = [], ""
    while after is not None:
        target = f"/versions/calls?version=v1&days=7&most=1&after={quote(after)}"
        _, told = await desk.ask("GET", target)
        parts += [[(each["api"], each["requests"]) for each in told["calls"]]]
        after = told["next"] or None
    assert parts == [[("visits", 2)], [("visits", 3)], [("desk", 1)], []]


async def test_a_store_that_does_not_do_it_is_no_fault_of_the_request(desk):
    status, answer = await desk.ask("POST", "/canaries/promote", {"api": "broken"})
    assert (status, answer["message"]) == (503, "the disk is full")


@pytest.mark.parametrize(
    ("method", "target", "document", "told"),
    [
        ("GET", "/versions/calls?version=v3", None, "no such version: v3"),
        ("GET", "/versions/calls", None, "no such version: "),
        ("GET", "/versions/calls?version=v2&api=desk", None, "no such version: v2"),
        ("GET", "/versions/calls?version=v1&days=0", None, "expected days from 1 to 400"),
        (
            "GET",
            f"/versions/calls?version=v1&days={'9' * 5000}",
            None,
            "expected days from 1 to 400",
        ),
        ("GET", "/versions/calls?version=v1&days=many", None, "expected days from 1 to 400"),
        ("POST", "/canaries/promote", b"{", "expected a body such as"),
        ("POST", "/canaries/promote", {"api": 7}, "expected a body such as"),
        ("POST", "/canaries/promote", [], "expected a body such as"),
    ],
)
async def test_what_cannot_be_done_is_told(desk, method, target, document, told):
    document = b"[]" if document == [] else document
    status, answer = await desk.ask(method, target, document)
    assert status == 422
    assert answer["message"].startswith(told)


async def test_each_request_has_one_method(desk):
    status, _ = await desk.ask("GET", "/canaries/promote")
    assert status == 405


@pytest.mark.parametrize("action", ["promote", "rollback", "start"])
async def test_an_operator_has_his_way_with_a_canary(desk, action):
    status, told = await desk.ask("POST", f"/canaries/{action}", {"api": "desk", "stage": "prod"})
    assert (status, told) == (200, {"state": action})
    assert desk.canaries.asked == [(action, "desk", "prod")]


async def test_records_are_those_of_one_stage(desk):
    _, told = await desk.ask("GET", "/canaries/records?api=desk&stage=prod")
    assert told == {"records": [{"api": "desk", "stage": "prod"}], "next": None}
