"""Owns the pages of lists that are in memory and in order of a key, and the tokens that lead on."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import TypeVar

from frontdesk.stores.vault.refusals import VaultError

T = TypeVar("T")


def page(
    items: Sequence[T], key: Callable[[T], str], most: int, token: str | None
) -> tuple[Sequence[T], dict[str, str]]:
    """Return items of one page, and the answer's NextToken where there are more.

    items: in the order of their keys, of which no two are the same. token: of the former page.
    Raises: VaultError, InvalidNextTokenException.
    """
    if token is not None:
        try:
            last = urlsafe_b64decode(token.encode()).decode()
        except ValueError:
            raise VaultError("InvalidNextTokenException", "The NextToken is invalid.") from None
        items = [item for item in items if key(item) > last]
    if len(items) <= most:
        return items, {}
    token = urlsafe_b64encode(key(items[most - 1]).encode()).decode()
    return items[:most], {"NextToken": token}
