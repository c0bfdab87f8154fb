import asyncio
import contextlib
import datetime as dt
import ssl
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from frontdesk.base.errors import UpstreamError
from frontdesk.gateway.identity.fetch import MAX_BODY, fetch


@contextlib.asynccontextmanager
async def server(*answers, tls=None, hold=False):
    """Serve one raw answer per connection; yields (base URL, received requests)."""
    received, left = [], list(answers)
    done = asyncio.Event()

    async def serve(reader, writer):
        try:
            received.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(left.pop(0))
            await writer.drain()
            if hold:
                await done.wait()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}", received
    finally:
        done.set()
        listening.close()
        await listening.wait_closed()


def answer(body=b"{}", status="200 OK", **headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


ANSWERS = {
    "with a length": (answer(b'{"a":1}', Cache_Control="max-age=5"), 200, b'{"a":1}'),
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        200,
        b"abcde",
    ),
    "until the end": (b"HTTP/1.1 200 OK\r\n\r\nabc", 200, b"abc"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nabc", 200, b"abc"),
    "an error": (answer(b"no", "503 Service Unavailable"), 503, b"no"),
    "after an interim one": (b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(b"x"), 200, b"x"),
    "as large as allowed": (answer(b"x" * MAX_BODY), 200, b"x" * MAX_BODY),
}


@pytest.mark.parametrize(("raw", "status", "body"), ANSWERS.values(), ids=ANSWERS)
async def test_answers_are_read(raw, status, body):
    async with server(raw) as (url, _):
        fetched = await fetch(url + "/jwks?x=1", 5.0, public=False)
    assert (fetched.status, fetched.body) == (status, body)


async def test_the_request_is_plain():
    async with server(answer(Cache_Control="max-age=5")) as (url, received):
        fetched = await fetch(url + "/jwks?x=1", 5.0, public=False)
    head = received[0].decode()
    assert head.startswith("GET /jwks?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "Connection: close" in head
    assert fetched.headers["cache-control"] == "max-age=5"


BROKEN = {
    "too large": (answer(b"x" * (MAX_BODY + 1)), "protocol"),
    "five megabytes": (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000, "protocol"),
    "endless head": (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100_000, "protocol"),
    "cut": (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "closed"),
    "cut chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", "closed"),
    "nothing": (b"", "closed"),
    "not HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n", "protocol"),
    "redirected to another host": (
        answer(status="302 Found", Location="http://10.0.0.1/jwks"),
        "protocol",
    ),
    "redirected to no URL": (answer(status="302 Found", Location="http://[::1/"), "protocol"),
    "redirected to no ASCII": (answer(status="302 Found", Location="/caf\xe9"), "protocol"),
    "redirected to another scheme": (
        answer(status="302 Found", Location="file:///etc/passwd"),
        "protocol",
    ),
}


@pytest.mark.parametrize(("raw", "reason"), BROKEN.values(), ids=BROKEN)
async def test_broken_answers(raw, reason):
    async with server(raw) as (url, _):
        with pytest.raises(UpstreamError) as raised:
            await fetch(url, 5.0, public=False)
    assert raised.value.reason == reason


async def test_one_redirect_to_the_same_host_is_followed():
    async with server(answer(status="301 Moved", Location="/new"), answer(b"x")) as (url, received):
        assert (await fetch(url + "/old", 5.0, public=False)).body == b"x"
    assert received[1].startswith(b"GET /new ")


async def test_two_redirects_are_one_too_many():
    moved = answer(status="302 Found", Location="/next")
    async with server(moved, moved) as (url, _):
        with pytest.raises(UpstreamError, match="twice"):
            await fetch(url, 5.0, public=False)


async def test_a_slow_server_is_given_up():
    async with server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", hold=True) as (url, _):
        with pytest.raises(UpstreamError) as raised:
            await fetch(url, 0.1, public=False)
    assert raised.value.reason == "timeout"


async def test_a_closed_port_is_a_connect_error():
    async with server() as (url, _):
        pass
    with pytest.raises(UpstreamError) as raised:
        await fetch(url, 5.0, public=False)
    assert raised.value.reason == "connect"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_private_hosts_that_the_operator_did_not_choose_are_refused(host):
    with pytest.raises(UpstreamError, match="public") as raised:
        await fetch(f"http://{host}:1/", 5.0, public=True)
    assert raised.value.reason == "resolve"


def certificate(folder, name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, path


async def test_a_certificate_is_verified(tmp_path):
    ip = ip_address("127.0.0.1")
    context, path = certificate(tmp_path, x509.IPAddress(ip))
    async with server(answer(b"x"), answer(b"x"), tls=context) as (url, _):
        trusted = await fetch(
            url, 5.0, public=False, trust=lambda: ssl.create_default_context(cafile=path)
        )
        with pytest.raises(UpstreamError) as raised:
            await fetch(url, 5.0, public=False)
    assert trusted.body == b"x"
    assert raised.value.reason == "tls"


async def test_the_name_in_the_certificate_counts(tmp_path):
    context, path = certificate(tmp_path, x509.DNSName("other.example"))
    async with server(answer(b"x"), tls=context) as (url, _):
        with pytest.raises(UpstreamError) as raised:
            await fetch(
                url, 5.0, public=False, trust=lambda: ssl.create_default_context(cafile=path)
            )
    assert raised.value.reason == "tls"
