"""Owns the stage that lets a request in by the certificate that its client has shown.

The listener has verified it. Source: AWS, "Configuring mutual TLS authentication for an HTTP API".
"""

from collections.abc import Callable

from frontdesk.config.models.authorizer import MtlsAuthorizer
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.tls.client_certificate import ClientList


def mtls_stage(config: MtlsAuthorizer) -> Callable[[Exchange], Reply | None]:
    """Build the stage. A client without a certificate, or at a listener that asks for none, is refused."""
    allow = config.allow
    clients = ClientList(
        subjects=allow.subject,
        hosts=allow.san_dns,
        uris=allow.san_uri,
        emails=allow.san_email,
        sha256=allow.sha256,
    )

    def stage(ex: Exchange) -> Reply | None:
        client = ex.client_cert
        if client is None:
            ex.authorizer_error = "no client certificate"
            return refusal(403, "mtls:missing")
        if client not in clients:
            ex.authorizer_error = "client not allowed"
            return refusal(403, "mtls:not_allowed")
        ex.principal = client.subject
        ex.authorizer = context = {
            "principalId": client.subject,
            "sha256": client.sha256,
            "serialNumber": client.shown["serialNumber"],
        }
        ex.authorizer_event = {"lambda": context}
        return None

    return stage
