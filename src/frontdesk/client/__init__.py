"""The way to other hosts: calls from any program, and the connections that the door makes.

What programs use is listed in `session.names`, and loaded when it is asked for: the door needs none of it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frontdesk.client.session.names import *  # noqa: F403 - the list is there


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    from frontdesk.client.session import names

    if name not in names.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(names, name)
