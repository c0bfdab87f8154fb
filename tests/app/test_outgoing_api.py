"""The operator's requests about outgoing webhooks."""

import asyncio
import json

import pytest

from frontdesk.config.load import load
from tests.live.calls import call, free_port
from tests.live.gateways import project, serving
from tests.live.receivers import Receiver, answer

CONFIG = """
store: memory
admin: {{listen: 127.0.0.1:{port}, token: t0ken}}
outgoing_webhooks: {{allow_http: true, allow_networks: [127.0.0.0/8], allow_ports: [{ports}], rate: 500/s}}
"""


class Desk:
    """A gateway, and requests to its admin listener."""

    def __init__(self, app, port):
        self.app = app
        self._port = port

    async def ask(self, method, target, document=None, token="t0ken"):
        body = b"" if document is None else json.dumps(document).encode()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        got = await asyncio.to_thread(
            call, f"127.0.0.1:{self._port}", method, target, body=body, headers=headers
        )
        return got.status, json.loads(got.body)

    async def ok(self, method, target, document=None):
        status, told = await self.ask(method, f"/webhooks/apps{target}", document)
        assert status < 300, told
        return told


@pytest.fixture
async def receiver():
    async with Receiver() as made:
        yield made


@pytest.fixture
async def desk(tmp_path, receiver):
    port = free_port()
    path = project(tmp_path, CONFIG.format(port=port, ports=receiver.port))
    async with serving(path) as app:
        yield Desk(app, port)


async def test_an_endpoint_from_its_making_to_its_end(desk, receiver):
    assert (await desk.ok("PUT", "/acme", {"name": "Acme"}))["app"]["name"] == "Acme"
    document = {"url": receiver.url, "types": ["order.*"], "headers": {"X-Key": "s3cret"}}
    told = await desk.ok("POST", "/acme/endpoints", document)
    (secret,) = told["secrets"]
    endpoint = told["endpoint"]
    assert (endpoint["headers"], endpoint["rate"], endpoint["secrets"]) == (["X-Key"], "500/s", 1)
    target = f"/acme/endpoints/{endpoint['id']}"
    for shown in (await desk.ok("GET", target), await desk.ok("GET", "/acme/endpoints")):
        assert secret not in str(shown)
        assert "s3cret" not in str(shown)
    changed = await desk.ok("PATCH", target, {"description": "d", "rate": None})
    assert (changed["endpoint"]["description"], changed["endpoint"]["rate"]) == ("d", None)
    rotated = await desk.ok("POST", f"{target}/rotate")
    assert rotated["secrets"] != [secret]
    assert rotated["endpoint"]["secrets"] == 2
    assert (await desk.ok("POST", f"{target}/disable"))["endpoint"]["disabled"] == "operator"
    (listed,) = (await desk.ok("GET", "?counts=true"))["apps"]
    assert listed["endpoints"] == {"number": 1, "disabled": 1, "failing": 0}
    assert (await desk.ok("POST", f"{target}/enable"))["endpoint"]["disabled"] == ""
    (listed,) = (await desk.ok("GET", ""))["apps"]
    assert (listed["id"], "endpoints" in listed) == ("acme", False)
    await desk.ok("DELETE", target)
    assert (await desk.ask("GET", f"/webhooks/apps{target}"))[0] == 404
    await desk.ok("DELETE", "/acme")
    assert (await desk.ok("GET", ""))["apps"] == []


async def test_a_message_from_202_to_the_log_of_its_attempts(desk, receiver):
    receiver.script = [answer(500, body=b"not \xff now")]
    await desk.ok("PUT", "/acme")
    told = await desk.ok("POST", "/acme/endpoints", {"url": receiver.url})
    endpoint = told["endpoint"]["id"]
    document = {"id": "e-1", "type": "order.paid", "payload": {"n": 1}, "channels": ["eu"]}
    status, first = await desk.ask("POST", "/webhooks/apps/acme/messages", document)
    assert (status, first["outcome"], first["deliveries"]) == (202, "fresh", 1)
    status, again = await desk.ask("POST", "/webhooks/apps/acme/messages", document)
    assert (status, again["outcome"], again["id"]) == (202, "again", first["id"])
    await receiver.until(1)
    target = f"/acme/messages/{first['id']}"
    while not (attempts := (await desk.ok("GET", f"{target}/attempts"))["attempts"]):
        pass
    assert (attempts[0]["endpoint"], attempts[0]["status"]) == (endpoint, 500)
    assert (attempts[0]["error"], attempts[0]["body"]) == ("status 500", "not \ufffd now")
    shown = await desk.ok("GET", target)
    assert shown["message"]["text"] == '{"n":1}'
    assert (shown["deliveries"][0]["state"], shown["deliveries"][0]["attempts"]) == ("waiting", 1)
    (listed,) = (await desk.ok("GET", "?counts=true"))["apps"]
    assert listed["endpoints"] == {"number": 1, "disabled": 0, "failing": 1}
    assert (await desk.ask("POST", f"/webhooks/apps{target}/resend", {"endpoint": endpoint}))[
        0
    ] == 202
    await receiver.until(2)
    listed = await desk.ok("GET", f"/acme/endpoints/{endpoint}/deliveries")
    assert [each["message"] for each in listed["deliveries"]] == [first["id"]]
    assert [each["event"] for each in (await desk.ok("GET", "/acme/messages"))["messages"]] == [
        "e-1"
    ]
    status, tested = await desk.ask("POST", f"/webhooks/apps/acme/endpoints/{endpoint}/test")
    assert (status, tested["deliveries"]) == (202, 1)
    await receiver.until(3)
    recover = f"/webhooks/apps/acme/endpoints/{endpoint}/recover"
    assert await desk.ask("POST", recover, {"since": 0}) == (202, {"recovered": 0})


async def test_lists_go_on_where_the_page_before_has_ended(desk, monkeypatch):
    monkeypatch.setattr("frontdesk.app.outgoing_api._MOST", 2)
    await desk.ok("PUT", "/acme")
    for number in range(3):
        await desk.ok("POST", "/acme/messages", {"type": "a", "payload": number})
        await desk.ok("POST", "/acme/endpoints", {"url": "https://hooks.example.com/"})
        await desk.ok("PUT", f"/b{number}")
    for target, key in (
        ("", "apps"),
        ("/acme/endpoints", "endpoints"),
        ("/acme/messages", "messages"),
    ):
        first = await desk.ok("GET", target)
        second = await desk.ok("GET", f"{target}?after={first['next']}")
        ids = [each["id"] for page in (first, second) for each in page[key]]
        assert len(first[key]) == 2
        assert len(set(ids)) == len(ids) >= 3


REFUSED = [
    ("GET", "/acme", None, 405),
    ("GET", "/acme/nothing", None, 404),
    ("POST", "/acme/messages", [1], 422),
    ("POST", "/acme/messages", {"type": "a", "payload": 1}, 404),
    ("GET", "/acme/messages", None, 404),
    ("GET", "/acme/endpoints", None, 404),
    ("GET", "/acme/endpoints?after=%00", None, 422),
    ("POST", "/acme/messages/m/resend", {}, 422),
    ("GET", "/acme/messages?after=x", None, 422),
    ("GET", "/acme/endpoints/e/deliveries?state=x", None, 422),
    ("PUT", "/a%20b", {}, 422),
]


async def test_what_cannot_be_done_is_refused(desk):
    for method, target, document, status in REFUSED:
        got, _ = await desk.ask(method, f"/webhooks/apps{target}", document)
        assert (method, target, got) == (method, target, status)
    assert (await desk.ask("GET", "/webhooks/apps", token=""))[0] == 401


async def test_a_reload_ends_and_begins_the_sending(desk, receiver, tmp_path):
    await desk.ok("PUT", "/acme")
    await desk.ok("POST", "/acme/endpoints", {"url": receiver.url})
    path = tmp_path / "frontdesk.yaml"
    whole = path.read_text()
    path.write_text("\n".join(each for each in whole.splitlines() if "outgoing" not in each))
    await desk.app.reload(load([path], {}))
    status, told = await desk.ask(
        "POST", "/webhooks/apps/acme/messages", {"type": "a", "payload": 1}
    )
    assert (status, told["hint"]) == (404, "say `outgoing_webhooks: {}` in the file")
    path.write_text(whole)
    await desk.app.reload(load([path], {}))
    await desk.ok("POST", "/acme/messages", {"type": "a", "payload": 1})
    await receiver.until(1)
