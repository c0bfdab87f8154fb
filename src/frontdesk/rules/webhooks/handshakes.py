"""Owns what vendors ask of an address before they send to it, as answers to give.

Text is echoed bounded, as plain text, and never sniffed: an echo is else a way to plant a script.
Sources: the vendors' pages; W3C WebSub §5.3; CloudEvents, "HTTP 1.1 Web Hooks for Event Delivery" §4.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.encodings import BASE64, HEX
from frontdesk.rules.webhooks.forms.sns import SUBSCRIBE_URL
from frontdesk.rules.webhooks.sources import text_at
from frontdesk.rules.webhooks.verdict import Event, Reason, Refusal, Refused

MAX_ECHO: Final = 1024
"""Characters that are echoed."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9+/=_-]{1,256}", re.ASCII)
_VALIDATION: Final = "Microsoft.EventGrid.SubscriptionValidationEvent"


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer, instead of handling an event."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Confirm:
    """A URL of the vendor to GET; when that is answered with 2xx, the delivery is answered 200."""

    url: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What this side has agreed to. verify_token: of Meta. topics: of WebSub. origins, rate: of CloudEvents.

    rate: requests a minute, or `*`.
    """

    verify_token: str = ""
    topics: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    rate: str = "*"


@dataclass(frozen=True, slots=True)
class Handshake:
    """One vendor's. asks(delivery): what is to be answered, None where a delivery is no handshake.

    answers(asked, secret, expected, delivery). signed: the delivery is verified first. Both raise Refused.
    """

    asks: Callable[[Delivery], str | None]
    answers: Callable[[str, bytes, Expected, Delivery], Answer | Confirm]
    signed: bool = False


def answer_handshake(
    vendor: str,
    delivery: Delivery,
    secret: bytes,
    expected: Expected,
    verified: Callable[[], Event | Refusal],
) -> Answer | Confirm | Refusal | None:
    """Answer a handshake; None: the delivery is none, or the vendor makes none.

    vendor: a key of HANDSHAKES. secret: for those that want it proven, else b"". verified: verifies the delivery;
    asked only where the vendor signs handshakes.
    """
    row = HANDSHAKES.get(vendor)
    try:
        asked = None if row is None else row.asks(delivery)
        if row is None or asked is None:
            return None
        verdict = verified() if row.signed else None
        if isinstance(verdict, Refusal):
            return verdict
        return row.answers(asked, secret, expected, delivery)
    except Refused as refused:
        return refused.refusal


# -- what is asked ------------------------------------------------------------------------------


def _parameters(delivery: Delivery) -> dict[str, str]:
    return dict(parse_qsl(delivery.url.partition("?")[2].partition("#")[0]))


def _in_query(name: str, method: str = "GET") -> Callable[[Delivery], str | None]:
    def asks(delivery: Delivery) -> str | None:
        return _parameters(delivery).get(name) if delivery.method == method else None

    return asks


def _in_header(name: str, method: str) -> Callable[[Delivery], str | None]:
    def asks(delivery: Delivery) -> str | None:
        return delivery.find(name) if delivery.method == method else None

    return asks


def _in_body(marks: Mapping[str, str], path: str) -> Callable[[Delivery], str | None]:
    """Look for bodies with these members; what they ask is at the path."""

    def asks(delivery: Delivery) -> str | None:
        document = delivery.document() if delivery.method == "POST" else None
        if all(text_at(document, name) == value for name, value in marks.items()):
            return text_at(document, path)
        return None

    return asks


def _event_grid(delivery: Delivery) -> str | None:
    document = delivery.document() if delivery.method == "POST" else None
    first = document[0] if isinstance(document, list) and document else None
    return (
        text_at(first, "data.validationCode")
        if text_at(first, "eventType") == _VALIDATION
        else None
    )


def _no_events(delivery: Delivery) -> str | None:
    document = delivery.document() if delivery.method == "POST" else None
    return "" if isinstance(document, dict) and document.get("events") == [] else None


# -- what is answered ---------------------------------------------------------------------------


def _bounded(text: str) -> str:
    if not text or len(text) > MAX_ECHO:
        raise Refused(
            Reason.MALFORMED, f"a challenge of none, or of more than {MAX_ECHO} characters"
        )
    return text


def _plain(text: str) -> Answer:
    return Answer(
        body=_bounded(text).encode("utf-8", "replace"),
        headers=(
            ("Content-Type", "text/plain; charset=utf-8"),
            ("X-Content-Type-Options", "nosniff"),
        ),
    )


def _json(document: Mapping[str, Any]) -> Answer:
    return Answer(
        body=orjson.dumps(document),
        headers=(("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")),
    )


def _mac(secret: bytes, text: str) -> bytes:
    """Return what proves the secret. What it signs is a token, so that it can be no delivery's text."""
    if not secret:
        raise Refused(Reason.CONFIG_ERROR, "this handshake needs the secret")
    if _TOKEN.fullmatch(text) is None:
        raise Refused(Reason.MALFORMED, "a challenge that is no token")
    return hmac.digest(secret, text.encode(), "sha256")


def _echo(asked: str, _secret: bytes, _expected: Expected, _delivery: Delivery) -> Answer:
    return _plain(asked)


def _zoom(asked: str, secret: bytes, _expected: Expected, _delivery: Delivery) -> Answer:
    return _json({"plainToken": asked, "encryptedToken": HEX.encode(_mac(secret, asked))})


def _x(asked: str, secret: bytes, _expected: Expected, _delivery: Delivery) -> Answer:
    return _json({"response_token": f"sha256={BASE64.encode(_mac(secret, asked))}"})


def _meta(asked: str, _secret: bytes, expected: Expected, delivery: Delivery) -> Answer:
    given = _parameters(delivery)
    if not expected.verify_token:
        raise Refused(Reason.CONFIG_ERROR, "this handshake needs the verify token")
    agreed = hmac.compare_digest(
        given.get("hub.verify_token", "").encode("utf-8", "replace"),
        expected.verify_token.encode("utf-8", "replace"),
    )
    return _plain(asked) if agreed and given.get("hub.mode") == "subscribe" else Answer(403)


def _websub(asked: str, _secret: bytes, expected: Expected, delivery: Delivery) -> Answer:
    return (
        _plain(asked) if _parameters(delivery).get("hub.topic") in expected.topics else Answer(404)
    )


def _okta(asked: str, _secret: bytes, _expected: Expected, _delivery: Delivery) -> Answer:
    return _json({"verification": _bounded(asked)})


def _grid(asked: str, _secret: bytes, _expected: Expected, _delivery: Delivery) -> Answer:
    return _json({"validationResponse": _bounded(asked)})


def _pong(_asked: str, _secret: bytes, _expected: Expected, _delivery: Delivery) -> Answer:
    return _json({"type": 1})


def _received(_asked: str, _secret: bytes, _expected: Expected, _delivery: Delivery) -> Answer:
    return Answer()


def _cloud_events(asked: str, _secret: bytes, expected: Expected, _delivery: Delivery) -> Answer:
    if asked not in expected.origins and "*" not in expected.origins:
        return Answer(403)
    granted = (("WebHook-Allowed-Origin", asked), ("WebHook-Allowed-Rate", expected.rate))
    return Answer(headers=granted)


def _subscribe(asked: str, _secret: bytes, _expected: Expected, _delivery: Delivery) -> Confirm:
    if SUBSCRIBE_URL.fullmatch(asked) is None:
        raise Refused(Reason.MALFORMED, "SubscribeURL is not a URL of Amazon SNS's")
    return Confirm(asked)


_SNS: Final = Handshake(
    _in_body({"Type": "SubscriptionConfirmation"}, "SubscribeURL"), _subscribe, signed=True
)

HANDSHAKES: Final[Mapping[str, Handshake]] = {
    "slack": Handshake(_in_body({"type": "url_verification"}, "challenge"), _echo, signed=True),
    "zoom": Handshake(
        # Signed, or else the answer would sign whatever somebody asks.
        _in_body({"event": "endpoint.url_validation"}, "payload.plainToken"),
        _zoom,
        signed=True,
    ),
    "discord": Handshake(_in_body({"type": "1"}, "type"), _pong, signed=True),
    "meta": Handshake(_in_query("hub.challenge"), _meta),
    "websub": Handshake(_in_query("hub.challenge"), _websub),
    "dropbox": Handshake(_in_query("challenge"), _echo),
    "okta-header-secret": Handshake(_in_header("X-Okta-Verification-Challenge", "GET"), _okta),
    "x": Handshake(_in_query("crc_token"), _x),
    "microsoft-graph": Handshake(_in_query("validationToken", "POST"), _echo),
    "azure-event-grid": Handshake(_event_grid, _grid),
    "cloudevents": Handshake(_in_header("WebHook-Request-Origin", "OPTIONS"), _cloud_events),
    "aws-sns": _SNS,
    "aws-sns-v1": _SNS,
    "xero": Handshake(_no_events, _received, signed=True),
}
"""By scheme, or by vendor where deliveries carry no signature."""
