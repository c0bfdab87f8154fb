"""Owns the API keys that are good in this process, found by the digest of what a client sends.

Those of the file belong to one configuration; live ones come and go while requests run. Knows no store,
and of plans only their names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from hmac import compare_digest


@dataclass(frozen=True, slots=True, eq=False)
class ApiKey:
    """A key as it is kept: its value cannot be had from this. One object for as long as nothing changes.

    id: public, the same for good. name: of whom it was given to. digest: SHA-256 of its value. plans: by
    name, none for the same API twice. since: day on which it was made, None for long ago.
    """

    id: str
    name: str
    digest: bytes
    plans: tuple[str, ...]
    enabled: bool = True
    since: date | None = None


_NOBODY = ApiKey("", "", bytes(32), ())

Find = Callable[[bytes], ApiKey | None]
"""Finds the key of which a client has sent the value."""


class KeyRegistry:
    """The live keys of this process. Hundreds of thousands need some hundred bytes each."""

    def __init__(self) -> None:
        self._keys: dict[bytes, ApiKey] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[ApiKey]:
        return iter(self._keys.values())

    def put(self, keys: Iterable[ApiKey]) -> None:
        """Take keys in, in place of what had their digests."""
        self._keys.update({key.digest: key for key in keys})

    def finder(self, fixed: Mapping[bytes, ApiKey]) -> Find:
        """Return what finds live keys and some others, by digest. A miss costs as much as a hit."""
        live = self._keys

        def find(value: bytes) -> ApiKey | None:
            digest = sha256(value).digest()
            key = live.get(digest) or fixed.get(digest) or _NOBODY
            return key if compare_digest(key.digest, digest) else None

        return find
