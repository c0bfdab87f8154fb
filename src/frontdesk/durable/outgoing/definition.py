"""Owns how endpoints and messages are written by those who make them: JSON in, values out, and back for people."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from frontdesk.base.durations import Rate, parse_rate
from frontdesk.client.session.requests import field_lines
from frontdesk.config.validation import among
from frontdesk.durable.outgoing.refusals import UNUSABLE, WebhooksError
from frontdesk.ports.deliveries import Kept
from frontdesk.rules.webhooks.keys import STANDARD, WebhookSecret, read_keys

ROTATION: Final = 86_400.0
"""Seconds for which a former secret signs beside the new one."""

_KEY_BYTES: Final = 32
_MOST: Final = 100  # types, channels or headers of one endpoint
_LONGEST: Final = 256
_MOST_AT_ONCE: Final = 1000
_TYPE: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.ASCII)
_CHANNEL: Final = re.compile(r"[A-Za-z0-9._:/-]{1,128}", re.ASCII)
_OURS: Final = frozenset(
    {
        *("connection", "content-encoding", "content-length", "content-type", "host"),
        *("keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"),
        *("webhook-id", "webhook-signature", "webhook-timestamp"),
    }
)

Document = Mapping[str, Any]


def refused(message: str, *, hint: str = "") -> WebhooksError:
    """Say that what was asked for cannot be used."""
    return WebhooksError(UNUSABLE, message, hint=hint)


def only(document: Document, keys: Mapping[str, Any] | frozenset[str]) -> None:
    """Refuse keys that mean nothing. Raises: WebhooksError."""
    for key in document:
        if key not in keys:
            raise refused(f"unknown key: {key}", hint=among(key, sorted(keys)))


def event_type(value: object) -> str:
    """Read the type of a message, such as `order.paid`. Raises: WebhooksError."""
    if not isinstance(value, str) or len(value) > _LONGEST or not _TYPE.fullmatch(value):
        raise refused(f"expected a type such as order.paid: {value!r}")
    return value


def channels(value: object) -> tuple[str, ...]:
    """Read channels. Raises: WebhooksError."""
    found = _texts("channels", value)
    for each in found:
        if not _CHANNEL.fullmatch(each):
            raise refused(f"expected channels such as project:42: {each!r}")
    return found


def described(document: Document) -> dict[str, Any]:
    """Read what an endpoint is to be, of what is said. Raises: WebhooksError."""
    only(document, _READERS)
    return {key: _READERS[key](value) for key, value in document.items()}


def _texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise refused(f"expected a list of at most {_MOST} texts: {key}")
    for each in value:
        if not isinstance(each, str):
            raise refused(f"expected a list of texts: {key}")
    return tuple(dict.fromkeys(value))


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value or len(value) > 10 * _LONGEST:
        raise refused("expected a text")
    return value


def _types(value: object) -> tuple[str, ...]:
    found = _texts("types", value)
    for each in found:
        event_type(each.removesuffix(".*"))
    return found


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or len(value) > _MOST:
        raise refused(f"expected a mapping of at most {_MOST} headers: headers")
    for name, text in value.items():
        if not isinstance(text, str):
            raise refused(f"expected a text as value of the header: {name}")
        if name.lower() in _OURS:
            raise refused(f"this header is ours: {name}")
        try:
            field_lines({name: text}).encode("latin-1")
        except ValueError:
            raise refused(f"expected a header that can be sent: {name!r}") from None
    return tuple(value.items())


def _rate(value: object) -> Rate | None:
    if value is None:
        return None
    try:
        return parse_rate(value)
    except ValueError as error:
        raise refused(str(error)) from None


def _concurrency(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_AT_ONCE:
        raise refused(f"expected a concurrency from 1 to {_MOST_AT_ONCE}")
    return value


_READERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "url": _text,
    "types": _types,
    "channels": channels,
    "headers": _headers,
    "description": _text,
    "rate": _rate,
    "concurrency": _concurrency,
}


# -- secrets --------------------------------------------------------------------------------------


def given_secret(text: object) -> WebhookSecret:
    """Take a secret that somebody brings along. Raises: WebhooksError, without the secret."""
    secret = WebhookSecret(text if isinstance(text, str) else "")
    try:
        read_keys(STANDARD, [secret], signing=True)
    except ValueError:
        raise refused(f"expected a secret: {STANDARD.about}") from None
    return secret


def new_secret(random_bytes: Callable[[int], bytes], *, ed25519: bool = False) -> WebhookSecret:
    """Make a secret: one to share, or an Ed25519 key."""
    prefix = "whsk_" if ed25519 else "whsec_"
    return WebhookSecret(prefix + b64encode(random_bytes(_KEY_BYTES)).decode())


def is_ed25519(secret: WebhookSecret) -> bool:
    """Tell a key of which receivers get the public half."""
    return secret.text.startswith("whsk_")


def shown_secret(secret: WebhookSecret) -> str:
    """Return what a receiver verifies with: the secret itself, or the public half of a key."""
    if not is_ed25519(secret):
        return secret.text
    (key,) = read_keys(STANDARD, [secret], signing=True).keys
    assert isinstance(key.material, Ed25519PrivateKey)
    return "whpk_" + b64encode(key.material.public_key().public_bytes_raw()).decode()


def rotated(
    secrets: tuple[WebhookSecret, ...], fresh: tuple[WebhookSecret, ...], now: float
) -> tuple[WebhookSecret, ...]:
    """Put new secrets first; the former ones of their kinds sign for a day more, those that are over are dropped."""
    kinds = {is_ed25519(each) for each in fresh}
    left = []
    for each in secrets:
        until = each.not_after
        if is_ed25519(each) in kinds:
            until = now + ROTATION if until is None else min(until, now + ROTATION)
        if until is None or until > now:
            left.append(WebhookSecret(each.text, each.id, until))
    return (*fresh, *left)


def told(kept: Kept, *, locked: str = "") -> dict[str, Any]:
    """Write an open endpoint for people: no secret of it, nor values of its headers, which may be some.

    locked: why it could not be opened; then it has no secrets and headers to tell of.
    """
    endpoint, health = kept
    keys = [shown_secret(each) for each in endpoint.secrets if is_ed25519(each)]
    return {
        "id": endpoint.id,
        "app": endpoint.app,
        "url": endpoint.url,
        "types": endpoint.types,
        "channels": endpoint.channels,
        "headers": [name for name, _ in endpoint.headers],
        "description": endpoint.description,
        "rate": endpoint.rate and str(endpoint.rate),
        "concurrency": endpoint.concurrency,
        "created": endpoint.created,
        "secrets": len(endpoint.secrets) - len(keys),
        "public_keys": keys,
        "locked": locked,
        "disabled": health.disabled,
        "failing_since": health.failing,
        "paused_until": health.paused or None,
    }
