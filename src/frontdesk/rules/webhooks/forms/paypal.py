"""Owns PayPal's signature by a certificate that it publishes.

Source: PayPal's documentation, "Integrate webhooks", section on verifying by yourself.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from frontdesk.rules.webhooks.delivery import Delivery, read_time
from frontdesk.rules.webhooks.encodings import BASE64
from frontdesk.rules.webhooks.forms.form import (
    Claims,
    Draft,
    Proof,
    Signed,
    Signer,
    one_candidate,
    only,
)
from frontdesk.rules.webhooks.verdict import Reason, Refused

CERTIFICATE_URL: Final = re.compile(
    r"https://(?:[a-z0-9-]+\.)+paypal\.com/[A-Za-z0-9._~/-]+", re.ASCII
)

_ID, _TIME, _SIGNATURE, _ALGORITHM, _CERTIFICATE = (
    *("PAYPAL-TRANSMISSION-ID", "PAYPAL-TRANSMISSION-TIME", "PAYPAL-TRANSMISSION-SIG"),
    *("PAYPAL-AUTH-ALGO", "PAYPAL-CERT-URL"),
)
_METHOD: Final = "rsa-v1_5-sha256"
_ONLY_ALGORITHM: Final = "SHA256withRSA"


@dataclass(frozen=True, slots=True)
class PayPal:
    """What is signed names the webhook that it is meant for, by the id of its subscription."""

    reads = (_ID, _TIME, _SIGNATURE, _ALGORITHM, _CERTIFICATE)
    covers = "{id}|{time}|{webhook id}|{CRC-32 of the body}"
    certificate_names = (
        "messageverificationcerts.paypal.com",
        "messageverificationcerts.sandbox.paypal.com",
    )

    def read(self, delivery: Delivery, names: Sequence[str]) -> tuple[Claims, ...]:
        if delivery.need(_ALGORITHM) != _ONLY_ALGORITHM:
            raise Refused(Reason.MALFORMED, f"header {_ALGORITHM} is not {_ONLY_ALGORITHM}")
        identity, time = delivery.need(_ID), delivery.need(_TIME)
        signature = one_candidate(
            _METHOD, BASE64, delivery.need(_SIGNATURE), f"header {_SIGNATURE}"
        )
        texts = tuple(_text(identity, time, name, delivery.body) for name in names)
        return (Claims((Proof(texts, (signature,)),), sent_at=read_time(time, f"header {_TIME}")),)

    def certificate_url(self, delivery: Delivery) -> str:
        """Return where the certificate is. Raises: Refused when that is not PayPal's."""
        url = delivery.need(_CERTIFICATE)
        if CERTIFICATE_URL.fullmatch(url) is None:
            raise Refused(Reason.CERT_REJECTED, f"header {_CERTIFICATE} is not a URL of PayPal's")
        return url

    def write(self, draft: Draft, signer: Signer) -> Signed:
        identity = draft.need("an id", draft.id)
        name = draft.need("the id of the webhook", draft.name)
        url = draft.need("the URL of the certificate", draft.certificate_url)
        time = f"{datetime.fromtimestamp(int(draft.now), UTC):%Y-%m-%dT%H:%M:%SZ}"
        signature = only(signer(_METHOD, _text(identity, time, name, draft.body)))
        values = (identity, time, BASE64.encode(signature), _ONLY_ALGORITHM, url)
        return Signed(dict(zip(self.reads, values, strict=True)), draft.body, draft.url)


def _text(identity: str, time: str, name: str, body: bytes) -> bytes:
    return f"{identity}|{time}|{name}|{zlib.crc32(body)}".encode()
