"""Owns how signatures and keys look as text. Each value has exactly one text: no second spelling passes."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Encoding:
    """A way to write bytes. decode raises ValueError for what `encode` would not have written."""

    name: str
    encode: Callable[[bytes], str]
    read: Callable[[bytes], bytes]

    def decode(self, text: str) -> bytes:
        """Read a text. Raises: ValueError, without the text."""
        try:
            value = self.read(text.encode("latin-1"))
        except ValueError:
            raise ValueError(f"expected {self.name}") from None
        if self.encode(value) != text:  # Differs: [one-spelling] Vendors' libraries take several.
            raise ValueError(f"expected {self.name} in its one canonical form")
        return value


HEX: Final = Encoding("hex", lambda value: value.hex(), binascii.unhexlify)
BASE64: Final = Encoding(
    "base64", lambda value: b64encode(value).decode(), lambda text: b64decode(text, validate=True)
)
PLAIN: Final = Encoding("text", lambda value: value.decode("latin-1"), bytes)

ENCODINGS: Final = {one.name: one for one in (HEX, BASE64, PLAIN)}
