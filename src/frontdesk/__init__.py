"""Frontdesk: one door for a company's APIs.

Importing this package loads nothing else: the command line, the gateway and the
function host each import only the rooms that they use. What programs use of `frontdesk.client` is here
under the same names, and loaded when it is asked for.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from frontdesk.client import Breaker as Breaker
    from frontdesk.client import Client as Client
    from frontdesk.client import Retry as Retry
    from frontdesk.client import SyncClient as SyncClient
    from frontdesk.client import retry as retry
    from frontdesk.client import settle as settle
    from frontdesk.client import with_retry as with_retry

__version__ = "0.1.0"

_OF_CLIENT: Final = frozenset(
    {"Breaker", "Client", "Retry", "SyncClient", "retry", "settle", "with_retry"}
)


def __getattr__(name: str) -> Any:
    if name not in _OF_CLIENT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from frontdesk import client

    return getattr(client, name)
