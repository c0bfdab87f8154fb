"""Owns GetRandomPassword: characters of the kinds that are asked for."""

import secrets
import string
from collections.abc import Mapping
from typing import Any, Final

from frontdesk.stores.vault.refusals import VaultError

_USUAL: Final = 32
_KINDS: Final = {
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeNumbers": string.digits,
    "ExcludePunctuation": string.punctuation,
}


async def random_password(members: Mapping[str, Any]) -> dict[str, str]:
    """GetRandomPassword. One of each kind, unless RequireEachIncludedType is false."""
    length = int(members.get("PasswordLength", _USUAL))
    excluded = members.get("ExcludeCharacters", "")
    texts = [text for name, text in _KINDS.items() if not members.get(name)]
    texts += [" "] if members.get("IncludeSpace") else []
    kinds = ["".join(each for each in text if each not in excluded) for text in texts]
    kinds = [kind for kind in kinds if kind]
    needed = kinds if members.get("RequireEachIncludedType", True) else []
    if not kinds or len(needed) > length:
        raise VaultError(
            "InvalidParameterException", "No password of this length can have these characters."
        )
    everything = "".join(kinds)
    drawn = [secrets.choice(kind) for kind in needed]
    drawn += [secrets.choice(everything) for _ in range(length - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    return {"RandomPassword": "".join(drawn)}
