"""Owns TLS at a listener: which certificate a client is shown, and renewing them while connections stay.

There is one context for good; it is asked at each handshake, and the certificate then comes from the
context of the moment. Sources: RFC 8446, RFC 6066 §3 (server name), RFC 7301 (ALPN).
"""

import asyncio
import contextlib
import logging
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StartError
from frontdesk.base.wheel import Wheel
from frontdesk.rules.tls.server_certificate import (
    CertificateError,
    ServerCertificate,
    expires_soon,
    faults,
)

LOOK_EVERY: Final = 10.0
"""Seconds between two looks at the files."""

TELL_EVERY: Final = 86400.0
"""Seconds after which a certificate that expires soon is told again."""

# TLS 1.2 with forward secrecy and authenticated encryption only; those of TLS 1.3 are always there.
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_HINT: Final = "`frontdesk check` tells all that is wrong with certificates"

_log = logging.getLogger("frontdesk.tls")


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files: the certificate with its chain, and its key."""

    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """TLS of one listener.

    certificates: at least one; the first is shown to clients that name no other. client_ca: PEM file of
    the authorities whose clients are let in. client_auth: whether a client without certificate is.
    """

    certificates: tuple[CertificateFiles, ...]
    client_ca: Path | None = None
    client_auth: Literal["require", "optional"] = "require"
    min_version: Literal["1.2", "1.3"] = "1.2"

    def stamp(self) -> tuple[object, ...]:
        """Look at the files: what this gives changes when one of them does."""
        paths = [path for files in self.certificates for path in (files.cert, files.key)]
        found: list[object] = []
        for path in [*paths, *([self.client_ca] if self.client_ca else [])]:
            with contextlib.suppress(OSError):  # one that is not there has none
                state = path.stat()
                found.append((path, state.st_mtime_ns, state.st_size, state.st_ino))
        return tuple(found)


class Certificates:
    """What a listener shows at one moment, as the files had it: a context for each certificate."""

    def __init__(self, settings: TlsSettings) -> None:
        """Read the files, in whatever thread. Raises: StartError when they cannot be used."""
        self.settings = settings
        self.stamp = settings.stamp()
        self.by_file: dict[Path, ServerCertificate] = {}
        self._by_name: dict[str, ssl.SSLContext] = {}
        try:
            self.client_ca = b"" if settings.client_ca is None else settings.client_ca.read_bytes()
            self._first, *_ = [self._add(files) for files in settings.certificates]
        except (CertificateError, OSError) as error:
            raise StartError(_blame(settings, error), hint=_HINT) from error

    def _add(self, files: CertificateFiles) -> ssl.SSLContext:
        certificate = self.by_file[files.cert] = _read(files)
        context = new_context(self.settings)
        context.load_cert_chain(files.cert, files.key)
        for name in certificate.names:
            self._by_name.setdefault(name, context)
        return context

    def context(self, name: str | None) -> ssl.SSLContext:
        """Find the context for the name that a client asks for; None: it asks for none."""
        host = (name or "").lower()
        return (
            self._by_name.get(host)
            or self._by_name.get(f"*.{host.partition('.')[2]}")
            or self._first
        )


def uncounted(_reason: str) -> None:
    """Handshakes that fail are logged only."""


class ListenerTls:
    """TLS of one listener. `context` begins each handshake; what it shows may be renewed at any time."""

    def __init__(
        self, certificates: Certificates, on_failed: Callable[[str], None] = uncounted
    ) -> None:
        """on_failed: called with the reason of each handshake that fails."""
        self.certificates = certificates
        self._on_failed = on_failed
        self.context = new_context(certificates.settings)
        self.context.sni_callback = self._choose
        self._seen = certificates.stamp
        self._trusted_since = 0.0
        self._replacing = threading.Lock()

    @property
    def asks_clients(self) -> bool:
        """Whether clients are asked for a certificate."""
        return self.certificates.settings.client_ca is not None

    def is_outdated(self, connection: ssl.SSLObject) -> bool:
        """Whether a client was verified by authorities of before: TLS 1.2 resumes without asking again."""
        session = connection.session
        return (
            bool(connection.session_reused)
            and session is not None
            and session.time <= self._trusted_since
        )

    def replace(self, certificates: Certificates, now: float) -> None:
        """Show other certificates to connections from calendar second `now` on.

        Whether clients are asked, and the least version, stay as they were at the start. What is wrong
        with files that are new is logged.
        """
        with self._replacing:
            are_new = certificates.stamp != self._seen
            self._replace(certificates, now)
        if are_new:
            self.tell(now)

    def _replace(self, certificates: Certificates, now: float) -> None:
        if certificates.client_ca != self.certificates.client_ca:
            self._trusted_since = now
        self.certificates = certificates
        self._seen = certificates.stamp

    def renew(self, now: float) -> bool:
        """Read the files again where one of them has changed; keep the old ones where they are no good.

        Blocks for some milliseconds: meant for a thread. Returns whether others are shown now.
        """
        former = self.certificates
        stamp = former.settings.stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            renewed = Certificates(former.settings)
        except StartError as error:
            # A key that follows its certificate by a moment changes the stamp again.
            _log.error("the old certificates stay: %s", error)
            return False
        with self._replacing:
            if self.certificates is not former:  # a reload came first
                return False
            self._replace(renewed, now)
        for path in renewed.by_file:
            _log.info("certificate renewed: %s", path)
        return True

    def tell(self, now: float) -> None:
        """Log what is wrong with the certificates in force at calendar second `now`, or soon will be."""
        for path, certificate in self.certificates.by_file.items():
            for fault in faults(certificate, now):
                _log.error("clients will refuse the certificate: %s: %s", fault, path)
            soon = expires_soon(certificate, now)
            if soon:
                _log.warning("the certificate %s: %s", soon, path)

    def tell_failed(self, peer: str, reason: str) -> None:
        """Log and count a handshake that has failed. reason: OpenSSL's word for it, `timeout` or `closed`."""
        _log.info("handshake failed: %s", reason, extra={"ip": peer})
        self._on_failed(reason)

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: object) -> None:
        connection.context = self.certificates.context(name)


class CertificateWatch:
    """Looks at the files of listeners now and then, in a thread."""

    def __init__(self, clock: Clock, wheel: Wheel) -> None:
        self._listeners: list[ListenerTls] = []
        self._clock = clock
        self._timer = wheel.timer(self._look)
        self._tell_at = 0.0
        self._looking: asyncio.Future[None] | None = None

    def start(self, listeners: Iterable[ListenerTls | None]) -> None:
        """Begin to look, where a listener has TLS. Must be called on the event loop."""
        self._listeners = [listener for listener in listeners if listener is not None]
        if self._listeners:
            self._look()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()
        if self._looking is not None:
            self._looking.cancel()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._looking = loop.run_in_executor(None, self._renew, self._clock.time())
        self._timer.at(self._clock.monotonic() + LOOK_EVERY)

    def _renew(self, now: float) -> None:
        renewed = [listener.renew(now) for listener in self._listeners]
        if any(renewed) or now >= self._tell_at:
            self._tell_at = now + TELL_EVERY
            for listener in self._listeners:
                listener.tell(now)


def new_context(settings: TlsSettings) -> ssl.SSLContext:
    """Make a context without a certificate. Raises: OSError when client_ca cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[settings.min_version]
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION
    if settings.client_ca is not None:
        context.load_verify_locations(settings.client_ca)
        required = settings.client_auth == "require"
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        # A resumed session would not be verified again.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    return context


def _read(files: CertificateFiles) -> ServerCertificate:
    from frontdesk.rules.tls.reading import (
        read_server_certificate,
    )  # large; most gateways have no TLS

    try:
        return read_server_certificate(files.cert.read_bytes(), files.key.read_bytes())
    except CertificateError as error:
        path = files.cert if error.file == "cert" else files.key
        raise CertificateError(error.file, f"{error}: {path}") from None


def _blame(settings: TlsSettings, error: CertificateError | OSError) -> str:
    if isinstance(error, CertificateError):
        return str(error)
    if isinstance(error, ssl.SSLError):  # the one file that OpenSSL alone reads
        return f"no PEM certificate in this file: {settings.client_ca}"
    return f"cannot read the file: {error.strerror}: {error.filename or settings.client_ca}"
