"""Composes TLS: from the file's words to what a listener shows."""

from collections.abc import Callable, Sequence

from frontdesk.config.models.domain import Domain
from frontdesk.config.models.door import Listener
from frontdesk.config.models.root import Config
from frontdesk.config.models.tls import Tls
from frontdesk.gateway.server.tls import (
    CertificateFiles,
    Certificates,
    ListenerTls,
    TlsSettings,
    uncounted,
)


def certificates_of_listeners(
    started: Sequence[Listener], config: Config
) -> tuple[Certificates | None, ...]:
    """Read the certificates that listeners show: their own, and those of the domains of `config`.

    started: as they were opened. Where `config` has others, these wait for a restart and keep theirs.
    Raises: StartError when one cannot be used.
    """
    same = fixed_of_listeners(started) == fixed_of_listeners(config.listen)
    domains = list(config.domains.values())
    return tuple(
        None if listener.tls is None else Certificates(_settings(listener.tls, domains))
        for listener in (config.listen if same else started)
    )


def fixed_of_listeners(listeners: Sequence[Listener]) -> list[object]:
    """List what of listeners is read when the process starts: all but which files they show."""
    return [(each.address, each.half_close, each.tls and _fixed(each.tls)) for each in listeners]


def _fixed(tls: Tls) -> tuple[object, ...]:
    return tls.client_auth, tls.min_version, tls.client_ca is not None


def admin_tls(config: Config, on_failed: Callable[[str], None] = uncounted) -> ListenerTls | None:
    """Read the certificates of the admin listener, where it has some. Raises: StartError.

    on_failed: called with the reason of each handshake that fails.
    """
    tls = config.admin.tls
    return None if tls is None else ListenerTls(Certificates(_settings(tls, ())), on_failed)


def _settings(tls: Tls, domains: Sequence[Domain]) -> TlsSettings:
    own = [*tls.all_certificates, *(domain.tls for domain in domains if domain.tls is not None)]
    return TlsSettings(
        certificates=tuple(CertificateFiles(each.cert, each.key) for each in own),
        client_ca=tls.client_ca,
        client_auth=tls.client_auth,
        min_version=tls.min_version,
    )
