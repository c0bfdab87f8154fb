"""Owns the three headers of Standard Webhooks, which Svix sends with a prefix of its own.

Source: the Standard Webhooks specification, "Signature scheme".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from frontdesk.rules.webhooks.delivery import Delivery, read_moment
from frontdesk.rules.webhooks.encodings import BASE64
from frontdesk.rules.webhooks.forms.form import (
    Candidate,
    Claims,
    Draft,
    Proof,
    Signed,
    Signer,
    limited,
)

_VERSIONS: Final = {"v1": "hmac-sha256", "v1a": "ed25519"}


@dataclass(frozen=True, slots=True)
class Standard:
    """Id, time and a list of signatures by versions; unknown versions are passed over.

    prefixes: of the headers' names; all three of a delivery have the same. The first is written.
    """

    prefixes: tuple[str, ...]

    covers = "{id}.{timestamp}.{body}"

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(f"{self.prefixes[0]}-{name}" for name in ("id", "timestamp", "signature"))

    def read(self, delivery: Delivery, _names: Sequence[str]) -> tuple[Claims, ...]:
        prefix = next(
            (one for one in self.prefixes if delivery.values(f"{one}-id")), self.prefixes[0]
        )
        identity = delivery.need(f"{prefix}-id")
        stamp = delivery.need(f"{prefix}-timestamp")
        given = delivery.need(f"{prefix}-signature")
        candidates = []
        for part in given.split(" "):
            version, _, value = part.partition(",")
            if version in _VERSIONS:
                try:
                    candidates.append(Candidate(_VERSIONS[version], BASE64.decode(value)))
                except ValueError:
                    continue
        moment = read_moment(stamp, f"header {prefix}-timestamp")
        text = f"{identity}.{stamp}.".encode("latin-1") + delivery.body
        proof = Proof((text,), limited(candidates, f"header {prefix}-signature"))
        return (Claims((proof,), sent_at=moment, id=identity),)

    def write(self, draft: Draft, signer: Signer) -> Signed:
        identity = draft.need("an id", draft.id)
        stamp = str(int(draft.now))
        text = f"{identity}.{stamp}.".encode() + draft.body
        signatures = [
            f"{version},{BASE64.encode(signature)}"
            for version, method in _VERSIONS.items()
            for signature in signer(method, text)
        ]
        values = (identity, stamp, " ".join(signatures))
        return Signed(dict(zip(self.reads, values, strict=True)), draft.body, draft.url)
