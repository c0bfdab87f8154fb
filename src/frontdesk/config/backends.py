"""Turns what the file says of the way to a backend into the values that the client takes."""

from base64 import b64encode

from frontdesk.base.streams import Field
from frontdesk.client.dial import TlsSettings
from frontdesk.client.egress import EgressSettings
from frontdesk.client.proxies import Identity, Proxy
from frontdesk.config.models.upstream import Basic, Egress, UpstreamAuth, UpstreamTls


def tls_settings(tls: UpstreamTls) -> TlsSettings:
    """Return the settings of a `tls`."""
    return TlsSettings(str(tls.ca or ""), str(tls.cert or ""), str(tls.key or ""))


def egress_settings(egress: Egress, *, failover: bool = False) -> EgressSettings:
    """Return the settings of an entry of `egress`. failover: see EgressSettings. Reveals secrets."""
    proxies = [
        Proxy(proxy.url, basic(proxy.basic) if proxy.basic else "") for proxy in egress.proxies
    ]
    return EgressSettings(
        (
            *(Identity(source=address) for address in egress.addresses),
            *(Identity(proxy=proxy) for proxy in proxies),
        ),
        frozenset(egress.on),
        egress.cooldown,
        egress.honour_retry_after,
        failover,
    )


def basic(user: Basic) -> str:
    """Return the value of a field that tells a user and his password (RFC 7617). Reveals the secret."""
    pair = f"{user.username}:{user.password.reveal()}"
    return "Basic " + b64encode(pair.encode()).decode()


def credentials(auth: UpstreamAuth) -> Field:
    """Return the header field of an `auth`. Reveals secrets."""
    if auth.bearer is not None:
        return b"Authorization", b"Bearer " + auth.bearer.token.reveal().encode()
    if auth.basic is not None:
        return b"Authorization", basic(auth.basic).encode()
    assert auth.api_key is not None  # the model has one of the three
    return auth.api_key.header.encode(), auth.api_key.api_key.reveal().encode()
