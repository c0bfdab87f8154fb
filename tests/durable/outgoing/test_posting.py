"""One attempt: what a receiver gets, and what becomes of whatever it answers."""

import asyncio
import socket
from dataclasses import replace

import pytest
from standardwebhooks.webhooks import Webhook as Standard
from svix.webhooks import Webhook as Svix

from frontdesk.durable.outgoing.destinations import Reach
from frontdesk.durable.outgoing.posting import KEPT
from frontdesk.webhooks import verify
from tests.durable.outgoing.playing import LOOPBACK, NOW, world
from tests.live.receivers import Receiver, answer, endless, hang, reset


@pytest.fixture
async def play():
    async with world(timeout=5.0) as made:
        yield made


async def post(play, receiver, payload=None, **settings):
    """Publish one message to a receiver, make one attempt; return it with its result and the endpoint's secrets."""
    url = settings.pop("url", receiver.url)
    endpoint, secrets = await play.add(url, **settings.pop("endpoint", {}))
    await play.publish(payload)
    (turn,) = await play.store.lease({endpoint.id: 1}, now=NOW, until=NOW + 60)
    posted = await play.poster.post(turn, replace(play.settings, **settings))
    return posted, secrets


@pytest.fixture
def vendors_now(monkeypatch):
    """Have vendors' libraries take the clock of the test."""
    from datetime import UTC, datetime

    import standardwebhooks.webhooks
    import svix.webhooks

    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(NOW, tz or UTC)

    for module in (standardwebhooks.webhooks, svix.webhooks):
        monkeypatch.setattr(module, "datetime", Then)


@pytest.mark.usefixtures("vendors_now")
async def test_vendors_libraries_verify_what_a_receiver_gets(play):
    async with Receiver() as receiver:
        posted, (secret,) = await post(play, receiver, {"order": 42})
        (request,) = receiver.received
    assert posted.result.succeeded
    assert request.line == "POST /hook?a=1 HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("frontdesk-webhooks/")
    assert request.headers["webhook-id"].startswith("msg_")
    assert request.headers["webhook-timestamp"] == str(int(NOW))
    assert request.body == b'{"order":42}'
    for vendor in (Standard, Svix):
        vendor(secret).verify(request.body.decode(), request.headers)
        with pytest.raises(Exception, match="signature"):
            vendor(secret).verify(request.body.decode() + " ", request.headers)


@pytest.mark.usefixtures("vendors_now")
async def test_for_a_day_after_a_rotation_both_secrets_verify_and_then_the_new_one(play):
    async with Receiver() as receiver:
        endpoint, (former,) = await play.add(receiver.url)
        _, (fresh,) = await play.webhooks.rotate("acme", endpoint.id, {})
        assert fresh != former
        play.send()
        await play.publish({"n": 1})
        (request,) = await receiver.until(1)
        assert len(request.headers["webhook-signature"].split(" ")) == 2
        for secret in (former, fresh):
            Standard(secret).verify(request.body.decode(), request.headers)
        await play.pass_time(86_400)
        await play.publish({"n": 2})
        _, request = await receiver.until(2)
        assert len(request.headers["webhook-signature"].split(" ")) == 1
        verify("standard-webhooks", request.headers, request.body, fresh, now=NOW + 86_400)


async def test_an_ed25519_key_signs_beside_the_secret(play):
    async with Receiver() as receiver:
        _, (secret, public) = await post(play, receiver, endpoint={"ed25519": True})
        (request,) = receiver.received
    assert secret.startswith("whsec_")
    assert public.startswith("whpk_")
    versions = [each.partition(",")[0] for each in request.headers["webhook-signature"].split(" ")]
    assert versions == ["v1", "v1a"]
    for key in (secret, public):
        verify("standard-webhooks", request.headers, request.body, key, now=NOW)


async def test_a_text_is_sent_byte_for_byte_with_the_headers_of_the_endpoint(play):
    text = '{ "n": 1.0, "big": 12345678901234567890123 }'
    async with Receiver() as receiver:
        await play.add(receiver.url, headers={"X-Tenant": "caf\xe9"})
        await play.webhooks.publish("acme", {"type": "a", "text": text})
        play.send()
        (request,) = await receiver.until(1)
    assert request.body == text.encode()
    assert request.headers["x-tenant"] == "caf\xe9"


@pytest.mark.parametrize(
    ("step", "status", "error", "succeeded"),
    [
        (answer(200, body=b"thanks"), 200, "", True),
        (answer(299), 299, "", True),
        (answer(302, "Location: http://127.0.0.1:1/"), 302, "status 302", False),
        (answer(404), 404, "status 404", False),
        (answer(410), 410, "status 410", False),
        (answer(500, body=b"no"), 500, "status 500", False),
        (reset, 0, "closed", False),
        (b"SSH-2.0-x\r\n\r\n", 0, "protocol", False),
        (endless, 200, "", True),
    ],
    ids=["200", "299", "redirect", "404", "410", "500", "reset", "no http", "endless"],
)
async def test_what_is_answered_is_the_result(play, step, status, error, succeeded):
    async with Receiver(step) as receiver:
        posted, _ = await post(play, receiver)
        assert len(receiver.received) == 1
        assert posted.attempt.address == f"127.0.0.1:{receiver.port}"
    assert (posted.attempt.status, posted.attempt.error) == (status, error)
    assert posted.result.succeeded is succeeded
    assert len(posted.attempt.body) <= KEPT


async def test_head_and_body_of_an_answer_are_kept_in_part(play):
    long = answer(500, f"X-Long: {'y' * 9000}", body=b"z" * 9000)
    async with Receiver(long) as receiver:
        posted, _ = await post(play, receiver)
    assert posted.attempt.body == b"z" * KEPT
    assert posted.attempt.head.startswith("X-Long: yyy")
    assert len(posted.attempt.head) == KEPT


async def test_who_does_not_answer_in_time_has_failed(play):
    async with Receiver(hang) as receiver:
        posted, _ = await post(play, receiver, timeout=0.05)
    assert (posted.attempt.status, posted.attempt.error) == (0, "timeout")


@pytest.mark.parametrize(
    ("headers", "asked"), [(["Retry-After: 90"], 90.0), ([], None), (["Retry-After: soon"], None)]
)
async def test_what_retry_after_asks_for_is_told(play, headers, asked):
    async with Receiver(answer(503, *headers)) as receiver:
        posted, _ = await post(play, receiver)
    assert posted.result.asked == asked


async def test_nobody_is_reached_at_an_address_that_is_not_public(play):
    async with Receiver() as receiver:
        inward = Reach(http=True, ports=LOOPBACK.ports)
        posted, _ = await post(play, receiver, reach=inward)
        assert (posted.attempt.error, posted.attempt.address) == ("blocked", "")
        posted, _ = await post(
            play, receiver, url=f"http://localhost:{receiver.port}/", reach=inward
        )
        assert posted.attempt.error == "blocked"
        assert receiver.connections == 0


async def test_a_host_that_the_operator_has_named_is_reached_wherever_it_is(play):
    named = Reach(http=True, ports=LOOPBACK.ports, hosts=frozenset({"localhost"}))
    async with Receiver() as receiver:
        url = f"http://localhost:{receiver.port}/"
        posted, _ = await post(play, receiver, url=url, reach=named)
    assert posted.result.succeeded


async def test_a_name_that_turns_inward_later_is_refused_at_the_next_connection(play, monkeypatch):
    """The address that was judged is the one that is connected to: no second look at the name."""
    async with Receiver() as receiver:
        loop = asyncio.get_running_loop()
        real, answers, dialled = loop.create_connection, ["93.184.216.34", "127.0.0.1"], []

        async def getaddrinfo(host, port, **_):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

        async def create_connection(factory, host, port, **more):
            dialled.append(host)
            return await real(factory, "127.0.0.1", receiver.port, **more)

        monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
        monkeypatch.setattr(loop, "create_connection", create_connection)
        reach = Reach(http=True)
        receiver.script = [answer(200, "Connection: close")]
        endpoint, _ = await play.add("http://rebinding.example/")
        await play.publish()
        await play.publish()
        first, second = await play.store.lease({endpoint.id: 2}, now=NOW, until=NOW + 60)
        settings = replace(play.settings, reach=reach)
        assert (await play.poster.post(first, settings)).result.succeeded
        play.clock.now += 60  # what was resolved is asked for anew
        posted = await play.poster.post(second, settings)
        assert posted.attempt.error == "blocked"
        assert dialled == ["93.184.216.34"]
        assert len(receiver.received) == 1
