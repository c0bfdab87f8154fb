"""Owns how ids look: opaque text like AWS's `apigw-requestid`. Randomness is handed in."""

from base64 import b32encode, urlsafe_b64encode
from binascii import b2a_base64
from collections.abc import Callable, Iterator
from hashlib import blake2b, sha256
from itertools import chain
from typing import Final

_BYTES: Final = 11  # 15 characters and one `=` of padding
_CHARACTERS: Final = 16
_IDS_IN_BLOCK: Final = 512
_UUID: Final = "xxxxxxxx-xxxx-4xxx-Nxxx-xxxxxxxxxxxx"  # of version 4; N tells its variant
_DIGITS: Final = [place for place, sign in enumerate(_UUID) if sign != "-"]
_VERSION: Final = _UUID.index("4")
_VARIANT: Final = _UUID.index("N")
_VARIANTS: Final = bytes.maketrans(b"0123456789abcdef", 4 * b"89ab")
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
# For the first byte of an id. Without its top bit the first character is a letter: on a command line an id that
# begins with `-` would be taken for options.
_LETTER_FIRST: Final = bytes(value & 0x7F for value in range(256))

CONNECTION_ID_BYTES: Final = 16  # whoever guesses an id could be taken for its connection


def _places(characters: int) -> list[slice]:
    """List where the ids of a block stand that have so many characters each."""
    ends = range(characters, characters * _IDS_IN_BLOCK + 1, characters)
    return [slice(end - characters, end) for end in ends]


_ID_PLACES: Final = _places(_CHARACTERS)
_UUID_PLACES: Final = _places(len(_UUID))


def request_ids(random_bytes: Callable[[int], bytes]) -> Iterator[str]:
    """Yield ids of 16 characters, base64url of 87 random bits, such as `JKJaXmPLvHcESHA=`; a letter first.

    random_bytes: gives that many bytes (`os.urandom`); asked for a block of ids at a time, because a
    system call for each would cost more than all else about an id.
    """

    def block() -> Iterator[str]:
        random = random_bytes(_BYTES * _IDS_IN_BLOCK)
        # All of a block at once: a zero behind each id's bytes, for which its padding stands afterwards.
        spaced = bytearray((_BYTES + 1) * _IDS_IN_BLOCK)
        for at in range(1, _BYTES):
            spaced[at :: _BYTES + 1] = random[at::_BYTES]
        spaced[:: _BYTES + 1] = random[::_BYTES].translate(_LETTER_FIRST)
        text = bytearray(b2a_base64(spaced, newline=False).translate(_URL_SAFE))
        text[_CHARACTERS - 1 :: _CHARACTERS] = b"=" * _IDS_IN_BLOCK
        return _each(text, _ID_PLACES)

    # Not a generator, which would take as long for each id as all else about it.
    return chain.from_iterable(iter(block, None))


def random_uuids(random_bytes: Callable[[int], bytes]) -> Iterator[str]:
    """Yield UUIDs of version 4 (RFC 9562 §5.4). random_bytes: as of `request_ids`, and as often."""

    def block() -> Iterator[str]:
        digits = random_bytes(16 * _IDS_IN_BLOCK).hex().encode()
        text = bytearray(b"-") * (len(_UUID) * _IDS_IN_BLOCK)
        for number, place in enumerate(_DIGITS):
            text[place :: len(_UUID)] = digits[number :: len(_DIGITS)]
        text[_VERSION :: len(_UUID)] = b"4" * _IDS_IN_BLOCK
        text[_VARIANT :: len(_UUID)] = text[_VARIANT :: len(_UUID)].translate(_VARIANTS)
        return _each(text, _UUID_PLACES)

    return chain.from_iterable(iter(block, None))


def _each(text: bytearray, places: list[slice]) -> Iterator[str]:
    """Give the ids of a block."""
    return map(text.decode("ascii").__getitem__, places)


def connection_id(drawn: bytes) -> str:
    """Return the id of a WebSocket connection: base64url of `CONNECTION_ID_BYTES` random bytes, a letter first."""
    return _written(drawn)


def message_id(request_id: str) -> str:
    """Return the id of the message that a request id is of, always the same one; it looks like a request id."""
    return _written(blake2b(request_id.encode(), digest_size=_BYTES).digest())


def _written(drawn: bytes) -> str:
    return urlsafe_b64encode(drawn[:1].translate(_LETTER_FIRST) + drawn[1:]).decode()


def uuid_of(request_id: str) -> str:
    """Return the UUID that stands for a request id, always the same one (RFC 9562 §5.8, of our own making)."""
    digits = blake2b(request_id.encode(), digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def random_uuid(drawn: bytes) -> str:
    """Return the UUID of version 4 that 16 random bytes make (RFC 9562 §5.4)."""
    digits = drawn.hex()
    variant = "89ab"[drawn[8] >> 4 & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def named_id(name: str, length: int = 10) -> str:
    """Return the stable id of what has a name: lower-case letters and digits, as AWS's ids of APIs look."""
    return b32encode(sha256(name.encode()).digest())[:length].decode().lower()
