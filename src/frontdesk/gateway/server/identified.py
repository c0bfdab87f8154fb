"""Owns connections of clients with certificates: each of their requests says who they are."""

import asyncio
from functools import lru_cache

from frontdesk.gateway.server.heads import Request
from frontdesk.gateway.server.http1 import HttpConnection
from frontdesk.gateway.server.shared import Shared
from frontdesk.gateway.server.tls import ListenerTls
from frontdesk.rules.tls.client_certificate import ClientCertificate


@lru_cache(1024)  # clients come back with the same certificate
def _read(der: bytes) -> ClientCertificate | None:
    from frontdesk.rules.tls.reading import (
        read_client_certificate,
    )  # a listener with TLS has it already

    try:
        return read_client_certificate(der)
    except ValueError:  # OpenSSL has verified it, but it says nothing that can be shown
        return None


class IdentifiedConnection(HttpConnection):
    """A connection through TLS whose client has been asked for a certificate."""

    __slots__ = ("_client_cert", "_tls")

    def __init__(self, shared: Shared, tls: ListenerTls) -> None:
        super().__init__(shared)
        self._tls = tls
        self._client_cert: ClientCertificate | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who the client is; without a certificate, where none is required, it is nobody."""
        secured = transport.get_extra_info("ssl_object")
        der = secured.getpeercert(binary_form=True)
        self._client_cert = None if der is None else _read(der)
        super().connection_made(transport)
        if self._tls.is_outdated(secured):
            self.abort()

    def _begin(self, request: Request) -> None:
        request.client_cert = self._client_cert
        super()._begin(request)
