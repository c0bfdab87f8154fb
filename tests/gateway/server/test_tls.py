"""TLS at a listener: who is shown which certificate, renewing without dropping anybody, client certificates."""

import asyncio
import contextlib
import logging
import ssl
import time
from types import SimpleNamespace

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StartError
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.pipeline.exchange import PARKED
from frontdesk.gateway.server.limits import Limits
from frontdesk.gateway.server.tls import (
    LOOK_EVERY,
    CertificateFiles,
    Certificates,
    CertificateWatch,
    ListenerTls,
    TlsSettings,
)
from tests.gateway.server.conftest import server_of
from tests.live.certificates import Authority

GET = b"GET /seen HTTP/1.1\r\nHost: a.example\r\n\r\n"
NO_RETRY = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
async def serve(house):
    """Open a listener with TLS: `address = await serve(tls)`."""
    async with server_of(house) as server:

        async def open_listener(tls):
            return await server.open("127.0.0.1", 0, tls=tls)

        yield open_listener


def certificates(*issued, folder, **more):
    """Write the certificates and name them."""
    files = [CertificateFiles(*each.write(folder, f"s{n}")) for n, each in enumerate(issued)]
    return Certificates(TlsSettings(tuple(files), **more))


class Connected:
    """A client's connection."""

    def __init__(self, reader, writer) -> None:
        self._reader = reader
        self._writer = writer

    @property
    def ssl(self) -> ssl.SSLObject:
        return self._writer.get_extra_info("ssl_object")

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.ssl.getpeercert()["subjectAltName"]]

    async def ask(self) -> bytes:
        """Send a request; returns its status line."""
        self._writer.write(GET)
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 20)
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        await self._reader.readexactly(length)
        return head.split(b"\r\n")[0]

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def connect(address, context, name="a.example"):
    return Connected(*await asyncio.open_connection(*address, ssl=context, server_hostname=name))


async def shown(address, authority, name):
    """Tell the names of the certificate that a client of this server name is shown."""
    context = authority.client()
    context.check_hostname = False
    client = await connect(address, context, name)
    await client.close()
    return client.names


# -- serving ------------------------------------------------------------------------------------


@pytest.mark.parametrize("latest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_requests_are_served_over_https_on_one_connection(
    serve, house, authority, tmp_path, latest
):
    address = await serve(ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path)))
    context = authority.client(latest=latest)
    context.set_alpn_protocols(["h2", "http/1.1"])
    client = await connect(address, context)
    assert [await client.ask() for _ in range(3)] == [b"HTTP/1.1 200 OK"] * 3
    assert client.ssl.selected_alpn_protocol() == "http/1.1"
    assert client.ssl.version() == latest.name.replace("_", ".")
    assert {ex.scheme for ex in house.logged} == {"https"}
    assert [ex.client_cert for ex in house.logged] == [None] * 3
    await client.close()


async def test_an_answer_with_its_body_is_one_record(serve, authority, tmp_path):
    address = await serve(ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path)))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = authority.client().wrap_bio(incoming, outgoing, server_hostname="a.example")
    reader, writer = await asyncio.open_connection(*address)

    answer = await _spoken(client, incoming, outgoing, reader, writer)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) == int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) > 0
    writer.transport.abort()


@pytest.mark.parametrize(
    ("narrow", "why"),
    [
        (lambda context: setattr(context, "maximum_version", ssl.TLSVersion.TLSv1_1), "version"),
        (
            lambda context: (
                setattr(context, "maximum_version", ssl.TLSVersion.TLSv1_2),
                context.set_ciphers("ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0"),
            ),
            "a cipher without authentication",
        ),
    ],
    ids=["TLS 1.1", "CBC"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_old_protocols_and_ciphers_are_refused(serve, authority, tmp_path, narrow, why):
    address = await serve(ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path)))
    context = authority.client()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    narrow(context)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await connect(address, context)


async def test_tls_1_2_is_refused_where_1_3_is_the_least(serve, authority, tmp_path):
    tls = certificates(authority.issue("a.example"), folder=tmp_path, min_version="1.3")
    address = await serve(ListenerTls(tls))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await connect(address, authority.client(latest=ssl.TLSVersion.TLSv1_2))


async def test_plain_http_at_a_tls_listener_ends_the_connection_only(serve, authority, tmp_path):
    address = await serve(ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path)))
    reader, writer = await asyncio.open_connection(*address)
    writer.write(GET)
    assert not (await asyncio.wait_for(reader.read(), 20)).startswith(b"HTTP/")
    writer.close()
    client = await connect(address, authority.client())
    assert await client.ask() == b"HTTP/1.1 200 OK"
    await client.close()


async def test_an_early_answer_reaches_a_client_that_still_sends(serve, authority, tmp_path):
    address = await serve(ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path)))
    reader, writer = await asyncio.open_connection(
        *address, ssl=authority.client(), server_hostname="a.example"
    )
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"10000\r\n" + bytes(65536) + b"\r\n"
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        for _ in range(64):
            writer.write(piece)
            await writer.drain()
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert head.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in head
    writer.transport.abort()


async def test_a_client_that_closes_in_the_middle_is_gone(serve, house, authority, tmp_path):
    entered, logged = asyncio.Event(), asyncio.Event()
    house.stage = lambda _ex: entered.set() or PARKED
    house.logged = SimpleNamespace(append=lambda ex: (seen.append(ex), logged.set()))
    seen = []
    address = await serve(ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path)))
    client = await connect(address, authority.client())
    client._writer.write(GET)
    await asyncio.wait_for(entered.wait(), 20)
    await client.close()
    await asyncio.wait_for(logged.wait(), 20)
    assert (seen[0].status, seen[0].error) == (499, "client_gone")


async def test_a_stop_does_not_wait_for_handshakes(house, authority, tmp_path):
    tls = ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path))
    async with server_of(house, Limits(header_timeout=3600)) as server:
        address = await server.open("127.0.0.1", 0, tls=tls)
        outgoing = ssl.MemoryBIO()
        client = authority.client().wrap_bio(ssl.MemoryBIO(), outgoing)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        reader, writer = await asyncio.open_connection(*address)
        writer.write(outgoing.read())
        assert await reader.read(1) == b"\x16"
        await asyncio.wait_for(server.drain(3600), 20)
        await asyncio.wait_for(reader.read(), 20)
        writer.close()


# -- which certificate --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.example", ["a.example"]),
        ("A.Example", ["a.example"]),
        ("x.b.example", ["b.example", "*.b.example"]),
        ("b.example", ["b.example", "*.b.example"]),
        ("x.y.b.example", ["a.example"]),
        ("elsewhere.example", ["a.example"]),
        (None, ["a.example"]),
    ],
)
async def test_the_certificate_is_chosen_by_server_name(serve, authority, tmp_path, name, expected):
    first, second = authority.issue("a.example"), authority.issue("b.example", "*.b.example")
    address = await serve(ListenerTls(certificates(first, second, folder=tmp_path)))
    assert await shown(address, authority, name or "127.0.0.1") == expected


# -- renewing -----------------------------------------------------------------------------------


async def test_a_renewed_certificate_is_shown_and_connections_stay(serve, authority, tmp_path):
    used = certificates(authority.issue("a.example"), folder=tmp_path)
    tls = ListenerTls(used)
    address = await serve(tls)
    old = await connect(address, authority.client())
    assert not tls.renew(time.time())
    authority.issue("a.example", "new.example").write(tmp_path, "s0")
    assert tls.renew(time.time())
    assert await shown(address, authority, "a.example") == ["a.example", "new.example"]
    assert await old.ask() == b"HTTP/1.1 200 OK"
    await old.close()


@pytest.mark.parametrize("file", ["s0.pem", "s0.key"])
@pytest.mark.parametrize("damage", ["gone", "garbage", "of somebody else"])
async def test_files_that_are_no_good_leave_the_old_certificate(
    serve, authority, tmp_path, caplog, file, damage
):
    tls = ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path))
    address = await serve(tls)
    path = tmp_path / file
    if damage == "gone":
        path.unlink()
    elif damage == "garbage":
        path.write_text("?")
    else:
        other = authority.issue("other.example")
        path.write_bytes(other.pem if file.endswith("pem") else other.key_pem)
    assert not tls.renew(time.time())
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert str(tmp_path) in caplog.text
    assert not tls.renew(time.time()), "told once"
    assert len(caplog.records) == 1
    assert await shown(address, authority, "a.example") == ["a.example"]


async def test_other_settings_take_the_place_of_the_first(serve, authority, tmp_path):
    tls = ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path))
    address = await serve(tls)
    tls.replace(certificates(authority.issue("b.example"), folder=tmp_path), time.time())
    assert await shown(address, authority, "a.example") == ["b.example"]


def test_a_reload_tells_of_certificates_that_clients_will_refuse(authority, tmp_path, caplog):
    tls = ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path))
    expired = certificates(authority.issue("a.example", start=-9, days=1), folder=tmp_path)
    tls.replace(expired, time.time())
    tls.replace(Certificates(expired.settings), time.time())  # a reload of something else
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "clients will refuse the certificate: expired on" in caplog.text


def test_a_reload_is_not_undone_by_files_that_were_read_before(authority, tmp_path, monkeypatch):
    tls = ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path))
    authority.issue("a.example").write(tmp_path, "s0")
    (tmp_path / "new").mkdir()
    reloaded = certificates(authority.issue("b.example"), folder=tmp_path / "new")

    def reload_meanwhile(settings):
        tls.replace(reloaded, time.time())
        return Certificates(settings)

    monkeypatch.setattr("frontdesk.gateway.server.tls.Certificates", reload_meanwhile)
    assert not tls.renew(time.time())
    assert tls.certificates is reloaded
    assert not tls.renew(time.time())


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now

    def time(self):
        return SystemClock().time()


async def test_files_are_looked_at_now_and_then(authority, tmp_path, caplog):
    clock, wheel = Clock(), Wheel(0.0)
    tls = ListenerTls(certificates(authority.issue("a.example", days=5), folder=tmp_path))
    watch = CertificateWatch(clock, wheel)
    watch.start([None, tls])
    await watch._looking
    assert "expires on" in caplog.text
    assert "in 3 days" in caplog.text
    renewed = authority.issue("a.example", "new.example")
    renewed.write(tmp_path, "s0")
    clock.now = LOOK_EVERY + 1
    wheel.advance(clock.now)
    await watch._looking
    assert [each.names for each in tls.certificates.by_file.values()] == [
        ("a.example", "new.example")
    ]
    watch.stop()


# -- at the start -------------------------------------------------------------------------------


def test_what_cannot_be_used_refuses_the_start(authority, tmp_path):
    good = CertificateFiles(*authority.issue("a.example").write(tmp_path))
    other = CertificateFiles(*authority.issue("b.example").write(tmp_path, "other"))
    nothing, words = tmp_path / "nothing.pem", tmp_path / "words.pem"
    words.write_text("hello")
    for files, ca, message in [
        (CertificateFiles(nothing, good.key), None, f"cannot read the file: .*: {nothing}"),
        (CertificateFiles(words, good.key), None, f"no PEM certificate in this file: {words}"),
        (CertificateFiles(good.cert, words), None, f"no PEM private key in this file: {words}"),
        (
            CertificateFiles(good.cert, other.key),
            None,
            f"this key does not belong to the certificate: {other.key}",
        ),
        (good, nothing, f"cannot read the file: .*: {nothing}"),
        (good, words, f"no PEM certificate in this file: {words}"),
    ]:
        with pytest.raises(StartError, match=message):
            Certificates(TlsSettings((files,), ca))


# -- clients with certificates ------------------------------------------------------------------


@pytest.fixture
def clients(tmp_path):
    """The authority of clients, and its file."""
    authority = Authority("Clients")
    return authority, authority.write(tmp_path, "clients")


async def refused(address, context) -> bool:
    """Tell whether a client is refused; by TLS 1.3 it learns it with the first bytes it reads."""
    try:
        client = await connect(address, context)
        try:
            await client.ask()
        finally:
            client._writer.transport.abort()
    except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
        return True
    return False


@pytest.mark.parametrize("latest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_is_known_by_its_certificate(
    serve, house, authority, clients, tmp_path, latest
):
    issuer, file = clients
    tls = certificates(authority.issue("a.example"), folder=tmp_path, client_ca=file)
    address = await serve(ListenerTls(tls))
    mine = issuer.issue("desk.example", common="desk")
    client = await connect(address, authority.client(mine, tmp_path, latest=latest))
    assert await client.ask() == b"HTTP/1.1 200 OK"
    await client.close()
    assert house.logged[0].client_cert.subject == "C=DE,O=Clinic,CN=desk"

    assert await refused(address, authority.client(latest=latest))
    stranger = Authority("Others").issue(common="desk")
    assert await refused(address, authority.client(stranger, tmp_path, latest=latest))
    late = issuer.issue(common="desk", start=-10, days=5)
    assert await refused(address, authority.client(late, tmp_path, latest=latest))
    assert len(house.logged) == 1


async def test_an_optional_certificate_may_be_left_out_but_not_be_wrong(
    serve, house, authority, clients, tmp_path
):
    _, file = clients
    tls = certificates(
        authority.issue("a.example"), folder=tmp_path, client_ca=file, client_auth="optional"
    )
    address = await serve(ListenerTls(tls))
    client = await connect(address, authority.client())
    assert await client.ask() == b"HTTP/1.1 200 OK"
    await client.close()
    assert house.logged[0].client_cert is None
    stranger = Authority("Others").issue(common="desk")
    assert await refused(address, authority.client(stranger, tmp_path))


@pytest.mark.parametrize("latest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_renewed_authority_holds_for_new_connections(
    serve, authority, clients, tmp_path, latest
):
    issuer, file = clients
    tls = ListenerTls(certificates(authority.issue("a.example"), folder=tmp_path, client_ca=file))
    address = await serve(tls)
    context = authority.client(issuer.issue(common="desk"), tmp_path, latest=latest)
    client = await connect(address, context)
    await client.ask()
    session = client.ssl.session
    await client.close()
    Authority("New clients").write(tmp_path, "clients")
    assert tls.renew(time.time())
    assert await refused(address, context)
    # A session of before must not be a way around.
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    resumed = context.wrap_bio(incoming, outgoing, server_hostname="a.example", session=session)
    reader, writer = await asyncio.open_connection(*address)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await _spoken(resumed, incoming, outgoing, reader, writer)
    writer.transport.abort()


async def _spoken(client, incoming, outgoing, reader, writer) -> bytes:
    """Shake hands and send a request over memory; returns what came back."""
    steps = [client.do_handshake, lambda: client.write(GET), lambda: client.read(65536)]
    while True:
        try:
            answer = steps[0]()
        except ssl.SSLWantReadError:
            pass
        else:
            steps.pop(0)
            if not steps:
                return answer
            continue
        finally:
            writer.write(outgoing.read())
        data = await asyncio.wait_for(reader.read(65536), 20)
        if not data:
            raise ConnectionResetError
        incoming.write(data)
