"""Composes TLS: from the file's words to what a listener shows."""

from collections.abc import Sequence

from frontdesk.config.models.domain import Domain
from frontdesk.config.models.root import Config
from frontdesk.config.models.tls import Tls
from frontdesk.gateway.server.tls import (
    CertificateFiles,
    Certificates,
    ListenerTls,
    TlsSettings,
)


def certificates_of_listeners(
    listeners: Sequence[Tls | None], config: Config
) -> tuple[Certificates | None, ...]:
    """Read the certificates that listeners show: their own, and those of the domains of `config`.

    Raises: StartError when one cannot be used.
    """
    domains = list(config.domains.values())
    return tuple(
        None if tls is None else Certificates(_settings(tls, domains)) for tls in listeners
    )


def admin_tls(config: Config) -> ListenerTls | None:
    """Read the certificates of the admin listener, where it has some. Raises: StartError."""
    tls = config.admin.tls
    return None if tls is None else ListenerTls(Certificates(_settings(tls, ())))


def _settings(tls: Tls, domains: Sequence[Domain]) -> TlsSettings:
    own = [*tls.all_certificates, *(domain.tls for domain in domains if domain.tls is not None)]
    return TlsSettings(
        certificates=tuple(CertificateFiles(each.cert, each.key) for each in own),
        client_ca=tls.client_ca,
        client_auth=tls.client_auth,
        min_version=tls.min_version,
    )
