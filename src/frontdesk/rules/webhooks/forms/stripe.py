"""Owns Stripe's header, which holds the time and the signatures: `t=…,v1=…,v1=…`.

Source: Stripe's documentation, "Resolve webhook signature verification errors" and "Verify manually".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from frontdesk.rules.webhooks.delivery import Delivery, read_moment
from frontdesk.rules.webhooks.encodings import HEX
from frontdesk.rules.webhooks.forms.form import (
    Candidate,
    Claims,
    Draft,
    Proof,
    Signed,
    Signer,
    limited,
)
from frontdesk.rules.webhooks.verdict import Reason, Refused

_HEADER: Final = "Stripe-Signature"
_METHOD: Final = "hmac-sha256"


@dataclass(frozen=True, slots=True)
class Stripe:
    """Only `v1` counts; `v0`, of test events, is passed over."""

    reads = (_HEADER,)
    covers = "{timestamp}.{body}"

    def read(self, delivery: Delivery, _names: Sequence[str]) -> tuple[Claims, ...]:
        pairs = [part.strip().partition("=") for part in delivery.need(_HEADER).split(",")]
        stamps = [value for name, _, value in pairs if name == "t"]
        if len(stamps) != 1:
            raise Refused(Reason.MALFORMED, f"header {_HEADER} has {len(stamps)} times `t`")
        candidates = []
        for name, _, value in pairs:
            if name == "v1":
                try:
                    candidates.append(Candidate(_METHOD, HEX.decode(value)))
                except ValueError:
                    continue
        moment = read_moment(stamps[0], f"`t` of header {_HEADER}")
        text = stamps[0].encode() + b"." + delivery.body
        proof = Proof((text,), limited(candidates, f"header {_HEADER}"))
        return (Claims((proof,), sent_at=moment),)

    def write(self, draft: Draft, signer: Signer) -> Signed:
        stamp = str(int(draft.now))
        signatures = signer(_METHOD, stamp.encode() + b"." + draft.body)
        value = ",".join([f"t={stamp}", *(f"v1={HEX.encode(one)}" for one in signatures)])
        return Signed({_HEADER: value}, draft.body, draft.url)
