"""The operator's requests about webhooks that were taken: what is found, shown, dealt with again, and refused."""

import json
from unittest.mock import ANY

import pytest

from frontdesk.app.inbox_api import InboxApi
from frontdesk.base.errors import StoreError
from frontdesk.config.models.webhook import Webhook
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.inbox import Claim, Finish, Lease
from frontdesk.stores.memory.inbox import MemoryInbox
from frontdesk.stores.memory.journal import MemoryJournal
from frontdesk.stores.memory.queue import MemoryQueues

UNUSED = Webhook(scheme="github", secret={"value": "hush"})
STRIPE = Webhook(
    scheme="stripe",
    secrets=[
        {"value": "hush"},
        {"value": "hush2", "id": "old", "not_after": "2001-09-09T01:46:40Z"},
    ],
    tolerance="60s",
    allow_ips=["192.0.2.0/24"],
    dispatch={"a.*": {"queue": "calls"}, "default": "ignore"},
)


class Again:
    def __init__(self):
        self.asked = []

    async def replay(self, what, *, most):
        self.asked.append((what, most))
        return 3


@pytest.fixture
async def inbox():
    inbox = MemoryInbox(MemoryQueues(), MemoryJournal())
    for number, (source, kind, body) in enumerate(
        [
            ("stripe", "invoice.paid", b'{"n": "\xc3\xa9"}'),
            ("stripe", "invoice.voided", b"\xff"),
            ("github", "push", b"{}"),
        ],
        start=1,
    ):
        claim = Claim(source, f"e/{number}", body, b"", kind, headers=b'[["a","b"]]')
        await inbox.claim(claim._replace(state="processing"), now=float(number), until=100.0)
    return inbox


@pytest.fixture
def again():
    return Again()


@pytest.fixture
def ask(inbox, again):
    api = InboxApi(inbox, again, lambda: {"stripe": STRIPE, "unused": UNUSED})

    async def asked(method, target, body=b""):
        ex = Exchange()
        path, _, ex.query = target.partition("?")
        ex.method, ex.path, ex.body = method, f"/api/inbox{path}", body
        assert api.serves(ex)
        answer = api.answer(ex)
        reply = answer if isinstance(answer, Reply) else await answer
        return reply.status, json.loads(reply.body)

    return asked


async def test_webhooks_are_counted_with_those_that_have_had_none(ask):
    assert await ask("GET", "") == (
        200,
        {
            "webhooks": [
                {
                    "name": "github",
                    "states": {"processing": {"number": 1, "oldest": 3.0}},
                    "settings": None,
                },
                {
                    "name": "stripe",
                    "states": {"processing": {"number": 2, "oldest": 1.0}},
                    "settings": {
                        "scheme": "stripe",
                        "secrets": [
                            {"id": "0", "not_after": None},
                            {"id": "old", "not_after": 1e9},
                        ],
                        "tolerance": 60.0,
                        "allow_ips": ["192.0.2.0/24"],
                        "dispatch": {"a.*": "queue calls", "default": "ignore"},
                        "order_by": None,
                        "version_by": None,
                        "on_dead": "continue",
                        "mode": "async",
                        "attempts": 8,
                        "retention": 30 * 86_400.0,
                        "keep_body": 7 * 86_400.0,
                    },
                },
                {"name": "unused", "states": {}, "settings": ANY},
            ]
        },
    )


async def test_no_secret_is_told(ask):
    _, told = await ask("GET", "")
    assert "hush" not in json.dumps(told)


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("", ["e/3", "e/2", "e/1"]),
        ("webhook=stripe", ["e/2", "e/1"]),
        ("type=invoice.*", ["e/2", "e/1"]),
        ("type=invoice.paid", ["e/1"]),
        ("since=2&until=2.5", ["e/2"]),
        ("id=e/3", ["e/3"]),
        ("state=dead", []),
        ("most=2", ["e/3", "e/2"]),
        ("most=5000", ["e/3", "e/2", "e/1"]),
    ],
)
async def test_deliveries_are_found(ask, asked, ids):
    status, told = await ask("GET", f"/deliveries?{asked}")
    assert status == 200
    assert [each["id"] for each in told["deliveries"]] == ids


async def test_a_list_goes_on_where_it_ended(ask):
    _, first = await ask("GET", "/deliveries?most=2")
    _, rest = await ask("GET", f"/deliveries?most=2&token={first['next']}")
    assert [each["id"] for each in rest["deliveries"]] == ["e/1"]
    assert rest["next"] == ""


async def test_deliveries_of_a_webhook_that_the_file_names_no_more_are_found(ask, inbox):
    held = (
        await inbox.claim(Claim("gone", "e", b"", b"", state="processing"), now=1, until=2)
    ).held
    await inbox.finish(held, Finish("processed"), now=1)
    status, told = await ask("GET", "/deliveries?webhook=gone")
    assert (status, [each["id"] for each in told["deliveries"]]) == (200, ["e"])


async def test_a_delivery_is_shown_whole(ask, inbox):
    page = await inbox.take({"stripe": Lease(300.0)}, most=1, now=200.0)
    await inbox.finish(page[0].held, Finish("processed", result=b"1"), now=201.0)
    status, told = await ask("GET", "/delivery?webhook=stripe&id=e/1")
    assert status == 200
    assert (told["body"], told["base64"]) == ('{"n": "é"}', False)
    assert (told["headers"], told["result"]) == ([["a", "b"]], "1")
    assert (told["webhook"], told["state"], told["processed"]) == ("stripe", "processed", 201.0)
    _, other = await ask("GET", "/delivery?webhook=stripe&id=e/2")
    assert (other["body"], other["base64"]) == ("/w==", True)


async def test_deliveries_are_dealt_with_again(ask, again):
    asked = {"webhook": "stripe", "state": "dead", "type": "a.*", "since": 5, "most": 7}
    assert await ask("POST", "/replay", json.dumps(asked).encode()) == (200, {"replayed": 3})
    ((what, most),) = again.asked
    assert (what.source, what.state, what.type, what.since, most) == ("stripe", "dead", "a.*", 5, 7)


async def test_some_deliveries_are_dealt_with_again(ask, again):
    each = [{"webhook": "stripe", "id": "e/1"}, {"webhook": "github", "id": "e/3"}]
    given = json.dumps({"deliveries": each}).encode()
    assert await ask("POST", "/replay", given) == (200, {"replayed": 6})
    assert [(what.source, what.id, most) for what, most in again.asked] == [
        ("stripe", "e/1", 1),
        ("github", "e/3", 1),
    ]


@pytest.mark.parametrize("listed", [[], "e/1", [{}], [{"webhook": "a"}], [{"webhook": 1, "id": 2}]])
async def test_what_says_no_deliveries_is_refused(ask, again, listed):
    status, _ = await ask("POST", "/replay", json.dumps({"deliveries": listed}).encode())
    assert (status, again.asked) == (422, [])


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "message"),
    [
        ("GET", "/delivery?webhook=stripe&id=x", b"", 404, "there is no delivery x of stripe"),
        ("GET", "/deliveries?state=ded", b"", 422, "there is no such state: ded"),
        ("GET", "/deliveries?since=nan", b"", 422, "expected a number for since: nan"),
        ("GET", "/deliveries?most=0", b"", 422, "expected a number for most: 0"),
        ("GET", "/deliveries?token=x", b"", 422, None),
        ("POST", "/replay", b"[]", 422, "expected a JSON object"),
        ("POST", "/replay", b'{"most": "many"}', 422, "expected a number for most: many"),
        ("POST", "/replay", b'{"type": 5}', 422, "expected a text for type"),
        ("POST", "/deliveries", b"", 405, "Method Not Allowed"),
        ("GET", "/elsewhere", b"", 404, "Not Found"),
    ],
)
async def test_what_cannot_be_asked_is_told(ask, again, method, target, body, status, message):
    answered, told = await ask(method, target, body)
    assert answered == status
    assert message in (None, told["message"])
    assert not again.asked


async def test_a_store_that_is_lost_is_told(ask, inbox, monkeypatch):
    async def lost():
        raise StoreError("disk full")

    monkeypatch.setattr(inbox, "counts", lost)
    assert await ask("GET", "") == (503, {"message": "disk full", "hint": "", "findings": []})
