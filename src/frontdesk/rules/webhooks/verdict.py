"""Owns what comes of looking at a delivery: an Event that its sender signed, or a Refusal with its reason.

Details are for logs and operators: they name headers and fields, and never hold a secret or a signature.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson


class Reason(StrEnum):
    """Why a delivery is refused. The words are stable."""

    MISSING_HEADER = "missing_header"
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    REPLAYED = "replayed"
    CERT_REJECTED = "cert_rejected"
    CONFIG_ERROR = "config_error"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A delivery that must not be acted on. detail: for the log; never for the sender."""

    reason: Reason
    detail: str

    @property
    def status(self) -> int:
        """What the sender is answered: 401, or 500 where the fault is on this side."""
        return 500 if self.reason is Reason.CONFIG_ERROR else 401


class Refused(Exception):  # noqa: N818 - carries a value from a form to `verify`, which returns it
    """Raised inside of this package to leave the reading of a delivery."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(reason, detail)


@dataclass(frozen=True, slots=True)
class Item:
    """One of several events in one delivery. id, type: "" where the sender gives none."""

    id: str
    type: str


@dataclass(frozen=True, slots=True)
class Event:
    """A delivery whose sender is proven.

    id: what tells repetitions of it from others, at most 255 characters; `sha256:…` of the body where the
    sender gives none. type: "" where there is none, or none of at most 255 characters. items: of senders that put several events into one
    delivery. sent_at: seconds since 1970, as the sender says; None where the scheme has no time. nonce: may be
    accepted once only, where it is not "". key: id of the secret that matched; rotated: it was not the first.
    signed_body: False where the scheme leaves parts of the body unsigned.
    """

    scheme: str
    id: str
    type: str
    body: bytes = field(repr=False)
    items: tuple[Item, ...] = ()
    sent_at: float | None = None
    nonce: str = ""
    key: str = ""
    rotated: bool = False
    signed_body: bool = True

    def json(self) -> Any:
        """Read the body as JSON. Raises: ValueError."""
        return orjson.loads(self.body)
