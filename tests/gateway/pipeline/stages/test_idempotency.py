"""Idempotency keys at the door: carried out once, answered again."""

import asyncio
from types import SimpleNamespace

import orjson
import pytest

from frontdesk.base.errors import StoreError
from frontdesk.config.models.http_api import Route
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages.idempotency import MAX_BODY, idempotency_key, keep_answer
from frontdesk.ports.idempotency import Claim
from frontdesk.stores.memory.idempotency import MemoryIdempotency

KEY = (b"Idempotency-Key", b'"k-1"')


class Clock:
    now = 1_700_000_000.0

    def time(self):
        return self.now


class Body:
    """A body that is still coming."""

    def __init__(self, length):
        self.length = length
        self.sink = None
        self.cancelled = False

    def attach(self, sink):
        self.sink = sink

    def cancel(self):
        self.cancelled = True


@pytest.fixture
def clock():
    return Clock()


class Door:
    """One route: requests go in, an integration answers when the test says so."""

    def __init__(self, make_exchange, clock, store, settings):
        route = Route.model_validate({"mock": {}, "timeout": "10s", "idempotency": settings})
        build = SimpleNamespace(
            key="POST /orders",
            api_name="shop",
            facts=SimpleNamespace(stage="$default"),
            operation=route,
            at=(),
            parts=SimpleNamespace(idempotency=store, clock=clock),
            place=lambda *_path: None,
            once=lambda key, make: self.shared.get(key) or self.shared.setdefault(key, make()),
        )
        self.shared = {}
        self.head, self.tail = idempotency_key(build), keep_answer(build)
        self.make_exchange = make_exchange
        self.called = []

    def begin(self, *fields, method="POST", body=b"{}", **more):
        ex = self.make_exchange(
            fields, head=(self.head.run, self.integrate), tail=(self.tail.run, stamp), **more
        )
        ex.method, ex.body = method, body
        return ex

    def integrate(self, ex):
        self.called.append(ex)
        ex.integration_started = 1.0
        return PARKED

    async def ask(self, *fields, answer=None, **more):
        """Send a request; answer it when the integration is asked; return what the client got."""
        ex = self.begin(*fields, **more)
        client = ex.client
        calls = len(self.called)
        run.begin(ex)
        await until(lambda: client.replies or len(self.called) > calls)
        if len(self.called) > calls:
            run.resume(ex, answer or Reply(201, [(b"Location", b"/orders/7")], b"made"))
            await until(lambda: client.replies)
        return client.replies[0]


def stamp(ex, reply):
    reply.fields.append((b"apigw-requestid", ex.request_id.encode()))
    return reply


async def until(holds):
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - it may be anything
            await asyncio.sleep(0)


@pytest.fixture
def door(make_exchange, clock):
    def door(store=None, **settings):
        return Door(make_exchange, clock, store or MemoryIdempotency(), settings)

    return door


def problem_of(reply):
    fields = dict(reply.fields)
    assert fields[b"content-type"] == b"application/problem+json"
    told = orjson.loads(reply.body)
    assert told["status"] == reply.status
    assert told["title"]
    assert told["detail"]
    return told["type"].removeprefix("urn:frontdesk:problem:")


def test_a_route_without_it_has_no_such_stages():
    build = SimpleNamespace(operation=Route.model_validate({"mock": {}}))
    assert idempotency_key(build) is None
    assert keep_answer(build) is None


async def test_the_answer_is_given_again(door):
    orders = door()
    first = await orders.ask(KEY)
    second = await orders.ask(KEY)
    assert (first.status, first.body) == (second.status, second.body) == (201, b"made")
    assert (b"idempotency-replayed", b"true") not in first.fields
    stamped = (b"apigw-requestid", b"JKJaXmPLvHcESHA=")
    assert second.fields == [
        (b"Location", b"/orders/7"),
        (b"idempotency-replayed", b"true"),
        stamped,
    ]
    assert len(orders.called) == 1


async def test_both_forms_of_a_key_and_both_fields_are_one_key(door):
    orders = door()
    for field in (KEY, (b"Idempotency-Key", b"k-1"), (b"X-Idempotency-Key", b"k-1")):
        await orders.ask(field)
    assert len(orders.called) == 1


async def test_only_listed_and_described_fields_are_given_again(door):
    orders = door(headers=["X-Order"])
    fields = [(b"Content-Type", b"text/plain"), (b"Set-Cookie", b"a"), (b"x-order", b"7")]
    await orders.ask(KEY, answer=Reply(200, fields, b""))
    again = [name for name, _ in (await orders.ask(KEY)).fields]
    assert again == [b"Content-Type", b"x-order", b"idempotency-replayed", b"apigw-requestid"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_pass(door, method):
    orders = door(required=True)
    for _ in range(2):
        await orders.ask(KEY, method=method)
    assert len(orders.called) == 2


async def test_without_a_key_a_request_passes(door):
    orders = door()
    for _ in range(2):
        await orders.ask()
    assert len(orders.called) == 2


async def test_a_key_may_be_required(door):
    reply = await door(required=True, docs="https://shop.example/keys").ask()
    assert (reply.status, problem_of(reply)) == (400, "idempotency-key-missing")
    assert (b"link", b'<https://shop.example/keys>; rel="describedby"') in reply.fields


@pytest.mark.parametrize(
    "fields",
    [
        [(b"Idempotency-Key", b"a b")],
        [(b"Idempotency-Key", b"")],
        [(b"Idempotency-Key", b"a"), (b"X-Idempotency-Key", b"b")],
    ],
    ids=["blank", "empty", "two"],
)
async def test_a_malformed_key_is_refused(door, fields):
    orders = door()
    reply = await orders.ask(*fields)
    assert (reply.status, problem_of(reply)) == (400, "idempotency-key-malformed")
    assert orders.called == []


async def test_while_the_first_is_under_way_others_are_told_to_come_back(door):
    orders = door()
    first = orders.begin(KEY)
    run.begin(first)
    await until(lambda: orders.called)
    reply = await orders.ask(KEY)
    assert (reply.status, problem_of(reply)) == (409, "idempotency-in-progress")
    assert (b"retry-after", b"1") in reply.fields


async def test_after_its_lease_another_takes_over(door, clock):
    orders = door()
    run.begin(orders.begin(KEY))
    await until(lambda: orders.called)
    clock.now += 14.9
    assert (await orders.ask(KEY)).status == 409
    clock.now += 0.1  # the route's 10 s and 5 more
    assert (await orders.ask(KEY)).status == 201


async def test_another_request_with_the_key_is_refused(door):
    orders = door()
    await orders.ask(KEY)
    reply = await orders.ask(KEY, body=b"{ }")
    assert (reply.status, problem_of(reply)) == (422, "idempotency-key-reused")


async def test_chosen_values_tell_requests_apart(door):
    orders = door(fingerprint="$request.body.order")
    await orders.ask(KEY, body=b'{"order": 1, "at": 1}')
    assert (await orders.ask(KEY, body=b'{"order": 1, "at": 2}')).status == 201
    assert (await orders.ask(KEY, body=b'{"order": 2, "at": 1}')).status == 422


async def test_keys_belong_to_who_calls(door):
    orders = door()
    for principal in ("alice", "bob"):
        await orders.ask(KEY, principal=principal)
    assert len(orders.called) == 2


async def test_without_a_principal_a_key_is_of_the_api_key_that_came_with_it(door):
    orders = door()
    practices = [SimpleNamespace(id="k1"), SimpleNamespace(id="k2")]
    for practice in practices * 2:
        await orders.ask(KEY, api_key=practice)
    assert len(orders.called) == 2


async def test_keys_may_belong_to_a_tenant(door):
    orders = door(by="$request.header.X-Practice")
    for principal, practice in (("alice", b"1"), ("bob", b"1"), ("bob", b"2")):
        await orders.ask(KEY, (b"X-Practice", practice), principal=principal)
    assert len(orders.called) == 2


async def test_keys_expire(door, clock):
    orders = door(expires="1h")
    await orders.ask(KEY)
    clock.now += 3600
    await orders.ask(KEY, body=b"other")
    assert len(orders.called) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Reply(500, [], b"oops"),
        Reply(429, [], b""),
        refusal(429, "throttle:route"),
        refusal(504, "integration_timeout"),
    ],
    ids=["500", "429", "throttled", "timeout"],
)
async def test_what_is_not_final_is_tried_again(door, answer):
    orders = door()
    assert (await orders.ask(KEY, answer=answer)).status == answer.status
    assert (await orders.ask(KEY)).status == 201
    assert (await orders.ask(KEY)).status == 201
    assert len(orders.called) == 2


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        (Reply(500, [], b"oops"), 1),
        (refusal(504, "integration_timeout"), 1),
        (refusal(429, "throttle:route"), 2),
    ],
    ids=["500", "timeout", "throttled"],
)
async def test_server_errors_are_final_on_demand(door, answer, calls):
    orders = door(store_5xx=True)
    for _ in range(2):
        await orders.ask(
            KEY, answer=Reply(answer.status, [*answer.fields], answer.body, made=answer.made)
        )
    assert len(orders.called) == calls


async def test_an_answer_too_large_to_keep_is_given_once(door):
    orders = door()
    first = await orders.ask(KEY, answer=Reply(200, [], bytes(MAX_BODY + 1)))
    assert len(first.body) == MAX_BODY + 1
    reply = await orders.ask(KEY)
    assert (reply.status, problem_of(reply)) == (409, "idempotency-result-too-large")


@pytest.mark.parametrize("length", [None, MAX_BODY + 1])
async def test_a_streamed_answer_is_passed_on_and_not_kept(door, length):
    orders, body = door(), Body(length)
    assert (await orders.ask(KEY, answer=Reply(200, [], body))).body is body
    assert (await orders.ask(KEY)).status == 409


async def test_a_small_answer_that_comes_in_pieces_is_kept(door):
    orders, body = door(), Body(6)
    asking = asyncio.ensure_future(orders.ask(KEY, answer=Reply(200, [], body)))
    await until(lambda: body.sink)
    for piece in (b"abc", b"def"):
        body.sink.write(piece)
    body.sink.end(None)
    assert (await asking).body == b"abcdef"
    assert (await orders.ask(KEY)).body == b"abcdef"


async def test_an_answer_that_breaks_off_is_not_kept(door):
    orders, body = door(), Body(6)
    asking = asyncio.ensure_future(orders.ask(KEY, answer=Reply(200, [], body)))
    await until(lambda: body.sink)
    body.sink.write(b"abc")
    body.sink.abort("closed")
    assert (await asking).status == 502
    assert (await orders.ask(KEY)).status == 201


class Slow(MemoryIdempotency):
    """Does nothing before it is told to."""

    def __init__(self):
        super().__init__()
        self.go = asyncio.Event()

    async def claim(self, *key, **more):
        await self.go.wait()
        return await super().claim(*key, **more)

    async def finish(self, *what):
        await self.go.wait()
        await super().finish(*what)


async def test_an_answer_leaves_when_it_is_kept(door):
    store = Slow()
    orders = door(store)
    ex = orders.begin(KEY)
    client = ex.client
    run.begin(ex)
    store.go.set()
    await until(lambda: orders.called)
    store.go.clear()
    run.resume(ex, Reply(200, [], b""))
    for _ in range(10):
        await asyncio.sleep(0)
    assert client.replies == []
    store.go.set()
    await until(lambda: client.replies)


async def test_a_claim_whose_client_has_gone_is_given_back(door):
    store = Slow()
    orders = door(store)
    ex = orders.begin(KEY)
    run.begin(ex)
    await asyncio.sleep(0)
    run.client_gone(ex)
    store.go.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert (await orders.ask(KEY)).status == 201


class Broken(MemoryIdempotency):
    """Claims if it may; keeps nothing."""

    claims = True

    async def claim(self, *_key, **_more):
        if not self.claims:
            raise StoreError("disk full")
        return Claim("claimed", 1)

    async def finish(self, *_what):
        raise StoreError("disk full")


async def test_without_a_store_nothing_is_carried_out(door):
    store = Broken()
    store.claims = False
    orders = door(store)
    reply = await orders.ask(KEY)
    assert (reply.status, reply.cause) == (503, "idempotency:store")
    assert (b"retry-after", b"1") in reply.fields
    assert orders.called == []


async def test_what_is_done_is_told_even_if_it_cannot_be_kept(door):
    assert (await door(Broken()).ask(KEY)).status == 201
