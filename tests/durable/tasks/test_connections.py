"""Connections of the file, and the backends that tasks reach."""

import asyncio

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.client.dial import TlsSettings
from frontdesk.client.egress import EgressSettings
from frontdesk.client.proxies import Identity
from frontdesk.config.load import load
from frontdesk.durable.tasks.asking import ask
from frontdesk.durable.tasks.connections import (
    DIRECTLY,
    Backends,
    Connection,
    Way,
    connections_of,
)
from frontdesk.durable.tasks.tokens import OAuthClient
from frontdesk.rules.asl.http_tasks import Additions, Request
from tests.live.vendors import vendor

FILE = """
name: clinic
egress: {ips: {addresses: [127.0.0.2, 127.0.0.3]}}
connections:
  plain: {}
  key:
    auth: {api_key: {api_key: "${env:KEY}"}}
    headers: {X-A: a}
    query: {q: "1"}
    body: {b: "2"}
    egress: ips
    tls: {ca: /ca.pem}
  token:
    headers: {X-A: a}
    auth:
      oauth:
        token_url: https://login.example/token
        client_id: clinic
        client_secret: "${env:KEY}"
        auth_method: client_secret_post
        scope: read
        body: {audience: x}
"""


def test_connections_of_the_file(tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(FILE)
    loaded = load([tmp_path / "frontdesk.yaml"], {"KEY": "s3cret"})
    egress = EgressSettings((Identity("127.0.0.2"), Identity("127.0.0.3")), failover=True)
    made = connections_of(loaded.config)
    assert made == {
        "plain": Connection(),
        "key": Connection(
            Way(TlsSettings("/ca.pem"), egress),
            Additions({"X-A": "a", "X-Api-Key": "s3cret"}, {"q": "1"}, {"b": "2"}),
        ),
        "token": Connection(
            added=Additions({"X-A": "a"}),
            oauth=OAuthClient(
                "https://login.example/token",
                "clinic",
                "s3cret",
                True,
                "read",
                Additions(body={"audience": "x"}),
            ),
        ),
    }
    assert "s3cret" not in repr(made)


@pytest.fixture
async def backends():
    clock = SystemClock()
    backends = Backends(clock, Wheel(clock.monotonic()), most=3)
    yield backends
    backends.close()


async def test_one_backend_for_each_origin(backends):
    urls = ["http://a/x", "http://A/y?z", "http://a:80", "http://a:81", "https://a"]
    found = await asyncio.gather(*[backends.get(url, DIRECTLY) for url in urls])
    assert found[0] is found[1] is found[2]
    assert len(set(found)) == 3
    assert await backends.get(urls[0], Way(TlsSettings(cert="/c"))) is not found[0]


async def test_the_backend_that_was_used_longest_ago_goes(backends):
    request = Request("GET", b"GET / HTTP/1.1\r\n", b"")
    async with (
        vendor(lambda _: {}) as first,
        vendor(lambda _: {}) as second,
        vendor(lambda _: {}) as third,
        vendor(lambda _: {}) as fourth,
    ):
        for api in (first, second, first, third, fourth):
            backend = await backends.get(api.url, DIRECTLY)
            assert (await ask(backend, request, 100)).status == 200
        await asyncio.wait_for(asyncio.wait(second.connections.values()), 30)
        assert not any(task.done() for task in first.connections.values())
