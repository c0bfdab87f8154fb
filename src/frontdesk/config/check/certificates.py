"""Finds certificates that cannot be used, that clients refuse or soon will, and clients nobody asks for one."""

from collections.abc import Iterator

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.models.authorizer import MtlsAuthorizer
from frontdesk.config.models.tls import Certificate, Tls
from frontdesk.config.names import used_names
from frontdesk.config.tree import Path
from frontdesk.config.validation import shown
from frontdesk.rules.tls.reading import read_authorities, read_server_certificate
from frontdesk.rules.tls.server_certificate import (
    CertificateError,
    ServerCertificate,
    covers,
    expires_soon,
    faults,
)

_CLOCK = SystemClock()


def unusable(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Files that cannot be read, hold no certificate or key, or do not belong together."""
    for path, certificate in _certificates(loaded):
        found = _read(path, certificate)
        if not isinstance(found, ServerCertificate):
            yield _at(loaded, *found)
    for path, tls in _tls(loaded):
        if tls.client_ca is None:
            continue
        at = (*path, "client_ca")
        try:
            read_authorities(tls.client_ca.read_bytes())
        except OSError as error:
            yield _at(loaded, at, f"cannot read this file: {error.strerror}")
        except ValueError as error:
            yield _at(loaded, at, str(error))


def refused(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Certificates that have expired, are not valid yet, or whose chain is broken."""
    now = _CLOCK.time()
    for path, certificate in _readable(loaded):
        for fault in faults(certificate, now):
            yield _at(loaded, (*path, "cert"), fault)


def expiring(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Certificates that end within two weeks."""
    now = _CLOCK.time()
    for path, certificate in _readable(loaded):
        if soon := expires_soon(certificate, now):
            yield _at(loaded, (*path, "cert"), soon)


def uncovered(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Host names that are served, and that no certificate has, where there are certificates."""
    names = [name for _, certificate in _readable(loaded) for name in certificate.names]
    config = loaded.config
    places: list[tuple[Path, str, str]] = [
        (("domains", name), name, name) for name in config.domains
    ]
    for name, api in config.apis.items():
        at = ("apis", name, "host")
        for host in filter(None, api.hosts):
            label = host.removesuffix(api.host or "")
            places.append((at, host, label + loaded.shown(api.host, *at)))
    for path, host, told in places if names else ():
        if not covers(names, host):
            where = loaded.tree.position(path, of_key=path[0] == "domains")
            yield where, f"no certificate has this name: {told}"


def nobody_is_asked(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Authorizers by client certificate, where no listener asks for one."""
    if any(tls.client_ca for path, tls in _tls(loaded) if path[0] == "listen"):
        return
    used = used_names(loaded.tree, "authorizers")
    for name, authorizer in loaded.config.authorizers.items():
        if isinstance(authorizer, MtlsAuthorizer) and name in used:
            where = loaded.tree.position(("authorizers", name), of_key=True)
            yield where, "no listener asks clients for a certificate"


def admin_in_plain(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """An admin face beyond this machine without TLS."""
    admin = loaded.config.admin
    if not admin.listen.is_loopback and admin.tls is None:
        where = loaded.tree.position(("admin", "listen"))
        address = loaded.shown(admin.listen, "admin", "listen")
        yield where, f"the admin face is reached without TLS: {address}"


def _tls(loaded: Loaded) -> Iterator[tuple[Path, Tls]]:
    for index, listener in enumerate(loaded.config.listen):
        if listener.tls is not None:
            yield ("listen", index, "tls"), listener.tls
    if loaded.config.admin.tls is not None:
        yield ("admin", "tls"), loaded.config.admin.tls


def _certificates(loaded: Loaded) -> Iterator[tuple[Path, Certificate]]:
    for path, tls in _tls(loaded):
        own, further = tls.all_certificates, tls.certificates
        if len(own) > len(further):
            yield path, own[0]
        for index, certificate in enumerate(further):
            yield (*path, "certificates", index), certificate
    for name, domain in loaded.config.domains.items():
        if domain.tls is not None:
            yield ("domains", name, "tls"), domain.tls


def _readable(loaded: Loaded) -> Iterator[tuple[Path, ServerCertificate]]:
    for path, certificate in _certificates(loaded):
        found = _read(path, certificate)
        if isinstance(found, ServerCertificate):
            yield path, found


def _read(path: Path, files: Certificate) -> ServerCertificate | tuple[Path, str]:
    """Read a certificate, or tell which key of the file is to blame, and for what."""
    data = {}
    for key, file in (("cert", files.cert), ("key", files.key)):
        try:
            data[key] = file.read_bytes()
        except OSError as error:
            return (*path, key), f"cannot read this file: {error.strerror}"
    try:
        return read_server_certificate(data["cert"], data["key"])
    except CertificateError as error:
        return (*path, error.file), str(error)


def _at(loaded: Loaded, path: Path, message: str) -> tuple[Position, str]:
    # The path as it is written: a value that came from a reference is not shown.
    written = shown(loaded.tree.value_at(loaded.tree.known(path)))
    return loaded.tree.position(path), f"{message}: {written}"
