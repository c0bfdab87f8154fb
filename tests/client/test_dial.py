"""Making connections: names, several addresses, and TLS that trusts nobody by default."""

import datetime as dt
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from frontdesk.base.errors import UpstreamError
from frontdesk.client.dial import FRESH, STALE, Dialer, Resolver, TlsSettings
from frontdesk.client.target import parse_target
from frontdesk.client.upstreams import UpstreamSettings

# -- names -----------------------------------------------------------------------------------------


class Names:
    """Answers in place of the system's resolver."""

    def __init__(self, *addresses):
        self.addresses = addresses
        self.asked = 0

    async def getaddrinfo(self, host, port, **_hints):
        self.asked += 1
        if not self.addresses:
            raise OSError("no such name")
        return [(2, 1, 6, "", (address, port)) for address in self.addresses]


@pytest.fixture
def names(monkeypatch):
    names = Names("192.0.2.1", "192.0.2.2", "192.0.2.1")
    monkeypatch.setattr("asyncio.get_running_loop", lambda: names)
    return names


async def test_a_name_is_asked_for_once_in_a_while(names, clock):
    resolver = Resolver("h.example", 80, clock.monotonic)
    assert await resolver.addresses() == ["192.0.2.1", "192.0.2.2"]
    await resolver.addresses()
    assert names.asked == 1
    clock.now += FRESH
    names.addresses = ("192.0.2.3",)
    assert await resolver.addresses() == ["192.0.2.3"]


async def test_old_addresses_serve_while_the_name_service_is_down(names, clock):
    resolver = Resolver("h.example", 80, clock.monotonic)
    known = await resolver.addresses()
    names.addresses = ()
    clock.now += FRESH + 1
    assert await resolver.addresses() == known
    clock.now += STALE
    with pytest.raises(UpstreamError, match="name not found") as caught:
        await resolver.addresses()
    assert caught.value.reason == "resolve"


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 64}.example"], ids=["no-label", "long-label"])
async def test_a_name_that_dns_cannot_have_is_not_found(host, clock):
    with pytest.raises(UpstreamError, match="name not found") as caught:
        await Resolver(host, 80, clock.monotonic).addresses()
    assert caught.value.reason == "resolve"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_needs_no_resolver(names, clock, host):
    assert await Resolver(host, 80, clock.monotonic).addresses() == [host]
    assert names.asked == 0


async def test_the_next_address_is_tried(backend, clock, until):
    target = parse_target(f"http://h.example:{backend.port}")
    dialer = Dialer(target, None, 5.0, clock.monotonic)
    dialer._resolver._addresses = ["127.0.0.2", "127.0.0.1"]  # nobody listens on the first
    dialer._resolver._asked = float("inf")
    made = []

    class Factory:
        def connection_made(self, transport):
            made.append(transport)

        def connection_lost(self, exc):
            made.append(exc)

    await dialer.dial(Factory)
    made[0].abort()
    await until(lambda: len(made) == 2)


# -- TLS -------------------------------------------------------------------------------------------


class Authority:
    """A certificate authority of one test run."""

    def __init__(self, folder, name):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        ca = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = self._sign(self.name, self.key.public_key(), ca)
        self.ca = self._write(f"{name}.pem", self.certificate)

    def _sign(self, subject, public_key, *extensions):
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, name, *parts):
        path = self.folder / name
        pem = serialization.Encoding.PEM
        path.write_bytes(
            b"".join(
                part.public_bytes(pem)
                if isinstance(part, x509.Certificate)
                else part.private_bytes(
                    pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
                for part in parts
            )
        )
        return str(path)

    def issue(self, name, address):
        """Return the files of a certificate for an address and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        certificate = self._sign(subject, key.public_key(), alternative)
        return self._write(f"{name}.crt", certificate), self._write(f"{name}.key", key)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "trusted")


def server_context(authority, address="127.0.0.1", *, ask_for_client=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server", address))
    if ask_for_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.ca)
    return context


@pytest.fixture
async def secure(backend):
    """Start a backend with a TLS context; return its settings for a client's files."""
    started = []

    async def secure(context, **files):
        other = type(backend)()
        await other.start(ssl=context)
        started.append(other)
        url = f"https://127.0.0.1:{other.port}"
        return other, UpstreamSettings((url,), tls=TlsSettings(**files))

    yield secure
    for other in started:
        await other.stop()


async def test_a_verified_backend_is_used(upstreams, secure, authority, ask):
    backend, settings = await secure(server_context(authority), ca=authority.ca)
    upstream = upstreams.get(settings)
    for n in range(2):
        upstream.send(call := ask())
        if n == 0:
            peer = await backend.peer()
        await peer.head()
        await peer.answer(b"secret")
        await call.answered()
        assert call.body_came == b"secret"
    assert backend.connections == 1


async def test_a_client_certificate_is_shown(upstreams, secure, authority, ask):
    certificate, key = authority.issue("client", "127.0.0.1")
    context = server_context(authority, ask_for_client=True)
    backend, settings = await secure(context, ca=authority.ca, cert=certificate, key=key)
    upstreams.get(settings).send(call := ask())
    peer = await backend.peer()
    await peer.head()
    await peer.answer()
    await call.answered()


async def test_an_unknown_authority_is_refused(upstreams, secure, authority, ask):
    _, settings = await secure(server_context(authority))
    upstreams.get(settings).send(call := ask())
    assert await call.failed() == "tls"


async def test_another_name_is_refused(upstreams, secure, authority, ask):
    _, settings = await secure(server_context(authority, "127.0.0.9"), ca=authority.ca)
    upstreams.get(settings).send(call := ask())
    assert await call.failed() == "tls"


async def test_plain_http_behind_https_is_a_tls_failure(upstreams, backend, ask):
    url = f"https://127.0.0.1:{backend.port}"
    upstreams.get(UpstreamSettings((url,))).send(call := ask())
    peer = await backend.peer()
    await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert await call.failed() == "tls"


async def test_silence_while_connecting_is_a_timeout(upstreams, backend, ask):
    url = f"https://127.0.0.1:{backend.port}"  # never answers the handshake
    settings = UpstreamSettings((url,), limits=type(UpstreamSettings((url,)).limits)(connect=0.1))
    upstreams.get(settings).send(call := ask())
    assert await call.failed() == "connect_timeout"


def test_files_that_cannot_be_used_are_found_at_load(upstreams, tmp_path):
    settings = UpstreamSettings(("https://h",), tls=TlsSettings(ca=str(tmp_path / "none.pem")))
    with pytest.raises(OSError):
        upstreams.get(settings)
