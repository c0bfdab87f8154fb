"""TLS between a client and its connection, over memory: the handshake, records however they come, the end."""

import asyncio
import logging
import ssl

import pytest

from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.server.http1 import HttpConnection
from frontdesk.gateway.server.limits import LINGER_TIME
from frontdesk.gateway.server.tls import (
    CertificateFiles,
    Certificates,
    ListenerTls,
    TlsSettings,
)
from frontdesk.gateway.server.tls_transport import TlsTransport
from tests.gateway.server.conftest import FakeTransport, parse_answers
from tests.gateway.server.test_tunnel import switch
from tests.live.certificates import Authority

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
RECORD = 16 * 1024
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def settings(authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    return TlsSettings((CertificateFiles(*authority.issue("a.example").write(folder)),))


@pytest.fixture
def failures():
    return []


@pytest.fixture
def arrive(house, authority, settings, failures):
    """Connect a client: `arrive(context)`."""
    tls = ListenerTls(Certificates(settings), failures.append)

    def connect(context=None):
        return Client(house, tls, context or authority.client())

    return connect


class Client:
    """A client of a TLS listener, which sees what was sent to it when it asks for it."""

    def __init__(self, house, tls, context) -> None:
        self.socket = FakeTransport("::ffff:192.0.2.7")
        self.connections = []
        self.server = TlsTransport(house.shared, tls, lambda: self.connect(house))
        self.socket.protocol = self.server
        self.server.connection_made(self.socket)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl = context.wrap_bio(self.incoming, self.outgoing, server_hostname="a.example")
        self.lost = False

    def connect(self, house):
        self.connections.append(HttpConnection(house.shared))
        return self.connections[-1]

    def shake(self, piece: int = RECORD) -> "Client":
        """Go through the handshake."""
        for _ in range(3):
            try:
                self.ssl.do_handshake()
            except ssl.SSLWantReadError:
                self.deliver(piece)
        self.deliver(piece)
        return self

    def send(self, data: bytes, piece: int = 1 << 20) -> "Client":
        while data:
            data = data[self.ssl.write(data) :]
        self.deliver(piece)
        return self

    def deliver(self, piece: int = 1 << 20) -> None:
        """Let the server have what the client has written, in pieces; take what it answers."""
        data = self.outgoing.read()
        for at in range(0, len(data), piece):
            if not self.socket.closed:
                self.server.data_received(data[at : at + piece])
        self.take()

    def take(self) -> None:
        self.incoming.write(b"".join(self.socket.writes))
        self.socket.writes.clear()
        if self.socket.closed and not self.lost:
            self.lost = True
            self.server.connection_lost(None)

    def end(self) -> None:
        """Close the socket."""
        if not self.server.eof_received():
            self.socket.close()
        self.take()

    def read(self) -> bytes:
        """Read all that is there."""
        found = b""
        try:
            while data := self.ssl.read(1 << 20):
                found += data
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        return found

    @property
    def ended(self) -> bool:
        """Whether close_notify has come."""
        try:
            return self.ssl.read(1) == b""
        except ssl.SSLZeroReturnError:  # it is the second to end
            return True
        except ssl.SSLWantReadError:
            return False


# -- records ------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, 5, 100, 1 << 20])
@pytest.mark.parametrize("latest", VERSIONS)
def test_requests_are_served_however_their_bytes_come(arrive, authority, latest, piece):
    client = arrive(authority.client(latest=latest)).shake(piece)
    for _ in range(3):
        client.send(GET, piece)
        ((status, _, body),) = parse_answers(client.read())
        assert (status, body) == (200, b"GET /? a.example ")


def test_a_request_may_come_with_the_end_of_the_handshake(arrive):
    client = arrive()
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.deliver()
    client.ssl.do_handshake()
    client.send(GET)
    assert client.read().startswith(b"HTTP/1.1 200")


def test_a_client_that_is_sent_away_at_once_is_not_served(arrive, house, monkeypatch):
    client = arrive()
    monkeypatch.setattr(HttpConnection, "connection_made", lambda *_: client.server.abort())
    monkeypatch.setattr(HttpConnection, "connection_lost", lambda *_: None)
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.deliver()
    client.ssl.do_handshake()
    client.send(GET)
    assert client.lost
    assert not house.entered


def test_records_that_come_together_are_received_in_one_piece(arrive, monkeypatch):
    client = arrive().shake()
    received = []
    monkeypatch.setattr(HttpConnection, "data_received", lambda _self, data: received.append(data))
    data = bytes(range(256)) * 300
    client.send(data)
    client.send(GET)
    assert received == [data, GET]


def test_what_is_longer_than_a_record_is_sent_as_a_whole(arrive, house):
    text = bytes(range(256)) * 1000
    house.stage = lambda _ex: Reply(200, [], text)
    client = arrive().shake().send(GET)
    assert len(client.socket.writes) == 0
    ((_, _, body),) = parse_answers(client.read())
    assert body == text


def test_an_answer_is_one_write(arrive):
    client = arrive().shake()
    client.ssl.write(GET)
    client.server.data_received(client.outgoing.read())
    assert len(client.socket.writes) == 1


def test_the_connection_knows_the_client(arrive, house):
    client = arrive().shake().send(GET)
    assert house.entered[0].peer == "192.0.2.7"
    assert client.server.get_extra_info("ssl_object").version() == "TLSv1.3"
    assert client.server.get_extra_info("nothing") is None


def test_a_client_that_does_not_read_stalls_the_connection(arrive):
    client = arrive().shake()
    client.server.pause_writing()
    client.send(GET)
    assert client.read() == b""
    client.server.resume_writing()
    client.take()
    assert client.read().startswith(b"HTTP/1.1 200")


def test_bytes_that_are_no_record_close_the_connection(arrive):
    client = arrive().shake()
    client.server.data_received(b"GET / HTTP/1.1\r\n\r\n")
    client.take()
    assert client.socket.closed
    assert client.lost
    with pytest.raises(ssl.SSLError, match="ALERT"):
        client.read()


def test_what_is_answered_behind_a_broken_record_is_dropped(arrive):
    client = arrive().shake()
    client.server.data_received(b"\x17\x03\x03\x00\x20" + bytes(32))
    assert client.socket.closed
    client.server.write(b"late")
    client.server.write_eof()
    client.server.close()
    assert client.server.is_closing()


class NewKeys:
    """What OpenSSL does with a record that asks for a new key (RFC 8446 §4.6.3), which Python cannot send."""

    def __init__(self, outgoing: ssl.MemoryBIO) -> None:
        self.outgoing = outgoing

    def read(self, _most: int) -> bytes:
        self.outgoing.write(b"k" * 27)
        raise ssl.SSLWantReadError


def test_new_keys_are_answered_once_the_client_reads(arrive):
    client = arrive().shake()
    client.server._secured = NewKeys(client.server._outgoing)
    client.server.data_received(b"x")
    assert client.socket.writes == [b"k" * 27]
    client.server.pause_writing()
    for _ in range(5):
        client.server.data_received(b"x")
    assert client.socket.writes == [b"k" * 27]
    client.server.resume_writing()
    assert client.socket.writes == [b"k" * 27, b"k" * 27 * 5]


def test_a_client_that_reads_nothing_cannot_ask_for_new_keys_forever(arrive):
    client = arrive().shake()
    client.server._secured = NewKeys(client.server._outgoing)
    client.server.pause_writing()
    for _ in range(RECORD // 27 + 1):
        assert not client.socket.aborted
        client.server.data_received(b"x")
    assert client.socket.aborted
    assert not client.socket.writes


# -- the end ------------------------------------------------------------------------------------


def test_the_end_of_a_connection_is_told(arrive):
    client = arrive().shake()
    client.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert client.read().startswith(b"HTTP/1.1 200")
    assert client.ended
    client.ssl.unwrap()
    assert not client.socket.closed
    client.deliver()
    assert client.socket.closed


def test_a_client_that_does_not_end_is_waited_for_but_not_for_long(arrive, house):
    client = arrive().shake()
    client.server.close()
    assert client.server.is_closing()
    client.send(GET)
    assert not client.socket.closed
    house.pass_time(LINGER_TIME)
    client.take()
    assert client.lost
    assert not house.entered


def test_an_early_answer_ends_our_side_only(arrive):
    client = arrive().shake()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert b"Connection: close" in client.read()
    assert client.ended
    client.send(b"5\r\n12345\r\n")
    assert not client.socket.closed


@pytest.mark.parametrize("half_close", [False, True])
def test_a_client_that_sends_no_more_is_answered_where_allowed(arrive, house, half_close):
    house.shared.half_close = half_close
    house.park()
    client = arrive().shake().send(GET)
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.unwrap()
    client.deliver()
    client.end()
    (exchange,) = house.entered
    assert client.socket.closed is not half_close
    if half_close:
        exchange.client.send(exchange, Reply(200, [], b"late"))
        client.take()
        assert client.socket.closed
        assert client.read().endswith(b"late")
        assert client.ended
    else:
        assert exchange.error == "client_gone"


@pytest.mark.parametrize("latest", VERSIONS)
def test_what_a_client_sends_before_its_end_is_received_after_ours(
    arrive, authority, monkeypatch, latest
):
    client = arrive(authority.client(latest=latest)).shake()
    received = []
    monkeypatch.setattr(HttpConnection, "data_received", lambda _self, data: received.append(data))
    client.server.write_eof()
    client.ssl.write(b"last words")
    client.take()
    assert client.ended
    client.ssl.unwrap()
    client.deliver()
    assert received == [b"last words"]
    assert client.socket.closed
    assert not client.socket.eof


def test_the_end_is_told_to_whom_the_connection_was_handed_over(arrive, monkeypatch):
    told = []

    class Successor(asyncio.Protocol):
        def eof_received(self):
            told.append(self)
            return True

    successor = Successor()
    client = arrive().shake()
    monkeypatch.setattr(
        HttpConnection, "data_received", lambda *_: client.server.set_protocol(successor)
    )
    client.ssl.write(GET)
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.unwrap()
    client.deliver()
    assert told == [successor]
    assert not client.server.is_closing()


def test_a_socket_that_ends_without_a_word_has_been_cut_off(arrive, house):
    house.shared.half_close = True
    house.park()
    client = arrive().shake().send(GET)
    client.end()
    assert client.lost
    assert house.entered[0].error == "client_gone"


@pytest.mark.parametrize(
    "broken", [b"\x17\x03\x03\x00\x20" + bytes(32), b""], ids=["record", "socket"]
)
def test_a_client_that_breaks_off_and_does_not_read_is_dropped(arrive, house, monkeypatch, broken):
    house.park()
    client = arrive().shake().send(GET)
    monkeypatch.setattr(
        client.socket, "close", lambda: None
    )  # what is written waits for the client
    if broken:
        client.server.data_received(broken)
    else:
        client.server.eof_received()
    house.pass_time(LINGER_TIME)
    assert client.socket.aborted


def test_nothing_is_sent_behind_the_end(arrive):
    client = arrive().shake()
    client.server.close()
    client.server.write(b"more")
    client.server.close()
    client.take()
    assert client.read() == b""
    assert client.ended


# -- after an upgrade ---------------------------------------------------------------------------


@pytest.fixture
def tunnel(arrive, house):
    """A client and the backend that it has been switched to."""
    client = arrive().shake()
    backend = switch(house, client)
    client.take()
    assert client.read().endswith(b"\r\n\r\nhello")
    return client, backend


def say_goodbye(client):
    """Send close_notify."""
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.unwrap()
    client.deliver()


@pytest.mark.parametrize("piece", [100, 1 << 20])
def test_a_tunnel_carries_what_is_longer_than_a_record(tunnel, piece):
    client, backend = tunnel
    data = bytes(range(256)) * 1000
    client.send(data, piece)
    assert backend.data == data
    backend.peer.write(data)
    client.take()
    assert client.read() == data


def test_the_backend_goes_on_after_the_clients_end(tunnel):
    client, backend = tunnel
    say_goodbye(client)
    client.server.eof_received()
    assert backend.ended
    assert not client.socket.closed
    backend.peer.write(b"late")
    backend.peer.end()
    client.take()
    assert client.lost
    assert client.read() == b"late"
    assert client.ended
    assert not backend.cancelled


def test_the_client_goes_on_after_the_backends_end(tunnel):
    client, backend = tunnel
    backend.peer.end()
    client.send(b"last")
    client.take()
    assert client.ended
    assert not client.socket.closed
    client.ssl.unwrap()
    client.deliver()
    assert (backend.data, backend.ended, backend.cancelled) == (b"last", True, False)
    assert client.lost


@pytest.mark.parametrize("backend_has_ended", [False, True])
def test_a_tunnel_that_is_cut_off_is_no_end_of_what_the_client_says(tunnel, backend_has_ended):
    client, backend = tunnel
    if backend_has_ended:
        backend.peer.end()
    client.send(b"half of")
    client.end()
    assert client.lost
    assert (backend.data, backend.ended, backend.cancelled) == (b"half of", False, True)


def test_a_client_may_send_without_end_behind_its_end_and_fills_nothing(tunnel):
    client, backend = tunnel
    say_goodbye(client)
    for _ in range(16):
        client.server.data_received(bytes(RECORD))
    assert client.server._incoming.pending == 0
    assert (backend.data, backend.ended) == (b"", True)
    assert not client.socket.closed


def test_a_client_that_does_not_read_the_last_bytes_of_a_tunnel_is_dropped(
    tunnel, house, monkeypatch
):
    client, backend = tunnel
    say_goodbye(client)
    monkeypatch.setattr(client.socket, "close", lambda: None)  # what is written waits for it
    backend.peer.end()
    house.pass_time(house.limits.idle_timeout)
    assert client.socket.aborted


def test_pressure_in_a_tunnel_is_that_of_the_socket(tunnel):
    client, backend = tunnel
    client.server.pause_writing()
    assert backend.paused
    client.server.resume_writing()
    assert not backend.paused
    backend.peer.pause()
    assert not client.socket.reading
    backend.peer.resume()
    assert client.socket.reading


# -- other certificates while hands are shaken --------------------------------------------------


@pytest.mark.parametrize("latest", VERSIONS)
@pytest.mark.parametrize(
    ("said", "shown"),
    [(0, "new.example"), (100, "new.example"), (RECORD, "a.example")],
    ids=["nothing", "half of the hello", "the hello"],
)
def test_a_handshake_shows_what_held_when_the_client_had_said_hello(
    house, authority, settings, tmp_path, latest, said, shown
):
    renewed = CertificateFiles(*authority.issue("a.example", "new.example").write(tmp_path))
    tls = ListenerTls(Certificates(settings))
    client = Client(house, tls, authority.client(latest=latest))
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    hello = client.outgoing.read()
    assert len(hello) > 100
    if said:
        client.server.data_received(hello[:said])
    tls.replace(Certificates(TlsSettings((renewed,))), house.clock.time())
    if hello[said:]:
        client.server.data_received(hello[said:])
    client.take()
    client.shake().send(GET)
    assert client.read().startswith(b"HTTP/1.1 200")
    assert client.ssl.getpeercert()["subjectAltName"][-1] == ("DNS", shown)


@pytest.mark.parametrize("latest", VERSIONS)
def test_a_handshake_is_judged_by_the_authorities_it_began_with(
    house, authority, settings, tmp_path, latest
):
    former, other = Authority("Clients"), Authority("Other clients")
    asking = [
        TlsSettings(settings.certificates, client_ca=issuer.write(tmp_path, name))
        for issuer, name in ((former, "former"), (other, "other"))
    ]
    tls = ListenerTls(Certificates(asking[0]))
    context = authority.client(former.issue(common="desk"), tmp_path, latest=latest)
    client = Client(house, tls, context)
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.deliver()
    tls.replace(Certificates(asking[1]), house.clock.time())
    assert client.shake().send(GET).read().startswith(b"HTTP/1.1 200")
    late = Client(house, tls, context)
    with pytest.raises(ssl.SSLError):
        late.shake().read()


# -- handshakes that fail -----------------------------------------------------------------------


def test_a_client_that_speaks_no_tls_is_sent_away(arrive, failures, caplog):
    caplog.set_level(logging.INFO, "frontdesk.tls")
    client = arrive()
    client.server.data_received(GET)
    client.take()
    assert client.lost
    assert failures == ["http_request"]
    assert [(record.getMessage(), record.ip) for record in caplog.records] == [
        ("handshake failed: http_request", "192.0.2.7")
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_client_that_is_too_old_is_told_why(arrive, authority, failures):
    context = authority.client()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    client = arrive(context)
    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        client.shake()
    assert failures == ["unsupported_protocol"]


def test_a_client_may_refuse_our_certificate(arrive, failures):
    client = arrive(Authority("Others").client())
    with pytest.raises(ssl.SSLCertVerificationError):
        client.shake()
    client.deliver()
    assert client.lost
    assert failures == ["tlsv1_alert_unknown_ca"]


def test_a_client_that_leaves_in_the_middle_is_counted(arrive, failures):
    client = arrive()
    client.server.data_received(b"\x16\x03\x01")
    client.end()
    assert failures == ["closed"]
    assert not client.connections


def test_a_handshake_has_its_time(arrive, house, failures):
    client = arrive()
    client.server.data_received(b"\x16\x03\x01")
    house.pass_time(house.limits.header_timeout)
    assert client.socket.aborted
    client.take()
    assert failures == ["timeout"]


@pytest.mark.parametrize("leaves", [False, True])
def test_nothing_is_told_of_a_client_that_says_nothing(arrive, house, failures, leaves):
    client = arrive()
    if leaves:
        client.end()
    else:
        house.pass_time(house.limits.header_timeout)
        client.take()
    assert client.lost
    assert failures == []


def test_the_time_of_a_handshake_ends_with_it(arrive, house):
    client = arrive().shake()
    house.pass_time(house.limits.header_timeout * 2)
    assert client.send(GET).read().startswith(b"HTTP/1.1 200")


# -- the server stops in the middle -------------------------------------------------------------


def halfway(client):
    """Go through a handshake as far as to the client's last word."""
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.deliver()
    client.ssl.do_handshake()
    return client


@pytest.mark.parametrize("greets", [True, False])
def test_a_stop_closes_clients_that_still_shake_hands(arrive, house, failures, greets):
    client = halfway(arrive()) if greets else arrive()
    left = []
    house.shared.registry.drain(lambda: left.append(True))
    assert client.socket.closed
    assert not left
    client.take()
    assert left
    assert failures == []
    assert not client.connections


def test_a_client_that_comes_while_the_server_stops_is_not_greeted(arrive, house, failures):
    house.shared.registry.drain(lambda: None)
    client = arrive()
    assert client.socket.closed
    client.take()
    assert failures == []
    house.pass_time(house.limits.header_timeout)


def test_a_stop_waits_no_longer_for_a_handshake_that_is_done(arrive, house):
    client = arrive().shake()
    left = []
    house.shared.registry.drain(lambda: left.append(True))
    client.take()
    assert client.ended
    client.ssl.unwrap()
    client.deliver()
    assert client.lost
    assert left


def test_a_client_takes_a_place_when_its_handshake_is_done(build, authority, settings):
    house = build(max_connections=1)
    tls = ListenerTls(Certificates(settings))
    clients = [halfway(Client(house, tls, authority.client())) for _ in range(2)]
    assert not house.shared.registry.connections
    answers = [client.send(GET).read() for client in clients]
    assert [answer.split(b" ")[1] for answer in answers] == [b"200", b"503"]
