"""Owns how a receipt is written for whoever received a message: opaque text, as at AWS."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from frontdesk.ports.queue import Receipt


class Handle(NamedTuple):
    """A receipt outside. queue: its name. first: when the message was first received, in seconds since 1970."""

    queue: str
    receipt: Receipt
    first: float

    @property
    def text(self) -> str:
        """It as a text."""
        number, receives = self.receipt
        plain = f"{self.queue} {number} {receives} {self.first!r}"
        return urlsafe_b64encode(plain.encode()).decode()


def read_handle(text: str) -> Handle | None:
    """Read what `Handle.text` has written. None: it was not written here."""
    try:
        plain = urlsafe_b64decode(text.encode("ascii")).decode("ascii")
        queue, number, receives, first = plain.split(" ")
        handle = Handle(queue, Receipt(int(number), int(receives)), float(first))
    except ValueError:
        return None
    return handle if handle.text == text and handle.receipt.number < 2**63 else None
