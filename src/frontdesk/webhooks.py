"""The façade for webhooks in any Python service: verify what comes, answer handshakes, sign what goes.

Needs no gateway and no configuration; loads the cores and `cryptography`, nothing else.
"""

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.webhooks.certificates import read_certificate
from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.forms.form import Draft, Signed
from frontdesk.rules.webhooks.handshakes import (
    HANDSHAKES,
    Answer,
    Confirm,
    Expected,
    answer_handshake,
)
from frontdesk.rules.webhooks.keys import Keyring, WebhookSecret, read_keys
from frontdesk.rules.webhooks.scheme import Scheme, custom_scheme, is_certified
from frontdesk.rules.webhooks.schemes import SCHEMES, UnknownSchemeError, find_scheme
from frontdesk.rules.webhooks.sign import sign as sign_draft
from frontdesk.rules.webhooks.verdict import Event, Item, Reason, Refusal, Refused
from frontdesk.rules.webhooks.verify import verify as decide

__all__ = [
    "HANDSHAKES",
    "SCHEMES",
    "Answer",
    "Confirm",
    "Event",
    "Item",
    "Reason",
    "Scheme",
    "Signed",
    "WebhookError",
    "WebhookSecret",
    "custom_scheme",
    "handshake",
    "sign",
    "verify",
]

Pairs = Iterable[tuple[str | bytes, str | bytes]]


class WithItems(Protocol):
    """Headers as frameworks and the standard library have them: `email.message.Message` is no Mapping."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Give names and values; a name may come several times."""
        ...


Headers = WithItems | Pairs
Secrets = str | WebhookSecret | Sequence[str | WebhookSecret]

_ANSWER: Final = b'{"message":"Invalid webhook signature"}'


class WebhookError(FrontdeskError):
    """A delivery that must not be acted on, or something that cannot be signed.

    reason: a word that stays. status, body: what to answer the sender, application/json.
    """

    code = "webhook"

    def __init__(self, refusal: Refusal, *, hint: str = "") -> None:
        super().__init__(f"{refusal.reason.value}: {refusal.detail}", hint=hint)
        self.reason = refusal.reason
        self.status = refusal.status
        self.body = _ANSWER


def verify(
    scheme: str | Scheme,
    headers: Headers,
    body: bytes,
    secrets: Secrets,
    *,
    now: float | datetime | None = None,
    tolerance: float | timedelta | None = None,
    method: str = "POST",
    url: str = "",
    source: str = "",
    client_certificate: bytes = b"",
    certificates: Callable[[str], bytes] | None = None,
    roots: bytes = b"",
    seen: Callable[[str], bool] | None = None,
) -> Event:
    """Verify a delivery over its raw bytes, and return what it is.

    scheme: a name of SCHEMES, or a `custom_scheme(…)`. headers: a mapping, what has `items()`, or pairs. body: the bytes as they
    came, never JSON that was read and written again. secrets: all that count now, the newest first; of `paypal`
    the id of the webhook, of `aws-sns` the ARNs of the topics.
    now: seconds since 1970, by default the clock's. tolerance: seconds that the time of the signature may be away,
    by default the scheme's. method, url, source, client_certificate: of the request, for schemes that look at
    them; the URL as the sender knows it. certificates: fetches PEM from a URL that was checked to be the vendor's;
    keep what it got. roots: PEM of authorities that such a certificate must lead to. seen: tells whether a nonce
    came before, and remembers it for as long as the tolerance.
    Raises: WebhookError; TypeError for a body that is not bytes.
    """
    row = _row(scheme)
    delivery = _delivery(
        headers, body, method=method, url=url, source=source, client_certificate=client_certificate
    )
    moment = _seconds(now)
    keyring = _keyring(
        row, _secrets(secrets), delivery, moment, certificates=certificates, roots=roots
    )
    verdict = decide(row, delivery, keyring, moment, _tolerance(tolerance))
    if isinstance(verdict, Refusal):
        raise WebhookError(verdict)
    if verdict.nonce and seen is not None and seen(verdict.nonce):
        raise WebhookError(Refusal(Reason.REPLAYED, "the nonce of this delivery came before"))
    return verdict


def handshake(
    vendor: str,
    headers: Headers,
    body: bytes = b"",
    secrets: Secrets = (),
    *,
    method: str,
    url: str = "",
    now: float | datetime | None = None,
    verify_token: str = "",
    topics: Sequence[str] = (),
    origins: Sequence[str] = (),
    rate: str = "*",
    certificates: Callable[[str], bytes] | None = None,
    roots: bytes = b"",
) -> Answer | Confirm | None:
    """Answer what a vendor asks of an address before it sends events; None: it is a delivery to verify.

    vendor: a name of HANDSHAKES; any other makes none. Handshakes that the vendor signs are verified first.
    secrets, method, url, certificates, roots: as of `verify`; most that come by GET ask in the URL. verify_token: of Meta. topics: of WebSub, those that were asked for. origins, rate:
    of CloudEvents, who may send, and how many a minute. A Confirm is a URL to GET. Raises: WebhookError.
    """
    delivery = _delivery(headers, body, method=method, url=url)
    moment = _seconds(now)
    given = _secrets(secrets)

    def verified() -> Event | Refusal:
        row = _row(vendor)
        keyring = _keyring(row, given, delivery, moment, certificates=certificates, roots=roots)
        return decide(row, delivery, keyring, moment)

    counts = (one.text for one in given if one.not_after is None or moment <= one.not_after)
    secret = next(counts, "").encode()
    expected = Expected(verify_token, tuple(topics), tuple(origins), rate)
    outcome = answer_handshake(vendor, delivery, secret, expected, verified)
    if isinstance(outcome, Refusal):
        raise WebhookError(outcome)
    return outcome


def sign(
    scheme: str | Scheme,
    body: bytes,
    secrets: Secrets,
    *,
    id: str = "",  # noqa: A002 - the word of Standard Webhooks
    type: str = "",  # noqa: A002 - the word that events have for it
    now: float | datetime | None = None,
    method: str = "POST",
    url: str = "",
    headers: Mapping[str, str] | None = None,
    name: str = "",
    certificate_url: str = "",
    nonce: str = "",
) -> Signed:
    """Sign a body as the scheme does, and return the headers, the body and the URL to send.

    secrets: one signature each, where the scheme has room for several; of asymmetric schemes the private keys.
    id: of the event, by default a new one. type: of the event, for schemes with a header for it. headers: those
    that will be sent besides, for schemes that look at them. name: of `paypal` the id of the webhook, of
    `aws-sns` the ARN of the topic, of `rfc9421` the key's id. certificate_url: of `paypal` and `aws-sns`. nonce:
    of `mailgun` and `rfc9421`, by default a new one.
    Raises: WebhookError.
    """
    row = _row(scheme)
    if not isinstance(body, bytes):
        raise TypeError("expected the body as bytes")
    draft = Draft(
        body=body,
        now=_seconds(now),
        id=id or f"msg_{os.urandom(16).hex()}",
        type=type,
        method=method,
        url=url,
        headers=headers or {},
        name=name,
        certificate_url=certificate_url,
        nonce=nonce or os.urandom(16).hex(),
    )
    try:
        keyring = read_keys(row.key, _secrets(secrets), signing=True)
    except ValueError as error:
        raise WebhookError(Refusal(Reason.CONFIG_ERROR, str(error))) from None
    signed = sign_draft(row, draft, keyring.keys)
    if isinstance(signed, Refusal):
        raise WebhookError(signed)
    return signed


def _row(scheme: str | Scheme) -> Scheme:
    if isinstance(scheme, Scheme):
        return scheme
    try:
        return find_scheme(scheme)
    except UnknownSchemeError as error:
        refusal = Refusal(Reason.CONFIG_ERROR, str(error))
        raise WebhookError(refusal, hint=error.hint) from None


def _delivery(headers: Headers, body: bytes, **facts: Any) -> Delivery:
    if not isinstance(body, bytes | bytearray | memoryview):
        raise TypeError("expected the raw body as bytes: text or JSON is not what was signed")
    pairs: Any = headers.items() if hasattr(headers, "items") else headers
    return Delivery(pairs, bytes(body), **facts)


def _secrets(secrets: Secrets) -> list[WebhookSecret]:
    several = [secrets] if isinstance(secrets, str | WebhookSecret) else secrets
    return [one if isinstance(one, WebhookSecret) else WebhookSecret(one) for one in several]


def _keyring(
    row: Scheme,
    given: list[WebhookSecret],
    delivery: Delivery,
    now: float,
    *,
    certificates: Callable[[str], bytes] | None,
    roots: bytes,
) -> Keyring:
    form = row.form
    try:
        if not is_certified(form):
            return read_keys(row.key, given)
        if not given or not all(secret.text for secret in given):
            raise ValueError("no webhook or topic given that deliveries are meant for")
        if certificates is None:
            raise ValueError("this scheme needs `certificates`, to fetch the vendor's")
        chain = certificates(form.certificate_url(delivery))
        key = read_certificate(chain, now, roots=roots, names=form.certificate_names)
        return Keyring((key,), tuple(secret.text for secret in given))
    except Refused as refused:
        raise WebhookError(refused.refusal) from None
    except ValueError as error:
        raise WebhookError(Refusal(Reason.CONFIG_ERROR, str(error))) from None


def _seconds(now: float | datetime | None) -> float:
    if now is None:
        return SystemClock.time()
    if isinstance(now, datetime):
        if now.tzinfo is None:
            raise TypeError("expected `now` with a time zone")
        return now.timestamp()
    return now


def _tolerance(tolerance: float | timedelta | None) -> float | None:
    if tolerance is None:
        return None
    seconds = tolerance.total_seconds() if isinstance(tolerance, timedelta) else tolerance
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"expected a tolerance of zero seconds or more: {tolerance}")
    return seconds
