"""Owns the pages of lists that are in memory and in order of a key, and the tokens that lead on."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from frontdesk.stores.vault.refusals import VaultError

T = TypeVar("T")


def page(
    items: Sequence[T],
    key: Callable[[T], str],
    members: Mapping[str, Any],
    *,
    usual: int,
    invalid: str,
) -> tuple[Sequence[T], dict[str, str]]:
    """Return items of the page that MaxResults and NextToken ask for, and the answer's NextToken.

    items: in the order of their keys, of which no two are the same. usual: how many where the request
    does not say. invalid: code of the error for a token that leads nowhere. Raises: VaultError.
    """
    most, token = int(members.get("MaxResults", usual)), members.get("NextToken")
    if token is not None:
        try:
            last = b64decode(token, altchars=b"-_", validate=True).decode()
        except ValueError:
            raise VaultError(invalid, "The specified token is not valid.") from None
        items = [item for item in items if key(item) > last]
    if len(items) <= most:
        return items, {}
    return items[:most], {"NextToken": urlsafe_b64encode(key(items[most - 1]).encode()).decode()}
