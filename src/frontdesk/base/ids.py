"""Owns how request ids look: opaque text like AWS's `apigw-requestid`. Randomness is handed in."""

from binascii import b2a_base64
from collections.abc import Callable, Iterator
from typing import Final

_BYTES: Final = 11  # 88 bits: 15 characters and one `=` of padding
_CHARACTERS: Final = 16
_IDS_IN_BLOCK: Final = 512
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


def request_ids(random_bytes: Callable[[int], bytes]) -> Iterator[str]:
    """Yield ids of 16 characters, base64url of 11 random bytes, such as `JKJaXmPLvHcESHA=`.

    random_bytes: gives that many bytes (`os.urandom`); asked for a block of ids at a time, because a
    system call for each would cost more than all else about an id.
    """
    while True:
        block = random_bytes(_BYTES * _IDS_IN_BLOCK)
        text = b"".join(
            b2a_base64(block[at : at + _BYTES], newline=False)
            for at in range(0, len(block), _BYTES)
        )
        text = text.translate(_URL_SAFE)
        decoded = text.decode("ascii")
        for at in range(0, len(decoded), _CHARACTERS):
            yield decoded[at : at + _CHARACTERS]
