"""Owns the decision on a delivery: is it proven, is it fresh, what is it.

Knows no scheme: the form says what has to hold, the keys whether it does.
"""

import hashlib
from collections.abc import Sequence
from itertools import product
from typing import Final

from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.forms.form import Claims, Proof
from frontdesk.rules.webhooks.keys import Key, Keyring
from frontdesk.rules.webhooks.methods import verifies
from frontdesk.rules.webhooks.scheme import Scheme
from frontdesk.rules.webhooks.sources import first
from frontdesk.rules.webhooks.verdict import Event, Reason, Refusal, Refused

MAX_ID: Final = 255
"""Characters of an event's id and type. An id that is longer, or has a NUL, is told by its hash; such a type not at all."""

_UNPROVEN: Final = Refusal(Reason.BAD_SIGNATURE, "no secret fits the signature")


def verify(
    scheme: Scheme,
    delivery: Delivery,
    keyring: Keyring,
    now: float,
    tolerance: float | None = None,
) -> Event | Refusal:
    """Decide on a delivery. now: seconds since 1970. tolerance: seconds, instead of the scheme's."""
    keys = keyring.at(now)
    if not keys:
        return Refusal(Reason.CONFIG_ERROR, "no secret counts any more")
    refusal = _UNPROVEN
    try:
        for claims in scheme.form.read(delivery, keyring.names):
            key = _proven(claims.proofs, keys)
            if key is None:
                continue
            stale = _stale(claims, now, scheme.tolerance if tolerance is None else tolerance)
            if stale is None:
                rotated = key is not keyring.keys[0]
                return _event(scheme, delivery, claims, key, rotated=rotated)
            refusal = stale
    except Refused as refused:
        return refused.refusal
    return refusal


def _proven(proofs: Sequence[Proof], keys: Sequence[Key]) -> Key | None:
    """Return the key of the first proof, when all of them hold."""
    found = [_signer(proof, keys) for proof in proofs]
    return found[0] if None not in found else None


def _signer(proof: Proof, keys: Sequence[Key]) -> Key | None:
    for key, candidate, text in product(keys, proof.candidates, proof.texts):
        if verifies(candidate.method, key.material, text, candidate.signature):
            return key
    return None


def _stale(claims: Claims, now: float, tolerance: float | None) -> Refusal | None:
    if claims.expires is not None and now > claims.expires:
        return Refusal(Reason.STALE, f"the signature ended {now - claims.expires:.0f} s ago")
    if tolerance is None or claims.sent_at is None or abs(now - claims.sent_at) <= tolerance:
        return None
    # Differs: [early-signatures] Stripe's own library takes any time in the future.
    age = now - claims.sent_at
    when = f"{age:.0f} s ago" if age > 0 else f"{-age:.0f} s in the future"
    return Refusal(Reason.STALE, f"signed {when}, and the tolerance is {tolerance:g} s")


def _event(scheme: Scheme, delivery: Delivery, claims: Claims, key: Key, *, rotated: bool) -> Event:
    items = scheme.items.find(delivery) if scheme.items is not None else ()
    single = items[0] if len(items) == 1 else None
    identity = single.id if single else claims.id or first(scheme.id, delivery)
    kind = single.type if single else first(scheme.type, delivery)
    return Event(
        scheme=scheme.name,
        id=_bounded(identity) or _hash(delivery.body),
        type=kind if _is_fit(kind) else "",
        body=delivery.body,
        items=items,
        sent_at=claims.sent_at,
        nonce=claims.nonce,
        key=key.id,
        rotated=rotated,
        signed_body=scheme.signed_body,
    )


def _is_fit(text: str) -> bool:
    return len(text) <= MAX_ID and "\0" not in text  # no database has one in a text


def _bounded(identity: str) -> str:
    if _is_fit(identity):
        return identity
    return _hash(identity.encode("utf-8", "surrogatepass"))


def _hash(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
