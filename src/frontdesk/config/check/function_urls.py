"""Finds what will hurt at function URLs, and what they use."""

from collections.abc import Iterator

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded


def uses(loaded: Loaded) -> Iterator[tuple[str, str]]:
    """Yield section and name of the entries that URLs serve, or ask for key pairs."""
    config = loaded.config
    yield from (("functions", name) for name, each in config.local_functions.items() if each.url)
    if any(_signed(loaded)):
        yield from (("authorizers", name) for name in _with_keys(loaded))


def without_keys(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """URLs for signed requests in a file without any key pair."""
    if not any(_with_keys(loaded)):
        for name in _signed(loaded):
            where = loaded.tree.position(("functions", name, "url", "auth"))
            yield where, "nobody can sign requests for this URL"


def open_without_reservation(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """URLs that anybody may call, of functions that share the places of all others."""
    for name, function in loaded.config.local_functions.items():
        is_open = function.url is not None and function.url.auth == "none"
        if is_open and function.reserved_concurrency is None:
            where = loaded.tree.position(("functions", name, "url"), of_key=True)
            yield where, "public URL of a function without reserved_concurrency"


def _signed(loaded: Loaded) -> Iterator[str]:
    for name, function in loaded.config.local_functions.items():
        if function.url is not None and function.url.auth == "iam":
            yield name


def _with_keys(loaded: Loaded) -> Iterator[str]:
    for name, authorizer in loaded.config.authorizers.items():
        if authorizer.type == "iam":
            yield name
