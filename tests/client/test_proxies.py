"""Requests through forward proxies: tunnels to https, whole targets to http, and refusals."""

import ssl

import pytest

from frontdesk.client.dial import TlsSettings
from frontdesk.client.egress import EgressSettings
from frontdesk.client.proxies import Identity, Proxy
from frontdesk.client.upstreams import UpstreamSettings
from tests.live.certificates import Authority
from tests.live.proxies import forward_proxy

SECRET = "Basic dXNlcjpwYXNz"


@pytest.fixture
async def proxy():
    async with forward_proxy("127.0.0.2") as proxy:
        yield proxy


def through(upstreams, url, *proxies, ca="", failover=False):
    identities = tuple(Identity(proxy=Proxy(proxy.url, SECRET)) for proxy in proxies)
    egress = EgressSettings(identities, failover=failover)
    tls = TlsSettings(ca=ca)
    return upstreams.get(UpstreamSettings((url,), egress=egress, tls=tls))


async def test_a_request_to_http_names_its_target_whole(upstreams, backend, proxy, ask):
    upstream = through(upstreams, f"http://127.0.0.1:{backend.port}", proxy)
    upstream.send(call := ask("POST", b"hello"))
    peer = await backend.peer()
    head = await peer.head()
    assert await peer.reader.readexactly(5) == b"hello"
    await peer.answer(b"done")
    assert (await call.answered()).body_came == b"done"
    assert peer.writer.get_extra_info("peername")[0] == "127.0.0.2"
    assert f"\r\nHost: 127.0.0.1:{backend.port}\r\n".encode() in head
    (seen,) = proxy.seen
    assert seen.startswith(f"POST http://127.0.0.1:{backend.port}/x HTTP/1.1\r\n".encode())
    assert seen.count(b"Proxy-Authorization: " + SECRET.encode() + b"\r\n") == 1


@pytest.fixture
async def secure(backend, tmp_path):
    """Serve TLS; returns the URL and the path of the authority to trust."""
    authority = Authority()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("127.0.0.1").write(tmp_path))
    await backend.stop()
    await backend.start(ssl=context)
    return f"https://127.0.0.1:{backend.port}", str(authority.write(tmp_path))


async def test_a_request_to_https_goes_through_a_tunnel(upstreams, backend, proxy, ask, secure):
    url, ca = secure
    upstream = through(upstreams, url, proxy, ca=ca)
    for _ in range(2):  # the second on the same connection
        upstream.send(call := ask("POST", b"hello"))
        if not backend.all:
            peer = await backend.peer()
        head = await peer.head()
        assert head.startswith(b"POST /x HTTP/1.1\r\n")
        assert b"Proxy-Authorization" not in head
        assert await peer.reader.readexactly(5) == b"hello"
        await peer.answer(b"done")
        assert (await call.answered()).body_came == b"done"
    address = f"127.0.0.1:{backend.port}".encode()
    assert proxy.seen == [
        b"CONNECT %b HTTP/1.1\r\nHost: %b\r\nProxy-Authorization: %b\r\n\r\n"
        % (address, address, SECRET.encode())
    ]


async def test_the_certificate_is_verified_through_the_tunnel(
    upstreams, backend, proxy, ask, secure
):
    through(upstreams, secure[0], proxy).send(call := ask())
    assert await call.failed() == "tls"


@pytest.mark.parametrize("status", [403, 407, 502])
async def test_a_proxy_that_refuses_the_tunnel(upstreams, backend, proxy, ask, secure, status):
    proxy.refuses = status
    through(upstreams, secure[0], proxy).send(call := ask())
    assert await call.failed() == "connect"
    assert f"the proxy answered {status}" in call.error.message


async def test_a_proxy_that_is_no_proxy(upstreams, backend, ask, secure, until):
    """The backend itself speaks TLS, so that CONNECT gets no answer of HTTP."""

    class Other:
        url = f"http://127.0.0.1:{backend.port}"

    through(upstreams, secure[0], Other).send(call := ask())
    assert await call.failed() == "connect"


async def test_with_failover_a_proxy_that_refuses_is_passed_over(
    upstreams, backend, proxy, ask, secure
):
    async with forward_proxy("127.0.0.3") as other:
        proxy.refuses = 403
        upstream = through(upstreams, secure[0], proxy, other, ca=secure[1], failover=True)
        upstream.send(call := ask())
        peer = await backend.peer()
        await peer.head()
        await peer.answer(b"ok")
        assert (await call.answered()).body_came == b"ok"
        assert peer.writer.get_extra_info("peername")[0] == "127.0.0.3"


def test_its_credentials_are_not_shown():
    assert SECRET not in repr(Proxy("http://p:1", SECRET))
