"""Requests from several addresses of ours, on real connections of loopback."""

from frontdesk.client.egress import EgressSettings
from frontdesk.client.proxies import Identity
from frontdesk.client.upstreams import UpstreamSettings
from frontdesk.rules.resilience.backoff import Backoff
from frontdesk.rules.resilience.retry import RetryPolicy

LIMITED = b"HTTP/1.1 429 X\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n"


def upstream_of(upstreams, backend, *addresses, failover=False):
    url = f"http://127.0.0.1:{backend.port}"
    identities = tuple(Identity(source=address) for address in addresses)
    settings = EgressSettings(identities, failover=failover)
    return upstreams.get(UpstreamSettings((url,), egress=settings))


def source(peer):
    return peer.writer.get_extra_info("peername")[0]


async def test_addresses_take_turns(upstreams, backend, ask):
    upstream = upstream_of(upstreams, backend, "127.0.0.2", "127.0.0.3")
    sources = []
    for _ in range(2):
        upstream.send(call := ask())
        peer = await backend.peer()
        await peer.head()
        sources.append(source(peer))
        await peer.answer()
        assert (await call.answered()).address == f"127.0.0.1:{backend.port}"
    assert sources == ["127.0.0.2", "127.0.0.3"]


async def test_a_retry_comes_from_another_address_without_the_wait(
    upstreams, backend, ask, clock, until
):
    upstream = upstream_of(upstreams, backend, "127.0.0.2", "127.0.0.3")
    policy = RetryPolicy(backoff=Backoff(1.0, jitter="none"))
    upstream.sender(policy, 29.0).send(call := ask("POST", b"x"))
    first = await backend.peer()
    await first.head()
    await first.send(LIMITED)
    await until(lambda: upstream.pools[0].idle)
    clock.pass_time(1.1)
    second = await backend.peer()
    await second.head()
    await second.answer(b"done")
    assert (await call.answered()).body_came == b"done"
    assert (source(first), source(second)) == ("127.0.0.2", "127.0.0.3")


async def test_while_all_rest_nothing_is_sent(upstreams, backend, ask, clock):
    upstream = upstream_of(upstreams, backend, "127.0.0.2")
    upstream.send(call := ask())
    peer = await backend.peer()
    await peer.head()
    await peer.send(LIMITED)
    await call.answered()
    assert call.fields == [(b"Retry-After", b"30")]
    upstream.send(refused := ask())
    assert await refused.failed() == "egress_limited"
    assert refused.error.retry_after == 30.0
    clock.pass_time(30)
    upstream.send(again := ask())
    await peer.head()
    await peer.answer()
    await again.answered()


async def test_a_cancelled_call_lets_its_connection_go(upstreams, backend, ask):
    upstream = upstream_of(upstreams, backend, "127.0.0.2")
    upstream.send(call := ask())
    peer = await backend.peer()
    await peer.head()
    call.cancel()
    assert await peer.ended() == b""
    assert not call.done.is_set()


async def test_an_address_that_is_not_ours_cannot_connect(upstreams, backend, ask):
    upstream_of(upstreams, backend, "192.0.2.1").send(call := ask())
    assert await call.failed() == "connect"


async def test_a_target_of_the_other_family_is_not_found(upstreams, backend, ask):
    upstream_of(upstreams, backend, "::1").send(call := ask())
    assert await call.failed() == "resolve"


async def test_with_failover_another_address_takes_over_at_once(upstreams, backend, ask, clock):
    upstream = upstream_of(upstreams, backend, "127.0.0.2", "127.0.0.3", failover=True)
    upstream.send(call := ask("POST", b"x"))
    first = await backend.peer()
    await first.head()
    await first.send(LIMITED)
    second = await backend.peer()
    await second.head()
    await second.answer(b"done")
    assert (await call.answered()).body_came == b"done"
    assert (source(first), source(second)) == ("127.0.0.2", "127.0.0.3")


async def test_with_failover_the_last_refusal_stands_when_all_are_limited(
    upstreams, backend, ask, clock
):
    upstream = upstream_of(upstreams, backend, "127.0.0.2", "127.0.0.3", failover=True)
    upstream.send(call := ask())
    for wait in (b"90", b"40"):
        peer = await backend.peer()
        await peer.head()
        await peer.send(LIMITED.replace(b"30", wait))
    assert (await call.answered()).status == 429
    assert call.fields == [(b"Retry-After", b"40")]


async def test_failover_tries_each_address_once_even_if_none_is_asked_to_rest(
    upstreams, backend, ask
):
    upstream = upstream_of(upstreams, backend, "127.0.0.2", "127.0.0.3", failover=True)
    upstream.send(call := ask())
    for _ in range(2):
        peer = await backend.peer()
        await peer.head()
        await peer.send(LIMITED.replace(b"30", b"0"))
    assert (await call.answered()).status == 429
    assert backend.connections == 2


async def test_with_failover_an_address_that_cannot_connect_is_passed_over(upstreams, backend, ask):
    upstream = upstream_of(upstreams, backend, "192.0.2.1", "127.0.0.3", failover=True)
    upstream.send(call := ask())
    peer = await backend.peer()
    await peer.head()
    await peer.answer(b"ok")
    assert (await call.answered()).body_came == b"ok"


async def test_without_an_address_that_can_connect_the_failure_is_told(upstreams, backend, ask):
    upstream = upstream_of(upstreams, backend, "192.0.2.1", "198.51.100.7", failover=True)
    upstream.send(call := ask())
    assert await call.failed() == "connect"
