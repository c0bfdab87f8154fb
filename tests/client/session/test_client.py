"""Calls of an API that fails in every way."""

import asyncio
import gzip
import logging
import re
import uuid

import pytest

from frontdesk.client import (
    Answer,
    Attempt,
    Bearer,
    BlockedError,
    Breaker,
    BrokenAnswerError,
    Bulkhead,
    BulkheadFullError,
    CallTimeoutError,
    CircuitOpenError,
    Client,
    ConnectError,
    Egress,
    Guard,
    Idempotency,
    Retry,
    RetryLaterError,
    StatusError,
    Throttle,
    ThrottledError,
    Timeout,
    deadline,
    trace_from,
)
from tests.live.backends import unruly
from tests.live.calls import free_port
from tests.live.vendors import vendor

YEARS = str(10 * 365 * 86400)


@pytest.fixture
async def api():
    async with unruly("api") as api:
        yield api


@pytest.fixture
async def records():
    return []


def head(api, at=-1):
    """Return the header fields of a request, by lower-case name."""
    lines = api.seen[at][0].strip().split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


# -- requests and answers ---------------------------------------------------------------------------


async def test_json_goes_out_and_comes_in(client):
    async with vendor(lambda asked: {"got": asked.body.decode()}) as api:
        answer = await client(f"{api.url}/v1/").post("/charges", json={"amount": 7})
    assert (answer.status, answer.ok, answer.json()) == (200, True, {"got": '{"amount":7}'})
    assert answer.headers["content-type"] == "application/json"
    asked = api.seen[0]
    assert (asked.method, asked.target) == ("POST", "/v1/charges")
    assert asked.headers["content-type"] == "application/json"


async def test_every_method(client, api):
    one = client(api.url)
    for method in ("get", "head", "options", "post", "put", "patch", "delete"):
        assert (await getattr(one, method)("/")).status == 200
    assert [seen.split(" ")[0] for seen, _ in api.seen] == [
        *("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
    ]


async def test_a_status_is_an_answer_until_it_is_to_be_an_error(client, api):
    api.orders = [404]
    answer = await client(api.url).get("/nobody")
    assert (answer.status, answer.ok) == (404, False)
    with pytest.raises(StatusError, match="answered 404") as caught:
        answer.raise_for_status()
    assert (caught.value.status, caught.value.retryable) == (404, False)
    assert caught.value.answer is answer


async def test_what_cannot_be_sent_is_told_before(client, api):
    one = client(api.url)
    with pytest.raises(ValueError, match="characters that cannot be sent"):
        await one.get("/", headers={"X-A": "a\r\nX-B: b"})
    with pytest.raises(ValueError, match="one of json"):
        await one.post("/", json=1, content=b"1")
    with pytest.raises(ValueError, match="no value for the place in the URL: id"):
        await one.get("/charges/{id}")
    with pytest.raises(ValueError, match="expected seconds or a timedelta: '5s'"):
        await one.get("/", timeout="5s")
    with pytest.raises(TypeError, match=r"retry: expected a Retry.*, got int"):
        await one.get("/", retry=3)
    assert api.seen == []


async def test_a_misspelt_option_is_told_before_anything_is_sent(client, api):
    with pytest.raises(TypeError, match=r"idempotencykey.*did you mean 'idempotency_key'"):
        await client(api.url).post("/charges", idempotencykey=True)
    assert api.seen == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"breaker": 5}, "breaker: expected a Breaker"),
        ({"throttle": "50/s"}, "throttle: expected a Throttle"),
        ({"auth": "s3cret"}, "auth: expected one such as Bearer(…), got str"),
    ],
)
def test_settings_of_another_kind_are_told_without_their_value(settings, told):
    with pytest.raises(TypeError, match=re.escape(told)) as caught:
        Client("https://api.example.com", **settings)
    assert "s3cret" not in str(caught.value)


async def test_an_answer_that_is_too_large_is_none(client):
    async with vendor(lambda _: b"x" * 5000) as api:
        with pytest.raises(BrokenAnswerError, match="larger than 4000 bytes"):
            await client(api.url, max_body=4000, retry=None).get("/")


async def test_a_streamed_answer_comes_in_parts(client, backend):
    one = client(f"http://127.0.0.1:{backend.port}")
    asking = asyncio.create_task(one.get("/", stream=True))
    peer = await backend.peer()
    await peer.head()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
    answer = await asking
    with pytest.raises(RuntimeError, match="still comes"):
        _ = answer.body
    chunks = answer.stream()
    assert await anext(chunks) == b"abc"
    await peer.send(b"def")
    assert [each async for each in chunks] == [b"def"]


async def test_a_streamed_answer_that_breaks_off(client, backend):
    one = client(f"http://127.0.0.1:{backend.port}")
    asking = asyncio.create_task(one.get("/", stream=True))
    peer = await backend.peer()
    await peer.head()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
    async with await asking as answer:
        peer.reset()
        with pytest.raises(BrokenAnswerError, match="breaks off"):
            await answer.read()


async def test_a_body_in_parts_is_sent_in_parts(client, backend):
    async def parts():
        yield b"one"
        yield b""
        yield b"two"

    asking = asyncio.create_task(
        client(f"http://127.0.0.1:{backend.port}").post("/", content=parts())
    )
    peer = await backend.peer()
    assert b"transfer-encoding: chunked" in (await peer.head()).lower()
    assert await peer.reader.readuntil(b"0\r\n\r\n") == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    await peer.answer()
    assert (await asking).body == b"ok"


async def test_a_body_in_parts_is_sent_once(client, api):
    async def parts():
        yield b""

    api.orders = [503]
    answer = await client(api.url).put("/", content=parts())
    assert (answer.status, len(answer.attempts)) == (503, 1)


async def test_content_that_is_coded_stays_as_it_is(client):
    packed = gzip.compress(b"x")
    async with vendor(lambda _: (200, {"Content-Encoding": "gzip"}, packed)) as api:
        answer = await client(api.url).get("/")
    assert (answer.body, api.seen[0].headers["accept-encoding"]) == (packed, "identity")


# -- attempts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [500, 503, "reset"])
async def test_a_failure_is_tried_again(client, api, after_retries, retries, order):
    api.orders = [order, order]
    answer = await after_retries(client(api.url).get("/x"), 1, 2)
    assert answer.status == 200
    assert [round(attempt.waited, 2) for attempt in answer.attempts] == [0.0, 0.5, 1.0]
    assert [head(api, at).get("x-retry-attempt") for at in range(3)] == [None, "1", "2"]
    reason = "closed" if order == "reset" else order
    assert retries == [
        f"Attempt 1/3 failed, retrying in 500ms: {reason}",
        f"Attempt 2/3 failed, retrying in 1000ms: {reason}",
    ]


async def test_the_last_answer_is_the_answer(client, api, after_retries):
    api.orders = [503, 502, 500]
    answer = await after_retries(client(api.url).get("/"), 1, 2)
    assert [attempt.status for attempt in answer.attempts] == [503, 502, 500]
    assert answer.status == 500


async def test_a_post_is_not_done_twice(client, api):
    api.orders = ["reset"]
    with pytest.raises(BrokenAnswerError) as caught:
        await client(api.url).post("/charges", json={})
    assert [attempt.error for attempt in caught.value.attempts] == ["closed"]
    assert len(api.seen) == 1


async def test_a_key_makes_a_post_repeatable_and_stays_the_same(client, api, after_retries):
    api.orders = ["reset", 503]
    call = client(api.url).post("/charges", json={"a": 1}, idempotency_key=True)
    assert (await after_retries(call, 1, 2)).status == 200
    keys = {head(api, at)["idempotency-key"] for at in range(3)}
    assert len(keys) == 1
    assert uuid.UUID(keys.pop()).version == 4
    assert {body for _, body in api.seen} == {b'{"a":1}'}


@pytest.mark.parametrize(
    ("settings", "options", "sent"),
    [
        ({}, {}, None),
        ({}, {"idempotency_key": "o-1-charge"}, "o-1-charge"),
        ({"quoted": True}, {"idempotency_key": "o-1"}, '"o-1"'),
        ({"header": "X-Key"}, {"idempotency_key": "o-1"}, None),
        ({"methods": ("POST",)}, {"idempotency_key": False}, None),
        ({}, {"headers": {"idempotency-key": "mine"}}, "mine"),
    ],
    ids=str,
)
async def test_keys(client, api, settings, options, sent):
    await client(api.url, idempotency=Idempotency(**settings)).post("/", **options)
    assert head(api).get("idempotency-key") == sent


async def test_methods_that_always_get_a_key(client, api):
    one = client(api.url, idempotency=Idempotency(methods=("POST",)))
    await one.post("/")
    await one.get("/")
    assert ["idempotency-key" in head(api, at) for at in range(2)] == [True, False]


async def test_nothing_was_sent_so_even_a_post_is_tried_again(client, after_retries):
    one = client(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ConnectError) as caught:
        await after_retries(one.post("/"), 1, 2)
    assert [attempt.error for attempt in caught.value.attempts] == ["connect"] * 3


async def test_an_answer_that_breaks_off_is_tried_again(client, backend, retries, until, clock):
    asking = asyncio.create_task(client(f"http://127.0.0.1:{backend.port}").get("/"))
    peer = await backend.peer()
    await peer.head()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of")
    peer.reset()
    await until(lambda: retries)
    clock.pass_time(1)
    peer = await backend.peer()
    await peer.head()
    await peer.answer(b"whole")
    assert (await asking).body == b"whole"


async def test_a_stale_connection_costs_no_attempt_but_is_told(client, api):
    one = client(api.url)
    await one.get("/")
    api.orders = ["reset"]
    answer = await one.get("/")
    assert [(each.status, each.replayed) for each in answer.attempts] == [(200, True)]


@pytest.mark.parametrize(
    "garbage", [b"SSH-2.0-OpenSSH_9\r\n\r\n", b"HTTP/1.1 999 X\r\n\r\n", b"\x00" * 64]
)
async def test_garbage_is_no_answer_and_not_tried_again(client, backend, garbage):
    asking = asyncio.create_task(client(f"http://127.0.0.1:{backend.port}").get("/"))
    peer = await backend.peer()
    await peer.head()
    await peer.send(garbage)
    with pytest.raises(BrokenAnswerError) as caught:
        await asking
    assert len(caught.value.attempts) == 1


async def test_an_answer_of_garbage_is_told_when_it_is_read(client):
    async with vendor(lambda _: b"<html>oops") as api:
        answer = await client(api.url).get("/")
    with pytest.raises(BrokenAnswerError, match="no JSON"):
        answer.json()


async def test_another_policy_for_one_call(client, api):
    api.orders = [503]
    assert (await client(api.url).get("/", retry=None)).status == 503
    assert len(api.seen) == 1


async def test_who_is_retried_in_front_of_us_is_not_retried_again(client, api):
    api.orders = [503]
    answer = await client(api.url).get("/", headers={"X-Retry-Attempt": "1"})
    assert answer.status == 503


async def test_retries_have_a_budget(client, api, until, clock, retries):
    one = client(api.url, retry=Retry(attempts=2, budget=0.0), breaker=None)
    api.orders = [503] * 50
    asking = [asyncio.create_task(one.get("/")) for _ in range(10)]
    await until(lambda: len(retries) == 3 and sum(each.done() for each in asking) == 7)
    clock.pass_time(1)
    assert {(await each).status for each in asking} == {503}
    assert len(api.seen) == 13  # three at once are always allowed


# -- Retry-After -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked", ["3", "Thu, 01 Jan 1970 00:16:43 GMT", "Thursday, 01-Jan-70 00:16:43 GMT"]
)
async def test_a_server_is_left_alone_for_as_long_as_it_asks(
    client, api, clock, after_retries, asked
):
    api.orders = [(503, {"Retry-After": asked})]
    clock.now = 1000.0
    answer = await after_retries(client(api.url).get("/"), 4)
    assert answer.attempts[1].waited == pytest.approx(3.15)


@pytest.mark.parametrize("status", [429, 503])
async def test_ten_years_are_not_waited_for(client, api, clock, status):
    api.orders = [(status, {"Retry-After": YEARS})]
    with pytest.raises(RetryLaterError) as caught:
        await client(api.url).get("/")
    error = caught.value
    assert (error.at, error.retry_after) == (clock.now + float(YEARS), float(YEARS))
    assert error.status == status
    assert error.retryable


async def test_a_wait_beyond_the_deadline_is_not_begun(client, api):
    api.orders = [(503, {"Retry-After": "30"})]
    with pytest.raises(RetryLaterError):
        await client(api.url).get("/")
    api.orders = [503]
    answer = await client(api.url, retry=Retry(base=100, max=100)).get("/")
    assert answer.status == 503


# -- time --------------------------------------------------------------------------------------------


async def test_an_attempt_that_takes_too_long_is_tried_again(client, api, clock, until, retries):
    api.orders = ["hang"]
    one = client(api.url, timeout=Timeout(attempt=2))
    asking = asyncio.create_task(one.get("/"))
    await until(lambda: api.seen)
    clock.pass_time(3)
    await until(lambda: retries)
    clock.pass_time(1)
    answer = await asking
    assert [attempt.error for attempt in answer.attempts] == ["timeout", ""]


async def test_no_call_takes_longer_than_its_total(client, api, clock, until):
    api.orders = ["hang"]
    asking = asyncio.create_task(client(api.url, timeout=5).get("/"))
    await until(lambda: api.seen)
    clock.pass_time(6)
    with pytest.raises(CallTimeoutError) as caught:
        await asking
    assert isinstance(caught.value, TimeoutError)
    assert len(caught.value.attempts) == 1


async def test_a_deadline_of_the_program_counts(client, api, clock, until):
    api.orders = ["hang"]
    with deadline(60), deadline(3), deadline(9):
        asking = asyncio.create_task(client(api.url).get("/"))
    await until(lambda: api.seen)
    clock.pass_time(4)
    with pytest.raises(CallTimeoutError):
        await asking


async def test_whoever_gives_up_leaves_nothing_behind(client, api, until):
    records = []
    one = client(api.url, on_call=records.append, breaker=Breaker(failures=1))
    api.orders = ["hang"]
    asking = asyncio.create_task(one.get("/"))
    await until(lambda: api.seen)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert [record.outcome for record in records] == ["cancelled"]
    assert one.circuits() == {api.url: "closed"}
    assert (await one.get("/")).status == 200


# -- breaker, bulkhead, throttle ---------------------------------------------------------------------


async def test_the_breaker_refuses_and_one_call_probes(client, api, clock):
    one = client(api.url, breaker=Breaker(failures=2, reset=30), retry=None)
    api.orders = [500, 500]
    for _ in range(2):
        await one.get("/")
    with pytest.raises(CircuitOpenError, match=r"^Circuit breaker is open$") as caught:
        await one.get("/")
    assert caught.value.retry_after == 30.0
    assert one.circuits() == {api.url: "open"}
    clock.pass_time(31)
    results = await asyncio.gather(*[one.get("/") for _ in range(3)], return_exceptions=True)
    assert [type(each) for each in results] == [Answer, CircuitOpenError, CircuitOpenError]
    assert len(api.seen) == 3
    assert (await one.get("/")).status == 200


async def test_an_open_circuit_ends_the_retries(client, api, after_retries):
    api.orders = [500, 500]
    one = client(api.url, breaker=Breaker(failures=2))
    with pytest.raises(CircuitOpenError) as caught:
        await after_retries(one.get("/"), 1, 2)
    assert [a.error or a.status for a in caught.value.attempts] == [500, 500, "circuit_open"]


async def test_a_rate_of_failures_opens_the_breaker(client, api):
    breaker = Breaker(failure_rate=0.5, min_calls=4)
    one = client(api.url, breaker=breaker, retry=None)
    api.orders = [200, 500, 200, 500]
    for _ in range(4):
        await one.get("/")
    with pytest.raises(CircuitOpenError):
        await one.get("/")


async def test_slow_calls_open_the_breaker(client, backend, clock):
    breaker = Breaker(failure_rate=0.5, min_calls=1, slow_call=2)
    url = f"http://127.0.0.1:{backend.port}"
    one = client(url, breaker=breaker)
    asking = asyncio.create_task(one.get("/"))
    peer = await backend.peer()
    await peer.head()
    clock.now += 3
    await peer.answer()
    assert (await asking).status == 200
    assert one.circuits() == {url: "open"}


async def test_whoever_waits_for_a_turn_is_not_slow(client, api, clock, until):
    breaker = Breaker(failure_rate=0.5, min_calls=1, slow_call=2, slow_call_rate=0.5)
    one = client(api.url, breaker=breaker, throttle=Throttle(rate=0.2))
    await one.get("/")
    asking = asyncio.create_task(one.get("/"))
    await asyncio.sleep(0)
    clock.pass_time(6)
    assert (await asking).status == 200
    assert one.circuits() == {api.url: "closed"}


async def test_each_host_has_a_breaker_of_its_own(client, api):
    async with unruly("other") as other:
        one = client(breaker=Breaker(failures=1), retry=None)
        api.orders = [500]
        await one.get(f"{api.url}/")
        assert (await one.get(f"{other.url}/")).status == 200
        assert one.circuits() == {api.url: "open", other.url: "closed"}


async def test_a_bulkhead_refuses_what_is_too_much(client, api, until):
    one = client(api.url, bulkhead=Bulkhead(calls=1), retry=None)
    api.orders = ["hang"]
    asking = asyncio.create_task(one.get("/"))
    await until(lambda: api.seen)
    with pytest.raises(BulkheadFullError):
        await one.get("/")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_rate_of_ours_is_kept(client, api, clock, until):
    one = client(api.url, throttle=Throttle(rate=1, max_wait=1.5))
    asking = [asyncio.create_task(one.get("/")) for _ in range(2)]
    await until(asking[0].done)
    assert (len(api.seen), asking[1].done()) == (1, False)
    clock.pass_time(1.1)
    assert (await asking[1]).status == 200


async def test_a_server_that_refuses_is_asked_less(client, api):
    api.orders = [(429, {"Retry-After": "20"})]
    one = client(api.url, retry=None)
    assert (await one.get("/")).status == 429
    with pytest.raises(ThrottledError) as caught:
        await one.get("/")
    assert caught.value.retry_after == pytest.approx(20, abs=1)
    assert len(api.seen) == 1
    assert one.circuits() == {api.url: "closed"}


async def test_what_a_server_announces_is_kept(client, api, clock, until):
    api.orders = [(200, {"RateLimit": '"burst";r=0;t=5'})]
    one = client(api.url)
    await one.get("/")
    asking = asyncio.create_task(one.get("/"))
    clock.pass_time(4)
    await asyncio.sleep(0)
    assert len(api.seen) == 1
    clock.pass_time(2)
    await asking
    assert len(api.seen) == 2


async def test_identities_take_turns(client, api):
    api.orders = [(429, {"Retry-After": "60"})]
    one = client(api.url, egress=Egress(["127.0.0.2", "127.0.0.3"]))
    assert (await one.get("/")).status == 200
    assert sorted(api.peers) == ["127.0.0.2", "127.0.0.3"]


# -- detours -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fallback",
    [
        {"cached": True},
        lambda error, request: {"cached": request.method == "GET" and bool(error.code)},
        lambda _error, request: Answer(request, 200, [], b'{"cached":true}'),
    ],
    ids=["value", "function", "answer"],
)
@pytest.mark.parametrize("order", [500, "reset"])
async def test_a_fallback_is_answered_instead(client, api, fallback, order):
    api.orders = [order]
    records = []
    one = client(api.url, fallback=fallback, retry=None, on_call=records.append)
    answer = await one.get("/")
    assert (answer.json(), answer.fallback) == ({"cached": True}, True)
    assert records[0].fallback
    assert len(answer.attempts) == 1


async def test_a_fallback_that_is_awaited(client):
    async def cached(_error, _request):
        return None

    one = client(f"http://127.0.0.1:{free_port()}", retry=None)
    answer = await one.get("/", fallback=cached)
    assert (answer.json(), answer.headers["x-frontdesk-fallback"]) == (None, "1")


async def test_a_refusal_of_the_server_has_no_fallback(client, api):
    api.orders = [404]
    assert (await client(api.url, fallback={}).get("/")).status == 404


async def test_redirects_keep_credentials_at_home(client, api):
    async with unruly("other") as other:
        api.orders = [(307, {"Location": "/there"}), (307, {"Location": f"{other.url}/x"})]
        one = client(api.url, auth=Bearer("s3cret"), headers={"X-Api-Key": "k", "X-App": "a"})
        answer = await one.post("/here", json={"a": 1}, headers={"X-Token": "t"})
    assert (answer.text, other.seen[0][1]) == ("other", b'{"a":1}')
    assert head(api, 1)["authorization"] == "Bearer s3cret"
    abroad = head(other)
    assert abroad["x-app"] == "a"
    assert not abroad.keys() & {"authorization", "x-api-key", "x-token"}


async def test_credentials_go_to_the_base_alone(client, api):
    async with unruly("other") as other:
        await client(api.url, auth=Bearer("s3cret")).get(f"{other.url}/")
    assert "authorization" not in head(other)


async def test_redirects_end(client, api):
    api.orders = [(302, {"Location": "/again"})] * 9
    answer = await client(api.url, redirects=2).get("/")
    assert (answer.status, len(api.seen)) == (302, 3)


async def test_interceptors_see_each_call(client, api):
    async def stamp(request, go):
        request.headers["X-Stamp"] = request.url
        answer = await go(request)
        answer.status += 1
        return answer

    async def twice(request, go):
        await go(request)
        return await go(request)

    answer = await client(api.url, interceptors=[stamp, twice]).get("/x")
    assert (answer.status, len(api.seen)) == (201, 2)
    assert head(api)["x-stamp"] == f"{api.url}/x"


# -- the guard ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://10.1.2.3:8443/",
        "http://93.184.216.34/",
        "https://93.184.216.34:22/",
    ],
)
async def test_urls_that_lead_inward_are_not_called(client, url):
    with pytest.raises(BlockedError) as caught:
        await client(guard=Guard()).get(url)
    assert len(caught.value.attempts) <= 1
    assert not caught.value.retryable


async def test_a_guard_looks_at_redirects_and_not_at_what_we_chose(client, api):
    async with unruly("inner") as inner:
        port = int(inner.address.rpartition(":")[2])
        api.orders = [(302, {"Location": f"{inner.url}/secrets"})]
        one = client(api.url, guard=Guard(http=True, ports=(port,)))
        with pytest.raises(BlockedError):
            await one.get("/")
        assert inner.seen == []
        allowed = client(api.url, guard=Guard(hosts=("127.0.0.1",)))
        assert (await allowed.get(f"{inner.url}/")).status == 200


def test_a_guard_and_a_proxy_do_not_go_together():
    with pytest.raises(ValueError, match="behind a proxy"):
        Client(guard=Guard(), egress=Egress(["http://u:p@127.0.0.1:1"]))


# -- what is told ------------------------------------------------------------------------------------


async def test_one_record_for_each_call(client, api, caplog, after_retries):
    records = []
    api.orders = [503]
    caplog.set_level(logging.INFO, "frontdesk.client")
    with trace_from({"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", "tracestate": "a=b"}):
        call = client(api.url, on_call=records.append).post(
            "/charges/{id}?api_key=s3cret",
            path={"id": "tok_a1b2c3d4e5f6g7h8"},
            idempotency_key="o-1",
        )
        await after_retries(call, 1)
    [record] = records
    assert (record.outcome, record.status, len(record.attempts)) == ("ok", 200, 2)
    assert record.attempts[0][:2] == (503, "")
    assert isinstance(record.attempts[0], Attempt)
    line = next(each for each in caplog.records if each.message == "External API call")
    told = {
        "event": "outbound.call",
        "method": "POST",
        "url": f"{api.url}/charges/{{id}}?api_key=***",
        "status": 200,
        "attempts": 2,
        "retry_reasons": ["503"],
        "wait_ms": 500,
        "outcome": "ok",
        "idempotency_key": "o-1",
        "trace_id": "ab" * 16,
        "host": api.address,
    }
    assert {name: getattr(line, name) for name in told} == told
    assert line.levelname == "INFO"
    parents = [head(api, at)["traceparent"] for at in range(2)]
    assert all(each.startswith(f"00-{'ab' * 16}-") for each in parents)
    assert len(set(parents)) == 2
    assert head(api)["tracestate"] == "a=b"


async def test_no_sink_shows_a_secret(client, caplog):
    canary = "c4n4ry-s3cret-0123456789"
    url = f"http://127.0.0.1:{free_port()}/{canary}/x?token={canary}"
    caplog.set_level(logging.DEBUG)
    records = []
    one = client(auth=Bearer(canary), retry=None, on_call=records.append)
    with pytest.raises(ConnectError) as caught:
        await one.post(url, headers={"Cookie": canary}, json={"password": canary})
    shown = [*(str(vars(each)) for each in caplog.records), str(caught.value), repr(caught.value)]
    shown += [str(records[0].fields()), repr(Bearer(canary)), repr(records[0])]
    assert canary not in "".join(shown)


async def test_a_trace_begins_with_the_call_or_not_at_all(client, api):
    await client(api.url).get("/")
    await client(api.url, trace=False).get("/")
    assert ["traceparent" in head(api, at) for at in range(2)] == [True, False]


# -- life --------------------------------------------------------------------------------------------


async def test_a_client_by_the_real_clock(api):
    async with Client(api.url, retry=Retry(base=0.001), timeout=10) as one:
        api.orders = [503]
        assert (await one.get("/")).status == 200
    with pytest.raises(RuntimeError, match="closed"):
        await one.get("/")


def test_a_client_belongs_to_one_loop():
    one = Client("http://127.0.0.1:1", retry=None)

    async def use():
        with pytest.raises(ConnectError):
            await one.get("/")

    asyncio.run(use())
    with pytest.raises(RuntimeError, match="one event loop"):
        asyncio.run(use())


async def test_a_line_of_the_log_is_one_for_every_handler(client, api, caplog):
    caplog.set_level(logging.INFO, "frontdesk.client")
    await client(api.url).get("/")
    [line] = caplog.records
    usual = vars(logging.LogRecord("x", logging.INFO, "x", 1, "x", None, None))
    assert usual.keys() <= vars(line).keys()
    assert (line.process, line.thread) == (usual["process"], usual["thread"])
    form = logging.Formatter("%(asctime)s %(threadName)s %(levelname)s %(name)s %(message)s")
    assert form.format(line).endswith("MainThread INFO frontdesk.client External API call")
