"""Owns TLS at a listener: which certificate a client is shown, and renewing them while connections stay.

The event loop gets one context for good; it is asked at each handshake, and the certificate then comes
from the context of the moment. Sources: RFC 8446, RFC 6066 §3 (server name), RFC 7301 (ALPN).
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Iterable, Mapping
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
    read_server_certificate,
)

LOOK_EVERY: Final = 10.0
"""Seconds between two looks at the files."""

TELL_EVERY: Final = 86400.0
"""Seconds after which a certificate that expires soon is told again."""

# TLS 1.2 with forward secrecy and authenticated encryption only; those of TLS 1.3 are always there.
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

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


class _Shown:
    """What clients are shown at one moment: a context for each certificate, found by name."""

    def __init__(self, settings: TlsSettings) -> None:
        """Raises: CertificateError or OSError, whose `file` or `filename` is to blame."""
        self.client_ca = b"" if settings.client_ca is None else settings.client_ca.read_bytes()
        self.certificates: dict[Path, ServerCertificate] = {}
        self._by_name: dict[str, ssl.SSLContext] = {}
        contexts = []
        for files in settings.certificates:
            certificate = _read(files)
            context = _context(settings)
            context.load_cert_chain(files.cert, files.key)
            contexts.append(context)
            self.certificates[files.cert] = certificate
            for name in certificate.names:
                self._by_name.setdefault(name, context)
        self._first = contexts[0]

    def context(self, name: str | None) -> ssl.SSLContext:
        """Find the context for the name that a client asks for; None: it asks for none."""
        host = (name or "").lower()
        return (
            self._by_name.get(host)
            or self._by_name.get(f"*.{host.partition('.')[2]}")
            or self._first
        )


class ListenerTls:
    """TLS of one listener. `context` goes to the event loop; what it shows may be renewed at any time."""

    def __init__(self, settings: TlsSettings) -> None:
        """Read the files. Raises: StartError when they cannot be used."""
        self._settings = settings
        self._stamp = _stamp(settings)
        self._trusted_since = 0.0
        try:
            self._shown = _Shown(settings)
            self.context = _context(settings)
        except (CertificateError, OSError) as error:
            raise StartError(_blame(settings, error), hint=_HINT) from error
        self.context.sni_callback = self._choose

    @property
    def asks_clients(self) -> bool:
        """Whether clients are asked for a certificate."""
        return self._settings.client_ca is not None

    @property
    def certificates(self) -> Mapping[Path, ServerCertificate]:
        """The certificates in force, by file."""
        return self._shown.certificates

    def is_outdated(self, connection: ssl.SSLObject) -> bool:
        """Whether a client was verified by authorities of before: TLS 1.2 resumes without asking again."""
        session = connection.session
        return (
            bool(connection.session_reused)
            and session is not None
            and session.time <= self._trusted_since
        )

    def replace(self, settings: TlsSettings, now: float) -> None:
        """Show other certificates to connections from calendar second `now` on, after a reload.

        Whether clients are asked, and the least version, stay as they were at the start.
        Raises: StartError, and nothing has changed.
        """
        try:
            shown = _Shown(settings)
        except (CertificateError, OSError) as error:
            raise StartError(_blame(settings, error), hint=_HINT) from error
        self._settings, self._stamp = settings, _stamp(settings)
        self._show(shown, now)

    def renew(self, now: float) -> bool:
        """Read the files again where one of them has changed; keep the old ones where they are no good.

        Blocks for some milliseconds: meant for a thread. Returns whether others are shown now.
        """
        stamp = _stamp(self._settings)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            shown = _Shown(self._settings)
        except (CertificateError, OSError) as error:
            # A key that follows its certificate by a moment changes the stamp again.
            _log.error("the old certificates stay: %s", _blame(self._settings, error))
            return False
        self._show(shown, now)
        for path in self.certificates:
            _log.info("certificate renewed: %s", path)
        return True

    def tell(self, now: float) -> None:
        """Log what is wrong with the certificates in force at calendar second `now`, or soon will be."""
        for path, certificate in self.certificates.items():
            for fault in faults(certificate, now):
                _log.error("clients will refuse the certificate: %s: %s", fault, path)
            soon = expires_soon(certificate, now)
            if soon:
                _log.warning("the certificate %s: %s", soon, path)

    def _show(self, shown: _Shown, now: float) -> None:
        if shown.client_ca != self._shown.client_ca:
            self._trusted_since = now
        self._shown = shown

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: object) -> None:
        connection.context = self._shown.context(name)


class CertificateWatch:
    """Looks at the files of listeners now and then, in a thread."""

    def __init__(self, listeners: Iterable[ListenerTls], clock: Clock, wheel: Wheel) -> None:
        """listeners: may grow until `start`."""
        self._listeners = listeners
        self._clock = clock
        self._timer = wheel.timer(self._look)
        self._tell_at = 0.0
        self._looking: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Begin to look. Must be called on the event loop."""
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


_HINT: Final = "`frontdesk check` tells all that is wrong with certificates"


def _context(settings: TlsSettings) -> ssl.SSLContext:
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


def _stamp(settings: TlsSettings) -> tuple[object, ...]:
    """Take what changes when a file does. One that is not there has no stamp."""
    found: list[object] = []
    paths = [path for files in settings.certificates for path in (files.cert, files.key)]
    for path in [*paths, *([settings.client_ca] if settings.client_ca else [])]:
        with contextlib.suppress(OSError):
            state = path.stat()
            found.append((path, state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(found)
