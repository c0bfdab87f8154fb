"""Owns Mailgun's signature of a time and a token; what happened is not signed.

Source: Mailgun's documentation, "Securing webhooks".
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from frontdesk.rules.webhooks.delivery import Delivery, read_moment
from frontdesk.rules.webhooks.encodings import HEX
from frontdesk.rules.webhooks.forms.form import (
    Claims,
    Draft,
    Proof,
    Signed,
    Signer,
    one_candidate,
    only,
)
from frontdesk.rules.webhooks.sources import value_at
from frontdesk.rules.webhooks.verdict import Reason, Refused

_METHOD: Final = "hmac-sha256"


@dataclass(frozen=True, slots=True)
class Mailgun:
    """The token is the nonce: without refusing it a second time, one delivery signs any other."""

    reads = ()
    covers = "{signature.timestamp}{signature.token}"

    def read(self, delivery: Delivery, _names: Sequence[str]) -> tuple[Claims, ...]:
        document = delivery.need_object()
        stamp, token, given = (
            value_at(document, f"signature.{name}") for name in ("timestamp", "token", "signature")
        )
        if not (isinstance(stamp, str) and isinstance(token, str) and isinstance(given, str)):
            raise Refused(Reason.MALFORMED, "the body has no signature of three texts")
        if not token:
            raise Refused(Reason.MALFORMED, "signature.token is empty")
        signature = one_candidate(_METHOD, HEX, given, "signature.signature")
        moment = read_moment(stamp, "signature.timestamp")
        proof = Proof(((stamp + token).encode(),), (signature,))
        return (Claims((proof,), sent_at=moment, nonce=token),)

    def write(self, draft: Draft, signer: Signer) -> Signed:
        stamp, token = str(int(draft.now)), draft.need("a nonce", draft.nonce)
        signature = HEX.encode(only(signer(_METHOD, (stamp + token).encode())))
        signed = {"timestamp": stamp, "token": token, "signature": signature}
        document = {"signature": signed, "event-data": json.loads(draft.body)}
        return Signed({}, json.dumps(document).encode(), draft.url)
