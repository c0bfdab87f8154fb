"""Owns what one webhook proves deliveries with: its scheme, its secrets, and what its vendor asks beforehand.

Made when the plan is compiled; knows no exchange.
"""

from pathlib import Path
from typing import Final

from frontdesk.config.models.webhook import Webhook
from frontdesk.gateway.identity.vendors import Vendors
from frontdesk.rules.webhooks.certificates import read_certificate
from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.forms.form import CertifiedForm
from frontdesk.rules.webhooks.handshakes import (
    HANDSHAKES,
    Answer,
    Confirm,
    Expected,
    answer_handshake,
)
from frontdesk.rules.webhooks.keys import Keyring, WebhookSecret, read_keys
from frontdesk.rules.webhooks.scheme import is_certified
from frontdesk.rules.webhooks.verdict import Event, Refusal, Refused
from frontdesk.rules.webhooks.verify import verify

Verdict = Event | Refusal | Answer | Confirm

_NONE: Final = Keyring()


class Proof:
    """certified: the form whose key is a certificate that the sender publishes; None for the others."""

    __slots__ = (
        "_expected",
        "_handshake",
        "_keyring",
        "_roots",
        "_row",
        "_secrets",
        "_tolerance",
        "_vendor",
        "_vendors",
        "certified",
    )

    def __init__(self, hook: Webhook, vendors: Vendors) -> None:
        """Raises: OSError when the authorities cannot be read."""
        self._row = hook.row
        self._vendors = vendors
        self._tolerance = hook.tolerance
        self._secrets = hook.keys
        self._vendor = hook.shakes
        self._handshake = HANDSHAKES.get(hook.shakes)
        token = hook.handshake.verify_token
        self._expected = Expected(
            verify_token=token.reveal() if token is not None else "",
            topics=hook.handshake.topics,
            origins=hook.handshake.origins,
            rate=str(hook.handshake.rate or "*"),
        )
        form = self._row.form
        self.certified: CertifiedForm | None = form if is_certified(form) else None
        self._keyring = _NONE if self.certified else read_keys(self._row.key, self._secrets)
        self._roots = Path(hook.ca).read_bytes() if hook.ca is not None else b""

    def judge(self, delivery: Delivery, now: float) -> Verdict:
        """Decide on a delivery, or answer what the vendor asks, where the secrets are enough for that."""
        return self._judge(delivery, self._keyring, now)

    async def judge_certified(self, form: CertifiedForm, delivery: Delivery, now: float) -> Verdict:
        """Decide by the certificate that the sender publishes. Raises: UpstreamError when it cannot be had."""
        names = tuple(secret.text for secret in self._counting(now))
        try:
            form.read(delivery, names)  # what is not meant for us has nobody fetch anything
            chain = await self._vendors.certificate(form.certificate_url(delivery))
            key = read_certificate(chain, now, roots=self._roots, names=form.certificate_names)
        except Refused as refused:
            return refused.refusal
        return self._judge(delivery, Keyring((key,), names), now)

    def _judge(self, delivery: Delivery, keyring: Keyring, now: float) -> Verdict:
        if self._handshake is not None:
            secret = next((each.text for each in self._counting(now)), "").encode()
            answer = answer_handshake(
                self._vendor,
                delivery,
                secret,
                self._expected,
                lambda: verify(self._row, delivery, keyring, now, self._tolerance),
            )
            if answer is not None:
                return answer
        return verify(self._row, delivery, keyring, now, self._tolerance)

    def _counting(self, now: float) -> list[WebhookSecret]:
        return [one for one in self._secrets if one.not_after is None or now <= one.not_after]
