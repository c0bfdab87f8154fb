"""Owns Adyen's two signatures: of fields of each item, and of the whole body on its platforms.

Source: Adyen's documentation, "Verify HMAC signatures"; the order of fields as Adyen's own library has it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from frontdesk.rules.webhooks.delivery import Delivery
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
from frontdesk.rules.webhooks.sources import value_at
from frontdesk.rules.webhooks.verdict import Reason, Refused

_HEADER: Final = "HmacSignature"
_METHOD: Final = "hmac-sha256"
_FIELDS: Final = (
    *("pspReference", "originalReference", "merchantAccountCode", "merchantReference"),
    *("amount.value", "amount.currency", "eventCode", "success"),
)


@dataclass(frozen=True, slots=True)
class Adyen:
    """Every item must verify. A body without items is one of the platforms', signed in a header."""

    reads = (_HEADER,)
    covers = "eight fields of each item; without items {body}"

    def read(self, delivery: Delivery, _names: Sequence[str]) -> tuple[Claims, ...]:
        items = delivery.need_object().get("notificationItems")
        if items is None:
            text = delivery.need(_HEADER)
            signature = one_candidate(_METHOD, BASE64, text, f"header {_HEADER}")
            return (Claims((Proof((delivery.body,), (signature,)),)),)
        if not isinstance(items, list) or not items:
            raise Refused(Reason.MALFORMED, "notificationItems is not a list of items")
        # Differs: [adyen-items] Adyen's own library looks at the first.
        return (Claims(tuple(_proof(item) for item in items)),)

    def write(self, draft: Draft, signer: Signer) -> Signed:
        document = json.loads(draft.body)
        items = document.get("notificationItems") if isinstance(document, dict) else None
        if items is None:
            signature = only(signer(_METHOD, draft.body))
            return Signed({_HEADER: BASE64.encode(signature)}, draft.body, draft.url)
        for entry in items:
            item = entry["NotificationRequestItem"]
            signature = only(signer(_METHOD, _text(item)))
            item.setdefault("additionalData", {})["hmacSignature"] = BASE64.encode(signature)
        return Signed({}, json.dumps(document).encode(), draft.url)


def _proof(entry: Any) -> Proof:
    item = value_at(entry, "NotificationRequestItem")
    given = value_at(item, "additionalData.hmacSignature")
    if not isinstance(given, str):
        raise Refused(Reason.MALFORMED, "an item has no additionalData.hmacSignature")
    return Proof((_text(item),), (one_candidate(_METHOD, BASE64, given, "hmacSignature"),))


def _text(item: Mapping[str, Any]) -> bytes:
    return ":".join(_value(value_at(item, path)) for path in _FIELDS).encode()


def _value(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
